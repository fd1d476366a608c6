"""Simulation of a network of GLIF neurons by the compiled kernel."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import SimulationError
from allentk.network import Network, Projection
from allentk.progress import bar
from allentk.simulation.network_arrays import (
    Layout,
    cells_of,
    edges_of,
    noise_of,
    rest,
    span_and_slots,
)
from allentk.simulation.network_inputs import GivenSpikes, clamps_of, windows
from allentk.simulation.network_kernels import ABOVE_THRESHOLD, advance
from allentk.simulation.network_request import check_request, watched_nodes
from allentk.simulation.source_spikes import INPUT_WINDOW_S

__all__ = ["simulate_network"]

#: Spikes held in one buffer, besides those of one span.
BUFFER = 1 << 18

Steps = NDArray[np.int64]


def simulate_network(
    network: Network,
    stimulus_table: StimulusTable,
    *,
    dt_s: float = 1e-4,
    record: Collection[str] = ("spikes",),
    seed: int = 0,
    progress: bool | None = None,
) -> NetworkResponse:
    """Run a network of GLIF neurons, from rest, on what it is shown.

    Parameters
    ----------
    network : Network
        Cells of any levels, projections, virtual populations, background and injected currents.
    stimulus_table : StimulusTable
        What is shown; between presentations the screen is gray. The run lasts from 0 s to the end of the
        last presentation.
    dt_s : float
        Time step in seconds. Delays and refractory times are rounded to steps.
    record : collection of str
        ``"spikes"`` (always kept), and voltages of some nodes, written
        ``"voltage_mv:<population>:<node>,<node>,..."``.
    seed : int
        Draws the spikes of virtual nodes and of the background; the result depends on nothing else.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    NetworkResponse
        Spikes of every population of cells. A spike's time is the end of the crossing step, its synaptic
        currents begin one delay later. Voltages are absolute, at the end of every step.

    Raises
    ------
    SimulationError
        On cells with compartments, a time step or seed that makes no sense, a network without cells, an
        empty table, an unknown record, a delay shorter than a step; where a cell starts again above its
        threshold, or a state is no longer finite.

    Notes
    -----
    Voltages and alpha currents follow the exact solution within a step, as in ``simulate_glif``; the
    voltage-dependent threshold of level 5 sees the synaptic current held at its value at the step's
    begin.

    Examples
    --------
    >>> from allentk.models import GLIFParameters
    >>> from allentk.network import CurrentClamp, Population, visual
    >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> cells = Population("exc", (cell,), pd.DataFrame(index=range(2)))
    >>> pulse = CurrentClamp("exc", [0], [200.0], [0.1], [0.3])
    >>> simulate_network(Network([cells], currents=[pulse]), visual.gray(0.5)).spikes["exc"]
    <SpikeTrains: 12 spikes of 2 cells>
    """
    wall, cpu = time.perf_counter(), time.process_time()
    check_request(network, stimulus_table, dt_s, seed)
    _check_points(network)
    layout = Layout(network)
    run = _Run(layout, stimulus_table, dt_s, seed, watched_nodes(network, record))
    steps, cells = run.go(progress)
    duration = run.n_steps * dt_s
    return NetworkResponse(
        spikes=_trains(layout, steps, cells, dt_s),
        duration_s=duration,
        presentations=stimulus_table,
        nodes={population.name: population.nodes for population in layout.cells()},
        voltage_mv=_voltages(layout, run),
        provenance={
            "engine": "allentk GLIF network",
            "network": network.name,
            "seed": seed,
            "dt_s": dt_s,
            "n_cells": network.n_cells,
            "n_edges": network.n_edges,
            "duration_s": duration,
            "cpu_s": time.process_time() - cpu,
            "wall_s": time.perf_counter() - wall,
        },
    )


def _check_points(network: Network) -> None:
    """Refuse cells with compartments."""
    others = [population.name for population in network.populations if population.compartmental]
    if others:
        raise SimulationError(
            f"the GLIF engine runs point neurons; the cells of {others} have compartments: use "
            f"backend='neuron'"
        )
    other = [
        p for p in network.projections if not isinstance(p, Projection) or len(p.receptor.parts) > 1
    ]
    if other:
        raise SimulationError(f"{other[0]!r}: jumps and double alpha currents are not run here yet")


class _Run:
    """One run: the arrays of the kernel, and the loop over windows."""

    def __init__(
        self,
        layout: Layout,
        table: StimulusTable,
        dt_s: float,
        seed: int,
        watched: dict[str, list[int]],
    ) -> None:
        self.layout, self.dt_s = layout, dt_s
        self.n_steps = math.ceil(table.duration_s / dt_s - 1e-6)
        self.cells = cells_of(layout, dt_s)
        self.edges = edges_of(layout, dt_s)
        self.noise = noise_of(layout, dt_s, seed)
        self.span, n_slots = span_and_slots(self.edges, layout.network.n_cells)
        self.state = rest(self.cells, n_slots)
        self.clamps = clamps_of(layout, dt_s, self.n_steps)
        self.given = GivenSpikes(layout, table, dt_s, seed)
        self.columns = [(name, node) for name, nodes in watched.items() for node in nodes]
        rows = [layout.first[name] + node for name, node in self.columns]
        self.watched = np.full(layout.network.n_cells, -1, dtype=np.int64)
        self.watched[rows] = np.arange(len(rows))
        self.voltage = np.empty((len(rows), self.n_steps if rows else 0))

    def go(self, progress: bool | None) -> tuple[Steps, Steps]:
        """Run to the end; return the step and the cell of every spike, sorted."""
        steps, cells = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        total = self.n_steps * self.dt_s
        with bar("simulating", total=total, unit="s", progress=progress) as shown:
            for number, (first, last) in enumerate(windows(self.n_steps, self.dt_s)):
                for some_steps, some_cells in self._window(number, first, last):
                    steps.append(some_steps)
                    cells.append(some_cells)
                shown.update((last - first) * self.dt_s)
        step, cell = np.concatenate(steps), np.concatenate(cells)
        order = np.lexsort((cell, step))
        return step[order], cell[order]

    def _window(self, number: int, first: int, last: int) -> Iterator[tuple[Steps, Steps]]:
        """Run one window; yield the spikes whenever the buffer is full, and at the end."""
        size = BUFFER + self.watched.size * self.span
        spikes = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
        stop_s = min((number + 1) * INPUT_WINDOW_S, self.n_steps * self.dt_s)
        grid, node = self.given.draw(number, stop_s)
        fault = np.zeros(3, dtype=np.int64)
        for step, stop in self.clamps.pieces(first, last):
            self.clamps.fill(self.state.current, step)
            now = step
            while now < stop:
                began = now
                now, count, used = advance(
                    self.cells,
                    self.state,
                    self.edges,
                    self.noise,
                    self.dt_s,
                    self.span,
                    began,
                    stop,
                    grid,
                    node,
                    *spikes,
                    self.watched,
                    self.voltage[:, began:stop],
                    fault,
                )
                if fault[0]:
                    raise SimulationError(self._fault(fault))
                grid, node = grid[used:], node[used:]
                yield spikes[0][:count].copy(), spikes[1][:count].copy()
        self.given.waiting = grid, node

    def _fault(self, fault: Steps) -> str:
        kind, cell, step = (int(value) for value in fault)
        name, node = self.layout.node(cell)
        where = f"cell {node} of {name!r} at about {step * self.dt_s:.4f} s"
        if kind == ABOVE_THRESHOLD:
            return (
                f"{where} is above its threshold right after a spike and would fire without end; mend "
                f"the reset rule or the threshold of its model"
            )
        return (
            f"the state of {where} is not finite; look for a huge weight or current, or a model "
            f"that runs away"
        )


def _trains(layout: Layout, step: Steps, cell: Steps, dt_s: float) -> dict[str, SpikeTrains]:
    trains = {}
    for population in layout.cells():
        ids = cell - layout.first[population.name]
        mine = (ids >= 0) & (ids < len(population))
        times = np.asarray((step[mine] + 1) * dt_s, dtype=float)
        trains[population.name] = SpikeTrains(times, ids[mine], len(population))
    return trains


def _voltages(layout: Layout, run: _Run) -> dict[str, pd.DataFrame]:
    """Return the recorded voltages, absolute, one column per node."""
    tables = {}
    clock = pd.Index((np.arange(run.voltage.shape[1]) + 1) * run.dt_s, name="time_s")
    for population in layout.cells():
        nodes = [node for name, node in run.columns if name == population.name]
        if not nodes:
            continue
        resting = np.array([model.E_L_mv for model in population.point_models])
        e_l = resting[population.nodes["model"].to_numpy()[nodes]]
        rows = run.watched[layout.first[population.name] + np.array(nodes)]
        tables[population.name] = pd.DataFrame(
            run.voltage[rows].T + e_l, index=clock, columns=pd.Index(nodes, name="node")
        )
    return tables
