"""How few of the images, or of the frames of a movie, a cell responds to."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["image_selectivity", "lifetime_sparseness"]

Array = NDArray[np.float64]


def lifetime_sparseness(means: ArrayLike) -> Array:
    """Return ``(1 - mean(r)^2 / mean(r^2)) / (1 - 1/n)``: 0 for equal responses, 1 for one alone.

    Parameters
    ----------
    means : array_like, shape (..., n)
        Mean response to every condition; negative ones (dF/F) count as 0, NaN is left out.

    Returns
    -------
    ndarray, shape (...)
        From 0 to 1; NaN for a cell that does not respond, and for fewer than two conditions.

    References
    ----------
    Vinje and Gallant 2000, Science 287:1273.

    Examples
    --------
    >>> lifetime_sparseness([[3.0, 0.0, 0.0], [2.0, 2.0, 2.0]]).round(12).tolist()
    [1.0, 0.0]
    """
    r = np.asarray(means, dtype=float)
    known = np.isfinite(r)
    r = np.where(known, np.maximum(r, 0.0), 0.0)
    n = known.sum(axis=-1)
    squares = n * (r**2).sum(axis=-1)
    defined = (squares > 0) & (n > 1)
    ratio = np.divide(r.sum(axis=-1) ** 2, squares, out=np.full(n.shape, np.nan), where=defined)
    out: Array = (1.0 - ratio) / (1.0 - 1.0 / np.maximum(n, 2))
    return out


def image_selectivity(means: ArrayLike) -> Array:
    """Return 1 - 2 A, A the mean share of images above a threshold between smallest and largest response.

    With thresholds as dense as can be, A is the mean of ``(r - min) / (max - min)``: no step of a
    thousandth of the range is left, and the size of the number does not hang on how ties are counted. The
    Allen Institute's programs count 1000 thresholds, and differ by up to 0.002 from this and, where all
    responses are equal, from each other: ``image_levels.selectivity_by_levels``.

    Parameters
    ----------
    means : array_like, shape (..., n)
        Mean response to every image, in any unit; NaN is left out.

    Returns
    -------
    ndarray, shape (...)
        Near 1 for a cell with one image, negative for one that most images drive; NaN where all responses
        are equal.

    References
    ----------
    Quian Quiroga et al. 2007, J Neurophysiol 98:1997.

    Examples
    --------
    >>> image_selectivity([[4.0, 0.0, 0.0, 0.0]]).tolist()
    [0.5]
    """
    r = np.asarray(means, dtype=float)
    known = np.isfinite(r)
    n = known.sum(axis=-1)
    low = np.where(known, r, np.inf).min(axis=-1, initial=np.inf)
    high = np.where(known, r, -np.inf).max(axis=-1, initial=-np.inf)
    spread = np.where(n > 0, high - low, 0.0)
    mean = np.where(known, r, 0.0).sum(axis=-1) / np.maximum(n, 1)
    above = np.full(n.shape, np.nan)
    np.divide(mean - np.where(n > 0, low, 0.0), spread, out=above, where=spread > 0)
    out: Array = 1.0 - 2.0 * above
    return out
