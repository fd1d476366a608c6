"""The SONATA ids of a network's nodes in the files it was read from."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from allentk.data import SpikeTrains
from allentk.errors import FormatError
from allentk.io.sonata import read_sonata
from allentk.network.sonata_foreign import foreign_nodes
from allentk.network.sonata_own import read_own

__all__ = ["sonata_ids", "sonata_trains"]


def sonata_ids(
    config: str | os.PathLike[str], *, split: str | None = None
) -> dict[str, tuple[str, NDArray[np.int64]]]:
    """Return, by population of the network, the SONATA population and the ids of its nodes.

    Parameters
    ----------
    config, split
        As ``read_network`` was given them.

    Raises
    ------
    FormatError
        Where the circuit cannot be read.

    Examples
    --------
    >>> sonata_ids("net")["L4 Exc"]  # doctest: +SKIP
    ('L4_Exc', array([0, 1, 2]))
    """
    circuit = read_sonata(config)
    own = read_own(circuit.config.path.parent)
    if own is not None:
        with own.understood():
            return {
                str(part["name"]): (str(part["nodes"]), np.arange(*own.span(part, len(nodes))))
                for part in own.list("populations")
                for nodes in [circuit.population(part["nodes"])]
            }
    found = {}
    for nodes in circuit.nodes:
        home = foreign_nodes(circuit, nodes, split)
        for k, population in enumerate(home.populations):
            rows = np.flatnonzero(home.ends.part == k)
            ids = home.ends.ids[rows[np.argsort(home.ends.place[rows])]]
            found[population.name] = nodes.name, ids
    return found


def sonata_trains(
    spikes: Mapping[str, SpikeTrains], ids: Mapping[str, tuple[str, NDArray[np.int64]]]
) -> dict[str, SpikeTrains]:
    """Return spikes by SONATA population, with its ids.

    Parameters
    ----------
    spikes : mapping
        Of a simulation, by population of the network.
    ids : mapping
        Of ``sonata_ids``.

    Raises
    ------
    FormatError
        Where a population is not in the files.

    Examples
    --------
    >>> spikes = {"exc": SpikeTrains([0.1], [0], 1), "inh": SpikeTrains([0.2], [0], 1)}
    >>> ids = {"exc": ("v1", np.array([0])), "inh": ("v1", np.array([1]))}
    >>> sonata_trains(spikes, ids)["v1"].ids
    array([0, 1])
    """
    unknown = sorted(set(spikes) - set(ids))
    if unknown:
        raise FormatError(f"the saved network has no populations {unknown}; it has {sorted(ids)}")
    parts: dict[str, list[SpikeTrains]] = {}
    for name, trains in spikes.items():
        home, of = ids[name]
        n_nodes = int(of.max(initial=-1)) + 1
        parts.setdefault(home, []).append(SpikeTrains(trains.times_s, of[trains.ids], n_nodes))
    return {home: _joined(several) for home, several in parts.items()}


def _joined(parts: list[SpikeTrains]) -> SpikeTrains:
    times = np.concatenate([part.times_s for part in parts])
    ids = np.concatenate([part.ids for part in parts])
    order = np.argsort(times, kind="stable")
    return SpikeTrains(times[order], ids[order], max(part.n_cells for part in parts))
