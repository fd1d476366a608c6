"""Spikes of many cells in bins of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains
from allentk.errors import DataError

__all__ = ["EDGE_S", "binned_counts", "onsets_of", "whole_bins"]

Array = NDArray[np.float64]

#: A spike so little before an edge is at it: both may be the same number computed in two ways.
EDGE_S = 1e-9

#: More than this many bins at once are refused: 8 GB.
_MOST = 2**30


def onsets_of(onsets_s: ArrayLike, what: str) -> Array:
    """Return onsets as an array of one axis.

    Raises
    ------
    DataError
        Where one is not finite.

    Examples
    --------
    >>> onsets_of(1.5, "flash_peaks").tolist()
    [1.5]
    """
    onsets = np.asarray(onsets_s, dtype=float).ravel()
    if not np.isfinite(onsets).all():
        wrong = int(np.flatnonzero(~np.isfinite(onsets))[0])
        raise DataError(f"{what}: onset {wrong} is {onsets[wrong]} s; leave such trials out")
    return onsets


def whole_bins(duration_s: float, bin_s: float) -> int:
    """Return how many whole bins fit, forgiving what rounding takes away.

    Raises
    ------
    DataError
        For a bin that is no length, and for more than 2**30 bins.

    Examples
    --------
    >>> whole_bins(0.3, 0.1)
    3
    """
    if not bin_s > 0 or not np.isfinite(duration_s):
        raise DataError(f"responses: cannot cut {duration_s} s into bins of {bin_s} s")
    number = duration_s / bin_s + 1e-6
    if number > _MOST:
        raise DataError(
            f"responses: {duration_s} s are more than 2**30 bins of {bin_s} s; choose longer bins"
        )
    return int(np.floor(number))


def binned_counts(
    spikes: SpikeTrains,
    onsets_s: ArrayLike,
    n_bins: int,
    bin_s: float,
    *,
    cells: NDArray[np.int64] | None = None,
) -> Array:
    """Count the spikes of every cell in bins after every onset.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes.
    onsets_s : array_like, shape (n_trials,)
        Start of the first bin in seconds.
    n_bins : int
        Number of bins.
    bin_s : float
        Length of a bin in seconds.
    cells : ndarray of int, shape (n_cells,), optional
        Cells, in any order and as often as wanted; all by default.

    Returns
    -------
    ndarray, shape (n_cells, n_trials, n_bins)
        A spike at an edge, or up to `EDGE_S` before it, is in the bin that begins there.

    Raises
    ------
    DataError
        Where an onset is not finite, or there would be more than 2**30 bins in all.

    Examples
    --------
    >>> binned_counts(SpikeTrains([0.1, 0.35, 0.38], [0, 0, 0], 1), [0.0], 4, 0.1).tolist()
    [[[0.0, 1.0, 0.0, 2.0]]]
    """
    onsets = onsets_of(onsets_s, "responses")
    every = np.arange(spikes.n_cells)
    held, back = (every, every) if cells is None else np.unique(cells, return_inverse=True)
    if back.size * onsets.size * n_bins > _MOST:
        raise DataError(
            f"responses: {back.size} cells x {onsets.size} trials x {n_bins} bins are more than 2**30; "
            f"choose cells, trials or longer bins"
        )
    row = np.full(spikes.n_cells, -1, dtype=np.int64)
    row[held] = np.arange(held.size)
    out = np.zeros((held.size, onsets.size, n_bins))
    for trial, start in enumerate(onsets - EDGE_S):
        a, b = np.searchsorted(spikes.times_s, [start, start + n_bins * bin_s])
        of, after = row[spikes.ids[a:b]], spikes.times_s[a:b] - start
        place = np.minimum((after / bin_s).astype(np.int64), n_bins - 1)
        flat = np.bincount((of * n_bins + place)[of >= 0], minlength=held.size * n_bins)
        out[:, trial] = flat.reshape(held.size, n_bins)
    return out if cells is None else out[back]
