"""Fits of a tuning curve over frequencies an octave apart: a peak, and where it falls to one half."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import leastsq

__all__ = ["fit_curve", "fits", "octaves_apart"]

Array = NDArray[np.float64]

_MOST_CALLS = 2000
_STEP = 0.1  # octaves, of the curve on which cutoffs are sought
_SUCCESS = (1, 2, 3, 4)  # MINPACK's numbers


def octaves_apart(levels: Array) -> bool:
    """Whether four or more frequencies were shown, each about twice the one before."""
    return levels.size >= 4 and bool((np.abs(np.diff(np.log2(levels)) - 1) < 0.15).all())


def fits(
    curves: Array,
    levels: Array,
    preferred: NDArray[np.int64],
    responsive: object,
    name: str,
    unit: str,
    either_cutoff: bool,
) -> dict[str, Array]:
    """Return the columns of the fits of responsive cells' curves over a frequency, NaN for the others."""
    out = np.full((preferred.size, 4), np.nan)
    if octaves_apart(levels):
        yes = np.asarray(pd.array(responsive, dtype="boolean").fillna(False), dtype=bool)
        for cell in np.flatnonzero(yes & np.isfinite(curves).all(axis=1)):
            out[cell] = fit_curve(
                curves[cell], levels, int(preferred[cell]), either_cutoff=either_cutoff
            )
    names = [
        f"fit_{name}_index",
        f"fit_{name}_{unit}",
        f"{name}_low_cutoff_{unit}",
        f"{name}_high_cutoff_{unit}",
    ]
    return dict(zip(names, out.T, strict=True))


def _gaussian(x: Array, a: float, centre: float, sigma: float) -> Array:
    return np.asarray(a * np.exp(-((x - centre) ** 2) / (2 * sigma**2)))


def _exponential(x: Array, a: float, b: float, c: float) -> Array:
    return np.asarray(a * np.exp(-b * x) + c)


def fit_curve(
    curve: Array, levels: Array, preferred: int, *, either_cutoff: bool = False
) -> tuple[float, float, float, float]:
    """Fit a Gaussian, or an exponential where the largest response is at an end.

    Parameters
    ----------
    curve : ndarray, shape (n_levels,)
        Mean responses.
    levels : ndarray, shape (n_levels,)
        Frequencies, each twice the one before (15 Hz counts as 16).
    preferred : int
        Place of the largest response.
    either_cutoff : bool
        As the published program: the upper cutoff of a Gaussian only where the lower is at the end of the
        range, and cutoffs that lie at the end of the range kept.

    Returns
    -------
    tuple of float
        Place of the peak in octaves above the lowest frequency, the frequency of the peak, and the
        frequencies below and above it at which the fit is at half its maximum. NaN where the fit fails, or
        the curve does not fall to one half in the range. At an end of the range the peak is the frequency
        shown there.

    Examples
    --------
    >>> curve = np.exp(-((np.arange(5) - 2.0) ** 2) / 2)
    >>> [round(float(v), 3) for v in fit_curve(curve, np.array([1.0, 2, 4, 8, 15]), 2)]
    [2.0, 4.0, 1.741, 9.19]
    """
    n = levels.size
    peaked = 0 < preferred < n - 1
    model = _gaussian if peaked else _exponential
    start = [curve.max(), preferred, 1.0] if peaked else [curve.max(), 2.0, curve.min()]
    index, peak = (np.nan, np.nan) if peaked else (float(preferred), float(levels[preferred]))
    x = np.arange(n, dtype=float)
    with np.errstate(all="ignore"):
        found, _, _, _, code = leastsq(
            lambda p: model(x, *p) - curve, start, maxfev=_MOST_CALLS, full_output=True
        )
        if code not in _SUCCESS or not np.isfinite(found).all():
            return index, peak, np.nan, np.nan
        fine = np.arange(round((n - 1) / _STEP) + 1, dtype=float) * _STEP
        below, above = _half_places(model(fine, *found))
    if peaked:
        index = float(found[1])
        with np.errstate(over="ignore"):
            peak = float(levels[0] * np.exp2(index))
    places: tuple[int | None, int | None]
    if either_cutoff:
        places = _published(below, above, preferred, peaked)
    else:
        inner = range(1, fine.size - 1)
        places = (below if below in inner else None, above if above in inner else None)
    cutoffs = [np.nan if at is None else float(levels[0] * 2 ** fine[at]) for at in places]
    return index, peak, cutoffs[0], cutoffs[1]


def _half_places(curve: Array) -> tuple[int | None, int]:
    """Places nearest to half the maximum, below the maximum (None where it is first) and from it on."""
    top = int(curve.argmax())
    away = np.abs(curve - curve.max() / 2)
    return (int(away[:top].argmin()) if top else None), int(away[top:].argmin()) + top


def _published(
    low: int | None, high: int, preferred: int, peaked: bool
) -> tuple[int | None, int | None]:
    if not peaked:
        return (None, high) if preferred == 0 else (low, None)
    if low is None:
        return None, None
    return (low, None) if low > 0 else (None, high)
