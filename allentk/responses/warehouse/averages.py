"""Trials averaged by condition, and the test whether conditions differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Averages", "anova", "average", "f_ratio"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Averages:
    """Mean, sum of squared deviations and number of trials, shape (n_cells, n_groups)."""

    mean: Array
    squares: Array
    n: Array

    @property
    def sem(self) -> Array:
        """Standard error of the mean (ddof 1); NaN for a single trial."""
        with np.errstate(all="ignore"):
            return np.where(self.n > 1, np.sqrt(self.squares / (self.n - 1) / self.n), np.nan)


def average(trials: Array, group: Whole, n_groups: int) -> Averages:
    """Average the trials of every group; a NaN trial is left out, a group without trials is NaN.

    Parameters
    ----------
    trials : ndarray, shape (n_cells, n_trials)
        Responses.
    group : ndarray of int, shape (n_trials,)
        Group of every trial.
    n_groups : int
        Number of groups.
    """
    finite = np.isfinite(trials)
    # A matrix product sums the trials of every cell and group at once.
    member = np.zeros((group.size, n_groups))
    member[np.arange(group.size), group] = 1.0
    every = bool(finite.all())
    n = np.broadcast_to(member.sum(axis=0), (len(trials), n_groups))
    if not every:
        n, trials = finite.astype(float) @ member, np.where(finite, trials, 0.0)
    with np.errstate(all="ignore"):
        mean = (trials @ member) / n
        apart = trials - np.nan_to_num(mean)[:, group]
    apart = apart if every else np.where(finite, apart, 0.0)
    # What rounding left in the mean is taken out: cells may respond by less than their noise.
    with np.errstate(all="ignore"):
        mean = mean + (apart @ member) / n
    return Averages(mean, np.square(apart, out=apart) @ member, n)


def f_ratio(averages: Averages) -> tuple[Array, Array, Array]:
    """Return the ratio of variances between and within groups, and the degrees of freedom of both.

    Parameters
    ----------
    averages : Averages
        One group per condition, the blank last; groups without trials do not count.
    """
    n, mean = averages.n, np.where(averages.n > 0, averages.mean, 0.0)
    total, groups = n.sum(axis=1), (n > 0).sum(axis=1)
    with np.errstate(all="ignore"):
        grand = (n * mean).sum(axis=1) / total
        between = (n * (mean - grand[:, None]) ** 2).sum(axis=1)
        within = averages.squares.sum(axis=1)
        f: Array = (between / (groups - 1)) / (within / (total - groups))
    return f, groups - 1.0, total - groups


def anova(averages: Averages) -> Array:
    """Return the p value of a one-way analysis of variance over the groups that have trials.

    Parameters
    ----------
    averages : Averages
        One group per condition, the blank last.

    Returns
    -------
    ndarray, shape (n_cells,)
        NaN where there are fewer than two groups or no more trials than groups.
    """
    f, between, within = f_ratio(averages)
    with np.errstate(all="ignore"):
        p: Array = special.fdtrc(between, within, f)
    return np.where((between > 0) & (within > 0), p, np.nan)
