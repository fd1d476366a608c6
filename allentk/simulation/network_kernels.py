"""Many GLIF neurons that send each other spikes, compiled. Units are mV, pA, s, MOhm, pF.

Time is cut into spans no longer than the shortest delay between cells: within a span every tile of cells
runs on its own, then its spikes are sent to their targets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.delivery_kernels import Edges, deliver
from allentk.simulation.network_tile_kernels import (
    ASC_CONSTANTS,
    ASC_STATE,
    CELL_CONSTANTS,
    CELL_STATE,
    PORT_CONSTANTS,
    PORT_STATE,
    TILE,
    above,
    adapt,
    adapt_to_after_spike,
    adapt_to_alpha,
    adapted,
    add_after_spike,
    add_alpha,
    add_double,
    add_jumps,
    add_two_after_spike,
    add_two_alphas,
    begin,
    finite,
    held,
    restart,
    restart_after_spike,
    settle,
    settle_plain,
)
from allentk.simulation.poisson_kernels import Noise, add_noise

__all__ = ["ABOVE_THRESHOLD", "NOT_FINITE", "Spikes", "Tiles", "Watch", "advance"]

Array = NDArray[np.float64]
Steps = NDArray[np.int64]

#: Why a run stopped: a cell starts again above its threshold, or its state is no number.
ABOVE_THRESHOLD, NOT_FINITE = 1, 2

#: Numbers of the rows of a tile, and of every after-spike and alpha current: state, then constants.
_CELL, _ASC, _PORT = (TILE * len(rows) for rows in (CELL_STATE, ASC_STATE, PORT_STATE))
_CELL_C, _ASC_C, _PORT_C = (
    TILE * len(rows) for rows in (CELL_CONSTANTS, ASC_CONSTANTS, PORT_CONSTANTS)
)


class Tiles(NamedTuple):
    """State and constants of all tiles, flat; see the tile kernels.

    `asc` and `port` are where the rows of after-spike and alpha currents begin in the state of a tile and
    in its constants, and how long both are. Of every tile: where its constants begin, how many after-spike
    and alpha currents it has, how many input rows make alpha currents rise, whether its threshold moves
    (1) and with the voltage (2), and the input row that holds jumps, or -1; of every input row, how many
    alpha currents it makes rise.
    """

    x: Array
    c: Array
    asc: tuple[int, int]
    port: tuple[int, int]
    size: tuple[int, int]
    constants: Steps
    n_asc: Steps
    n_ports: Steps
    n_inputs: Steps
    moves: Steps
    jumps: Steps
    parts: Steps


class Watch(NamedTuple):
    """Watched cells sorted by tile, and voltages and synaptic currents of each, or none of them."""

    indptr: Steps
    cell: Steps
    voltage: Array
    current: Array


class Spikes(NamedTuple):
    """Spikes by the first step after them, and their source row."""

    grid: Steps
    source: Steps


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def _rise(tiles: Tiles, tile: int, ring: Array, slot: int) -> None:
    """Add all alpha currents of a tile; `slot` is where its input of this step begins."""
    x, c, at = tiles.x, tiles.c, np.uint64(tile * tiles.size[0])
    port = tile * tiles.size[0] + tiles.port[0]
    of = tiles.constants[tile] + tiles.port[1]
    row, n_inputs = 0, tiles.n_inputs[tile]
    while row < n_inputs:
        here = np.uint64(slot + row * TILE)
        if tiles.parts[tile, row] == 2:
            add_double(x, at, np.uint64(port), c, np.uint64(of), ring, here)
            port, of, row = port + 2 * _PORT, of + 2 * _PORT_C, row + 1
        elif row + 1 < n_inputs and tiles.parts[tile, row + 1] == 1:
            add_two_alphas(x, at, np.uint64(port), c, np.uint64(of), ring, here)
            port, of, row = port + 2 * _PORT, of + 2 * _PORT_C, row + 2
        else:
            add_alpha(x, at, np.uint64(port), c, np.uint64(of), ring, here)
            port, of, row = port + _PORT, of + _PORT_C, row + 1


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def _adapt(tiles: Tiles, tile: int) -> None:
    """Take the voltage-dependent thresholds of a tile over a step, before anything else is."""
    x, c, first, of = tiles.x, tiles.c, tile * tiles.size[0], tiles.constants[tile]
    at = np.uint64(first)
    adapt(x, at, c, np.uint64(of))
    for p in range(tiles.n_ports[tile]):
        adapt_to_alpha(x, at, np.uint64(first + tiles.port[0] + p * _PORT), c, np.uint64(of))
    for j in range(tiles.n_asc[tile]):
        asc, own = first + tiles.asc[0] + j * _ASC, of + tiles.asc[1] + j * _ASC_C
        adapt_to_after_spike(x, at, np.uint64(asc), c, np.uint64(own))
    adapted(x, at)


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def _after_spike(tiles: Tiles, tile: int) -> None:
    """Add the after-spike currents of a tile."""
    x, c, at, n_asc = tiles.x, tiles.c, np.uint64(tile * tiles.size[0]), tiles.n_asc[tile]
    asc = tile * tiles.size[0] + tiles.asc[0]
    of = tiles.constants[tile] + tiles.asc[1]
    if n_asc == 2:
        add_two_after_spike(x, at, np.uint64(asc), c, np.uint64(of))
        return
    for j in range(n_asc):
        add_after_spike(x, at, np.uint64(asc + j * _ASC), c, np.uint64(of + j * _ASC_C))


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def _step(tiles: Tiles, tile: int, ring: Array, shape: tuple[int, int, int], step: int) -> int:
    """Take a tile over one step; return whether one of its cells crossed its threshold."""
    n_slots, n_tiles, n_rows = shape
    x, c = tiles.x, tiles.c
    at, of = np.uint64(tile * tiles.size[0]), np.uint64(tiles.constants[tile])
    if tiles.moves[tile] == 2:
        _adapt(tiles, tile)
    begin(x, at, c, of)
    _after_spike(tiles, tile)
    _rise(tiles, tile, ring, ((step & (n_slots - 1)) * n_tiles + tile) * n_rows * TILE)
    jumps = tiles.jumps[tile]
    if jumps >= 0:
        later = ((((step + 1) & (n_slots - 1)) * n_tiles + tile) * n_rows + jumps) * TILE
        add_jumps(x, at, ring, np.uint64(later))
    if tiles.moves[tile]:
        return int(settle(x, at, c, of))
    return int(settle_plain(x, at, c, of))


@njit(cache=True, nogil=True)
def _restart_crossed(
    tiles: Tiles, tile: int, grid: int, spikes: Spikes, count: int, fault: Steps
) -> int:
    """Note the spikes of a tile and let its cells start again; return the number of spikes."""
    x, c, first, of = tiles.x, tiles.c, tile * tiles.size[0], tiles.constants[tile]
    for k in range(TILE):
        i, m = np.uint64(first + k), np.uint64(of + k)
        if above(x, i, c, m):
            spikes.grid[count], spikes.source[count] = grid, tile * TILE + k
            count += 1
            restart(x, i, c, m)
            for j in range(tiles.n_asc[tile]):
                asc, own = first + tiles.asc[0] + j * _ASC + k, of + tiles.asc[1] + j * _ASC_C + k
                restart_after_spike(x, np.uint64(asc), c, np.uint64(own))
            if above(x, i, c, m):
                fault[:] = ABOVE_THRESHOLD, tile * TILE + k, grid - 1
                return count
    return count


@njit(cache=True, nogil=True)
def _run_tile(
    tiles: Tiles, tile: int, ring: Array, shape: tuple[int, int, int], watch: Watch, first: int,
    step: int, n: int, spikes: Spikes, count: int, fault: Steps,
) -> int:  # fmt: skip
    """Take a tile over `n` steps; return the number of spikes so far."""
    at = tile * tiles.size[0]
    watched = range(watch.indptr[tile], watch.indptr[tile + 1])
    for now in range(step, step + n):
        if watch.current.size:
            for w in watched:
                port = np.uint64(at + tiles.port[0] + watch.cell[w] - tile * TILE)
                watch.current[w, now - first] = held(tiles.x, port, tiles.n_ports[tile])
        crossed = _step(tiles, tile, ring, shape, now)
        if watch.voltage.size:
            for w in watched:
                watch.voltage[w, now - first] = tiles.x[at + watch.cell[w] - tile * TILE]
        if crossed:
            count = _restart_crossed(tiles, tile, now + 1, spikes, count, fault)
            if fault[0]:
                return count
    wrong = finite(tiles.x, np.uint64(at))
    if wrong >= 0:
        fault[:] = NOT_FINITE, tile * TILE + wrong, step
    return count


@njit(cache=True, nogil=True)
def _order(spikes: Spikes, first: int, last: int, step: int, n: int, spare: Spikes) -> None:
    """Sort the spikes of a span by step, those of a step staying as they are."""
    places = np.zeros(n + 2, dtype=np.int64)
    for i in range(first, last):
        places[spikes.grid[i] - step + 1] += 1
    for i in range(1, places.size):
        places[i] += places[i - 1]
    for i in range(first, last):
        at = places[spikes.grid[i] - step]
        places[spikes.grid[i] - step] += 1
        spare.grid[at], spare.source[at] = spikes.grid[i], spikes.source[i]
    spikes.grid[first:last] = spare.grid[: last - first]
    spikes.source[first:last] = spare.source[: last - first]


@njit(cache=True, nogil=True)
def advance(
    tiles: Tiles,
    edges: Edges,
    noise: Noise,
    watch: Watch,
    ring: Array,
    part: tuple[int, int],
    span: int,
    first: int,
    last: int,
    given: Spikes,
    coming: Spikes,
    spikes: Spikes,
    spare: Spikes,
    fault: Steps,
) -> tuple[int, int, int]:
    """Run some tiles from step `first` towards `last`.

    Parameters
    ----------
    ring : ndarray, shape (n_slots, n_tiles, n_rows, TILE)
        What is on its way to every cell, by step and input row.
    part : (int, int)
        The tiles to run: all, or the spikes of the others must come in by `coming` span after span.
    span : int
        Steps run at once, not more than the shortest delay between cells.
    given, coming : Spikes
        Spikes of virtual nodes, sorted by step, and of cells that have not been sent yet.
    spikes, spare : Spikes
        Filled with the spikes, span after span, each sorted by step; and room of the same size.
    fault : ndarray of int, shape (3,)
        Filled with what went wrong (0 where nothing did), the cell, and a step.

    Returns
    -------
    tuple of int
        The step reached, before `last` where the spikes would not fit or something went wrong, the
        number of spikes, and how many of them, the first ones, have been sent.
    """
    n_seats = (part[1] - part[0]) * TILE
    drawn, counts = np.empty(2 * TILE, dtype=np.int32), np.empty(TILE, dtype=np.int32)
    flat, shape = ring.reshape(-1), ring.shape[:3]
    deliver(edges, flat, shape, coming.grid, coming.source, 0, coming.grid.size, part)
    known = sent = count = 0
    step = first
    while step < last:
        n = min(span, last - step)
        if count + n_seats * n > spikes.grid.size:
            break
        deliver(edges, flat, shape, spikes.grid, spikes.source, sent, count, part)
        sent, at = count, known
        while known < given.grid.size and given.grid[known] <= step + n:
            known += 1
        deliver(edges, flat, shape, given.grid, given.source, at, known, part)
        for tile in range(part[0], part[1]):
            add_noise(noise, tile, flat, shape, step, n, drawn, counts)
            count = _run_tile(tiles, tile, flat, shape, watch, first, step, n, spikes, count, fault)
            if fault[0]:
                return step, count, sent
        _order(spikes, sent, count, step, n, spare)
        step += n
    return step, count, sent
