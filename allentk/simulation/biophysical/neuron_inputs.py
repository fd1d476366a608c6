"""Spikes that come to a network of NEURON cells from outside, drawn before the run."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import SimulationError
from allentk.network import Network, PoissonSynapses
from allentk.simulation.source_spikes import INPUT_WINDOW_S, source_spikes

__all__ = ["background_spikes", "virtual_spikes"]

#: No synapses bring so many spikes in a second to a cell.
IMPLAUSIBLE_HZ = 1e6

Array = NDArray[np.float64]


def virtual_spikes(
    network: Network, table: StimulusTable, duration_s: float, seed: int
) -> dict[str, list[Array]]:
    """Return the spike times (s) of every node of every virtual population.

    They are the same in every engine.

    Raises
    ------
    SimulationError
        Where a source gives spikes of nodes that it does not have.
    """
    times: dict[str, list[Array]] = {p.name: [] for p in network.populations if p.virtual}
    nodes: dict[str, list[NDArray[np.int64]]] = {name: [] for name in times}
    for number in range(_n_windows(duration_s)):
        stop_s = min((number + 1) * INPUT_WINDOW_S, duration_s)
        for name, some_times, some_nodes in source_spikes(network, table, number, stop_s, seed):
            times[name].append(some_times)
            nodes[name].append(some_nodes)
    return {
        name: _by_node(
            np.concatenate(times[name]), np.concatenate(nodes[name]), len(network.population(name))
        )
        for name in times
    }


def background_spikes(
    entry: PoissonSynapses, number: int, node: int, duration_s: float, seed: int
) -> list[Array]:
    """Return the spike times (s) at every background synapse of one cell.

    Every cell has random streams of its own, one per window: a longer run begins like a shorter one.

    Parameters
    ----------
    entry : PoissonSynapses
        The background.
    number : int
        Its place in the network's list of backgrounds.
    node : int
        The cell.

    Raises
    ------
    SimulationError
        On a rate beyond all that synapses bring: every spike takes its place in memory.
    """
    if not entry.rates_hz[node] <= IMPLAUSIBLE_HZ:
        raise SimulationError(
            f"{entry!r}: cell {node} gets {entry.rates_hz[node]:g} Hz, more than {IMPLAUSIBLE_HZ:g}; rates "
            f"are in Hz: look for a unit"
        )
    times, places = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    for window in range(_n_windows(duration_s)):
        key = np.random.SeedSequence(seed, spawn_key=(1, number, node, window))
        rng = np.random.default_rng(key)
        count = rng.poisson(entry.rates_hz[node] * INPUT_WINDOW_S)
        times.append((window + np.sort(rng.random(count))) * INPUT_WINDOW_S)
        places.append(rng.integers(entry.n_synapses, size=count))
    time, place = np.concatenate(times), np.concatenate(places)
    inside = time < duration_s
    return _by_node(time[inside], place[inside], entry.n_synapses)


def _n_windows(duration_s: float) -> int:
    return math.ceil(duration_s / INPUT_WINDOW_S - 1e-9)


def _by_node(times: Array, nodes: NDArray[np.int64], n: int) -> list[Array]:
    """Return the times of every node, in their order."""
    order = np.argsort(nodes, kind="stable")
    ends = np.cumsum(np.bincount(nodes, minlength=n))
    return np.split(times[order], ends[:-1])
