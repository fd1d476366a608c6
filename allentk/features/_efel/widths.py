"""Widths at half height, between samples."""

from __future__ import annotations

import numpy as np

from allentk.features._efel.parts import Values, found
from allentk.features._efel.trace import Array, Trace

__all__ = ["half_width", "half_width2"]


def _crossing(v: Array, at: int, level: float) -> float:
    """Return where the line from a sample's forerunner to the sample meets the level, in samples."""
    return at + float((level - v[at]) / (v[at] - v[at - 1]))


def _width(trace: Trace, peak: int, level: float, *, first: int, last: int) -> float | None:
    """Return the time between the crossings of a level next to a peak in ms."""
    below = np.flatnonzero(trace.v[first:peak] <= level)
    under = np.flatnonzero(trace.v[peak + 1 : last + 1] < level)
    if level >= trace.v[peak] or not below.size or not under.size:
        return None
    rise = _crossing(trace.v, first + int(below[-1]) + 1, level)
    return (_crossing(trace.v, peak + 1 + int(under[0]), level) - rise) * trace.dt


def half_width(trace: Trace) -> Values:
    """Return widths half-way between the peaks and the first minima after them."""
    widths, first = [], 0
    for peak, low in zip(trace.peaks, trace.ahp, strict=True):
        if low < 0:
            continue
        level = (trace.v[peak] + trace.v[low]) / 2
        width = _width(trace, peak, level, first=first, last=low)
        if width is not None:
            widths.append(width)
        first = low
    return found(np.array(widths, dtype=np.float64))


def half_width2(trace: Trace) -> Values:
    """Return widths half-way between the peaks and where the voltage before bends most, from the second."""
    widths = []
    for low, peak in zip(trace.ahp[:-1], trace.peaks[1:], strict=True):
        if low < 0 or peak - low < 3:
            continue
        bend = np.gradient(np.gradient(trace.v[low:peak]))
        onset = peak - 1 - int(bend[::-1].argmax())
        level = (trace.v[peak] + trace.v[onset]) / 2
        width = _width(trace, peak, level, first=onset, last=trace.v.size - 1)
        if width is not None:
            widths.append(width)
    return found(np.array(widths, dtype=np.float64))
