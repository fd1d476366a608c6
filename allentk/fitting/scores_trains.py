"""Spike trains as they are given to a score, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import FitError

__all__ = ["TrainsLike", "given_trains", "given_trials"]

Array = NDArray[np.float64]
#: One spike train, or several.
TrainsLike = Sequence[ArrayLike] | NDArray[Any]


def given_trains(trains: TrainsLike, duration_s: float, *, what: str) -> list[Array]:
    """Return sorted spike trains from one array of times, or from a sequence of such arrays.

    Parameters
    ----------
    trains : array_like or sequence of array_like
        Spike times in seconds. An empty numpy array is a silent train; an empty list holds no train.
    duration_s : float
        Length of the stimulus in seconds.
    what : str
        Whose trains they are; used in messages.

    Raises
    ------
    FitError
        Without a train, on a duration that is not positive, and on times that are not finite or lie
        outside the stimulus.
    """
    if not duration_s > 0:
        raise FitError(f"spike trains are scored over a positive duration, got {duration_s!r} s")
    held = [np.sort(np.asarray(train, dtype=float)) for train in _each(trains)]
    if not held:
        raise FitError(f"{what} gave no spike train; that of a silent cell is [[]]")
    for n, train in enumerate(held):
        if train.ndim != 1:
            raise FitError(f"{what}, train {n}: expected a row of times, got shape {train.shape}")
        wrong = train[~((train >= 0) & (train <= duration_s))]
        if wrong.size:
            raise FitError(
                f"{what}, train {n}: a spike at {wrong[0]} s, outside the stimulus of {duration_s} s; "
                f"give times in seconds from its begin"
            )
    return held


def given_trials(trials: TrainsLike, duration_s: float) -> list[Array]:
    """Return the recorded trials; see ``given_trains``.

    Raises
    ------
    FitError
        Where ``given_trains`` raises, and where no trial has a spike.
    """
    trains = given_trains(trials, duration_s, what="the data")
    if not any(train.size for train in trains):
        raise FitError(f"there is nothing to score: {len(trains)} trials, none with a spike")
    return trains


def _each(trains: TrainsLike) -> Sequence[ArrayLike]:
    if isinstance(trains, np.ndarray):
        return [trains] if trains.ndim == 1 and trains.dtype != object else list(trains)
    if not isinstance(trains, Sequence) or isinstance(trains, str | bytes):
        raise FitError(f"expected spike trains, got {type(trains).__name__}")
    if trains and all(np.ndim(time) == 0 for time in trains):
        return [np.asarray(trains)]
    return trains
