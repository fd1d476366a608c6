"""What a spike looks like: height, begin, rise, fall, width."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.features._efel.parts import Values, found, one
from allentk.features._efel.subthreshold import voltage_base
from allentk.features._efel.trace import Array, Indices, Trace

__all__ = [
    "amplitude",
    "amplitude_from_base",
    "begin_indices",
    "begin_time",
    "begin_voltage",
    "begin_width",
    "downstroke",
    "duration",
    "end_indices",
    "fall_indices",
    "fall_rate",
    "fall_time",
    "half_duration",
    "largest_drop",
    "mean_amplitude",
    "peak_voltage",
    "phaseslope",
    "phaseslope_max",
    "rise_indices",
    "rise_rate",
    "rise_time",
    "upstroke",
    "width",
    "width_between_lowest",
]


def peak_voltage(trace: Trace) -> Values:
    """Return voltages of the peaks."""
    return found(trace.v[trace.peaks])


def amplitude_from_base(trace: Trace) -> Values:
    """Return voltages of the peaks above the base."""
    base = voltage_base(trace)
    return None if base is None else found(trace.v[trace.peaks] - base)


def largest_drop(trace: Trace) -> Values:
    """Return the largest fall from peak to peak."""
    peaks = trace.v[trace.peaks]
    return one(float((peaks[:-1] - peaks[1:]).max())) if peaks.size > 1 else None


def _begun(trace: Trace) -> NDArray[np.bool_]:
    return trace.begin >= 0


def _heights(trace: Trace) -> Array:
    """Return peaks above begins; none where a spike of the stimulus has no begin."""
    inside = trace.in_stimulus(trace.peaks)
    begin = trace.begin[inside]
    if (begin < 0).any():
        return np.empty(0)
    return trace.v[trace.peaks[inside]] - trace.v[begin]


def amplitude(trace: Trace) -> Values:
    """Return peaks above begins of the spikes in the stimulus."""
    return found(_heights(trace))


def mean_amplitude(trace: Trace) -> Values:
    """Return the mean of the amplitudes."""
    heights = _heights(trace)
    return one(float(heights.mean())) if heights.size else None


def begin_indices(trace: Trace) -> Values:
    """Return samples of the begins."""
    return found(trace.begin[_begun(trace)])


def begin_time(trace: Trace) -> Values:
    """Return times of the begins."""
    return found(trace.begin[_begun(trace)] * trace.dt)


def begin_voltage(trace: Trace) -> Values:
    """Return voltages of the begins."""
    return found(trace.v[trace.begin[_begun(trace)]])


def end_indices(trace: Trace) -> Values:
    """Return samples of the ends."""
    return found(trace.end[trace.end >= 0])


def begin_width(trace: Trace) -> Values:
    """Return times from the begins until the voltage is not above them, or to the first minima."""
    widths = []
    for begin, stop in zip(trace.begin, trace.ahp, strict=True):
        if begin < 0 or stop < 0:
            continue
        below = np.flatnonzero(trace.v[begin + 1 : stop] <= trace.v[begin])
        widths.append((int(below[0]) + 1 if below.size else stop - begin) * trace.dt)
    return found(np.array(widths, dtype=np.float64))


def _both(trace: Trace) -> NDArray[np.bool_]:
    return (trace.begin >= 0) & (trace.end >= 0)


def duration(trace: Trace) -> Values:
    """Return times from begins to ends."""
    both = _both(trace)
    return found((trace.end[both] - trace.begin[both]) * trace.dt)


def _halves(trace: Trace) -> tuple[Indices, Indices]:
    """Return the samples nearest to half height on the way up and on the way down."""
    rises, falls = [], []
    for k in np.flatnonzero(_both(trace)):
        begin, peak, end = trace.begin[k], trace.peaks[k], trace.end[k]
        half = (trace.v[begin] + trace.v[peak]) / 2
        rises.append(begin + int(np.abs(trace.v[begin:peak] - half).argmin()))
        falls.append(peak + int(np.abs(trace.v[peak:end] - half).argmin()))
    return np.array(rises, dtype=np.int64), np.array(falls, dtype=np.int64)


def rise_indices(trace: Trace) -> Values:
    """Return samples of half height on the way up."""
    return found(_halves(trace)[0])


def fall_indices(trace: Trace) -> Values:
    """Return samples of half height on the way down."""
    return found(_halves(trace)[1])


def half_duration(trace: Trace) -> Values:
    """Return times between the samples of half height."""
    rises, falls = _halves(trace)
    return found((falls - rises) * trace.dt)


def width(trace: Trace) -> Values:
    """Return times above the threshold of the spikes with a first minimum."""
    there = trace.ahp >= 0
    return found((trace.down[there] - trace.up[there]) * trace.dt)


def width_between_lowest(trace: Trace) -> Values:
    """Return times above the threshold of the spikes that cross it after the start of the stimulus.

    Where spikes outside the stimulus count as none, they cross it back before its end as well.
    """
    there = (trace.up >= trace.at(trace.start_ms)) & (trace.down <= trace.stops)
    return found((trace.down[there] - trace.up[there]) * trace.dt)


def rise_rate(trace: Trace) -> Values:
    """Return mean slopes from begins to peaks."""
    there = _begun(trace)
    begin, peak = trace.begin[there], trace.peaks[there]
    return found((trace.v[peak] - trace.v[begin]) / ((peak - begin) * trace.dt))


def fall_rate(trace: Trace) -> Values:
    """Return mean slopes from peaks to ends."""
    there = trace.end >= 0
    peak, end = trace.peaks[there], trace.end[there]
    return found((trace.v[end] - trace.v[peak]) / ((end - peak) * trace.dt))


def fall_time(trace: Trace) -> Values:
    """Return times from peaks to ends."""
    there = trace.end >= 0
    return found((trace.end[there] - trace.peaks[there]) * trace.dt)


def rise_time(trace: Trace) -> Values:
    """Return times between two parts of the amplitude on the way up."""
    settings, times = trace.settings, []
    for begin, peak in zip(trace.begin, trace.peaks, strict=True):
        if begin < 0:
            continue
        way = trace.v[begin : peak + 1]
        low = way[0] + (way[-1] - way[0]) * settings.rise_start_fraction
        high = way[0] + (way[-1] - way[0]) * settings.rise_end_fraction
        first = int((way >= low).argmax())
        last = way.size - 1 - int((way <= high)[::-1].argmax())
        times.append((last - first) * trace.dt)
    return found(np.array(times, dtype=np.float64))


def upstroke(trace: Trace) -> Values:
    """Return the largest slopes from begins to peaks."""
    slopes = [
        trace.slope[begin:peak].max()
        for begin, peak in zip(trace.begin, trace.peaks, strict=True)
        if begin >= 0
    ]
    return found(np.array(slopes, dtype=np.float64))


def downstroke(trace: Trace) -> Values:
    """Return the smallest slopes from peaks to first minima."""
    return found(trace.slope[trace.fall[trace.ahp >= 0]])


def phaseslope(trace: Trace) -> Values:
    """Return slopes of dv/dt against v at the begins."""
    reach = trace.settings.phaseslope_samples
    begin = trace.begin[_begun(trace)]
    first, last = np.maximum(begin - reach, 0), np.minimum(begin + reach, trace.v.size - 1)
    rise = trace.v[last] - trace.v[first]
    moved = rise != 0
    return found((trace.slope[last] - trace.slope[first])[moved] / rise[moved])


def phaseslope_max(trace: Trace) -> Values:
    """Return the largest difference of neighbouring samples over their time."""
    return one(float(np.diff(trace.v).max() / trace.dt)) if trace.v.size > 1 else None
