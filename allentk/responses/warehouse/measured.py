"""From traces and a table to one response per cell and trial, by the warehouse's windows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.frames import frame_numbers, frame_rate_hz
from allentk.responses.recorded import inside, values_of
from allentk.responses.shown import Shown, shown
from allentk.responses.trials import cells_of, presented
from allentk.responses.warehouse.running import Running, speed_of_frames
from allentk.responses.warehouse.sweeps import Frames, Sweeps
from allentk.responses.warehouse.trial_array import TrialArray

__all__ = ["MEASURED", "Measured", "cells_and_values", "measure"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Stimuli that are measured by condition.
MEASURED = ("drifting_gratings", "static_gratings", "natural_scenes")


@dataclass(frozen=True, slots=True)
class Measured:
    """Responses in percent, shape (n_cells, n_trials), and what they were made from.

    ``trials`` is NaN where a frame is; ``speed`` is the mean speed of each trial in cm/s, NaN where not
    known.
    """

    cells: Whole
    shown: Shown
    sweeps: Sweeps
    trials: Array
    speed: Array
    rate_hz: float


def measure(
    responses: Traces | TrialArray,
    table: StimulusTable,
    stimulus: str,
    *,
    ids: ArrayLike | None,
    running: Running | None,
    quirks: Collection[str],
    stacklevel: int = 4,
) -> Measured:
    """Measure every cell in every presentation of one stimulus.

    Raises
    ------
    DataError
        For traces that are not fluorescence, an unknown id, a stimulus that is not in `MEASURED`, a table
        without it, presentations of which none is in the recording.
    """
    if stimulus not in MEASURED:
        raise DataError(
            f"warehouse: no stimulus {stimulus!r}; those with conditions are {', '.join(MEASURED)}"
        )
    cells, values = cells_and_values(responses, ids, "F")
    conditions = shown(table, stimulus)
    rate_hz = _rate_hz(responses, "rate_of_first_frames" in quirks)
    frames = _frames(responses, table, conditions, quirks)
    if isinstance(responses, TrialArray):
        sweeps = _cut_before(responses, values, table, conditions, frames)
        speed = _given_speed(responses, running)[conditions.rows]
    else:
        first = frame_numbers(responses, table)[0][conditions.rows] - frames.baseline
        kept = inside(
            first, first + frames.all, responses.time_s.size, stimulus, stacklevel=stacklevel
        )
        conditions, first = conditions.where(kept), first[kept]
        sweeps = Sweeps(sliding_window_view(values, frames.all, axis=1), first, frames)
        speed = speed_of_frames(running, responses.time_s)
        speed = _mean_speed(speed, first + frames.baseline, frames.response)
    return Measured(cells, conditions, sweeps, sweeps.means(), speed, rate_hz)


def cells_and_values(
    responses: Traces | TrialArray, ids: ArrayLike | None, unit: str
) -> tuple[Whole, NDArray[np.floating]]:
    """Return the ids of the cells asked for, and their traces.

    Raises
    ------
    DataError
        For an unknown id, another unit than `unit`, or responses of another type.
    """
    if not isinstance(responses, Traces | TrialArray):
        raise DataError(
            f"warehouse: expected Traces (or a TrialArray), got a {type(responses).__name__}; this "
            f"definition is for two-photon fluorescence"
        )
    if responses.unit != unit:
        step = "session.fluorescence()" if unit == "F" else "session.dff()"
        raise DataError(
            f"warehouse: expected traces of unit {unit!r}, such as {step}, got {responses.unit!r}"
        )
    if isinstance(responses, Traces):
        rows, cells = cells_of(responses, ids)
        return cells, values_of(responses, rows)
    if ids is None:  # without a copy
        return responses.ids, responses.values
    bare = Traces(np.empty((responses.ids.size, 0)), np.empty(0), responses.ids, responses.unit)
    rows, cells = cells_of(bare, ids)
    return cells, responses.values[rows]


def _rate_hz(responses: Traces | TrialArray, first_frames: bool) -> float:
    if isinstance(responses, TrialArray):
        return 1.0 / responses.frame_s
    if first_frames and responses.time_s.size > 1:
        return 1.0 / float(responses.time_s[1] - responses.time_s[0])
    return frame_rate_hz(responses)


def _frames(
    responses: Traces | TrialArray, table: StimulusTable, of: Shown, quirks: Collection[str]
) -> Frames:
    """Return the windows: 30 + 60 frames for drifting gratings; else 4, 2 (and 2 more) lengths."""
    if of.stimulus == "drifting_gratings":
        frames = Frames(30, 60, 90)
    else:
        n = _length(responses, table, of, "length_of_second_row" in quirks)
        frames = Frames(4 * n, 2 * n, (9 if "peak_in_whole_sweep" in quirks else 6) * n)
    if not isinstance(responses, TrialArray):
        return frames
    n_frames, baseline = responses.values.shape[2], min(responses.onset_frame, frames.baseline)
    after = n_frames - responses.onset_frame
    if after < frames.response:
        raise DataError(
            f"{of.stimulus}: expected {frames.response} frames or more after the onset, got {after} in "
            f"{responses!r}"
        )
    return Frames(baseline, frames.response, min(frames.all - frames.baseline, after) + baseline)


def _length(
    responses: Traces | TrialArray, table: StimulusTable, of: Shown, second_row: bool
) -> int:
    """Return how many frames a presentation lasts."""
    if isinstance(responses, TrialArray):
        lasts = np.round(np.diff(table.intervals_s, axis=1)[:, 0] / responses.frame_s)
    else:
        first, last = frame_numbers(responses, table)
        lasts = (last - first).astype(float)
    lasts = lasts[of.rows]
    length = int(lasts[1] if second_row and lasts.size > 1 else np.median(lasts))
    if length < 1:
        raise DataError(f"{of.stimulus}: expected presentations of one frame or more, got {length}")
    return length


def _cut_before(
    responses: TrialArray,
    values: NDArray[np.floating],
    table: StimulusTable,
    of: Shown,
    frames: Frames,
) -> Sweeps:
    if len(presented(table)) != values.shape[1]:
        raise DataError(
            f"{of.stimulus}: expected one row of the table for each of the {values.shape[1]} trials, "
            f"got {len(table)} rows"
        )
    first = responses.onset_frame - frames.baseline
    return Sweeps(values[:, :, first : first + frames.all], of.rows, frames)


def _given_speed(responses: TrialArray, running: Running | None) -> Array:
    if running is not None:
        raise DataError(
            "warehouse: running= has a clock, a TrialArray has none; give the mean speed of every "
            "trial as TrialArray(speed_cm_s=...)"
        )
    speed = responses.speed_cm_s
    return np.full(responses.values.shape[1], np.nan) if speed is None else speed


def _mean_speed(speed: Array, first: Whole, n: int) -> Array:
    means: Array = speed[first[:, None] + np.arange(n)].mean(axis=1)
    return means
