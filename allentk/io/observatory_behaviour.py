"""What the mouse did in a two-photon session: running, and where its eye looked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import numbers, open_hdf5
from allentk.io.observatory_layout import PIPELINE, WHAT, optional

__all__ = ["at_frames", "pupil_location", "pupil_size", "running_speed"]

_RUNNING = f"{PIPELINE}/BehavioralTimeSeries/running_speed"
_LOCATION = f"{PIPELINE}/EyeTracking/pupil_location"
_SIZE = f"{PIPELINE}/PupilTracking/pupil_size"
_NO_EYE = (
    "Sessions with eye tracking have fail_eye_tracking False in BrainObservatory().sessions(), and "
    "even of these the older ones have none in their file"
)


def running_speed(path: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the running speed in cm/s, NaN where unknown, and its times in seconds.

    Raises
    ------
    FormatError
        Where the file has none, or as many speeds as time stamps are not there.
    """
    with open_hdf5(path, WHAT) as file:
        speed = numbers(file, f"{_RUNNING}/data", path)
        times = numbers(file, f"{_RUNNING}/timestamps", path, ndim=1)
    # The first pipeline wrote one column.
    return _column(speed, times, _RUNNING, path), times.astype(float)


def at_frames(
    values: NDArray[np.float64], times_s: NDArray[np.float64], frames_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return one value per two-photon frame, NaN where none was recorded within half a frame.

    Parameters
    ----------
    values, times_s : ndarray, shape (n_values,)
        Values, and their times in seconds, rising.
    frames_s : ndarray, shape (n_frames,)
        Times of the frames in seconds.

    Examples
    --------
    >>> frames = np.array([0.0, 0.1, 0.2, 0.3])
    >>> at_frames(np.array([5.0, 7.0]), np.array([0.1, 0.2]), frames).tolist()
    [nan, 5.0, 7.0, nan]
    """
    found = np.full(frames_s.size, np.nan)
    if not times_s.size or not frames_s.size:
        return found
    half = 0.5 * float(np.median(np.diff(frames_s))) if frames_s.size > 1 else np.inf
    middles = (times_s[1:] + times_s[:-1]) / 2
    nearest = np.searchsorted(middles, frames_s)
    near = np.abs(times_s[nearest] - frames_s) <= half
    found[near] = values[nearest[near]]
    return found


def pupil_location(path: str, *, spherical: bool = True) -> pd.DataFrame:
    """Return where on the monitor the mouse looked; the middle of the monitor is (0, 0).

    Parameters
    ----------
    path : str
        The session's file.
    spherical : bool
        In degrees of visual angle; else in cm on the monitor.

    Returns
    -------
    DataFrame
        ``time_s``, and ``azimuth_deg`` (to the right) and ``altitude_deg`` (up), or ``x_cm`` and
        ``y_cm``; NaN where the pupil was not found.

    Raises
    ------
    DataError
        Where the session has no eye tracking.
    FormatError
        Where what it has is of another shape.
    """
    place = f"{_LOCATION}_spherical" if spherical else _LOCATION
    names = ["azimuth_deg", "altitude_deg"] if spherical else ["x_cm", "y_cm"]
    with open_hdf5(path, WHAT) as file:
        group = optional(file, place, path, what="eye tracking", step=_NO_EYE)
        where = numbers(group, "data", path, ndim=2)
        times = numbers(group, "timestamps", path, ndim=1)
    if where.shape != (times.size, 2):
        raise FormatError(
            f"{path}: /{place}: expected {times.size} time stamps by 2 columns, got shape "
            f"{where.shape}"
        )
    table = pd.DataFrame(where.astype(float), columns=names)
    table.insert(0, "time_s", times.astype(float))
    return table


def pupil_size(path: str) -> pd.DataFrame:
    """Return how large the pupil was.

    Returns
    -------
    DataFrame
        ``time_s`` in seconds and ``area_px`` in pixels of the eye's camera; NaN where the pupil was
        not found.

    Raises
    ------
    DataError
        Where the session has no eye tracking.
    FormatError
        Where what it has is of another shape.
    """
    with open_hdf5(path, WHAT) as file:
        group = optional(file, _SIZE, path, what="eye tracking", step=_NO_EYE)
        area = numbers(group, "data", path)
        times = numbers(group, "timestamps", path, ndim=1)
    column = _column(area, times, _SIZE, path)
    return pd.DataFrame({"time_s": times.astype(float), "area_px": column})


def _column(
    values: NDArray[np.float64], times: NDArray[np.float64], place: str, where: str
) -> NDArray[np.float64]:
    flat = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if flat.shape != times.shape:
        raise FormatError(
            f"{where}: /{place}: {values.shape} values, but {times.shape} time stamps"
        )
    return flat.astype(float)
