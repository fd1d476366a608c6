"""Epochs of a two-photon session: the stretches in which one stimulus was shown.

A stimulus is shown in up to three stretches. They are found again by the gaps between its
presentations that are longer than any gap inside a stretch; how long that is depends on the kind of
session, because the slowest stimulus of each kind sets it.

References
----------
Allen Brain Observatory, Visual Coding: Visual Stimuli (technical paper); de Vries et al. 2020.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError, FormatError

__all__ = ["MAX_CUTS", "THRESHOLD_FRAMES", "shown_at", "stimulus_epochs"]

#: Two-photon frames between presentations, by kind of session; a longer gap begins a new epoch.
THRESHOLD_FRAMES = {
    "three_session_A": 39,
    "three_session_B": 15,
    "three_session_C": 7,
    "three_session_C2": 7,
}
#: A stimulus is shown in at most one stretch more than this.
MAX_CUTS = 2

_FRAMES = ["start_frame", "stop_frame"]
_SHOWN = {"presentation": "Int64", "blank": "boolean", "start_s": float, "stop_s": float}


def stimulus_epochs(
    tables: Mapping[str, pd.DataFrame],
    session_type: str,
    *,
    where: str,
    threshold_frames: int | None = None,
) -> pd.DataFrame:
    """Return the epochs of a session in order of time.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Presentations of every stimulus in order of time, with the columns ``start_s``, ``stop_s``,
        ``start_frame`` and ``stop_frame``.
    session_type : str
        Kind of session, such as ``"three_session_A"``.
    where : str
        The file, for messages.
    threshold_frames : int, optional
        Longest gap inside an epoch, in two-photon frames; by default that of the kind of session.

    Returns
    -------
    DataFrame
        Columns ``stimulus``, ``start_s``, ``stop_s``, ``start_frame``, ``stop_frame`` and
        ``presentations``, one row per epoch.

    Raises
    ------
    DataError
        On an unknown kind of session where no threshold is given.
    FormatError
        Where a stimulus falls into more than three epochs.

    Examples
    --------
    >>> rows = {"start_s": [0, 2, 9], "stop_s": [1, 3, 10], "start_frame": [0, 60, 270]}
    >>> shown = pd.DataFrame({**rows, "stop_frame": [30, 90, 300]})
    >>> epochs = stimulus_epochs({"drifting_gratings": shown}, "three_session_A", where="made up")
    >>> epochs[["start_s", "stop_s"]].to_numpy().tolist()
    [[0.0, 3.0], [9.0, 10.0]]
    """
    threshold = _threshold(session_type, where) if threshold_frames is None else threshold_frames
    epochs = [
        epoch
        for name, table in tables.items()
        if len(table)
        for epoch in _of_one(name, table, threshold, where)
    ]
    columns = ["stimulus", "start_s", "stop_s", *_FRAMES, "presentations"]
    found = pd.DataFrame(epochs, columns=columns)
    return found.sort_values(_FRAMES, kind="stable").reset_index(drop=True)


def _threshold(session_type: str, where: str) -> int:
    if session_type in THRESHOLD_FRAMES:
        return THRESHOLD_FRAMES[session_type]
    raise DataError(
        f"{where}: expected a session of type {', '.join(THRESHOLD_FRAMES)}, got "
        f"{session_type or 'none'!r}; for another one give threshold_frames=, the longest gap "
        f"inside an epoch"
    )


def _of_one(
    name: str, table: pd.DataFrame, threshold: int, where: str
) -> list[tuple[str, float, float, int, int, int]]:
    frames = table[_FRAMES].to_numpy(np.int64)
    gaps = frames[1:, 0] - frames[:-1, 1]
    cuts = np.flatnonzero(gaps > threshold) + 1
    if cuts.size > MAX_CUTS:
        longest = sorted(gaps[cuts - 1].tolist(), reverse=True)
        raise FormatError(
            f"{where}: {name}: expected at most {MAX_CUTS + 1} epochs, got {cuts.size + 1}: the gaps "
            f"of more than {threshold} frames are {', '.join(map(str, longest[:8]))}. Frames were "
            f"lost; give a larger threshold_frames= that is smaller than the true gaps"
        )
    first = np.concatenate([[0], cuts])
    last = np.concatenate([cuts, [len(table)]]) - 1
    seconds = table[["start_s", "stop_s"]].to_numpy(float)
    return [
        (name, seconds[a, 0], seconds[b, 1], int(frames[a, 0]), int(frames[b, 1]), int(b - a + 1))
        for a, b in zip(first, last, strict=True)
    ]


def shown_at(
    times_s: NDArray[np.float64],
    tables: Mapping[str, pd.DataFrame],
    epochs: pd.DataFrame,
    *,
    frame_s: float,
) -> pd.DataFrame:
    """Return what was on the monitor at some times.

    Parameters
    ----------
    times_s : ndarray, shape (n_times,)
        Times in seconds, on the clock of the session.
    tables : mapping of str to DataFrame
        Presentations of every stimulus in order of time.
    epochs : DataFrame
        As `stimulus_epochs` gives them.
    frame_s : float
        Seconds from one two-photon frame to the next. A presentation counts as shown until one
        frame after its last frame, unless the next one has begun.

    Returns
    -------
    DataFrame
        One row per time: ``time_s``; ``stimulus``, the name of the stimulus of the epoch, missing
        outside of all epochs; ``presentation``, the row in that stimulus's table, missing where the
        monitor was gray between two presentations; ``blank``, whether it was a blank sweep; and the
        further columns of that row.
    """
    starts = epochs["start_s"].to_numpy(float)
    stops = np.append(epochs["stop_s"].to_numpy(float), -np.inf)
    stimuli = np.array([*epochs["stimulus"], None], dtype=object)
    # Before the first epoch this is -1, which finds the sentinels at the end.
    epoch = np.searchsorted(starts, times_s, side="right") - 1
    names = stimuli[epoch]
    names[~(times_s < stops[epoch] + frame_s)] = None
    out = pd.DataFrame({"time_s": times_s, "stimulus": pd.Series(names, dtype="str")})
    found = [
        _rows_at(times_s, np.flatnonzero(names == name), table, frame_s)
        for name, table in tables.items()
    ]
    shown = [part for part in found if len(part)]
    rows = pd.concat(shown) if shown else pd.DataFrame(columns=list(_SHOWN))
    return out.join(rows.astype(_SHOWN))


def _rows_at(
    times_s: NDArray[np.float64], at: NDArray[np.int64], table: pd.DataFrame, frame_s: float
) -> pd.DataFrame:
    """Return the presentations going on at the times `at`, indexed by these."""
    row = np.searchsorted(table["start_s"].to_numpy(float), times_s[at], side="right") - 1
    stops = np.append(table["stop_s"].to_numpy(float), -np.inf)
    on = times_s[at] < stops[row] + frame_s
    found = table.iloc[row[on]].set_axis(at[on])
    head = {"presentation": row[on], "blank": found["stimulus"] == "blank"}
    return pd.DataFrame(head, index=found.index).join(found.drop(columns="stimulus"))
