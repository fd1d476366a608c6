"""Spikes sent along edges, compiled: one addition per edge into what is on its way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.network_tile_kernels import TILE
from allentk.simulation.noise_kernels import FAST

__all__ = ["Edges", "deliver", "place_edges"]

Array = NDArray[np.float64]
Steps = NDArray[np.int64]


class Edges(NamedTuple):
    """Edges in blocks, one per projection, sorted by source and then by target.

    Source rows are the seats of cells and, after them, virtual nodes; `group` is the population of each,
    and `blocks` says which blocks begin there. Of every block: its first source row, where its pointers
    begin, its input row, its delay in steps and its weight; where delay or weight differ by edge, what
    must be added to the place of an edge to find its own, and otherwise ``ONE``. A target is the place of
    its seat in the first input row of a slot of the ring.
    """

    group: NDArray[np.int32]
    blocks: Steps
    source: Steps
    pointer: Steps
    row: Steps
    delay: Steps
    weight: Array
    own_delay: Steps
    own_weight: Steps
    indptr: Steps
    target: NDArray[np.uint32]
    delays: NDArray[np.unsignedinteger]
    weights: NDArray[np.float32]


#: One value for all edges of a block.
ONE = -(1 << 62)


@njit(cache=True, nogil=True)
def place_edges(
    indptr: Steps,
    sources: NDArray[np.int32],
    weights: NDArray[np.float32],
    n_synapses: NDArray[np.uint16],
    delays_s: NDArray[np.float32],
    dt_s: float,
    seat: int,
    n_rows: int,
    pointer: Steps,
    target: NDArray[np.uint32],
    own_weights: NDArray[np.float32],
    own_delays: NDArray[np.unsignedinteger],
) -> None:
    """Sort the edges of a projection, which are sorted by target, by source.

    Parameters
    ----------
    indptr, sources, weights, n_synapses, delays_s
        Of the projection; a column of one value is that value.
    seat, n_rows : int
        Seat of its first target, and input rows of a tile.
    pointer : ndarray of int, shape (n_sources + 1,)
        Filled with where the edges of every source begin, counted from the first edge of the block.
    target, own_weights, own_delays : ndarray
        Filled; weights and delays that are empty are not.
    """
    pointer[:] = 0
    for e in range(sources.size):
        pointer[sources[e] + 1] += 1
    for i in range(1, pointer.size):
        pointer[i] += pointer[i - 1]
    one_weight, one_count, one_delay = weights.size == 1, n_synapses.size == 1, delays_s.size == 1
    for cell in range(indptr.size - 1):
        place = (seat + cell) // TILE * (TILE * n_rows) + (seat + cell) % TILE
        for e in range(indptr[cell], indptr[cell + 1]):
            at = pointer[sources[e]]
            pointer[sources[e]] += 1
            target[at] = place
            if own_weights.size:
                weight = weights[0 if one_weight else e]
                own_weights[at] = weight * np.float32(n_synapses[0 if one_count else e])
            if own_delays.size:
                own_delays[at] = round(np.float64(delays_s[0 if one_delay else e]) / dt_s)
    for i in range(pointer.size - 1, 0, -1):
        pointer[i] = pointer[i - 1]
    pointer[0] = 0


@njit(cache=True, nogil=True)
def _from(target: NDArray[np.uint32], first: int, last: int, place: int) -> int:
    """Return the first of some edges, sorted by target, that ends at `place` or after it."""
    while first < last:
        middle = (first + last) >> 1
        if target[middle] < place:
            first = middle + 1
        else:
            last = middle
    return first


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _send(
    edges: Edges, block: int, first: np.uint64, last: np.uint64, ring: Array,
    shape: tuple[int, int, int], grid: int,
) -> None:  # fmt: skip
    """Send one spike along some edges of a block; `grid` is the first step after it."""
    n_slots, n_tiles, n_rows = shape
    mask, size, row = n_slots - 1, n_tiles * n_rows * TILE, edges.row[block] * TILE
    target, weights, weight = edges.target, edges.weights, edges.weight[block]
    own_delay, own_weight = edges.own_delay[block], edges.own_weight[block]
    shift = np.uint64(own_weight)
    if own_delay == ONE:
        at = np.uint64(((grid + edges.delay[block]) & mask) * size + row)
        if own_weight == ONE:
            for e in range(first, last):
                ring[at + target[e]] += weight
        else:
            for e in range(first, last):
                ring[at + target[e]] += weights[e + shift]
    else:
        later = np.uint64(own_delay)
        for e in range(first, last):
            slot = (grid + np.int64(edges.delays[e + later])) & mask
            at = np.uint64(slot * size + row)
            ring[at + target[e]] += weight if own_weight == ONE else weights[e + shift]


@njit(cache=True, nogil=True)
def deliver(
    edges: Edges, ring: Array, shape: tuple[int, int, int], grid: Steps, source: Steps, first: int,
    last: int, part: tuple[int, int],
) -> None:  # fmt: skip
    """Send spikes `first` to `last` to those of their targets that lie in a range of tiles.

    Parameters
    ----------
    ring : ndarray
        What is on its way, of `shape` (n_slots, n_tiles, n_rows) times TILE, flat.
    grid, source : ndarray of int, shape (n_spikes,)
        First step after every spike, and its source row.
    """
    _, n_tiles, n_rows = shape
    low, high = part[0] * n_rows * TILE, part[1] * n_rows * TILE
    for i in range(first, last):
        group = edges.group[source[i]]
        for block in range(edges.blocks[group], edges.blocks[group + 1]):
            at = edges.pointer[block] + source[i] - edges.source[block]
            begin, end = edges.indptr[at], edges.indptr[at + 1]
            if part[1] - part[0] < n_tiles:
                begin = _from(edges.target, begin, end, low)
                end = _from(edges.target, begin, end, high)
            _send(edges, block, np.uint64(begin), np.uint64(end), ring, shape, grid[i])
