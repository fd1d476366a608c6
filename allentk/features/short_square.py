"""Short squares: the pulse itself rises fast, so the detector is adjusted to see past it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import SweepSet
from allentk.errors import AllenTKError
from allentk.features.definition import Definition
from allentk.features.detect import Criteria
from allentk.features.measure import amplitude_pa
from allentk.features.spike_table import Filtered, bounds, filtered, spikes_of

__all__ = [
    "LEAST_FRACTION",
    "ONSET_S",
    "OVER_CHARGING",
    "OVER_END",
    "adjusted",
    "prepared",
    "short_squares",
]

Array = NDArray[np.float64]

#: The first part of the pulse, where its own charging is steepest.
ONSET_S = 0.001
#: How far dV/dt of a spike must exceed the steepest charging, and that of its threshold the charging at
#: the end of that first part.
OVER_CHARGING, OVER_END = 1.1, 1.2
#: Least fraction of the mean upstroke that is the threshold of a short square's spike.
LEAST_FRACTION = 0.1

_MEANS = (
    *(
        f"{point}_{what}"
        for point in ("threshold", "peak", "trough", "fast_trough", "slow_trough")
        for what in "tv"
    ),
    "upstroke_downstroke_ratio",
)


def prepared(sweeps: SweepSet) -> tuple[list[Filtered], list[dict[str, Any]]]:
    """Read and filter every sweep once; return those that can be measured, and why others cannot.

    The second list has one dict per failed sweep: ``number`` and ``error``.
    """
    traces, failed = [], []
    for number in sweeps.numbers:
        try:
            trace = filtered(sweeps.sweep(number))
            if trace.sweep.has_window:
                bounds(trace, trace.sweep.start_s, None)
            traces.append(trace)
        except AllenTKError as error:
            failed.append({"number": number, "error": str(error)})
    return traces, failed


def adjusted(traces: list[Filtered]) -> Criteria:
    """Return the criteria that tell spikes of short squares from the charging by the pulse.

    dV/dt must reach 1.1 times the median of the steepest charging in the pulse's first millisecond,
    and 20 V/s, which any spike must reach; the threshold is where it was 1.2 times its median at the
    end of that millisecond (at least 10 % of the mean upstroke).
    """
    steepest, at_end = [], []
    for trace in traces:
        final = trace.slope.size - 1
        first = min(trace.sweep.index(trace.sweep.start_s), final)
        last = min(trace.sweep.index(trace.sweep.start_s + ONSET_S), final)
        steepest.append(float(trace.slope[first : max(last, first + 1)].max()))
        at_end.append(float(trace.slope[last]))
    cutoff = max(OVER_CHARGING * float(np.median(steepest)), Criteria().dv_cutoff)
    found = [
        spikes_of(trace, trace.sweep.start_s, criteria=Criteria(dv_cutoff=cutoff))["upstroke"]
        for trace in traces
    ]
    upstroke = np.concatenate(found)
    if not upstroke.size:
        return Criteria(dv_cutoff=cutoff, thresh_frac=LEAST_FRACTION)
    fraction = OVER_END * float(np.median(at_end)) / float(upstroke.mean())
    return Criteria(dv_cutoff=cutoff, thresh_frac=max(LEAST_FRACTION, fraction))


def short_squares(traces: list[Filtered], *, definition: Definition = "allen") -> dict[str, float]:
    """Return the published short-square columns; empty where no short square has a spike.

    Spikes that were cut off by the end of the recording do not count.

    Parameters
    ----------
    traces : list of Filtered
        The short squares of one cell; those without a stimulus window are left out.
    definition : {"allen", "allentk"}
        The mean is over all spiking sweeps as published, or over those of the most common amplitude
        (``"allentk"``).

    Returns
    -------
    dict
        Mean of the first spike, and ``threshold_i_short_square``: the amplitude that made a spike most
        often (the lower of equals), in pA. Amplitudes that differ by less than rounding to 1 pA are
        one, so that measured currents can be counted.
    """
    timed = [trace for trace in traces if trace.sweep.has_window]
    if not timed:
        return {}
    criteria = adjusted(timed)
    firsts, amplitudes = [], []
    for trace in timed:
        spikes = spikes_of(trace, trace.sweep.start_s, criteria=criteria, definition=definition)
        whole = np.flatnonzero(~spikes["clipped"].astype(bool))
        if whole.size:
            firsts.append([float(spikes[name][whole[0]]) for name in _MEANS])
            amplitudes.append(amplitude_pa(trace.sweep))
    if not firsts:
        return {}
    common = _most_common(np.array(amplitudes))
    counted = np.array(firsts)[common if definition == "allentk" else slice(None)]
    row = dict(zip((f"{name}_short_square" for name in _MEANS), _means(counted), strict=True))
    row["threshold_i_short_square"] = float(np.median(np.array(amplitudes)[common]))
    return row


def _means(values: Array) -> list[float]:
    """Return the mean of each column over what is known; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return [
        float(sum_ / n) if n else math.nan for sum_, n in zip(total, known.sum(axis=0), strict=True)
    ]


def _most_common(amplitudes: Array) -> NDArray[np.bool_]:
    """Return which amplitudes are the most common one, the lowest of equals; NaN is one as well."""
    rounded = np.round(amplitudes)
    levels, counts = np.unique(rounded, return_counts=True)
    chosen: NDArray[np.bool_] = np.isclose(
        rounded, levels[counts.argmax()], atol=0.5, equal_nan=True
    )
    return chosen
