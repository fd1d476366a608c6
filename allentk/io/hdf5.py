"""The door to HDF5: opening, and reading text and numbers as files of any age hold them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from allentk.data._arrays import frozen
from allentk.errors import AllenTKError, DataError, FormatError
from allentk.io.files import existing

__all__ = [
    "DAMAGE",
    "SIGNATURE",
    "attribute",
    "contents",
    "dataset",
    "linked",
    "member",
    "members",
    "number",
    "numbers",
    "numeric",
    "open_hdf5",
    "readable",
    "text",
    "texts",
    "whole",
]

#: What every HDF5 file begins with.
SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: What h5py raises on bytes that are not what they should be.
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)
#: Bytes of numbers that one byte of a file can stand for; deflate packs at most 1032.
_DENSEST = 2000
#: A value of so few bytes is no claim worth checking.
_SMALL = 4096


@contextmanager
def readable(what: str | Callable[[], str]) -> Iterator[None]:
    """Turn whatever HDF5 raises on damaged bytes into one FormatError.

    Parameters
    ----------
    what : str, or callable that returns one
        File and place; the message goes on with "cannot be read". A callable is asked only then.
    """
    try:
        yield
    except AllenTKError:
        raise
    except DAMAGE as error:
        place = what() if callable(what) else what
        raise FormatError(
            f"{place} cannot be read ({error}); the file is cut off or damaged. Delete it and fetch it "
            f"again"
        ) from error


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
        start = file.read(len(SIGNATURE))
    if start != SIGNATURE:
        raise FormatError(
            f"{found}: expected {what}, but this is not an HDF5 file (it has "
            f"{found.stat().st_size} bytes and begins with {start[:8]!r}); an unfinished download "
            f"or an error page saved under this name looks like this. Delete it and fetch it again"
        )
    with (
        readable(f"{found}: expected {what}, but the HDF5 inside"),
        h5py.File(found, "r", locking="best-effort") as opened,
    ):
        yield opened


def linked(group: h5py.Group, name: str) -> bool:
    """Whether a group links to something under `name`, be it damaged or not."""
    return bool(group.id.links.exists(name.encode("utf-8", "surrogateescape")))


def member(group: Any, path: str) -> Any:
    """Return what a group holds under `path`, or None where nothing is linked there.

    Raises
    ------
    FormatError
        Where something is linked there that cannot be opened: it is damaged, not absent. Where it
        points at another file: that is never followed.
    """
    found = group
    for name in filter(None, path.split("/")):
        if not isinstance(found, h5py.Group):
            return None
        with readable(partial(_place, found, name)):
            if not linked(found, name):
                return None
            found = _inside(found, name)
    return found


def _inside(group: h5py.Group, name: str) -> Any:
    """Open what is linked, where that and its numbers are in this very file."""
    if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
        raise _elsewhere(group, name)
    held = group[name]
    if h5py.h5f.get_name(held.id) != h5py.h5f.get_name(group.id):
        raise _elsewhere(group, name)
    if isinstance(held, h5py.Dataset) and (held.external or held.is_virtual):
        raise _elsewhere(group, name)
    return held


def _elsewhere(group: h5py.Group, name: str) -> FormatError:
    return FormatError(
        f"{_place(group, name)} points at another file; it was not read. Delete this file and fetch it "
        f"again from its publisher"
    )


def members(group: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and member of everything in a group; of what is no group, nothing."""
    for name in group if isinstance(group, h5py.Group) else ():
        yield name, member(group, name)


def _place(group: h5py.Group, name: str) -> str:
    return f"{group.file.filename}: {group.name.rstrip('/')}/{name}"


def contents(held: h5py.Dataset) -> Any:
    """Return the text or the numbers of a dataset.

    Raises
    ------
    FormatError
        Where it claims more than a file of this size can hold, or holds lists of lists.
    """
    if _is_list(held.dtype):
        raise _list_of_lists(held.dtype, f"{held.file.filename}: {held.name}")
    if held.nbytes > _SMALL:
        _check_size(held, held.file.filename)
    return held[()]


def _is_list(dtype: np.dtype[Any]) -> bool:
    """Whether these are lists of lists: damaged text looks so, and HDF5 breaks down following it."""
    if dtype.kind != "O":
        return False
    return h5py.check_vlen_dtype(dtype) is not None and h5py.check_string_dtype(dtype) is None


def _list_of_lists(dtype: np.dtype[Any], where: str) -> FormatError:
    return FormatError(
        f"{where}: expected text or numbers, got lists of {dtype.metadata}; it is damaged. Delete "
        f"it and fetch it again"
    )


def _check_size(held: h5py.Dataset, where: str) -> None:
    size = held.file.id.get_filesize()
    if held.nbytes > _DENSEST * size:
        raise FormatError(
            f"{where}: {held.name}: claims {held.size} values, more than a file of {size} bytes can "
            f"hold; it is damaged. Delete it and fetch it again"
        )


def text(value: Any) -> str:
    """Return `value` as text: bytes, a string, or an array that holds one of them; else empty."""
    if isinstance(value, h5py.Dataset):
        value = contents(value)
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
        value = contents(value)
    return [text(element) for element in np.atleast_1d(np.asarray(value, dtype=object)).ravel()]


def number(value: Any, default: float = float("nan")) -> float:
    """Return `value` as a float: a scalar, an array of one, or text; `default` where it is none."""
    if isinstance(value, h5py.Dataset):
        value = contents(value)
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
        if h5py.h5a.exists(item.id, name.encode()):
            dtype = h5py.h5a.open(item.id, name.encode()).dtype
            if _is_list(dtype):
                where = f"{item.file.filename}: {item.name}: attribute {name}"
                raise _list_of_lists(dtype, where)
            return item.attrs[name]
    return None


def dataset(group: Any, path: str, where: str) -> h5py.Dataset:
    """Return the dataset at `path`.

    Raises
    ------
    FormatError
        Where there is none; names what the nearest group holds.
    """
    if not isinstance(group, h5py.Group):
        name = f"of {path!r}" if group is None else group.name
        raise FormatError(f"{where}: expected the group {name}, got {type(group).__name__}")
    found = member(group, path)
    if isinstance(found, h5py.Dataset):
        return found
    parent = group
    for name in path.split("/")[:-1]:
        inner = member(parent, name)
        if not isinstance(inner, h5py.Group):
            break
        parent = inner
    held = ", ".join(list(parent)[:8]) or "nothing"
    raise FormatError(f"{where}: expected the dataset {path!r}; {parent.name} holds {held}")


def numeric(group: Any, path: str, where: str, *, ndim: int | None = None) -> h5py.Dataset:
    """Return the dataset at `path`, of which no element is read, where it holds numbers.

    Parameters
    ----------
    group : h5py.Group
        Where to look.
    path : str
        Name of the dataset in the group.
    where : str
        The file, for messages.
    ndim : int, optional
        How many dimensions it must have; any where not given.

    Raises
    ------
    FormatError
        Where there is no such dataset, no numbers in it, another number of dimensions, or where it
        claims more numbers than a file of this size can hold.
    """
    found = dataset(group, path, where)
    shape, dtype = found.shape, found.dtype
    if shape is None or dtype.kind not in "biuf" or ndim not in (None, len(shape)):
        wanted = "numbers" if ndim is None else f"numbers in {ndim} dimension{'s'[: ndim > 1]}"
        raise FormatError(
            f"{where}: {found.name}: expected {wanted}, got shape {shape} of type {dtype}"
        )
    _check_size(found, where)
    return found


def numbers(group: Any, path: str, where: str, *, ndim: int | None = None) -> NDArray[Any]:
    """Return the numbers at `path`, in the type that the file has them; see `numeric`."""
    return np.asarray(numeric(group, path, where, ndim=ndim)[()])


def whole(values: Any, where: str) -> NDArray[np.int64]:
    """Return numbers as integers.

    Raises
    ------
    FormatError
        Where one is not whole, or too large to be exact.
    """
    try:
        return frozen(values, np.int64, what=where)
    except DataError as error:
        raise FormatError(str(error)) from error
