"""A run of a network of NEURON cells, worked out and checked without NEURON."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.models.axon import Axon
from allentk.models.compartments import Compartments, compartments
from allentk.network import ConductanceProjection, JumpProjection, Network, Population, Projection
from allentk.simulation.biophysical.neuron_network_checks import check_points, temperature
from allentk.simulation.biophysical.neuron_network_record import Trace, traces_of
from allentk.simulation.network_request import cells_of, n_steps_of, short_delay

__all__ = ["Edges", "Plan"]

#: What ends at a cell of this engine.
Edges = ConductanceProjection | JumpProjection

_MORE_MS = 2e-10


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, worked out and checked before NEURON is asked.

    ``trees`` has the compartments of every node, ``edges`` the projections with a place for every synapse
    of a conductance, and their delays in ms.
    """

    network: Network
    table: StimulusTable
    dt_s: float
    seed: int
    threshold_mv: float
    max_length_um: float
    n_steps: int
    celsius: float
    traces: list[Trace]
    trees: dict[str, list[Compartments]]
    edges: list[tuple[Edges, NDArray[np.float64]]]

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
        celsius = temperature(network)
        check_points(network)
        traces = traces_of(network, record)
        edges = [p for p in network.projections if not isinstance(p, Projection)]
        delays = [delays_ms(projection, dt_s) for projection in edges]
        trees = {one.name: _trees(one, max_length_um) for one in cells_of(network)}
        placed = [
            one.placed(trees[one.target]) if isinstance(one, ConductanceProjection) else one
            for one in edges
        ]
        return cls(
            network,
            table,
            dt_s,
            seed,
            threshold_mv,
            max_length_um,
            n_steps_of(table, dt_s),
            celsius,
            traces,
            trees,
            list(zip(placed, delays, strict=True)),
        )

    @property
    def duration_s(self) -> float:
        """Length of the run in seconds."""
        return self.n_steps * self.dt_s

    @property
    def nodes(self) -> list[tuple[str, int, BiophysicalModel | GLIFParameters]]:
        """Population, node and model of every cell; its place in the list is the cell's number."""
        return [
            (population.name, node, population.models[index])
            for population in cells_of(self.network)
            for node, index in enumerate(population.nodes["model"].tolist())
        ]

    @property
    def first(self) -> dict[str, int]:
        """Number of the first cell of every population."""
        sizes = [len(population) for population in cells_of(self.network)]
        firsts = np.cumsum([0, *sizes])[:-1].tolist()
        return {one.name: at for one, at in zip(cells_of(self.network), firsts, strict=True)}


def delays_ms(projection: Edges, dt_s: float) -> NDArray[np.float64]:
    """Return the delays in ms, of every synapse of a conductance and every edge of jumps.

    Raises
    ------
    SimulationError
        Where one is shorter than a time step.
    """
    # Single precision leaves 2 ms a little late, which could move an event by a whole step.
    delays: NDArray[np.float64] = np.round(projection.delays_s.astype(float) * 1e3, 5)
    if delays.size and delays.min() < dt_s * 1e3 * (1 - 1e-9):
        at = int(delays.argmin())
        raise short_delay(projection, at, float(delays[at]) * 1e-3, dt_s)
    # Between processes NEURON wants a little more than a step.
    delays = np.maximum(delays, dt_s * 1e3 + _MORE_MS)
    several = isinstance(projection, ConductanceProjection)
    return np.repeat(delays, projection.n_synapses) if several else delays


def _trees(population: Population, max_length_um: float) -> list[Compartments]:
    """Return the compartments of every node; nodes of one model share them, points have none."""
    trees = [
        compartments(
            model.morphology, axon=cast(Axon, model.parameters.axon), max_length_um=max_length_um
        )
        for model in population.compartmental_models
    ]
    return [trees[index] for index in population.nodes["model"].tolist()] if trees else []
