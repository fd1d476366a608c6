"""A map of responses to places: its thresholded region, and a Gaussian fitted to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import leastsq

__all__ = ["Gaussian", "Region", "fitted", "inverted", "regions"]

Floats = NDArray[np.float64]

#: How far below the peak the region reaches, in standard deviations of the smoothed map.
_THRESHOLD_SD = 0.5
_N_PARAMETERS = 5


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a map around its peak; places in steps of the grid from its first row and column."""

    mask: NDArray[np.bool_]
    row: float
    column: float

    @property
    def area(self) -> int:
        """Number of places."""
        return int(self.mask.sum())


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A fitted Gaussian; places and widths (standard deviations) in steps of the grid."""

    row: float
    column: float
    height: float
    width: float

    def on_grid(self, shape: tuple[int, ...], quirks: frozenset[str]) -> bool:
        """Whether the middle lies on the grid, half a step around its outer places included."""
        edge = 0.0 if "half_step_screen" in quirks else -0.5
        return all(
            edge < at < size + edge for at, size in zip((self.row, self.column), shape, strict=True)
        )


def regions(maps: NDArray[np.int64], quirks: frozenset[str]) -> list[Region]:
    """Return of every map the connected region above ``max - 0.5 sd`` that holds the peak.

    Parameters
    ----------
    maps : ndarray of int, shape (n_cells, n_rows, n_columns)
        Spikes; smoothed by a Gaussian of one step first.
    quirks : frozenset of str
        Names of quirks.
    """
    whole = "integer_smoothing" in quirks
    smooth = ndimage.gaussian_filter(maps.astype(np.uint64 if whole else float), (0, 1, 1))
    found = []
    for each in smooth:
        mask = each > each.max() - each.std() * _THRESHOLD_SD
        labels, _ = ndimage.label(mask)
        mask &= labels == labels[each == each.max()].min()
        row, column = ndimage.center_of_mass(mask) if mask.any() else (np.nan, np.nan)
        if "rounded_centre" in quirks:
            row, column = np.around(row, 4), np.around(column, 4)
        found.append(Region(mask, float(row), float(column)))
    return found


def inverted(region: Region) -> bool:
    """Whether the region covers over half of the border, so that the field is a hole in it.

    Examples
    --------
    >>> inverted(Region(np.ones((3, 3), bool), 1.0, 1.0))
    True
    """
    border = np.ones(region.mask.shape, dtype=bool)
    border[1:-1, 1:-1] = False
    return int((region.mask & border).sum()) > int(border.sum()) / 2


def fitted(values: NDArray[np.int64], quirks: frozenset[str]) -> Gaussian:
    """Fit a Gaussian without rotation or base by least squares.

    NaN for an empty map, and for one of fewer places than the Gaussian has parameters.
    """
    if values.sum() == 0 or values.size < _N_PARAMETERS:
        return Gaussian(np.nan, np.nan, np.nan, np.nan)
    rows, columns = (np.arange(size) for size in values.shape)

    def rest(p: Floats) -> Floats:
        down, across = ((p[1] - rows) / p[3]) ** 2, ((p[2] - columns) / p[4]) ** 2
        flat: Floats = (p[0] * np.exp(-(down[:, None] + across) / 2) - values).ravel()
        return flat

    start = _moments(values, "swapped_start" in quirks)
    with np.errstate(all="ignore"):
        _, row, column, height, width = leastsq(rest, start, full_output=True)[0]
    if "signed_widths" not in quirks:
        height, width = abs(height), abs(width)
    return Gaussian(float(row), float(column), float(height), float(width))


def _moments(values: NDArray[np.int64], swapped: bool) -> Floats:
    """Return height, place and widths of the values as a first guess.

    Widths come from the row and the column through the middle. `swapped`: that of the rows from the one
    row, that of the columns from the one column, each against the other's middle.
    """
    rows, columns = np.indices(values.shape)
    row, column = (rows * values).sum() / values.sum(), (columns * values).sum() / values.sum()
    across, down = values[int(row)], values[:, int(column)]
    profiles = (across, down) if swapped else (down, across)
    widths = []
    for profile, middle in zip(profiles, (row, column), strict=True):
        far = np.abs((np.arange(profile.size) - middle) ** 2 * profile).sum()
        with np.errstate(invalid="ignore"):
            width = np.sqrt(far / profile.sum())
        widths.append(width if swapped or width > 0 else 1.0)
    return np.array([values.max(), row, column, *widths])
