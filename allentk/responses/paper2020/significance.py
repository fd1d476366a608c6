"""Significance of a trial: is its response larger than spontaneous activity gives by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable, Traces
from allentk.responses.checks import check_seed, check_whole
from allentk.responses.frames import frame_numbers
from allentk.responses.paper2020.windows import window_means

__all__ = ["SpontaneousWindows", "spontaneous_windows", "trial_p_values"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_MOST_WINDOWS = 10_000_000


@dataclass(frozen=True, slots=True)
class SpontaneousWindows:
    """Windows of spontaneous activity drawn at random, each start once with how often it was drawn."""

    starts: Indices
    times: Indices
    n_frames: int


def spontaneous_windows(
    traces: Traces,
    table: StimulusTable | None,
    n_frames: int,
    *,
    n_windows: int = 10_000,
    seed: int = 0,
    beyond: bool = False,
) -> SpontaneousWindows | None:
    """Draw windows of `n_frames` frames from the spontaneous blocks, with replacement.

    Parameters
    ----------
    traces : Traces
        The recording.
    table : StimulusTable or None
        What was shown; its rows named ``"spontaneous"`` are taken.
    n_frames : int
        Length of a window.
    n_windows : int
        Number of windows.
    seed : int
        Seed of the draw.
    beyond : bool
        Draw starts up to the end of a block, so that windows run into the stimulus that follows, as the
        published program does.

    Returns
    -------
    SpontaneousWindows or None
        None where there is no block that is long enough.

    Raises
    ------
    DataError
        For a number of windows that is not from 1 to 10,000,000, or a seed that is none.
    """
    check_whole("n_windows", n_windows, least=1, most=_MOST_WINDOWS)
    check_seed(seed)
    if table is None:
        return None
    rows = table.table
    quiet = rows[rows["stimulus"] == "spontaneous"]
    first, last = frame_numbers(traces, StimulusTable(quiet))
    within = 0 if beyond else n_frames - 1
    end = np.minimum(last - within, traces.time_s.size - n_frames + 1)
    spans = [np.arange(a, b) for a, b in zip(np.maximum(first, 0), end, strict=True)]
    possible = np.concatenate(spans) if spans else np.empty(0, dtype=np.int64)
    if not possible.size:
        return None
    drawn = np.random.default_rng(seed).integers(possible.size, size=n_windows)
    times = np.bincount(drawn, minlength=possible.size)
    return SpontaneousWindows(possible[times > 0], times[times > 0], n_frames)


def trial_p_values(values: Array, trials: Array, null: SpontaneousWindows | None) -> Array:
    """Return the share of spontaneous windows whose mean is as large as the trial's, or larger.

    Parameters
    ----------
    values : ndarray, shape (n_cells, n_frames)
        The events.
    trials : ndarray, shape (n_cells, n_trials)
        Mean of every trial, by `window_means`.
    null : SpontaneousWindows or None
        The windows.

    Returns
    -------
    ndarray, shape (n_cells, n_trials)
        p values; NaN for a trial that is NaN, and without windows. A trial without an event has p = 1.

    Notes
    -----
    The windows of a cell are sorted once, and their number from a place on is summed: every trial is
    then one search, whatever the number of windows.
    """
    p = np.full(trials.shape, np.nan)
    if null is None:
        return p
    means = window_means(values, null.starts, null.n_frames)
    for cell, row in enumerate(means):
        there = np.isfinite(row)
        if not there.any():
            continue
        order = np.argsort(row[there], kind="stable")
        counts = null.times[there][order]
        below = np.concatenate([[0], np.cumsum(counts)])
        place = np.searchsorted(row[there][order], trials[cell], side="left")
        p[cell] = (below[-1] - below[place]) / below[-1]
    return np.where(np.isfinite(trials), p, np.nan)
