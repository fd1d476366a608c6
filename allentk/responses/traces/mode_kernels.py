"""Compiled: the running mode of a trace, and the running mean of that."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["mode_baseline"]

Array = NDArray[np.float64]


@njit(cache=True)
def _running_mode(trace: Array, window: int) -> Array:
    """Return the most frequent whole number among frames ``(i - half, i + half]`` of every frame i."""
    n, half = trace.size, window // 2
    bins = np.rint(trace).astype(np.int64)
    counts = np.zeros(bins.max() + 1, np.int64)
    for i in range(half):
        counts[bins[i]] += 1
    mode = counts.argmax()
    out = np.empty(n)
    for i in range(n):
        if i >= half:
            leaves = bins[i - half]
            counts[leaves] -= 1
            if leaves == mode:
                mode = counts.argmax()
        if i + half < n:
            enters = bins[i + half]
            counts[enters] += 1
            if counts[enters] > counts[mode]:
                mode = enters
        out[i] = mode
    return out


@njit(cache=True)
def _running_mean(trace: Array, window: int, one_less: bool) -> Array:
    """Return the mean of frames ``(i - half, i + half]``, of those there are."""
    n, half = trace.size, window // 2
    total, count = trace[:half].sum(), half
    out = np.empty(n)
    for i in range(n):
        if i >= half:
            total -= trace[i - half]
            count -= 1
        if i + half < n:
            total += trace[i + half]
            count += 1
        out[i] = total / (count - 1 if one_less and i < half else count)
    return out


@njit(cache=True)
def mode_baseline(above: Array, mode: int, mean: int, lowest: float, one_less: bool) -> Array:
    """Return the running mean of the running mode.

    Parameters
    ----------
    above : ndarray, shape (n_frames,)
        A trace less `lowest`, so that none of it is negative.
    mode, mean : int
        Windows in frames; even, shorter than the trace.
    lowest : float
        What was taken off.
    one_less : bool
        Whether the first half window of the mean is divided by one frame less than it has.
    """
    baseline: Array = _running_mean(_running_mode(above, mode) + lowest, mean, one_less)
    return baseline
