"""Numbers that one tuning curve, or the trials of one condition, come down to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "contrast_index",
    "discrimination_index",
    "pair_reliability",
    "vector_index",
]

Array = NDArray[np.float64]


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
