"""Spike trains of a source, the same however its time and its cells are divided."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.network.poisson import poisson_spikes
from allentk.network.shown import BIN_S

__all__ = ["RateSource", "source_trains"]

#: Every stretch of so many seconds, counted from 0 s, and so many cells has a random stream of its own.
BLOCK_S, BLOCK_CELLS = 1.0, 256

Array = NDArray[np.float64]


class RateSource(Protocol):
    """What has rates, such as ``LGN`` and ``Filters``."""

    @property
    def n_nodes(self) -> int:
        """Number of cells."""
        ...

    def rates_hz(self, table: StimulusTable, start_s: float, stop_s: float) -> Array:
        """Return the rate of every cell in every ms, shape ``(n, n_bins)``."""
        ...


def source_trains(
    source: RateSource,
    table: StimulusTable,
    start_s: float = 0.0,
    stop_s: float | None = None,
    *,
    seed: int = 0,
) -> SpikeTrains:
    """Draw the spikes of every cell, such as to save them, or to ``Replay`` them.

    Spikes are those of an inhomogeneous Poisson process, exact for rates that are constant within a ms. The
    spikes in a stretch of time are the same whether it is drawn alone or with what comes before and after.

    Parameters
    ----------
    source : RateSource
        Such as an ``LGN``.
    table : StimulusTable
        What is shown.
    start_s, stop_s : float
        Seconds; by default to the end of the last presentation.
    seed : int
        The spikes depend on it, on the rates, and on nothing else.

    Raises
    ------
    DataError
        Where the time ends before it starts, starts before 0 s, or the seed is negative.

    Examples
    --------
    >>> from allentk.network import visual
    >>> from allentk.network.lgn import LGN
    >>> lgn = LGN([0.0], [0.0], [1.0], [2])
    >>> source_trains(lgn, visual.gray(10.0), seed=1)
    <SpikeTrains: 92 spikes of 1 cells>
    """
    end = table.duration_s if stop_s is None else stop_s
    if not (0 <= start_s < end < math.inf) or seed < 0:
        raise DataError(
            f"source_trains: needs 0 <= start_s < stop_s and a seed of at least 0, got {start_s}, {end} "
            f"and {seed}"
        )
    times, ids = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    for number in range(math.floor(start_s / BLOCK_S), math.ceil(end / BLOCK_S)):
        begin = number * BLOCK_S
        rates = source.rates_hz(table, begin, begin + BLOCK_S)
        for group, cell in enumerate(range(0, source.n_nodes, BLOCK_CELLS)):
            stream = np.random.SeedSequence(seed, spawn_key=(group, number))
            some = rates[cell : cell + BLOCK_CELLS]
            drawn, of = poisson_spikes(some, BIN_S, begin, np.random.default_rng(stream))
            inside = (drawn >= start_s) & (drawn < end)
            times.append(drawn[inside])
            ids.append(of[inside] + cell)
    time, cell_of = np.concatenate(times), np.concatenate(ids)
    order = np.lexsort((cell_of, time))
    return SpikeTrains(time[order], cell_of[order], source.n_nodes)
