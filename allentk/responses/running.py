"""How much a response differs between running and standing still."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.responses.trials import finite_means
from allentk.responses.welch import welch_p

__all__ = ["RUNNING_CM_S", "run_modulation", "speeds_and_times", "trial_speeds"]

Array = NDArray[np.float64]

#: Faster is running; de Vries et al. 2020, Nature Neuroscience 23:138.
RUNNING_CM_S = 1.0


def speeds_and_times(running: object) -> tuple[Array, Array]:
    """Return the running speed in cm/s, and the times of its samples in seconds.

    Parameters
    ----------
    running : (array_like, array_like)
        Speed in cm/s and times in seconds, two lines of one length.

    Raises
    ------
    DataError
        Where `running` is no such pair, or not of numbers.

    Examples
    --------
    >>> speeds_and_times(([0.0, 2.0], [0.0, 1.0]))[0].tolist()
    [0.0, 2.0]
    """
    if not isinstance(running, tuple | list) or len(running) != 2:
        raise DataError(
            f"running= must be a pair: expected (speed_cm_s, time_s), such as session.running_speed() "
            f"returns, got a {type(running).__name__}"
        )
    speed, time = (frozen(part, what="running=") for part in running)
    if speed.ndim != 1 or speed.shape != time.shape:
        raise DataError(
            f"running= must be two equally long lines, (speed_cm_s, time_s): expected arrays of one "
            f"length, got shapes {speed.shape} and {time.shape}"
        )
    return speed, time


def trial_speeds(running: object, intervals_s: Array) -> Array:
    """Return the mean speed in every interval, cm/s; NaN where there is no finite sample.

    Parameters
    ----------
    running : (array_like, array_like)
        Speed in cm/s, NaN where unknown, and the times of its samples in seconds, rising.
    intervals_s : ndarray, shape (n, 2)
        Starts and stops, seconds.

    Raises
    ------
    DataError
        Where `running` is no such pair.

    Examples
    --------
    >>> trial_speeds(([0.0, 2.0, 4.0], [0.0, 1.0, 2.0]), np.array([[0.5, 2.5]])).tolist()
    [3.0]
    """
    speed, time = speeds_and_times(running)
    if not (np.diff(time) > 0).all():
        raise DataError("responses: running= must be sampled at rising times; sort both by time")
    good = np.isfinite(speed)
    total = np.concatenate([[0.0], np.cumsum(np.where(good, speed, 0.0))])
    count = np.concatenate([[0], np.cumsum(good)])
    first, last = np.searchsorted(time, intervals_s, side="left").T
    n = count[last] - count[first]
    mean: Array = np.full(n.shape, np.nan)
    np.divide(total[last] - total[first], n, out=mean, where=n > 0)
    return mean


def run_modulation(
    trials: Array, chosen: NDArray[np.bool_], speeds_cm_s: Array, *, least: int = 2
) -> tuple[Array, Array]:
    """Compare responses while running with responses at rest, by "trial-mean".

    To the other definitions 1 cm/s is running. "warehouse" asks for more trials and divides by the size of
    the larger number, not by the larger size; "paper2020" gives 0 where both are equal; "neuropixels"
    compares counts.

    Parameters
    ----------
    trials : ndarray, shape (n_cells, n_trials)
        Responses.
    chosen : ndarray of bool, shape (n_cells, n_trials)
        Trials that count, such as those of a cell's preferred condition.
    speeds_cm_s : ndarray, shape (n_trials,)
        Mean speed in every trial; above 1 cm/s is running.
    least : int
        Trials that each state must have.

    Returns
    -------
    modulation : ndarray, shape (n_cells,)
        ``(R_run - R_rest) / max(abs(R_run), abs(R_rest))``; NaN where a state has too few trials.
    p_value : ndarray, shape (n_cells,)
        Of Welch's t test.

    Examples
    --------
    >>> trials, speeds = np.array([[1.0, 1.0, 3.0, 5.0]]), np.array([0.0, 0.0, 9.0, 9.0])
    >>> run_modulation(trials, np.ones((1, 4), bool), speeds)[0].tolist()
    [0.75]
    """
    known = chosen & np.isfinite(trials)
    run, rest = (
        np.where(known & state, trials, np.nan)
        for state in (speeds_cm_s > RUNNING_CM_S, speeds_cm_s <= RUNNING_CM_S)
    )
    n_run, n_rest = (np.isfinite(kept).sum(axis=1) for kept in (run, rest))
    enough = (n_run >= least) & (n_rest >= least)
    mean_run, mean_rest = finite_means(run), finite_means(rest)
    larger = np.maximum(np.abs(mean_run), np.abs(mean_rest))
    out = np.full(trials.shape[0], np.nan)
    np.divide(mean_run - mean_rest, larger, out=out, where=enough & (larger > 0))
    return out, np.where(enough, welch_p(run, rest), np.nan)
