"""Synapses of NEURON cells, and what is connected to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models.compartments import Compartments
from allentk.network import ConductanceProjection, PoissonSynapses, Synapse
from allentk.simulation.biophysical.neuron_cell import NeuronCell

__all__ = ["Wiring"]

Array = NDArray[np.float64]


@dataclass(slots=True)
class Wiring:
    """All synapses of a network of NEURON cells.

    Conductances of one time course and reversal potential in the same segment add up: they are one
    ``Exp2Syn``, to which every edge has a connection with its own weight and delay.

    Parameters
    ----------
    h : HocObject
        NEURON.
    cells : mapping
        The cell of every population and node.
    threshold_mv : float
        A cell's spike leaves where the voltage of its soma rises above this.
    """

    h: Any
    cells: Mapping[tuple[str, int], NeuronCell]
    threshold_mv: float
    sites: dict[tuple[object, ...], Any] = field(default_factory=dict)
    connections: list[Any] = field(default_factory=list)
    events_ms: list[tuple[Any, Array]] = field(default_factory=list)

    def connect(self, projection: ConductanceProjection, delays: Array) -> None:
        """Connect cells to cells: every edge has its place by now."""
        sites = self._sites_of(projection)
        for edge, source in enumerate(projection.sources.tolist()):
            made = self.from_cell((projection.source, source), sites[edge])
            made.delay = float(delays[edge])
            made.weight[0] = float(projection.weights_us[edge])
            self.connections.append(made)

    def feed(self, projection: ConductanceProjection, delays: Array, spikes_s: list[Array]) -> None:
        """Let every edge bring the spikes of its virtual node."""
        sites = self._sites_of(projection)
        for edge, source in enumerate(projection.sources.tolist()):
            arrivals = spikes_s[source] * 1e3 + delays[edge]
            self.events(sites[edge], float(projection.weights_us[edge]), arrivals)

    def noise(
        self, entry: PoissonSynapses, node: int, cell: Compartments, spikes_s: list[Array]
    ) -> None:
        """Let the background synapses of one cell bring their spikes."""
        weight = float(entry.weights_us[node])
        for at, times in zip(entry.places(cell, node).tolist(), spikes_s, strict=True):
            section, x = int(cell.section[at]), float(cell.x[at])
            site = self.site((entry.target, node), section, x, entry.synapse)
            self.events(site, weight, times * 1e3)

    def from_cell(self, source: tuple[str, int], target: Any) -> Any:
        """Return a connection that watches the soma of a cell; no target where it only records."""
        soma = self.cells[source].soma
        made = self.h.NetCon(soma(0.5)._ref_v, target, sec=soma)
        made.threshold = self.threshold_mv
        return made

    def events(self, site: Any, weight_us: float, arrivals_ms: Array) -> None:
        """Let spikes arrive at given times."""
        if arrivals_ms.size:
            made = self.h.NetCon(None, site)
            made.weight[0] = weight_us
            self.events_ms.append((made, arrivals_ms))

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
        """Return the conductance at a place of a cell."""
        branch = self.cells[cell].sections[section]
        # The ends of a section are nodes of their own.
        segment = x if x in (0.0, 1.0) else int(x * branch.nseg)
        course = (synapse.tau_rise_s, synapse.tau_decay_s, synapse.reversal_mv)
        key = (*cell, section, segment, *course)
        if key not in self.sites:
            made = self.h.Exp2Syn(branch(x))
            made.tau1, made.tau2 = synapse.tau_rise_s * 1e3, synapse.tau_decay_s * 1e3
            made.e = synapse.reversal_mv
            self.sites[key] = made
        return self.sites[key]

    def _sites_of(self, projection: ConductanceProjection) -> list[Any]:
        ids, xs = projection.section_ids, projection.section_x
        if ids is None or xs is None:
            raise SimulationError(f"{projection!r}: its synapses have no places yet")
        places = zip(projection.targets.tolist(), ids.tolist(), xs.tolist(), strict=True)
        return [
            self.site((projection.target, node), section, x, projection.synapse)
            for node, section, x in places
        ]
