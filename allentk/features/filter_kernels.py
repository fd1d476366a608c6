"""Compiled: the derivative of a voltage that was low-passed forwards and backwards.

A recursive filter waits for its last result at every sample. The trace is therefore cut into four lanes
that run side by side; a lane starts so much earlier that its wrong start has faded. For the same reason
the trace can be filtered piece by piece, each small enough for the processor's cache.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["zero_phase_slope"]

Array = NDArray[np.float64]
State = tuple[float, float, float, float]
#: Least length of a piece; longer where the memory is, which is filtered at both of its ends.
_PIECE = 8192

Coefficients = tuple[float, float, float, float, float]


@njit(cache=True, fastmath={"contract"})
def _step(b: Coefficients, a: Coefficients, z: State, value: float) -> tuple[float, State]:
    """Return the output for one sample, and the filter's next state."""
    out = b[0] * value + z[0]
    return out, (
        b[1] * value - a[1] * out + z[1],
        b[2] * value - a[2] * out + z[2],
        b[3] * value - a[3] * out + z[3],
        b[4] * value - a[4] * out,
    )


@njit(cache=True, fastmath={"contract"})
def _started(
    b: Coefficients,
    a: Coefficients,
    start: State,
    x: Array,
    origin: int,
    sign: int,
    lane: int,
    memory: int,
) -> State:
    """Return the state before sample `lane`, from at most `memory` samples before it."""
    first = max(lane - memory, 0)
    value = x[origin + sign * first]
    z = (start[0] * value, start[1] * value, start[2] * value, start[3] * value)
    for i in range(first, lane):
        _, z = _step(b, a, z, x[origin + sign * i])
    return z


@njit(cache=True, fastmath={"contract"})
def _pass(b: Coefficients, a: Coefficients, start: State, x: Array, sign: int, memory: int) -> None:
    """Filter in place, from the first sample to the last, or backwards where `sign` is -1."""
    n = x.size
    origin = 0 if sign > 0 else n - 1
    # A lane's start costs `memory` samples: short pieces are filtered in one go.
    lane = n // 4 if n > 16 * memory else 0
    second, third, fourth = origin + sign * lane, origin + sign * 2 * lane, origin + sign * 3 * lane
    p = _started(b, a, start, x, origin, sign, 0, memory)
    q = _started(b, a, start, x, origin, sign, lane, memory)
    r = _started(b, a, start, x, origin, sign, 2 * lane, memory)
    s = _started(b, a, start, x, origin, sign, 3 * lane, memory)
    for i in range(lane):
        at = sign * i
        x[origin + at], p = _step(b, a, p, x[origin + at])
        x[second + at], q = _step(b, a, q, x[second + at])
        x[third + at], r = _step(b, a, r, x[third + at])
        x[fourth + at], s = _step(b, a, s, x[fourth + at])
    for i in range(4 * lane, n):
        x[origin + sign * i], s = _step(b, a, s, x[origin + sign * i])


@njit(cache=True, fastmath={"contract"})
def _filtered(
    b: Coefficients,
    a: Coefficients,
    start: State,
    memory: int,
    x: Array,
    mirrored: int,
    first: int,
    last: int,
) -> Array:
    """Return ``x[first - before:last + after]`` filtered, and beyond either end of `x` mirrored.

    What is before `first` and after `last` are `memory` samples, fewer at the ends, whose values are not
    right yet.
    """
    n = x.size
    low, high = max(first - memory, -mirrored), min(last + memory, n + mirrored)
    y = np.empty(high - low)
    for i in range(low, high):
        if i < 0:
            y[i - low] = 2 * x[0] - x[-i]
        elif i >= n:
            y[i - low] = 2 * x[n - 1] - x[2 * n - 2 - i]
        else:
            y[i - low] = x[i]
    _pass(b, a, start, y, 1, memory)
    _pass(b, a, start, y, -1, memory)
    return y[first - low : last - low]


@njit(cache=True, fastmath={"contract"})
def zero_phase_slope(
    b: Coefficients,
    a: Coefficients,
    start: State,
    memory: int,
    x: Array,
    mirrored: int,
    per_sample: float,
    runs: NDArray[np.int64],
) -> Array:
    """Return the slope of `x` between neighbouring samples, shape ``(n - 1,)``.

    Parameters
    ----------
    b, a : tuple of 5 floats
        Coefficients of the low-pass, ``a[0]`` being 1.
    start : tuple of 4 floats
        Its state after an endless input of 1.
    memory : int
        Samples after which a wrong start has faded.
    x : ndarray, shape (n,)
        The values, more of them than are mirrored.
    mirrored : int
        Samples by which either end goes on, mirrored in value and time.
    per_sample : float
        What a difference of neighbours is multiplied with.
    runs : ndarray, shape (n_runs, 2)
        Where the slope is wanted: first sample and the one after the last. Elsewhere it is undefined.
    """
    slope = np.empty(x.size - 1)
    piece = _PIECE + 8 * memory
    for run in range(runs.shape[0]):
        for first in range(runs[run, 0], runs[run, 1], piece):
            last = min(first + piece, runs[run, 1])
            y = _filtered(b, a, start, memory, x, mirrored, first, last + 1)
            for i in range(last - first):
                slope[first + i] = (y[i + 1] - y[i]) * per_sample
    return slope
