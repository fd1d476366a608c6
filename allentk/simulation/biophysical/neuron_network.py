"""Simulation of a network of compartmental cells, and point neurons among them, by NEURON."""

from __future__ import annotations

import time
from collections.abc import Collection

from allentk.data import NetworkResponse, StimulusTable
from allentk.models.sections import MAX_LENGTH_UM
from allentk.network import Network
from allentk.simulation.biophysical.neuron_network_plan import Plan
from allentk.simulation.biophysical.neuron_network_record import SOMA
from allentk.simulation.biophysical.neuron_network_run import run
from allentk.simulation.biophysical.neuron_ranks import Ranks
from allentk.simulation.biophysical.neuron_session import DT_S, session
from allentk.simulation.current import check_step, check_threshold
from allentk.simulation.network_request import cells_of, check_request

__all__ = ["simulate_network_neuron"]


def simulate_network_neuron(
    network: Network,
    stimulus_table: StimulusTable,
    *,
    dt_s: float = DT_S,
    record: Collection[str] = ("spikes",),
    seed: int = 0,
    spike_threshold_mv: float = -20.0,
    max_length_um: float = MAX_LENGTH_UM,
    progress: bool | None = None,
) -> NetworkResponse:
    """Run a network of compartmental cells, and point neurons among them, on what it is shown.

    Under ``mpiexec -n N`` the cells are shared out among N processes; see the page on NEURON.

    Parameters
    ----------
    network : Network
        Populations of ``BiophysicalModel``, their projections, virtual populations, background, and
        currents, which go into the middle of the soma. Point neurons are of GLIF level 1, and what ends
        at them are a ``JumpProjection``.
    stimulus_table : StimulusTable
        What is shown. The run lasts from 0 s to the end of the last presentation.
    dt_s : float
        Time step in seconds (backward Euler). Spikes from outside arrive at the nearest step.
    record : collection of str
        ``"spikes"`` (always kept), and variables of some nodes, written
        ``"<variable>:<population>:<node>,<node>,..."``: ``voltage_mv`` is that of the soma; with a place
        ``"voltage_mv dend[3](0.5):pyr:0"``, and ``cai_mM``, currents and states as of a single cell
        (`allentk.simulation.biophysical.neuron_record`), are in ``response.states``.
    seed : int
        Draws the spikes of virtual nodes and of the background. Where synapses sit follows from the
        projections alone, so that all trials run on one network.
    spike_threshold_mv : float
        A cell fires where the voltage of its soma rises above this, mV.
    max_length_um : float
        A section of length L has ``1 + 2 int(L / max_length_um)`` segments; 40 um is part of Allen's
        models.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    NetworkResponse
        Spikes of every population of cells, each at the end of the step that crosses the threshold,
        those of points at their own times; the conductance opens one delay later. Voltages are the
        membrane's own, at the end of every step: add 14 mV (``-junction_potential_mv``) to compare with a
        recording. Every process has the whole response.

    Raises
    ------
    SimulationError
        On point neurons of another level or with currents, models of different temperatures, a time step,
        seed or threshold that makes no sense, a network without cells, an empty table, an unknown record,
        a delay shorter than a step; where a voltage runs away, or processes started together find no MPI
        library.
    DataError
        Where a cell has no place for a synapse.

    Notes
    -----
    Every cell begins at its model's ``v_init_mv``, point neurons at rest. Connections watch the middle of
    the soma; synapses are those of NEURON's ``Exp2Syn``, weights are in uS. Point neurons are computed from
    event to event, as NEURON's ``IntFire1``. Events of one moment are added up first, and random streams
    belong to cells, so that the number of processes changes nothing.

    Spikes move with the step: in published cells on a steady current by up to 6 ms at 2.5e-5 s and 33 ms
    at 1e-4 s, against a step of 5e-6 s.

    References
    ----------
    Hines and Carnevale 1997, "The NEURON simulation environment", Neural Computation 9:1179-1209.

    Examples
    --------
    >>> from allentk.network import Synapse
    >>> ampa = Synapse(0.0005, 0.003, 0.0, sections=("dend",), distance_um=(0, 150))
    >>> pyr = Population("pyr", (fit.model_,), pd.DataFrame(index=range(10)))  # doctest: +SKIP
    >>> lgn = Population("lgn", (), nodes, source)  # doctest: +SKIP
    >>> edges = ConductanceProjection.from_edges(
    ...     "lgn", "pyr", sources, targets, 0.0005, 0.002, ampa, n_targets=10)  # doctest: +SKIP
    >>> simulate_network_neuron(Network([pyr, lgn], [edges]), gratings)  # doctest: +SKIP
    """
    wall, cpu = time.perf_counter(), time.process_time()
    check_request(network, stimulus_table, dt_s, seed)
    check_step(dt_s)
    check_threshold(spike_threshold_mv)
    plan = Plan.of(network, stimulus_table, dt_s, record, seed, spike_threshold_mv, max_length_um)
    with session() as h:
        ranks = Ranks(h)
        found = run(h, plan, ranks, progress)
        version = str(h.nrnversion(0))
    return NetworkResponse(
        spikes=found.spikes,
        duration_s=plan.duration_s,
        presentations=stimulus_table,
        nodes={population.name: population.nodes for population in cells_of(network)},
        voltage_mv=found.tables.pop(SOMA),
        states=found.tables,
        provenance={
            "engine": f"NEURON {version}",
            "network": network.name,
            "seed": seed,
            "dt_s": dt_s,
            "celsius": plan.celsius,
            "spike_threshold_mv": spike_threshold_mv,
            "max_length_um": max_length_um,
            "n_cells": network.n_cells,
            "n_edges": network.n_edges,
            "n_conductances": found.n_conductances,
            "n_processes": ranks.size,
            "duration_s": plan.duration_s,
            "cpu_s": time.process_time() - cpu,
            "wall_s": time.perf_counter() - wall,
        },
    )
