"""A network of allentk made in NEST, and run there window by window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.network import JumpProjection, PoissonInput, Projection
from allentk.simulation.nest_cells import CellGroup, Receptors, cell_groups
from allentk.simulation.nest_edges import delay_steps, flat_edges
from allentk.simulation.nest_inputs import Steps, stairs
from allentk.simulation.network_arrays import Layout
from allentk.simulation.network_inputs import Clamps

__all__ = ["NestNetwork"]

Array = NDArray[np.float64]


@dataclass(slots=True)
class NestNetwork:
    """A network in NEST's kernel.

    Rows are those of the layout: cells first, virtual nodes after them. NEST's clock is `late` steps
    ahead of ours: a current of a generator needs a step and the delay of its connection to reach a cell,
    and a spike may be given at 0 s, which NEST has not.

    Parameters
    ----------
    nest : module
        NEST, its kernel empty.
    layout : Layout
        Where every population lies.
    dt_s : float
        Time step.
    step_ms : float
        The same, as NEST counts it.
    """

    nest: Any
    layout: Layout
    dt_s: float
    step_ms: float
    groups: list[CellGroup] = field(init=False)
    ids: Steps = field(init=False)
    local: NDArray[np.bool_] = field(init=False)
    shortest: int = field(init=False)
    recorder: Any = field(init=False)

    def __post_init__(self) -> None:
        network = self.layout.network
        self.groups = cell_groups(network, self.dt_s)
        projections = [
            p
            for p in network.projections
            if isinstance(p, Projection | JumpProjection) and p.n_edges
        ]
        self.shortest = min((int(delay_steps(p, self.dt_s).min()) for p in projections), default=1)
        n_rows = max(self.layout.first[p.name] + len(p) for p in network.populations)
        self.ids, self.local = np.zeros(n_rows, dtype=np.int64), np.ones(n_rows, dtype=bool)
        self.recorder = self.nest.Create("spike_recorder")
        for group in self.groups:
            self._make_cells(group)
        for population in network.populations:
            if population.virtual:
                made = self.nest.Create("spike_generator", len(population))
                first = self.layout.first[population.name]
                self.ids[first : first + len(population)] = np.atleast_1d(made.global_id)
        for projection in projections:
            self._connect(projection)

    def _make_cells(self, group: CellGroup) -> None:
        made = self.nest.Create(group.model, group.nodes.size, params=group.parameters)
        rows = self.layout.first[group.population] + group.nodes
        self.ids[rows] = np.atleast_1d(made.global_id)
        self.local[rows] = np.atleast_1d(made.local)
        self.nest.Connect(made, self.recorder, syn_spec={"delay": self._ms(self.shortest)})

    @property
    def late(self) -> int:
        """Steps that NEST's clock is ahead."""
        return self.shortest + 1

    def _ms(self, steps: int) -> float:
        return float(self._times([steps])[0])

    def _times(self, steps: Any) -> Array:
        # A whole number of microseconds over 1000 is the float that NEST takes for that time.
        times: Array = np.asarray(steps) * round(self.step_ms * 1e3) / 1e3
        return times

    def _connect(self, projection: Projection | JumpProjection) -> None:
        """Connect the edges that end at cells of this process (all of them, but under MPI)."""
        pre, post = self.layout.first[projection.source], self.layout.first[projection.target]
        receptors = Receptors.of(self.layout.network, projection.target)
        for edges in flat_edges(projection, receptors, self.dt_s):
            here = self.local[post + edges.target]
            if here.any():
                self._join(
                    self.ids[pre + edges.source[here]],
                    self.ids[post + edges.target[here]],
                    edges.weight[here],
                    edges.delay[here],
                    edges.port,
                )

    def _join(
        self, sources: Steps, targets: Steps, weight: Array, delay: Steps, port: int | None
    ) -> None:
        synapse: dict[str, Any] = {"weight": weight, "delay": self._times(delay)}
        if port is not None:
            synapse["receptor_type"] = np.full(weight.size, port)
        self.nest.Connect(sources, targets, "one_to_one", synapse)

    def add_background(self, entry: PoissonInput) -> Steps:
        """Make a generator for every cell of a population; return their ids.

        Their spikes are given at the step after the one in which they count; see `give`.
        """
        made = np.atleast_1d(self.nest.Create("spike_generator", entry.rates_hz.size).global_id)
        rows = self.layout.first[entry.target] + np.arange(made.size)
        port, factor = Receptors.of(self.layout.network, entry.target).port(entry.receptor)
        here = self.local[rows]
        if here.any():
            delay = np.full(made.size, self.shortest)
            self._join(
                made[here], self.ids[rows[here]], entry.weights_pa[here] * factor, delay[here], port
            )
        return np.asarray(made, dtype=np.int64)

    def add_clamps(self, clamps: Clamps, n_steps: int) -> None:
        """Inject all currents."""
        for cell in np.unique(clamps.cell):
            moves, values = stairs(clamps, int(cell), n_steps)
            if not moves.size:
                continue
            source = self.nest.Create(
                "step_current_generator",
                params={"amplitude_times": self._times(moves + 1), "amplitude_values": values},
            )
            target = self.nest.NodeCollection([int(self.ids[cell])])
            self.nest.Connect(source, target, syn_spec={"delay": self._ms(self.shortest)})

    def watch(self, rows: Steps) -> Any:
        """Record voltages at every step; return the meter."""
        meter = self.nest.Create(
            "multimeter", params={"record_from": ["V_m"], "interval": self._ms(1)}
        )
        if rows.size:
            cells = self.nest.NodeCollection(np.sort(self.ids[rows]))
            self.nest.Connect(meter, cells, syn_spec={"delay": self._ms(self.shortest)})
        return meter

    def give(self, spikes: Iterable[tuple[int, Steps, Steps]], late: int) -> None:
        """Hand spikes to generators, `late` steps after the given ones.

        Parameters
        ----------
        spikes : iterable of (int, ndarray, ndarray)
            Of each generator its id, the steps of its spikes, and how many there are in each.
        """
        ordered = sorted(spikes, key=itemgetter(0))
        if ordered:
            self.nest.NodeCollection([generator for generator, *_ in ordered]).set(
                [
                    {"spike_times": self._times(step + late), "spike_multiplicities": count}
                    for _, step, count in ordered
                ]
            )

    def run(self, steps: int) -> None:
        """Run for some steps."""
        if steps > 0:
            self.nest.Run(self._ms(steps))

    def spikes(self, n_steps: int) -> tuple[Steps, Steps]:
        """Return crossing step and row of all spikes, sorted."""
        rows = self._rows(self.recorder.events["senders"])
        steps = self._steps(self.recorder.events["times"])
        inside = (steps >= 0) & (steps < n_steps)
        rows, steps = rows[inside], steps[inside]
        order = np.lexsort((rows, steps))
        return steps[order], rows[order]

    def voltages(self, meter: Any, rows: Steps, n_steps: int) -> Array:
        """Return what a meter saw, shape (n_rows, n_steps); NaN where another process has the cell."""
        found = np.full((rows.size, n_steps), np.nan)
        place = np.full(self.ids.size, -1)
        place[rows] = np.arange(rows.size)
        events = meter.events
        steps = self._steps(events["times"])
        inside = (steps >= 0) & (steps < n_steps)
        at = place[self._rows(events["senders"][inside])]
        found[at, steps[inside]] = events["V_m"][inside]
        for group in self.groups:
            mine = place[self.layout.first[group.population] + group.nodes]
            found[mine[mine >= 0]] += group.rest_mv
        return found

    def _rows(self, senders: Steps) -> Steps:
        row_of = np.zeros(int(self.ids.max()) + 1, dtype=np.int64)
        row_of[self.ids] = np.arange(self.ids.size)
        rows: Steps = row_of[np.asarray(senders, dtype=np.int64)]
        return rows

    def _steps(self, times_ms: Array) -> Steps:
        ends = np.rint(np.asarray(times_ms) / self.step_ms).astype(np.int64)
        return ends - 1 - self.late
