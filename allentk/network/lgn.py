"""The lateral geniculate nucleus as linear filters of the picture, rectified, that fire at random.

A cell's rate is ``max(0, spontaneous + sum over past and space of temporal kernel x Gaussian x picture)``,
the picture between -1 and 1, its Gaussian of unit integral. Space and time separate: the picture is first
reduced to one number per cell and ms, for a drifting grating in closed form.

References
----------
Billeh et al. 2020, Neuron 106:388; Dai et al. 2020, PLoS Computational Biology 16:e1008386 (FilterNet).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import BLANK_NAMES, StimulusTable
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.network.poisson import poisson_spikes
from allentk.network.temporal import FILTER_CLASSES, KERNEL_MS, FilterClass

__all__ = ["BIN_S", "LGN"]

#: Rates are computed in bins of 1 ms, counted from 0 s.
BIN_S = 1e-3

#: Weights of pixels held at once.
MAX_PIXELS = 1 << 22

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LGN:
    """Cells of the lateral geniculate nucleus; the source of a virtual population.

    Parameters
    ----------
    x_deg, y_deg : array_like, shape (n,)
        Centres of the receptive fields, degrees to the right and up.
    sigma_deg : array_like, shape (n,)
        Standard deviation of the Gaussian; a third of the size given in the tables of the V1 models.
    kind : array_like of int, shape (n,)
        Index of the class of every cell in `classes`.
    classes : sequence of FilterClass
        By default all of ``FILTER_CLASSES``.

    Raises
    ------
    DataError
        Where lengths disagree, a number is not finite, a width is not positive, or a class is unknown.

    Examples
    --------
    >>> from allentk.network import visual
    >>> lgn = LGN([0.0], [0.0], [1.0], [2])
    >>> lgn.rates_hz(visual.gray(1.0), 0.0, 1.0)[0, 0], lgn.classes[2].name
    (np.float64(8.25), 'sON_TF4')
    """

    x_deg: Array
    y_deg: Array
    sigma_deg: Array
    kind: NDArray[np.int64]
    classes: tuple[FilterClass, ...] = tuple(FILTER_CLASSES.values())

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        for name in ("x_deg", "y_deg", "sigma_deg", "kind"):
            dtype = np.int64 if name == "kind" else np.float64
            object.__setattr__(self, name, frozen(getattr(self, name), dtype, what=f"LGN: {name}"))
        shapes = {getattr(self, name).shape for name in ("x_deg", "y_deg", "sigma_deg", "kind")}
        if len(shapes) > 1 or self.x_deg.ndim != 1:
            raise DataError(f"LGN: all arrays must be flat and equally long, got shapes {shapes}")
        if not (np.isfinite(self.x_deg).all() and np.isfinite(self.y_deg).all()):
            raise DataError("LGN: x_deg and y_deg must be finite")
        if not ((self.sigma_deg > 0) & np.isfinite(self.sigma_deg)).all():
            raise DataError(f"LGN: sigma_deg must be positive and finite, got {self.sigma_deg}")
        if self.kind.size and not (self.kind.min() >= 0 and self.kind.max() < len(self.classes)):
            raise DataError(f"LGN: kind must lie in 0..{len(self.classes) - 1}, got {self.kind}")

    @property
    def n_nodes(self) -> int:
        """Number of cells."""
        return self.x_deg.size

    @property
    def spontaneous_hz(self) -> Array:
        """Rate of every cell on a gray screen, Hz."""
        return np.array([c.spontaneous_hz for c in self.classes])[self.kind]

    def nodes(self) -> pd.DataFrame:
        """Return a node table: position, width and class of every cell."""
        names = np.array([c.name for c in self.classes])
        columns = {"x_deg": self.x_deg, "y_deg": self.y_deg, "sigma_deg": self.sigma_deg}
        return pd.DataFrame({**columns, "cell_class": names[self.kind]})

    def rates_hz(self, table: StimulusTable, start_s: float, stop_s: float) -> Array:
        """Return the rate of every cell in every ms of ``[start_s, stop_s)``.

        Parameters
        ----------
        table : StimulusTable
            Drifting gratings (rows with ``orientation_deg``) and blanks; gray in between.
        start_s, stop_s : float
            Seconds; rounded to ms.

        Returns
        -------
        ndarray, shape (n, n_bins)
            Hz.

        Raises
        ------
        DataError
            On a presentation that is neither a grating nor blank, or a grating without frequencies.
        """
        first, last = round(start_s / BIN_S), round(stop_s / BIN_S)
        drive = np.zeros((self.n_nodes, last - first))
        for grating in _gratings(table, first - KERNEL_MS, last):
            self._add_grating(drive, grating, first, last)
        drive += self.spontaneous_hz[:, None]
        return np.maximum(drive, 0.0, out=drive)

    def _add_grating(self, drive: Array, grating: _Grating, first: int, last: int) -> None:
        clock = np.arange(first - KERNEL_MS + 1, last) * BIN_S
        turn = -2j * math.pi * grating.frequency_hz
        shown = (clock >= grating.start_s - 1e-9) & (clock < grating.stop_s - 1e-9)
        rotating = np.where(shown, np.exp(turn * (clock - grating.start_s)), 0.0)
        size = 2 ** math.ceil(math.log2(clock.size + KERNEL_MS))
        kernels = np.fft.fft([c.kernel() for c in self.classes], size)
        filtered = np.fft.ifft(kernels * np.fft.fft(rotating, size))[:, KERNEL_MS - 1 : clock.size]
        seen = self.grating_projection(
            grating.direction_deg, grating.cpd, contrast=grating.contrast, phase=grating.phase
        )
        for kind in np.unique(self.kind):
            of = np.flatnonzero(self.kind == kind)
            parts = np.column_stack([seen[of].real, seen[of].imag])
            drive[of] += parts @ np.stack([filtered[kind].imag, filtered[kind].real])

    def grating_projection(
        self,
        direction_deg: float,
        spatial_frequency_cpd: float,
        *,
        contrast: float = 1.0,
        phase: float = 0.0,
    ) -> NDArray[np.complex128]:
        """Return what every Gaussian sees of a grating, as a complex amplitude z, shape ``(n,)``.

        The projection of ``contrast sin(2 pi (f (x cos a + y sin a) - F t + phase))`` at time t is the
        imaginary part of ``z exp(-2 pi i F t)``: a Gaussian of width s passes ``exp(-2 (pi s f)^2)``.
        """
        angle = math.radians(direction_deg)
        along = self.x_deg * math.cos(angle) + self.y_deg * math.sin(angle)
        passed = contrast * np.exp(-2 * (math.pi * self.sigma_deg * spatial_frequency_cpd) ** 2)
        turned: NDArray[np.complex128] = passed * np.exp(
            2j * math.pi * (spatial_frequency_cpd * along + phase)
        )
        return turned

    def movie_projection(self, frames: ArrayLike, x_deg: ArrayLike, y_deg: ArrayLike) -> Array:
        """Return what every Gaussian sees of every frame, shape ``(n, n_frames)``.

        Parameters
        ----------
        frames : array_like, shape (n_frames, height, width)
            Contrast of every pixel, -1 to 1; the world beyond the edges is gray.
        x_deg, y_deg : array_like, shapes (width,) and (height,)
            Positions of the columns and rows of pixels, evenly spaced, degrees.

        Raises
        ------
        DataError
            Where the shapes disagree, the pixels are not evenly spaced or too coarse for a cell, or a
            pixel is not finite.
        """
        movie = np.asarray(frames, dtype=float)
        x, y = np.asarray(x_deg, dtype=float), np.asarray(y_deg, dtype=float)
        if movie.ndim != 3 or movie.shape[1:] != (y.size, x.size):
            raise DataError(
                f"LGN: frames must have shape (frames, {y.size}, {x.size}) for these pixels, got "
                f"{movie.shape}"
            )
        if not np.isfinite(movie).all():
            raise DataError("LGN: the movie has a pixel that is not finite")
        across, down = (
            self._gaussian(centre, pixels) for centre, pixels in ((self.x_deg, x), (self.y_deg, y))
        )
        flat = movie.reshape(movie.shape[0], -1).T
        seen = np.empty((self.n_nodes, movie.shape[0]))
        step = max(1, MAX_PIXELS // flat.shape[0])
        for at in range(0, self.n_nodes, step):
            some = slice(at, at + step)
            weights = down[some, :, None] * across[some, None, :]
            seen[some] = weights.reshape(len(weights), -1) @ flat
        return seen

    def _gaussian(self, centre: Array, pixels: Array) -> Array:
        """Return the weight of every pixel along one axis, shape ``(n, n_pixels)``."""
        pitch = np.diff(pixels)
        if pixels.size < 2 or not np.allclose(pitch, pitch[0]) or pitch[0] == 0:
            raise DataError(f"LGN: pixels must be evenly spaced, got {pixels[:4]} ...")
        width = abs(float(pitch[0]))
        if width > self.sigma_deg.min():
            raise DataError(
                f"LGN: pixels of {width:g} degrees are wider than the narrowest Gaussian "
                f"({self.sigma_deg.min():g} degrees); render the movie more finely"
            )
        away = (pixels[None, :] - centre[:, None]) / self.sigma_deg[:, None]
        height = width / (math.sqrt(2 * math.pi) * self.sigma_deg)
        weights: Array = height[:, None] * np.exp(-0.5 * away**2)
        return weights

    def movie_rates_hz(self, frames: ArrayLike, x_deg: ArrayLike, y_deg: ArrayLike) -> Array:
        """Return the rate of every cell for a movie of 1000 frames per second, gray before it.

        Parameters
        ----------
        frames, x_deg, y_deg
            As in ``movie_projection``.

        Returns
        -------
        ndarray, shape (n, n_frames)
            Hz.
        """
        seen = self.movie_projection(frames, x_deg, y_deg)
        n_frames = seen.shape[1]
        size = 2 ** math.ceil(math.log2(n_frames + KERNEL_MS))
        kernels = np.fft.rfft([c.kernel() for c in self.classes], size)[self.kind]
        drive = np.fft.irfft(kernels * np.fft.rfft(seen, size), size)[:, :n_frames]
        rates: Array = np.maximum(drive + self.spontaneous_hz[:, None], 0.0)
        return rates

    def spikes(
        self, table: StimulusTable, start_s: float, stop_s: float, rng: np.random.Generator
    ) -> tuple[Array, NDArray[np.int64]]:
        """Draw the spikes in ``[start_s, stop_s)``: times in seconds, sorted, and cells."""
        first = round(start_s / BIN_S) * BIN_S
        return poisson_spikes(self.rates_hz(table, start_s, stop_s), BIN_S, first, rng)

    def __repr__(self) -> str:
        return f"<LGN: {self.n_nodes} cells of {np.unique(self.kind).size} classes>"


@dataclass(frozen=True, slots=True)
class _Grating:
    start_s: float
    stop_s: float
    direction_deg: float
    frequency_hz: float
    cpd: float
    contrast: float
    phase: float


def _gratings(table: StimulusTable, first: int, last: int) -> Iterator[_Grating]:
    """Yield the gratings of a table that are on at some time between two bins."""
    rows = table.table
    blank = rows["stimulus"].isin(BLANK_NAMES).to_numpy()
    oriented = rows["orientation_deg"].notna().to_numpy()
    unknown = ~blank & ~oriented
    if unknown.any():
        row = int(unknown.argmax())
        raise DataError(
            f"LGN: presentation {row} ({rows['stimulus'].iloc[row]!r}) is neither a drifting grating "
            f"(with orientation_deg) nor one of {BLANK_NAMES}; leave it out, or show it as a movie by "
            f"LGN.movie_rates_hz"
        )
    inside = (rows["stop_s"] > first * BIN_S) & (rows["start_s"] < last * BIN_S)
    for row in rows[oriented & ~blank & inside.to_numpy()].itertuples():
        values = (row.temporal_frequency_hz, row.spatial_frequency_cpd, row.contrast)
        if not all(map(math.isfinite, values)):
            raise DataError(
                f"LGN: presentation {row.Index} needs temporal_frequency_hz, spatial_frequency_cpd and "
                f"contrast, got {values}"
            )
        phase = 0.0 if math.isnan(row.phase) else row.phase
        yield _Grating(row.start_s, row.stop_s, row.orientation_deg, *values, phase)
