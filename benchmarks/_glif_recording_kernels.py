"""Compiled: a GLIF cell of any level that fires by escape noise, written apart from the package's own."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["escape_glif"]

Array = NDArray[np.float64]


@njit(cache=True)
def escape_glif(
    current: Array,
    dt: float,
    membrane: tuple[float, float, float, int],
    reset: tuple[float, float],
    spike_threshold: tuple[float, float],
    voltage_threshold: tuple[float, float],
    asc_amp: Array,
    asc_tau: Array,
    escape: tuple[float, float],
    targets: Array,
    voltage: Array,
    spikes: NDArray[np.int64],
) -> int:
    """Run the equations of `allentk.models.glif` by small Euler steps and return the number of spikes.

    `membrane` is R (MOhm), C (pF), the threshold above rest (mV) and the refractory steps; a spike comes
    when the hazard ``exp((V - threshold) / escape[0]) / escape[1]`` has accumulated to the next of
    `targets`.
    """
    resistance, capacitance, th_inf, n_ref = membrane
    gain, tau = resistance * 1e-3, resistance * capacitance * 1e-6
    asc = np.zeros(asc_amp.size)
    v = ths = thv = hazard = 0.0
    silent = count = 0
    for k in range(current.size):
        total = current[k]
        for j in range(asc.size):
            total += asc[j]
            asc[j] -= asc[j] * dt / asc_tau[j]
        ths -= ths * spike_threshold[1] * dt
        if silent > 0:
            silent -= 1
            if silent == 0:
                for j in range(asc.size):
                    asc[j] += asc_amp[j]
                ths += spike_threshold[0]
                v = reset[0] * v + reset[1]
        else:
            thv += (voltage_threshold[0] * v - voltage_threshold[1] * thv) * dt
            v += (gain * total - v) * dt / tau
            hazard += math.exp(min((v - th_inf - ths - thv) / escape[0], 30.0)) / escape[1] * dt
            if hazard >= targets[count] and count < spikes.size - 1:
                spikes[count] = k
                count += 1
                hazard = 0.0
                silent = n_ref
        voltage[k] = v
    return count
