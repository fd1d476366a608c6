"""Spikes of many cells in bins of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError

__all__ = ["binned_counts", "intervals_of", "onsets_of", "spikes_of", "whole_bins"]

Array = NDArray[np.float64]

#: More than this many bins at once are refused: 4 GB.
_MOST = 2**30


def spikes_of(responses: object, what: str, population: str | None = None) -> SpikeTrains:
    """Return the spike trains of one population.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    what : str
        Who asks; used in messages.
    population : str, optional
        Population of a network; may be left out where there is one.

    Raises
    ------
    DataError
        For another type, an unknown population, or several of which none is named.
    """
    if isinstance(responses, SpikeTrains):
        return responses
    if not isinstance(responses, NetworkResponse):
        raise DataError(
            f"{what}: expected SpikeTrains or a NetworkResponse, got a {type(responses).__name__}"
        )
    names = list(responses.spikes)
    if population is None and len(names) == 1:
        population = names[0]
    if population not in responses.spikes:
        raise DataError(
            f"{what}: no population {population!r}; name one of {names} with population="
        )
    return responses.spikes[str(population)]


def intervals_of(intervals_s: ArrayLike, what: str) -> Array:
    """Return intervals as an array of shape ``(n_intervals, 2)``.

    Raises
    ------
    DataError
        Where they have another shape, a time is not finite, or one does not end after its start.
    """
    intervals = np.atleast_2d(np.asarray(intervals_s, dtype=float))
    if intervals.size == 0:
        return np.empty((0, 2))
    if intervals.ndim != 2 or intervals.shape[1] != 2:
        raise DataError(f"{what}: intervals must have shape (n, 2), got {intervals.shape}")
    wrong = ~np.isfinite(intervals).all(axis=1) | ~(intervals[:, 1] > intervals[:, 0])
    if wrong.any():
        raise DataError(
            f"{what}: an interval must end after its start, both finite, got {intervals[wrong][0]} s"
        )
    return intervals


def onsets_of(onsets_s: ArrayLike, what: str) -> Array:
    """Return onsets as an array of one axis.

    Raises
    ------
    DataError
        Where one is not finite.
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
        raise DataError(f"populations: cannot cut {duration_s} s into bins of {bin_s} s")
    number = duration_s / bin_s + 1e-6
    if number > _MOST:
        raise DataError(f"populations: {duration_s} s are more than 2**30 bins of {bin_s} s")
    return int(np.floor(number))


def binned_counts(spikes: SpikeTrains, onsets_s: ArrayLike, n_bins: int, bin_s: float) -> Array:
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

    Returns
    -------
    ndarray, shape (n_cells, n_trials, n_bins)

    Raises
    ------
    DataError
        Where an onset is not finite, or there would be more than 2**30 bins in all.

    Examples
    --------
    >>> binned_counts(SpikeTrains([0.1, 0.35, 0.38], [0, 0, 0], 1), [0.0], 4, 0.1).tolist()
    [[[0.0, 1.0, 0.0, 2.0]]]
    """
    onsets = onsets_of(onsets_s, "populations")
    size = spikes.n_cells * onsets.size * n_bins
    if size > _MOST:
        raise DataError(
            f"populations: {spikes.n_cells} cells x {onsets.size} trials x {n_bins} bins are more than "
            f"2**30; choose cells, trials or longer bins"
        )
    out = np.zeros((spikes.n_cells, onsets.size, n_bins))
    # A spike at an edge belongs to the bin that begins there, however the edge was computed.
    edge = 1e-9 * max(bin_s, 1e-3)
    for trial, onset in enumerate(onsets):
        a, b = np.searchsorted(spikes.times_s, [onset - edge, onset + n_bins * bin_s - edge])
        place = np.floor((spikes.times_s[a:b] - onset + edge) / bin_s).astype(np.int64)
        place = np.clip(place, 0, n_bins - 1)
        flat = np.bincount(spikes.ids[a:b] * n_bins + place, minlength=spikes.n_cells * n_bins)
        out[:, trial] = flat.reshape(spikes.n_cells, n_bins)
    return out
