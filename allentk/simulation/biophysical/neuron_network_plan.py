"""A run of a network of NEURON cells, worked out and checked without NEURON."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel
from allentk.models.axon import Axon
from allentk.models.compartments import Compartments, compartments
from allentk.network import ConductanceProjection, Network, Population
from allentk.simulation.network_request import cells_of, watched_nodes

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, worked out and checked before NEURON is asked.

    ``trees`` has the compartments of every node, ``edges`` the projections with a place for every synapse,
    and their delays in ms.
    """

    network: Network
    table: StimulusTable
    dt_s: float
    seed: int
    threshold_mv: float
    max_length_um: float
    n_steps: int
    celsius: float
    watched: dict[str, list[int]]
    trees: dict[str, list[Compartments]]
    edges: list[tuple[ConductanceProjection, NDArray[np.float64]]]

    @classmethod
    def of(
        cls,
        network: Network,
        table: StimulusTable,
        dt_s: float,
        record: Collection[str],
        seed: int,
        threshold_mv: float,
        max_length_um: float,
    ) -> Plan:
        """Work a run out.

        Raises
        ------
        SimulationError
            On cells that cannot run together, an unknown record, or a delay shorter than a step.
        DataError
            Where a cell has no place for a synapse.
        """
        celsius = _celsius(network)
        watched = watched_nodes(network, record)
        conductances = [p for p in network.projections if isinstance(p, ConductanceProjection)]
        delays = [delays_ms(projection, dt_s) for projection in conductances]
        trees = {one.name: _trees(one, max_length_um) for one in cells_of(network)}
        placed = [projection.placed(trees[projection.target]) for projection in conductances]
        return cls(
            network,
            table,
            dt_s,
            seed,
            threshold_mv,
            max_length_um,
            math.ceil(table.duration_s / dt_s - 1e-6),
            celsius,
            watched,
            trees,
            list(zip(placed, delays, strict=True)),
        )

    @property
    def duration_s(self) -> float:
        """Length of the run in seconds."""
        return self.n_steps * self.dt_s

    @property
    def nodes(self) -> list[tuple[str, int, BiophysicalModel]]:
        """Population, node and model of every cell."""
        return [
            (population.name, node, population.compartmental_models[index])
            for population in cells_of(self.network)
            for node, index in enumerate(population.nodes["model"].tolist())
        ]


def delays_ms(projection: ConductanceProjection, dt_s: float) -> NDArray[np.float64]:
    """Return the delays in ms.

    Raises
    ------
    SimulationError
        Where one is shorter than a time step.
    """
    # Single precision leaves 2 ms a little late, which could move an event by a whole step.
    delays: NDArray[np.float64] = np.round(projection.delays_s.astype(float) * 1e3, 5)
    if delays.size and delays.min() < dt_s * 1e3 * (1 - 1e-9):
        at = int(delays.argmin())
        raise SimulationError(
            f"{projection!r}: the delay of edge {at}, {delays[at] * 1e-3:g} s, is shorter than the time "
            f"step of {dt_s:g} s; take a smaller dt_s or a longer delay"
        )
    return delays


def _trees(population: Population, max_length_um: float) -> list[Compartments]:
    """Return the compartments of every node; nodes of one model share them."""
    trees = [
        compartments(
            model.morphology, axon=cast(Axon, model.parameters.axon), max_length_um=max_length_um
        )
        for model in population.compartmental_models
    ]
    return [trees[index] for index in population.nodes["model"].tolist()]


def _celsius(network: Network) -> float:
    """Return the temperature; refuse cells that cannot run together."""
    points = [p.name for p in cells_of(network) if not p.compartmental]
    if points:
        raise SimulationError(
            f"the NEURON engine runs cells with compartments; those of {points} are points: leave them "
            f"out, or give their spikes by a virtual population with a Replay as its source"
        )
    found = {
        model.parameters.celsius: population.name
        for population in cells_of(network)
        for model in population.compartmental_models
    }
    if len(found) > 1:
        raise SimulationError(
            f"all cells of a network have one temperature; got {found} (degrees: population)"
        )
    return next(iter(found))
