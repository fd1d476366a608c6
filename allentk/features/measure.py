"""One sweep in one row: its train, its subthreshold response and its first spike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from allentk.data import Sweep, SweepSet
from allentk.errors import AllenTKError, FeatureError
from allentk.features.definition import Definition, checked
from allentk.features.detect import Criteria
from allentk.features.spike_table import filtered, spikes_of
from allentk.features.subthreshold import (
    BASELINE_S,
    HOLDING_S,
    baseline,
    deflection,
    holding_pa,
    measured_pa,
    sag,
    steady_state,
    time_constant,
)
from allentk.features.train import TRAIN_FEATURES, train

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIRST_SPIKE", "amplitude_pa", "sweep", "table"]

#: Columns of the spike table that are given of the first spike.
FIRST_SPIKE = (
    *(
        f"{point}_{what}"
        for point in ("threshold", "peak", "trough", "fast_trough", "slow_trough")
        for what in ("v", "t")
    ),
    "threshold_i",
    "upstroke",
    "downstroke",
    "upstroke_downstroke_ratio",
    "width",
)

_SUBTHRESHOLD = ("v_baseline", "peak_deflect", "v_steady", "i_steady", "sag", "tau")

#: Columns of ``table``.
COLUMNS = (
    "number",
    "stimulus",
    "code",
    "amplitude_pa",
    *TRAIN_FEATURES,
    *_SUBTHRESHOLD,
    *FIRST_SPIKE,
    "filter_hz",
    "error",
)

#: Samples of a block of current that tell roughly how large it is.
ROUGHLY = 64

#: Protocols whose response outlasts the current: they are measured to the end of the sweep.
_TO_THE_END = ("Short Square", "Ramp")


def amplitude_pa(recorded: Sweep) -> float:
    """Return the nominal amplitude in pA, or else the largest change of the current in the window.

    The change is from the holding current, the median of the 10 ms before the window, to the median of
    a block of about 10 ms (of the whole window where that is shorter), so that neither a holding current
    nor an artefact of a few milliseconds counts. Trains of shorter pulses need a nominal amplitude.
    """
    if not math.isnan(recorded.amplitude_pa) or not recorded.has_window:
        return recorded.amplitude_pa
    first, last = recorded.index(recorded.start_s), recorded.index(recorded.stop_s)
    if first >= last:
        return math.nan
    part = recorded.current_pa[first:last]
    n_blocks = min(max(round(part.size / (HOLDING_S * recorded.sampling_rate_hz)), 1), part.size)
    length = part.size // n_blocks
    blocks = part[: n_blocks * length].reshape(n_blocks, length)
    holding = holding_pa(recorded, recorded.start_s)
    # Some samples of a block tell which is the largest, all of it how large it is.
    roughly = np.median(blocks[:, :: max(length // ROUGHLY, 1)], axis=1) - holding
    return float(np.median(blocks[np.abs(roughly).argmax()]) - holding)


def window(recorded: Sweep) -> tuple[float, float | None]:
    """Return where spikes of this sweep count, in seconds; to the sweep's end where it is None."""
    if not recorded.has_window:
        return 0.0, None
    to_the_end = recorded.stimulus.startswith(_TO_THE_END)
    return recorded.start_s, None if to_the_end else recorded.stop_s


def sweep(
    recorded: Sweep, *, criteria: Criteria | None = None, definition: Definition = "allen"
) -> dict[str, Any]:
    """Measure one current-clamp sweep.

    Parameters
    ----------
    recorded : Sweep
        The sweep. Spikes count in the stimulus window; after a short square and a ramp to the end of
        the sweep; where no window is known in the whole sweep.
    criteria : Criteria, optional
        What counts as a spike.
    definition : {"allen", "allentk"}
        Whose rules, where the published ones have a quirk.

    Returns
    -------
    dict
        ``amplitude_pa``; the train features ``n_spikes``, ``avg_rate`` (Hz), ``latency``,
        ``first_isi``, ``mean_isi``, ``median_isi`` (s), ``isi_cv``, ``adapt``; ``v_baseline``,
        ``peak_deflect`` (mV); of the last 100 ms of a step ``v_steady`` (mV) and ``i_steady`` (pA, from
        the holding current); under a hyperpolarising step ``sag`` and ``tau`` (s); of the first spike
        the columns `FIRST_SPIKE`; ``filter_hz``, the low-pass before differentiation. What
        cannot be measured is NaN.

    Raises
    ------
    FeatureError
        On a voltage-clamp sweep or a NaN inside the recording.

    Examples
    --------
    >>> flat = Sweep([-70.0] * 5000, [0.0] * 5000, 50_000.0)
    >>> sweep(flat)["n_spikes"]
    0
    """
    start, stop = window(recorded)
    trace = filtered(recorded, start, stop)
    spikes = spikes_of(trace, start, stop, criteria=criteria, definition=definition)
    row: dict[str, Any] = {"amplitude_pa": amplitude_pa(recorded)}
    row.update(train(spikes, start, trace.end_s if stop is None else stop))
    row.update(_subthreshold(recorded, row["amplitude_pa"]))
    row.update(
        {name: float(spikes[name][0]) if row["n_spikes"] else math.nan for name in FIRST_SPIKE}
    )
    row["filter_hz"] = trace.cutoff_hz
    return row


def _subthreshold(recorded: Sweep, amplitude: float) -> dict[str, float]:
    row = dict.fromkeys(_SUBTHRESHOLD, math.nan)
    if not recorded.has_window or recorded.stop_s <= recorded.start_s:
        return row
    row["v_baseline"] = baseline(recorded, recorded.start_s)
    row["peak_deflect"] = deflection(recorded, recorded.start_s, recorded.stop_s)[0]
    if recorded.stop_s - recorded.start_s <= 2 * BASELINE_S:
        return row
    row["v_steady"] = steady_state(recorded, recorded.start_s, recorded.stop_s)
    row["i_steady"] = measured_pa(recorded, recorded.start_s, recorded.stop_s)
    if amplitude < 0:
        row["sag"] = sag(recorded, recorded.start_s, recorded.stop_s)
        row["tau"] = time_constant(recorded, recorded.start_s, recorded.stop_s)
    return row


def table(
    sweeps: SweepSet, *, criteria: Criteria | None = None, definition: Definition = "allen"
) -> pd.DataFrame:
    """Measure every sweep; one that cannot be measured says why in ``error``.

    Parameters
    ----------
    sweeps : SweepSet
        The recording.
    criteria : Criteria, optional
        What counts as a spike.
    definition : {"allen", "allentk"}
        Whose rules, where the published ones have a quirk.

    Returns
    -------
    DataFrame
        One row per sweep: ``number``, ``stimulus``, the keys of ``sweep`` and ``error`` (empty where all
        went well); the same columns where there is no sweep.
    """
    import pandas as pd

    checked(definition)
    rows = []
    for listed in sweeps.table.to_dict("records"):
        row = {name: listed[name] for name in ("number", "stimulus", "code")}
        try:
            if listed["clamp"] == "voltage":
                raise FeatureError("a voltage-clamp sweep has no spikes to measure")
            recorded = sweeps.sweep(row["number"])
            row.update(sweep(recorded, criteria=criteria, definition=definition), error="")
        except AllenTKError as error:
            row.update(amplitude_pa=listed["amplitude_pa"], error=str(error))
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))
