"""Baseline, deflection, sag, time constant and resistance: the passive side of a step.

Windows are cut by the edges of the sweep, those of the steady state by the start of the step as well;
what is measured in a window without a sample is NaN. A time that is not finite is a DataError.

Examples
--------
>>> voltage = np.repeat([-70.0, -82.0, -80.0, -70.0], [200, 100, 300, 200])
>>> current = np.repeat([0.0, -50.0, 0.0], [200, 400, 200])
>>> step = Sweep(voltage, current, 1000.0)
>>> baseline(step, 0.2), steady_state(step, 0.2, 0.6), measured_pa(step, 0.2, 0.6)
(-70.0, -80.0, -50.0)
>>> deflection(step, 0.2, 0.6)
(-82.0, 200)
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features.definition import Definition, checked
from allentk.features.filters import FEWEST, dvdt, heavy_cutoff_hz

__all__ = [
    "baseline",
    "deflection",
    "holding_pa",
    "input_resistance",
    "measured_pa",
    "resting_baseline",
    "sag",
    "steady_state",
    "time_constant",
]

Array = NDArray[np.float64]

#: The published table measures baseline and steady state over 100 ms.
BASELINE_S = 0.1
#: What a step's current is measured from, and the blocks it is measured in.
HOLDING_S = 0.01
#: The peak of a sag is this wide.
PEAK_S = 0.005
#: A quiet stretch changes by less than this, in V/s.
QUIET_V_PER_S = 0.3
#: A fit begins at this fraction of the deflection and needs this many times the noise.
FROM_FRACTION, LEAST_SNR = 0.1, 20.0
#: A fit that misses by more than this (root mean square, mV) is none.
WORST_MV = 1.0
#: Where the search for a time constant begins, in 1/s, and how near it comes.
FIRST_RATE, PRECISION, MOST_STEPS = 50.0, 1e-9, 200
#: Fewer samples make no fit.
FEWEST_FITTED = 10
#: A decay by less than this over the whole trace is a straight line.
STRAIGHT = 1e-3


def _part(values: Array, sweep: Sweep, start_s: float, end_s: float) -> Array:
    return values[sweep.index(start_s) : sweep.index(end_s)]


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else math.nan


def baseline(sweep: Sweep, start_s: float, *, window_s: float = BASELINE_S) -> float:
    """Return the mean voltage of the `window_s` before `start_s`, in mV."""
    return _mean(_part(sweep.voltage_mv, sweep, start_s - window_s, start_s))


def resting_baseline(
    sweep: Sweep, *, window_s: float = BASELINE_S, definition: Definition = "allen"
) -> float:
    """Return the mean voltage where nothing happens, for a sweep whose stimulus has no known start.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    window_s : float
        How long, in seconds, the voltage must be quiet, and how much of it is averaged.
    definition : {"allen", "allentk"}
        ``"allen"``: quiet is what does not rise by 0.3 V/s or more (low-passed at 1 kHz); falls do not
        count, nor do the stretches before the first rise and after the last. ``"allentk"``: quiet is
        what neither rises nor falls so fast, and the ends of the sweep bound a stretch.

    Returns
    -------
    float
        Mean of the last `window_s` of the first quiet stretch, in mV; NaN where there is none, or the
        sweep is not finite or has fewer than 17 samples.
    """
    rate, v = sweep.sampling_rate_hz, sweep.voltage_mv
    own = checked(definition) == "allentk"
    if v.size < FEWEST or not np.isfinite(v).all():
        return math.nan
    slope = dvdt(v, rate, heavy_cutoff_hz(rate))
    events = np.flatnonzero((np.abs(slope) if own else slope) >= QUIET_V_PER_S)
    if own:
        events = np.concatenate([[0], events, [v.size]])
    quiet = np.flatnonzero(np.diff(events) >= window_s * rate * (1 - 1e-9))
    if not quiet.size:
        return math.nan
    end = int(events[quiet[0] + 1])
    return _mean(v[end - round(window_s * rate) : end])


def holding_pa(sweep: Sweep, start_s: float) -> float:
    """Return the median current of the 10 ms before `start_s`, in pA; 0 where there is nothing before."""
    before = _part(sweep.current_pa, sweep, start_s - HOLDING_S, start_s)
    before = before[np.isfinite(before)]
    return float(np.median(before)) if before.size else 0.0


def steady_state(
    sweep: Sweep, start_s: float, end_s: float, *, window_s: float = BASELINE_S
) -> float:
    """Return the mean voltage of the last `window_s` of a step from `start_s` to `end_s`, in mV."""
    return _mean(_part(sweep.voltage_mv, sweep, max(end_s - window_s, start_s), end_s))


def measured_pa(
    sweep: Sweep, start_s: float, end_s: float, *, window_s: float = BASELINE_S
) -> float:
    """Return by how much the current of the last `window_s` of a step differs from the holding current.

    In pA; mean over the window that `steady_state` averages, less `holding_pa`.
    """
    during = _part(sweep.current_pa, sweep, max(end_s - window_s, start_s), end_s)
    return _mean(during) - holding_pa(sweep, start_s)


def deflection(
    sweep: Sweep, start_s: float, end_s: float, *, direction: Literal["min", "max"] | None = None
) -> tuple[float, int]:
    """Return the peak deflection between `start_s` and `end_s`: voltage in mV, and its sample.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    start_s, end_s : float
        The step, in seconds; its last sample does not count.
    direction : {"min", "max"}, optional
        The smallest or the largest voltage; where not given, the largest where the current in the
        middle (the median of 10 ms, since a measured current is noisy) is at or above the holding
        current (that of the 10 ms before), else the smallest.

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
    if direction is None:
        direction = "max" if _middle_pa(sweep, first, last) >= holding_pa(sweep, start_s) else "min"
    part = sweep.voltage_mv[first:last]
    at = first + int(part.argmax() if direction == "max" else part.argmin())
    return float(sweep.voltage_mv[at]), at


def _middle_pa(sweep: Sweep, first: int, last: int) -> float:
    """Return the median current of the 10 ms about the middle of a step, in pA."""
    middle, half = (first + last) // 2, round(HOLDING_S * sweep.sampling_rate_hz / 2)
    return float(
        np.median(sweep.current_pa[max(middle - half, first) : min(middle + half + 1, last)])
    )


def sag(sweep: Sweep, start_s: float, end_s: float, *, window_s: float = BASELINE_S) -> float:
    """Return (peak - steady) / (peak - baseline) of a hyperpolarising step, no unit.

    The peak is the mean of 5 ms about the minimum, the steady state that of the last `window_s`, the
    baseline that of the `window_s` before the step. A minimum near an edge of the sweep has a peak of
    what there is of the 5 ms.

    Raises
    ------
    FeatureError
        Where no sample of the sweep lies between `start_s` and `end_s`.

    Notes
    -----
    The published table averages 100 ms; IPFX averages 30 ms.
    """
    _, at = deflection(sweep, start_s, end_s, direction="min")
    middle = at / sweep.sampling_rate_hz
    peak = _mean(_part(sweep.voltage_mv, sweep, middle - PEAK_S / 2, middle + PEAK_S / 2))
    steady = steady_state(sweep, start_s, end_s, window_s=window_s)
    base = baseline(sweep, start_s, window_s=window_s)
    return (peak - steady) / (peak - base) if peak != base else math.nan


def time_constant(
    sweep: Sweep, start_s: float, end_s: float, *, peak_s: float | None = None
) -> float:
    """Return the membrane time constant of a hyperpolarising step in seconds.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    start_s, end_s : float
        The step, in seconds.
    peak_s : float, optional
        Where the fit ends at the latest, such as the median time of the peaks of a cell's steps; the
        deflection is then that at its end.

    Returns
    -------
    float
        Of the one exponential that is nearest (least squares) from the first 10 % of the deflection to
        its minimum; NaN where the deflection is less than 20 times the noise before the step, where no
        decay fits, or where it misses by more than 1 mV (root mean square).

    Raises
    ------
    FeatureError
        Where no sample of the sweep lies between `start_s` and `end_s`.
    """
    peak_v, at = deflection(sweep, start_s, end_s, direction="min")
    if peak_s is not None and peak_s < at / sweep.sampling_rate_hz:
        at = sweep.index(peak_s)
        peak_v = float(sweep.voltage_mv[at])
    first = sweep.index(start_s)
    before = _part(sweep.voltage_mv, sweep, start_s - BASELINE_S, start_s)
    base = _mean(before)
    noise = float(before.std()) if before.size else math.nan
    if not abs(peak_v - base) >= LEAST_SNR * noise:
        return math.nan
    fall = sweep.voltage_mv[first:at]
    past = np.flatnonzero(fall <= base + FROM_FRACTION * (peak_v - base))
    if past.size == 0:
        return math.nan
    return _exponential(fall[past[0] :], sweep.sampling_rate_hz)


def _exponential(v: Array, rate: float) -> float:
    """Return the time constant in s of the exponential nearest to `v`; every sample counts.

    Weight and asymptote follow from the decay rate by linear least squares, so that only the rate is
    searched for, by damped Gauss-Newton steps.
    """
    if v.size < FEWEST_FITTED:
        return math.nan
    v, lasts = v - v.mean(), (v.size - 1) / rate
    # A sum, as a product would wake the threads of the linear algebra library.
    power = float(np.square(v).sum())
    decay = FIRST_RATE
    error, step = _projected(v, power, rate, decay)
    for _ in range(MOST_STEPS):
        # Beyond a factor of three the curve is another one: there the step says little.
        candidate = min(max(decay + step, decay / 3), decay * 3)
        if not math.isfinite(candidate) or candidate * lasts < STRAIGHT:
            return math.nan
        found, next_step = _projected(v, power, rate, candidate)
        moved = abs(candidate - decay)
        if found <= error:
            decay, error, step = candidate, found, next_step
        else:
            step /= 4
        if moved <= PRECISION * decay:
            return 1 / decay if math.sqrt(error / v.size) <= WORST_MV else math.nan
    return math.nan


def _projected(v: Array, power: float, rate: float, decay: float) -> tuple[float, float]:
    """Return the squared error of the best curve of this decay rate, and the step to a better rate.

    All of it follows from seven sums over the samples, `v` having no mean and the square sum `power`.
    """
    from allentk.features.exponential_kernels import exponential_sums

    n = v.size
    se, see, ske, skee, skkee, sve, svke = exponential_sums(v, decay / rate)
    square = see - se * se / n
    along = skee - ske * se / n
    if not square > 0:
        return power, math.nan
    weight = sve / square
    across = skkee - ske * ske / n - along * along / square
    misses = svke - along / square * sve
    error = max(power - weight * sve, 0.0)
    # The derivative by the rate is in seconds, the sums count samples.
    return error, -misses / (weight * across) * rate if weight * across else math.nan


def input_resistance(voltage_mv: ArrayLike, current_pa: ArrayLike) -> float:
    """Return the slope of voltage (mV) on current (pA) in MOhm; NaN with fewer than two amplitudes.

    Sweeps of which either is NaN do not count.

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
    known = np.isfinite(v) & np.isfinite(i)
    v, i = v[known], i[known]
    if np.unique(i).size < 2:
        return math.nan
    return float(np.polynomial.polynomial.polyfit(i, v, 1)[1]) * 1e3
