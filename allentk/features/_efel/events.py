"""When the spikes are: times, intervals, counts, adaptation."""

from __future__ import annotations

import math

import numpy as np

from allentk.features._efel.parts import Values, found, one
from allentk.features._efel.trace import Array, Indices, Trace

__all__ = [
    "adaptation_index",
    "adaptation_index2",
    "all_intervals",
    "count",
    "count_in_stimulus",
    "initial_spikes",
    "interval_cv",
    "intervals",
    "irregularity_index",
    "log_slope",
    "log_slope_skip",
    "mean_frequency",
    "peak_indices",
    "peak_time",
    "semilog_slope",
    "times_from_start",
]


def peak_indices(trace: Trace) -> Values:
    """Return samples of the peaks."""
    return found(trace.peaks)


def peak_time(trace: Trace) -> Values:
    """Return times of the peaks."""
    return found(trace.peak_ms)


def times_from_start(trace: Trace) -> Values:
    """Return times of the peaks from the start of the stimulus."""
    return found(trace.peak_ms - trace.start_ms)


def all_intervals(trace: Trace) -> Values:
    """Return all times between peaks."""
    return found(trace.intervals_ms)


def _kept(trace: Trace) -> Array:
    return trace.intervals_ms[1 if trace.settings.ignore_first_isi else 0 :]


def intervals(trace: Trace) -> Values:
    """Return times between peaks without the first; empty where there is but one."""
    return _kept(trace) if trace.intervals_ms.size else None


def interval_cv(trace: Trace) -> Values:
    """Return the sample standard deviation of the intervals over their mean."""
    kept = _kept(trace)
    return one(float(kept.std(ddof=1) / kept.mean())) if kept.size > 1 else None


def irregularity_index(trace: Trace) -> Values:
    """Return the mean absolute difference of neighbouring intervals."""
    kept = _kept(trace)
    return one(float(np.abs(np.diff(kept)).mean())) if kept.size > 1 else None


def _slope(x: Array, y: Array) -> Values:
    if y.size < 2:
        return None
    x, y = x - x.mean(), y - y.mean()
    return one(float(x @ y / (x @ x)))


def log_slope(trace: Trace) -> Values:
    """Return the slope of log interval against log number."""
    return _log_slope(_kept(trace))


def _log_slope(kept: Array) -> Values:
    return _slope(np.log(np.arange(1.0, kept.size + 1)), np.log(kept))


def log_slope_skip(trace: Trace) -> Values:
    """Return the slope of log interval against log number without the first ones."""
    kept = _kept(trace)
    return _log_slope(kept[_skipped(trace, kept.size + 1) :])


def semilog_slope(trace: Trace) -> Values:
    """Return the slope of log interval against number."""
    kept = _kept(trace)
    return _slope(np.arange(1.0, kept.size + 1), np.log(kept))


def _skipped(trace: Trace, spikes: int) -> int:
    settings = trace.settings
    return min(settings.max_spike_skip, math.floor(spikes * settings.spike_skip_fraction + 0.5))


def _inside(trace: Trace) -> Array:
    return trace.peak_ms[trace.in_stimulus(trace.peaks)]


def _adaptation(times: Array) -> Values:
    steps = np.diff(times)
    return (
        one(float((np.diff(steps) / (steps[1:] + steps[:-1])).mean())) if steps.size > 1 else None
    )


def adaptation_index(trace: Trace) -> Values:
    """Return the mean relative growth from interval to interval, some spikes left out at the start."""
    times = _inside(trace)
    return _adaptation(times[_skipped(trace, times.size) :]) if times.size > 3 else None


def adaptation_index2(trace: Trace) -> Values:
    """Return the mean relative growth from interval to interval, the first spike left out."""
    times = _inside(trace)
    return _adaptation(times[1:]) if times.size > 3 else None


def count(trace: Trace) -> Indices:
    """Return the number of spikes."""
    return np.array([trace.peaks.size], dtype=np.int64)


def count_in_stimulus(trace: Trace) -> Indices:
    """Return the number of spikes in the stimulus."""
    return np.array([trace.in_stimulus(trace.peaks).sum()], dtype=np.int64)


def initial_spikes(trace: Trace) -> Values:
    """Return the number of spikes in the first part of the stimulus."""
    if not trace.peaks.size:
        return None
    span = (trace.end_ms - trace.start_ms) * trace.settings.initial_fraction
    inside = (trace.peaks >= trace.at(trace.start_ms)) & (
        trace.peaks < trace.after(trace.start_ms + span)
    )
    return np.array([inside.sum()], dtype=np.int64)


def mean_frequency(trace: Trace) -> Values:
    """Return the number of spikes over the time from the start of the stimulus to the last of them."""
    times = _inside(trace)
    if not times.size or times[-1] <= trace.start_ms:
        return None
    return one(1000.0 * times.size / (times[-1] - trace.start_ms))
