"""Compiled: the least costly cut of a trace into pieces of decaying calcium.

``cost(t) = min over s of cost(s) + D(s, t) + penalty``, where D is half the squared distance of samples
``s .. t - 1`` from the best calcium that starts at s, is not negative and decays by gamma. Less the half
sum of squares, which all starts have in common, ``D(s, t) = -max(A, 0)^2 / (2 B)`` with
``A = sum y gamma^k``, which grows sample by sample, and ``B = sum gamma^2k``, which is the same for all
starts of an age and stands in a table. The starts that count are a run of samples: the first is dropped
when it is dearer than a new piece, and never pays again, for a cut never raises D (Killick et al. 2012,
JASA 107:1590). Of those so old that their calcium has decayed to nothing the cheapest stands for all: what
is yet to come can no longer tell them apart.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["last_starts", "pieces"]

Array = NDArray[np.float64]


@njit(cache=True, fastmath={"contract", "nnan", "nsz", "reassoc"})
def _add_sample(
    value: float, base: Array, a: Array, power: Array, share: Array, cost: Array
) -> float:
    """Add a sample to the pieces of all starts, and set their costs; return the least."""
    least = np.inf
    for i in range(a.size):
        up = a[i] + power[i] * value
        a[i] = up
        height = max(up, 0.0)
        now = base[i] - height * height * share[i]
        cost[i] = now
        least = min(least, now)
    return least


@njit(cache=True)
def _tables(gamma: float, n_ages: int) -> tuple[Array, Array]:
    """Return gamma^k and 1 / 2B of pieces of age k, the oldest first."""
    power, share = np.empty(n_ages), np.empty(n_ages)
    now, squares = 1.0, 0.0
    for k in range(n_ages - 1, -1, -1):
        squares += now * now
        power[k], share[k] = now, 0.5 / squares
        now *= gamma
    return power, share


@njit(cache=True)
def last_starts(trace: Array, gamma: float, penalty: float, n_ages: int) -> NDArray[np.int64]:
    """Return where the last piece starts of the best cut of every ``trace[:t]``, t from 1.

    Parameters
    ----------
    trace : ndarray, shape (n_frames,)
        Finite values.
    gamma : float
        Decay from frame to frame, above 0 and below 1.
    penalty : float
        Cost of a further piece.
    n_ages : int
        Samples after which a start is old.
    """
    n_frames = trace.size
    last = np.empty(n_frames, np.int64)
    base, a, cost = np.empty(n_frames), np.zeros(n_frames), np.empty(n_frames)
    power, share = _tables(gamma, n_ages)
    first, entry = 0, 0.0
    old, old_cost = -1, np.inf
    for t in range(n_frames):
        base[t] = entry
        if t - first == n_ages:
            if cost[first] < old_cost:
                old, old_cost = first, cost[first]
            first += 1
        n = t - first + 1
        young, aging = slice(first, t + 1), slice(n_ages - n, n_ages)
        least = _add_sample(
            trace[t], base[young], a[young], power[aging], share[aging], cost[young]
        )
        which = t
        if old_cost < least:
            which, least = old, old_cost
        else:
            while which > first and cost[which] > least:
                which -= 1
        last[t] = which
        entry = least + penalty
        while first < t and cost[first] > entry:
            first += 1
        if old_cost > entry:
            old_cost = np.inf
    return last


@njit(cache=True)
def pieces(trace: Array, gamma: float, last: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the calcium of the best cut, and its jumps: c_t - gamma c_(t-1), 0 within pieces."""
    n_frames = trace.size
    calcium, jumps = np.zeros(n_frames), np.zeros(n_frames)
    stop = n_frames
    while stop > 0:
        first = last[stop - 1]
        up, down, power = 0.0, 0.0, 1.0
        for t in range(first, stop):
            up += power * trace[t]
            down += power * power
            power *= gamma
        level = max(up, 0.0) / down
        for t in range(first, stop):
            calcium[t] = level
            level *= gamma
        if stop < n_frames:
            jumps[stop] = calcium[stop] - gamma * calcium[stop - 1]
        stop = first
    return calcium, jumps
