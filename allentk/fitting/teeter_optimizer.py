"""The published optimiser: one coefficient of the threshold, by likelihood with internal noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, signal

from allentk.errors import FitError
from allentk.fitting.teeter_forced import Bins, forced_bins
from allentk.fitting.teeter_traces import Terms, Trace
from allentk.models import GLIFParameters

__all__ = ["Noise", "Optimum", "Round", "internal_noise", "log_laplace", "minimise", "mlin"]

Array = NDArray[np.float64]

#: Where in a long square its response is steady.
STEADY_AFTER_S = 0.5
#: Left out around spikes where noise is told from repeats; and the longest lag that is looked at.
BEFORE_S, AFTER_S, LAG_S = 0.005, 0.020, 0.25
#: Restarts: from the beginning, and from the best of the last; with steps this many times the traces'.
OUTER, SIGMA_OUTER, SIGMA_INNER = 3, 0.3, 0.01
MULTIPLIERS = (100, 32, 10)
TOLERANCE, UNLIMITED = 1e-5, 10_000_000
#: Cost of what has no likelihood.
IMPOSSIBLE = 1e12


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of the voltage inside a neuron: scale of a Laplace density in mV, correlation time in s."""

    scale_mv: float
    tau_s: float


@dataclass(frozen=True, slots=True)
class Round:
    """The best after a restart from the beginning."""

    coefficient: float
    mlin: float
    evaluations: int


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best coefficient of the threshold, its cost, and whether that search settled."""

    coefficient: float
    mlin: float
    evaluations: int
    converged: bool
    rounds: tuple[Round, ...]


def internal_noise(square: Trace | None, noise: list[Trace], terms: Terms) -> Noise:
    """Measure the noise of the voltage in a long square without spikes, from 0.5 s on.

    Where there is none, the deviations of repeats from their mean are taken, outside spikes.

    Raises
    ------
    FitError
        Where the voltage does not vary; where there is no long square, under strict terms or if there are
        no repeats.
    """
    if square is not None:
        last = square.step(square.sweep.stop_s)
        first = square.step(square.sweep.start_s + STEADY_AFTER_S)
        if last - first >= round(0.1 / square.dt_s):
            part = square.voltage_mv[first:last]
            return _noise([part - part.mean()], 1.0, square.dt_s)
    terms.replaced(
        "no long square without spikes of more than 0.6 s ('Long Square')",
        "the noise of the voltage is told from repeats of the noise, outside spikes",
    )
    if len(noise) < 2:
        raise FitError(
            "neither a long square without spikes nor a repeat of the noise: the noise of the voltage, "
            "which the published optimiser needs, cannot be told"
        )
    return _noise(_deviations(noise), len(noise) / (len(noise) - 1), noise[0].dt_s)


def _deviations(noise: list[Trace]) -> list[Array]:
    """Return how repeats deviate from their mean, NaN where one of them has a spike."""
    together = np.logical_and.reduce([trace.outside_spikes(BEFORE_S, AFTER_S) for trace in noise])
    part = np.array([trace.voltage_mv[together] for trace in noise])
    part -= part.mean(axis=0)
    if part.size:
        part -= part.mean(axis=1, keepdims=True)
    out = np.full((len(noise), together.size), np.nan)
    out[:, together] = part
    return list(out)


def _noise(deviations: list[Array], unbiased: float, dt_s: float) -> Noise:
    """Return scale and correlation time of deviations, NaN where they are not known."""
    n_lags = min(round(LAG_S / dt_s), min(part.size for part in deviations))
    products, counts = np.zeros(n_lags), np.zeros(n_lags)
    for part in deviations:
        known = np.isfinite(part).astype(float)
        products += _lagged(np.nan_to_num(part), n_lags)
        counts += _lagged(known, n_lags)
    if not (counts[0] > 0.5 and products[0] > 0):
        raise FitError(
            "the voltage does not vary outside spikes, or spikes are everywhere: its noise, which the "
            "published optimiser needs, cannot be told"
        )
    variance = products[0] / counts[0]
    seen = counts > 0.1 * counts[0]
    n_seen = int(seen.size if seen.all() else seen.argmin())
    correlation = products[:n_seen] / counts[:n_seen] / variance
    return Noise(math.sqrt(variance * unbiased / 2), _decay_s(correlation, dt_s))


def _lagged(values: Array, n_lags: int) -> Array:
    whole: Array = signal.correlate(values, values, method="fft")
    return whole[values.size - 1 : values.size - 1 + n_lags]


def _decay_s(correlation: Array, dt_s: float) -> float:
    """Fit an exponential from 1 to the correlation before it first falls to 0."""
    fallen = correlation <= 0
    part = correlation[: int(fallen.argmax()) if fallen.any() else None]
    lags_s = np.arange(part.size) * dt_s
    low = part < math.exp(-1)
    start = lags_s[int(low.argmax())] if low.any() else lags_s[-1]

    def residuals(x: Array) -> Array:
        return np.asarray(np.exp(-lags_s * np.exp(-x[0])) - part)

    found = optimize.least_squares(residuals, [math.log(max(float(start), dt_s))], method="lm")
    return max(math.exp(float(found.x[0])), dt_s)


def log_laplace(distance_mv: Array, scale_mv: float) -> Array:
    """Return the logarithm of the distribution function of Laplace noise."""
    x = distance_mv / scale_mv
    below = x - math.log(2.0)
    # Beyond 40 scales the logarithm is 0 to the last digit, and exponentials become slow.
    return np.where(x < 0, below, np.log1p(-0.5 * np.exp(-np.clip(x, 0.0, 40.0))))


def mlin(bins: Bins, threshold_mv: float, scale_mv: float) -> float:
    """Return minus the log-likelihood that noise on the threshold made these spikes and no others.

    In every bin without a spike the model, where it is nearest to its threshold or farthest beyond,
    was kept below it by the noise; in every bin of a spike it was brought above.
    """
    silent = log_laplace(threshold_mv - bins.silent_mv, scale_mv)
    spiking = log_laplace(bins.spiking_mv - threshold_mv, scale_mv)
    cost = -float(silent.sum() + spiking.sum())
    return cost if math.isfinite(cost) else IMPOSSIBLE


def minimise(noise: list[Trace], model: GLIFParameters, internal: Noise, *, seed: int) -> Optimum:
    """Find the coefficient of the threshold at rest that makes the recorded spikes likeliest.

    Nine searches by Nelder and Mead: three restarts about the model's own threshold (the first one at
    it), and in each three that follow one another at 100, 32 and 10 times the step of the traces; only the
    last step's results compete. The model runs between the recorded spikes, where its threshold at rest
    changes nothing but the distance to it, so that one run for each step serves all coefficients.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, supplementary methods ("MLIN").
    """
    costs = []
    for multiplier in MULTIPLIERS:
        bins = _forced(noise, model, internal, multiplier)
        costs.append(partial(_cost, bins, model.th_inf_mv, internal.scale_mv, len(noise)))
    rng = np.random.default_rng(seed)
    best, best_cost, converged, evaluations = 1.0, math.inf, False, 0
    rounds = []
    for outer in range(OUTER):
        at = 1.0 + (SIGMA_OUTER * rng.standard_normal() if outer else 0.0)
        for inner, cost in enumerate(costs):
            start = at + (SIGMA_INNER * rng.standard_normal() if inner else 0.0)
            found = _search(cost, start)
            at, evaluations = float(found.x[0]), evaluations + int(found.nfev)
        if found.fun < best_cost:
            best, best_cost, converged = at, float(found.fun), bool(found.success)
        rounds.append(Round(best, best_cost, evaluations))
    return Optimum(best, best_cost, evaluations, converged, tuple(rounds))


def _forced(noise: list[Trace], model: GLIFParameters, internal: Noise, multiplier: int) -> Bins:
    # A step far longer than the membrane's time constant may run away; its cost is then IMPOSSIBLE.
    with np.errstate(over="ignore", invalid="ignore"):
        return forced_bins(noise, model, internal.tau_s, multiplier=multiplier)


def _cost(bins: Bins, th_inf_mv: float, scale_mv: float, n_sweeps: int, x: Array) -> float:
    with np.errstate(invalid="ignore"):
        return mlin(bins, float(x[0]) * th_inf_mv, scale_mv) / n_sweeps


def _search(cost: partial[float], start: float) -> optimize.OptimizeResult:
    options = {
        "xatol": TOLERANCE,
        "fatol": TOLERANCE,
        "maxiter": UNLIMITED,
        "maxfev": UNLIMITED,
    }
    return optimize.minimize(cost, [start], method="Nelder-Mead", options=options)
