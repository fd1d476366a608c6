"""One GLIF neuron, compiled. Voltages are relative to rest; units are mV, pA, s, MOhm, pF."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.glif_propagator import Propagator

__all__ = ["Traces", "run_allensdk", "run_glif"]

Array = NDArray[np.float64]

#: What has decayed to less is set to nothing now and then: a processor is slow with the smallest numbers.
_NOTHING, _TIDY_STEPS = 1e-100, 1024


class Traces(NamedTuple):
    """What a run fills.

    Arrays of shape (n,), or (n_asc, n) for `asc`, hold a value for every step; empty ones are left
    alone. `steps` takes the crossing steps and `parts` the part of the step before the crossing; they
    are as long as the run, or empty. `last` takes the voltage and the threshold after the reset at
    which a run stopped.
    """

    voltage: Array
    threshold: Array
    asc: Array
    steps: NDArray[np.int64]
    parts: Array
    last: Array


@njit(cache=True, nogil=True)
def _note(traces: Traces, k: int, v: float, th: float, asc: Array) -> None:
    traces.voltage[k] = v
    traces.threshold[k] = th
    for j in range(asc.size):
        traces.asc[j, k] = asc[j]


@njit(cache=True, nogil=True)
def _note_spike(traces: Traces, count: int, k: int, before: float, after: float) -> None:
    """Keep a spike; `before` and `after` are threshold minus voltage at both ends of its step."""
    traces.steps[count] = k
    if traces.parts.size:
        traces.parts[count] = max(before, 0.0) / (max(before, 0.0) - after)


@njit(cache=True, nogil=True)
def _restart(p: Propagator, asc: Array, v: float, ths: float) -> tuple[float, float]:
    """Apply the rules of a spike; return the voltage and the spike threshold."""
    for j in range(asc.size):
        asc[j] = p.asc_amp[j] + p.asc_keep[j] * asc[j]
    return p.reset_a * v + p.reset_b, p.ths_keep * ths + p.ths_add


@njit(cache=True, nogil=True)
def _tidy(x: float) -> float:
    return 0.0 if abs(x) < _NOTHING else x


@njit(cache=True, nogil=True)
def run_glif(current: Array, p: Propagator, traces: Traces) -> int:
    """Run the cell through `current` by exact steps and return the number of spikes.

    Traces hold the state at the end of every step; in the crossing step the one before the reset, and
    during silence the one the cell starts again with.

    Parameters
    ----------
    current : ndarray, shape (n,)
        Injected current in pA, constant within a step.
    p : Propagator
        What a step does.
    traces : Traces
        Filled.

    Returns
    -------
    int
        The number of spikes, negative where the cell was above threshold right after a reset and the
        run stopped there.
    """
    n, noting = current.size, traces.voltage.size > 0
    asc = np.zeros(p.asc_amp.size)
    v = ths = thv = 0.0
    gap = p.th_inf
    count = k = tidy = 0
    while k < n:
        if k >= tidy:
            tidy = k + _TIDY_STEPS
            v, ths, thv = _tidy(v), _tidy(ths), _tidy(thv)
            for j in range(asc.size):
                asc[j] = _tidy(asc[j])
        before = gap
        next_v = p.leak * v + p.push * current[k]
        thv = p.thv_decay * thv + p.thv_of_v * v + p.thv_of_current * current[k]
        for j in range(asc.size):
            next_v += p.asc_push[j] * asc[j]
            thv += p.thv_of_asc[j] * asc[j]
            asc[j] *= p.asc_decay[j]
        v = next_v
        ths *= p.ths_decay
        gap = p.th_inf + ths + thv - v
        if noting:
            _note(traces, k, v, p.th_inf + ths + thv, asc)
        if gap < 0.0:
            _note_spike(traces, count, k, before, gap)
            count += 1
            v, ths = _restart(p, asc, v, ths)
            gap = p.th_inf + ths + thv - v
            if gap < 0.0:
                traces.last[:] = v, p.th_inf + ths + thv
                return -count
            if noting:
                for silent in range(k + 1, min(k + 1 + p.n_ref, n)):
                    _note(traces, silent, v, p.th_inf + ths + thv, asc)
            k += p.n_ref
        k += 1
    return count


@njit(cache=True, nogil=True)
def run_allensdk(
    current: Array,
    p: Propagator,
    dt: float,
    gain: float,
    tau: float,
    traces: Traces,
) -> int:
    """Run the cell as the published models were run and return the number of spikes.

    The voltage takes a forward Euler step with the old after-spike currents, the voltage-dependent
    threshold follows the voltage as if it moved exactly and these currents stood still. A spike at step
    k leaves the steps k to k + n_ref - 1 as they are; the restart is noted at k + n_ref, and five more
    times where it lies above the threshold and ends the run.

    Parameters
    ----------
    current, p, traces
        As in `run_glif`.
    dt, gain, tau : float
        Time step in s, resistance in GOhm, membrane time constant in s.

    Returns
    -------
    int
        The number of spikes, negative where the cell was above threshold right after a reset and the
        run stopped there.
    """
    n, noting = current.size, traces.voltage.size > 0
    asc = np.zeros(p.asc_amp.size)
    v = ths = thv = 0.0
    gap = p.th_inf
    count = k = tidy = 0
    while k < n:
        if k >= tidy:
            tidy = k + _TIDY_STEPS
            v, ths, thv = _tidy(v), _tidy(ths), _tidy(thv)
            for j in range(asc.size):
                asc[j] = _tidy(asc[j])
        before = gap
        total = current[k]
        for j in range(asc.size):
            total += asc[j]
            asc[j] *= p.asc_decay[j]
        thv = p.thv_decay * thv + p.thv_of_v * v + p.thv_of_current * total
        v += (gain * total - v) * dt / tau
        ths *= p.ths_decay
        gap = p.th_inf + ths + thv - v
        stopped = False
        if gap < 0.0:
            _note_spike(traces, count, k, before, gap)
            count += 1
            v, ths = _restart(p, asc, v, ths)
            gap = p.th_inf + ths + thv - v
            stopped = gap < 0.0
            k += p.n_ref
        if noting:
            for noted in range(k, min(k + (6 if stopped else 1), n)):
                _note(traces, noted, v, p.th_inf + ths + thv, asc)
        if stopped:
            traces.last[:] = v, p.th_inf + ths + thv
            return -count
        k += 1
    return count
