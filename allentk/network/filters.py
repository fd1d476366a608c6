"""Cells whose rate is a sum of rectified linear filters of the picture, and that fire at random.

Space and time separate: the picture is first reduced to one number per subunit and ms, for gratings and
flashes in closed form, and that is convolved with the subunit's temporal kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.network.gaussians import Gaussians
from allentk.network.poisson import poisson_spikes
from allentk.network.shown import BIN_S, Picture, Wave, pictures, waves

__all__ = ["Filters"]

#: Subunits filtered together.
_TOGETHER = 1024

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Filters:
    """Cells made of linear subunits; the source of a virtual population.

    The rate of a cell is ``max(0, sum over its subunits of max(0, base + gain x drive) - offset)``, where
    the drive is the sum over past and space of temporal kernel x Gaussians x picture.

    Parameters
    ----------
    fields : Gaussians
        Receptive fields of the subunits.
    cell : array_like of int, shape (n_units,)
        Cell of every subunit, rising from 0; each cell has at least one.
    kernel : array_like of int, shape (n_units,)
        Row of `kernels` that every subunit has.
    kernels : array_like, shape (n_kernels, n_taps)
        One value per ms of the past.
    gain : array_like, shape (n_units,)
        Factor on the drive, Hz.
    base_hz : array_like, shape (n_units,)
        Rate of a subunit on a gray screen.
    offset_hz : array_like, shape (n_cells,)
        What is taken off a cell's rate.

    Raises
    ------
    DataError
        Where lengths disagree, a cell has no subunit, a number is not finite or a kernel is not there.

    Examples
    --------
    An ON cell of 5 Hz that averages the last 10 ms, and 0.4 s of a white screen:

    >>> from allentk.network import visual
    >>> field = Gaussians([0.0], [0.0], [[1.0]], [[1.0]])
    >>> cell = Filters(field, [0], [0], np.full((1, 10), 0.1), [20.0], [5.0], [0.0])
    >>> flash = visual.flashes(n_repeats=1, colors=(1,), contrast=0.5, duration_s=0.4)
    >>> rates = cell.rates_hz(flash, 0.0, flash.duration_s)
    >>> float(rates[0, 0]), round(float(rates[0, -1]), 9)
    (5.0, 15.0)
    """

    fields: Gaussians
    cell: Rows
    kernel: Rows
    kernels: Array
    gain: Array
    base_hz: Array
    offset_hz: Array

    def __post_init__(self) -> None:
        for name in ("cell", "kernel", "kernels", "gain", "base_hz", "offset_hz"):
            dtype = np.int64 if name in ("cell", "kernel") else np.float64
            object.__setattr__(self, name, frozen(getattr(self, name), dtype, what=f"LGN: {name}"))
        n = self.fields.x_deg.size
        for name in ("cell", "kernel", "gain", "base_hz"):
            if getattr(self, name).shape != (n,):
                raise DataError(f"LGN: {name} needs one value for each of the {n} subunits")
        cells = np.arange(self.offset_hz.size)
        if self.offset_hz.ndim != 1 or not np.array_equal(np.unique(self.cell), cells):
            raise DataError(
                f"LGN: every one of the {cells.size} cells needs a subunit, and no other"
            )
        if (np.diff(self.cell) < 0).any():
            raise DataError("LGN: the subunits must be sorted by cell")
        if self.kernels.ndim != 2 or self.kernels.shape[1] == 0:
            raise DataError(f"LGN: kernels need shape (n, n_taps), got {self.kernels.shape}")
        if n and not (self.kernel.min() >= 0 and self.kernel.max() < len(self.kernels)):
            raise DataError(f"LGN: kernel must lie in 0..{len(self.kernels) - 1}")
        for name in ("kernels", "gain", "base_hz", "offset_hz"):
            if not np.isfinite(getattr(self, name)).all():
                raise DataError(f"LGN: {name} must be finite")

    @property
    def n_nodes(self) -> int:
        """Number of cells."""
        return self.offset_hz.size

    @property
    def spontaneous_hz(self) -> Array:
        """Rate of every cell on a gray screen, Hz."""
        return self._rates(np.maximum(self.base_hz, 0.0)[:, None], slice(0, self.cell.size))[:, 0]

    def scaled(self, factors: ArrayLike) -> Filters:
        """Return the same cells with the answer of each to the picture multiplied by a factor.

        Parameters
        ----------
        factors : array_like, shape (n_cells,)
            Such as 10 % of jitter, drawn anew for a stimulus.
        """
        some = frozen(factors, what="LGN: factors")
        if some.shape != (self.n_nodes,):
            raise DataError(f"LGN: {self.n_nodes} cells need as many factors, got {some.shape}")
        return replace(self, gain=self.gain * some[self.cell])

    def rates_hz(self, table: StimulusTable, start_s: float, stop_s: float) -> Array:
        """Return the rate of every cell in every ms of ``[start_s, stop_s)``.

        Parameters
        ----------
        table : StimulusTable
            Gratings and flashes, and, in a ``VisualStimulus``, movies; gray in between.
        start_s, stop_s : float
            Seconds; rounded to ms.

        Returns
        -------
        ndarray, shape (n_cells, n_bins)
            Hz. A bin shows what is on at its begin; a movie's frame is held until the next.

        Raises
        ------
        DataError
            On a presentation that cannot be shown.
        """
        first, last = round(start_s / BIN_S), round(stop_s / BIN_S)
        before = first - self.kernels.shape[1] + 1
        gratings = waves(table, before, last, self.fields.narrowest_deg)
        looks = [_Look.of(self.fields, picture) for picture in pictures(table, before, last)]
        rates = np.empty((self.n_nodes, max(last - first, 0)))
        clock = np.arange(before, last) * BIN_S
        turns = np.array([part for wave in gratings for part in _turning(wave, clock)])
        parts = [part for wave in gratings for part in self._parts(wave)]
        seen_of = np.array(parts).T if parts else np.empty((self.cell.size, 0))
        for units in self._chunks():
            if not rates.size:
                break
            cells = slice(self.cell[units.start], self.cell[units.stop - 1] + 1)
            if not gratings and not looks:
                rates[cells] = self.spontaneous_hz[cells, None]
                continue
            seen = (
                seen_of[units] @ turns
                if parts
                else np.zeros((units.stop - units.start, clock.size))
            )
            for look in looks:
                seen += look.on_the_clock(units)
            drive = self._filtered(seen, units)
            drive *= self.gain[units, None]
            drive += self.base_hz[units, None]
            rates[cells] = self._rates(np.maximum(drive, 0.0, out=drive), units)
        return rates

    def spikes(
        self, table: StimulusTable, start_s: float, stop_s: float, rng: np.random.Generator
    ) -> tuple[Array, Rows]:
        """Draw the spikes in ``[start_s, stop_s)``: times in seconds, sorted, and cells.

        An inhomogeneous Poisson process, exact for rates that are constant within a ms.
        """
        begin = round(start_s / BIN_S) * BIN_S
        return poisson_spikes(self.rates_hz(table, start_s, stop_s), BIN_S, begin, rng)

    def _parts(self, wave: Wave) -> Iterator[Array]:
        z = self.fields.of_grating(
            wave.direction_deg, wave.cpd, contrast=wave.contrast, phase=wave.phase
        )
        yield z.real
        yield z.imag

    def _chunks(self) -> Iterator[slice]:
        """Yield slices of subunits that do not cut a cell."""
        cells = [*range(0, self.n_nodes, _TOGETHER), self.n_nodes]
        for start, stop in pairwise(np.searchsorted(self.cell, cells).tolist()):
            yield slice(start, stop)

    def _filtered(self, seen: Array, units: slice) -> Array:
        """Convolve what subunits see with their kernels; where the past is complete."""
        # What wraps around falls on the bins before the first, which are cut off.
        size = scipy.fft.next_fast_len(seen.shape[1], real=True)
        used, which = np.unique(self.kernel[units], return_inverse=True)
        kernels = scipy.fft.rfft(self.kernels[used], size)
        spectrum = scipy.fft.rfft(seen, size)
        spectrum *= kernels[which]
        filtered: Array = scipy.fft.irfft(spectrum, size)[
            :, self.kernels.shape[1] - 1 : seen.shape[1]
        ]
        return filtered

    def _rates(self, rectified: Array, units: slice) -> Array:
        cell = self.cell[units]
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        alone = starts.size == cell.size
        summed = rectified if alone else np.add.reduceat(rectified, starts, axis=0)
        rates: Array = np.maximum(summed - self.offset_hz[cell[starts], None], 0.0)
        return rates

    def __repr__(self) -> str:
        return f"<Filters: {self.n_nodes} cells of {self.cell.size} subunits>"


def _turning(wave: Wave, clock: Array) -> tuple[Array, Array]:
    """Return the factors of the real and of the imaginary amplitude at every bin."""
    on = (clock >= wave.start_s - 1e-9) & (clock < wave.stop_s - 1e-9)
    angle = 2 * np.pi * wave.frequency_hz * (clock - wave.start_s)
    return np.where(on, -np.sin(angle), 0.0), np.where(on, np.cos(angle), 0.0)


@dataclass(frozen=True, slots=True)
class _Look:
    """What subunits see of the frames that are on, and which of them is on in every bin."""

    seen: Array
    which: Rows

    @classmethod
    def of(cls, fields: Gaussians, picture: Picture) -> _Look:
        used, which = np.unique(picture.numbers, return_inverse=True)
        shown = used[used >= 0]
        seen = np.zeros((fields.x_deg.size, used.size))
        seen[:, used.size - shown.size :] = fields.of_frames(picture.movie, shown)
        return cls(seen, which)

    def on_the_clock(self, units: slice) -> Array:
        held: Array = self.seen[units][:, self.which]
        return held
