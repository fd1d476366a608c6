"""What is handed to the statistics of populations, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError

__all__ = ["intervals_of", "per_cell", "spikes_of"]

Array = NDArray[np.float64]


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

    Examples
    --------
    >>> spikes_of(SpikeTrains([0.1], [0], 1), "f1_f0")
    <SpikeTrains: 1 spikes of 1 cells>
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
        Where they are no pairs of numbers, a time is not finite, or one does not end after its start.

    Examples
    --------
    >>> intervals_of([0, 2], "f1_f0").tolist()
    [[0.0, 2.0]]
    """
    try:
        intervals = np.atleast_2d(np.asarray(intervals_s, dtype=float))
    except (TypeError, ValueError) as error:  # rows of several lengths, or words
        raise DataError(
            f"{what}: intervals must be pairs (start, stop) in seconds; {error}"
        ) from error
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


def per_cell(values: ArrayLike, n_cells: int, what: str) -> Array:
    """Return one number per cell, of one for all or of one for each.

    Raises
    ------
    DataError
        Where there are as many as neither.

    Examples
    --------
    >>> per_cell(-5.0, 2, "f1_f0: baseline_pa").tolist()
    [-5.0, -5.0]
    """
    given = np.asarray(values, dtype=float)
    if given.shape not in ((), (n_cells,)):
        raise DataError(f"{what}: expected one number or {n_cells}, got shape {given.shape}")
    return np.broadcast_to(given, n_cells)
