"""Simulation of a network of GLIF neurons by the compiled kernels."""

from __future__ import annotations

import math
import time
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import SimulationError
from allentk.network import Network
from allentk.simulation.network_arrays import Layout
from allentk.simulation.network_request import Record, check_points, check_request, record_of
from allentk.simulation.network_run import NetworkRun
from allentk.simulation.network_tables import tables_of, trains_of, watched_seats
from allentk.simulation.population_request import threads_of

__all__ = ["simulate_network"]

Steps = NDArray[np.int64]


def simulate_network(
    network: Network,
    stimulus_table: StimulusTable,
    *,
    dt_s: float = 1e-4,
    record: Collection[str] = ("spikes",),
    seed: int = 0,
    n_threads: int = 1,
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
        ``"spikes"`` (always kept); voltages or synaptic currents of some nodes,
        ``"voltage_mv:<population>:<node>,<node>,..."`` or
        ``"synaptic_current_pa:<population>:<node>,..."``; rates of a population in bins of 0.01 s or
        others, ``"rate_hz:<population>"`` or ``"rate_hz:<population>:<bin in seconds>"``.
    seed : int
        Draws the spikes of virtual nodes and of the background; the result depends on nothing else.
    n_threads : int
        Threads to run on; the result is the same. They wait for each other once in the shortest delay
        between cells, without using the processor: of use for networks of some thousand cells.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    NetworkResponse
        Spikes of every population of cells. A spike's time is the end of the crossing step; its synaptic
        currents begin, and its jumps of the voltage happen, one delay later. Voltages are absolute, at
        the end of every step; synaptic currents are those at the begin of the step that ends there.

    Raises
    ------
    SimulationError
        On cells with compartments, a time step, seed or number of threads that makes no sense, a network
        without cells, an empty table, an unknown record, a delay shorter than a step, a rate
        of the background beyond all that synapses bring; where a cell starts
        again above its threshold, or a state is no longer finite.

    Notes
    -----
    Voltages and alpha currents follow the exact solution within a step, as in ``simulate_glif``; the
    voltage-dependent threshold of level 5 sees the synaptic current held at its value at the step's
    begin. A jump of the voltage may cross the threshold at once; a refractory cell does not take it.

    Weights times numbers of synapses are kept to 24 bits. The background of a cell is drawn as a Poisson
    count per step, of a stream of its own, so that its events begin at the begin of a step; NEST's
    ``poisson_generator`` does the same, and its events arrive one delay later.

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
    check_points(network, "the GLIF engine")
    threads = threads_of(n_threads)
    wanted = record_of(network, record)
    _check_bins(wanted, dt_s)
    layout = Layout(network)
    seats = watched_seats(layout, wanted.nodes.values())
    run = NetworkRun(layout, stimulus_table, dt_s, seed, seats, set(wanted.nodes), threads)
    steps, cells = run.go(progress)
    duration = run.n_steps * dt_s
    spikes = trains_of(layout, steps, cells, dt_s)
    return NetworkResponse(
        spikes=spikes,
        duration_s=duration,
        presentations=stimulus_table,
        nodes={population.name: population.nodes for population in layout.cells()},
        voltage_mv=_voltages(layout, wanted, seats, run),
        synaptic_current_pa=tables_of(
            layout, wanted.of("synaptic_current_pa"), seats, run.current, dt_s
        ),
        population_rate_hz={
            name: _rate(spikes[name], bin_s, duration) for name, bin_s in wanted.rate_bins_s.items()
        },
        provenance={
            "engine": "allentk GLIF network",
            "network": network.name,
            "seed": seed,
            "dt_s": dt_s,
            "n_threads": threads,
            "n_cells": network.n_cells,
            "n_edges": network.n_edges,
            "duration_s": duration,
            "cpu_s": time.process_time() - cpu,
            "wall_s": time.perf_counter() - wall,
        },
    )


def _check_bins(wanted: Record, dt_s: float) -> None:
    """Refuse bins that hold no step: there could be more of them than memory."""
    for name, bin_s in wanted.rate_bins_s.items():
        if bin_s < dt_s * (1 - 1e-9):
            raise SimulationError(
                f"cannot record 'rate_hz:{name}:{bin_s:g}': a bin must be a time step of {dt_s:g} s or "
                f"longer"
            )


def _rate(trains: SpikeTrains, bin_s: float, duration_s: float) -> pd.Series:
    """Return spikes per second and cell in bins, by where each begins; the last may be a shorter one."""
    n = max(1, math.ceil(duration_s / bin_s - 1e-9))
    # A time on an edge, but for rounding, belongs to the bin that begins there.
    places = np.floor(trains.times_s / bin_s + 1e-6).astype(np.int64)
    counts = np.bincount(np.minimum(places, n - 1), minlength=n)
    start = bin_s * np.arange(n)
    lasts = np.minimum(start + bin_s, duration_s) - start
    rate = counts / (lasts * trains.n_cells)
    return pd.Series(rate, index=pd.Index(start, name="time_s"), name="rate_hz")


def _voltages(
    layout: Layout, wanted: Record, seats: Steps, run: NetworkRun
) -> dict[str, pd.DataFrame]:
    """Return the recorded voltages, absolute."""
    tables = tables_of(layout, wanted.of("voltage_mv"), seats, run.voltage, run.dt_s)
    for name, table in tables.items():
        population = layout.network.population(name)
        resting = np.array([model.E_L_mv for model in population.point_models])
        table += resting[population.nodes["model"].to_numpy()[table.columns]]
    return tables
