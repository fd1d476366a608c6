"""The background of a network: Poisson counts per step, from tables made for every cell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from allentk.errors import SimulationError
from allentk.network import PoissonInput
from allentk.simulation.network_arrays import Layout, seats_of
from allentk.simulation.network_tile_kernels import TILE
from allentk.simulation.noise_kernels import mixed
from allentk.simulation.poisson_kernels import GROUP, Noise, add_noise

__all__ = ["background_counts", "noise_of"]

#: The most events of a step that are drawn as one count; more are drawn as several counts.
MAX_MEAN = 16.0
#: No synapses bring so many events in a step; drawing them would take for ever.
IMPLAUSIBLE_MEAN = 1e4
Array = NDArray[np.float64]


def _levels(mean: Array, n: int) -> NDArray[np.int32]:
    """Return the levels of a Poisson count, shape (n, n_cells): it is the number of levels below a draw.

    A draw is an integer of 32 bits, so that a probability is off by 1e-10.
    """
    below = pdtr(np.arange(n)[:, None], mean[None, :])
    scaled = np.rint(below * 2.0**32) - 2.0**31 - 1.0
    levels: NDArray[np.int32] = np.clip(scaled, -(2.0**31), 2.0**31 - 1).astype(np.int32)
    return levels


def _table(mean: Array) -> NDArray[np.int32]:
    """Return all levels that a draw can pass, for counts of some means, in whole groups."""
    top = float(mean.max())
    levels = _levels(mean, int(top + 8 * math.sqrt(top) + 10))
    used = int((levels < 2**31 - 1).any(axis=1).sum())
    padded = np.full((-(-max(used, 1) // GROUP) * GROUP, mean.size), 2**31 - 1, dtype=np.int32)
    padded[:used] = levels[:used]
    return padded


class _Row(NamedTuple):
    """The background of one tile by one entry."""

    tile: int
    row: int
    repeats: int
    streams: NDArray[np.uint64]
    weight: Array
    levels: NDArray[np.int32]


def noise_of(layout: Layout, dt_s: float, seed: int) -> Noise:
    """Return the background of all cells; each cell has a random stream of its own for every entry.

    Raises
    ------
    SimulationError
        On a rate beyond all that synapses bring.
    """
    found = [
        row
        for number, entry in enumerate(layout.background)
        for row in _rows(layout, entry, number, dt_s, seed)
    ]
    found.sort(key=lambda row: row.tile)
    n_tiles = layout.n_seats // TILE
    counts = np.bincount([row.tile for row in found], minlength=n_tiles) if found else [0] * n_tiles
    tables = {row.levels.tobytes(): row.levels.ravel() for row in found}
    begins = np.concatenate([[0], np.cumsum([table.size for table in tables.values()])])
    place = dict(zip(tables, begins, strict=False))
    return Noise(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([row.row for row in found], dtype=np.int64),
        np.array([row.repeats for row in found], dtype=np.int64),
        np.array([len(row.levels) for row in found], dtype=np.int64),
        np.array([place[row.levels.tobytes()] for row in found], dtype=np.int64),
        np.concatenate([np.empty(0, np.uint64), *(row.streams for row in found)]),
        np.concatenate([np.empty(0), *(row.weight for row in found)]),
        np.concatenate([np.empty(0, np.int32), *tables.values()]),
    )


def _rows(
    layout: Layout, entry: PoissonInput, number: int, dt_s: float, seed: int
) -> Iterator[_Row]:
    """Yield the tiles of an entry that get something."""
    n, most = entry.rates_hz.size, float(entry.rates_hz.max(initial=0.0))
    if not most * dt_s <= IMPLAUSIBLE_MEAN:
        raise SimulationError(
            f"{entry!r}: {most:g} Hz are {most * dt_s:g} events in a step of {dt_s:g} s, more than "
            f"{IMPLAUSIBLE_MEAN:g}; rates are in Hz: look for a unit"
        )
    first, seats = layout.first[entry.target] // TILE, seats_of(n)
    key = np.random.SeedSequence(seed, spawn_key=(1, number))
    streams = np.zeros(seats, dtype=np.uint64)
    streams[:n] = mixed(key.generate_state(n, np.uint64))
    mean, weight = np.zeros(seats), np.zeros(seats)
    mean[:n], weight[:n] = entry.rates_hz * dt_s, entry.weights_pa
    for at in range(0, seats, TILE):
        some = slice(at, at + TILE)
        if mean[some].any():
            repeats = math.ceil(mean[some].max() / MAX_MEAN)
            table = _table(mean[some] / repeats)
            tile = first + at // TILE
            yield _Row(tile, layout.row(entry), repeats, streams[some], weight[some], table)


def background_counts(noise: Noise, row: int, first: int, n: int) -> NDArray[np.int64]:
    """Return the events of one row of a background in some steps, shape ``(TILE, n)``.

    Parameters
    ----------
    noise : Noise
        All background trains.
    row : int
        Which of its rows.
    first, n : int
        First step, and how many.

    Raises
    ------
    SimulationError
        Where there is no such row, or steps are negative.
    """
    if not 0 <= row < noise.row.size:
        raise SimulationError(f"the background has rows 0 to {noise.row.size - 1}, got {row}")
    if first < 0 or n < 0:
        raise SimulationError(f"steps are 0 or more, got {n} from step {first}")
    alone = noise._replace(
        indptr=np.array([row, row + 1]),
        row=np.zeros_like(noise.row),
        weight=np.ones_like(noise.weight),
    )
    # One tile and one input row, of as many slots as there are steps.
    n_slots = 1 << max(n - 1, 0).bit_length()
    ring = np.zeros(n_slots * TILE)
    scratch = np.empty(2 * TILE, dtype=np.int32), np.empty(TILE, dtype=np.int32)
    add_noise(alone, 0, ring, (n_slots, 1, 1), first, n, *scratch)
    slots = np.arange(first, first + n) % n_slots
    return np.ascontiguousarray(ring.reshape(n_slots, TILE)[slots].T.astype(np.int64))
