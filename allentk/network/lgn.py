"""The lateral geniculate nucleus of the V1 models: filters of the picture, rectified, that fire at random.

A cell of one subunit has the rate ``max(0, spontaneous + sum over past and space of temporal kernel x
Gaussian x picture)``, the picture between -1 and 1, its Gaussian of unit integral. A cell of two subunits
adds up two such terms, each with half the spontaneous rate: OFF about the cell's place, and ON beside it,
along the axis of the cell. A direction is that of the motion, in degrees counter-clockwise from rightwards;
a phase, in cycles, is that at the origin of the visual field when the presentation begins.

References
----------
Billeh et al. 2020, Neuron 106:388; Dai et al. 2020, PLoS Computational Biology 16:e1008386 (FilterNet).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.network.filters import Filters
from allentk.network.gaussians import Gaussians
from allentk.network.movies import Movie, VisualStimulus
from allentk.network.shown import BIN_S
from allentk.network.temporal import FILTER_CLASSES, FilterClass, TwoSubunitClass

__all__ = ["BIN_S", "LGN"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LGN:
    """Cells of the lateral geniculate nucleus; the source of a virtual population.

    Parameters
    ----------
    x_deg, y_deg : array_like, shape (n,)
        Centres of the receptive fields, of two subunits that of the OFF one, degrees to the right and up.
    sigma_deg : array_like, shape (n,)
        Standard deviation of the Gaussian; a third of the size given in the tables of the V1 models.
    kind : array_like of int, shape (n,)
        Index of the class of every cell in `classes`.
    classes : sequence of FilterClass or TwoSubunitClass
        By default all of ``FILTER_CLASSES``; ``V1_CLASSES.values()`` are the 14 of the V1 models.
    axis_deg : array_like, shape (n,), optional
        Where the ON subunit lies from the OFF one, degrees counter-clockwise from rightwards; NaN for cells
        of one subunit.

    Raises
    ------
    DataError
        Where lengths disagree, a number is not finite, a width is not positive, a class is unknown, or a
        cell of two subunits has no axis.

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
    classes: tuple[FilterClass | TwoSubunitClass, ...] = tuple(FILTER_CLASSES.values())
    axis_deg: Array | None = None
    filters: Filters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        axis = np.full(np.shape(self.x_deg), np.nan) if self.axis_deg is None else self.axis_deg
        object.__setattr__(self, "axis_deg", frozen(axis, what="LGN: axis_deg"))
        for name in ("x_deg", "y_deg", "sigma_deg", "kind"):
            dtype = np.int64 if name == "kind" else np.float64
            object.__setattr__(self, name, frozen(getattr(self, name), dtype, what=f"LGN: {name}"))
        names = ("x_deg", "y_deg", "sigma_deg", "kind", "axis_deg")
        shapes = {getattr(self, name).shape for name in names}
        if len(shapes) > 1 or self.x_deg.ndim != 1:
            raise DataError(f"LGN: all arrays must be flat and equally long, got shapes {shapes}")
        if self.kind.size and not (self.kind.min() >= 0 and self.kind.max() < len(self.classes)):
            raise DataError(f"LGN: kind must lie in 0..{len(self.classes) - 1}, got {self.kind}")
        object.__setattr__(self, "filters", self._subunits())

    def _subunits(self) -> Filters:
        """Return the subunits: one or two per cell, OFF before ON."""
        first, kernels, base, beside = _kernels_of(self.classes)
        two = np.diff(first, append=len(kernels))[self.kind] == 2
        cell = np.repeat(np.arange(self.kind.size), np.where(two, 2, 1))
        second = np.diff(cell, prepend=-1) == 0
        away = np.where(second, beside[self.kind[cell]], 0.0)
        assert self.axis_deg is not None
        axis = np.deg2rad(self.axis_deg[cell])
        if (two[cell] & ~np.isfinite(axis)).any():
            at = int(cell[(two[cell] & ~np.isfinite(axis)).argmax()])
            raise DataError(f"LGN: cell {at} has two subunits; it needs a finite axis_deg")
        axis = np.where(second, axis, 0.0)
        fields = Gaussians(
            self.x_deg[cell] + away * np.cos(axis),
            self.y_deg[cell] + away * np.sin(axis),
            self.sigma_deg[cell][:, None],
            np.ones((cell.size, 1)),
        )
        kernel = first[self.kind[cell]] + second
        return Filters(
            fields,
            cell,
            kernel,
            kernels,
            np.ones(cell.size),
            base[kernel],
            np.zeros(self.kind.size),
        )

    @property
    def n_nodes(self) -> int:
        """Number of cells."""
        return self.x_deg.size

    @property
    def spontaneous_hz(self) -> Array:
        """Rate of every cell on a gray screen, Hz."""
        return np.array([c.spontaneous_hz for c in self.classes])[self.kind]

    def nodes(self) -> pd.DataFrame:
        """Return a node table: position, width and class of every cell, and its axis where there is one."""
        names = np.array([c.name for c in self.classes])
        columns = {"x_deg": self.x_deg, "y_deg": self.y_deg, "sigma_deg": self.sigma_deg}
        table = pd.DataFrame({**columns, "cell_class": names[self.kind]})
        if self.axis_deg is not None and np.isfinite(self.axis_deg).any():
            table["tuning_angle_deg"] = self.axis_deg
        return table

    def rates_hz(self, table: StimulusTable, start_s: float, stop_s: float) -> Array:
        """Return the rate of every cell in every ms of ``[start_s, stop_s)``; see ``Filters.rates_hz``."""
        return self.filters.rates_hz(table, start_s, stop_s)

    def grating_projection(
        self,
        direction_deg: float,
        spatial_frequency_cpd: float,
        *,
        contrast: float = 1.0,
        phase: float = 0.0,
    ) -> NDArray[np.complex128]:
        """Return what every subunit sees of a grating; see ``Gaussians.of_grating``."""
        return self.filters.fields.of_grating(
            direction_deg, spatial_frequency_cpd, contrast=contrast, phase=phase
        )

    def movie_projection(self, frames: ArrayLike, x_deg: ArrayLike, y_deg: ArrayLike) -> Array:
        """Return what every subunit sees of every frame, shape ``(n_units, n_frames)``.

        Parameters
        ----------
        frames, x_deg, y_deg
            As of a ``Movie``; the world beyond the edges is gray.

        Raises
        ------
        DataError
            Where the frames are no movie, or pixels are wider than the narrowest Gaussian.
        """
        movie = _millisecond_movie(frames, x_deg, y_deg)
        return self.filters.fields.of_frames(movie, np.arange(movie.n_frames))

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
        movie = _millisecond_movie(frames, x_deg, y_deg)
        row = {
            "start_s": 0.0,
            "stop_s": movie.duration_s,
            "stimulus": "movie",
            "movie": "movie",
        }
        shown = VisualStimulus(pd.DataFrame([row]), {"movie": movie})
        return self.filters.rates_hz(shown, 0.0, movie.duration_s)

    def spikes(
        self, table: StimulusTable, start_s: float, stop_s: float, rng: np.random.Generator
    ) -> tuple[Array, NDArray[np.int64]]:
        """Draw the spikes in ``[start_s, stop_s)``: times in seconds, sorted, and cells."""
        return self.filters.spikes(table, start_s, stop_s, rng)

    def __repr__(self) -> str:
        return f"<LGN: {self.n_nodes} cells of {np.unique(self.kind).size} classes>"


def _millisecond_movie(frames: ArrayLike, x_deg: ArrayLike, y_deg: ArrayLike) -> Movie:
    return Movie(np.asarray(frames), np.asarray(x_deg), np.asarray(y_deg), 1 / BIN_S)


def _kernels_of(
    classes: tuple[FilterClass | TwoSubunitClass, ...],
) -> tuple[NDArray[np.int64], Array, Array, Array]:
    """Return the first kernel of every class, all kernels and base rates, and every class's separation."""
    first, base, beside = list[int](), list[float](), list[float]()
    kernels = list[Array]()
    for of in classes:
        first.append(len(kernels))
        if isinstance(of, TwoSubunitClass):
            kernels += list(of.kernels())
            base += [of.spontaneous_hz / 2] * 2
            beside.append(of.separation_deg)
        else:
            kernels.append(of.kernel())
            base.append(of.spontaneous_hz)
            beside.append(0.0)
    return np.array(first), np.array(kernels), np.array(base), np.array(beside)
