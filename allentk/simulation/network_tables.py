"""What a run of point neurons gives back, by population: spikes, and a column for every watched cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SpikeTrains
from allentk.simulation.network_arrays import Layout

__all__ = ["tables_of", "trains_of", "watched_seats"]

Steps = NDArray[np.int64]
Nodes = Mapping[str, list[int]]


def watched_seats(layout: Layout, watched: Iterable[Nodes]) -> Steps:
    """Return the seats of all nodes of which something is kept, each once, sorted.

    Parameters
    ----------
    watched : iterable of mapping
        Population -> nodes, for everything that is kept.
    """
    seats = {
        layout.first[name] + node
        for nodes in watched
        for name, some in nodes.items()
        for node in some
    }
    return np.array(sorted(seats), dtype=np.int64)


def trains_of(layout: Layout, step: Steps, seat: Steps, dt_s: float) -> dict[str, SpikeTrains]:
    """Return the spikes of every population of cells, each at the end of its crossing step.

    Parameters
    ----------
    step, seat : ndarray of int, shape (n_spikes,)
        Crossing step and seat of every spike, sorted by step.
    """
    trains = {}
    for population in layout.cells():
        ids = seat - layout.first[population.name]
        mine = (ids >= 0) & (ids < len(population))
        times = np.asarray((step[mine] + 1) * dt_s, dtype=float)
        trains[population.name] = SpikeTrains(times, ids[mine], len(population))
    return trains


def tables_of(
    layout: Layout, nodes: Nodes, seats: Steps, values: NDArray[np.float64], dt_s: float
) -> dict[str, pd.DataFrame]:
    """Return what was kept at the end of every step, one column per node.

    Parameters
    ----------
    nodes : mapping
        Population -> nodes.
    seats : ndarray of int, shape (n_seats,)
        Sorted; the rows of `values`, those of the nodes among them.
    values : ndarray, shape (n_seats, n_steps)
        What was kept.
    """
    clock = pd.Index((np.arange(values.shape[1]) + 1) * dt_s, name="time_s")
    tables = {}
    for name, some in nodes.items():
        rows = np.searchsorted(seats, layout.first[name] + np.array(some))
        columns = pd.Index(some, name="node")
        tables[name] = pd.DataFrame(values[rows].T, index=clock, columns=columns)
    return tables
