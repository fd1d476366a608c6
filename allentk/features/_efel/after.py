"""What follows a spike: hyperpolarisation, afterdepolarisation, the way to the next spike."""

from __future__ import annotations

import numpy as np

from allentk.features._efel.parts import Values, found
from allentk.features._efel.subthreshold import voltage_base
from allentk.features._efel.trace import Array, Indices, Trace

__all__ = [
    "adp_amplitude",
    "adp_indices",
    "adp_values",
    "ahp_depth",
    "ahp_from_peak",
    "ahp_indices",
    "ahp_time_from_peak",
    "ahp_values",
    "depolarized_base",
    "fast_ahp",
    "lowest_indices",
    "lowest_values",
    "lowest_within",
    "slow_ahp_depth",
    "slow_ahp_time",
    "slow_ahp_values",
]


def _ahp(trace: Trace) -> Indices:
    return trace.ahp[trace.ahp >= 0]


def ahp_indices(trace: Trace) -> Values:
    """Return samples of the first minima."""
    return found(_ahp(trace))


def ahp_values(trace: Trace) -> Values:
    """Return voltages of the first minima."""
    return found(trace.v[_ahp(trace)])


def _from_base(trace: Trace, values: Array) -> Values:
    base = voltage_base(trace)
    return None if base is None else found(values - base)


def ahp_depth(trace: Trace) -> Values:
    """Return voltages of the first minima above the base."""
    return _from_base(trace, trace.v[_ahp(trace)])


def ahp_from_peak(trace: Trace) -> Values:
    """Return falls from the peaks to the first minima."""
    there = trace.ahp >= 0
    return found(trace.v[trace.peaks[there]] - trace.v[trace.ahp[there]])


def ahp_time_from_peak(trace: Trace) -> Values:
    """Return times from the peaks to the first minima."""
    there = trace.ahp >= 0
    return found((trace.ahp[there] - trace.peaks[there]) * trace.dt)


def fast_ahp(trace: Trace) -> Values:
    """Return voltages of the begins above the first minima, without the last spike."""
    there = (trace.begin >= 0) & (trace.ahp >= 0)
    there[-1:] = False
    return found(trace.v[trace.begin[there]] - trace.v[trace.ahp[there]])


def _slow(trace: Trace) -> tuple[Indices, Indices, Indices]:
    """Return peak, slow minimum and next peak, from the second spike to the last but one."""
    kept = []
    for peak, following in zip(trace.peaks[1:-1], trace.peaks[2:], strict=True):
        start = trace.at(peak * trace.dt + trace.settings.slow_ahp_start_ms)
        if start < following:
            kept.append((peak, start + int(trace.v[start:following].argmin()), following))
    columns = np.array(kept, dtype=np.int64).reshape(-1, 3).T
    return columns[0], columns[1], columns[2]


def slow_ahp_values(trace: Trace) -> Values:
    """Return the smallest voltages from some ms after a peak to the next."""
    return found(trace.v[_slow(trace)[1]])


def slow_ahp_depth(trace: Trace) -> Values:
    """Return the slow minima above the base."""
    return _from_base(trace, trace.v[_slow(trace)[1]])


def slow_ahp_time(trace: Trace) -> Values:
    """Return the parts of the intervals that have gone by at the slow minima."""
    peak, lowest, following = _slow(trace)
    return found((lowest - peak) / (following - peak))


def _lowest(trace: Trace) -> Indices:
    return trace.lowest[trace.lowest >= 0]


def lowest_indices(trace: Trace) -> Values:
    """Return samples of the smallest voltages between peaks, and after the last."""
    return found(_lowest(trace))


def lowest_values(trace: Trace) -> Values:
    """Return the smallest voltages between peaks, and after the last."""
    return found(trace.v[_lowest(trace)])


def lowest_within(trace: Trace) -> Values:
    """Return the smallest voltages between peaks."""
    return found(trace.v[trace.lowest[:-1]])


def _adp(trace: Trace) -> tuple[Indices, Indices]:
    """Return first minima, and the largest voltages from there to the smallest before the next peak."""
    pairs = [
        (start, start + int(trace.v[start : stop + 1].argmax()))
        for start, stop in zip(trace.ahp, trace.lowest, strict=True)
        if 0 <= start <= stop
    ]
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return columns[0], columns[1]


def adp_indices(trace: Trace) -> Values:
    """Return samples of the afterdepolarisations."""
    return found(_adp(trace)[1])


def adp_values(trace: Trace) -> Values:
    """Return voltages of the afterdepolarisations."""
    return found(trace.v[_adp(trace)[1]])


def adp_amplitude(trace: Trace) -> Values:
    """Return voltages of the afterdepolarisations above the first minima."""
    start, top = _adp(trace)
    return found(trace.v[top] - trace.v[start])


def depolarized_base(trace: Trace) -> Values:
    """Return mean voltages from the end of a spike to the begin of the next."""
    pairs = [
        (stop, start)
        for stop, start in zip(trace.end[:-1], trace.begin[1:], strict=True)
        if 0 <= stop < start
    ]
    if trace.peaks.size < 3:
        return None
    return found(np.array([trace.v[stop:start].mean() for stop, start in pairs], dtype=np.float64))
