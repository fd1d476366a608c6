"""Presentations as frames of the microscope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable, Traces
from allentk.data._arrays import frozen
from allentk.errors import DataError

__all__ = ["frame_numbers", "frame_rate_hz"]


def frame_rate_hz(traces: Traces) -> float:
    """Return frames per second: the reciprocal of the median step of the clock.

    Raises
    ------
    DataError
        For a recording of fewer than two frames, which tells no rate.

    Examples
    --------
    >>> frame_rate_hz(Traces(np.zeros((1, 3)), [0.0, 0.5, 1.0], [1]))
    2.0
    """
    if traces.time_s.size < 2:
        raise DataError(
            f"responses: the frame rate needs two frames or more, got {traces.time_s.size}"
        )
    return 1.0 / float(np.median(np.diff(traces.time_s)))


def frame_numbers(
    traces: Traces, table: StimulusTable
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and last frame of every presentation.

    Parameters
    ----------
    traces : Traces
        Recorded traces; their clock is that of the frames.
    table : StimulusTable
        What was shown. The columns ``start_frame`` and ``stop_frame``, which a session's tables have, are
        taken as they are; else the frames are found by time.

    Returns
    -------
    tuple of ndarray of int64, shape (n_presentations,)
        Frames at the start and at the end, counted from 0. They may lie outside of the recording: below 0
        before it, by the median step.

    Raises
    ------
    DataError
        Where the table's frames are not whole, or they are to be found by the times of fewer than two.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = pd.DataFrame({"start_s": [1.0], "stop_s": [3.0], "stimulus": "drifting_gratings"})
    >>> first, last = frame_numbers(Traces(np.zeros((1, 9)), np.arange(9), [1]), StimulusTable(shown))
    >>> int(first[0]), int(last[0])
    (1, 3)
    """
    rows = table.table
    if {"start_frame", "stop_frame"} <= set(rows.columns):
        start, stop = (
            frozen(rows[name], np.int64, what=f"StimulusTable: {name}")
            for name in ("start_frame", "stop_frame")
        )
        return start, stop
    start, stop = (_frames_at(traces, at_s) for at_s in table.intervals_s.T)
    return start, stop


def _frames_at(traces: Traces, at_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the frame nearest to every time; outside of the recording they are counted on."""
    step = 1 / frame_rate_hz(traces)
    # Half a step early: a frame's time and a presentation's are often one number computed in two ways.
    early = at_s - 0.5 * step
    before = np.maximum(np.floor((traces.time_s[0] - early) / step), 0)
    beyond = np.maximum(np.ceil((early - traces.time_s[-1]) / step - 1), 0)
    within = np.searchsorted(traces.time_s, early, side="left")
    return np.asarray(within + beyond - before, dtype=np.int64)
