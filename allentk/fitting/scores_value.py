"""One score of a model, with what the data allow beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Kind", "Score", "known_mean", "scored"]

#: How a model was compared: one train, trials in pairs, or a rate.
Kind = Literal["deterministic", "pairwise", "psth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One score of a model, and what the data allow.

    Parameters
    ----------
    metric : str
        ``"explained_variance"``, ``"gamma"`` or ``"md_star"``.
    kind : {"deterministic", "pairwise", "psth"}
        What of the model was compared: one train, train by train, or its rate.
    width_s : float
        Standard deviation of the Gaussian, or half width of the window, in seconds.
    value : float
        The score.
    data : float
        The same score of the data by themselves: by the mean of all trials for the explained variance
        (D); by pairs of trials for Gamma; for Md* 1, which trials of the data's own rate reach on
        average, or, for one train, what a trial scores on the others.
    ratio : float
        ``value / data``; NaN where `data` is not positive.
    trial : float
        The ratio that recorded data reach: another trial (P / D, for instance), or for ``"psth"`` the
        mean of the other trials. NaN for a single trial.
    n_model, n_trials : int
        Trains of the model, 0 where it gave a rate, and recorded trials.
    """

    metric: str
    kind: Kind
    width_s: float
    value: float
    data: float
    ratio: float
    trial: float
    n_model: int
    n_trials: int


def scored(
    metric: str,
    kind: Kind,
    width_s: float,
    found: tuple[float, float, float],
    counts: tuple[int, int],
) -> Score:
    """Return a score from its value, that of the data and that of a trial, and how many there were."""
    value, data, own = found
    return Score(
        metric=metric,
        kind=kind,
        width_s=width_s,
        value=value,
        data=data,
        ratio=value / data if data > 0 else math.nan,
        trial=own / data if data > 0 else math.nan,
        n_model=counts[0],
        n_trials=counts[1],
    )


def known_mean(values: ArrayLike) -> float:
    """Return the mean of what is not NaN; NaN where there is nothing."""
    array = np.asarray(values, dtype=float)
    known = array[~np.isnan(array)]
    return float(known.mean()) if known.size else math.nan
