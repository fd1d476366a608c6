"""How much a tuning curve prefers one orientation or direction, in two definitions each.

``vector`` is 1 - circular variance, ``abs(sum R exp(i k theta)) / sum R`` with k = 2 for orientation and
1 for direction; ``pair`` compares the preferred direction with the orthogonal or opposite one. The two
are different numbers, so each keeps its name.

Sources: Allen Brain Observatory, Visual Coding stimulus analysis (g_osi, g_dsi, osi, dsi); Siegle et al.
2021, Nature 592:86; Billeh et al. 2020, Neuron 106:388.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError

__all__ = ["dsi_pair", "dsi_vector", "osi_pair", "osi_vector"]

Array = NDArray[np.float64]

#: Directions closer than this, in degrees, are one direction.
_SAME_DEG = 1e-3


def _curves(curves: ArrayLike, directions_deg: ArrayLike) -> tuple[Array, Array]:
    r, theta = np.asarray(curves, dtype=float), np.asarray(directions_deg, dtype=float)
    if theta.ndim != 1 or r.shape[-1:] != theta.shape:
        raise DataError(
            f"selectivity: the last axis of the tuning curves must be the directions, got curves "
            f"of shape {r.shape} and directions of shape {theta.shape}"
        )
    return r, theta


def _vector(curves: ArrayLike, directions_deg: ArrayLike, harmonic: int) -> Array:
    r, theta = _curves(curves, directions_deg)
    phase = np.exp(1j * harmonic * np.deg2rad(theta))
    if theta.size < 2 or abs(phase.mean()) > 1e-6:
        return np.full(r.shape[:-1], np.nan)
    r = np.where(r < 0, 0.0, r)
    total = r.sum(axis=-1)
    length = np.abs((r * phase).sum(axis=-1))
    out: Array = np.full(total.shape, np.nan)
    np.divide(length, total, out=out, where=total > 0)
    return np.minimum(out, 1.0, out=out)


def osi_vector(curves: ArrayLike, directions_deg: ArrayLike) -> Array:
    """Return the global orientation selectivity index, 1 - circular variance of orientation.

    Parameters
    ----------
    curves : array_like, shape (..., n_directions)
        Mean responses; negative ones (dF/F) count as 0.
    directions_deg : array_like, shape (n_directions,)
        Directions of motion in degrees.

    Returns
    -------
    ndarray, shape (...)
        ``abs(sum R exp(2 i theta)) / sum R``, 0 to 1; NaN for a cell that does not respond, for a curve
        with a missing (NaN) response, and where the directions are so uneven that an unselective cell
        would not get 0.

    Raises
    ------
    DataError
        Where the last axis of `curves` is not as long as `directions_deg`.

    Examples
    --------
    >>> osi_vector([1.0, 0.0, 1.0, 0.0], [0, 90, 180, 270]).item()
    1.0
    """
    return _vector(curves, directions_deg, 2)


def dsi_vector(curves: ArrayLike, directions_deg: ArrayLike) -> Array:
    """Return the global direction selectivity index, 1 - circular variance of direction.

    Parameters and returned values as in ``osi_vector``, with ``abs(sum R exp(i theta)) / sum R``.

    Raises
    ------
    DataError
        Where the last axis of `curves` is not as long as `directions_deg`.

    Examples
    --------
    >>> round(dsi_vector([3.0, 0.0, 1.0, 0.0], [0, 90, 180, 270]).item(), 6)
    0.5
    """
    return _vector(curves, directions_deg, 1)


def _at(r: Array, theta: Array, preferred: NDArray[np.int64], turn_deg: float) -> Array:
    """Response at the preferred direction turned by `turn_deg`; NaN where that was not shown."""
    difference = (theta[None, :] - theta[:, None] - turn_deg + 180) % 360 - 180
    nearest = np.abs(difference).argmin(axis=1)
    shown = np.abs(difference).min(axis=1) < _SAME_DEG
    index = nearest[preferred]
    found = np.take_along_axis(r, index[..., None], axis=-1)[..., 0]
    return np.where(shown[preferred], found, np.nan)


def _contrast(a: Array, b: Array) -> Array:
    total = a + b
    out: Array = np.full(total.shape, np.nan)
    np.divide(a - b, total, out=out, where=total > 0)
    return out


def _preferred(r: Array, given: ArrayLike | None) -> NDArray[np.int64]:
    if given is not None:
        return np.asarray(given, dtype=np.int64)
    index: NDArray[np.int64] = np.where(np.isnan(r), -np.inf, r).argmax(axis=-1)
    return index


def osi_pair(
    curves: ArrayLike, directions_deg: ArrayLike, *, preferred: ArrayLike | None = None
) -> Array:
    """Return ``(R_pref - R_orth) / (R_pref + R_orth)`` at the preferred direction.

    Parameters
    ----------
    curves : array_like, shape (..., n_directions)
        Mean responses, not clipped: with negative dF/F the index exceeds 1.
    directions_deg : array_like, shape (n_directions,)
        Directions of motion in degrees.
    preferred : array_like of int, shape (...), optional
        Index of the preferred direction; by default that of the largest response.

    Returns
    -------
    ndarray, shape (...)
        R_orth is the mean of the responses at +90 and -90 degrees. NaN where one of the three directions
        was not shown, or the sum of the two responses is not positive.

    Raises
    ------
    DataError
        Where the last axis of `curves` is not as long as `directions_deg`.

    Examples
    --------
    >>> osi_pair([3.0, 1.0, 2.0, 1.0], [0, 90, 180, 270]).item()
    0.5
    """
    r, theta = _curves(curves, directions_deg)
    best = _preferred(r, preferred)
    orthogonal = (_at(r, theta, best, 90.0) + _at(r, theta, best, -90.0)) / 2
    return _contrast(_at(r, theta, best, 0.0), orthogonal)


def dsi_pair(
    curves: ArrayLike, directions_deg: ArrayLike, *, preferred: ArrayLike | None = None
) -> Array:
    """Return ``(R_pref - R_null) / (R_pref + R_null)``, null being 180 degrees from the preferred.

    Parameters and NaN as in ``osi_pair``.

    Raises
    ------
    DataError
        Where the last axis of `curves` is not as long as `directions_deg`.

    Examples
    --------
    >>> dsi_pair([3.0, 1.0, 1.0, 1.0], [0, 90, 180, 270]).item()
    0.5
    """
    r, theta = _curves(curves, directions_deg)
    best = _preferred(r, preferred)
    return _contrast(_at(r, theta, best, 0.0), _at(r, theta, best, 180.0))
