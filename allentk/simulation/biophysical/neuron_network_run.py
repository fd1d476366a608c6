"""A network of cells in NEURON, from its making to what it recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SpikeTrains
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network import PoissonSynapses
from allentk.progress import bar
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_inputs import background_spikes, virtual_spikes
from allentk.simulation.biophysical.neuron_network_plan import Plan
from allentk.simulation.biophysical.neuron_network_record import SOMA, Trace
from allentk.simulation.biophysical.neuron_point import PointCell
from allentk.simulation.biophysical.neuron_ranks import Ranks
from allentk.simulation.biophysical.neuron_session import LIMIT_MV, set_up
from allentk.simulation.biophysical.neuron_synapses import Wiring
from allentk.simulation.network_request import cells_of

__all__ = ["Found", "run"]

#: Steps between two looks at the voltages.
LOOK_STEPS = 400


Tables = dict[str, dict[str, pd.DataFrame]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a run gives: every process has the whole of it.

    ``tables`` are the recorded variables by name and population; ``n_conductances`` point processes are
    what all synapses of compartmental cells have come to.
    """

    spikes: dict[str, SpikeTrains]
    tables: Tables
    n_conductances: int


def run(h: Any, plan: Plan, ranks: Ranks, progress: bool | None) -> Found:
    """Build the network in NEURON, run it, and take it away again.

    Raises
    ------
    SimulationError
        Where a voltage runs away, or there is no such place to record from.
    """
    one = _Run(h, plan, ranks)
    try:
        with ranks.one_fate():
            with ranks.agreed():
                one.build()
            one.go(progress if ranks.rank == 0 else False)
            return one.found()
    finally:
        one.close()


class _Run:
    """Cells, synapses and what is recorded, in NEURON until they are closed."""

    def __init__(self, h: Any, plan: Plan, ranks: Ranks) -> None:
        self.h, self.plan, self.ranks = h, plan, ranks
        self.cells: dict[tuple[str, int], NeuronCell | PointCell] = {}
        self.wiring = Wiring(h, ranks, self.cells, plan.first, plan.threshold_mv)
        self.clamps: list[Any] = []
        self.watches: list[Any] = []
        self.spike_ms, self.spike_cell = h.Vector(), h.Vector()
        self.traces: dict[Trace, Any] = {}

    def build(self) -> None:
        """Make cells and synapses of this process, and what records them."""
        nodes = self.plan.nodes
        for number in self.ranks.own(np.arange(len(nodes))).tolist():
            name, node, model = nodes[number]
            self.cells[name, node] = self._made(model)
            watch = self.wiring.watch((name, node))
            watch.record(self.spike_ms, self.spike_cell, number)
            self.watches.append(watch)
        self._wire()
        self.clamps += self._clamps()
        for trace in self.plan.traces:
            cell = self.cells.get((trace.population, trace.node))
            if isinstance(cell, NeuronCell):
                reference, section = trace.reference(cell)
                self.traces[trace] = self.h.Vector().record(reference, sec=section)

    def _made(self, model: BiophysicalModel | GLIFParameters) -> NeuronCell | PointCell:
        if isinstance(model, BiophysicalModel):
            return NeuronCell(self.h, model, max_length_um=self.plan.max_length_um)
        return PointCell(self.h, model)

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
                    if (entry.target, node) in self.cells:
                        times = background_spikes(entry, number, node, plan.duration_s, plan.seed)
                        wiring.noise(entry, node, cell, times)

    def _clamps(self) -> Iterator[Any]:
        """Yield the injected currents; the ends of pulses fall on steps."""
        for current in self.plan.network.currents:
            for i, node in enumerate(current.nodes.tolist()):
                cell = self.cells.get((current.target, node))
                if not isinstance(cell, NeuronCell):
                    continue
                start, stop = np.rint(
                    np.clip([current.starts_s[i], current.stops_s[i]], 0, self.plan.duration_s)
                    / self.plan.dt_s
                )
                made = self.h.IClamp(cell.soma(0.5))
                made.delay = start * self.plan.dt_s * 1e3
                made.dur = (stop - start) * self.plan.dt_s * 1e3
                made.amp = current.amplitudes_pa[i] * 1e-3
                yield made

    def go(self, progress: bool | None) -> None:
        """Run from every cell's own beginning to the end."""
        self._initialize()
        n_steps, dt_s = self.plan.n_steps, self.plan.dt_s
        context = self.ranks.context
        with bar("simulating", total=n_steps * dt_s, unit="s", progress=progress) as shown:
            for first in range(0, n_steps, LOOK_STEPS):
                last = min(first + LOOK_STEPS, n_steps)
                # To the middle of a step, as rounding may lie on either side of its end.
                context.psolve((last - 0.5) * dt_s * 1e3)
                with self.ranks.agreed():
                    self._look(last)
                shown.update((last - first) * dt_s)
        # The voltage of a step is noted at the beginning of the next.
        context.psolve((n_steps + 0.5) * dt_s * 1e3)

    def close(self) -> None:
        """Take everything out of NEURON, whoever still holds this object."""
        self.h.finitialize()  # nothing must be on its way to a synapse that is no more
        if self.ranks.several:
            self.ranks.context.gid_clear()
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
            if isinstance(cell, NeuronCell):
                for section in cell.sections:
                    section.v = cell.model.parameters.v_init_mv
        # The queue is emptied by every initialization, which then asks for what comes from outside.
        queue = h.FInitializeHandler(self.wiring.queue)
        h.finitialize()
        del queue

    def _look(self, step: int) -> None:
        """Refuse to go on where a cell runs away."""
        for (name, node), cell in self.cells.items():
            if not isinstance(cell, NeuronCell):
                continue
            voltage = cell.soma(0.5).v
            if not abs(voltage) < LIMIT_MV:
                raise SimulationError(
                    f"the voltage of cell {node} of {name!r} is {voltage:.4g} mV at about "
                    f"{step * self.plan.dt_s:.4f} s: beyond {LIMIT_MV:g} mV, or no number; take a "
                    f"smaller dt_s, or look for a huge weight or current"
                )

    def found(self) -> Found:
        """Return what all processes have recorded."""
        n = self.plan.n_steps
        # The first value is that of the beginning.
        mine = {trace: np.array(made)[1 : n + 1] for trace, made in self.traces.items()}
        spikes = self.spike_ms.as_numpy().copy(), self.spike_cell.as_numpy().copy()
        rows = self.ranks.gather((spikes, mine, len(self.wiring.sites)))
        times, numbers = (np.concatenate([row[0][part] for row in rows]) for part in (0, 1))
        traces = {trace: values for row in rows for trace, values in row[1].items()}
        return Found(
            self._trains(times, numbers.astype(np.int64)),
            self._tables(traces),
            sum(row[2] for row in rows),
        )

    def _trains(
        self, times_ms: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> dict[str, SpikeTrains]:
        """Return the spikes of every population.

        Those of compartmental cells are at the ends of steps, those of points at their own times.
        """
        plan, found = self.plan, {}
        for population in cells_of(plan.network):
            ids = numbers - plan.first[population.name]
            mine = (ids >= 0) & (ids < len(population))
            times, ids = times_ms[mine], ids[mine]
            if population.compartmental:
                times = np.rint(times / (plan.dt_s * 1e3)) * plan.dt_s
            else:
                times = np.round(times, 9) * 1e-3
            order = np.lexsort((ids, times))
            order = order[times[order] <= plan.duration_s * (1 + 1e-12)]
            found[population.name] = SpikeTrains(times[order], ids[order], len(population))
        return found

    def _tables(self, traces: dict[Trace, NDArray[np.float64]]) -> Tables:
        """Return the recorded variables, one column per node."""
        clock = pd.Index((np.arange(self.plan.n_steps) + 1) * self.plan.dt_s, name="time_s")
        columns: dict[str, dict[str, dict[int, NDArray[np.float64]]]] = {SOMA: {}}
        for one in self.plan.traces:
            of = columns.setdefault(one.name, {}).setdefault(one.population, {})
            of[one.node] = traces[one]
        return {
            name: {
                population: pd.DataFrame(nodes, index=clock).rename_axis(columns="node")
                for population, nodes in populations.items()
            }
            for name, populations in columns.items()
        }
