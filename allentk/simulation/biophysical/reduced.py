"""The reduced backend: perisomatic models without NEURON.

The soma is one compartment with all its channels, exactly; everything behind it is passive, and a few
modes (`allentk.simulation.biophysical.reduction`). `simulate_reduced` runs one model; `ReducedCell`
runs many parameter sets of one cell, which is what a fit needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Response, Stimulus, Sweep
from allentk.data.crossings import SPIKE_MV, crossings
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel, BiophysicalParameters
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.channel_tables import LANES, lanes_of
from allentk.simulation.biophysical.reduced_cell import (
    BEYOND_MV,
    METHODS,
    Batch,
    Prepared,
    ReducedCell,
    checked_currents,
)
from allentk.simulation.biophysical.reduced_layout import MODES, Taken
from allentk.simulation.current import (
    check_clock,
    check_threshold,
    current_of,
    described,
    divided_step_s,
)

__all__ = ["DT_S", "METHODS", "Batch", "Prepared", "ReducedCell", "simulate_reduced"]

Array = NDArray[np.float64]

#: Time step where none is given, and the longest that is taken unasked, in s.
DT_S = 2.5e-5
#: Largest error of the tree's admittance with which a model is run.
_TOLERANCE = 2e-3


def simulate_reduced(
    model: BiophysicalModel,
    stimulus: Stimulus | Sweep | ArrayLike,
    *,
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    method: str | None = None,
    record: str | Collection[str] = ("spikes",),
    spike_threshold_mv: float = SPIKE_MV,
    throw: bool = True,
) -> Response:
    """Run one perisomatic cell without NEURON; current goes into the middle of the soma.

    Parameters
    ----------
    model : BiophysicalModel
        The cell; channels in the soma only, and a soma of one compartment.
    stimulus : Stimulus, Sweep or array_like, shape (n_samples,)
        The current, which may be that of a recorded sweep; an array is in pA. Sample k acts from ``k
        dt_s`` to ``(k + 1) dt_s``.
    dt_s : float, optional
        Time step in seconds; 2.5e-5 where not given, or the sampling interval of a sweep or an array,
        divided until it is no longer than that.
    sampling_rate_hz : float, optional
        Samples per second of an array.
    method : {"second-order", "fixed"}, optional
        NEURON's ``secondorder = 2`` (the default), or implicit Euler.
    record : str or collection of str
        States to keep besides voltage and spikes: ``"cai_mM"`` (or ``"cai"``), and gates such as
        ``"NaTs.m"``.
    spike_threshold_mv : float
        The soma spikes where its voltage reaches this from below, in mV of the model.
    throw : bool
        Raise where the voltage leaves every range; otherwise voltages and states are NaN from there on,
        and the response says why in its ``reason``.

    Returns
    -------
    Response
        ``voltage_mv[k]`` is the membrane voltage of the soma at ``k dt_s``, beginning with
        ``v_init_mv``. It is corrected for the liquid junction potential: add 14 mV
        (``-junction_potential_mv``) to compare with a recording. A spike is at the first sample at or
        above the threshold after one below.

    Raises
    ------
    SimulationError
        Where the model is none that the reduced backend can run, on a current, clock or record that
        cannot be, or, with `throw`, where the voltage leaves every range.

    Notes
    -----
    At the same step spikes are those of NEURON's whole tree to within 0.15 ms.

    Examples
    --------
    >>> from allentk.data import LongSquare, Morphology
    >>> from allentk.models import SectionParameters
    >>> swc = Morphology([1, 2, 3], [1, 3, 3], [[0, 0, 0], [0, 9, 0], [0, 400, 0]], [8, 1, 1], [-1, 0, 1])
    >>> passive = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
    >>> soma = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80, ena_mv=53,
    ...                          ek_mv=-107, mechanisms={"NaTs": {"gbar": 2.0}, "Kv3_1": {"gbar": 0.5}})
    >>> parameters = BiophysicalParameters(kind="perisomatic", axon="stub", v_init_mv=-80,
    ...                                    sections={"soma": soma, "axon": passive, "dend": passive})
    >>> response = simulate_reduced(BiophysicalModel(parameters, swc), LongSquare(amplitude_pa=300))
    >>> response.spike_times_s.size > 50
    True
    """
    check_clock(dt_s=dt_s, sampling_rate_hz=sampling_rate_hz)
    check_threshold(spike_threshold_mv)
    method = METHODS[0] if method is None else method
    cell = _cell_of(model)
    step_s = divided_step_s(stimulus, dt_s, sampling_rate_hz, DT_S)
    current, dt_s = current_of(stimulus, step_s, sampling_rate_hz, default_dt_s=DT_S)
    checked_currents(current, dt_s, dt_s, method, 1)
    places = _places(cell, record)
    voltage, states = _trace(cell, model.parameters, current, dt_s, method, places)
    bad = ~(np.abs(voltage) < BEYOND_MV)
    reason = ""
    if bad.any():
        first = int(bad.argmax())
        reason = (
            f"the voltage of the soma is {voltage[first]:.4g} mV at {first * dt_s:.6g} s: it lies "
            f"beyond {BEYOND_MV:g} mV or is no number"
        )
        if throw:
            raise SimulationError(f"{reason}; mend the parameters or the step, or pass throw=False")
        voltage[first:] = np.nan
        states[:, first:] = np.nan
    steps = crossings(voltage, spike_threshold_mv)
    return Response(
        voltage,
        current,
        dt_s,
        np.asarray(steps * dt_s, dtype=float),
        steps,
        states=dict(zip(places, states, strict=True)),
        reason=reason,
        **described(stimulus),
    )


def _cell_of(model: BiophysicalModel) -> ReducedCell:
    """Return the cell of a model, or say why there is none."""
    parameters = model.parameters
    active = [
        name
        for name, one in parameters.sections.items()
        if one.mechanisms and name != "soma" and name in model.sections
    ]
    if active:
        raise SimulationError(
            f"the reduced backend takes passive dendrites and axons, but there are channels in "
            f"{', '.join(active)}; use backend='tree' or 'neuron'"
        )
    soma = parameters.sections["soma"].mechanisms
    cell = ReducedCell.of(
        compartments(model.morphology, axon=parameters.axon),  # type: ignore[arg-type]
        tuple(soma),
        celsius=parameters.celsius,
        vshift_mv={name: given.get("vshift_mv", 0.0) for name, given in soma.items()},
    )
    bound = cell.error_bound(parameters)
    if not bound <= _TOLERANCE:
        raise SimulationError(
            f"the passive tree of {cell.compartments.n} compartments is off by {bound:.2g} of its "
            f"admittance with {MODES} modes, more than {_TOLERANCE:g}; use backend='tree' or "
            f"'neuron'"
        )
    return cell


def _places(cell: ReducedCell, record: str | Collection[str]) -> dict[str, int]:
    """Return where in the kernel's state the things to record are."""
    there = {"cai_mM": 1}
    for place, lane in lanes_of(cell.channels).items():
        there.setdefault(f"{lane.channel.name}.{lane.first.name}", 2 + place)
        if lane.second is not None:
            there[f"{lane.channel.name}.{lane.second.name}"] = 2 + LANES + place
    names = (record,) if isinstance(record, str) else record
    wanted = [{"cai": "cai_mM"}.get(name, name) for name in names if name != "spikes"]
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise SimulationError(
            f"the reduced backend cannot record {', '.join(unknown)}; there are spikes, "
            f"{', '.join(there)}. Places on the tree need backend='tree' or 'neuron'"
        )
    return {name: there[name] for name in wanted}


def _trace(
    cell: ReducedCell,
    parameters: BiophysicalParameters,
    current: Array,
    dt_s: float,
    method: str,
    places: Mapping[str, int],
) -> tuple[Array, Array]:
    """Return the voltage at the begin of every step, and the states."""
    from allentk.simulation.biophysical.reduced_kernels import advance

    prepared = cell.prepare(parameters)
    voltage, states = np.full((1, current.size), np.nan), np.empty((1, len(places), current.size))
    which = np.array(list(places.values()), dtype=np.int64)
    taken = Taken(1, voltage, which, states, np.empty((1, 0), np.int64), np.zeros(1, np.int64))
    advance(
        prepared.starts,
        0,
        prepared.cells,
        cell.tables(dt_s, second=method == "second-order"),
        current[np.newaxis],
        0.0,
        taken,
    )
    return voltage[0], states[0]
