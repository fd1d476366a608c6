"""Likelihood of recorded spikes under one GLIF neuron that fires them, compiled."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["escape_likelihood"]

Array = NDArray[np.float64]


@njit(cache=True, nogil=True)
def escape_likelihood(
    current: Array,
    spikes: NDArray[np.int64],
    kept: NDArray[np.bool_],
    dt: float,
    R: float,
    C: float,
    th_inf: float,
    width: float,
    n_ref: int,
    asc_amp: Array,
    asc_tau: Array,
    reset_a: float,
    reset_b: float,
    ths_a: float,
    ths_b: float,
    thv_a: float,
    thv_b: float,
) -> float:
    """Return the log-likelihood of the spikes in the bins that are kept, in events per second.

    Parameters
    ----------
    current : ndarray, shape (n,)
        Mean current from the middle of the bin before to that of the bin, in pA.
    spikes : ndarray of int
        Bins of the recorded spikes, sorted; the cell is set back after each of them.
    kept : ndarray of bool, shape (n,)
        Bins that count.
    dt : float
        Length of a bin in s.
    R, C : float
        MOhm and pF; further units are mV, pA, 1/s and s.
    width : float
        Voltage in mV over which the rate grows e-fold; it is 1000 Hz at threshold.
    n_ref : int
        Bins of silence after that of a spike.
    """
    tau = R * C * 1e-6
    leak = math.exp(-dt / tau)
    gain = R * 1e-3 * (1.0 - leak)
    n_asc = asc_amp.size
    asc = np.zeros(n_asc)
    asc_decay = np.exp(-dt / asc_tau)
    ths_decay = math.exp(-ths_b * dt)
    thv_decay = math.exp(-thv_b * dt)
    thv_gain = thv_a * dt if thv_b == 0.0 else thv_a * (1.0 - thv_decay) / thv_b
    top = math.log(1000.0)
    v = ths = thv = 0.0
    after = 0.0
    silent = 0
    following = 0
    value = 0.0
    for k in range(current.size):
        total = 0.0
        for j in range(n_asc):
            total += asc[j]
            asc[j] *= asc_decay[j]
        ths *= ths_decay
        if silent > 0:
            silent -= 1
            if silent == 0:
                v = after
                ths += ths_a
                for j in range(n_asc):
                    asc[j] += asc_amp[j]
            while following < spikes.size and spikes[following] <= k:
                following += 1
            continue
        thv = thv * thv_decay + thv_gain * v
        v = v * leak + gain * (current[k] + total)
        log_rate = min(top + (v - th_inf - ths - thv) / width, 50.0)
        if kept[k] and log_rate > -10.0:
            value -= math.exp(log_rate) * dt
        if following < spikes.size and spikes[following] <= k:
            if kept[k]:
                value += log_rate
            following += 1
            after = reset_a * v + reset_b
            silent = n_ref
    return value
