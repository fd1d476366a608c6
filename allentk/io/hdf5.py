"""The door to HDF5: opening, and reading text and numbers as files of any age hold them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from allentk.errors import FormatError
from allentk.io.files import existing

__all__ = ["attribute", "dataset", "number", "open_hdf5", "text", "texts"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@contextmanager
def open_hdf5(path: str | os.PathLike[str], what: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path : path
        The file.
    what : str
        What was expected, such as ``"an NWB file"``; used in messages.

    Raises
    ------
    FormatError
        Where there is no file, where it is not HDF5, or where it is cut off or damaged, also when
        that shows only while reading inside the ``with`` block.
    """
    found = existing(path, what)
    with found.open("rb") as file:
        start = file.read(len(_SIGNATURE))
    if start != _SIGNATURE:
        raise FormatError(
            f"{found}: expected {what}, but this is not an HDF5 file (it has "
            f"{found.stat().st_size} bytes and begins with {start[:8]!r}); an unfinished download "
            f"or an error page saved under this name looks like this. Delete it and fetch it again"
        )
    try:
        with h5py.File(found, "r", locking="best-effort") as opened:
            yield opened
    except (OSError, RuntimeError) as error:
        raise FormatError(
            f"{found}: expected {what}, but the HDF5 inside cannot be read ({error}); the file is "
            f"cut off or damaged. Delete it and fetch it again"
        ) from error


def text(value: Any) -> str:
    """Return `value` as text: bytes, a string, or an array that holds one of them; else empty."""
    if isinstance(value, h5py.Dataset):
        value = value[()]
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    if isinstance(value, str):
        return value.strip()
    if value is None or isinstance(value, h5py.Empty | h5py.Group):
        return ""
    return str(value).strip()


def texts(value: Any) -> list[str]:
    """Return every element of `value` as text, an array flattened row by row."""
    if isinstance(value, h5py.Dataset):
        value = value[()]
    return [text(element) for element in np.atleast_1d(np.asarray(value, dtype=object)).ravel()]


def number(value: Any, default: float = float("nan")) -> float:
    """Return `value` as a float: a scalar, an array of one, or text; `default` where it is none."""
    if isinstance(value, h5py.Dataset):
        value = value[()]
    if isinstance(value, np.ndarray):
        if value.size == 0:
            return default
        value = value.ravel()[0]
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def attribute(item: Any, *names: str) -> Any:
    """Return the first attribute of `item` that it has among `names`, or None."""
    for name in names:
        if name in item.attrs:
            return item.attrs[name]
    return None


def dataset(group: Any, path: str, where: str) -> h5py.Dataset:
    """Return the dataset at `path`.

    Raises
    ------
    FormatError
        Where there is none; names what the nearest group holds.
    """
    found = group.get(path)
    if isinstance(found, h5py.Dataset):
        return found
    parent = group
    for name in path.split("/")[:-1]:
        inner = parent.get(name)
        if not isinstance(inner, h5py.Group):
            break
        parent = inner
    held = ", ".join(list(parent)[:8]) or "nothing"
    raise FormatError(f"{where}: expected the dataset {path!r}; {parent.name} holds {held}")
