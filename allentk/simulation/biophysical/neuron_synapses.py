"""Synapses of NEURON cells, and what is connected to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models.compartments import Compartments
from allentk.network import ConductanceProjection, JumpProjection, PoissonSynapses, Synapse
from allentk.simulation.biophysical.mechanisms import CONDUCTANCE, PREFIX
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_point import PointCell
from allentk.simulation.biophysical.neuron_ranks import Ranks

__all__ = ["Wiring"]

Array = NDArray[np.float64]
Edges = ConductanceProjection | JumpProjection


@dataclass(slots=True)
class Wiring:
    """All synapses of the cells of this process.

    Conductances of one time course and reversal potential in the same segment add up: they are one
    point process, to which every edge has a connection with its own weight and delay.

    Parameters
    ----------
    h : HocObject
        NEURON.
    ranks : Ranks
        The processes that share the network.
    cells : mapping
        The cell of every population and node that is made here.
    first : mapping
        Number of the first cell of every population.
    threshold_mv : float
        A cell's spike leaves where the voltage of its soma rises above this.
    """

    h: Any
    ranks: Ranks
    cells: Mapping[tuple[str, int], NeuronCell | PointCell]
    first: Mapping[str, int]
    threshold_mv: float
    sites: dict[tuple[object, ...], Any] = field(default_factory=dict)
    connections: list[Any] = field(default_factory=list)
    events_ms: list[tuple[Any, Array]] = field(default_factory=list)

    def connect(self, projection: Edges, delays: Array) -> None:
        """Connect cells to cells: every edge has its place by now."""
        weights, delays_ms = _weights(projection).tolist(), delays.tolist()
        sources = projection.sources.tolist()
        for edge, end in self._ends(projection):
            made = self.from_cell((projection.source, sources[edge]), end)
            made.delay = delays_ms[edge]
            made.weight[0] = weights[edge]
            self.connections.append(made)

    def feed(self, projection: Edges, delays: Array, spikes_s: list[Array]) -> None:
        """Let every edge bring the spikes of its virtual node."""
        weights = _weights(projection)
        spikes_ms = [times * 1e3 for times in spikes_s]
        for edge, end in self._ends(projection):
            arrivals = spikes_ms[projection.sources[edge]] + delays[edge]
            self.events(end, float(weights[edge]), arrivals)

    def noise(
        self, entry: PoissonSynapses, node: int, cell: Compartments, spikes_s: list[Array]
    ) -> None:
        """Let the background synapses of one cell bring their spikes."""
        weight = float(entry.weights_us[node])
        for at, times in zip(entry.places(cell, node).tolist(), spikes_s, strict=True):
            section, x = int(cell.section[at]), float(cell.x[at])
            site = self.site((entry.target, node), section, x, entry.synapse)
            self.events(site, weight, times * 1e3)

    def watch(self, cell: tuple[str, int]) -> Any:
        """Return a connection that a cell of this process fires, and tell the others of it."""
        made = self.cells[cell].connection(None)
        if isinstance(self.cells[cell], NeuronCell):
            made.threshold = self.threshold_mv
        if self.ranks.several:
            number = self.first[cell[0]] + cell[1]
            self.ranks.context.set_gid2node(number, self.ranks.rank)
            self.ranks.context.cell(number, made)
        return made

    def from_cell(self, source: tuple[str, int], target: Any) -> Any:
        """Return a connection from a cell, wherever it is."""
        if self.ranks.several:
            return self.ranks.context.gid_connect(self.first[source[0]] + source[1], target)
        made = self.cells[source].connection(target)
        if isinstance(self.cells[source], NeuronCell):
            made.threshold = self.threshold_mv
        return made

    def events(self, end: Any, weight: float, arrivals_ms: Array) -> None:
        """Let spikes arrive at given times."""
        if arrivals_ms.size:
            made = self.h.NetCon(None, end)
            made.weight[0] = weight
            # Without what rounding left, jumps of one moment are of one moment.
            self.events_ms.append((made, np.round(arrivals_ms, 9)))

    def queue(self) -> None:
        """Hand the spikes from outside to NEURON; its queue is empty after every initialization."""
        for connection, arrivals in self.events_ms:
            for time in arrivals.tolist():
                connection.event(time)

    def clear(self) -> None:
        """Take all synapses out of NEURON."""
        self.events_ms.clear()
        self.connections.clear()
        self.sites.clear()

    def site(self, cell: tuple[str, int], section: int, x: float, synapse: Synapse) -> Any:
        """Return the conductance at a place of a cell.

        Raises
        ------
        SimulationError
            Where the cell has no sections.
        """
        tree = self.cells[cell]
        if not isinstance(tree, NeuronCell):
            raise SimulationError(f"cell {cell[1]} of {cell[0]!r} is a point, without conductances")
        branch = tree.sections[section]
        # The ends of a section are nodes of their own.
        segment = x if x in (0.0, 1.0) else int(x * branch.nseg)
        course = (synapse.tau_rise_s, synapse.tau_decay_s, synapse.reversal_mv)
        key = (*cell, section, segment, *course)
        if key not in self.sites:
            made = getattr(self.h, PREFIX + CONDUCTANCE)(branch(x))
            made.tau_rise, made.tau_decay = synapse.tau_rise_s * 1e3, synapse.tau_decay_s * 1e3
            made.e = synapse.reversal_mv
            self.sites[key] = made
        return self.sites[key]

    def _ends(self, projection: Edges) -> Iterator[tuple[int, Any]]:
        """Yield every edge that ends at a cell of this process, and what it ends in."""
        name, targets = projection.target, projection.targets
        mine = self.ranks.own(self.first[name] + targets)
        nodes = targets[mine].tolist()
        if isinstance(projection, JumpProjection):
            for edge, node in zip(mine.tolist(), nodes, strict=True):
                yield edge, getattr(self.cells[name, node], "cell", None)
            return
        ids, xs = projection.section_ids, projection.section_x
        if ids is None or xs is None:
            raise SimulationError(f"{projection!r}: its synapses have no places yet")
        places = zip(mine.tolist(), nodes, ids[mine].tolist(), xs[mine].tolist(), strict=True)
        for edge, node, section, x in places:
            yield edge, self.site((name, node), section, x, projection.synapse)


def _weights(projection: Edges) -> Array:
    """Return the weights in uS or mV, of all synapses of an edge together."""
    if isinstance(projection, JumpProjection):
        return projection.weights_mv.astype(float) * projection.n_synapses
    return projection.weights_us.astype(float)
