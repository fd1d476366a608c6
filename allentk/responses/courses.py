"""Responses within a presentation: frames of traces, or spikes in bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data import SpikeTrains, Traces
from allentk.responses.binned import binned_counts, whole_bins
from allentk.responses.checks import positive

__all__ = ["BIN_S", "mean_pair_correlation", "time_courses", "varies"]

Array = NDArray[np.float64]

#: Default bin for spikes, seconds; traces keep their frames.
BIN_S = 0.05


def time_courses(
    responses: Traces | SpikeTrains,
    rows: NDArray[np.int64],
    starts_s: Array,
    length_s: float,
    *,
    bin_s: float = BIN_S,
) -> tuple[Array, float]:
    """Return the response of some cells over the time of some trials.

    Parameters
    ----------
    responses : Traces or SpikeTrains
        What was recorded or simulated.
    rows : ndarray of int, shape (n_cells,)
        Cells, as rows of the traces or numbers of the trains.
    starts_s : ndarray, shape (n_trials,)
        Begin of every trial, seconds.
    length_s : float
        Length of all of them, seconds.
    bin_s : float
        Bin for spikes, seconds.

    Returns
    -------
    courses : ndarray, shape (n_cells, n_trials, n_bins)
        Spikes: rate in Hz in every whole bin. Traces: the frames from the first one in the trial on, NaN
        before and after the recording.
    step_s : float
        Time from bin to bin.

    Raises
    ------
    DataError
        Where `bin_s` is not positive, or so short that the bins would not fit into memory.

    Examples
    --------
    >>> trains = SpikeTrains([0.01, 0.06, 1.01], [0, 0, 0], 1)
    >>> time_courses(trains, np.array([0]), np.array([0.0, 1.0]), 0.1)[0].tolist()
    [[[20.0, 20.0], [20.0, 0.0]]]
    """
    if isinstance(responses, Traces):
        return _frames(responses, rows, starts_s, length_s)
    bin_s = positive("bin_s", bin_s)
    n_bins = whole_bins(length_s, bin_s)
    counts = binned_counts(responses, starts_s, n_bins, bin_s, cells=rows)
    return counts / bin_s, bin_s


def _frames(
    traces: Traces, rows: NDArray[np.int64], starts_s: Array, length_s: float
) -> tuple[Array, float]:
    if traces.time_s.size < 2:
        return np.full((rows.size, starts_s.size, 0), np.nan), np.nan
    step = float(np.median(np.diff(traces.time_s)))
    n_frames = int(length_s / step + 1e-6)
    first = np.searchsorted(traces.time_s, starts_s - 1e-6 * step, side="left")
    # Frames of the trial that would have come before the first: they are missing, the others stay in place.
    first -= np.maximum((traces.time_s[0] - starts_s) / step + 1e-6, 0).astype(np.int64)
    frames = first[:, None] + np.arange(n_frames)
    known = (frames >= 0) & (frames < traces.time_s.size)
    found = traces.values[rows[:, None, None], np.where(known, frames, 0)].astype(float)
    return np.where(known & np.isfinite(found), found, np.nan), step


def mean_pair_correlation(courses: Array) -> Array:
    """Return the mean Pearson correlation of all pairs of trials.

    Parameters
    ----------
    courses : ndarray, shape (n_cells, n_trials, n_bins)
        A pair is correlated over the bins in which both are finite.

    Returns
    -------
    ndarray, shape (n_cells,)
        A trial that does not vary has no correlation and is left out. NaN where no pair is left.

    Examples
    --------
    >>> mean_pair_correlation(np.array([[[0.0, 1.0, 2.0], [1.0, 3.0, 5.0]]])).round(12).tolist()
    [1.0]
    """
    out = np.full(courses.shape[0], np.nan)
    if courses.shape[1] < 2 or courses.shape[2] < 2:
        return out
    whole = np.isfinite(courses).all(axis=(1, 2))
    out[whole] = _of_whole(courses[whole])
    for cell in np.flatnonzero(~whole):
        out[cell] = _of_broken(courses[cell])
    return out


def varies(squares: Array, size: Array) -> NDArray[np.bool_]:
    """Whether sums of squared deviations are more than what rounding leaves of a constant.

    Parameters
    ----------
    squares, size : ndarray
        Sums of the squared deviations and of the absolute values, of one shape.

    Examples
    --------
    >>> varies(np.array([0.5, 1e-32]), np.array([3.0, 0.3])).tolist()
    [True, False]
    """
    found: NDArray[np.bool_] = squares > (1e-12 * size) ** 2
    return found


def _of_whole(courses: Array) -> Array:
    centred = courses - courses.mean(axis=2, keepdims=True)
    squares = (centred**2).sum(axis=2)
    some = varies(squares, np.abs(courses).sum(axis=2))
    length = np.sqrt(np.where(some, squares, np.inf))
    unit = centred / length[:, :, None]
    n = some.sum(axis=1)
    # The squared length of the sum holds every pair twice, and every trial with itself once.
    both = (unit.sum(axis=1) ** 2).sum(axis=1) - n
    out: Array = np.full(n.shape, np.nan)
    np.divide(both, n * (n - 1), out=out, where=n > 1)
    return out


def _of_broken(trials: Array) -> float:
    finite = np.isfinite(trials)
    found = []
    for one in range(len(trials)):
        for other in range(one + 1, len(trials)):
            both = finite[one] & finite[other]
            if both.sum() > 1:
                found.append(float(_of_whole(trials[None, [one, other]][:, :, both])[0]))
    kept = [value for value in found if np.isfinite(value)]
    return float(np.mean(kept)) if kept else np.nan
