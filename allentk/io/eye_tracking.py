"""The eye in NWB 2 sessions: fitted ellipses, and where the eye looks."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.dynamic_table import read_table, table_group
from allentk.io.hdf5 import attribute, contents, dataset, member, text
from allentk.io.nwb2_series import read_series, series_times

__all__ = ["eye_tracking", "gaze"]

_ELLIPSES = "acquisition/EyeTracking"
_FITS = "processing/eye_tracking"
_SERIES = {
    "pupil": "pupil_tracking",
    "eye": "eye_tracking",
    "cr": "corneal_reflection_tracking",
}
_SIZES = {
    "width": "width",
    "height": "height",
    "angle": "phi",
    "area": "area",
    "area_raw": "area_raw",
}
_GAZE = {
    "screen_coordinates": ("screen_y_cm", "screen_x_cm"),
    "screen_coordinates_spherical": ("screen_y_deg", "screen_x_deg"),
}


def eye_tracking(file: h5py.File, where: str) -> pd.DataFrame | None:
    """Return the ellipses of every camera frame; None where the eye was not filmed.

    Raises
    ------
    FormatError
        Where series disagree in length.
    """
    if _ELLIPSES in file:
        columns = _from_series(file, where)
    elif _FITS in file:
        columns = _from_tables(file, where)
    else:
        return None
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise FormatError(f"{where}: eye tracking: columns of different lengths: {lengths}")
    return pd.DataFrame(columns)


def _from_series(file: h5py.File, where: str) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {
        "time_s": series_times(file, f"{_ELLIPSES}/pupil_tracking", where)
    }
    blink = member(file, f"{_ELLIPSES}/likely_blink/data")
    if isinstance(blink, h5py.Dataset):
        columns["likely_blink"] = contents(blink).astype(bool)
    for part, name in _SERIES.items():
        group = f"{_ELLIPSES}/{name}"
        centre = dataset(file, f"{group}/data", where)
        if centre.ndim != 2 or centre.shape[1] != 2:
            raise FormatError(
                f"{where}: /{group}/data: expected x and y per frame, got shape {centre.shape}"
            )
        xy = contents(centre).astype(float)
        columns[f"{part}_center_x"], columns[f"{part}_center_y"] = xy[:, 0], xy[:, 1]
        for size, column in _SIZES.items():
            held = member(file, f"{group}/{size}")
            if isinstance(held, h5py.Dataset):
                columns[f"{part}_{column}"] = contents(held).astype(float)
    return columns


def _from_tables(file: h5py.File, where: str) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    for part in _SERIES:
        path = f"{_FITS}/{part}_ellipse_fits"
        table = read_table(table_group(file, path, where), where).drop(columns="id")
        if "timestamps" not in table:
            raise FormatError(f"{where}: /{path}: expected timestamps, got {list(table.columns)}")
        times = table.pop("timestamps")
        columns.setdefault("time_s", times.to_numpy(float))
        columns |= {f"{part}_{name}": table[name].to_numpy(float) for name in table}
    return columns


def gaze(file: h5py.File, folder: str, where: str) -> pd.DataFrame | None:
    """Return where the eye looks, one row per camera frame; None where that is not in the file.

    Parameters
    ----------
    file : h5py.File
        The session.
    folder : str
        ``processing/filtered_gaze_mapping`` or ``processing/raw_gaze_mapping``.
    where : str
        The file, for messages.

    Raises
    ------
    FormatError
        Where series disagree in length.
    """
    if folder not in file:
        return None
    pupil, times = read_series(file, f"{folder}/pupil_area", where)
    eye, _ = read_series(file, f"{folder}/eye_area", where)
    columns = {"time_s": times, "pupil_area": pupil, "eye_area": eye}
    for name, (vertical, horizontal) in _GAZE.items():
        data = dataset(file, f"{folder}/{name}/data", where)
        if data.shape != (times.size, 2):
            raise FormatError(
                f"{where}: /{folder}/{name}: expected shape ({times.size}, 2), got {data.shape}"
            )
        both = contents(data).astype(float)
        columns[vertical], columns[horizontal] = both[:, 0], both[:, 1]
    if eye.shape != times.shape:
        raise FormatError(f"{where}: /{folder}: {times.size} pupil areas, but {eye.size} eye areas")
    table = pd.DataFrame({name: np.asarray(column) for name, column in columns.items()})
    unit = text(attribute(file[f"{folder}/pupil_area/data"], "unit"))
    table.attrs["units"] = {"pupil_area": unit, "eye_area": unit}
    return table
