"""Cells with channels everywhere, without NEURON and without a C compiler.

`simulate_tree` runs a model; `TreeCell` runs many parameter sets of one cell, as a fit needs. The
equations, their discretisation in space and the order of operations within a step are NEURON's (fixed
step, backward Euler or second order), so that spikes come at the same times: see
`benchmarks/tree_speed.py`.

References
----------
Hines 1984, "Efficient computation of branched nerve equations", International Journal of Bio-Medical
Computing 15:69-76, for the solution of the tree and the staggered second-order step.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike

from allentk.data import Response, Stimulus, Sweep
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel
from allentk.models.compartments import Compartments, compartments
from allentk.simulation.biophysical.tree_cell import METHODS, Method, TreeCell, TreeRun
from allentk.simulation.current import (
    check_clock,
    check_threshold,
    current_of,
    described,
    divided_step_s,
)

__all__ = ["DT_S", "METHODS", "TreeCell", "TreeRun", "simulate_tree"]

#: Time step where none is given, and the longest that is taken unasked.
DT_S = 2.5e-5
_LOCATION = re.compile(
    r"(?:voltage_mv |v )?([A-Za-z_0-9]+)(\[\d+\])?\((\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)\)"
)


def simulate_tree(
    model: BiophysicalModel,
    stimulus: Stimulus | Sweep | ArrayLike,
    *,
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    method: Method | None = None,
    record: str | Collection[str] = ("spikes",),
    spike_threshold_mv: float = -20.0,
    throw: bool = True,
) -> Response:
    """Run one biophysical cell, channels everywhere; current goes into the middle of the soma.

    Parameters
    ----------
    model : BiophysicalModel
        The cell.
    stimulus : Stimulus, Sweep or array_like, shape (n_samples,)
        The current, which may be that of a recorded sweep; an array is in pA. Sample k acts from ``k
        dt_s`` to ``(k + 1) dt_s``.
    dt_s : float, optional
        Step in seconds; by default 2.5e-5, or the sampling interval of a sweep or an array divided until
        it is no longer than that.
    sampling_rate_hz : float, optional
        Samples per second of an array.
    method : {"second-order", "fixed"}, optional
        Crank-Nicolson with staggered gates, which is the default, or implicit Euler.
    record : str or collection of str
        Places whose voltage is kept besides the soma's, such as ``"dend[3](0.5)"``, in `states` under
        ``"voltage_mv dend[3](0.5)"``.
    spike_threshold_mv : float
        The soma spikes where its voltage reaches this from below, in mV of the model.
    throw : bool
        Raise where the run cannot go on; otherwise voltages are NaN from there on, and the response says
        why in its ``reason``.

    Returns
    -------
    Response
        ``voltage_mv[k]`` is the membrane voltage of the middle of the soma at ``k dt_s``, beginning with
        ``v_init_mv``. It is corrected for the liquid junction potential: add 14 mV
        (``-junction_potential_mv``) to compare with a recording. A spike is at the first sample at or
        above the threshold after one below.

    Raises
    ------
    SimulationError
        On a current, clock, method or place that cannot be, or, with `throw`, a run that cannot go on.
    DataError
        Where the reconstruction cannot be cut into compartments.

    Notes
    -----
    Largest errors of spike times of three published all-active cells, 18 to 24 spikes, against CVODE with
    a tolerance of 1e-6: second order 0.2 to 1.3 ms at 2.5e-5 s and 0.8 to 10 ms at 5e-5 s, Euler 2.6 to
    24 ms at 2.5e-5 s; NEURON's CVODE with 1e-3: 0.5 to 1.7 ms. At the same step and method the spikes
    are NEURON's, to a step or two.

    Examples
    --------
    >>> from allentk.data import LongSquare, Morphology
    >>> from allentk.models import BiophysicalParameters, SectionParameters
    >>> xyz = [[0, 0, 0], [0, 9, 0], [0, 99, 0]]
    >>> shape = Morphology([1, 2, 3], [1, 3, 3], xyz, [5, 1, 1], [-1, 0, 1])
    >>> active = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80, ena_mv=53,
    ...     ek_mv=-107, mechanisms={"NaTs": {"gbar": 0.1}, "Kv3_1": {"gbar": 0.3}})
    >>> parameters = BiophysicalParameters(kind="all-active", v_init_mv=-80, axon="stub",
    ...     sections=dict.fromkeys(("soma", "axon", "dend"), active))
    >>> step = LongSquare(amplitude_pa=200, start_s=0.05, duration_s=0.1, tail_s=0.05)
    >>> response = simulate_tree(BiophysicalModel(parameters, shape), step, record="dend[0](0.9)")
    >>> list(response.states)
    ['voltage_mv dend[0](0.9)']
    """
    check_clock(dt_s=dt_s, sampling_rate_hz=sampling_rate_hz)
    check_threshold(spike_threshold_mv)
    current, dt_s = current_of(
        stimulus,
        divided_step_s(stimulus, dt_s, sampling_rate_hz, DT_S),
        sampling_rate_hz,
        default_dt_s=DT_S,
    )
    # A model that does not say which axon it is for cannot be made.
    tree = compartments(model.morphology, axon=model.parameters.axon)  # type: ignore[arg-type]
    places = _places(tree, record)
    cell = TreeCell.of(tree, model.parameters)
    run = cell.run(
        model.parameters,
        current,
        dt_s=dt_s,
        method="second-order" if method is None else method,
        record=(0, *places.values()),
        threshold_mv=spike_threshold_mv,
        most_spikes=current.size,
    )
    if run.reason and throw:
        raise SimulationError(f"{run.reason}; mend the parameters or the step, or pass throw=False")
    voltage, *others = run.voltage_mv
    return Response(
        voltage,
        current,
        dt_s,
        np.asarray(run.spike_steps[0] * dt_s, dtype=float),
        run.spike_steps[0],
        states=dict(zip(places, others, strict=True)),
        reason=run.reason,
        **described(stimulus),
    )


def _places(tree: Compartments, record: str | Collection[str]) -> dict[str, int]:
    """Return what to record: name in the response -> compartment."""
    names = [section.name for section in tree.sections]
    found = {}
    for asked in (record,) if isinstance(record, str) else record:
        if asked == "spikes":
            continue
        place = _LOCATION.fullmatch(asked.strip())
        if place is None:
            raise SimulationError(
                f"cannot record {asked!r} with backend='tree'; it keeps spikes and voltages at places "
                f"such as 'dend[3](0.5)'; take backend='neuron' for more"
            )
        section = place[1] + (place[2] or "[0]")
        if section not in names:
            raise SimulationError(
                f"{asked!r}: no section {section}; there are {names[0]} .. {names[-1]}"
            )
        inside = f"{place[1]}{place[2] or ''}({place[3]})"
        found[f"voltage_mv {inside}"] = tree.at(names.index(section), float(place[3]))
    return found
