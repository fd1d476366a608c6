"""Width of a tuning curve over direction: two Gaussians on a circle."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from allentk.errors import DataError

__all__ = ["double_gaussian", "tuning_widths"]

Array = NDArray[np.float64]

_SIGMA_DEG = (5.0, 500.0)
_MOST = 1.2  # amplitudes, of the range of the curve
_STARTS_DEG = (15.0, 40.0)


def double_gaussian(
    direction_deg: ArrayLike,
    baseline: float,
    amplitude: float,
    opposite: float,
    preferred_deg: float,
    sigma_deg: float,
) -> Array:
    """Return ``B + A1 G(theta - p) + A2 G(theta - p - 180)``, G a Gaussian wrapped three times.

    Examples
    --------
    >>> double_gaussian([90.0, 270.0], 1, 4, 2, 90, 10).round(6).tolist()
    [5.0, 3.0]
    """
    theta = np.asarray(direction_deg, dtype=float)
    return (
        baseline
        + amplitude * _wrapped(theta - preferred_deg, sigma_deg)
        + opposite * _wrapped(theta - preferred_deg - 180, sigma_deg)
    )


def _wrapped(away_deg: Array, sigma_deg: float) -> Array:
    turns = ((away_deg + 180) % 360 - 180)[..., None] + np.array([-360.0, 0.0, 360.0])
    return np.asarray(np.exp(-0.5 * (turns / sigma_deg) ** 2).sum(axis=-1))


def tuning_widths(
    curves: ArrayLike, directions_deg: ArrayLike, *, cells: Iterable[int] | None = None
) -> pd.DataFrame:
    """Fit every cell's mean responses to directions with two Gaussians of one width, 180 degrees apart.

    Parameters
    ----------
    curves : array_like, shape (n_cells, n_directions)
        Mean responses, in any unit.
    directions_deg : array_like, shape (n_directions,)
        Directions of motion in degrees, six or more.
    cells : iterable of int, optional
        Ids; by default 0, 1, ...

    Returns
    -------
    DataFrame
        ``cell, baseline, amplitude, opposite_amplitude, preferred_direction_deg, sigma_deg,
        half_width_deg`` (half width at half height, ``sigma sqrt(2 ln 2)``), ``r_squared`` and ``notes``.
        Amplitudes lie between 0 and 1.2 times the range of the curve, sigma between 5 and 500 degrees.

    Raises
    ------
    DataError
        For fewer than six directions, curves of another shape, or another number of ids.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (Ori_tuning_curves_Gaussian_fit.py).

    Examples
    --------
    >>> theta = np.arange(0.0, 360, 30)
    >>> found = tuning_widths([double_gaussian(theta, 1, 5, 2, 100, 25)], theta)
    >>> found[["preferred_direction_deg", "sigma_deg"]].round(3).iloc[0].tolist()
    [100.0, 25.0]
    """
    r, theta = np.atleast_2d(np.asarray(curves, dtype=float)), np.asarray(directions_deg, float)
    if theta.size < 6 or r.shape[1:] != theta.shape:
        raise DataError(
            f"tuning_widths: five numbers are fitted to six directions or more, got directions of shape "
            f"{theta.shape} and curves of shape {r.shape}"
        )
    ids = np.arange(len(r)) if cells is None else np.asarray(list(cells))
    if ids.size != len(r):
        raise DataError(f"tuning_widths: {len(r)} curves need as many ids, got {ids.size}")
    names = ["baseline", "amplitude", "opposite_amplitude", "preferred_direction_deg", "sigma_deg"]
    found = np.array([_fit(curve, theta) for curve in r]).reshape(-1, len(names) + 1)
    out = pd.DataFrame(found, columns=[*names, "r_squared"])
    out.insert(0, "cell", ids)
    out.insert(6, "half_width_deg", out["sigma_deg"] * np.sqrt(2 * np.log(2)))
    missing = out["sigma_deg"].isna()
    return out.assign(notes=np.where(missing, "no curve: equal or missing responses", ""))


def _fit(curve: Array, theta: Array) -> list[float]:
    if not np.isfinite(curve).all() or not np.ptp(curve) > 0:
        return [np.nan] * 6
    span, low, best = np.ptp(curve), curve.min(), theta[curve.argmax()]
    opposite = np.interp((best + 180) % 360, *_rounded(theta, curve)) - low
    limits = (
        [low - span, 0.0, 0.0, best - 90, _SIGMA_DEG[0]],
        [curve.max(), _MOST * span, _MOST * span, best + 90, _SIGMA_DEG[1]],
    )
    tries = []
    for sigma in _STARTS_DEG:
        start = [low, span, np.clip(opposite, 0.0, _MOST * span), best, sigma]
        tries.append(
            least_squares(
                lambda p: (double_gaussian(theta, *p) - curve) / span,
                start,
                bounds=limits,
                x_scale=[span, span, span, 10.0, 10.0],
            )
        )
    one = min(tries, key=lambda found: float(found.cost))
    baseline, first, second, preferred, sigma = map(float, one.x)
    if second > first:
        first, second, preferred = second, first, preferred + 180
    centred = (curve - curve.mean()) / span
    explained = 1 - 2 * float(one.cost) / float((centred**2).sum())
    return [baseline, first, second, preferred % 360, sigma, explained]


def _rounded(theta: Array, curve: Array) -> tuple[Array, Array]:
    """Return the curve over a whole turn and a little more, for interpolation."""
    order = np.argsort(theta % 360)
    x, y = theta[order] % 360, curve[order]
    return np.concatenate([[x[-1] - 360], x, [x[0] + 360]]), np.concatenate([y[-1:], y, y[:1]])
