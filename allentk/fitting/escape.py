"""A convex likelihood: spikes escape over a threshold at a rate that grows with the voltage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.recording import BIN_S

__all__ = ["Escape", "gradient", "hessian", "log_likelihood", "maximise"]

Array = NDArray[np.float64]

#: Newton steps, and the gain of log-likelihood below which they end.
STEPS, SETTLED = 50, 1e-6
#: A whisper of shrinkage that keeps a column without variance from being singular.
RIDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Escape:
    """Bins of `BIN_S` in which a cell may fire at ``exp(weights @ columns)`` Hz.

    Parameters
    ----------
    columns : ndarray, shape (k, n)
        What the log-rate is linear in; the first is 1.
    fired : ndarray of bool, shape (n,)
        Whether the cell did.
    penalty : ndarray, shape (k, k)
        Adds ``-weights @ penalty @ weights / 2`` to the log-likelihood.
    """

    columns: Array
    fired: NDArray[np.bool_]
    penalty: Array


def log_likelihood(escape: Escape, weights: Array) -> float:
    """Return the log-likelihood of the spikes, a point process of events per second."""
    log_rate = weights @ escape.columns
    expected = float(np.exp(np.minimum(log_rate, 50.0)).sum()) * BIN_S
    pull = 0.5 * float(weights @ escape.penalty @ weights)
    return float(log_rate[escape.fired].sum()) - expected - pull


def gradient(escape: Escape, weights: Array) -> Array:
    """Return the derivative of the log-likelihood by the weights."""
    rate = np.exp(np.minimum(weights @ escape.columns, 50.0)) * BIN_S
    missing = escape.columns[:, escape.fired].sum(axis=1) - escape.columns @ rate
    return np.asarray(missing - escape.penalty @ weights)


def hessian(escape: Escape, weights: Array) -> Array:
    """Return the second derivative, which is nowhere positive: there is one maximum."""
    rate = np.exp(np.minimum(weights @ escape.columns, 50.0)) * BIN_S
    return -(escape.columns * rate) @ escape.columns.T - escape.penalty


def maximise(escape: Escape, start: Array) -> tuple[Array, float]:
    """Climb to the maximum by Newton's method, every step halved until it climbs.

    Returns
    -------
    weights : ndarray
        The maximum.
    value : float
        The log-likelihood there.
    """
    weights, value = start, log_likelihood(escape, start)
    for _ in range(STEPS):
        curve = -hessian(escape, weights)
        curve[np.diag_indices_from(curve)] *= 1.0 + RIDGE
        step = np.linalg.lstsq(curve, gradient(escape, weights), rcond=None)[0]
        ahead, found = 1.0, log_likelihood(escape, weights + step)
        while not found > value and ahead > 1e-6:
            ahead /= 2
            found = log_likelihood(escape, weights + ahead * step)
        if not found > value:
            break
        weights, gained, value = weights + ahead * step, found - value, found
        if gained < SETTLED * max(1.0, abs(value)) * 1e-2:
            break
    return weights, value
