"""A network of compartmental cells in NEURON, from its making to what it recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from allentk.data import SpikeTrains
from allentk.errors import SimulationError
from allentk.network import PoissonSynapses
from allentk.progress import bar
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_inputs import background_spikes, virtual_spikes
from allentk.simulation.biophysical.neuron_network_plan import Plan
from allentk.simulation.biophysical.neuron_session import LIMIT_MV, set_up
from allentk.simulation.biophysical.neuron_synapses import Wiring
from allentk.simulation.network_request import cells_of

__all__ = ["Found", "run"]

#: Steps between two looks at the voltages.
LOOK_STEPS = 400


@dataclass(frozen=True, slots=True)
class Found:
    """What a run gives."""

    spikes: dict[str, SpikeTrains]
    voltage_mv: dict[str, pd.DataFrame]
    n_conductances: int


def run(h: Any, plan: Plan, progress: bool | None) -> Found:
    """Build the network in NEURON, run it, and take it away again.

    Raises
    ------
    SimulationError
        Where a voltage runs away.
    """
    one = _Run(h, plan)
    try:
        one.build()
        one.go(progress)
        return Found(one.trains(), one.voltages(), len(one.wiring.sites))
    finally:
        one.close()


class _Run:
    """Cells, synapses and what is recorded, in NEURON until they are closed."""

    def __init__(self, h: Any, plan: Plan) -> None:
        self.h, self.plan = h, plan
        self.cells: dict[tuple[str, int], NeuronCell] = {}
        self.wiring = Wiring(h, self.cells, plan.threshold_mv)
        self.clamps: list[Any] = []
        self.watches: list[Any] = []
        self.spike_ms, self.spike_cell = h.Vector(), h.Vector()
        self.traces: dict[tuple[str, int], Any] = {}

    def build(self) -> None:
        """Make cells and synapses, and what records them."""
        for name, node, model in self.plan.nodes:
            length = self.plan.max_length_um
            self.cells[name, node] = NeuronCell(self.h, model, max_length_um=length)
        self._wire()
        self.clamps += self._clamps()
        for number, cell in enumerate(self.cells):
            watch = self.wiring.from_cell(cell, None)
            watch.record(self.spike_ms, self.spike_cell, number)
            self.watches.append(watch)
        for name, nodes in self.plan.watched.items():
            for node in nodes:
                soma = self.cells[name, node].soma
                self.traces[name, node] = self.h.Vector().record(soma(0.5)._ref_v)

    def _wire(self) -> None:
        plan, wiring = self.plan, self.wiring
        given = virtual_spikes(plan.network, plan.table, plan.duration_s, plan.seed)
        for projection, delays in plan.edges:
            if projection.source in given:
                wiring.feed(projection, delays, given[projection.source])
            else:
                wiring.connect(projection, delays)
        for number, entry in enumerate(plan.network.background):
            if isinstance(entry, PoissonSynapses):
                for node, cell in enumerate(plan.trees[entry.target]):
                    times = background_spikes(entry, number, node, plan.duration_s, plan.seed)
                    wiring.noise(entry, node, cell, times)

    def _clamps(self) -> Iterator[Any]:
        """Yield the injected currents; the ends of pulses fall on steps."""
        for current in self.plan.network.currents:
            for i, node in enumerate(current.nodes.tolist()):
                start, stop = np.rint(
                    np.clip([current.starts_s[i], current.stops_s[i]], 0, self.plan.duration_s)
                    / self.plan.dt_s
                )
                made = self.h.IClamp(self.cells[current.target, node].soma(0.5))
                made.delay = start * self.plan.dt_s * 1e3
                made.dur = (stop - start) * self.plan.dt_s * 1e3
                made.amp = current.amplitudes_pa[i] * 1e-3
                yield made

    def go(self, progress: bool | None) -> None:
        """Run from every cell's own beginning to the end."""
        self._initialize()
        n_steps, dt_s = self.plan.n_steps, self.plan.dt_s
        context = self.h.ParallelContext()
        with bar("simulating", total=n_steps * dt_s, unit="s", progress=progress) as shown:
            for first in range(0, n_steps, LOOK_STEPS):
                last = min(first + LOOK_STEPS, n_steps)
                # To the middle of a step, as rounding may lie on either side of its end.
                context.psolve((last - 0.5) * dt_s * 1e3)
                self._look(last)
                shown.update((last - first) * dt_s)
        # The voltage of a step is noted at the beginning of the next.
        context.psolve((n_steps + 0.5) * dt_s * 1e3)

    def close(self) -> None:
        """Take everything out of NEURON, whoever still holds this object."""
        self.h.finitialize()  # nothing must be on its way to a synapse that is no more
        self.watches.clear()
        self.clamps.clear()
        self.traces.clear()
        self.wiring.clear()
        self.cells.clear()

    def _initialize(self) -> None:
        h = self.h
        set_up(h, celsius=self.plan.celsius, variable=False)
        h.secondorder = 0
        h.dt = self.plan.dt_s * 1e3
        for cell in self.cells.values():
            for section in cell.sections:
                section.v = cell.model.parameters.v_init_mv
        # The queue is emptied by every initialization, which then asks for what comes from outside.
        queue = h.FInitializeHandler(self.wiring.queue)
        h.finitialize()
        del queue

    def _look(self, step: int) -> None:
        """Refuse to go on where a cell runs away."""
        for (name, node), cell in self.cells.items():
            voltage = cell.soma(0.5).v
            if not abs(voltage) < LIMIT_MV:
                raise SimulationError(
                    f"the voltage of cell {node} of {name!r} is {voltage:.4g} mV at about "
                    f"{step * self.plan.dt_s:.4f} s: beyond {LIMIT_MV:g} mV, or no number; take a "
                    f"smaller dt_s, or look for a huge weight or current"
                )

    def trains(self) -> dict[str, SpikeTrains]:
        """Return the spikes of every population."""
        nodes = list(self.cells)
        steps = np.rint(np.array(self.spike_ms) / (self.plan.dt_s * 1e3))
        numbers = np.array(self.spike_cell).astype(np.int64)
        order = np.lexsort((numbers, steps))
        order = order[steps[order] <= self.plan.n_steps]
        steps, numbers = steps[order], numbers[order]
        found = {}
        for population in cells_of(self.plan.network):
            first = nodes.index((population.name, 0))
            ids = numbers - first
            mine = (ids >= 0) & (ids < len(population))
            times = steps[mine] * self.plan.dt_s
            found[population.name] = SpikeTrains(times, ids[mine], len(population))
        return found

    def voltages(self) -> dict[str, pd.DataFrame]:
        """Return the recorded voltages of every population, one column per node."""
        clock = pd.Index((np.arange(self.plan.n_steps) + 1) * self.plan.dt_s, name="time_s")
        return {
            name: pd.DataFrame(
                {node: np.array(self.traces[name, node])[1 : clock.size + 1] for node in nodes},
                index=clock,
            ).rename_axis(columns="node")
            for name, nodes in self.plan.watched.items()
        }
