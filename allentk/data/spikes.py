"""Spike trains of many cells in two flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError

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
        Where lengths differ, times are unsorted or not finite, or an id is out of range.

    Examples
    --------
    >>> SpikeTrains([0.1, 0.2], [1, 0], 2).of(1).tolist()
    [0.1]
    """

    times_s: NDArray[np.float64]
    ids: NDArray[np.int64]
    n_cells: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_s", frozen(self.times_s))
        object.__setattr__(self, "ids", frozen(self.ids, np.int64))
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

    def of(self, cell: int) -> NDArray[np.float64]:
        """Return the spike times of one cell in seconds."""
        times: NDArray[np.float64] = self.times_s[self.ids == cell]
        return times

    def subset(self, cells: ArrayLike) -> SpikeTrains:
        """Return the trains of `cells` (unique ids), renumbered in the order given."""
        wanted = np.asarray(cells, dtype=np.int64)
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
        """
        intervals = np.asarray(intervals_s, dtype=float).reshape(-1, 2)
        first = np.searchsorted(self.times_s, intervals[:, 0], side="left")
        last = np.searchsorted(self.times_s, intervals[:, 1], side="left")
        out = np.empty((self.n_cells, len(intervals)), dtype=np.int64)
        for column, (a, b) in enumerate(zip(first, last, strict=True)):
            out[:, column] = np.bincount(self.ids[a:b], minlength=self.n_cells)
        return out

    def rates_hz(self, start_s: float, stop_s: float) -> NDArray[np.float64]:
        """Return the mean rate of every cell in ``[start_s, stop_s)``, in Hz."""
        return self.counts([[start_s, stop_s]])[:, 0] / (stop_s - start_s)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the columns ``time_s`` and ``id``."""
        return pd.DataFrame({"time_s": self.times_s, "id": self.ids})

    def __len__(self) -> int:
        return self.times_s.size

    def __repr__(self) -> str:
        return f"<SpikeTrains: {self.times_s.size} spikes of {self.n_cells} cells>"
