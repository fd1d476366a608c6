"""One GLIF neuron, compiled. Voltages are relative to rest; units are mV, pA, s, MOhm, pF."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["exponential_pair", "run_glif", "threshold_step"]

Array = NDArray[np.float64]


@njit(cache=True, nogil=True)
def exponential_pair(step: float, tau: float, other: float) -> float:
    """Response of a leaky membrane after `step` to a current that decays with `other`."""
    rate, slow = 1.0 / tau, 1.0 / other
    if abs(rate - slow) < 1e-9 * rate:
        return step * rate * math.exp(-step * rate)
    return rate * (math.exp(-step * slow) - math.exp(-step * rate)) / (rate - slow)


@njit(cache=True, nogil=True)
def threshold_step(
    theta: float, v: float, target: float, step: float, tau: float, a: float, b: float
) -> float:
    """Voltage-dependent threshold after `step`, the voltage relaxing from `v` to `target`."""
    decay = math.exp(-b * step)
    if b == 0.0:
        return theta + a * (target * step + (v - target) * tau * (1.0 - math.exp(-step / tau)))
    steady = a * target / b
    if abs(b - 1.0 / tau) < 1e-9 * b:
        return decay * (theta - steady + a * (v - target) * step) + steady
    phi = a / (b - 1.0 / tau)
    moving = phi * (v - target)
    return moving * math.exp(-step / tau) + decay * (theta - moving - steady) + steady


@njit(cache=True, nogil=True)
def run_glif(
    current: Array,
    dt: float,
    R: float,
    C: float,
    th_inf: float,
    n_ref: int,
    asc_amp: Array,
    asc_tau: Array,
    asc_r: Array,
    reset_a: float,
    reset_b: float,
    ths_a: float,
    ths_b: float,
    thv_a: float,
    thv_b: float,
    euler: bool,
    voltage: Array,
    threshold: Array,
    asc_sum: Array,
    spikes: NDArray[np.int64],
) -> int:
    """Run the cell through `current` and return the number of spikes.

    Parameters
    ----------
    current : ndarray, shape (n,)
        Injected current in pA, constant within a step.
    n_ref : int
        Steps of silence after the crossing step.
    euler : bool
        Forward Euler with the old after-spike currents instead of the exact propagator.
    voltage, threshold, asc_sum : ndarray, shape (n,) or (0,)
        Filled with the state at the end of every step where not empty; during silence the voltage
        is the one the cell starts again with.
    spikes : ndarray of int, shape (m,)
        Filled with the crossing steps, as many as fit; the return value counts them all.

    Returns
    -------
    int
        The number of spikes, negative where the cell was above threshold right after a reset and the
        run stopped there.
    """
    tau = R * C * 1e-6
    leak = math.exp(-dt / tau)
    n_asc = asc_amp.size
    asc = np.zeros(n_asc)
    asc_decay = np.exp(-dt / asc_tau)
    asc_rest = np.exp(-dt * n_ref / asc_tau)
    asc_gain = np.empty(n_asc)
    for j in range(n_asc):
        asc_gain[j] = R * 1e-3 * exponential_pair(dt, tau, asc_tau[j])
    ths_decay = math.exp(-ths_b * dt)
    ths_rest = math.exp(-ths_b * dt * n_ref)
    gain = R * 1e-3
    v = ths = thv = 0.0
    silent = 0
    count = 0
    for k in range(current.size):
        if silent > 0:
            silent -= 1
        else:
            total = 0.0
            for j in range(n_asc):
                total += asc[j]
            target = gain * (current[k] + total)
            if thv_a != 0.0:
                thv = threshold_step(thv, v, target, dt, tau, thv_a, thv_b)
            if euler:
                v += (target - v) * dt / tau
            else:
                v = v * leak + gain * current[k] * (1.0 - leak)
                for j in range(n_asc):
                    v += asc_gain[j] * asc[j]
            for j in range(n_asc):
                asc[j] *= asc_decay[j]
            ths *= ths_decay
            if v > th_inf + ths + thv:
                if count < spikes.size:
                    spikes[count] = k
                count += 1
                if voltage.size:
                    voltage[k] = v
                    threshold[k] = th_inf + ths + thv
                    asc_sum[k] = asc.sum()
                v = reset_a * v + reset_b
                for j in range(n_asc):
                    asc[j] = asc_amp[j] + asc_r[j] * asc[j] * asc_rest[j]
                ths = ths * ths_rest + ths_a
                silent = n_ref
                if v > th_inf + ths + thv:
                    return -count
                continue
        if voltage.size:
            voltage[k] = v
            threshold[k] = th_inf + ths + thv
            asc_sum[k] = asc.sum()
    return count
