"""Spikes of virtual nodes, drawn window by window; the same in every engine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import SimulationError
from allentk.network import Network, SpikeSource

__all__ = ["INPUT_WINDOW_S", "source_spikes"]

#: The spikes of virtual nodes are drawn window by window, each from a random stream of its own.
INPUT_WINDOW_S = 1.0

Array = NDArray[np.float64]


def source_spikes(
    network: Network, table: StimulusTable, number: int, stop_s: float, seed: int
) -> Iterator[tuple[str, Array, NDArray[np.int64]]]:
    """Yield name, spike times (s) and nodes of every virtual population in one window.

    Parameters
    ----------
    number : int
        Of the window, which begins at ``number * INPUT_WINDOW_S``.
    stop_s : float
        Where it ends, seconds.
    seed : int
        Draws the spikes, with the place of the population in the network and the number.

    Raises
    ------
    SimulationError
        Where a source gives spikes of nodes that it does not have, or times outside of the window.
    """
    start_s = number * INPUT_WINDOW_S
    for index, population in enumerate(network.populations):
        if population.source is None:
            continue
        key = np.random.SeedSequence(seed, spawn_key=(0, index, number))
        rng = np.random.default_rng(key)
        times, ids = population.source.spikes(table, start_s, stop_s, rng)
        _check(population.name, population.source, times, ids, (start_s, stop_s))
        yield population.name, times, ids


def _check(
    name: str,
    source: SpikeSource,
    times: Array,
    ids: NDArray[np.int64],
    window_s: tuple[float, float],
) -> None:
    """Refuse spikes that would be written where no node is, or at another time than theirs."""
    if times.shape != ids.shape or not np.isfinite(times).all():
        raise SimulationError(
            f"the source of {name!r} gave {times.size} times for {ids.size} ids, or a time that is not "
            f"finite; mend {source!r}"
        )
    if ids.size and ids.dtype.kind not in "iu":
        raise SimulationError(
            f"the source of {name!r} gave nodes of type {ids.dtype}, expected integers; mend {source!r}"
        )
    start_s, stop_s = window_s
    # What rounding leaves of a time on the edge is no error.
    if times.size and not (times.min() >= start_s - 1e-9 and times.max() <= stop_s + 1e-9):
        raise SimulationError(
            f"the source of {name!r} gave spikes from {times.min():g} to {times.max():g} s, asked for "
            f"those in {start_s:g} to {stop_s:g} s; mend {source!r}"
        )
    if ids.size and not (ids.min() >= 0 and ids.max() < source.n_nodes):
        raise SimulationError(
            f"the source of {name!r} gave spikes of nodes {ids.min()} to {ids.max()}; it has "
            f"{source.n_nodes} nodes; mend {source!r}"
        )
