"""How well spike trains agree: explained variance in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import FitError
from allentk.fitting.scores_value import known_mean

__all__ = [
    "SIGMA_S",
    "covariances",
    "explained_variance",
    "reliability",
    "score_trains",
    "train_covariance",
]

Array = NDArray[np.float64]

#: Standard deviation of the Gaussian at which published models are scored.
SIGMA_S = 0.010


def train_covariance(
    a_s: ArrayLike, b_s: ArrayLike, duration_s: float, *, sigma_s: float = SIGMA_S
) -> float:
    """Return the covariance of two spike trains after smoothing, in 1/s^2.

    Two trains of unit pulses, each convolved with a Gaussian of standard deviation `sigma_s`,
    covary by ``sum_ij N(a_i - b_j; 2 sigma^2) / T - n_a n_b / T^2``, with N the normal density. The
    smoothed trains are taken as whole: what spills over the ends of the recording counts.

    Parameters
    ----------
    a_s, b_s : array_like
        Spike times in seconds, in any order.
    duration_s : float
        Length of the recording.
    sigma_s : float
        Standard deviation of the Gaussian.

    Raises
    ------
    FitError
        Where `duration_s` or `sigma_s` is not positive.
    """
    if not (duration_s > 0 and sigma_s > 0):
        raise FitError(
            f"spike trains are compared over a positive duration and at a positive sigma, got "
            f"duration_s={duration_s!r} and sigma_s={sigma_s!r}"
        )
    a, b = np.asarray(a_s, dtype=float), np.sort(np.asarray(b_s, dtype=float))
    spread = math.sqrt(2.0) * sigma_s
    first = np.searchsorted(b, a - 9 * spread)
    last = np.searchsorted(b, a + 9 * spread)
    counts = last - first
    of_a = np.repeat(np.arange(a.size), counts)
    offset = np.arange(of_a.size) - np.repeat(np.cumsum(counts) - counts, counts)
    apart = (a[of_a] - b[first[of_a] + offset]) / spread
    together = float(np.exp(-0.5 * apart**2).sum()) / (spread * math.sqrt(2 * math.pi))
    return together / duration_s - a.size * b.size / duration_s**2


def explained_variance(
    a_s: ArrayLike, b_s: ArrayLike, duration_s: float, *, sigma_s: float = SIGMA_S
) -> float:
    """Return the explained variance of two spike trains: 1 if equal, 0 by chance.

    ``(var a + var b - var(a - b)) / (var a + var b)`` of the smoothed trains; NaN where neither has a
    spike.

    Raises
    ------
    FitError
        Where `duration_s` or `sigma_s` is not positive.

    Examples
    --------
    >>> round(explained_variance([0.1, 0.5], [0.1, 0.5], 1.0), 12)
    1.0

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709.
    """
    var_a = train_covariance(a_s, a_s, duration_s, sigma_s=sigma_s)
    var_b = train_covariance(b_s, b_s, duration_s, sigma_s=sigma_s)
    cross = train_covariance(a_s, b_s, duration_s, sigma_s=sigma_s)
    total = var_a + var_b
    return 2 * cross / total if total > 0 else math.nan


def score_trains(
    model_s: ArrayLike,
    trials_s: Sequence[ArrayLike],
    duration_s: float,
    *,
    sigma_s: float = SIGMA_S,
) -> dict[str, float]:
    """Score a model's spike train against repeated trials of one stimulus.

    Parameters
    ----------
    model_s : array_like
        The model's spike times in seconds.
    trials_s : sequence of array_like
        Spike times of every trial.
    duration_s : float
        Length of the stimulus.
    sigma_s : float
        Standard deviation of the Gaussian.

    Returns
    -------
    dict
        ``model`` (N: mean explained variance of the trials by the model), ``data`` (D: of the trials by
        their own mean, each trial included as published), ``ratio`` = N / D, ``pairwise`` (P: mean over
        pairs of trials, NaN for one), ``reliability`` = P / D, ``n_trials``.

    Raises
    ------
    FitError
        Without trials, where no trial has a spike, or on a duration or sigma that is not positive.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709.
    """
    model, trials = np.asarray(model_s, dtype=float), [np.asarray(t, dtype=float) for t in trials_s]
    if not trials or not any(trial.size for trial in trials):
        raise FitError(f"there is nothing to score: {len(trials)} trials, none with a spike")
    data = reliability(trials, duration_s, sigma_s=sigma_s)
    by_model = [explained_variance(trial, model, duration_s, sigma_s=sigma_s) for trial in trials]
    score = known_mean(by_model)
    return {"model": score, **data, "ratio": score / data["data"]}


def reliability(
    trials: Sequence[Array], duration_s: float, *, sigma_s: float = SIGMA_S
) -> dict[str, float]:
    """Return D, P, P / D and the number of trials; see ``score_trains``.

    All but the last are NaN where no trial has a spike.
    """
    n = len(trials)
    cross = covariances(trials, duration_s, sigma_s=sigma_s)
    var = np.diag(cross)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_mean = 2 * cross.mean(axis=1) / (var + cross.mean())
        pairs = 2 * cross / (var[:, None] + var[None, :])
    upper = pairs[np.triu_indices(n, 1)]
    d, p = known_mean(by_mean), known_mean(upper)
    return {"data": d, "pairwise": p, "reliability": p / d, "n_trials": n}


def covariances(trials: Sequence[Array], duration_s: float, *, sigma_s: float) -> Array:
    """Return the covariance of every two trials, shape (n, n); see ``train_covariance``."""
    n = len(trials)
    out = np.empty((n, n))
    for i in range(n):
        for j in range(i, n):
            out[i, j] = out[j, i] = train_covariance(
                trials[i], trials[j], duration_s, sigma_s=sigma_s
            )
    return out
