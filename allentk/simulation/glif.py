"""Simulation of one GLIF neuron by the compiled kernel."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Response, Stimulus, Sweep
from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.simulation.current import (
    check_clock,
    current_of,
    described,
)
from allentk.simulation.glif_kernels import Traces, run_allensdk, run_glif
from allentk.simulation.glif_propagator import propagator

__all__ = ["simulate_glif", "spike_steps"]

Array = NDArray[np.float64]


def spike_steps(parameters: GLIFParameters, current_pa: Array, *, dt_s: float) -> NDArray[np.int64]:
    """Return the crossing steps alone: what a search needs, and as fast as it gets.

    A cell that starts again above its threshold stops there, as in ``simulate_glif``.
    """
    traces = _traces(parameters, current_pa.size, noting=False)
    count = run_glif(current_pa, propagator(parameters, dt_s), traces)
    return traces.steps[: abs(count)].copy()


def _traces(parameters: GLIFParameters, n: int, *, noting: bool) -> Traces:
    size = n if noting else 0
    return Traces(
        voltage=np.full(size, np.nan),
        threshold=np.full(size, np.nan),
        asc=np.full((len(parameters.asc_amp_pa), size), np.nan),
        steps=np.empty(n, dtype=np.int64),
        parts=np.empty(size),
        last=np.empty(2),
    )


def simulate_glif(
    parameters: GLIFParameters,
    stimulus: Stimulus | Sweep | ArrayLike,
    *,
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    compatibility: Literal["allensdk"] | None = None,
    interpolate: bool = False,
    record: Collection[str] = ("spikes",),
    throw: bool = True,
) -> Response:
    """Run one GLIF neuron from rest.

    Parameters
    ----------
    parameters : GLIFParameters
        The neuron.
    stimulus : Stimulus, Sweep or array_like, shape (n_samples,)
        The current, which may be that of a recorded sweep; an array is in pA and sampled at
        `sampling_rate_hz`, or at every step.
    dt_s : float, optional
        Time step in seconds; 5e-5, or the sampling interval of a sweep or array, where not given. Where
        both are given the current is averaged within every step.
    sampling_rate_hz : float, optional
        Samples per second of an array.
    compatibility : {"allensdk"}, optional
        By default every step is exact for a current held within it, and only the spikes lie on the
        grid. ``"allensdk"`` runs the cell as the published models are run by AllenSDK: forward Euler
        for the voltage, NaN through the silence, the restart noted at its last step. Either way the
        cell is silent for the whole of ``t_ref_s``, rounded to whole steps; the published scores were
        computed with a tenth of it, because the program counted the refractory steps at the wrong
        time step, and are not reproduced.
    interpolate : bool
        Spike times where voltage and threshold, on straight lines within the crossing step, meet;
        otherwise the end of that step.
    record : str or collection of str
        States to keep besides voltage and spikes: ``"threshold_mv"`` (absolute), ``"asc_pa"`` (the
        sum of the after-spike currents), ``"asc_1_pa"`` and so on (one of them).
    throw : bool
        Raise where the cell starts again above its threshold; otherwise the run ends there, with NaN
        from there on, and the response says why in its ``reason``.

    Returns
    -------
    Response
        Voltages are absolute, at the end of every step; during the refractory time the voltage is the
        one the cell starts again with (NaN with ``"allensdk"``).

    Raises
    ------
    SimulationError
        On a current that is not finite, a time step or sampling rate that is not positive, a sampling
        rate beside a Stimulus, an unknown state, or a cell that starts again above its threshold and
        would never be silent.

    Examples
    --------
    >>> from allentk.data import LongSquare
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> len(simulate_glif(cell, LongSquare(amplitude_pa=150)).spike_times_s)
    40
    """
    names = (record,) if isinstance(record, str) else record
    _check_request(parameters, compatibility, names)
    check_clock(dt_s=dt_s, sampling_rate_hz=sampling_rate_hz)
    current, dt = current_of(stimulus, dt_s, sampling_rate_hz)
    traces = _traces(parameters, current.size, noting=True)
    count = _run(parameters, current, dt, compatibility, traces)
    steps = traces.steps[: abs(count)]
    reason = _reason(parameters, traces, steps, dt) if count < 0 else ""
    if reason and throw:
        raise SimulationError(
            f"{reason}; mend the reset rule or the threshold, or pass throw=False"
        )
    part = traces.parts[: abs(count)] if interpolate else 1.0
    return Response(
        traces.voltage + parameters.E_L_mv,
        current,
        dt,
        np.asarray((steps + part) * dt, dtype=float),
        steps,
        states={name: _state(name, parameters, traces) for name in names if name != "spikes"},
        reason=reason,
        **described(stimulus),
    )


def _run(
    parameters: GLIFParameters, current: Array, dt: float, compatibility: str | None, traces: Traces
) -> int:
    step = propagator(parameters, dt)
    if compatibility is None:
        return int(run_glif(current, step, traces))
    gain_gohm = parameters.R_mohm * 1e-3
    return int(run_allensdk(current, step, dt, gain_gohm, parameters.tau_m_s, traces))


def _reason(parameters: GLIFParameters, traces: Traces, steps: NDArray[np.int64], dt: float) -> str:
    p = parameters
    v, threshold = traces.last + p.E_L_mv
    return (
        f"the cell starts again above its threshold after the spike at {(steps[-1] + 1) * dt:.4f} s "
        f"(step {steps[-1]}): {v:.3f} mV, the threshold is {threshold:.3f} mV (reset_a {p.reset_a:g}, "
        f"reset_b_mv {p.reset_b_mv:g}, th_spike_a_mv {p.th_spike_a_mv:g}); it would fire without end"
    )


def _state(name: str, parameters: GLIFParameters, traces: Traces) -> Array:
    if name == "threshold_mv":
        return traces.threshold + parameters.E_L_mv
    if name == "asc_pa":
        total: Array = traces.asc.sum(axis=0)
        return total
    part: Array = traces.asc[int(name.split("_")[1]) - 1]
    return part


def _check_request(
    parameters: GLIFParameters, compatibility: str | None, record: Collection[str]
) -> None:
    if compatibility not in (None, "allensdk"):
        raise SimulationError(f"compatibility must be 'allensdk' or None, got {compatibility!r}")
    one_by_one = (f"asc_{j + 1}_pa" for j in range(len(parameters.asc_amp_pa)))
    states = ("spikes", "threshold_mv", "asc_pa", *one_by_one)
    unknown = set(record) - set(states)
    if unknown:
        raise SimulationError(f"cannot record {sorted(unknown)}; there are {', '.join(states)}")
