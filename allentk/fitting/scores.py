"""Scores of spike trains beside what the recorded trials reach themselves.

Three kinds, which are never mixed: ``"deterministic"``, one model train against every trial;
``"pairwise"``, every train of a stochastic model against every trial; ``"psth"``, the rate of a
stochastic model against the trials. The same stochastic model scores far higher by its rate than
train by train.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.objectives import SIGMA_S, explained_variance, reliability
from allentk.fitting.scores_coincidence import WINDOW_S, gamma_coincidence, md_star
from allentk.fitting.scores_rate import (
    explained_by_others,
    explained_by_rate,
    rate_of_runs,
    refined,
)
from allentk.fitting.scores_trains import TrainsLike, given_trains, given_trials
from allentk.fitting.scores_value import Kind, Score, known_mean, scored

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SIGMAS_S",
    "Kind",
    "Score",
    "explained_variance_score",
    "gamma_score",
    "md_star_score",
    "psth_explained_variance",
    "scores",
]

Array = NDArray[np.float64]

#: Widths at which the published models and data were looked at.
SIGMAS_S = (0.001, 0.004, 0.010, 0.020, 0.100)


def scores(
    model_trains: TrainsLike,
    trials_s: TrainsLike,
    duration_s: float,
    *,
    sigmas_s: Sequence[float] = SIGMAS_S,
    window_s: float = WINDOW_S,
) -> pd.DataFrame:
    """Return every score of a model's spike trains against repeated trials of one stimulus.

    Parameters
    ----------
    model_trains : array_like or sequence of array_like
        Spike times in seconds of one train, or of several; several equal ones are one train. The
        train of a silent model is ``[[]]``.
    trials_s : sequence of array_like
        Spike times of every recorded trial.
    duration_s : float
        Length of the stimulus in seconds.
    sigmas_s : sequence of float
        Standard deviations of the Gaussian for the explained variance.
    window_s : float
        Half width of the window of Gamma and Md*.

    Returns
    -------
    DataFrame
        A row per metric, kind and width, with the fields of ``Score``. One train is scored as
        ``"deterministic"``; several as ``"pairwise"`` and as ``"psth"``.

    Raises
    ------
    FitError
        Without trains, where no trial has a spike, on spikes that are not finite or outside the
        stimulus, and on a width that is not positive.

    Examples
    --------
    >>> table = scores([0.1, 0.5], [[0.1, 0.5], [0.1, 0.5]], 1.0, sigmas_s=(0.01,))
    >>> table["ratio"].round(6).tolist()
    [1.0, 1.0, nan]
    """
    import pandas as pd

    model, trials = _checked(model_trains, trials_s, duration_s)
    spiking = [explained_variance_score(model, trials, duration_s, sigma_s=s) for s in sigmas_s]
    if len(model) > 1:
        spiking += [psth_explained_variance(model, trials, duration_s, sigma_s=s) for s in sigmas_s]
    spiking.append(gamma_score(model, trials, duration_s, window_s=window_s))
    spiking.append(md_star_score(model, trials, duration_s, window_s=window_s))
    return pd.DataFrame([asdict(score) for score in spiking])


def explained_variance_score(
    model_trains: TrainsLike,
    trials_s: TrainsLike,
    duration_s: float,
    *,
    sigma_s: float = SIGMA_S,
) -> Score:
    """Return the explained variance of the trials by single model trains, mean over all pairs.

    For one train it is that of ``score_trains``; see ``scores`` for parameters and errors.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709.
    """
    model, trials = _checked(model_trains, trials_s, duration_s)
    value = known_mean(
        [explained_variance(t, m, duration_s, sigma_s=sigma_s) for t in trials for m in model]
    )
    data = reliability(trials, duration_s, sigma_s=sigma_s)
    return scored(
        "explained_variance",
        _kind(model),
        sigma_s,
        (value, data["data"], data["pairwise"]),
        (len(model), len(trials)),
    )


def psth_explained_variance(
    model: TrainsLike,
    trials_s: TrainsLike,
    duration_s: float,
    *,
    sigma_s: float = SIGMA_S,
    rate_dt_s: float | None = None,
) -> Score:
    """Return the explained variance of single trials by the rate of a stochastic model.

    Rate and trials are smoothed by the same Gaussian. The rate of a few runs is noisy, and scored with
    its noise: give a hundred or more.

    Parameters
    ----------
    model : sequence of array_like, or array_like of shape (n_bins,)
        Spike times of two or more runs; with `rate_dt_s` the rate in Hz in bins of that length, which
        fill the stimulus.
    trials_s : sequence of array_like
        Spike times of every recorded trial.
    duration_s : float
        Length of the stimulus in seconds.
    sigma_s : float
        Standard deviation of the Gaussian in seconds.
    rate_dt_s : float, optional
        Length of the bins of a rate in seconds.

    Returns
    -------
    Score
        Of kind ``"psth"``; not to be compared with that of one train.

    Raises
    ------
    FitError
        On a single run, which is no rate; on a rate that is not finite, negative, or of another length
        than the stimulus; and where ``scores`` raises.
    """
    trials = given_trials(trials_s, duration_s)
    data = reliability(trials, duration_s, sigma_s=sigma_s)
    runs: list[Array] = []
    if rate_dt_s is None:
        runs = given_trains(model, duration_s, what="the model")
        rate, dt_s = rate_of_runs(runs, duration_s, sigma_s=sigma_s)
    else:
        rate, dt_s = refined(model, rate_dt_s, duration_s, sigma_s=sigma_s)
    value = known_mean(explained_by_rate(rate, dt_s, trials, duration_s, sigma_s=sigma_s))
    others = known_mean(explained_by_others(trials, duration_s, sigma_s=sigma_s))
    return scored(
        "explained_variance",
        "psth",
        sigma_s,
        (value, data["data"], others),
        (len(runs), len(trials)),
    )


def gamma_score(
    model_trains: TrainsLike,
    trials_s: TrainsLike,
    duration_s: float,
    *,
    window_s: float = WINDOW_S,
) -> Score:
    """Return the coincidence factor over all pairs of model train and trial, and that of the trials.

    `ratio` is the factor relative to the cell's intrinsic reliability, the mean over all ordered pairs
    of trials. See ``gamma_coincidence`` and ``scores``.

    References
    ----------
    Jolivet et al. 2008, Journal of Neuroscience Methods 169:417.
    """
    model, trials = _checked(model_trains, trials_s, duration_s)
    value = known_mean(
        [gamma_coincidence(m, t, duration_s, window_s=window_s) for t in trials for m in model]
    )
    own = known_mean(
        [
            gamma_coincidence(a, b, duration_s, window_s=window_s)
            for i, a in enumerate(trials)
            for j, b in enumerate(trials)
            if i != j
        ]
    )
    counts = len(model), len(trials)
    return scored("gamma", _kind(model), window_s, (value, own, own), counts)


def md_star_score(
    model_trains: TrainsLike,
    trials_s: TrainsLike,
    duration_s: float,
    *,
    window_s: float = WINDOW_S,
) -> Score:
    """Return Md* and what the data allow; see ``md_star`` and ``scores``.

    Several trains are compared by their rate (``"psth"``), for which the data reach 1 by the correction
    for few trials. One train (``"deterministic"``) is set beside what a trial scores on the others,
    which takes three trials.
    """
    model, trials = _checked(model_trains, trials_s, duration_s)
    value = md_star(model, trials, window_s=window_s)
    counts = len(model), len(trials)
    if len(model) > 1:
        return scored("md_star", "psth", window_s, (value, 1.0, 1.0), counts)
    own = known_mean(
        [
            md_star([trial], trials[:i] + trials[i + 1 :], window_s=window_s)
            for i, trial in enumerate(trials)
            if len(trials) > 1
        ]
    )
    return scored("md_star", "deterministic", window_s, (value, own, own), counts)


def _kind(model: Sequence[Array]) -> Kind:
    return "deterministic" if len(model) == 1 else "pairwise"


def _checked(
    model: TrainsLike, trials: TrainsLike, duration_s: float
) -> tuple[list[Array], list[Array]]:
    """Return the model's trains, equal ones as one, and the trials."""
    runs = given_trains(model, duration_s, what="the model")
    if all(np.array_equal(run, runs[0]) for run in runs[1:]):
        runs = runs[:1]
    return runs, given_trials(trials, duration_s)
