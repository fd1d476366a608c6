"""Spikes that coincide: the factor Gamma of two trains, and Md* of two sets of trains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import FitError

__all__ = ["WINDOW_S", "gamma_coincidence", "md_star"]

Array = NDArray[np.float64]

#: Spikes coincide that are not farther apart, in seconds.
WINDOW_S = 0.004


def gamma_coincidence(
    model_s: ArrayLike, data_s: ArrayLike, duration_s: float, *, window_s: float = WINDOW_S
) -> float:
    """Return the coincidence factor of a model's train with a recorded one: 1 if equal, 0 by chance.

    ``2 / (1 - c) (N - c n_data) / (n_data + n_model)`` with N the coincidences and
    ``c = 2 window rate`` the chance that a recorded spike meets one of a Poisson train of the model's
    rate; some programs take the rate of the data instead. A spike takes part in one coincidence at
    most, as many as possible are counted.

    Parameters
    ----------
    model_s, data_s : array_like
        Spike times in seconds.
    duration_s : float
        Length of the recording in seconds.
    window_s : float
        Largest distance of spikes that coincide, in seconds.

    Returns
    -------
    float
        NaN where neither train has a spike, or where the model fires so fast that chance alone fills
        the windows (``c >= 1``). Not symmetric where the trains differ in rate.

    Raises
    ------
    FitError
        On a duration or window that is not positive.

    References
    ----------
    Kistler, Gerstner and van Hemmen 1997, Neural Computation 9:1015; Jolivet et al. 2008, Journal of
    Neuroscience Methods 169:417.

    Examples
    --------
    >>> round(gamma_coincidence([0.1, 0.5], [0.101, 0.7], 1.0), 6)
    0.49187
    """
    _check(duration_s=duration_s, window_s=window_s)
    model, data = (np.sort(np.asarray(train, dtype=float)) for train in (model_s, data_s))
    chance = 2 * window_s * model.size / duration_s
    if not model.size + data.size or chance >= 1:
        return math.nan
    beyond = _coincidences(model, data, window_s) - chance * data.size
    return 2 / (1 - chance) * beyond / (data.size + model.size)


def _coincidences(a: Array, b: Array, window_s: float) -> int:
    """Return the largest number of pairs within the window, no spike in two of them."""
    first, second = a.tolist(), b.tolist()
    i = j = found = 0
    while i < len(first) and j < len(second):
        apart = first[i] - second[j]
        found += abs(apart) <= window_s
        i += apart <= window_s
        j += apart >= -window_s
    return found


def md_star(
    model_trials: Sequence[ArrayLike],
    data_trials: Sequence[ArrayLike],
    *,
    window_s: float = WINDOW_S,
) -> float:
    """Return Md* of two sets of spike trains: 1 for sets of the same time-dependent rate.

    ``2 <m, d> / (<m, m> + <d, d>)`` of the mean trains, with ``<a, b>`` the number of pairs of spikes
    within the window (Kistler's), and with each norm estimated from pairs of different trials, which
    takes out the bias of few trials. A single model train stands for a deterministic model, whose every
    trial is this train.

    Parameters
    ----------
    model_trials, data_trials : sequence of array_like
        Spike times in seconds of every trial.
    window_s : float
        Largest distance of spikes that coincide, in seconds.

    Returns
    -------
    float
        NaN for a single recorded trial, which does not tell its own noise, and where no pair of spikes
        coincides. For few trials it scatters about what it estimates and may exceed 1.

    Raises
    ------
    FitError
        Without trials, or on a window that is not positive.

    References
    ----------
    Naud, Gerhard, Mensi and Gerstner 2011, Neural Computation 23:3016.

    Examples
    --------
    >>> md_star([[0.1, 0.5]], [[0.101, 0.501], [0.1, 0.9]])
    1.0
    """
    _check(window_s=window_s)
    model = [np.sort(np.asarray(train, dtype=float)) for train in model_trials]
    data = [np.sort(np.asarray(train, dtype=float)) for train in data_trials]
    if not model or not data:
        raise FitError(
            f"Md* compares trials, got {len(model)} of the model and {len(data)} recorded"
        )
    if len(data) == 1:
        return math.nan
    norms = _between_trials(data, window_s) + (
        _between_trials(model, window_s)
        if len(model) > 1
        else float(_pairs(model[0], model[0], window_s))
    )
    across = _pairs(_pooled(model), _pooled(data), window_s) / (len(model) * len(data))
    return 2 * across / norms if norms > 0 else math.nan


def _between_trials(trains: Sequence[Array], window_s: float) -> float:
    """Return the mean number of pairs of spikes within the window over pairs of different trains."""
    pooled, n = _pooled(trains), len(trains)
    within = sum(_pairs(train, train, window_s) for train in trains)
    return (_pairs(pooled, pooled, window_s) - within) / (n * (n - 1))


def _pairs(a: Array, b: Array, window_s: float) -> int:
    """Return the number of pairs of spikes within the window."""
    after = np.searchsorted(b, a - window_s, side="left")
    before = np.searchsorted(b, a + window_s, side="right")
    return int((before - after).sum())


def _pooled(trains: Sequence[Array]) -> Array:
    return np.sort(np.concatenate(trains))


def _check(**lengths: float) -> None:
    for name, value in lengths.items():
        if not value > 0:
            raise FitError(f"coincidences take a positive {name}, got {value!r}")
