"""Three short squares in a row: whether each makes a spike, and how the threshold moves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import SweepSet
from allentk.errors import AllenTKError, FeatureError
from allentk.features.definition import Definition
from allentk.features.detect import Criteria
from allentk.features.short_square import adjusted, prepared
from allentk.features.spike_table import Filtered, spikes_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRIPLE_COLUMNS", "triples"]

STIMULUS = "Short Square - Triple"
PULSES = 3

#: Columns of ``triples``: times in s from the start of a pulse, voltages in mV.
TRIPLE_COLUMNS = (
    "number",
    "amplitude_pa",
    "interval",
    *(
        f"{what}_{pulse}"
        for pulse in range(1, PULSES + 1)
        for what in ("n_spikes", "latency", "threshold_v")
    ),
    "error",
)

#: A pulse is where the current is beyond half of its largest change.
_HALF = 0.5


def triples(sweeps: SweepSet, *, definition: Definition = "allen") -> pd.DataFrame:
    """Measure the triple short squares of a cell, pulse by pulse.

    Parameters
    ----------
    sweeps : SweepSet
        The recording; sweeps named ``Short Square - Triple`` are used.
    definition : {"allen", "allentk"}
        Whose rules, where the published ones have a quirk.

    Returns
    -------
    DataFrame
        One row per sweep, columns `TRIPLE_COLUMNS`: ``interval`` from pulse to pulse (s), and for pulses
        1 to 3 the spikes from its start to the next one's, the latency of the first of them (s) and
        its threshold (mV). Spikes are told from the charging by the pulses as in short squares. A
        sweep that cannot be measured says why in ``error``.

    Examples
    --------
    >>> len(triples(SweepSet([])))
    0
    """
    import pandas as pd

    traces, failed = prepared(sweeps.where(stimulus=STIMULUS))
    timed = [trace for trace in traces if trace.sweep.has_window]
    criteria = adjusted(timed) if timed else Criteria()
    rows = [*failed]
    for trace in traces:
        row: dict[str, Any] = {"number": trace.sweep.number}
        try:
            rows.append({**row, **_measured(trace, criteria, definition), "error": ""})
        except AllenTKError as error:
            rows.append({**row, "error": str(error)})
    table = pd.DataFrame(rows, columns=list(TRIPLE_COLUMNS))
    return table.sort_values("number", ignore_index=True)


def _measured(trace: Filtered, criteria: Criteria, definition: Definition) -> dict[str, float]:
    starts, amplitude = _pulses(trace)
    spikes = spikes_of(trace, starts[0], criteria=criteria, definition=definition)
    interval = float(np.diff(starts).mean())
    row: dict[str, float] = {"amplitude_pa": amplitude, "interval": interval}
    ends = [*starts[1:], math.inf]
    for pulse, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        at = np.flatnonzero((spikes["threshold_t"] >= start) & (spikes["threshold_t"] < end))
        first = int(at[0]) if at.size else None
        row[f"n_spikes_{pulse}"] = at.size
        row[f"latency_{pulse}"] = (
            math.nan if first is None else float(spikes["threshold_t"][first]) - start
        )
        row[f"threshold_v_{pulse}"] = (
            math.nan if first is None else float(spikes["threshold_v"][first])
        )
    return row


def _pulses(trace: Filtered) -> tuple[list[float], float]:
    """Return when the pulses begin, in s, and their amplitude in pA."""
    sweep = trace.sweep
    if not sweep.has_window:
        raise FeatureError(f"{sweep.label}: no stimulus window is known, so there are no pulses")
    first, last = sweep.index(sweep.start_s), sweep.index(sweep.stop_s)
    change = sweep.current_pa[first:last] - np.median(sweep.current_pa[:first] if first else 0.0)
    on: NDArray[np.bool_] = np.abs(change) > _HALF * np.abs(change).max(initial=0.0)
    rises = np.flatnonzero(on & ~np.concatenate([[False], on[:-1]]))
    if rises.size != PULSES:
        raise FeatureError(
            f"{sweep.label}: expected {PULSES} pulses of current in {sweep.start_s}..{sweep.stop_s} s, "
            f"found {rises.size}"
        )
    amplitude = sweep.amplitude_pa
    if math.isnan(amplitude):
        amplitude = float(np.median(change[on]))
    return ((first + rises) / sweep.sampling_rate_hz).tolist(), amplitude
