"""Numbers that one tuning curve, or the trials of one condition, come down to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "contrast_index",
    "discrimination_index",
    "image_selectivity",
    "pair_reliability",
    "turned",
    "vector_index",
]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Angles closer than this, in degrees, are one angle.
_SAME_DEG = 1e-3
_LEVELS = 1000
_BLOCK_BYTES = 2**23


def turned(curves: Array, preferred: Whole, degrees: Array, turn: float, circle: float) -> Array:
    """Return the response at the preferred angle turned by `turn`; NaN where that was not shown.

    Parameters
    ----------
    curves : ndarray, shape (n_cells, n_angles)
        Mean responses.
    preferred : ndarray of int, shape (n_cells,)
        Index of the preferred angle.
    degrees : ndarray, shape (n_angles,)
        The angles.
    turn, circle : float
        By how much to turn, and after how much an angle is itself again, degrees.
    """
    apart = degrees[None, :] - degrees[:, None] - turn
    apart = np.abs((apart + circle / 2) % circle - circle / 2)
    nearest, shown = apart.argmin(axis=1), apart.min(axis=1) < _SAME_DEG
    found = np.take_along_axis(curves, nearest[preferred][:, None], axis=1)[:, 0]
    return np.where(shown[preferred], found, np.nan)


def contrast_index(preferred: Array, other: Array, *, clip: bool) -> Array:
    """Return ``(preferred - other) / (preferred + other)``.

    Parameters
    ----------
    preferred, other : ndarray, shape (n_cells,)
        Mean responses.
    clip : bool
        Count a negative mean as 0, so that the index lies between -1 and 1.
    """
    if clip:
        preferred, other = np.maximum(preferred, 0), np.maximum(other, 0)
    with np.errstate(all="ignore"):
        out = (preferred - other) / (preferred + other)
    out[~np.isfinite(out)] = np.nan
    return out


def vector_index(curves: Array, degrees: Array, harmonic: int) -> Array:
    """Return ``abs(sum R exp(i harmonic theta)) / sum R``, R the mean response or 0 where negative.

    NaN where no response is positive.
    """
    clipped = np.maximum(curves, 0)
    phase = np.exp(1j * harmonic * np.deg2rad(degrees))
    with np.errstate(all="ignore"):
        out: Array = np.abs(clipped @ phase) / clipped.sum(axis=1)
    return out


def discrimination_index(curves: Array, squares: Array, free: Array) -> Array:
    """Return ``range / (range + 2 sqrt(squares / free))`` of a curve.

    Parameters
    ----------
    curves : ndarray, shape (n_cells, n)
        Mean responses over a parameter.
    squares, free : ndarray, shape (n_cells,)
        Sum of squared deviations of the trials, and their degrees of freedom.
    """
    spread = np.ptp(curves, axis=1) if curves.shape[1] else np.full(len(curves), np.nan)
    with np.errstate(all="ignore"):
        noise = np.sqrt(squares / np.where(free > 0, free, np.nan))
        out: Array = spread / (spread + 2 * noise)
    return out


def image_selectivity(means: Array, n_images: int) -> Array:
    """Return ``1 - 2 a``, with `a` the mean over 1000 levels of the share of images above the level.

    Parameters
    ----------
    means : ndarray, shape (n_cells, n)
        Mean response to every image. The levels run from the smallest to just below the largest.
    n_images : int
        How many of the images, from the first on, are counted.
    """
    if not means.shape[1]:
        return np.full(len(means), np.nan)
    counted = np.sort(means[:, :n_images], axis=1)
    least, step = means.min(axis=1), np.ptp(means, axis=1) / float(_LEVELS)
    levels = least[:, None] + np.arange(_LEVELS) * step[:, None]
    above = _above(counted, levels)
    out: Array = 1 - 2 * above / (_LEVELS * counted.shape[1])
    return np.where(np.isfinite(means).all(axis=1), out, np.nan)


def _above(means: Array, levels: Array) -> Array:
    """Return how many pairs of a mean and a level there are with the mean above, per cell."""
    out = np.zeros(len(means))
    size = max(_BLOCK_BYTES // max(levels.shape[1] * means.shape[1], 1), 1)
    for first in range(0, len(means), size):
        cells = slice(first, first + size)
        higher = means[cells, :, None] > levels[cells, None, :]
        out[cells] = np.count_nonzero(higher, axis=(1, 2))
    return out


def pair_reliability(windows: Array, valid: NDArray[np.bool_]) -> Array:
    """Return the mean correlation of all pairs of trials.

    Parameters
    ----------
    windows : ndarray, shape (n_cells, k, n_frames)
        Traces of the trials.
    valid : ndarray of bool, shape (n_cells, k)
        Which of them are trials.

    Returns
    -------
    ndarray, shape (n_cells,)
        NaN where fewer than two trials vary.
    """
    if not windows.shape[2]:
        return np.full(len(windows), np.nan)
    with np.errstate(all="ignore"):
        varies = valid & (np.ptp(windows, axis=2) > 0)
        apart = windows - windows.mean(axis=2, keepdims=True)
        apart /= np.sqrt(np.einsum("ckf,ckf->ck", apart, apart))[:, :, None]
    apart[~varies] = 0.0
    n = varies.sum(axis=1).astype(float)
    # Pair by pair: the square of the sum would lose digits where correlations nearly cancel.
    r = np.triu(apart @ apart.swapaxes(1, 2), 1)
    with np.errstate(all="ignore"):
        out: Array = r.sum(axis=(1, 2)) / (n * (n - 1) / 2)
    return np.where(n > 1, out, np.nan)
