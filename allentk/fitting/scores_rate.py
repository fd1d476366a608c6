"""Explained variance of single trials by a rate: that of a stochastic model, or of other trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.errors import FitError
from allentk.fitting.objectives import covariances, train_covariance
from allentk.fitting.scores_trains import TrainsLike

__all__ = ["explained_by_others", "explained_by_rate", "rate_of_runs", "refined"]

Array = NDArray[np.float64]

#: Bins of a rate within a standard deviation; explained variances are then exact to some 1e-4.
_BINS = 40
#: Standard deviations at which a Gaussian ends.
_REACH = 9


def rate_of_runs(
    runs: Sequence[Array], duration_s: float, *, sigma_s: float
) -> tuple[Array, float]:
    """Return the rate in Hz of several runs in fine bins, and the length of a bin.

    Raises
    ------
    FitError
        On a single run.
    """
    if len(runs) < 2:
        raise FitError(
            f"a PSTH is the rate of several runs, got {len(runs)}; score a single train with "
            f"explained_variance_score, or give the rate with rate_dt_s"
        )
    n = math.ceil(duration_s / sigma_s * _BINS) + 1
    dt_s = duration_s / n
    # A spike is shared by the two bins whose middles it lies between, so that it stays where it is.
    place = np.concatenate(runs) / dt_s - 0.5
    left = np.clip(place.astype(np.int64), 0, n - 2)
    part = np.clip(place - left, 0.0, 1.0)
    counts = np.bincount(left, 1.0 - part, n) + np.bincount(left + 1, part, n)
    return counts / (len(runs) * dt_s), dt_s


def refined(
    rate_hz: TrainsLike, dt_s: float, duration_s: float, *, sigma_s: float
) -> tuple[Array, float]:
    """Return a given rate, constant within its bins, in bins fine enough for the Gaussian.

    Raises
    ------
    FitError
        On a rate that is not finite, is negative, or does not fill the stimulus.
    """
    rate = np.asarray(rate_hz, dtype=float)
    if rate.ndim != 1 or not (np.isfinite(rate) & (rate >= 0)).all():
        raise FitError(
            f"a rate is a row of finite numbers of 0 Hz or more, got shape {rate.shape} from "
            f"{np.min(rate, initial=math.inf)} to {np.max(rate, initial=-math.inf)}"
        )
    if not (dt_s > 0 and abs(rate.size * dt_s - duration_s) < dt_s):
        raise FitError(
            f"the rate has {rate.size} bins of {dt_s} s, which do not fill the stimulus of "
            f"{duration_s} s"
        )
    parts = max(math.ceil(dt_s / sigma_s * _BINS), 1)
    return np.repeat(rate, parts), dt_s / parts


def explained_by_rate(
    rate_hz: Array, dt_s: float, trials: Sequence[Array], duration_s: float, *, sigma_s: float
) -> Array:
    """Return the explained variance of every trial by a rate, both smoothed; NaN for 0 over 0."""
    mean = float(rate_hz.sum()) * dt_s / duration_s
    smooth = _smoothed(rate_hz, dt_s, sigma_s)
    variance = float((smooth**2).sum()) * dt_s / duration_s - mean**2
    twice = _smoothed(rate_hz, dt_s, math.sqrt(2.0) * sigma_s)
    first = rate_hz.size / 2 - twice.size / 2 + 0.5
    clock = (first + np.arange(twice.size)) * dt_s
    out = np.full(len(trials), np.nan)
    for i, trial in enumerate(trials):
        met = float(np.interp(trial, clock, twice).sum()) / duration_s
        total = variance + train_covariance(trial, trial, duration_s, sigma_s=sigma_s)
        if total > 0:
            out[i] = 2 * (met - trial.size / duration_s * mean) / total
    return out


def explained_by_others(trials: Sequence[Array], duration_s: float, *, sigma_s: float) -> Array:
    """Return the explained variance of every trial by the mean of all others; NaN for a single one."""
    n = len(trials)
    if n == 1:
        return np.full(1, np.nan)
    cross = covariances(trials, duration_s, sigma_s=sigma_s)
    own = np.diag(cross)
    met = cross.sum(axis=1) - own
    of_others = (cross.sum() - 2 * met - own) / (n - 1) ** 2
    total = own + of_others
    out = np.full(n, np.nan)
    np.divide(2 * met / (n - 1), total, out=out, where=total > 0)
    return out


def _smoothed(rate_hz: Array, dt_s: float, sigma_s: float) -> Array:
    """Return the rate under a Gaussian, with what spills over both ends."""
    half = math.ceil(_REACH * sigma_s / dt_s)
    x = np.arange(-half, half + 1) * dt_s / sigma_s
    bell = np.exp(-0.5 * x**2)
    smooth: Array = signal.fftconvolve(rate_hz, bell / bell.sum())
    return smooth
