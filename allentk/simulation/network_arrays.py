"""A network laid out flat, as the compiled kernel wants it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.network import Network, PoissonInput, Population, Projection
from allentk.simulation.glif_propagator import propagator
from allentk.simulation.network_kernels import Cells, Edges, Noise, State, alpha_gains

__all__ = ["MAX_SPAN", "Layout", "cells_of", "edges_of", "noise_of", "rest", "span_and_slots"]

#: Steps run at once where no delay asks for less.
MAX_SPAN = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """Where every population lies: cells first, virtual nodes after them, and ports by time constant."""

    network: Network
    first: dict[str, int] = field(default_factory=dict)
    ports: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ordered = sorted(self.network.populations, key=lambda population: population.virtual)
        at = 0
        for population in ordered:
            self.first[population.name] = at
            self.ports[population.name] = []
            at += len(population)
        entries = [(p.target, p.receptor) for p in self.projections]
        entries += [(p.target, p.receptor) for p in self.background]
        for target, receptor in entries:
            if receptor.tau_s not in self.ports[target]:
                self.ports[target].append(receptor.tau_s)

    @property
    def projections(self) -> list[Projection]:
        """Projections that end at point neurons."""
        return [p for p in self.network.projections if isinstance(p, Projection)]

    @property
    def background(self) -> list[PoissonInput]:
        """Background of point neurons."""
        return [entry for entry in self.network.background if isinstance(entry, PoissonInput)]

    @property
    def n_ports(self) -> int:
        """Ports per cell, the same for all: the most that a population needs."""
        return max(1, *(len(taus) for taus in self.ports.values()))

    @property
    def n_nodes(self) -> int:
        """Cells and virtual nodes."""
        return sum(len(population) for population in self.network.populations)

    def cells(self) -> Iterable[Population]:
        """Yield the populations of cells, in the order of the layout."""
        return (population for population in self.network.populations if not population.virtual)

    def node(self, row: int) -> tuple[str, int]:
        """Return the population and the node that lie at a row."""
        name = max(
            (n for n, first in self.first.items() if first <= row), key=self.first.__getitem__
        )
        return name, row - self.first[name]

    def port(self, target: str, tau_s: float) -> int:
        """Return the port of a receptor at the cells of a population."""
        return self.ports[target].index(tau_s)


def _constants(
    model: GLIFParameters, taus: list[float], dt: float, n_asc: int
) -> dict[str, object]:
    """Return the constants of one model; unused currents and ports stay without effect."""
    step = propagator(model, dt)
    gains = [alpha_gains(dt, model.tau_m_s, other) for other in taus]

    def filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([values, np.zeros(n_asc - values.size)])

    return {
        "gain": model.R_mohm * 1e-3,
        "leak": step.leak,
        "th_inf": step.th_inf,
        "n_ref": step.n_ref,
        "reset_a": step.reset_a,
        "reset_b": step.reset_b,
        "ths_a": step.ths_add,
        "ths_decay": step.ths_decay,
        "ths_rest": step.ths_keep,
        "thv_decay": step.thv_decay,
        "thv_of_v": step.thv_of_v,
        "thv_of_current": step.thv_of_current,
        "asc_amp": filled(step.asc_amp),
        "asc_keep": filled(step.asc_keep),
        "asc_decay": filled(step.asc_decay),
        "asc_push": filled(step.asc_push),
        "thv_of_asc": filled(step.thv_of_asc),
        "port_decay": np.exp(-dt / np.array(taus)),
        "port_rise_gain": np.array([rise for _, rise in gains]),
        "port_gain": np.array([flow for flow, _ in gains]),
    }


def cells_of(layout: Layout, dt_s: float) -> Cells:
    """Return the constants of all cells."""
    n_asc = max(
        (
            len(model.asc_amp_pa)
            for population in layout.cells()
            for model in population.point_models
        ),
        default=0,
    )
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in Cells._fields}
    for population in layout.cells():
        taus = layout.ports[population.name]
        taus = taus + [1.0] * (layout.n_ports - len(taus))
        rows = [_constants(model, taus, dt_s, n_asc) for model in population.point_models]
        index = population.nodes["model"].to_numpy()
        for name in Cells._fields:
            parts[name].append(np.array([row[name] for row in rows])[index])
    return Cells(**{name: np.concatenate(of) for name, of in parts.items()})


def rest(cells: Cells, n_slots: int) -> State:
    """Return all cells at rest, with nothing on its way."""
    n, n_ports = cells.port_decay.shape
    return State(
        v=np.zeros(n),
        ths=np.zeros(n),
        thv=np.zeros(n),
        silent=np.zeros(n, dtype=np.int64),
        asc=np.zeros(cells.asc_amp.shape),
        rise=np.zeros((n, n_ports)),
        flow=np.zeros((n, n_ports)),
        ring=np.zeros((n, n_ports, n_slots)),
        current=np.zeros(n),
    )


def _delay_steps(projection: Projection, dt_s: float) -> NDArray[np.int32]:
    steps = np.rint(projection.delays_s.astype(float) / dt_s).astype(np.int32)
    if steps.size and steps.min() < 1:
        at = int(steps.argmin())
        raise SimulationError(
            f"{projection!r}: the delay of edge {at}, {projection.delays_s[at]:g} s, is shorter than "
            f"the time step of {dt_s:g} s; take a smaller dt_s or a longer delay"
        )
    return steps


def edges_of(layout: Layout, dt_s: float) -> Edges:
    """Return all edges sorted by source.

    Raises
    ------
    SimulationError
        On a delay shorter than a step.
    """
    parts: list[tuple[NDArray[np.generic], ...]] = []
    for projection in layout.projections:
        tau = projection.receptor.tau_s
        parts.append(
            (
                layout.first[projection.source] + projection.sources.astype(np.int64),
                (layout.first[projection.target] + projection.targets).astype(np.int32),
                np.full(projection.n_edges, layout.port(projection.target, tau), dtype=np.int8),
                _delay_steps(projection, dt_s),
                projection.weights_pa.astype(float) * projection.n_synapses * (math.e / tau),
            )
        )
    kinds = (np.int64, np.int32, np.int8, np.int32, np.float64)
    source, target, port, delay, weight = (
        np.concatenate([np.empty(0, kind), *(part[i] for part in parts)]).astype(kind)
        for i, kind in enumerate(kinds)
    )
    order = np.argsort(source, kind="stable")
    counts = np.bincount(source, minlength=layout.n_nodes)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Edges(indptr, target[order], port[order], delay[order], weight[order])


def span_and_slots(edges: Edges, n_cells: int) -> tuple[int, int]:
    """Return the steps that cells may run on their own, and the slots that their input needs."""
    inner = edges.delay[: edges.indptr[n_cells]]
    span = min(MAX_SPAN, int(inner.min())) if inner.size else MAX_SPAN
    longest = int(edges.delay.max()) if edges.delay.size else 1
    return span, 2 ** math.ceil(math.log2(span + longest + 2))


def noise_of(layout: Layout, dt_s: float, seed: int) -> Noise:
    """Return the background trains of all cells; each has a random stream of its own."""
    cell, port, weight, interval, first, random = [], [], [], [], [], []
    for number, entry in enumerate(layout.background):
        n = entry.rates_hz.size
        tau = entry.receptor.tau_s
        streams = np.random.SeedSequence(seed, spawn_key=(1, number)).spawn(2)
        cell.append(layout.first[entry.target] + np.arange(n))
        port.append(np.full(n, layout.port(entry.target, tau), dtype=np.int8))
        weight.append(entry.weights_pa * (math.e / tau))
        steps = np.divide(
            1.0, entry.rates_hz * dt_s, out=np.full(n, np.inf), where=entry.rates_hz > 0
        )
        interval.append(steps)
        # A draw of exactly 0 times an endless interval would be no number.
        first.append(
            steps * np.maximum(np.random.default_rng(streams[0]).exponential(size=n), 1e-300)
        )
        random.append(streams[1].generate_state(n, np.uint64))
    n_cells = layout.network.n_cells
    if not cell:
        nothing = np.empty(0)
        return Noise(
            np.zeros(n_cells + 1, dtype=np.int64),
            nothing.astype(np.int8),
            nothing,
            nothing,
            nothing,
            nothing.astype(np.uint64),
        )
    owner = np.concatenate(cell)
    order = np.argsort(owner, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n_cells))])
    columns = (np.concatenate(of)[order] for of in (port, weight, interval, first, random))
    return Noise(indptr.astype(np.int64), *columns)
