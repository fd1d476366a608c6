"""Windows of frames: the trials of a recording of events, their means, the speed in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.frames import frame_rate_hz
from allentk.responses.running import speeds_and_times

__all__ = ["blocks", "event_traces", "mean_speed", "window_means", "window_values"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Cells treated at once, so that no more than the input's memory is needed beside it.
_BLOCK = 32


def event_traces(responses: object, stimulus: str) -> Traces:
    """Return `responses`.

    Raises
    ------
    DataError
        Where they are no Traces of events.
    """
    if not isinstance(responses, Traces):
        raise DataError(
            f'{stimulus}: the definition "paper2020" measures Traces of events, got a '
            f"{type(responses).__name__}; of spikes make fluorescence and detect its events first"
        )
    if responses.unit != "events":
        raise DataError(
            f'{stimulus}: expected traces in the unit "events", got {responses.unit!r}; detect events '
            f"in the dF/F first, or take those of the Observatory: "
            f"BrainObservatory().events(session_id)"
        )
    return responses


def blocks(n_cells: int) -> Iterator[slice]:
    """Return the cells in blocks, as slices."""
    return (slice(start, start + _BLOCK) for start in range(0, n_cells, _BLOCK))


def window_means(values: Array, starts: Indices, n_frames: int) -> Array:
    """Return the mean of `n_frames` frames from every start, shape ``(n_cells, n_starts)``.

    The frames are added in order, without sums over the whole recording: windows without an event are
    0 to the last bit, and two windows with the same frames are equal.
    """
    total = np.zeros((values.shape[0], starts.size))
    for step in range(n_frames):
        total += values[:, starts + step]
    total /= n_frames
    return total


def window_values(values: Array, starts: Indices, n_frames: int) -> Array:
    """Return the frames from every start, shape ``(n_cells, n_starts, n_frames)``."""
    return np.asarray(values[:, starts[:, None] + np.arange(n_frames)], dtype=float)


def mean_speed(
    running: tuple[Array, Array] | None, traces: Traces, starts: Indices, n_frames: int
) -> Array:
    """Return the mean speed in every window in cm/s; NaN where a sample of it is, or none is there.

    Raises
    ------
    DataError
        Where `running` is no pair of equally long arrays, or its clock does not rise.
    """
    if running is None:
        return np.full(starts.size, np.nan)
    speed, time_s = speeds_and_times(running)
    if not (np.diff(time_s) > 0).all():
        raise DataError("running: the times must rise; sort both arrays by time")
    step = 1 / frame_rate_hz(traces)
    onset = traces.time_s[starts] - step / 2
    a, b = (np.searchsorted(time_s, edge) for edge in (onset, onset + n_frames * step))
    means = [speed[i:j].mean() if j > i else np.nan for i, j in zip(a, b, strict=True)]
    return np.array(means, dtype=float)
