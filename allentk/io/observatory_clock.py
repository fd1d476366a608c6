"""From frames of the microscope to seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FormatError

__all__ = ["frame_seconds"]


def frame_seconds(
    frames: NDArray[np.int64], times_s: NDArray[np.float64], where: str
) -> NDArray[np.float64]:
    """Return start and stop in seconds of presentations that are given in two-photon frames.

    Parameters
    ----------
    frames : ndarray of int, shape (n, 2)
        First frame, and the frame at which it ends. A frame of a movie may begin and end within one
        frame of the microscope; several that begin within one share its time, in their order.
    times_s : ndarray, shape (n_frames,)
        Time of every two-photon frame.
    where : str
        The file and the stimulus, for messages.

    Raises
    ------
    FormatError
        Where a frame lies outside the recording, or a presentation ends before it begins.

    Examples
    --------
    >>> frame_seconds(np.array([[0, 0], [1, 1], [1, 1]]), np.array([0.0, 1.0, 2.0]), "made up").tolist()
    [[0.0, 1.0], [1.0, 1.5], [1.5, 2.0]]
    """
    if frames.size == 0:
        return np.empty((0, 2))
    if frames.min() < 0 or frames[:, 0].max() >= times_s.size or frames.max() > times_s.size:
        raise FormatError(
            f"{where}: frames {frames.min()}..{frames.max()}, but the recording has "
            f"{times_s.size} frames"
        )
    backwards = frames[:, 1] < frames[:, 0]
    if backwards.any():
        row = int(backwards.argmax())
        raise FormatError(
            f"{where}: presentation {row} ends at frame {frames[row, 1]}, before it begins at frame "
            f"{frames[row, 0]}"
        )
    start, stop = frames[:, 0], np.maximum(frames[:, 1], frames[:, 0] + 1)
    after = times_s[-1] + (times_s[-1] - times_s[0]) / max(times_s.size - 1, 1)
    clock = np.append(times_s, after)
    seconds = np.column_stack([clock[start], clock[stop]])
    _share(seconds, start, stop, clock)
    return seconds


def _share(
    seconds: NDArray[np.float64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    clock: NDArray[np.float64],
) -> None:
    """Give presentations that begin within one frame equal parts of it, in place."""
    order = np.argsort(start, kind="stable")
    begun = start[order]
    first, after = np.searchsorted(begun, begun), np.searchsorted(begun, begun, side="right")
    place, count = np.arange(begun.size) - first, after - first
    frame_s = clock[begun + 1] - clock[begun]
    seconds[order, 0] += place / count * frame_s
    early = (place < count - 1) & (stop[order] == begun + 1)
    seconds[order[early], 1] = (clock[begun] + (place + 1) / count * frame_s)[early]
