"""Running in every trial, and what it does to the response."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError
from allentk.responses.running import speeds_and_times
from allentk.responses.trials import finite_means
from allentk.responses.welch import welch_p

__all__ = ["RUNS_CM_S", "Running", "run_modulation", "speed_of_frames"]

Array = NDArray[np.float64]
Running = tuple[ArrayLike, ArrayLike]

#: A mouse runs in a trial of this mean speed or more, cm/s.
RUNS_CM_S = 1.0


def speed_of_frames(running: Running | None, time_s: Array) -> Array:
    """Return the speed in cm/s at every frame, NaN where it is not known.

    Parameters
    ----------
    running : (speed, time) or None
        Speed in cm/s and its times in seconds, on the clock of the frames.
    time_s : ndarray, shape (n_frames,)
        Times of the frames. A speed is taken that was measured within half a frame.

    Raises
    ------
    DataError
        Where `running` is no pair of arrays of one length, or its clock does not rise.

    Examples
    --------
    >>> speed_of_frames(([3.0, 4.0], [0.1, 0.2]), np.array([0.0, 0.1, 0.2])).tolist()
    [nan, 3.0, 4.0]
    """
    if running is None:
        return np.full(time_s.size, np.nan)
    speed, times = speeds_and_times(running)
    if (np.diff(times) <= 0).any() or not np.isfinite(times).all():
        raise DataError("running: the times must rise, every one finite")
    found = np.full(time_s.size, np.nan)
    if not times.size or not time_s.size:
        return found
    half = 0.5 * float(np.median(np.diff(time_s))) if time_s.size > 1 else np.inf
    nearest = np.searchsorted((times[1:] + times[:-1]) / 2, time_s)
    near = np.abs(times[nearest] - time_s) <= half
    found[near] = speed[nearest[near]]
    return found


def run_modulation(
    responses: Array, speed: Array, *, more_than: int, clip: bool
) -> tuple[Array, Array]:
    """Return by how much running changes the response, and the p value.

    Parameters
    ----------
    responses : ndarray, shape (n_cells, k)
        Responses in the trials of the preferred condition; NaN is no trial.
    speed : ndarray, shape (n_cells, k)
        Speed in these trials, cm/s; trials of unknown speed count neither way.
    more_than : int
        Running and resting trials must both be more than this many.
    clip : bool
        Count a negative mean as 0.

    Returns
    -------
    tuple of ndarray, shape (n_cells,)
        ``(run - rest) / abs(the larger)``, NaN where equal; p value of Welch's t test.
    """
    known = np.isfinite(responses)
    sides = [
        np.where(known & which, responses, np.nan)
        for which in (speed >= RUNS_CM_S, speed < RUNS_CM_S)
    ]
    enough = np.logical_and(*(np.isfinite(side).sum(axis=1) > more_than for side in sides))
    run, rest = (finite_means(side, axis=1) for side in sides)
    if clip:
        run, rest = np.maximum(run, 0), np.maximum(rest, 0)
    with np.errstate(all="ignore"):
        modulation = (run - rest) / np.abs(np.maximum(run, rest))
    modulation[~enough | (run == rest) | ~np.isfinite(modulation)] = np.nan
    return modulation, np.where(enough, welch_p(*sides), np.nan)
