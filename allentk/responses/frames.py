"""Presentations as frames of the microscope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable, Traces

__all__ = ["frame_numbers", "frame_rate_hz"]


def frame_rate_hz(traces: Traces) -> float:
    """Return frames per second: the reciprocal of the median step of the clock."""
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
        Frames at the start and at the end, counted from 0. They may lie outside of the recording.

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
        return (
            rows["start_frame"].to_numpy(dtype=np.int64),
            rows["stop_frame"].to_numpy(dtype=np.int64),
        )
    # A frame's time and a presentation's start are often the same number computed in two ways.
    half = 0.5 / frame_rate_hz(traces)
    start, stop = table.intervals_s.T
    step = 2 * half
    first = np.searchsorted(traces.time_s, start - half, side="left").astype(np.int64)
    last = np.searchsorted(traces.time_s, stop - half, side="left").astype(np.int64)
    after = traces.time_s[-1] if traces.time_s.size else 0.0
    beyond = np.maximum(np.ceil((stop - after - half) / step), 0).astype(np.int64)
    return first, last + beyond
