"""NWB 2's time series and its groups of settings."""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import attribute, dataset, member, members, number, numbers, text, texts

__all__ = ["plain", "position", "read_series", "series_times", "settings"]

#: Datasets with as many values or more are no settings.
_MOST_VALUES = 1000


def read_series(
    file: h5py.File, path: str, where: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of a one-dimensional series and their times in seconds.

    Raises
    ------
    FormatError
        Where there is no such series, or there are not as many values as times.
    """
    values = numbers(file, f"{path}/data", where)
    times = series_times(file, path, where)
    if values.ndim != 1 or values.shape != times.shape:
        raise FormatError(
            f"{where}: /{path}: expected as many values as times, got shapes {values.shape} and "
            f"{times.shape}; the file is damaged"
        )
    return values.astype(float), times


def series_times(file: h5py.File, path: str, where: str) -> NDArray[np.float64]:
    """Return the times of a series in seconds.

    Raises
    ------
    FormatError
        Where it has neither time stamps nor a rate.
    """
    start = member(file, f"{path}/starting_time")
    if isinstance(start, h5py.Dataset) and f"{path}/timestamps" not in file:
        rate = number(attribute(start, "rate"))
        if not rate > 0:
            raise FormatError(f"{where}: /{path}/starting_time: expected a rate, got {rate}")
        n_samples = dataset(file, f"{path}/data", where).shape[0]
        return number(start) + np.arange(n_samples, dtype=float) / rate
    times: NDArray[np.float64] = numbers(file, f"{path}/timestamps", where).astype(float)
    return times


def position(times: h5py.Dataset, time_s: float) -> int:
    """Return the first sample at or after a time, reading a few time stamps only."""
    low, high = 0, int(times.shape[0])
    while low < high:
        middle = (low + high) // 2
        if float(times[middle]) < time_s:
            low = middle + 1
        else:
            high = middle
    return low


def _is_small(item: Any) -> bool:
    # A dataset without a shape has no size.
    return isinstance(item, h5py.Dataset) and (item.size or 0) < _MOST_VALUES


def settings(group: h5py.Group) -> dict[str, Any]:
    """Return attributes and small datasets of a group as text, numbers, truths and lists of them."""
    found = {name: group.attrs[name] for name in group.attrs}
    found |= {n: d[()] for n, d in members(group) if _is_small(d)}
    hidden = ("namespace", "neurodata_type", "object_id", "help")
    return {name: plain(value) for name, value in found.items() if name not in hidden}


def plain(value: Any) -> Any:
    """Return a value of HDF5 as Python's own: text, number, truth, or a list of them.

    Examples
    --------
    >>> plain(b"42"), plain(np.array([0.15, 0.75])), plain(np.bool_(True))
    (42, [0.15, 0.75], True)
    """
    if isinstance(value, np.ndarray) and value.size != 1:
        held = texts(value) if value.dtype.kind in "OSU" else value.tolist()
        return [plain(one) for one in held]
    if isinstance(value, np.ndarray):
        value = value.ravel()[0]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float):
        return value
    written = text(value)
    if written.isascii() and written.isdigit():
        return int(written)
    return math.nan if written.lower() == "nan" else written
