"""Baseline, deflection, sag, time constant and resistance: the passive side of a step."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from allentk.data import Sweep
from allentk.errors import FeatureError

__all__ = ["baseline", "deflection", "holding_pa", "input_resistance", "sag", "time_constant"]

Array = NDArray[np.float64]

#: The published table measures baseline and steady state over 100 ms.
BASELINE_S = 0.1
#: What a step's current is measured from, and the blocks it is measured in.
HOLDING_S = 0.01


def _mean(sweep: Sweep, start_s: float, end_s: float) -> float:
    part = sweep.voltage_mv[max(sweep.index(start_s), 0) : sweep.index(end_s)]
    return float(part.mean()) if part.size else math.nan


def baseline(sweep: Sweep, start_s: float, *, window_s: float = BASELINE_S) -> float:
    """Return the mean voltage of the `window_s` before `start_s`, in mV."""
    return _mean(sweep, start_s - window_s, start_s)


def holding_pa(sweep: Sweep, start_s: float) -> float:
    """Return the median current of the 10 ms before `start_s`, in pA; 0 where there is nothing before."""
    before = sweep.current_pa[sweep.index(start_s - HOLDING_S) : sweep.index(start_s)]
    return float(np.median(before)) if before.size else 0.0


def deflection(sweep: Sweep, start_s: float, end_s: float) -> tuple[float, int]:
    """Return the peak deflection between `start_s` and `end_s`: voltage in mV, and its sample.

    The largest voltage where the current in the middle is at or above the holding current (the median
    of the 10 ms before), else the smallest.

    Raises
    ------
    FeatureError
        Where no sample of the sweep lies between them.
    """
    first, last = sweep.index(start_s), sweep.index(end_s)
    if first >= last:
        raise FeatureError(
            f"{sweep.label}: no sample lies between {start_s} and {end_s} s; the sweep lasts "
            f"{sweep.duration_s:.6g} s, give a start and an end inside it"
        )
    part = sweep.voltage_mv[first:last]
    up = sweep.current_pa[(first + last) // 2] >= holding_pa(sweep, start_s)
    at = first + int(part.argmax() if up else part.argmin())
    return float(sweep.voltage_mv[at]), at


def sag(sweep: Sweep, start_s: float, end_s: float, *, window_s: float = BASELINE_S) -> float:
    """Return (peak - steady) / (peak - baseline) of a hyperpolarising step, no unit.

    The peak is the mean of 5 ms about the minimum, the steady state that of the last `window_s`.

    Raises
    ------
    FeatureError
        Where no sample of the sweep lies between `start_s` and `end_s`.
    """
    peak_v, at = deflection(sweep, start_s, end_s)
    middle = at / sweep.sampling_rate_hz
    peak_v = _mean(sweep, middle - 0.0025, middle + 0.0025)
    steady = _mean(sweep, end_s - window_s, end_s)
    base = baseline(sweep, start_s, window_s=window_s)
    return (peak_v - steady) / (peak_v - base) if peak_v != base else math.nan


def time_constant(sweep: Sweep, start_s: float, end_s: float) -> float:
    """Return the membrane time constant in seconds, from 10 % of the deflection to its peak.

    One exponential is fitted; NaN where the deflection is less than 20 times the noise before the
    step, where the fit does not converge, or where it misses by more than 1 mV (RMS).

    Raises
    ------
    FeatureError
        Where no sample of the sweep lies between `start_s` and `end_s`.
    """
    peak_v, at = deflection(sweep, start_s, end_s)
    base = baseline(sweep, start_s)
    first = sweep.index(start_s)
    before = sweep.voltage_mv[max(sweep.index(start_s - BASELINE_S), 0) : first]
    noise = float(before.std()) if before.size else math.nan
    if not abs(peak_v - base) >= 20 * noise:
        return math.nan
    rise = sweep.voltage_mv[first:at]
    past = np.flatnonzero(np.abs(rise - base) >= 0.1 * abs(peak_v - base))
    if past.size == 0:
        return math.nan
    v = rise[past[0] :]
    return _exponential(np.arange(v.size) / sweep.sampling_rate_hz, v)


def _exponential(t: Array, v: Array) -> float:
    if v.size < 10:
        return math.nan

    def curve(x: Array, amplitude: float, inverse_tau: float, offset: float) -> Array:
        with np.errstate(over="ignore"):
            return offset + amplitude * np.exp(-x * inverse_tau)

    # A fit that does not converge is an answer here: there is no time constant.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optimize.OptimizeWarning)
        try:
            fitted, _ = optimize.curve_fit(curve, t, v, p0=(v[0] - v[-1], 50.0, v[-1]))
        except RuntimeError:
            return math.nan
    error = float(np.sqrt(np.mean((curve(t, *fitted) - v) ** 2)))
    return 1 / float(fitted[1]) if error <= 1.0 and fitted[1] > 0 else math.nan


def input_resistance(voltage_mv: ArrayLike, current_pa: ArrayLike) -> float:
    """Return the slope of voltage on current in MOhm; NaN with fewer than two amplitudes.

    Raises
    ------
    FeatureError
        Where the two are not one-dimensional and equally long.

    Examples
    --------
    >>> round(input_resistance([-80, -75], [-50, -25]), 6)
    200.0
    """
    v, i = np.asarray(voltage_mv, dtype=float), np.asarray(current_pa, dtype=float)
    if v.ndim != 1 or v.shape != i.shape:
        raise FeatureError(
            f"input resistance: voltage and current must be one-dimensional and equally long, got "
            f"shapes {v.shape} and {i.shape}; give one of each per sweep"
        )
    if np.unique(i).size < 2:
        return math.nan
    return float(np.polynomial.polynomial.polyfit(i, v, 1)[1]) * 1e3
