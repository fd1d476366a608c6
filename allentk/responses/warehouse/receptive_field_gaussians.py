"""Gaussians fitted to the significant parts of a map: area, center, distance and overlap in degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.optimize import minimize

from allentk.responses.warehouse.receptive_field_kernels import gaussian_misfit

__all__ = ["Gaussian", "components", "fitted_gaussians", "overlap_index"]

Array = NDArray[np.float64]

#: A part of the field of view is inside of a Gaussian where this exceeds the value.
_INSIDE = 0.001
_MOST_EVALUATIONS = 2500


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A two-dimensional Gaussian on a map whose unit is the degree.

    Parameters
    ----------
    height : float
        Its greatest value, in blurred events.
    center_x_deg, center_y_deg : float
        Center, from the center of the first column and of the first row.
    sigma_u_deg, sigma_v_deg : float
        Standard deviations along its axes; u is down the rows where the rotation is 0.
    rotation_deg : float
        Rotation of the axes.
    shape : (int, int)
        Rows and columns of the map.
    """

    height: float
    center_x_deg: float
    center_y_deg: float
    sigma_u_deg: float
    sigma_v_deg: float
    rotation_deg: float
    shape: tuple[int, int]

    @property
    def area_deg2(self) -> float:
        """Area of the ellipse of 1.5 standard deviations, square degrees."""
        return float(np.pi * 1.5**2 * abs(self.sigma_u_deg * self.sigma_v_deg))

    def values(self) -> Array:
        """Return it on the map, one degree a step."""
        a, b, c = _form(self.sigma_u_deg, self.sigma_v_deg, self.rotation_deg)
        y = np.arange(self.shape[0])[:, None] - self.center_y_deg
        x = np.arange(self.shape[1])[None, :] - self.center_x_deg
        drawn: Array = self.height * np.exp(-0.5 * (a * y * y + 2 * b * y * x + c * x * x))
        return drawn


def components(significant: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """Return the connected parts of a map numbered from 1, corners included, and their number."""
    numbered, n = label(significant, structure=np.ones((3, 3)))
    return numbered.astype(np.int64), int(n)


def fitted_gaussians(
    weights: Array, parts: NDArray[np.int64], n_parts: int, pixel_deg: float
) -> tuple[Gaussian, ...]:
    """Fit a Gaussian to every connected part of a map.

    Map and part are interpolated to one degree a step. The center is the center of mass and stays; height,
    widths and rotation minimise the sum of squares over the whole map, zero outside of the part.

    Parameters
    ----------
    weights : ndarray, shape (n_rows, n_columns)
        Blurred map.
    parts : ndarray of int, shape (n_rows, n_columns)
        Number of the part a pixel belongs to, 0 for none.
    n_parts : int
        Number of parts.
    pixel_deg : float
        Width of a pixel in degrees.

    Returns
    -------
    tuple of Gaussian
        Those of the parts whose fit converged.
    """
    down, across = (_to_degrees(n, pixel_deg) for n in weights.shape)
    fine = down @ weights @ across.T
    found = []
    for part in range(1, n_parts + 1):
        outside = down @ (parts != part).astype(float) @ across.T > 0.5
        found.append(_fitted(np.where(outside, 0.0, fine)))
    return tuple(gaussian for gaussian in found if gaussian is not None)


def overlap_index(a: Gaussian, b: Gaussian) -> float:
    """Return the shared area by the geometric mean of both; NaN where one is nowhere above 0.001."""
    in_a, in_b = a.values() > _INSIDE, b.values() > _INSIDE
    sizes = float(np.sqrt(in_a.sum()) * np.sqrt(in_b.sum()))
    return float((in_a & in_b).sum()) / sizes if sizes else float("nan")


def _fitted(data: Array) -> Gaussian | None:
    if not data.sum() > 0:
        return None
    row, column, start = _moments(data)
    if not np.isfinite(start).all():
        return None

    def misfit(p: Array) -> float:
        if not (p[1] and p[2]):
            return float("nan")
        return float(gaussian_misfit(data, p[0], row, column, *_form(p[1], p[2], p[3])))

    result = minimize(misfit, start, method="Nelder-Mead", options={"maxfev": _MOST_EVALUATIONS})
    if not result.success:
        return None
    height, u, v, turn = (float(value) for value in result.x)
    return Gaussian(height, column, row, abs(u), abs(v), turn, data.shape)


def _moments(data: Array) -> tuple[float, float, Array]:
    """Return row and column of the center of mass, and where the search starts."""
    rows, columns = np.arange(data.shape[0]), np.arange(data.shape[1])
    total = data.sum()
    row = float((rows[:, None] * data).sum() / total)
    column = float((columns * data).sum() / total)
    down, along = data[:, int(np.around(column))], data[int(np.around(row))]
    with np.errstate(invalid="ignore", divide="ignore"):  # a center outside of its part
        tall = np.sqrt(abs(((rows - row) ** 2 * down).sum() / down.sum()))
        wide = np.sqrt(abs(((columns - column) ** 2 * along).sum() / along.sum()))
    # The published search starts with the widths the other way round; it finds them from there.
    return row, column, np.array([data.max(), wide, tall, 0.0])


def _form(u: float, v: float, rotation_deg: float) -> tuple[float, float, float]:
    """Return a, b, c of the exponent ``-(a y^2 + 2 b y x + c x^2) / 2``."""
    turn = np.deg2rad(rotation_deg)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    p, q = 1 / (u * u), 1 / (v * v)
    return cos * cos * p + sin * sin * q, sin * cos * (q - p), sin * sin * p + cos * cos * q


def _to_degrees(n: int, pixel_deg: float) -> Array:
    """Return the matrix that interpolates a line of pixels to one degree a step."""
    places = np.arange(0, n, 1 / pixel_deg)
    return np.stack([np.interp(places, np.arange(n), line) for line in np.eye(n)], axis=1)
