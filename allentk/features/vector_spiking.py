"""Vectors of steps with spikes: rates, spike features and the voltage between spikes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features.vector_layout import (
    ISI_BINS,
    PSTH_BIN_S,
    SPIKE_BIN_S,
    bin_numbers,
    n_bins,
)
from allentk.features.vector_steps import Step, levels, spiking

__all__ = ["inst_freq", "isi_shape", "isi_step", "over_levels", "psth", "rates", "spike_feature"]

Array = NDArray[np.float64]

#: Spikes that a step should have for the voltage between them.
MIN_SPIKES = 5
#: After a single spike: how near to the steady state it ends, in mV, and after how long at the latest.
RETURN_MV, LONGEST_S = 1.0, 0.1


def over_levels(steps: list[Step], vector: Callable[[Step], Array | None]) -> Array:
    """Return a vector of each spiking level, one after the other; see ``levels``.

    A level that is missing is the mean of the nearest on both sides, or else a copy of the nearest.
    """
    rows = [None if step is None else vector(step) for step in levels(steps)]
    if all(row is None for row in rows):
        raise FeatureError("no spike of these long squares has this feature")
    filled = []
    for at, row in enumerate(rows):
        if row is None:
            sides = [r for r in reversed(rows[:at]) if r is not None][:1]
            sides += [r for r in rows[at + 1 :] if r is not None][:1]
            row = np.mean(sides, axis=0)
        filled.append(row)
    return np.concatenate(filled)


def _offsets(step: Step) -> Array:
    """Return thresholds in samples after the step's start, those in the step."""
    after = step.spikes["threshold_index"].to_numpy(float) - step.first
    inside: Array = after[(after >= 0) & (after <= step.last - step.first)]
    return inside


def psth(step: Step) -> Array:
    """Return spikes per second in 50 ms bins of the step."""
    count = n_bins(step.duration_s, PSTH_BIN_S)
    bins = bin_numbers(_offsets(step), PSTH_BIN_S * step.rate, count)
    return np.bincount(bins, minlength=count) / PSTH_BIN_S


def rates(times_s: Array, duration_s: float) -> tuple[Array, Array]:
    """Return instantaneous rates (Hz), and when (s after the step's start).

    At a spike the inverse of the mean of the intervals on both sides; the step's start and end are the
    outer neighbours of the first and the last spike. Where the end comes sooner after the last spike
    than the interval before it lasted, that interval counts on both: the rate does not jump because
    the step ends. At the start and the end the inverse of the interval next to it. A spike at the very
    start has no interval before it, one at the very end none after it.

    Examples
    --------
    >>> rates(np.array([0.2, 0.4]), 0.8)[0].tolist()
    [5.0, 5.0, 3.333333333333333, 2.5]
    """
    at = np.concatenate([[0.0], times_s, [duration_s]])
    intervals = np.diff(at)
    if times_s.size > 1 and intervals[-1] < intervals[-2]:
        intervals[-1] = intervals[-2]
    before, after = intervals[:-1], intervals[1:]
    one_sided = (before == 0) | (after == 0)
    mean = np.where(one_sided, before + after, (before + after) / 2)
    outer = np.where(intervals[[0, -1]] == 0, mean[[0, -1]], intervals[[0, -1]])
    return 1 / np.concatenate([outer[:1], mean, outer[1:]]), at


def _binned(at: Array, values: Array, width: float, count: int) -> Array | None:
    """Average points in bins; bins without one are interpolated, the outer ones copied.

    A bin that holds a NaN counts as one without a point.
    """
    bins = bin_numbers(at, width, count)
    number = np.bincount(bins, minlength=count)
    sums = np.bincount(bins, weights=values, minlength=count)
    held = (number > 0) & np.isfinite(sums)
    if not held.any():
        return None
    where = np.flatnonzero(held)
    return np.interp(np.arange(count), where, sums[held] / number[held])


def inst_freq(step: Step) -> Array | None:
    """Return the instantaneous rate (Hz) in 20 ms bins of the step; see ``rates``."""
    times = _offsets(step) / step.rate
    if not times.size:
        return None
    values, at = rates(times, step.duration_s)
    count = n_bins(step.duration_s, SPIKE_BIN_S)
    return _binned(at * step.rate, values, SPIKE_BIN_S * step.rate, count)


def spike_feature(step: Step, column: str) -> Array | None:
    """Return a column of the spike table in 20 ms bins of the step, at the spikes' thresholds."""
    after = step.spikes["threshold_index"].to_numpy(float) - step.first
    inside = (after >= 0) & (after <= step.last - step.first)
    values = step.spikes[column].to_numpy(float)[inside]
    count = n_bins(step.duration_s, SPIKE_BIN_S)
    return _binned(after[inside], values, SPIKE_BIN_S * step.rate, count)


def isi_step(steps: list[Step]) -> Step:
    """Return the lowest step with five spikes or more, or else the one with most."""
    found = spiking(steps)
    rich = [step for step in found if len(step.spikes) >= MIN_SPIKES]
    if rich:
        return min(rich, key=lambda step: step.amplitude_pa)
    return max(found, key=lambda step: len(step.spikes))


def _trajectory(v: Array, first: int, last: int, threshold_mv: float) -> Array:
    width = max((last - first) // ISI_BINS, 1)
    part = v[first : first + ISI_BINS * width]
    mean: Array = part.reshape(ISI_BINS, width).mean(axis=1)
    return mean - threshold_mv


def _single_end(recorded: Sweep, step: Step, trough: int) -> int:
    """Return where the trajectory after a lone spike ends."""
    v = recorded.voltage_mv
    latest = min(trough + round(LONGEST_S * step.rate), step.last)
    back = np.flatnonzero(v[trough:latest] >= step.steady_mv - RETURN_MV)
    return trough + int(back[0]) if back.size else latest


def isi_shape(recorded: Sweep, step: Step) -> Array:
    """Return the voltage (mV) from the fast trough to the next threshold, above the spike's threshold.

    The mean over intervals, each cut into 100 bins of whole samples; what is left over after the last
    bin does not count, nor does an interval of fewer than 100 samples. After a single spike the
    trajectory ends 1 mV below the steady state, after 100 ms, or with the step, whichever is first.
    """
    table = step.spikes
    trough = table["fast_trough_index"].to_numpy(float)
    threshold = table["threshold_index"].to_numpy(np.int64)
    level = table["threshold_v"].to_numpy(float)
    if len(table) == 1:
        if math.isnan(trough[0]):
            raise FeatureError(f"{recorded.label}: its only spike has no fast trough")
        first = int(trough[0])
        last = _single_end(recorded, step, first)
        if first + ISI_BINS > recorded.n_samples:
            raise FeatureError(f"{recorded.label}: the recording ends with its only spike")
        return _trajectory(recorded.voltage_mv, first, last, float(level[0]))
    shapes = [
        _trajectory(recorded.voltage_mv, int(a), int(b), float(mv))
        for a, b, mv in zip(trough[:-1], threshold[1:], level[:-1], strict=True)
        if b - a >= ISI_BINS
    ]
    if not shapes:
        raise FeatureError(
            f"{recorded.label}: no interval between spikes has a fast trough and {ISI_BINS} samples"
        )
    mean: Array = np.mean(shapes, axis=0)
    return mean
