"""Components of the threshold, by the likelihood of all spikes of all trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.escape import Escape, log_likelihood, maximise
from allentk.fitting.forced import Forced, forced
from allentk.fitting.recording import Trial
from allentk.fitting.triples import Recovery
from allentk.models import GLIFParameters
from allentk.models.glif import RESET_LEVELS

__all__ = ["Threshold", "fit_threshold", "likelihood_of"]

Array = NDArray[np.float64]

#: Decay rates tried for the component after a spike and for the one that follows the voltage, 1/s.
SPIKE_RATES_PER_S = (10.0, 30.0, 90.0, 270.0)
VOLTAGE_RATES_PER_S = (5.0, 15.0, 50.0, 150.0)
#: Largest threshold that follows the voltage, as a part of a steady voltage, and largest step in mV.
LARGEST_PART, LARGEST_STEP_MV = 0.9, 30.0
#: Range of the voltage over which the rate grows e-fold; outside it the regression means nothing.
WIDTHS_MV = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class Threshold:
    """What the likelihood says of a threshold; components that are not there are 0.

    `th_inf_mv` is where the rate is 1 in a millisecond, which a deterministic threshold comes close to.
    """

    th_inf_mv: float
    width_mv: float
    spike_a_mv: float
    spike_b_per_s: float
    voltage_a_per_s: float
    voltage_b_per_s: float
    log_likelihood: float
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    weights: Array
    value: float


def fit_threshold(
    trials: Sequence[Trial], model: GLIFParameters, recovery: Recovery | None = None
) -> Threshold:
    """Find the threshold components a level has, with everything else of `model` given.

    The model's voltage with the recorded spikes is V; a cell fires at ``exp((V - Th) / width)``. For
    given decay rates this is convex in all that is left, and has one maximum, found by Newton's
    method; the rates are chosen from a few. A spike component that lowers the threshold, and a voltage
    component that lowers it or makes the cell blind to steady currents, is dropped.

    Parameters
    ----------
    trials : sequence of Trial
        Trials with spikes.
    model : GLIFParameters
        Membrane, currents and reset rule of the level; its threshold is not looked at.
    recovery : Recovery, optional
        How the threshold recovered after a spike in triple short squares.

    References
    ----------
    Mensi et al. 2012, Journal of Neurophysiology 107:1756.
    """
    run = forced(trials, model)
    rows = [np.ones(run.voltage_mv.size), run.voltage_mv]
    best = _fit(run, rows, None)
    spike_rate, voltage_rate, dropped = SPIKE_RATES_PER_S[1], VOLTAGE_RATES_PER_S[1], []
    spike: Array | None = None
    if model.level in RESET_LEVELS:
        spike_rate, best, taken = _spike_component(run, rows, best, recovery)
        if taken:
            spike = run.spike_trace(spike_rate)
            rows = [*rows, spike]
        else:
            dropped.append("spike component of the threshold")
    step = float(-best.weights[2] / best.weights[1]) if spike is not None else 0.0
    slope = 0.0
    if model.level == 5:
        voltage_rate, found, taken = _voltage_component(run, rows, best, spike_rate, recovery)
        if taken:
            best = found
            slope = float(-best.weights[-1] / best.weights[1])
            step = max(float(-best.weights[2] / best.weights[1]), 0.0) if spike is not None else 0.0
        else:
            dropped.append("voltage component of the threshold")
    width = 1 / float(best.weights[1])
    return Threshold(
        (math.log(1e3) - float(best.weights[0])) * width,
        width,
        step,
        spike_rate,
        slope,
        voltage_rate,
        best.value,
        tuple(dropped),
    )


def _fit(
    run: Forced,
    rows: list[Array],
    start: Array | None,
    recovery: Recovery | None = None,
    spike_rate: float = 0.0,
) -> _Found:
    columns = np.stack([row[run.used] for row in rows])
    fired = run.fired[run.used]
    penalty = np.zeros((len(rows), len(rows)))
    if recovery is not None and len(rows) > 2:
        penalty[1:3, 1:3] = recovery.penalty(spike_rate)
    escape = Escape(columns, fired, penalty)
    if start is None:
        start = np.zeros(len(rows))
        start[1] = 0.5
        at = columns[1, fired].mean() if fired.any() else columns[1].max()
        start[0] = math.log(100.0) - 0.5 * float(at)
    start = np.concatenate([start, np.zeros(len(rows) - start.size)])
    weights, _ = maximise(escape, start)
    low, high = 1 / WIDTHS_MV[1], 1 / WIDTHS_MV[0]
    if not low <= weights[1] <= high:
        weights = weights.copy()
        weights[0] += (weights[1] - min(max(weights[1], low), high)) * float(
            columns[1, fired].mean() if fired.any() else 0.0
        )
        weights[1] = min(max(weights[1], low), high)
    plain = Escape(columns, fired, np.zeros_like(penalty))
    return _Found(weights, log_likelihood(plain, weights))


def _spike_component(
    run: Forced, rows: list[Array], base: _Found, recovery: Recovery | None
) -> tuple[float, _Found, bool]:
    """Return the decay rate, the fit, and whether the component is one that a cell can have."""
    tried = [
        (rate, _fit(run, [*rows, run.spike_trace(rate)], base.weights, recovery, rate))
        for rate in SPIKE_RATES_PER_S
    ]
    sane = [
        (rate, fit) for rate, fit in tried if 0 < -fit.weights[2] / fit.weights[1] < LARGEST_STEP_MV
    ]
    if not sane:
        return SPIKE_RATES_PER_S[1], base, False
    rate, best = max(sane, key=lambda pair: pair[1].value)
    return rate, best, True


def _voltage_component(
    run: Forced,
    rows: list[Array],
    base: _Found,
    spike_rate: float,
    recovery: Recovery | None,
) -> tuple[float, _Found, bool]:
    tried = [
        (rate, _fit(run, [*rows, run.voltage_trace(rate)], base.weights, recovery, spike_rate))
        for rate in VOLTAGE_RATES_PER_S
    ]
    sane = [
        (rate, fit)
        for rate, fit in tried
        if 0 < -fit.weights[-1] / fit.weights[1] / rate < LARGEST_PART
    ]
    if not sane:
        return VOLTAGE_RATES_PER_S[1], base, False
    rate, best = max(sane, key=lambda pair: pair[1].value)
    return rate, best, True


def likelihood_of(trials: Sequence[Trial], model: GLIFParameters) -> float:
    """Return the log-likelihood of the spikes under the model, threshold and width at their best.

    The components of the threshold stay as they are; its level and the width of the escape do not.
    """
    run = forced(trials, model)
    shift = np.zeros(run.voltage_mv.size)
    if model.th_spike_a_mv:
        shift += model.th_spike_a_mv * run.spike_trace(model.th_spike_b_per_s)
    if model.th_voltage_a_per_s:
        shift += model.th_voltage_a_per_s * run.voltage_trace(model.th_voltage_b_per_s)
    return _fit(run, [np.ones(shift.size), run.voltage_mv - shift], None).value
