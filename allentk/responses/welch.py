"""Welch's t test of many pairs of samples at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from allentk.responses.courses import varies

__all__ = ["welch_p"]

Array = NDArray[np.float64]


def _moments(values: Array) -> tuple[Array, Array, Array]:
    finite = np.isfinite(values)
    n = finite.sum(axis=-1).astype(float)
    nan = np.full(n.shape, np.nan)
    mean = np.divide(np.where(finite, values, 0.0).sum(axis=-1), n, out=nan.copy(), where=n > 0)
    squares = (np.where(finite, values - mean[..., None], 0.0) ** 2).sum(axis=-1)
    size = np.abs(np.where(finite, values, 0.0)).sum(axis=-1)
    squares = np.where(varies(squares, size), squares, 0.0)
    return n, mean, np.divide(squares, n - 1, out=nan, where=n > 1)


def welch_p(first: ArrayLike, second: ArrayLike) -> Array:
    """Return the two-sided p value of Welch's t test along the last axis.

    Parameters
    ----------
    first, second : array_like, shape (..., n)
        The two samples; NaN is left out, the numbers of values may differ.

    Returns
    -------
    ndarray, shape (...)
        NaN where a sample has fewer than two values, or where both are constant and equal but for
        rounding.

    Examples
    --------
    >>> welch_p([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]).round(4).item()
    0.2879
    """
    n1, m1, v1 = _moments(np.asarray(first, dtype=float))
    n2, m2, v2 = _moments(np.asarray(second, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = v1 / n1, v2 / n2
        equal = (a + b == 0) & np.isclose(m1, m2, rtol=1e-12, atol=0)
        t = np.where(equal, np.nan, (m1 - m2) / np.sqrt(a + b))
        df = (a + b) ** 2 / (a**2 / (n1 - 1) + b**2 / (n2 - 1))
        # Two constant samples that differ: certain, whatever the degrees of freedom.
        p = np.where(np.isinf(t), 0.0, 2 * stdtr(df, -np.abs(t)))
    return np.asarray(p, dtype=float)
