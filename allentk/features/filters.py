"""The derivative of the voltage, low-passed as the Cell Types Database does it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal

__all__ = ["CUTOFF_HZ", "HEAVY_CUTOFF_HZ", "cutoff_hz", "dvdt", "heavy_cutoff_hz"]

Array = NDArray[np.float64]

#: Allen's low-pass for spikes, and the heavier one for what follows a spike.
CUTOFF_HZ, HEAVY_CUTOFF_HZ = 10_000.0, 1_000.0


def cutoff_hz(sampling_rate_hz: float) -> float:
    """Return the low-pass used for spikes: 10 kHz, or 0.4 of the rate at 20 kHz and below."""
    return CUTOFF_HZ if sampling_rate_hz > 2 * CUTOFF_HZ else 0.4 * sampling_rate_hz


def heavy_cutoff_hz(sampling_rate_hz: float) -> float:
    """Return the low-pass used for what follows a spike: 1 kHz, or 0.4 of the rate below 2.5 kHz."""
    return min(HEAVY_CUTOFF_HZ, 0.4 * sampling_rate_hz)


@lru_cache(maxsize=32)
def _bessel(normalised: float) -> tuple[Array, Array]:
    numerator, denominator = signal.bessel(4, normalised, "low")
    return numerator, denominator


def dvdt(voltage_mv: Array, sampling_rate_hz: float, cutoff: float) -> Array:
    """Return dV/dt in V/s between neighbouring samples, shape ``(n - 1,)``.

    The voltage first passes a 4-pole Bessel low-pass forwards and backwards, so that nothing is
    delayed.
    """
    filtered = signal.filtfilt(*_bessel(cutoff / (sampling_rate_hz / 2)), voltage_mv)
    slope: Array = np.diff(filtered) * (sampling_rate_hz * 1e-3)
    return slope
