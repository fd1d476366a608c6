"""Simulation of one GLIF neuron by the compiled kernel."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Response, Stimulus
from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.simulation.glif_kernels import run_glif

__all__ = ["DEFAULT_DT_S", "resampled", "simulate_glif", "spike_steps"]

#: Allen's time step for GLIF models, in seconds.
DEFAULT_DT_S = 5e-5

STATES = ("spikes", "threshold_mv", "asc_pa")

Array = NDArray[np.float64]


def kernel_arguments(
    parameters: GLIFParameters, dt_s: float, *, euler: bool = False
) -> tuple[Any, ...]:
    """Return what ``run_glif`` takes between the current and the outputs."""
    return (
        dt_s,
        parameters.R_mohm,
        parameters.C_pf,
        parameters.th_inf_mv,
        round(parameters.t_ref_s / dt_s),
        np.array(parameters.asc_amp_pa, dtype=float),
        np.array(parameters.asc_tau_s, dtype=float),
        np.array(parameters.asc_r, dtype=float),
        parameters.reset_a,
        parameters.reset_b_mv,
        parameters.th_spike_a_mv,
        parameters.th_spike_b_per_s,
        parameters.th_voltage_a_per_s,
        parameters.th_voltage_b_per_s,
        euler,
    )


def spike_steps(parameters: GLIFParameters, current_pa: Array, *, dt_s: float) -> NDArray[np.int64]:
    """Return the crossing steps alone: what a search needs, and as fast as it gets.

    A cell that starts again above its threshold stops there, as in ``simulate_glif``.
    """
    nothing = np.empty(0)
    # A cell fires at most once per refractory time and step.
    steps = np.empty(current_pa.size, dtype=np.int64)
    count = run_glif(
        current_pa, *kernel_arguments(parameters, dt_s), nothing, nothing, nothing, steps
    )
    return steps[: abs(count)].copy()


def _current(
    stimulus: Stimulus | ArrayLike, dt_s: float | None, sampling_rate_hz: float | None
) -> tuple[Array, float]:
    """Return the current at every time step, and the time step."""
    if isinstance(stimulus, Stimulus):
        if sampling_rate_hz is not None:
            raise SimulationError(
                f"a {stimulus.name} has no sampling_rate_hz, got {sampling_rate_hz!r}; it is made at "
                f"every time step, give dt_s"
            )
        dt_s = DEFAULT_DT_S if dt_s is None else dt_s
        return stimulus.current_pa(1 / dt_s), dt_s
    try:
        current = np.ascontiguousarray(stimulus, dtype=float)
    except (TypeError, ValueError) as error:
        raise SimulationError(
            f"a cell takes a Stimulus or numbers in pA, got {type(stimulus).__name__}: {error}"
        ) from error
    if current.ndim != 1 or current.size == 0:
        raise SimulationError(f"the current must be one-dimensional, got shape {current.shape}")
    if not np.isfinite(current).all():
        at = int((~np.isfinite(current)).argmax())
        raise SimulationError(
            f"the current is not finite at sample {at} of {current.size}; cut or mend it first"
        )
    if sampling_rate_hz is None:
        return current, DEFAULT_DT_S if dt_s is None else dt_s
    if dt_s is None:
        return current, 1 / sampling_rate_hz
    held = resampled(current, 1 / sampling_rate_hz, dt_s)
    if not held.size:
        raise SimulationError(
            f"dt_s={dt_s} is longer than the current of {current.size / sampling_rate_hz:.6g} s; "
            f"give a shorter step"
        )
    return held, dt_s


def resampled(current: Array, old_dt: float, new_dt: float) -> Array:
    """Return the mean of a current within every new step: no charge is lost."""
    if math.isclose(old_dt, new_dt, rel_tol=1e-9):
        return current
    edges = np.arange(math.floor(current.size * old_dt / new_dt + 1e-9) + 1) * new_dt
    charge = np.concatenate([[0.0], np.cumsum(current) * old_dt])
    clock = np.arange(current.size + 1) * old_dt
    held: Array = np.diff(np.interp(edges, clock, charge)) / new_dt
    return held


def simulate_glif(
    parameters: GLIFParameters,
    stimulus: Stimulus | ArrayLike,
    *,
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    compatibility: Literal["allensdk"] | None = None,
    record: Collection[str] = ("spikes",),
) -> Response:
    """Run one GLIF neuron from rest.

    Parameters
    ----------
    parameters : GLIFParameters
        The neuron.
    stimulus : Stimulus or array_like, shape (n_samples,)
        The current; an array is in pA and sampled at `sampling_rate_hz`, or at every step.
    dt_s : float, optional
        Time step in seconds; 5e-5, or the sampling interval of an array, where not given. Where both
        are given the current is averaged within every step.
    sampling_rate_hz : float, optional
        Samples per second of an array.
    compatibility : {"allensdk"}, optional
        Forward Euler for the voltage, as the published models were run. By default the voltage
        follows the exact solution for a current held within the step. Either way the cell is silent for
        the whole of ``t_ref_s``; the published scores were computed with a tenth of it, because the
        program counted the refractory steps at the wrong time step, and are not reproduced.
    record : str or collection of str
        States to keep besides voltage and spikes: ``"threshold_mv"`` (absolute), ``"asc_pa"``.

    Returns
    -------
    Response
        Voltages are absolute; during the refractory time the voltage is the one the cell starts
        again with. A spike's time is the end of the crossing step.

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
    _check_request(compatibility, names)
    check_clock(dt_s=dt_s, sampling_rate_hz=sampling_rate_hz)
    current, dt = _current(stimulus, dt_s, sampling_rate_hz)
    voltage, threshold, asc = (np.zeros(current.size) for _ in range(3))
    steps = np.empty(current.size, dtype=np.int64)
    arguments = kernel_arguments(parameters, dt, euler=compatibility == "allensdk")
    count = run_glif(current, *arguments, voltage, threshold, asc, steps)
    if count < 0:
        raise SimulationError(
            f"the cell is above its threshold right after its spike at {(steps[-count - 1] + 1) * dt:.4f} "
            f"s (reset_a {parameters.reset_a}, reset_b_mv {parameters.reset_b_mv}): it would fire "
            f"without end; mend the reset rule or the threshold"
        )
    states = {"threshold_mv": threshold + parameters.E_L_mv, "asc_pa": asc}
    return Response(
        voltage + parameters.E_L_mv,
        current,
        dt,
        np.asarray((steps[:count] + 1) * dt, dtype=float),
        steps[:count],
        states={name: states[name] for name in names if name in states},
        **(_described(stimulus) if isinstance(stimulus, Stimulus) else {}),
    )


def _described(stimulus: Stimulus) -> dict[str, Any]:
    return {
        "stimulus": stimulus.name,
        "amplitude_pa": stimulus.amplitude_pa,
        "start_s": stimulus.start_s,
        "stop_s": stimulus.stop_s,
    }


def _check_request(compatibility: str | None, record: Collection[str]) -> None:
    if compatibility not in (None, "allensdk"):
        raise SimulationError(f"compatibility must be 'allensdk' or None, got {compatibility!r}")
    unknown = set(record) - set(STATES)
    if unknown:
        raise SimulationError(f"cannot record {sorted(unknown)}; there are {', '.join(STATES)}")


def check_clock(**clock: float | None) -> None:
    """Refuse a time step or sampling rate that no simulation can have."""
    for name, value in clock.items():
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise SimulationError(f"{name} must be positive and finite, got {value!r}")
