"""Simulation of a network of point neurons by NEST, on the same spikes and currents as ours."""

from __future__ import annotations

import time
from collections.abc import Collection

from allentk.data import NetworkResponse, StimulusTable
from allentk.network import Network
from allentk.progress import bar
from allentk.simulation.nest_background import AT_ONCE, Background
from allentk.simulation.nest_inputs import Given, counted
from allentk.simulation.nest_network import NestNetwork
from allentk.simulation.nest_session import microseconds, session
from allentk.simulation.network_arrays import Layout
from allentk.simulation.network_inputs import INPUT_WINDOW_S, GivenSpikes, clamps_of, windows
from allentk.simulation.network_request import (
    cells_of,
    check_points,
    check_request,
    n_steps_of,
    watched_nodes,
)
from allentk.simulation.network_tables import tables_of, trains_of, watched_seats
from allentk.simulation.population_request import threads_of

__all__ = ["simulate_network_nest"]


def simulate_network_nest(
    network: Network,
    stimulus_table: StimulusTable,
    *,
    dt_s: float = 1e-4,
    record: Collection[str] = ("spikes",),
    seed: int = 0,
    n_threads: int = 1,
    progress: bool | None = None,
) -> NetworkResponse:
    """Run a network of point neurons on NEST, from rest, on what it is shown.

    Parameters
    ----------
    network : Network
        Point neurons, projections, virtual populations, background and injected currents.
    stimulus_table : StimulusTable
        What is shown; the run lasts from 0 s to the end of the last presentation.
    dt_s : float
        Time step in seconds, a whole number of microseconds. Delays and refractory times are rounded to
        steps.
    record : collection of str
        ``"spikes"`` (always kept), and voltages of some nodes, written
        ``"voltage_mv:<population>:<node>,<node>,..."``.
    seed : int
        Draws the spikes of virtual nodes and of the background: the same as in ``simulate_network``.
    n_threads : int
        Threads of NEST; the result does not depend on it.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    NetworkResponse
        As of ``simulate_network``: a spike's time is the end of the crossing step. Voltages are absolute,
        at the end of every step; in a crossing step NEST shows the one the cell starts again with. Under
        MPI every process returns the spikes of its own cells.

    Raises
    ------
    MissingExtraError
        Where NEST is not installed.
    SimulationError
        On what ``simulate_network`` refuses before it runs; on a cell that NEST refuses, jumps of the
        voltage at cells of levels 2 to 5 or beside currents, and where NEST already holds a network.

    Notes
    -----
    NEST runs levels 2, 4 and 5 by a reset rule of its own and holds after-spike currents at their mean
    within a step; see ``docs/nest.md``.
    """
    check_request(network, stimulus_table, dt_s, seed)
    check_points(network, "NEST")
    threads = threads_of(n_threads)
    step_ms = microseconds(dt_s) / 1e3
    watched = watched_nodes(network, record)
    layout = Layout(network)
    n_steps = n_steps_of(stimulus_table, dt_s)
    seats = watched_seats(layout, [watched])
    cpu, wall = time.process_time(), time.perf_counter()
    with session(dt_s, threads) as nest:
        made = NestNetwork(nest, layout, dt_s, step_ms)
        made.add_clamps(clamps_of(layout, dt_s, n_steps), n_steps)
        meter = made.watch(seats)
        built = time.process_time() - cpu
        _run(made, stimulus_table, n_steps, seed, progress)
        step, cell = made.spikes(n_steps)
        voltage = made.voltages(meter, seats, n_steps)
        version, rank, n_ranks = nest.__version__, nest.Rank(), nest.num_processes
    return NetworkResponse(
        trains_of(layout, step, cell, dt_s),
        n_steps * dt_s,
        stimulus_table,
        nodes={population.name: population.nodes for population in cells_of(network)},
        voltage_mv=tables_of(layout, watched, seats, voltage, dt_s),
        provenance={
            "engine": f"NEST {version}",
            "network": network.name,
            "seed": seed,
            "dt_s": dt_s,
            "n_cells": network.n_cells,
            "n_edges": network.n_edges,
            "duration_s": n_steps * dt_s,
            "n_threads": threads,
            "rank": rank,
            "n_ranks": n_ranks,
            "build_cpu_s": built,
            "cpu_s": time.process_time() - cpu,
            "wall_s": time.perf_counter() - wall,
        },
    )


def _run(
    made: NestNetwork, table: StimulusTable, n_steps: int, seed: int, progress: bool | None
) -> None:
    """Run window by window, and on until the last step has been recorded."""
    layout, dt_s = made.layout, made.dt_s
    given = Given(GivenSpikes(layout, table, dt_s, seed))
    background = Background(made, seed)
    made.nest.Prepare()
    now = 0
    with bar("simulating", total=n_steps * dt_s, unit="s", progress=progress) as shown:
        for number, (first, last) in enumerate(windows(n_steps, dt_s)):
            stop_s = min((number + 1) * INPUT_WINDOW_S, n_steps * dt_s)
            row, step = given.draw(number, stop_s, last)
            made.give(counted(made.ids[row], step), made.late)
            stop = last + made.late - 1
            for start in range(now, stop, AT_ONCE):
                end = min(start + AT_ONCE, stop)
                background.give(min(end, n_steps))
                made.run(end - start)
            now = stop
            shown.update((last - first) * dt_s)
        made.run(made.late + 1)
    made.nest.Cleanup()
