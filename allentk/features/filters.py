"""The derivative of the voltage, low-passed as the Cell Types Database does it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CUTOFF_HZ",
    "FEWEST",
    "HEAVY_CUTOFF_HZ",
    "MIRRORED",
    "cutoff_hz",
    "dvdt",
    "heavy_cutoff_hz",
]

Array = NDArray[np.float64]

#: Allen's low-pass for spikes, and the heavier one for what follows a spike.
CUTOFF_HZ, HEAVY_CUTOFF_HZ = 10_000.0, 1_000.0

#: Sampling rate below which the low-pass for spikes is another.
LEAST_RATE_HZ = 22_000.0
#: Samples by which either end of the voltage goes on, mirrored, before it is filtered.
MIRRORED = 15
#: Fewest samples of which features are measured; the low-pass itself needs one less.
FEWEST = MIRRORED + 2
#: What is left of a wrong start after the filter's memory.
_FADED = 1e-17


def cutoff_hz(sampling_rate_hz: float) -> float:
    """Return the low-pass used for spikes: 10 kHz, or 0.4 of the rate below 22 kHz.

    The nearer a low-pass is to half of the sampling rate, the longer it rings: at 20.001 kHz one of
    10 kHz gives anything.
    """
    return CUTOFF_HZ if sampling_rate_hz >= LEAST_RATE_HZ else 0.4 * sampling_rate_hz


def heavy_cutoff_hz(sampling_rate_hz: float) -> float:
    """Return the low-pass used for what follows a spike: 1 kHz, or 0.4 of the rate below 2.5 kHz."""
    return min(HEAVY_CUTOFF_HZ, 0.4 * sampling_rate_hz)


@lru_cache(maxsize=32)
def _low_pass(normalised: float) -> tuple[Any, Any, Any, int]:
    """Return both coefficients of a 4-pole Bessel low-pass, its state under 1, and its memory."""
    from scipy import signal

    numerator, denominator = signal.bessel(4, normalised, "low")
    slowest = float(np.abs(np.roots(denominator)).max())
    memory = math.ceil(math.log(_FADED) / math.log(slowest))
    state = signal.lfilter_zi(numerator, denominator)
    b, a, start = (tuple(values.tolist()) for values in (numerator, denominator, state))
    return b, a, start, memory


def _joined(runs: NDArray[np.int64], gap: int) -> NDArray[np.int64]:
    """Join runs that are no more than `gap` apart: to start the filter anew would cost more."""
    if len(runs) < 2:
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] > gap
    firsts = runs[np.concatenate([[True], apart]), 0]
    lasts = runs[np.concatenate([apart, [True]]), 1]
    return np.column_stack([firsts, lasts])


def dvdt(
    voltage_mv: Array, sampling_rate_hz: float, cutoff: float, runs: ArrayLike | None = None
) -> Array:
    """Return dV/dt in V/s between neighbouring samples, shape ``(n - 1,)``.

    The voltage first passes a 4-pole Bessel low-pass forwards and backwards, so that nothing is
    delayed.

    Parameters
    ----------
    voltage_mv : ndarray, shape (n,)
        The voltage, all finite; more than `MIRRORED` samples.
    sampling_rate_hz, cutoff : float
        Samples per second, and the cutoff of the low-pass in Hz.
    runs : array_like, shape (n_runs, 2), optional
        Where dV/dt is wanted: first sample and the one after the last, ascending. Elsewhere it is
        undefined.
    """
    from allentk.features.filter_kernels import zero_phase_slope

    b, a, start, memory = _low_pass(cutoff / (sampling_rate_hz / 2))
    wanted = np.array([[0, voltage_mv.size - 1]] if runs is None else runs, dtype=np.int64)
    slope: Array = zero_phase_slope(
        b,
        a,
        start,
        memory,
        voltage_mv,
        MIRRORED,
        sampling_rate_hz * 1e-3,
        _joined(wanted.reshape(-1, 2), 2 * memory),
    )
    return slope
