"""The contrast at which a response is half-way, by a fit of a log-logistic curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import leastsq

__all__ = ["c50"]

Floats = NDArray[np.float64]

_GRID = 256


def _curve(contrast: Floats, b: float, c: float, d: float, e: float) -> Floats:
    """Return the curve from d (low, for b > 0) to c (high), half-way at e."""
    curve: Floats = c + (d - c) / (1 + np.exp(b * (np.log(contrast) - np.log(e))))
    return curve


def c50(contrasts: Floats, responses: Floats, quirks: frozenset[str] = frozenset()) -> float:
    """Return the contrast half-way between the least and the largest value of a fitted curve.

    Parameters
    ----------
    contrasts : ndarray, shape (n,)
        Contrasts shown, above 0.
    responses : ndarray, shape (n,)
        Mean response to each.
    quirks : frozenset of str
        ``"c50_grid"``: the fit starts where all four parameters are 1, and the answer is one of 256 points.

    Returns
    -------
    float
        NaN for fewer than four contrasts, a flat curve or a fit that does not end.

    Examples
    --------
    >>> contrasts = np.array([0.05, 0.1, 0.2, 0.4, 0.8])
    >>> round(c50(contrasts, 10 * contrasts**2 / (contrasts**2 + 0.2**2)), 2)
    0.2
    """
    if contrasts.size < 4:
        return np.nan
    published = "c50_grid" in quirks
    if not published and (np.ptp(responses) == 0 or not np.isfinite(responses).all()):
        return np.nan
    start = np.ones(4) if published else _start(contrasts, responses)
    with np.errstate(all="ignore"):
        fitted = leastsq(
            lambda p: _curve(contrasts, *p) - responses, start, full_output=True, maxfev=100_000
        )
        if fitted[-1] not in (1, 2, 3, 4):
            return np.nan
        low, high = contrasts.min() * 0.9, contrasts.max() * 1.1
        return _on_grid(fitted[0], low, high) if published else _exact(fitted[0], low, high)


def _start(contrasts: Floats, responses: Floats) -> Floats:
    """Return a steep rise (or fall) half-way between the ends that were measured."""
    order = np.argsort(contrasts)
    x, y = contrasts[order], responses[order]
    above = np.abs(y - y[0]) >= np.ptp(y) / 2
    half = x[above.argmax()] if above.any() else x[x.size // 2]
    rising = np.polyfit(np.log(x), y, 1)[0] >= 0
    ends = (y.max(), y.min()) if rising else (y.min(), y.max())
    return np.array([2.0, ends[0], ends[1], half])


def _exact(fitted: Floats, low: float, high: float) -> float:
    b, c, d, e = fitted
    ends = _curve(np.array([low, high]), b, c, d, e)
    if not np.isfinite(ends).all() or ends[0] == ends[1]:
        return np.nan
    found = e * ((d - ends.mean()) / (ends.mean() - c)) ** (1 / b)
    return float(found) if low <= found <= high else np.nan


def _on_grid(fitted: Floats, low: float, high: float) -> float:
    grid = np.linspace(low, high, _GRID)
    curve = _curve(grid, *fitted)
    middle = (np.max(curve) - np.min(curve)) / 2 + np.min(curve)
    order = np.argsort(curve)
    place = np.searchsorted(curve[order], middle)
    return float(grid[order][place]) if place < _GRID else np.nan
