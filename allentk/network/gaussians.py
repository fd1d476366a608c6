"""What Gaussian receptive fields see of gratings, in closed form, and of pictures.

A unit sees the weighted sum of one or more round Gaussians about one centre, each of unit integral.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.network.movies import MAX_PIXELS, Movie

__all__ = ["Gaussians"]

#: A Gaussian is looked at to this many standard deviations.
_REACH = 7.0

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Gaussians:
    """Receptive fields of units.

    Parameters
    ----------
    x_deg, y_deg : array_like, shape (n,)
        Centres, degrees to the right and up.
    sigma_deg, weights : array_like, shape (n, n_gaussians)
        Standard deviation and weight of every Gaussian of a unit.

    Raises
    ------
    DataError
        Where shapes disagree, a number is not finite, or a width is not positive.

    Examples
    --------
    >>> fields = Gaussians([0.0], [0.0], [[2.0, 4.0]], [[3.0, -2.0]])
    >>> float(abs(fields.of_grating(0.0, 0.0)[0]))
    1.0
    """

    x_deg: Array
    y_deg: Array
    sigma_deg: Array
    weights: Array

    def __post_init__(self) -> None:
        for name in ("x_deg", "y_deg", "sigma_deg", "weights"):
            object.__setattr__(self, name, frozen(getattr(self, name), what=f"LGN: {name}"))
        n, shape = self.x_deg.size, self.sigma_deg.shape
        alike = self.x_deg.shape == self.y_deg.shape == (n,) and shape == self.weights.shape
        if not alike or self.sigma_deg.ndim != 2 or shape[0] != n or shape[1] == 0:
            raise DataError(
                f"LGN: x_deg and y_deg must be flat and equally long, sigma_deg and weights of shape (n, "
                f"n_gaussians), got {self.x_deg.shape}, {self.y_deg.shape}, {shape} and "
                f"{self.weights.shape}"
            )
        if not (np.isfinite(self.x_deg).all() and np.isfinite(self.y_deg).all()):
            raise DataError("LGN: x_deg and y_deg must be finite")
        if not ((self.sigma_deg > 0) & np.isfinite(self.sigma_deg)).all():
            raise DataError(f"LGN: sigma_deg must be positive and finite, got {self.sigma_deg}")
        if not np.isfinite(self.weights).all():
            raise DataError("LGN: the weights of the Gaussians must be finite")

    @property
    def narrowest_deg(self) -> float:
        """Smallest standard deviation; infinite where there is no unit."""
        return float(self.sigma_deg.min(initial=math.inf))

    def of_grating(
        self, direction_deg: float, cpd: float, *, contrast: float = 1.0, phase: float = 0.0
    ) -> NDArray[np.complex128]:
        """Return what every unit sees of a grating, as a complex amplitude z, shape ``(n,)``.

        The projection of ``contrast sin(2 pi (f (x cos a + y sin a) - F t + phase))`` at time t is the
        imaginary part of ``z exp(-2 pi i F t)``: a Gaussian of width s passes ``exp(-2 (pi s f)^2)``.
        """
        angle = math.radians(direction_deg)
        along = self.x_deg * math.cos(angle) + self.y_deg * math.sin(angle)
        passed = (self.weights * np.exp(-2 * (math.pi * self.sigma_deg * cpd) ** 2)).sum(axis=1)
        turned: NDArray[np.complex128] = (contrast * passed) * np.exp(
            2j * math.pi * (cpd * along + phase)
        )
        return turned

    def of_frames(self, movie: Movie, numbers: Rows) -> Array:
        """Return what every unit sees of some frames, shape ``(n, n_numbers)``.

        The world beyond the pixels is gray.

        Raises
        ------
        DataError
            Where pixels are wider than the narrowest Gaussian, or a frame is not a picture.
        """
        pitch = self._pitch(movie)
        seen = np.zeros((self.x_deg.size, numbers.size))
        groups = list(self._groups(np.arange(self.x_deg.size), movie, pitch))
        step = max(1, MAX_PIXELS // (movie.x_deg.size * movie.y_deg.size))
        for at in range(0, numbers.size, step):
            frames = movie.read(numbers[at : at + step])
            for units in groups:
                self._look(seen[:, at : at + step], units, frames, movie, pitch)
        return seen

    def _pitch(self, movie: Movie) -> tuple[float, float]:
        pitch = tuple(abs(float(axis[1] - axis[0])) for axis in (movie.x_deg, movie.y_deg))
        if max(pitch) > self.narrowest_deg:
            raise DataError(
                f"LGN: pixels of {max(pitch):g} degrees are wider than the narrowest Gaussian "
                f"({self.narrowest_deg:g} degrees); render the movie more finely"
            )
        return pitch[0], pitch[1]

    def _groups(self, units: Rows, movie: Movie, pitch: tuple[float, float]) -> Iterator[Rows]:
        """Yield units that lie together, so few that the weights of all their pixels fit."""
        columns, rows = self._window(units, movie)
        pixels = (columns.stop - columns.start) * (rows.stop - rows.start)
        if units.size <= 1 or units.size * pixels <= MAX_PIXELS:
            yield units
            return
        x, y = self.x_deg[units], self.y_deg[units]
        order = np.argsort(x if np.ptp(x) > np.ptp(y) else y, kind="stable")
        for half in np.array_split(units[order], 2):
            yield from self._groups(half, movie, pitch)

    def _window(self, units: Rows, movie: Movie) -> tuple[slice, slice]:
        """Return the columns and rows of pixels that the units can see."""
        if not units.size:
            return slice(0, 0), slice(0, 0)
        reach = _REACH * self.sigma_deg[units].max(axis=1)
        found = []
        for centre, pixels in ((self.x_deg, movie.x_deg), (self.y_deg, movie.y_deg)):
            low, high = (centre[units] - reach).min(), (centre[units] + reach).max()
            inside = np.flatnonzero((pixels >= low) & (pixels <= high))
            found.append(slice(inside[0], inside[-1] + 1) if inside.size else slice(0, 0))
        return found[0], found[1]

    def _look(
        self, seen: Array, units: Rows, frames: Array, movie: Movie, pitch: tuple[float, float]
    ) -> None:
        columns, rows = self._window(units, movie)
        x, y = movie.x_deg[columns], movie.y_deg[rows]
        if not (x.size and y.size):
            return
        weights = np.zeros((units.size, y.size, x.size))
        for one in range(self.sigma_deg.shape[1]):
            sigma = self.sigma_deg[units, one]
            across = _along_axis(self.x_deg[units], sigma, x, pitch[0])
            down = _along_axis(self.y_deg[units], sigma, y, pitch[1])
            weights += (down * self.weights[units, one, None])[:, :, None] * across[:, None, :]
        picture = frames[:, rows, columns].reshape(len(frames), -1)
        seen[units] = weights.reshape(units.size, -1) @ picture.T


def _along_axis(centre: Array, sigma: Array, pixels: Array, width: float) -> Array:
    """Return the weight of every pixel along one axis, shape ``(n, n_pixels)``."""
    away = (pixels[None, :] - centre[:, None]) / sigma[:, None]
    height = width / (math.sqrt(2 * math.pi) * sigma)
    weights: Array = height[:, None] * np.exp(-0.5 * away**2)
    return weights
