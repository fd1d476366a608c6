"""A given number of random sources for every target, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.network.counter_kernels import number, stream

__all__ = ["choose"]


@njit(cache=True, nogil=True)
def choose(
    choices: NDArray[np.int32],
    targets: NDArray[np.int64],
    degrees: NDArray[np.int64],
    own: NDArray[np.int64],
    replacement: bool,
    key: np.uint64,
) -> NDArray[np.int32]:
    """Draw the sources of targets evenly, sorted in each.

    Parameters
    ----------
    choices : ndarray of int32
        Sources to choose from.
    targets, degrees : ndarray of int64, shape (n,)
        Target nodes, and how many sources each is to have.
    own : ndarray of int64, shape (n,)
        Where among the choices the target itself is that it may not choose; else -1.
    replacement : bool
        Whether a source may be drawn several times.
    key : uint64
        Start of the random numbers.
    """
    n = choices.size
    out = np.empty(degrees.sum(), np.int32)
    stamp = np.full(0 if replacement else n, -1, np.int64)
    first = 0
    for i in range(targets.size):
        state, count, last = stream(key, targets[i]), 0, first + degrees[i]
        free = n - (own[i] >= 0)
        # of most of the sources, those left out are drawn
        leave = not replacement and 2 * degrees[i] > free
        wanted = free - degrees[i] if leave else degrees[i]
        if not replacement and own[i] >= 0:
            stamp[own[i]] = i
        at, found = first, 0
        while found < wanted:
            pick = int(number(state, count) * n)
            count += 1
            if pick == own[i] or (not replacement and stamp[pick] == i):
                continue
            if not replacement:
                stamp[pick] = i
            if not leave:
                out[at] = choices[pick]
                at += 1
            found += 1
        if leave:
            for pick in range(n):
                if stamp[pick] != i:
                    out[at] = choices[pick]
                    at += 1
        else:
            out[first:last].sort()
        first = last
    return out
