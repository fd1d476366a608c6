"""The simulators behind the recordings, written apart from the package's own.

A GLIF cell fires by escape noise: the hazard is ``exp((V - threshold) / DELTA_MV) / ESCAPE_S``. The
conductance-based cell gets a noisy current.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.models import GLIFParameters

__all__ = ["DELTA_MV", "ESCAPE_S", "escape_glif", "wang_buzsaki"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

DELTA_MV, ESCAPE_S = 0.6, 0.004
#: Standard deviation and correlation time of the current noise of the conductance-based cell.
NOISE_PA, NOISE_TAU_S = 6.0, 0.003


def escape_glif(
    model: GLIFParameters, current_pa: Array, dt_s: float, rng: np.random.Generator
) -> tuple[Array, Indices]:
    """Return the voltage above rest in mV (the refractory time holds the reset) and spike samples."""
    targets = rng.exponential(size=20_000)
    voltage = np.empty(current_pa.size)
    spikes = np.empty(current_pa.size, dtype=np.int64)
    n = _glif(
        current_pa,
        math.exp(-dt_s / model.tau_m_s),
        model.R_mohm * 1e-3,
        model.th_inf_mv,
        round(model.t_ref_s / dt_s),
        np.array(model.asc_amp_pa),
        np.exp(-dt_s / np.array(model.asc_tau_s)),
        dt_s / ESCAPE_S,
        targets,
        voltage,
        spikes,
    )
    return voltage, spikes[:n]


@njit(cache=True)
def _glif(
    current: Array,
    p: float,
    gain: float,
    threshold: float,
    n_ref: int,
    amp: Array,
    decay: Array,
    escape: float,
    targets: Array,
    voltage: Array,
    spikes: Indices,
) -> int:
    v, cumulated, n, refractory = 0.0, 0.0, 0, 0
    asc = np.zeros(amp.size)
    for k in range(current.size):
        total = current[k]
        for j in range(amp.size):
            total += asc[j]
            asc[j] *= decay[j]
        if refractory > 0:
            refractory -= 1
            v = 0.0
            if refractory == 0:
                for j in range(amp.size):
                    asc[j] += amp[j]
        else:
            v = p * v + (1.0 - p) * gain * total
            cumulated += escape * math.exp(min((v - threshold) / DELTA_MV, 30.0))
            if cumulated >= targets[n]:
                spikes[n] = k
                n += 1
                cumulated = 0.0
                refractory = n_ref
        voltage[k] = v
    return n


def wang_buzsaki(current_pa: Array, dt_s: float, rng: np.random.Generator) -> tuple[Array, Indices]:
    """Return the voltage in mV, and the samples at which it rises through -20 mV."""
    noise = rng.standard_normal(current_pa.size)
    voltage = np.empty(current_pa.size)
    # 10,000 um2: 1 uF/cm2 is 100 pF, and 1 uA/cm2 is 100 pA.
    _wang_buzsaki(
        current_pa / 100.0, noise * (NOISE_PA / 100.0), dt_s, dt_s / NOISE_TAU_S, 4, voltage
    )
    return voltage, np.flatnonzero((voltage[1:] >= -20.0) & (voltage[:-1] < -20.0)) + 1


@njit(cache=True)
def _wang_buzsaki(
    current: Array, noise: Array, dt_s: float, relax: float, substeps: int, voltage: Array
) -> None:
    v, h, n, wander = -64.0, 0.78, 0.09, 0.0
    dt = dt_s * 1e3 / substeps
    for k in range(current.size):
        wander += -relax * wander + math.sqrt(2 * relax) * noise[k]
        for _ in range(substeps):
            am = 0.1 * (v + 35.0) / (1.0 - math.exp(-0.1 * (v + 35.0) - 1e-12))
            bm = 4.0 * math.exp(-(v + 60.0) / 18.0)
            ah = 0.07 * math.exp(-(v + 58.0) / 20.0)
            bh = 1.0 / (1.0 + math.exp(-0.1 * (v + 28.0)))
            an = 0.01 * (v + 34.0) / (1.0 - math.exp(-0.1 * (v + 34.0) - 1e-12))
            bn = 0.125 * math.exp(-(v + 44.0) / 80.0)
            m = am / (am + bm)
            h += dt * 5.0 * (ah * (1.0 - h) - bh * h)
            n += dt * 5.0 * (an * (1.0 - n) - bn * n)
            ionic = 35.0 * m**3 * h * (v - 55.0) + 9.0 * n**4 * (v + 90.0) + 0.1 * (v + 65.0)
            v += dt * (current[k] + wander - ionic)
        voltage[k] = v
