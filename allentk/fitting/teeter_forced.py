"""A model run between the recorded spikes, as the published optimiser does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.fitting.teeter_traces import Trace
from allentk.models import GLIFParameters

__all__ = ["Bins", "forced_bins", "forced_excess"]

Array = NDArray[np.float64]

#: A spike is accounted for by what the model does in this long before it.
SPIKE_BIN_S = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Largest voltage above the moving part of the threshold, in mV, in bins with and without a spike.

    Less the threshold at rest it is how far the model is beyond its threshold.
    """

    silent_mv: Array
    spiking_mv: Array


def forced_bins(
    traces: list[Trace], model: GLIFParameters, tau_s: float, *, multiplier: int
) -> Bins:
    """Run the model through all traces and return the largest excess of every bin.

    Parameters
    ----------
    traces : list of Trace
        What was recorded.
    model : GLIFParameters
        The model; its threshold at rest does not matter.
    tau_s : float
        Length of the bins without a spike: from the end of the spike before to 5 ms before the next.
    multiplier : int
        Steps of the traces in a step of the model.

    Returns
    -------
    Bins
        Bins up to the last spike of every trace.
    """
    silent, spiking = [np.empty(0)], []
    for trace in traces:
        bin_steps = max(round(tau_s / trace.dt_s), 1)
        tail = round(SPIKE_BIN_S / trace.dt_s)
        for excess in forced_excess(trace, model, multiplier=multiplier):
            n_quiet = max(excess.size - 1 - tail, 0)
            if n_quiet:
                silent.append(np.maximum.reduceat(excess, np.arange(0, n_quiet, bin_steps)))
                # The last of them ends where the spike's bin begins.
                last = (n_quiet - 1) // bin_steps * bin_steps
                silent[-1][-1] = excess[last:n_quiet].max()
            spiking.append(excess[n_quiet:].max())
    return Bins(np.concatenate(silent), np.array(spiking))


def forced_excess(trace: Trace, model: GLIFParameters, *, multiplier: int) -> list[Array]:
    """Return voltage less the moving part of the threshold, in mV, up to each recorded spike.

    The voltage goes by forward Euler in steps of `multiplier` steps of the trace, and is interpolated
    between them. At every recorded spike, wherever the voltage is, the model is reset; it goes on after
    its refractory time. Each array has a value at every step from there to the next spike.
    """
    n_ref = round(model.t_ref_s / trace.dt_s)
    steps = _Steps.of(model, trace.dt_s * multiplier)
    amp, rate = np.array(model.asc_amp_pa), 1 / np.array(model.asc_tau_s)
    state = _State(0.0, 0.0, 0.0, np.zeros(amp.size))
    out, start = [], 0
    for spike in trace.spikes.tolist():
        excess, last = _segment(trace, model, steps, state, (min(start, spike), spike), multiplier)
        out.append(excess)
        state = _State(
            model.reset_a * last.v + model.reset_b_mv,
            last.ths * math.exp(-model.th_spike_b_per_s * model.t_ref_s) + model.th_spike_a_mv,
            last.thv,
            amp + last.asc * np.exp(-rate * model.t_ref_s),
        )
        start = spike + n_ref
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Voltage, both parts of the threshold (mV), after-spike currents (pA)."""

    v: float
    ths: float
    thv: float
    asc: Array


@dataclass(frozen=True, slots=True)
class _Steps:
    """What a coarse step does: decays, and what the voltage and the steady voltage add to Th_v."""

    dt_s: float
    keep_v: float
    gain: float
    keep_thv: float
    by_v: float
    by_steady: float

    @classmethod
    def of(cls, model: GLIFParameters, dt_s: float) -> _Steps:
        a, b, leak = model.th_voltage_a_per_s, model.th_voltage_b_per_s, 1 / model.tau_m_s
        decay = math.exp(-b * dt_s)
        if abs(b - leak) < 1e-9 * leak:
            both = dt_s * decay
        else:
            both = (math.exp(-leak * dt_s) - decay) / (b - leak)
        held = dt_s if b == 0 else -math.expm1(-b * dt_s) / b
        gain = dt_s / model.C_pf * 1e3
        return cls(dt_s, 1 - dt_s * leak, gain, decay, a * both, a * (held - both))


def _segment(
    trace: Trace,
    model: GLIFParameters,
    steps: _Steps,
    state: _State,
    span: tuple[int, int],
    multiplier: int,
) -> tuple[Array, _State]:
    """Run from one step to another; return the excess at every step, and the last state."""
    first, last = span
    if first == last:
        return np.array([state.v - state.ths - state.thv]), state
    edges = np.arange(first, last, multiplier)
    sizes = np.diff(np.append(edges, last))
    injected = np.add.reduceat(trace.current_pa[first:last], edges - first) / sizes
    clock = np.arange(edges.size + 1) * steps.dt_s
    rate = 1 / np.array(model.asc_tau_s)
    asc = np.exp(-np.outer(clock, rate)) * state.asc
    current = injected + asc.sum(axis=1)[:-1]
    v = _recursion(steps.keep_v, steps.gain * current, state.v)
    drive = steps.by_v * v[:-1] + steps.by_steady * model.R_mohm * 1e-3 * current
    thv = _recursion(steps.keep_thv, drive, state.thv)
    ths = state.ths * np.exp(-model.th_spike_b_per_s * clock)
    fine = np.arange(last - first + 1) / multiplier
    at = np.arange(edges.size + 1)
    end = fine[-1]
    held = [float(np.interp(end, at, values)) for values in (v, ths, thv)]
    after = state.asc * np.exp(-rate * (last - first) * trace.dt_s)
    return np.interp(fine, at, v - ths - thv), _State(held[0], held[1], held[2], after)


def _recursion(keep: float, drive: Array, start: float) -> Array:
    """Return ``y[k + 1] = keep y[k] + drive[k]`` from `start` on."""
    moved, _ = signal.lfilter([1.0], [1.0, -keep], drive, zi=[keep * start])
    return np.concatenate([[start], moved])
