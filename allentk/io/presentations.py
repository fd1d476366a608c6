"""Presentations of a two-photon session: from frames of the microscope to seconds."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import dataset, linked, numbers, texts, whole
from allentk.io.observatory_clock import frame_seconds

__all__ = ["stimulus_rows"]

#: Columns by the name of the file's feature.
_FEATURES = {
    "orientation": "orientation_deg",
    "temporal_frequency": "temporal_frequency_hz",
    "spatial_frequency": "spatial_frequency_cpd",
    "contrast": "contrast",
    "phase": "phase",
    "frame": "frame",
}
#: Columns that every table has, whatever its features.
_HEAD = {"start_s", "stop_s", "stimulus", "start_frame", "stop_frame"}
#: Number of the image that stands for a blank sweep among natural scenes.
_BLANK_IMAGE = -1


def stimulus_rows(
    group: h5py.Group, name: str, times_s: NDArray[np.float64], where: str
) -> pd.DataFrame:
    """Return one row per presentation, with its first and last two-photon frame.

    Parameters
    ----------
    group : h5py.Group
        ``stimulus/presentation/<name>_stimulus``.
    name : str
        Name of the stimulus.
    times_s : ndarray, shape (n_frames,)
        Time of every two-photon frame.
    where : str
        The file, for messages.

    Raises
    ------
    FormatError
        Where shapes disagree, a presentation ends before it begins, or a frame is not whole or lies
        outside the recording.
    """
    frames = numbers(group, "frame_duration", where, ndim=2)
    data = numbers(group, "data", where)
    if data.ndim not in (1, 2):
        raise FormatError(
            f"{where}: {group.name}/data: expected a column or a table, got shape {data.shape}"
        )
    if frames.shape[1] < 2 or frames.shape[0] != data.shape[0]:
        raise FormatError(
            f"{where}: {group.name}: expected frame_duration of shape ({data.shape[0]}, 2), got "
            f"{frames.shape}"
        )
    frames = whole(frames, f"{where}: {group.name}/frame_duration")
    if name.startswith("spontaneous"):
        frames, data = _spontaneous(frames, data, f"{where}: {group.name}")
        columns = pd.DataFrame(index=range(len(frames)))
    elif linked(group, "features"):
        named = texts(dataset(group, "features", where))
        columns = _features(data, named, f"{where}: {group.name}")
    else:
        columns = pd.DataFrame({"frame": data if data.ndim == 1 else data[:, 0]})
        if name.startswith("natural_movie"):
            columns["repeat"] = columns.groupby("frame").cumcount()
    frames = frames[:, :2]
    seconds = frame_seconds(frames, times_s, f"{where}: {group.name}")
    blank = _blank(columns, name)
    head = {
        "start_s": seconds[:, 0],
        "stop_s": seconds[:, 1],
        "stimulus": np.where(blank, "blank", name),
        "start_frame": frames[:, 0],
        "stop_frame": frames[:, 1],
    }
    return pd.concat(
        [pd.DataFrame(head), columns.drop(columns="blank_sweep", errors="ignore")], axis=1
    )


def _spontaneous(
    frames: NDArray[np.int64], events: NDArray[np.int64], where: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join the events +1 (on) and -1 (off) to intervals."""
    on, off = np.flatnonzero(events.ravel() == 1), np.flatnonzero(events.ravel() == -1)
    if on.size != off.size:
        raise FormatError(f"{where}: {on.size} spontaneous periods begin, but {off.size} end")
    return np.column_stack([frames[on, 0], frames[off, 0]]), events[on]


def _features(data: NDArray[np.float64], names: list[str], where: str) -> pd.DataFrame:
    data = data if data.ndim > 1 else data[:, None]
    if data.shape[1] != len(names):
        raise FormatError(f"{where}: {len(names)} features ({names}), but {data.shape[1]} columns")
    if len(set(names)) < len(names) or set(names) & _HEAD:
        raise FormatError(f"{where}: expected features of different names, got {names}")
    return pd.DataFrame(
        {_FEATURES.get(feature, feature): data[:, i] for i, feature in enumerate(names)}
    )


def _blank(columns: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    if "blank_sweep" in columns:
        return np.asarray(columns["blank_sweep"] == 1, dtype=bool)
    if name == "natural_scenes" and "frame" in columns:
        return np.asarray(columns["frame"] == _BLANK_IMAGE, dtype=bool)
    if name == "static_gratings" and "orientation_deg" in columns:
        return np.asarray(columns["orientation_deg"].isna(), dtype=bool)
    return np.zeros(len(columns), dtype=bool)
