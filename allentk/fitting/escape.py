"""A convex likelihood: spikes escape over a threshold at a rate that grows with the voltage."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.recording import BIN_S

__all__ = ["Escape", "gradient", "hessian", "log_likelihood", "maximise"]

Array = NDArray[np.float64]

#: Newton steps, and the gain of log-likelihood below which they end.
STEPS, SETTLED = 50, 1e-6
#: Largest log-rate, and fewest spikes expected where there was one, that are told from others.
LARGEST, TINY = 50.0, 1e-30
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


def _expected(escape: Escape, weights: Array) -> Array:
    """Return the spikes expected in every bin, were there no end to them."""
    return np.asarray(np.exp(np.minimum(weights @ escape.columns, LARGEST)) * BIN_S)


def log_likelihood(escape: Escape, weights: Array) -> float:
    """Return the log-likelihood of the spikes, in events per second.

    A bin is silent with probability ``exp(-expected)``, and has a spike otherwise.
    """
    expected = _expected(escape, weights)
    fired = expected[escape.fired]
    heard = np.log(-np.expm1(-np.maximum(fired, TINY))) - math.log(BIN_S)
    pull = 0.5 * float(weights @ escape.penalty @ weights)
    return float(heard.sum()) - float(expected.sum() - fired.sum()) - pull


def _slopes(escape: Escape, expected: Array) -> Array:
    """Return the derivative of every bin's log-likelihood by its log-rate."""
    out: Array = -expected
    fired = np.maximum(expected[escape.fired], TINY)
    out[escape.fired] = fired * np.exp(-fired) / -np.expm1(-fired)
    return out


def gradient(escape: Escape, weights: Array) -> Array:
    """Return the derivative of the log-likelihood by the weights."""
    slopes = _slopes(escape, _expected(escape, weights))
    return np.asarray(escape.columns @ slopes - escape.penalty @ weights)


def hessian(escape: Escape, weights: Array) -> Array:
    """Return the second derivative, which is nowhere positive: there is one maximum."""
    expected = _expected(escape, weights)
    curves = _slopes(escape, expected)
    heard = curves[escape.fired]
    curves[escape.fired] = heard * (1.0 - expected[escape.fired] - heard)
    return np.asarray((escape.columns * curves) @ escape.columns.T - escape.penalty)


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
