"""Where cells lie: columns, boxes, ellipsoids, and a least distance between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError

__all__ = ["Box", "Column", "Ellipsoid", "Region", "place"]

Array = NDArray[np.float64]

#: Places drawn for one cell before a region counts as full.
_TRIES = 100


class Region(Protocol):
    """A part of space with places in it."""

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        ...

    def place(self, n: int, rng: np.random.Generator) -> Array:
        """Return `n` places drawn evenly, micrometres, shape (n, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """A cylinder, or a ring around one.

    Parameters
    ----------
    radius_um : float
        Radius.
    depth_um : (float, float)
        From where to where it reaches along its axis.
    inner_radius_um : float
        Radius of what is left out in the middle.
    axis : {"x", "y", "z"}
        Its axis.
    center_um : (float, float)
        Middle in the two other axes, in the order of the alphabet.

    Examples
    --------
    >>> round(Column(400.0, (-430.0, -310.0), axis="y").volume_mm3, 6)
    0.060319
    """

    radius_um: float
    depth_um: tuple[float, float]
    inner_radius_um: float = 0.0
    axis: str = "z"
    center_um: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not 0 <= self.inner_radius_um < self.radius_um < math.inf:
            raise DataError(
                f"Column: expected 0 <= inner_radius_um < radius_um, got {self.inner_radius_um} and "
                f"{self.radius_um}"
            )
        if self.axis not in ("x", "y", "z"):
            raise DataError(f"Column: axis must be x, y or z, got {self.axis!r}")
        _check_range("Column: depth_um", self.depth_um)

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        ring = math.pi * (self.radius_um**2 - self.inner_radius_um**2)
        return ring * (self.depth_um[1] - self.depth_um[0]) / 1e9

    def place(self, n: int, rng: np.random.Generator) -> Array:
        """Return `n` places drawn evenly, micrometres, shape (n, 3)."""
        away = np.sqrt(rng.uniform(self.inner_radius_um**2, self.radius_um**2, n))
        angle = rng.uniform(0.0, 2 * math.pi, n)
        places = np.empty((n, 3))
        axis = "xyz".index(self.axis)
        first, second = (i for i in range(3) if i != axis)
        places[:, first] = self.center_um[0] + away * np.cos(angle)
        places[:, second] = self.center_um[1] + away * np.sin(angle)
        places[:, axis] = rng.uniform(*self.depth_um, n)
        return places


@dataclass(frozen=True, slots=True)
class Box:
    """A box along the axes; of no thickness, a rectangle.

    Parameters
    ----------
    x_um, y_um, z_um : (float, float)
        From where to where.

    Examples
    --------
    >>> Box((0.0, 100.0), (0.0, 100.0), (0.0, 100.0)).volume_mm3
    0.001
    """

    x_um: tuple[float, float]
    y_um: tuple[float, float]
    z_um: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("x_um", "y_um", "z_um"):
            _check_range(f"Box: {name}", getattr(self, name))

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        return math.prod(high - low for low, high in (self.x_um, self.y_um, self.z_um)) / 1e9

    def place(self, n: int, rng: np.random.Generator) -> Array:
        """Return `n` places drawn evenly, micrometres, shape (n, 3)."""
        low, high = np.transpose([self.x_um, self.y_um, self.z_um])
        return rng.uniform(low, high, (n, 3))


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid along the axes.

    Parameters
    ----------
    radii_um : (float, float, float)
        Half axes along x, y and z.
    center_um : (float, float, float)
        Its middle.

    Examples
    --------
    >>> round(Ellipsoid((100.0, 100.0, 200.0)).volume_mm3, 6)
    0.008378
    """

    radii_um: tuple[float, float, float]
    center_um: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if len(self.radii_um) != 3 or not all(0 < radius < math.inf for radius in self.radii_um):
            raise DataError(f"Ellipsoid: radii_um must be three, all positive, got {self.radii_um}")

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        return 4 / 3 * math.pi * math.prod(self.radii_um) / 1e9

    def place(self, n: int, rng: np.random.Generator) -> Array:
        """Return `n` places drawn evenly, micrometres, shape (n, 3)."""
        towards = rng.standard_normal((n, 3))
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        places: Array = towards * np.cbrt(rng.random((n, 1))) * self.radii_um + self.center_um
        return places


def place(
    region: Region, n: int, rng: np.random.Generator, *, min_distance_um: float = 0.0
) -> Array:
    """Return places drawn evenly in a region, none closer to another than a least distance.

    Parameters
    ----------
    region : Region
        Where.
    n : int
        How many.
    rng : Generator
        Draws them.
    min_distance_um : float
        Least distance between two places.

    Returns
    -------
    ndarray, shape (n, 3)

    Raises
    ------
    DataError
        Where the region has no room for as many that far apart, or the distance is negative or not finite.

    Examples
    --------
    >>> place(Box((0.0, 1.0), (0.0, 1.0)), 2, np.random.default_rng(0)).shape
    (2, 3)
    """
    if not 0 <= min_distance_um < math.inf:
        raise DataError(f"place: min_distance_um must be 0 or more, got {min_distance_um}")
    if min_distance_um == 0:
        return region.place(n, rng)
    cells: dict[tuple[int, ...], list[Array]] = {}
    kept: list[Array] = []
    for _ in range(_TRIES):
        for spot in region.place(n - len(kept), rng):
            corner = tuple(int(i) for i in np.floor(spot / min_distance_um))
            near = (
                other
                for step in product((-1, 0, 1), repeat=3)
                for other in cells.get(tuple(map(sum, zip(corner, step, strict=True))), ())
            )
            if all(np.linalg.norm(other - spot) >= min_distance_um for other in near):
                cells.setdefault(corner, []).append(spot)
                kept.append(spot)
        if len(kept) == n:
            return np.array(kept).reshape(n, 3)
    raise DataError(
        f"place: found room for {len(kept)} of {n} cells that are {min_distance_um:g} um apart in "
        f"{region!r}; lower min_distance_um or n, or enlarge the region"
    )


def _check_range(what: str, values: tuple[float, float]) -> None:
    if len(values) != 2 or not -math.inf < values[0] <= values[1] < math.inf:
        raise DataError(f"{what} must be the lower and the upper end, got {values}")
