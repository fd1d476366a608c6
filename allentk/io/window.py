"""Where in a sweep the stimulus is, told from the current, the test pulse left out.

Allen's sweeps begin with a test pulse: short, flat, before 0.4 s, and followed by silence. Other
rigs put it at the end. The current may be the command, exact, or a measurement, with noise and with
artefacts of the spikes; a holding current may run through all of it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["stimulus_window"]

_QUIET_S = 0.005  # a sweep begins with at least this much of its holding current
_JOIN_S = 0.005  # shorter silences are part of a stimulus, such as zero crossings of noise
_BLOCK_S = 0.001  # a measured current is judged by medians over this long
_SIGMA = 5.0  # and leaves the baseline where it is beyond this many standard deviations
_DRIFT = 0.01  # and beyond this part of the largest current
_FIRST_TEST_S = 0.4  # a test pulse at the start begins before this
_TEST_S = 0.1  # and is shorter than this
_LAST_TEST_S = 0.02  # a test pulse at the end is shorter than this
_GAP_S = 0.25  # silence between a test pulse and the stimulus
_LONGER = 5  # how much longer the stimulus is than a test pulse at the end

Array = NDArray[np.float64]


def stimulus_window(
    current_pa: Array, sampling_rate_hz: float, *, after_s: float = 0.0, silent: bool = False
) -> tuple[float, float]:
    """Return start and stop of the stimulus in seconds, NaN where there is none.

    Parameters
    ----------
    current_pa : array_like, shape (n_samples,)
        The current in pA; NaN at the end is left out.
    sampling_rate_hz : float
        Samples per second.
    after_s : float
        What ends before this is a test pulse, because the file says so.
    silent : bool
        The file says that the amplitude is 0, so that one pulse alone is a test pulse.

    Returns
    -------
    start_s, stop_s : float
        First stimulated sample, and the first one after the last.

    Examples
    --------
    >>> current = np.zeros(2000)
    >>> current[20:30], current[500:1500] = 50, 100
    >>> stimulus_window(current, 1000.0)
    (0.5, 1.5)
    """
    current = np.asarray(current_pa, dtype=float)
    finite = np.flatnonzero(np.isfinite(current))
    current = current[: finite[-1] + 1] if finite.size else current[:0]
    n_quiet = max(round(_QUIET_S * sampling_rate_hz), 2)
    if current.size <= n_quiet or not np.isfinite(current[:n_quiet]).all():
        return math.nan, math.nan
    base = float(np.median(current[:n_quiet]))
    noise = float(np.std(current[:n_quiet]))
    pulses = _pulses(current - base, sampling_rate_hz, noise)
    pulses = [pulse for pulse in pulses if pulse[1] / sampling_rate_hz > after_s]
    if silent and len(pulses) == 1:
        pulses = []
    pulses = _without_test(pulses, current - base, sampling_rate_hz, noise)
    if not pulses:
        return math.nan, math.nan
    return pulses[0][0] / sampling_rate_hz, pulses[-1][1] / sampling_rate_hz


def _pulses(step: Array, rate: float, noise: float) -> list[tuple[int, int]]:
    """Return first sample and the one after the last of every stretch that leaves the baseline."""
    top = float(np.nanmax(np.abs(step)))
    if noise <= 1e-6 * top:
        active = np.abs(step) > max(1e-6 * top, 1e-9)
        return _stretches(active, round(_JOIN_S * rate))
    n_block = max(round(_BLOCK_S * rate), 1)
    blocks = np.median(step[: step.size // n_block * n_block].reshape(-1, n_block), axis=1)
    # The first blocks tell how much medians scatter; the noise of a sample bounds it from above.
    scatter = noise if n_block < 4 else noise * 1.2533 / math.sqrt(n_block)
    # A slow drift of a nearly exact current is no stimulus either.
    limit = max(_SIGMA * scatter, _DRIFT * float(np.nanmax(np.abs(blocks))))
    found = _stretches(np.abs(blocks) > limit, round(_JOIN_S / _BLOCK_S))
    long_enough = [(first, last) for first, last in found if last - first > 1 or n_block == 1]
    return [_edges(step, first * n_block, last * n_block, n_block) for first, last in long_enough]


def _stretches(active: NDArray[np.bool_], join: int) -> list[tuple[int, int]]:
    """Return the runs of True as (first, one after the last), joined across short silences."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for first, last in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] < join:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _edges(step: Array, first: int, last: int, n_block: int) -> tuple[int, int]:
    """Find the samples at which a measured pulse passes half of its height."""
    half = abs(float(np.median(step[first:last]))) / 2
    low, high = max(first - n_block, 0), min(last + n_block, step.size)
    above = np.flatnonzero(np.abs(step[low:high]) > half)
    return (low + int(above[0]), low + int(above[-1]) + 1) if above.size else (first, last)


def _without_test(
    pulses: list[tuple[int, int]], step: Array, rate: float, noise: float
) -> list[tuple[int, int]]:
    """Leave out a test pulse at the start, and one at the end."""
    if len(pulses) > 1:
        (first, last), (start, _) = pulses[:2]
        apart = (start - last) / rate >= _GAP_S and first / rate < _FIRST_TEST_S
        short = (last - first) / rate <= _TEST_S and _flat(step[first:last], noise)
        if apart and short and not _alike(pulses[0], pulses[1], step, rate):
            pulses = pulses[1:]
    if len(pulses) > 1:
        (_, before), (first, last) = pulses[-2:]
        apart = (first - before) / rate >= _GAP_S and (last - first) / rate <= _LAST_TEST_S
        longer = before - pulses[0][0] >= _LONGER * (last - first)
        short = longer and _flat(step[first:last], noise)
        if apart and short and not _alike(pulses[-2], pulses[-1], step, rate):
            pulses = pulses[:-1]
    return pulses


def _alike(one: tuple[int, int], other: tuple[int, int], step: Array, rate: float) -> bool:
    """Whether two pulses are equally long and high, as in a train."""
    if abs((one[1] - one[0]) - (other[1] - other[0])) > _BLOCK_S * rate:
        return False
    heights = [float(np.median(step[first:last])) for first, last in (one, other)]
    return abs(heights[0] - heights[1]) <= 0.05 * max(map(abs, heights))


def _flat(pulse: Array, noise: float) -> bool:
    """Whether a pulse holds one level but for noise, its edges and a fifth of artefacts."""
    inner = pulse[pulse.size // 10 : pulse.size - pulse.size // 10]
    low, middle, high = np.quantile(inner, [0.1, 0.5, 0.9])
    return bool(high - low <= 0.25 * abs(middle) + 3 * noise)
