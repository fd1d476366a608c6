"""Trials of the same condition, averaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments", "averaged", "blocks", "sums"]

Array = NDArray[np.float64]

#: Values of a block of cells, 8 MB: what is computed beside the responses stays small.
_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, standard error (ddof 1) and number of trials, shape (cells, values along every axis)."""

    mean: Array
    sem: Array
    n: NDArray[np.int64]


def sums(values: Array, index: NDArray[np.int64], n_conditions: int) -> Array:
    """Add up the columns of every condition.

    Parameters
    ----------
    values : ndarray, shape (n_cells, n_trials)
        What is added.
    index : ndarray of int, shape (n_trials,)
        Condition of every column.
    n_conditions : int
        Number of conditions; one without a trial gets 0.

    Examples
    --------
    >>> sums(np.array([[1.0, 2.0, 4.0]]), np.array([2, 0, 2]), 3).tolist()
    [[2.0, 0.0, 5.0]]
    """
    out = np.zeros((values.shape[0], n_conditions))
    if index.size:
        order = np.argsort(index, kind="stable")
        there, first = np.unique(index[order], return_index=True)
        out[:, there] = np.add.reduceat(values[:, order], first, axis=1)
    return out


def averaged(trials: Array, index: NDArray[np.int64], shape: tuple[int, ...]) -> Moments:
    """Average the trials of every condition.

    Parameters
    ----------
    trials : ndarray, shape (n_cells, n_trials)
        Responses; a trial that is not finite is left out.
    index : ndarray of int, shape (n_trials,)
        Condition of every trial, counted along the last axis of `shape` first.
    shape : tuple of int
        Number of values of every parameter.

    Returns
    -------
    Moments
        NaN for a condition without a trial, and for the standard error of a single one.

    Examples
    --------
    >>> averaged(np.array([[1.0, 3.0, np.nan]]), np.array([0, 0, 1]), (2,)).mean.tolist()
    [[2.0, nan]]
    """
    n_conditions = int(np.prod(shape))
    parts = [_moments(trials[some], index, n_conditions) for some in blocks(*trials.shape)]
    mean, sem, n = (np.concatenate(kind) for kind in zip(*parts, strict=True))
    out = (trials.shape[0], *shape)
    return Moments(mean.reshape(out), sem.reshape(out), n.reshape(out).astype(np.int64))


def blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield runs of rows that are small enough to be copied; one without rows where there are none."""
    step = max(_VALUES // max(n_columns, 1), 1)
    for first in range(0, max(n_rows, 1), step):
        yield slice(first, min(first + step, n_rows))


def _moments(
    trials: Array, index: NDArray[np.int64], n_conditions: int
) -> tuple[Array, Array, Array]:
    finite = np.isfinite(trials)
    n = sums(finite.astype(float), index, n_conditions)
    nan = np.full(n.shape, np.nan)
    trials = np.where(finite, trials, 0.0)
    mean = np.divide(sums(trials, index, n_conditions), n, out=nan.copy(), where=n > 0)
    centred = np.where(finite, trials - np.where(n > 0, mean, 0.0)[:, index], 0.0)
    squares = sums(centred**2, index, n_conditions)
    variance = np.divide(squares, n - 1, out=nan.copy(), where=n > 1)
    sem = np.sqrt(np.divide(variance, n, out=nan.copy(), where=n > 1))
    return mean, sem, n
