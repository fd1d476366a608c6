"""Metrics of gratings of several contrasts, and the curve fitted to them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.courses import BIN_S
from allentk.responses.measured import Window, frame_of, measure

__all__ = ["contrast_tuning", "half_saturation"]

Array = NDArray[np.float64]

_COLUMNS = (
    "preferred_direction_deg",
    "preferred_contrast",
    "peak_rate_hz",
    "mean_rate_hz",
    "spontaneous_rate_hz",
    "c50",
    "c50_exponent",
    "c50_r_squared",
    "reliability",
    "n_trials",
)

#: Where the fit looks: exponents, and contrasts from half the smallest to the largest shown.
_EXPONENTS = (0.5, 8.0)
_STEPS, _ZOOMS = (21, 9), 8


def contrast_tuning(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Measure responses to contrast by their means over trials.

    Parameters and errors as of ``allentk.responses.contrast_tuning``.
    """
    of = measure(
        "contrast_tuning",
        responses,
        table,
        {"contrast": None, "orientation_deg": 360.0},
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    contrasts = of.grid.axes["contrast"]
    if contrasts.size and (contrasts[0] < 0 or contrasts[-1] > 1):
        raise DataError(
            f"contrast_tuning: contrast must lie in 0..1, got {contrasts.tolist()}; per cent must be "
            f"divided by 100"
        )
    c50, exponent, explained = half_saturation(contrasts, of.curve("contrast"))
    columns = of.common(running, bin_s) | {
        "preferred_direction_deg": of.preferred("orientation_deg"),
        "preferred_contrast": of.preferred("contrast"),
        "c50": c50,
        "c50_exponent": exponent,
        "c50_r_squared": explained,
    }
    return frame_of(columns, _COLUMNS, spikes=of.spikes)


def half_saturation(contrasts: ArrayLike, curves: ArrayLike) -> tuple[Array, Array, Array]:
    """Fit ``b + a c^n / (c^n + c50^n)`` with a > 0 by least squares.

    Offset and gain follow from c50 and n; these two are searched on a grid that is made finer around
    the best point.

    Parameters
    ----------
    contrasts : array_like, shape (n,)
        Contrasts, 0 to 1.
    curves : array_like, shape (n_cells, n)
        Mean responses.

    Returns
    -------
    c50 : ndarray, shape (n_cells,)
        Contrast of half of the gain, from half the smallest contrast shown to the largest.
    exponent : ndarray, shape (n_cells,)
        n, 0.5 to 8.
    r_squared : ndarray, shape (n_cells,)
        Share of the variance explained. All are NaN for fewer than four contrasts, a missing response, a
        flat curve and one that no rise fits.

    Raises
    ------
    DataError
        Where there are not as many responses as contrasts, or one of these is negative.

    References
    ----------
    Naka and Rushton 1966, J Physiol 185:536; Albrecht and Hamilton 1982, J Neurophysiol 48:217.

    Examples
    --------
    >>> c = np.array([0.01, 0.05, 0.1, 0.3, 0.5, 1.0])
    >>> c50, exponent, _ = half_saturation(c, [1 + 9 * c**2 / (c**2 + 0.2**2)])
    >>> c50.round(4).tolist(), exponent.round(3).tolist()
    ([0.2], [2.0])
    """
    c, r = np.asarray(contrasts, dtype=float), np.asarray(curves, dtype=float)
    if r.ndim != 2 or r.shape[1:] != c.shape or not (c >= 0).all():
        raise DataError(
            f"half_saturation: expected curves (cells, contrasts) over contrasts of 0 and more, got shape "
            f"{r.shape} and contrasts {c.tolist()}"
        )
    out = np.full((3, r.shape[0]), np.nan)
    if c.size < 4 or not c.any():
        return out[0], out[1], out[2]
    centred = r - r.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1))
    known = np.flatnonzero(length > 1e-12 * np.maximum(np.abs(r).sum(axis=1), 1e-300))
    unit = centred[known] / length[known, None]
    low = np.log([c[c > 0].min() / 2, _EXPONENTS[0]])
    high = np.log([c.max(), _EXPONENTS[1]])
    point, fit = _search(c, unit, low, high)
    rises = fit > 0
    out[:2, known[rises]] = np.exp(point[rises]).T
    out[2, known[rises]] = fit[rises] ** 2
    return out[0], out[1], out[2]


def _search(c: Array, unit: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Return log c50 and log n of the best correlation of every cell, and the correlation."""
    n = unit.shape[0]
    point = np.tile((low + high) / 2, (n, 1))
    fit = np.full(n, -np.inf)
    reach = (high - low) / 2
    for _ in range(_ZOOMS):
        centre = point.copy()
        for a in np.linspace(-1, 1, _STEPS[0]):
            for b in np.linspace(-1, 1, _STEPS[1]):
                here = np.clip(centre + reach * [a, b], low, high)
                shape = _saturation(c, here)
                found = (unit * shape).sum(axis=1)
                better = found > fit
                point[better], fit[better] = here[better], found[better]
        reach = reach / 4
    return point, fit


def _saturation(c: Array, point: Array) -> Array:
    """Return the curve of every cell, without its mean and of length 1."""
    from scipy.special import expit

    with np.errstate(divide="ignore"):
        log_c = np.log(c)  # of a blank, -inf: no response
    curve = expit(np.exp(point[:, 1:]) * (log_c - point[:, :1]))
    curve = curve - curve.mean(axis=1, keepdims=True)
    unit: Array = curve / np.sqrt((curve**2).sum(axis=1, keepdims=True))
    return unit
