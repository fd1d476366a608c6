"""Where in a sweep the stimulus is, told from the current, the test pulse left out.

Allen's sweeps begin with a test pulse: short, flat, before 0.4 s, and followed by silence. Other
rigs put it at the end. The current may be the command, exact, or a measurement, with noise and with
artefacts of the spikes; a holding current may run through all of it. A step may begin with the sweep.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError

__all__ = ["stimulus_window", "stretches"]

_QUIET_S = 0.005  # a sweep begins with at least this much of its holding current
_JOIN_S = 0.005  # shorter silences are part of a stimulus, such as zero crossings of noise
_BLOCK_S = 0.001  # a measured current is judged by medians over this long
_SIGMA = 5.0  # and leaves the baseline where it is beyond this many standard deviations
_DRIFT = 0.01  # and beyond this part of the largest current
_SMALL = 0.05  # levels closer than this part of the largest current are one
_FIRST_TEST_S = 0.4  # a test pulse at the start begins before this
_TEST_S = 0.1  # and is shorter than this
_LAST_TEST_S = 0.02  # a test pulse at the end is shorter than this
_GAP_S = 0.25  # silence between a test pulse and the stimulus
_EXACT = 1e-6  # noise below this part of the largest current is none: a command, not a measurement
_LEAST_PA = 1e-9  # and a command leaves its baseline by more than this
_MEDIAN = 1.2533  # medians scatter so many times more than means: sqrt(pi / 2)
_LONGER = 5  # how much longer the stimulus is than a test pulse at the end

Array = NDArray[np.float64]


def stimulus_window(
    current_pa: ArrayLike, sampling_rate_hz: float, *, after_s: float = 0.0, silent: bool = False
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

    Raises
    ------
    DataError
        Where a sample before the last finite one is not finite, the current is not one-dimensional,
        or the sampling rate is not positive.

    Examples
    --------
    >>> current = np.zeros(2000)
    >>> current[20:30], current[500:1500] = 50, 100
    >>> stimulus_window(current, 1000.0)
    (0.5, 1.5)
    """
    given = np.asarray(current_pa, dtype=float)
    if given.ndim != 1 or not 0 < sampling_rate_hz < math.inf:
        raise DataError(
            f"a stimulus window needs one current over time and a positive sampling_rate_hz, got shape "
            f"{given.shape} and {sampling_rate_hz!r}; give one sweep at a time"
        )
    current = _known(given, sampling_rate_hz)
    n_quiet = max(round(_QUIET_S * sampling_rate_hz), 2)
    if current.size <= n_quiet:
        return math.nan, math.nan
    noise = float(np.std(current[:n_quiet]))
    base = _base(current, n_quiet, noise)
    step = current - base if base else current
    pulses = _pulses(step, sampling_rate_hz, noise)
    pulses = [pulse for pulse in pulses if pulse[1] / sampling_rate_hz > after_s]
    if silent and len(pulses) == 1:
        pulses = []
    pulses = _without_test(pulses, step, sampling_rate_hz, noise)
    if not pulses:
        return math.nan, math.nan
    return pulses[0][0] / sampling_rate_hz, pulses[-1][1] / sampling_rate_hz


def _largest(values: Array) -> float:
    return max(-float(values.min()), float(values.max()))


def _known(current: Array, rate: float) -> Array:
    """Return the current without what is not finite at its end."""
    finite = np.isfinite(current)
    current = current[: current.size - int(finite[::-1].argmax())] if finite.any() else current[:0]
    bad = ~finite[: current.size]
    if bad.any():
        raise DataError(
            f"the current is not finite at {int(bad.argmax()) / rate:.6f} s, so where the stimulus "
            f"is cannot be told; leave this sweep out"
        )
    return current


def _base(current: Array, n_quiet: int, noise: float) -> float:
    """Return the level that the stimulus leaves: the first one of the sweep.

    Where the sweep ends at another level and never comes back to the first, the stimulus may have
    begun with the sweep. Then it is the level that is no current, or else the commoner one.
    """
    levels = [float(np.median(part)) for part in (current[:n_quiet], current[-n_quiet:])]
    first, last = levels
    if first == last:
        return first
    small = max(_SIGMA * noise, _SMALL * _largest(current - first))
    if abs(last - first) <= small:
        return first
    near = max(_SIGMA * noise, abs(last - first) / 4)
    held = [np.abs(current - level) <= near for level in levels]
    if sum(stop - start >= n_quiet for start, stop in stretches(held[0], 1)) > 1:
        return first
    nothing = [level for level in levels if abs(level) <= small]
    return nothing[0] if len(nothing) == 1 else levels[int(held[1].sum() > held[0].sum())]


def _pulses(step: Array, rate: float, noise: float) -> list[tuple[int, int]]:
    """Return first sample and the one after the last of every stretch that leaves the baseline."""
    top = _largest(step)
    if noise <= _EXACT * top:
        limit = max(_EXACT * top, _LEAST_PA)
        return stretches((step > limit) | (step < -limit), round(_JOIN_S * rate))
    n_block = max(round(_BLOCK_S * rate), 1)
    blocks = np.median(step[: step.size // n_block * n_block].reshape(-1, n_block), axis=1)
    # The first blocks tell how much medians scatter; the noise of a sample bounds it from above.
    scatter = noise if n_block < 4 else noise * _MEDIAN / math.sqrt(n_block)
    # A slow drift of a nearly exact current is no stimulus either.
    limit = max(_SIGMA * scatter, _DRIFT * float(np.nanmax(np.abs(blocks))))
    found = stretches(np.abs(blocks) > limit, round(_JOIN_S / _BLOCK_S))
    long_enough = [(first, last) for first, last in found if last - first > 1 or n_block == 1]
    return [_edges(step, first * n_block, last * n_block, n_block) for first, last in long_enough]


def stretches(active: NDArray[np.bool_], join: int) -> list[tuple[int, int]]:
    """Return the runs of True as (first, one after the last), joined across short silences."""
    padded = np.concatenate([[False], active, [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
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
    """Leave out a test pulse at the start, and one at the end.

    Of two pulses that could both be one, the one nearer to its end of the sweep is.
    """
    begins = _begins_with_test(pulses, step, rate, noise)
    if begins and len(pulses) == 2 and _ends_with_test(pulses, step, rate, noise):
        begins = pulses[0][0] < step.size - pulses[-1][1]
    pulses = pulses[int(begins) :]
    return pulses[:-1] if _ends_with_test(pulses, step, rate, noise) else pulses


def _begins_with_test(
    pulses: list[tuple[int, int]], step: Array, rate: float, noise: float
) -> bool:
    if len(pulses) < 2:
        return False
    (first, last), (start, _) = pulses[:2]
    apart = (start - last) / rate >= _GAP_S and first / rate < _FIRST_TEST_S
    short = (last - first) / rate <= _TEST_S and _flat(step[first:last], noise)
    return apart and short and not _alike(pulses[0], pulses[1], step, rate)


def _ends_with_test(pulses: list[tuple[int, int]], step: Array, rate: float, noise: float) -> bool:
    if len(pulses) < 2:
        return False
    (_, before), (first, last) = pulses[-2:]
    apart = (first - before) / rate >= _GAP_S and (last - first) / rate <= _LAST_TEST_S
    longer = before - pulses[0][0] >= _LONGER * (last - first)
    short = longer and _flat(step[first:last], noise)
    return apart and short and not _alike(pulses[-2], pulses[-1], step, rate)


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
