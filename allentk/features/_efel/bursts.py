"""Bursts: short intervals between long ones."""

from __future__ import annotations

from statistics import median

import numpy as np

from allentk.features._efel.events import intervals
from allentk.features._efel.parts import Values, found, one
from allentk.features._efel.trace import Trace

__all__ = [
    "burst_indices",
    "mean_frequencies",
    "number",
    "single_ratio",
    "strict_begin_indices",
    "strict_end_indices",
    "strict_frequencies",
    "strict_number",
    "strict_spikes",
    "voltage_between",
]

#: Left out after the last spike of a burst and before the next spike, in ms.
MARGIN_MS = 5.0
#: With fewer intervals there are no bursts.
FEWEST = 4


def _borders(trace: Trace) -> list[int] | None:
    """Return the spikes that end a burst; None where there are too few intervals."""
    times, factor = trace.intervals_ms, trace.settings.burst_factor
    skip = 1 if trace.settings.ignore_first_isi else 0
    times = times[skip:]
    if times.size < FEWEST:
        return None
    borders, since = [], 0
    for k in range(1, times.size - 1):
        if k <= since:
            continue
        usual = median(times[since:k])
        if times[k] > factor * usual and times[k + 1] < times[k] / factor:
            borders.append(k + 1)
            since = k
    return borders


def burst_indices(trace: Trace) -> Values:
    """Return numbers of the spikes that end a burst."""
    borders = _borders(trace)
    return None if not borders else np.array(borders, dtype=np.int64)


def mean_frequencies(trace: Trace) -> Values:
    """Return the spike rate within every burst."""
    borders = _borders(trace)
    if not borders:
        return None
    times = trace.peak_ms
    firsts, lasts = [0, *(k + 1 for k in borders)], [*borders, times.size - 1]
    rates = [
        1000.0 * (last - first + 1) / (times[last] - times[first])
        for first, last in zip(firsts, lasts, strict=True)
        if last > first
    ]
    return found(np.array(rates, dtype=np.float64))


def number(trace: Trace) -> Values:
    """Return the number of bursts."""
    rates = mean_frequencies(trace)
    return np.array([0 if rates is None else rates.size], dtype=np.int64)


def voltage_between(trace: Trace) -> Values:
    """Return mean voltages between bursts."""
    means = []
    for k in _borders(trace) or []:
        first = trace.at(trace.peak_ms[k] + MARGIN_MS) - 1
        last = trace.after(trace.peak_ms[k + 1] - MARGIN_MS)
        if first <= last:
            means.append(trace.v[first : last + 1].mean())
    return found(np.array(means, dtype=np.float64))


def single_ratio(trace: Trace) -> Values:
    """Return the first interval over the mean of all."""
    times = intervals(trace)
    return one(float(times[0] / times.mean())) if times is not None and times.size > 1 else None


def _strict(trace: Trace) -> tuple[list[int], list[int]] | None:
    """Return first and last spike of every burst; spikes outside bursts are allowed."""
    times, factor = trace.intervals_ms, trace.settings.strict_burst_factor
    first = 1 if trace.settings.ignore_first_isi else 0
    if times.size < first + 1:
        return None
    begins, ends, since = [first], list[int](), first
    for k in range(first + 1, times.size):
        inside = len(ends) < len(begins)
        if inside and times[k] > factor * median(times[since:k]):
            ends.append(k)
            inside, since = False, k
        if times[k] < times[k - 1] / factor:
            if inside:
                begins[-1] = k
            else:
                begins.append(k)
            since = k
    if len(ends) < len(begins):
        ends.append(times.size)
    return begins, ends


def strict_begin_indices(trace: Trace) -> Values:
    """Return numbers of the first spikes of the bursts."""
    bursts = _strict(trace)
    return None if bursts is None else np.array(bursts[0], dtype=np.int64)


def strict_end_indices(trace: Trace) -> Values:
    """Return numbers of the last spikes of the bursts."""
    bursts = _strict(trace)
    return None if bursts is None else np.array(bursts[1], dtype=np.int64)


def strict_frequencies(trace: Trace) -> Values:
    """Return the spike rate within every burst."""
    begins, ends = strict_begin_indices(trace), strict_end_indices(trace)
    if begins is None or ends is None:
        return None
    rates: Values = 1000.0 * (ends - begins + 1) / (trace.peak_ms[ends] - trace.peak_ms[begins])
    return rates


def strict_number(trace: Trace) -> Values:
    """Return the number of bursts."""
    begins = strict_begin_indices(trace)
    return np.array([0 if begins is None else begins.size], dtype=np.int64)


def strict_spikes(trace: Trace) -> Values:
    """Return the number of spikes of every burst."""
    begins, ends = strict_begin_indices(trace), strict_end_indices(trace)
    return None if begins is None or ends is None else ends - begins + 1
