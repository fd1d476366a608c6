"""Components of the threshold, by the likelihood of all spikes of all trials."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
#: The rate at the threshold that is handed on, about that at which a deterministic cell fires.
FIRING_HZ = 1000.0
#: Range of the voltage over which the rate grows e-fold; outside it the regression means nothing.
WIDTHS_MV = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class Threshold:
    """What the likelihood says of a threshold; components that are not there are 0.

    `th_inf_mv` is where the rate is `FIRING_HZ`.
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
    """A fit with components of these rates, None for one that is not there."""

    spike_rate: float | None
    voltage_rate: float | None
    weights: Array
    value: float
    log_likelihood: float

    @property
    def width_mv(self) -> float:
        return 1 / float(self.weights[1])

    @property
    def spike_a_mv(self) -> float:
        return 0.0 if self.spike_rate is None else -float(self.weights[2]) * self.width_mv

    @property
    def voltage_a_per_s(self) -> float:
        return 0.0 if self.voltage_rate is None else -float(self.weights[-1]) * self.width_mv

    @property
    def sane(self) -> bool:
        """Whether a cell can have these components."""
        step, part = self.spike_a_mv, self.voltage_a_per_s / (self.voltage_rate or 1.0)
        return (self.spike_rate is None or 0 < step < LARGEST_STEP_MV) and (
            self.voltage_rate is None or 0 < part < LARGEST_PART
        )


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
    told = None if recovery is None else recovery.since_end(model.t_ref_s)
    spike = model.level in RESET_LEVELS
    voltage = model.level == 5
    best = _best(run, spike, voltage, told)
    dropped = []
    if spike and best.spike_rate is None:
        dropped.append("spike component of the threshold")
    if voltage and best.voltage_rate is None:
        dropped.append("voltage component of the threshold")
    return Threshold(
        (math.log(FIRING_HZ) - float(best.weights[0])) * best.width_mv,
        best.width_mv,
        best.spike_a_mv,
        best.spike_rate or SPIKE_RATES_PER_S[1],
        best.voltage_a_per_s,
        best.voltage_rate or VOLTAGE_RATES_PER_S[1],
        best.log_likelihood,
        tuple(dropped),
    )


def _best(run: Forced, spike: bool, voltage: bool, told: Recovery | None) -> _Found:
    """Return the likeliest fit of a sane threshold, with as many components as can be had."""
    spikes: Sequence[float | None] = SPIKE_RATES_PER_S if spike else (None,)
    voltages: Sequence[float | None] = VOLTAGE_RATES_PER_S if voltage else (None,)
    plain = _fit(run, None, None, told, None)
    for those in ((spikes, voltages), (spikes, (None,)), ((None,), voltages)):
        tried = [
            _fit(run, spike_rate, voltage_rate, told, plain.weights)
            for spike_rate, voltage_rate in itertools.product(*those)
        ]
        sane = [found for found in tried if found.sane]
        if sane:
            return max(sane, key=lambda found: found.value)
    return plain


def _fit(
    run: Forced,
    spike_rate: float | None,
    voltage_rate: float | None,
    told: Recovery | None,
    start: Array | None,
) -> _Found:
    rows = [np.ones(run.voltage_mv.size), run.voltage_mv]
    if spike_rate is not None:
        rows.append(run.spike_trace(spike_rate))
    if voltage_rate is not None:
        rows.append(run.voltage_trace(voltage_rate))
    penalty = np.zeros((len(rows), len(rows)))
    if told is not None and spike_rate is not None:
        penalty[1:3, 1:3] = told.penalty(spike_rate)
    columns, fired = np.stack([row[run.used] for row in rows]), run.fired[run.used]
    given = _guess(columns, fired) if start is None else start
    given = np.concatenate([given, np.zeros(len(rows) - given.size)])
    escape = Escape(columns, fired, penalty)
    weights = _bounded(maximise(escape, given)[0], float(columns[1, fired].mean()))
    value = log_likelihood(escape, weights)
    pull = 0.5 * float(weights @ penalty @ weights)
    return _Found(spike_rate, voltage_rate, weights, value, value + pull)


def _guess(columns: Array, fired: NDArray[np.bool_]) -> Array:
    """Return weights that fire at 100 Hz where the cell did, e-fold over 2 mV."""
    return np.array([math.log(100.0) - 0.5 * float(columns[1, fired].mean()), 0.5])


def _bounded(weights: Array, at_mv: float) -> Array:
    """Return the weights with a width in `WIDTHS_MV`, the rate at `at_mv` as it was."""
    slope = min(max(float(weights[1]), 1 / WIDTHS_MV[1]), 1 / WIDTHS_MV[0])
    out = weights.copy()
    out[0] += (weights[1] - slope) * at_mv
    out[1] = slope
    return out


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
    bare = replace(run, voltage_mv=run.voltage_mv - shift)
    return _fit(bare, None, None, None, None).log_likelihood
