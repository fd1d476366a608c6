"""One biophysical cell run by NEURON: the whole tree, any channels, the reference for other engines."""

from __future__ import annotations

import time
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Response, Stimulus, Sweep
from allentk.data.crossings import crossings
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_record import references, state_names
from allentk.simulation.biophysical.neuron_session import (
    DT_S,
    LIMIT_MV,
    MAXSTEP_MS,
    quiet,
    session,
    set_up,
)
from allentk.simulation.current import (
    check_clock,
    check_threshold,
    current_of,
    described,
    divided_step_s,
)

__all__ = ["METHODS", "simulate_neuron"]

METHODS = ("cvode", "second-order", "fixed")
#: Absolute tolerance of the variable step: spikes are within 0.2 ms of those with 1e-5.
ATOL = 1e-4

_CAI_SCALE = 1e-4
_LONGEST_STEPS_S = 1e-3
_LOOK_MS = 10.0

Array = NDArray[np.float64]


def simulate_neuron(
    model: BiophysicalModel,
    stimulus: Stimulus | Sweep | ArrayLike,
    *,
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    method: str | None = None,
    atol: float | None = None,
    record: str | Collection[str] = ("spikes",),
    spike_threshold_mv: float = -20.0,
    max_seconds: float | None = None,
    throw: bool = True,
) -> Response:
    """Run one biophysical cell in NEURON; current goes into the middle of the soma.

    Parameters
    ----------
    model : BiophysicalModel
        The cell.
    stimulus : Stimulus, Sweep or array_like, shape (n_samples,)
        The current, which may be that of a recorded sweep; an array is in pA. Sample k acts from ``k
        dt_s`` to ``(k + 1) dt_s``.
    dt_s : float, optional
        Step of the response, and of the integration unless that is variable. By default 2.5e-5 s, or
        the sampling interval of a sweep or an array, divided until it is no longer than that.
    sampling_rate_hz : float, optional
        Samples per second of an array.
    method : {"cvode", "second-order", "fixed"}, optional
        Variable step, Crank-Nicolson or implicit Euler. By default ``"cvode"`` for currents made of
        steps, which it runs fastest, and ``"second-order"`` for those that change more often than once
        in a millisecond, such as noise, at each of which a variable step would begin anew.
    atol : float, optional
        Absolute tolerance of ``"cvode"``, 1e-4 where not given; published fits were made with 1e-3.
    record : str or collection of str
        States to keep besides the soma's voltage and the spikes: see
        `allentk.simulation.biophysical.neuron_record`.
    spike_threshold_mv : float
        The soma spikes where its voltage reaches this from below, in mV of the model.
    max_seconds : float, optional
        Wall time after which the run is given up.
    throw : bool
        Raise where the run cannot go on; otherwise voltages and states are NaN from there on, and the
        response says why in its ``reason``.

    Returns
    -------
    Response
        ``voltage_mv[k]`` is the membrane voltage of the middle of the soma at ``k dt_s``, beginning with
        ``v_init_mv``. It is corrected for the liquid junction potential: add 14 mV
        (``-junction_potential_mv``) to compare with a recording. A spike is at the first sample at or
        above the threshold after one below; with ``"cvode"``, whose samples are interpolated, its time
        is where the straight line between the two crosses the threshold.

    Raises
    ------
    SimulationError
        On a current, clock or record that cannot be, or, with `throw`, where the integration fails.
    DataError
        Where the model cannot be built; see `NeuronCell`.
    MissingExtraError
        Where NEURON is not installed.

    Warns
    -----
    UserWarning
        Where ``"fixed"`` runs at more than 2.5e-5 s, or NEURON already holds another model.

    Notes
    -----
    Largest errors of spike times in two published cells, against implicit Euler at 5e-6 s: Euler 5.9 ms
    at 2.5e-5 s and 33 ms at 1e-4 s, Crank-Nicolson 1.9 ms at 5e-5 s, CVODE 2.2 ms with 1e-3 and 1.6 ms
    with 1e-5.

    References
    ----------
    Hines and Carnevale 1997, "The NEURON simulation environment", Neural Computation 9:1179-1209.

    Examples
    --------
    >>> response = simulate_neuron(model, LongSquare(amplitude_pa=50))  # doctest: +SKIP
    """
    check_clock(dt_s=dt_s, sampling_rate_hz=sampling_rate_hz, max_seconds=max_seconds, atol=atol)
    check_threshold(spike_threshold_mv)
    names = state_names(record)
    current, dt_s = current_of(
        stimulus,
        divided_step_s(stimulus, dt_s, sampling_rate_hz, DT_S),
        sampling_rate_hz,
        default_dt_s=DT_S,
    )
    method = _method(method, atol, current, dt_s)
    plan = _Plan(current, dt_s, method, ATOL if atol is None else atol, max_seconds)
    with session() as h:
        cell = NeuronCell(h, model)
        traces, reason = _run(cell, plan, names)
    if reason and throw:
        raise SimulationError(f"{reason}; mend the parameters or the step, or pass throw=False")
    voltage = traces.pop("")
    steps, times = _spikes(voltage, dt_s, spike_threshold_mv, between=method == "cvode")
    return Response(
        voltage,
        current,
        dt_s,
        times,
        steps,
        states=traces,
        reason=reason,
        **described(stimulus),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a run goes: the current of every step, and the integrator."""

    current_pa: Array
    dt_s: float
    method: str
    atol: float
    max_seconds: float | None

    @property
    def dt_ms(self) -> float:
        return self.dt_s * 1e3

    def sampled(self, times_ms: Array, trace: Array) -> Array:
        """Return the values at every step of the response, NaN where the run did not come to.

        Fixed steps are the response's own. Between the steps of a variable one the curve is the
        monotone cubic through them: it misses the integrator's own polynomial by less than 0.1 mV in
        the steepest spikes and their times by less than 0.1 us, at a tenth of the time.
        """
        kept = np.full(self.current_pa.size, np.nan)
        n = min(trace.size, kept.size)
        if self.method != "cvode":
            kept[:n] = trace[:n]
            return kept
        # A step of the current ends an integration step and begins one: the same time, twice.
        known = np.append(np.diff(times_ms) > 0, True) & np.isfinite(trace)
        clock = np.arange(kept.size) * self.dt_ms
        there = clock <= times_ms[known].max(initial=0.0)
        if known.sum() > 1:
            from scipy.interpolate import PchipInterpolator

            kept[there] = PchipInterpolator(times_ms[known], trace[known])(clock[there])
        return kept


def _jumps(current: Array) -> NDArray[np.int64]:
    """Return the samples where the current takes another value, the first included."""
    # Averaging within steps leaves rounding errors that are no change.
    changed = np.abs(np.diff(current)) > 1e-9 * np.abs(current).max()
    return np.concatenate([[0], np.flatnonzero(changed) + 1])


def _method(method: str | None, atol: float | None, current: Array, dt_s: float) -> str:
    if method is None:
        steps = _jumps(current).size * _LONGEST_STEPS_S <= current.size * dt_s + 0.01
        method = "cvode" if steps or atol is not None else "second-order"
    if method not in METHODS:
        raise SimulationError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if atol is not None and method != "cvode":
        raise SimulationError(f"atol is an option of method='cvode', got {atol!r} with {method!r}")
    if method == "fixed" and dt_s > DT_S * (1 + 1e-9):
        warnings.warn(
            f"implicit Euler at dt_s={dt_s:g} moves spikes by several ms (33 ms at 1e-4 s); take "
            f"{DT_S:g} s or less, or method='second-order' or 'cvode'",
            stacklevel=3,
        )
    return method


def _run(
    cell: NeuronCell, plan: _Plan, names: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, Array], str]:
    """Return what was recorded, the soma's voltage under an empty name, and why it stopped early."""
    h, soma = cell.h, cell.soma(0.5)
    watched = {"": (soma._ref_v, cell.soma), **references(cell, names)}
    clamp = h.IClamp(soma)
    clamp.delay, clamp.dur = 0.0, 1e9
    jumps = _jumps(plan.current_pa)
    amplitudes = h.Vector(plan.current_pa[jumps] * 1e-3)
    onsets = h.Vector(jumps * plan.dt_ms)
    amplitudes.play(clamp._ref_amp, onsets)
    clock = h.Vector()
    clock.record(h._ref_t)
    vectors = {name: h.Vector() for name in watched}
    for name, (reference, section) in watched.items():
        vectors[name].record(reference, sec=section)
    _set(h, cell, plan)
    reason = _advance(h, soma, plan)
    times_ms = np.array(clock)
    traces = {name: plan.sampled(times_ms, np.array(one)) for name, one in vectors.items()}
    bad = ~(np.abs(traces[""]) < LIMIT_MV)
    if bad.any() and not reason:
        reason = _left(traces[""], int(bad.argmax()), plan)
    if bad.any():
        for trace in traces.values():
            trace[int(bad.argmax()) :] = np.nan
    return traces, reason


def _set(h: Any, cell: NeuronCell, plan: _Plan) -> None:
    """Set NEURON's global settings for this run, and the cell to its beginning."""
    variable = plan.method == "cvode"
    set_up(h, celsius=cell.model.parameters.celsius, variable=variable)
    h.secondorder = 2 if plan.method == "second-order" else 0
    if variable:
        integrator = h.CVode()
        integrator.atol(plan.atol)
        integrator.rtol(0)
        integrator.minstep(0)
        integrator.maxstep(MAXSTEP_MS)
        integrator.atolscale("cai", _CAI_SCALE)
    else:
        h.dt = plan.dt_ms
    h.finitialize(cell.model.parameters.v_init_mv)


def _advance(h: Any, soma: Any, plan: _Plan) -> str:
    """Run to the last sample; return why it stopped earlier."""
    started = time.monotonic()
    context = h.ParallelContext()
    last = plan.current_pa.size - 1
    stride = max(1, round(_LOOK_MS / plan.dt_ms))
    for step in (*range(stride, last, stride), last):
        try:
            # To the middle of a step, as rounding may lie on either side of its beginning.
            with quiet():
                context.psolve((step + 0.5) * plan.dt_ms)
        except RuntimeError as error:
            return f"NEURON cannot integrate beyond {h.t * 1e-3:.6g} s ({error})"
        if not abs(soma.v) < LIMIT_MV:
            return ""  # the voltage itself says why
        if plan.max_seconds is not None and time.monotonic() - started > plan.max_seconds:
            return f"max_seconds={plan.max_seconds:g} were over at {h.t * 1e-3:.6g} s of the run"
    return ""


def _left(voltage: Array, step: int, plan: _Plan) -> str:
    """Say that a voltage is none any more."""
    before = f", after {voltage[step - 1]:.4g} mV" if step else ""
    return (
        f"the voltage of the soma is {voltage[step]:.4g} mV at {step * plan.dt_s:.6g} s{before}: it lies "
        f"beyond {LIMIT_MV:g} mV or is no number"
    )


def _spikes(
    voltage: Array, dt_s: float, threshold_mv: float, *, between: bool
) -> tuple[NDArray[np.int64], Array]:
    """Return the crossing steps and times."""
    steps = crossings(voltage, threshold_mv)
    part = np.ones(steps.size)
    if between:
        v0, v1 = voltage[steps - 1], voltage[steps]
        part = (threshold_mv - v0) / (v1 - v0)
    times: Array = (steps - 1 + part) * dt_s
    return steps, times
