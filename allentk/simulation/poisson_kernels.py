"""Poisson counts from counters, compiled: any step of a stream, in any order, in any thread."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.network_tile_kernels import TILE
from allentk.simulation.noise_kernels import FAST, GOLDEN, splitmix

__all__ = ["GROUP", "Noise", "add_noise"]

Steps = NDArray[np.int64]

_S32 = np.uint64(32)
_ZERO, _N, _2N = np.uint64(0), np.uint64(TILE), np.uint64(2 * TILE)

#: Levels that are looked at at once; a table has a multiple of it.
GROUP = 3


class Noise(NamedTuple):
    """Poisson trains, one row per train of a tile, sorted by tile.

    Of every row: the input row that its counts go to, how many counts make those of a step, how many
    levels there are and where in `levels` they begin; of every neuron its random stream and the weight of
    an event. A count is the number of levels below a random integer; levels rise.
    """

    indptr: Steps
    row: Steps
    repeats: Steps
    n_levels: Steps
    first: Steps
    streams: NDArray[np.uint64]
    weight: NDArray[np.float64]
    levels: NDArray[np.int32]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _draw(
    streams: NDArray[np.uint64], at: np.uint64, number: int, drawn: NDArray[np.int32]
) -> None:
    """Fill numbers `number` (even) and the one after it of every stream, by splitmix64."""
    shift = np.uint64(number >> 1) * GOLDEN
    for i in range(_N):
        word = splitmix(streams[at + i] + shift)
        drawn[i] = np.int32(word)
        drawn[_N + i] = np.int32(word >> _S32)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _begin(drawn: NDArray[np.int32], half: np.uint64, levels: NDArray[np.int32], at: np.uint64,
           counts: NDArray[np.int32]) -> None:  # fmt: skip
    for i in range(_N):
        x = drawn[half + i]
        count = np.int32(x > levels[at + i]) + np.int32(x > levels[at + _N + i])
        counts[i] = count + np.int32(x > levels[at + _2N + i])


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _go_on(drawn: NDArray[np.int32], half: np.uint64, levels: NDArray[np.int32], at: np.uint64,
           counts: NDArray[np.int32]) -> int:  # fmt: skip
    """Look at three more levels; return whether there is need to look at further ones."""
    more = np.int32(0)
    for i in range(_N):
        x = drawn[half + i]
        count = np.int32(x > levels[at + i]) + np.int32(x > levels[at + _N + i])
        last = np.int32(x > levels[at + _2N + i])
        counts[i] += count + last
        more |= last
    return int(more)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _give(ring: NDArray[np.float64], slot: np.uint64, weight: NDArray[np.float64], at: np.uint64,
          counts: NDArray[np.int32]) -> None:  # fmt: skip
    for i in range(_N):
        ring[slot + i] += weight[at + i] * np.float64(counts[i])


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def add_noise(
    noise: Noise, tile: int, ring: NDArray[np.float64], shape: tuple[int, int, int], step: int, n: int,
    drawn: NDArray[np.int32], counts: NDArray[np.int32],
) -> None:  # fmt: skip
    """Add the background of a tile in steps `step` to `step + n` to what is on its way.

    Parameters
    ----------
    ring : ndarray
        Of `shape` (n_slots, n_tiles, n_rows) times TILE, flat.
    drawn, counts : ndarray of int32, shape (2 * TILE,) and (TILE,)
        Overwritten.

    References
    ----------
    Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA.
    """
    n_slots, n_tiles, n_rows = shape
    for e in range(noise.indptr[tile], noise.indptr[tile + 1]):
        repeats, n_levels, at = noise.repeats[e], noise.n_levels[e], np.uint64(e * TILE)
        first = np.uint64(noise.first[e])
        latest = -1
        for now in range(step, step + n):
            slot = (((now & (n_slots - 1)) * n_tiles + tile) * n_rows + noise.row[e]) * TILE
            for number in range(now * repeats, (now + 1) * repeats):
                if number >> 1 != latest:
                    latest = number >> 1
                    _draw(noise.streams, at, number, drawn)
                half = _N if number & 1 else _ZERO
                _begin(drawn, half, noise.levels, first, counts)
                k, more = 1, 1
                while more and k * GROUP < n_levels:
                    level = first + np.uint64(k * GROUP * TILE)
                    more = _go_on(drawn, half, noise.levels, level, counts)
                    k += 1
                _give(ring, np.uint64(slot), noise.weight, at, counts)
