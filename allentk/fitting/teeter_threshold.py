"""The published thresholds: at rest, after spikes, and with the voltage."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from allentk.errors import FitError
from allentk.fitting.teeter_traces import Terms, Trace

__all__ = [
    "Component",
    "fit_spike_component",
    "fit_voltage_component",
    "threshold_at_rest",
]

Array = NDArray[np.float64]

#: Spikes of triple short squares count for this long from the start of the stimulus.
TRIPLE_S = 1.0
#: Where the searches begin: size in mV and decay rate in 1/s, drive and decay rate in 1/s.
SPIKE_START, VOLTAGE_START = (2.0, 100.0), (0.5, 5.0)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the threshold: `a` in mV (spikes) or 1/s (voltage), decay rate `b` in 1/s."""

    a: float
    b_per_s: float


def resting_threshold(square: Trace) -> float:
    """Return the threshold above rest of the first spike of a short square, in mV.

    Raises
    ------
    FitError
        Where the sweep has no rest before the stimulus.
    """
    if not math.isfinite(square.rest_mv):
        raise FitError(f"{square.sweep.label}: there is no rest of 0.1 s before the short square")
    return float(square.voltage_mv[square.spikes[0]] - square.rest_mv)


def noise_threshold(noise: list[Trace], rest_mv: float) -> float:
    """Return the mean threshold above rest of the spikes in noise, in mV."""
    return float(np.concatenate([t.voltage_mv[t.spikes] for t in noise]).mean() - rest_mv)


def fit_spike_component(triples: list[Trace], t_ref_s: float) -> Component | None:
    """Fit an exponential to second thresholds of triple short squares against time since the first.

    It decays to the mean threshold of first spikes; its size is then carried to the end of the
    refractory time. A negative size or decay rate makes it 0.

    Returns
    -------
    Component or None
        None where fewer than two sweeps have a second spike.
    """
    pairs = [(trace, _within(trace)) for trace in triples]
    pairs = [(trace, spikes) for trace, spikes in pairs if spikes.size >= 2]
    if len(pairs) < 2:
        return None
    since_s = np.array([(s[1] - s[0]) * trace.dt_s for trace, s in pairs])
    first, second = (np.array([t.voltage_mv[s[i]] for t, s in pairs]) for i in (0, 1))
    raised = second - first.mean()

    def residuals(x: Array) -> Array:
        with np.errstate(over="ignore"):
            apart = x[0] * np.exp(-x[1] * since_s) - raised
        return np.asarray(np.nan_to_num(apart, posinf=1e9, neginf=-1e9))

    a, b = optimize.least_squares(residuals, SPIKE_START, method="lm").x.tolist()
    if a < 0 or b < 0:
        return Component(0.0, 0.0)
    return Component(a * math.exp(-b * t_ref_s), b)


def _within(trace: Trace) -> NDArray[np.int64]:
    last = trace.step(trace.sweep.start_s + TRIPLE_S)
    return trace.spikes[trace.spikes < last]


def fit_voltage_component(
    noise: list[Trace], rest_mv: float, t_ref_s: float, th_inf_mv: float, spike: Component
) -> Component:
    """Find how the rest of the threshold follows the voltage from spike to spike.

    What is left of the thresholds in noise is carried from the end of every spike to the next one by
    ``dTh/dt = a (V - rest) - b Th`` with the recorded voltage; the squared misses are minimised.

    Raises
    ------
    FitError
        Where no sweep has two spikes, or where the search ends at a growing threshold.

    References
    ----------
    Nelder and Mead 1965, The Computer Journal 7:308.
    """
    intervals = [
        _intervals(trace, rest_mv, t_ref_s, th_inf_mv, spike)
        for trace in noise
        if trace.spikes.size > 1
    ]
    if not intervals:
        raise FitError("no sweep of noise has two spikes; fit a level below 5")

    def cost(x: Array) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            missed = sum(_missed(interval, *x.tolist()) for interval in intervals)
        # Its tolerances are absolute, and were those of square volts.
        return missed * 1e-6 if math.isfinite(missed) else 1e6

    a, b = optimize.minimize(cost, VOLTAGE_START, method="Nelder-Mead").x.tolist()
    if not (math.isfinite(a) and b >= 0):
        raise FitError(
            f"sweeps {[trace.number for trace in noise]}: the threshold would grow by itself (b_v = "
            f"{b:.3g}/s), which the published pipeline leaves out; fit level 4"
        )
    return Component(a, b)


@dataclass(frozen=True, slots=True, eq=False)
class _Intervals:
    """Intervals of one sweep: voltage above rest in them, steps to their ends, thresholds around them."""

    voltage_mv: Array
    until_end_s: Array
    firsts: NDArray[np.int64]
    lengths_s: Array
    before_mv: Array
    after_mv: Array
    dt_s: float


def _intervals(
    trace: Trace, rest_mv: float, t_ref_s: float, th_inf_mv: float, spike: Component
) -> _Intervals:
    dt_s, n_ref = trace.dt_s, round(t_ref_s / trace.dt_s)
    ends = trace.spikes[1:]
    starts = np.minimum(trace.spikes[:-1] + n_ref, ends - 1)
    sizes = ends - starts
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    within = np.arange(int(sizes.sum())) - np.repeat(firsts, sizes)
    raised = _raised(np.asarray(trace.spikes * dt_s, dtype=float), t_ref_s, spike)
    left = trace.voltage_mv[trace.spikes] - rest_mv - th_inf_mv - raised
    return _Intervals(
        trace.voltage_mv[np.repeat(starts, sizes) + within] - rest_mv,
        np.asarray((np.repeat(sizes, sizes) - within) * dt_s, dtype=float),
        firsts,
        np.asarray(sizes * dt_s, dtype=float),
        left[:-1],
        left[1:],
        dt_s,
    )


def _raised(times_s: Array, t_ref_s: float, spike: Component) -> Array:
    """Return the spike-dependent threshold at every spike, 0 at the first."""
    out = np.zeros(times_s.size)
    for k in range(1, times_s.size):
        apart = float(times_s[k] - times_s[k - 1])
        rest = math.exp(-spike.b_per_s * max(apart - t_ref_s, 0.0))
        out[k] = out[k - 1] * math.exp(-spike.b_per_s * apart) + spike.a * rest
    return out


def _missed(interval: _Intervals, a: float, b: float) -> float:
    """Return the sum of squared misses of the thresholds at the ends of the intervals, in mV^2."""
    # Exact for a voltage that is held within a step.
    weight = interval.dt_s if b == 0 else math.expm1(b * interval.dt_s) / b
    driven = interval.voltage_mv * np.exp(-b * interval.until_end_s)
    carried = interval.before_mv * np.exp(-b * interval.lengths_s)
    told = carried + a * weight * np.add.reduceat(driven, interval.firsts)
    return float(((interval.after_mv - told) ** 2).sum())


def threshold_at_rest(
    square: Trace | None, noise: list[Trace], rest_mv: float, terms: Terms
) -> float:
    """Return the threshold above rest: of the short square, or where it is missing, of the noise.

    Raises
    ------
    FitError
        Under strict terms where there is no short square.
    """
    if square is not None:
        return resting_threshold(square)
    terms.replaced(
        "no short squares above and below threshold ('Short Square')",
        "the threshold at rest is the mean threshold of the spikes in noise",
    )
    return noise_threshold(noise, rest_mv)
