"""Responses within a presentation: frames of traces, or spikes in bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data import SpikeTrains, Traces
from allentk.errors import DataError

__all__ = ["BIN_S", "mean_pair_correlation", "positive", "time_courses"]

Array = NDArray[np.float64]

#: Default bin for spikes, seconds; traces keep their frames.
BIN_S = 0.05


def positive(name: str, value: object) -> float:
    """Return `value`.

    Raises
    ------
    DataError
        Where it is no positive finite number.
    """
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or not 0 < float(value) < np.inf:  # type: ignore[arg-type]
        raise DataError(f"responses: {name} must be a positive number, got {value!r}")
    return float(value)  # type: ignore[arg-type]


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
        outside of the recording.
    step_s : float
        Time from bin to bin.

    Raises
    ------
    DataError
        Where `bin_s` is not positive.

    Examples
    --------
    >>> trains = SpikeTrains([0.01, 0.06, 1.01], [0, 0, 0], 1)
    >>> time_courses(trains, np.array([0]), np.array([0.0, 1.0]), 0.1)[0].tolist()
    [[[20.0, 20.0], [20.0, 0.0]]]
    """
    if isinstance(responses, Traces):
        return _frames(responses, rows, starts_s, length_s)
    bin_s = positive("bin_s", bin_s)
    n_bins = int(length_s / bin_s + 1e-6)
    counts = np.zeros((rows.size, starts_s.size, n_bins))
    place = np.full(responses.n_cells, -1, dtype=np.int64)
    place[rows] = np.arange(rows.size)
    # A hair earlier: a spike at the very edge of a bin must not fall out of it by rounding.
    edges = np.column_stack([starts_s, starts_s + n_bins * bin_s]) - 1e-9
    spans = np.searchsorted(responses.times_s, edges, side="left")
    for trial, (first, last) in enumerate(spans):
        cell = place[responses.ids[first:last]]
        after = responses.times_s[first:last][cell >= 0] - edges[trial, 0]
        bins = np.minimum((after / bin_s).astype(np.int64), n_bins - 1)
        np.add.at(counts[:, trial], (cell[cell >= 0], bins), 1.0)
    return counts / bin_s, bin_s


def _frames(
    traces: Traces, rows: NDArray[np.int64], starts_s: Array, length_s: float
) -> tuple[Array, float]:
    if traces.time_s.size < 2:
        return np.full((rows.size, starts_s.size, 0), np.nan), np.nan
    step = float(np.median(np.diff(traces.time_s)))
    n_frames = int(length_s / step + 1e-6)
    first = np.searchsorted(traces.time_s, starts_s - 1e-6 * step, side="left")
    frames = first[:, None] + np.arange(n_frames)
    known = frames < traces.time_s.size
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


def _varies(squares: Array, size: Array) -> NDArray[np.bool_]:
    """Whether a sum of squares is more than what rounding leaves of a constant of this size."""
    varies: NDArray[np.bool_] = squares > (1e-12 * size) ** 2
    return varies


def _of_whole(courses: Array) -> Array:
    centred = courses - courses.mean(axis=2, keepdims=True)
    squares = (centred**2).sum(axis=2)
    varies = _varies(squares, np.abs(courses).sum(axis=2))
    length = np.sqrt(np.where(varies, squares, np.inf))
    unit = centred / length[:, :, None]
    n = varies.sum(axis=1)
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
