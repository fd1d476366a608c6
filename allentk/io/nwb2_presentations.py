"""Presentations of stimuli in NWB 2: tables ``intervals/<stimulus>_presentations``, in seconds."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError, FormatError
from allentk.io.dynamic_table import read_table, table_group
from allentk.io.hdf5 import member

__all__ = ["presentations", "shown"]

_SUFFIX = "_presentations"
_COLUMNS = {
    "start_time": "start_s",
    "stop_time": "stop_s",
    "orientation": "orientation_deg",
    "temporal_frequency": "temporal_frequency_hz",
    "spatial_frequency": "spatial_frequency_cpd",
    "x_position": "x_position_deg",
    "y_position": "y_position_deg",
    "position_x": "x_position_deg",
    "position_y": "y_position_deg",
}
#: Columns whose values are numbers; where a file has text, it moves to ``<column>_text``.
_NUMBERS = (
    "orientation_deg",
    "temporal_frequency_hz",
    "spatial_frequency_cpd",
    "contrast",
    "phase",
    "frame",
)
#: How long an image is shown, and so how long an omitted one is not.
_FLASH_S = 0.25
#: A presentation may run into the next one by a frame of the monitor.
_FRAME_S = 1 / 50


def shown(file: h5py.File) -> tuple[str, ...]:
    """Return the names of the stimuli in a file, sorted."""
    group = member(file, "intervals")
    names = list(group) if isinstance(group, h5py.Group) else []
    return tuple(sorted(n.removesuffix(_SUFFIX) for n in names if n.endswith(_SUFFIX)))


def presentations(file: h5py.File, names: tuple[str, ...], where: str) -> StimulusTable:
    """Return the presentations of these stimuli in order of time.

    Parameters
    ----------
    file : h5py.File
        The session.
    names : tuple of str
        Some of `shown`.
    where : str
        The file, for messages.

    Raises
    ------
    FormatError
        Where a table has no times, or presentations overlap by more than a frame of the monitor.
    """
    tables = [_one(file, name, where) for name in names]
    empty = pd.DataFrame({"start_s": [], "stop_s": [], "stimulus": []})
    joined = pd.concat(tables, ignore_index=True) if tables else empty
    joined = joined.sort_values("start_s", kind="stable", ignore_index=True)
    joined["stop_s"] = _without_overlap(joined["start_s"].to_numpy(), joined["stop_s"].to_numpy())
    try:
        return StimulusTable(joined)
    except DataError as error:
        step = "; ask for one stimulus at a time" if len(names) > 1 else ""
        raise FormatError(f"{where}: /intervals: {', '.join(names)}: {error}{step}") from error


def _one(file: h5py.File, name: str, where: str) -> pd.DataFrame:
    path = f"intervals/{name}{_SUFFIX}"
    table = read_table(table_group(file, path, where), where)
    missing = [column for column in ("start_time", "stop_time") if column not in table]
    if missing:
        raise FormatError(
            f"{where}: /{path}: expected columns start_time and stop_time, got {list(table.columns)}"
        )
    table = table.drop(columns="id").rename(columns=_COLUMNS)
    for column in set(_NUMBERS) & set(table.columns):
        if not pd.api.types.is_numeric_dtype(table[column]):
            table[f"{column}_text"] = table.pop(column)
    table["stop_s"] = _stops(table)
    table.insert(2, "stimulus", np.where(_blank(table, name), "blank", name))
    if "stimulus_name" not in table:
        table["stimulus_name"] = name
    return table


def _stops(table: pd.DataFrame) -> pd.Series:
    """Return the ends; what was left out for an omitted image lasts as long as the image would."""
    if "omitted" not in table:
        return table["stop_s"]
    omitted = table["omitted"].fillna(0).astype(bool) & table["stop_s"].isna()
    return table["stop_s"].mask(omitted, table["start_s"] + _FLASH_S)


def _blank(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """Return which presentations showed nothing: gratings of no orientation, image -1."""
    if "gratings" in name and "orientation_deg" in table:
        return np.asarray(table["orientation_deg"].isna(), dtype=bool)
    if name.startswith("natural_scenes") and "frame" in table:
        return np.asarray(table["frame"] == -1, dtype=bool)
    return np.zeros(len(table), dtype=bool)


def _without_overlap(
    starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> NDArray[np.float64]:
    """End a presentation where the next one begins, if that is within a frame of the monitor."""
    following = np.append(starts[1:], np.inf)
    over = (stops > following) & (stops - following <= _FRAME_S)
    return np.where(over, following, stops)
