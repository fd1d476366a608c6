"""Random numbers from counters, compiled: any number of any target, in any order, in any thread."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["edge_uniforms", "number", "stream"]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_STEP = 2.0**-53


@njit(cache=True, nogil=True, inline="always")
def _splitmix(word: np.uint64) -> np.uint64:
    word = (word ^ (word >> _S30)) * _MIX_A
    word = (word ^ (word >> _S27)) * _MIX_B
    return word ^ (word >> _S31)


@njit(cache=True, nogil=True, inline="always")
def stream(key: np.uint64, node: int) -> np.uint64:
    """Return the state of a target's stream."""
    state: np.uint64 = _splitmix(key + (np.uint64(node) + np.uint64(1)) * GOLDEN)
    return state


@njit(cache=True, nogil=True, inline="always")
def number(state: np.uint64, count: int) -> float:
    """Return the uniform number in (0, 1) that a stream has at `count`."""
    word = _splitmix(state + np.uint64(count) * GOLDEN)
    return (np.float64(np.int64(word >> _S11)) + 0.5) * _STEP


@njit(cache=True, nogil=True)
def edge_uniforms(key: np.uint64, first: int, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a uniform number in (0, 1) for every edge, by its target and its rank there.

    Parameters
    ----------
    key : uint64
        Of the projection and of what the numbers are for.
    first : int
        First target.
    counts : ndarray, shape (n_targets,)
        Edges of it and of those that follow.

    References
    ----------
    Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11 (counter-based streams);
    Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA (the mixing).
    """
    out = np.empty(counts.sum())
    edge = 0
    for i in range(counts.size):
        state = stream(key, first + i)
        for rank in range(counts[i]):
            out[edge] = number(state, rank)
            edge += 1
    return out
