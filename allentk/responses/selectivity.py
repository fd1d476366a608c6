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

__all__ = ["at_turn", "dsi_pair", "dsi_vector", "osi_pair", "osi_vector", "pair_index"]

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


def at_turn(
    curves: Array, directions_deg: Array, preferred: NDArray[np.int64], turn_deg: float
) -> Array:
    """Return the response at the preferred direction turned by `turn_deg`.

    Parameters
    ----------
    curves : ndarray, shape (..., n_directions)
        Mean responses.
    directions_deg : ndarray, shape (n_directions,)
        Directions of motion in degrees.
    preferred : ndarray of int, shape (...)
        Index of the preferred direction.
    turn_deg : float
        Degrees to turn by.

    Returns
    -------
    ndarray, shape (...)
        NaN where that direction was not shown.

    Examples
    --------
    >>> at_turn(np.array([3.0, 1.0]), np.array([0.0, 90.0]), np.array(0), 90.0).item()
    1.0
    """
    theta = directions_deg
    if not theta.size:
        return np.full(curves.shape[:-1], np.nan)
    off = np.abs((theta[None, :] - theta[:, None] - turn_deg + 180) % 360 - 180)
    index = off.argmin(axis=1)[preferred]
    found = np.take_along_axis(curves, index[..., None], axis=-1)[..., 0]
    return np.where((off.min(axis=1) < _SAME_DEG)[preferred], found, np.nan)


def pair_index(one: Array, other: Array) -> Array:
    """Return ``(one - other) / (one + other)``; NaN where the sum is not positive.

    Examples
    --------
    >>> pair_index(np.array([3.0, 0.0]), np.array([1.0, 0.0])).tolist()
    [0.5, nan]
    """
    total = one + other
    out: Array = np.full(total.shape, np.nan)
    np.divide(one - other, total, out=out, where=total > 0)
    return out


def _preferred(r: Array, given: ArrayLike | None) -> NDArray[np.int64]:
    if not r.shape[-1]:
        return np.zeros(r.shape[:-1], dtype=np.int64)
    if given is None:
        index: NDArray[np.int64] = np.where(np.isnan(r), -np.inf, r).argmax(axis=-1)
        return index
    asked = np.asarray(given)
    known = (asked.dtype.kind in "iu" or not asked.size) and asked.shape == r.shape[:-1]
    if not known or not ((asked >= 0) & (asked < r.shape[-1])).all():
        raise DataError(
            f"selectivity: preferred= must be the place of a direction, 0 to {r.shape[-1] - 1}, for each "
            f"of the curves, shape {r.shape[:-1]}, got {asked.ravel()[:5].tolist()} of shape {asked.shape}"
        )
    return asked.astype(np.int64)


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
        Where the last axis of `curves` is not as long as `directions_deg`, or `preferred` is no place on
        it.

    Examples
    --------
    >>> osi_pair([3.0, 1.0, 2.0, 1.0], [0, 90, 180, 270]).item()
    0.5
    """
    r, theta = _curves(curves, directions_deg)
    best = _preferred(r, preferred)
    orthogonal = (at_turn(r, theta, best, 90.0) + at_turn(r, theta, best, -90.0)) / 2
    return pair_index(at_turn(r, theta, best, 0.0), orthogonal)


def dsi_pair(
    curves: ArrayLike, directions_deg: ArrayLike, *, preferred: ArrayLike | None = None
) -> Array:
    """Return ``(R_pref - R_null) / (R_pref + R_null)``, null being 180 degrees from the preferred.

    Parameters, NaN and errors as in ``osi_pair``.

    Examples
    --------
    >>> dsi_pair([3.0, 1.0, 1.0, 1.0], [0, 90, 180, 270]).item()
    0.5
    """
    r, theta = _curves(curves, directions_deg)
    best = _preferred(r, preferred)
    return pair_index(at_turn(r, theta, best, 0.0), at_turn(r, theta, best, 180.0))
