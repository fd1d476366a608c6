"""SYNTHETIC sweeps with 0 to about 60 spikes, for timing and for comparing extractors.

Ten cells (six with a slow potassium current, four fast-spiking ones), ten steps each: 2 s, a step from
0.5 to 1.5 s. Equations and rates are those of Pospischil et al. 2008, Biological Cybernetics 99:427. The
current carries Ornstein-Uhlenbeck noise, the voltage 30 uV of recording noise below 10 kHz and the steps of
a converter of 1/32 mV, as recordings do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

__all__ = ["START_S", "STOP_S", "load"]

Array = NDArray[np.float64]

RATE_HZ, DURATION_S, START_S, STOP_S = 200_000, 2.0, 0.5, 1.5
_CONVERTER_MV = 1 / 32
#: Per cell: sodium, potassium, slow potassium conductance (mS/cm2), threshold (mV), longest slow time (ms).
_CELLS = [(50.0, 5.0, 0.07 + 0.01 * k, -55.0 - k % 3, 608.0) for k in range(6)]
_CELLS += [(58.0, 3.9, 0.0, -57.9 - k, 502.0) for k in range(4)]
_STEPS = np.array(
    [-1.0, -0.5, -0.25, 0.5, 1.0, 1.25, 1.5, 2.0, 2.5, 3.2]
)  # uA/cm2, half for fast-spiking
_PA = 100.0  # pA per uA/cm2, for a cell of 10,000 um2


def _rate(v: Array, scale: float, width: float) -> Array:
    """Return scale * v / (exp(v / width) - 1), its limit at 0."""
    small = np.abs(v) < 1e-6
    return np.where(small, scale * width, scale * v / np.expm1(np.where(small, 1.0, v / width)))


def _simulated(seed: int) -> tuple[Array, Array]:
    """Return voltage (mV) and current (pA), shape ``(100, n_samples)``."""
    rng = np.random.default_rng(seed)
    na, k, slow, vt, longest = np.repeat(np.array(_CELLS), len(_STEPS), axis=0).T
    step = np.tile(_STEPS, len(_CELLS)) * np.where(slow > 0, 1.0, 0.5)
    n, dt = round(DURATION_S * RATE_HZ), 1e3 / RATE_HZ
    v, m, h, gate, p = (np.full(step.size, x) for x in (-70.0, 0.0, 1.0, 0.0, 0.0))
    noise = np.zeros(step.size)
    voltage, current = np.empty((step.size, n)), np.empty((step.size, n))
    decay = np.exp(-dt / 2.0)
    for i in range(n):
        noise = noise * decay + 0.15 * np.sqrt(1 - decay**2) * rng.normal(size=step.size)
        on = START_S <= i / RATE_HZ < STOP_S
        injected = np.where(on, step, 0.0) + noise
        x = v - vt
        opens = (
            _rate(x - 13, -0.32, -4.0),
            0.128 * np.exp(-(x - 17) / 18),
            _rate(x - 15, -0.032, -5),
        )
        shuts = (
            _rate(x - 40, 0.28, 5.0),
            4 / (1 + np.exp(-(x - 40) / 5)),
            0.5 * np.exp(-(x - 10) / 40),
        )
        m, h, gate = (
            a / (a + b) + (old - a / (a + b)) * np.exp(-dt * (a + b))
            for old, a, b in zip((m, h, gate), opens, shuts, strict=True)
        )
        rest = 1 / (1 + np.exp(-(v + 35) / 10))
        tau = longest / (3.3 * np.exp((v + 35) / 20) + np.exp(-(v + 35) / 20))
        p = rest + (p - rest) * np.exp(-dt / tau)
        conductance = 0.05 + na * m**3 * h + k * gate**4 + slow * p
        reversal = 0.05 * -70 + na * m**3 * h * 50 + (k * gate**4 + slow * p) * -90
        v = (reversal + injected) / conductance + (
            v - (reversal + injected) / conductance
        ) * np.exp(-dt * conductance)
        voltage[:, i], current[:, i] = v, injected * _PA
    return voltage, current


def _recorded(voltage: Array, rate_hz: float, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    numerator, denominator = signal.bessel(4, 10_000 / (rate_hz / 2))
    noise = signal.lfilter(numerator, denominator, rng.normal(size=voltage.shape))
    noisy = voltage + 0.03 * noise / noise.std()
    return (np.round(noisy / _CONVERTER_MV) * _CONVERTER_MV).astype("f4")


def load(folder: Path, rate_hz: int) -> Path:
    """Return a .npz with ``v``, ``i`` (100 sweeps, mV and pA) and ``rate``; made where there is none."""
    path = folder / f"spiking_sweeps_{rate_hz}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        voltage, current = _simulated(seed=0)
        for rate in (50_000, 200_000):
            every = RATE_HZ // rate
            np.savez(
                folder / f"spiking_sweeps_{rate}.npz",
                v=_recorded(voltage[:, ::every], rate, seed=rate),
                i=current[:, ::every].astype("f4"),
                rate=float(rate),
            )
    return path
