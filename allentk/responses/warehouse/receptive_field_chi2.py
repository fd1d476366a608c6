"""Is there a receptive field anywhere: a chi-squared test in the neighbourhood of every pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.stats import chi2

__all__ = ["chi2_maps", "neighbourhoods"]

Array = NDArray[np.float64]

_RADIUS = 3
_STEP_DEG = 1.1625
_SMOOTH_STEPS = 0.75
#: What the published program takes for a p of 0.
_FLOOR = 1e-10


def neighbourhoods(lit: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the neighbourhood of every pixel, shape ``(n_pixels, n_pixels)``.

    It is the square of 7 by 7 pixels around it, less those that are ever lit together with it.

    Parameters
    ----------
    lit : ndarray of bool, shape (n_patterns, n_pixels)
        White or black pixels of all patterns of the noise.
    shape : (int, int)
        Rows and columns of the noise.
    """
    shown = lit.astype(np.float32)
    together = (shown.T @ shown) > 0
    np.fill_diagonal(together, False)
    row, column = np.divmod(np.arange(lit.shape[1]), shape[1])
    apart = np.maximum(
        np.abs(row[:, None] - row[None, :]), np.abs(column[:, None] - column[None, :])
    )
    near: NDArray[np.bool_] = (apart <= _RADIUS) & ~together
    return near


def chi2_maps(
    counts: Array, trials: Array, near: NDArray[np.bool_], *, pixel_deg: float, floor: bool
) -> Array:
    """Test the pixels of every neighbourhood for equal numbers of events per trial.

    Events per pixel are smoothed by a Gaussian of 0.87 degrees, white and black apart. In a neighbourhood
    the events expected of a pixel are its trials times the events per trial of all of them;
    chi2 = sum (found - expected)^2 / expected with 2 n - 1 degrees of freedom for n pixels. The p of a
    pixel is Sidak-corrected by how many neighbourhoods would cover the noise. A pixel that was never lit
    is left out.

    Parameters
    ----------
    counts : ndarray, shape (n_cells, 2, n_rows, n_columns)
        Events in which a pixel was white, and black.
    trials : ndarray, shape (2, n_rows, n_columns)
        Trials in which it was.
    near : ndarray of bool, shape (n_pixels, n_pixels)
        From `neighbourhoods`.
    pixel_deg : float
        Width of a pixel in degrees.
    floor : bool
        Whether p below 1.1e-16, which the published program cannot tell from 0, are 1e-10.

    Returns
    -------
    ndarray, shape (n_cells, n_rows, n_columns)
        Corrected p.
    """
    n_rows, n_columns = counts.shape[2:]
    down, across = _smoother(n_rows, pixel_deg), _smoother(n_columns, pixel_deg)
    smooth = np.einsum("rk,imkl,cl->imrc", down, counts, across, optimize=True)
    shown = trials.reshape(-1)
    inside = (np.hstack([near, near]) & (shown > 0)).astype(float)
    degrees = np.maximum(inside.sum(axis=1) - 1, 1)
    size = near.sum(axis=1)
    p_values = np.empty((len(counts), size.size))
    for cell, found in enumerate(smooth.reshape(-1, shown.size)):
        p_values[cell] = _p_values(_chi2(found, shown, inside), degrees, floor)
    with np.errstate(divide="ignore"):  # log of 0 where p is 1
        corrected: Array = -np.expm1(size.size / size * np.log1p(-p_values))
    return corrected.reshape(-1, n_rows, n_columns)


def _chi2(found: Array, shown: Array, inside: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):  # pixels that were never lit
        rate = (inside @ found) / (inside @ shown)
        expected = rate[:, None] * shown
        terms = np.where(inside > 0, (found - expected) ** 2 / expected, 0.0)
    total: Array = np.nansum(terms, axis=1)
    return total


def _p_values(statistic: Array, degrees: Array, floor: bool) -> Array:
    p: Array = 1 - chi2.cdf(statistic, degrees) if floor else chi2.sf(statistic, degrees)
    floored: Array = np.where(p == 0, _FLOOR, p)
    return floored if floor else p


def _smoother(n: int, pixel_deg: float) -> Array:
    """Return the matrix that smooths a line of pixels, on a finer grid between their centers."""
    fine = max(round(pixel_deg / _STEP_DEG), 1)
    places = np.arange((n - 1) * fine + 1) / fine
    drawn = np.stack([np.interp(places, np.arange(n), line) for line in np.eye(n)], axis=1)
    smooth: Array = gaussian_filter1d(drawn, _SMOOTH_STEPS, axis=0)[::fine]
    return smooth
