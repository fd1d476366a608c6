"""Spike trains of many cells in two flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen, packed, unpacked
from allentk.data._html import card
from allentk.data._svg import raster
from allentk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpikeTrains"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SpikeTrains:
    """Spikes of `n_cells` cells, sorted by time.

    Parameters
    ----------
    times_s : array_like, shape (n_spikes,)
        Spike times in seconds, sorted.
    ids : array_like of int, shape (n_spikes,)
        Which cell spiked, 0 .. ``n_cells - 1``.
    n_cells : int
        Number of cells, the silent ones included.

    Raises
    ------
    DataError
        Where lengths differ, times are unsorted or not finite, or an id is not whole or out of
        range.

    Examples
    --------
    >>> SpikeTrains([0.1, 0.2], [1, 0], 2).of(1).tolist()
    [0.1]
    """

    times_s: NDArray[np.float64]
    ids: NDArray[np.int64]
    n_cells: int

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_s", frozen(self.times_s, what="SpikeTrains: times_s"))
        object.__setattr__(self, "ids", frozen(self.ids, np.int64, what="SpikeTrains: ids"))
        if not isinstance(self.n_cells, int | np.integer) or self.n_cells < 0:
            raise DataError(f"SpikeTrains: n_cells must be a whole number, got {self.n_cells!r}")
        if self.times_s.shape != self.ids.shape or self.times_s.ndim != 1:
            raise DataError(
                f"SpikeTrains: times_s and ids must be equally long, got shapes "
                f"{self.times_s.shape} and {self.ids.shape}"
            )
        if self.times_s.size == 0:
            return
        if not np.isfinite(self.times_s).all() or (np.diff(self.times_s) < 0).any():
            raise DataError("SpikeTrains: times_s must be finite and sorted")
        if self.ids.min() < 0 or self.ids.max() >= self.n_cells:
            raise DataError(
                f"SpikeTrains: ids must lie in 0..{self.n_cells - 1}, got "
                f"{self.ids.min()}..{self.ids.max()}"
            )

    @classmethod
    def from_lists(cls, trains: list[ArrayLike]) -> SpikeTrains:
        """Return the spike trains given as one list of times in seconds per cell."""
        arrays = [np.asarray(train, dtype=float).ravel() for train in trains]
        times = np.concatenate(arrays) if arrays else np.empty(0)
        ids = np.repeat(np.arange(len(arrays)), [array.size for array in arrays])
        order = np.argsort(times, kind="stable")
        return cls(times[order], ids[order], len(arrays))

    def _known(self, cells: ArrayLike) -> NDArray[np.int64]:
        """Return `cells` as ids of these trains."""
        wanted = frozen(cells, np.int64, what="SpikeTrains: cells")
        unknown = wanted[(wanted < 0) | (wanted >= self.n_cells)]
        if unknown.size:
            raise DataError(
                f"SpikeTrains: no cell {unknown[0]}; the {self.n_cells} cells are 0.."
                f"{self.n_cells - 1}"
            )
        return wanted

    def of(self, cell: int) -> NDArray[np.float64]:
        """Return the spike times of one cell in seconds.

        Raises
        ------
        DataError
            Where there is no such cell.
        """
        times: NDArray[np.float64] = self.times_s[self.ids == self._known(cell)]
        return times

    def subset(self, cells: ArrayLike) -> SpikeTrains:
        """Return the trains of `cells` (unique ids), renumbered in the order given.

        Raises
        ------
        DataError
            Where there is no such cell, or one is named twice.
        """
        wanted = self._known(np.ravel(cells))
        if np.unique(wanted).size < wanted.size:
            raise DataError("SpikeTrains: subset: a cell is named twice; name each one once")
        new = np.full(self.n_cells, -1, dtype=np.int64)
        new[wanted] = np.arange(wanted.size)
        ids = new[self.ids]
        return SpikeTrains(self.times_s[ids >= 0], ids[ids >= 0], wanted.size)

    def counts(self, intervals_s: ArrayLike) -> NDArray[np.int64]:
        """Count spikes in each ``[start, stop)``.

        Parameters
        ----------
        intervals_s : array_like, shape (n_intervals, 2)
            Starts and stops in seconds; they may overlap.

        Returns
        -------
        ndarray of int, shape (n_cells, n_intervals)

        Raises
        ------
        DataError
            Where the intervals have another shape.
        """
        intervals = frozen(intervals_s, what="SpikeTrains: intervals_s")
        if intervals.size == 0:
            intervals = intervals.reshape(0, 2)
        if intervals.ndim != 2 or intervals.shape[1] != 2:
            raise DataError(
                f"SpikeTrains: intervals_s must have shape (n_intervals, 2), got {intervals.shape}"
            )
        first = np.searchsorted(self.times_s, intervals[:, 0], side="left")
        last = np.searchsorted(self.times_s, intervals[:, 1], side="left")
        out = np.empty((self.n_cells, len(intervals)), dtype=np.int64)
        for column, (a, b) in enumerate(zip(first, last, strict=True)):
            out[:, column] = np.bincount(self.ids[a:b], minlength=self.n_cells)
        return out

    def rates_hz(self, start_s: float, stop_s: float) -> NDArray[np.float64]:
        """Return the mean rate of every cell in ``[start_s, stop_s)``, in Hz.

        Raises
        ------
        DataError
            Where `stop_s` is not after `start_s`.
        """
        if not stop_s > start_s:
            raise DataError(f"SpikeTrains: expected an interval in s, got {start_s}..{stop_s}")
        return self.counts([[start_s, stop_s]])[:, 0] / (stop_s - start_s)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the columns ``time_s`` and ``id``."""
        import pandas as pd

        return pd.DataFrame({"time_s": self.times_s, "id": self.ids})

    def __len__(self) -> int:
        return self.times_s.size

    def __repr__(self) -> str:
        return f"<SpikeTrains: {self.times_s.size} spikes of {self.n_cells} cells>"

    def _repr_html_(self) -> str:
        end = float(self.times_s[-1]) if self.times_s.size else 0.0
        return card(self, raster([(self.times_s, self.ids, self.n_cells)], end))
