"""What all SONATA files share: magic number, version, components in folders, and making such a file.

References
----------
Dai et al. 2020, "The SONATA data format for efficient description of large-scale network models",
PLoS Computational Biology 16:e1007696, and its developer guide, version 0.1.
"""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import DTypeLike

from allentk.atomic import room
from allentk.errors import ConfigError, DataError, FormatError
from allentk.io.hdf5 import attribute, member, text

__all__ = [
    "CHUNK",
    "MAGIC",
    "VERSION",
    "component",
    "create_dataset",
    "create_hdf5",
    "has_magic",
    "new_population",
    "populations",
    "warn_compression",
]

#: Attributes of the root of every SONATA file.
MAGIC = 0x0A7A
VERSION = (0, 1)
#: Rows that are held at once where a file is too large to be.
CHUNK = 1 << 21

_COMPRESSIONS = (None, "gzip", "lzf")


def has_magic(file: h5py.File) -> bool:
    """Whether a file says that it is SONATA."""
    found = np.ravel(attribute(file, "magic"))
    return found.size == 1 and found[0] == MAGIC


def populations(file: h5py.File, kind: str, where: Any) -> dict[str, h5py.Group]:
    """Return the populations of a file by name: the groups below ``/nodes``, ``/edges`` and the like.

    Raises
    ------
    FormatError
        Where there is none.
    """
    root = member(file, kind)
    names = list(root) if isinstance(root, h5py.Group) else []
    opened = {name: member(root, name) for name in names}
    found = {name: one for name, one in opened.items() if isinstance(one, h5py.Group)}
    if not found:
        raise FormatError(
            f"{where}: expected populations below /{kind}, got {', '.join(list(file)) or 'nothing'}; is "
            f"this the {kind} file?"
        )
    return found


def new_population(file: h5py.File, kind: str, name: str) -> h5py.Group:
    """Make the group of a population, such as ``/spikes/exc``.

    Raises
    ------
    DataError
        For a name that HDF5 would take for a path.
    """
    if not name or "/" in name or name.strip(".") == "":
        raise DataError(
            f"SONATA: a population cannot be called {name!r}: HDF5 reads a slash as a path; rename "
            f"it, such as {name.replace('/', '-') or 'exc'!r}"
        )
    return file.create_group(f"{kind}/{name}")


def component(folder: Path | None, name: Any, where: str, kind: str) -> Path:
    """Return the path of a component that a table names, where it lies in its folder.

    Raises
    ------
    FormatError
        Where the configuration names no such folder, the name leads out of it, or there is no file.
    """
    if folder is None:
        raise FormatError(f"{where}: names {name!r}, but the configuration has no {kind!r}")
    try:
        path = folder / text(name)
        inside = (
            path.resolve().is_relative_to(folder.resolve()) and path.resolve() != folder.resolve()
        )
        there = inside and path.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise FormatError(
            f"{where}: {str(name)!r:.80} is no name of a file ({error!s:.80})"
        ) from error
    if not inside:
        raise FormatError(
            f"{where}: {str(name)!r:.80} leads out of {kind} ({folder}); it was not followed. Put the "
            f"file into that folder"
        )
    if not there:
        raise FormatError(
            f"{where}: names {str(name)!r:.80}, and there is no such file in {kind}, {folder}"
        )
    return path


def warn_compression(compression: str | None) -> None:
    """Say that some readers cannot read compressed files.

    Raises
    ------
    ConfigError
        Where there is no such compression.
    """
    if compression not in _COMPRESSIONS:
        raise ConfigError(f"compression must be None, 'gzip' or 'lzf', got {compression!r}")
    if compression is not None:
        warnings.warn(
            f"files compressed with {compression} are not read by libsonata's wheels; BMTK and allentk "
            f"read them",
            UserWarning,
            stacklevel=3,
        )


@contextmanager
def create_hdf5(path: Path) -> Iterator[h5py.File]:
    """Make a SONATA file; the caller sees to it that it appears whole (see `whole_folder`).

    Raises
    ------
    ConfigError
        Where there is no room or no permission.
    """
    with room(path):
        try:
            with h5py.File(path, "w", locking=False) as file:
                file.attrs["magic"] = np.uint32(MAGIC)
                file.attrs["version"] = np.array(VERSION, dtype=np.uint32)
                yield file
        except (OSError, RuntimeError, ValueError) as error:
            number = _number_of_disk(error)
            if number is None:
                raise
            raise OSError(number, str(error)) from error


def _number_of_disk(error: Exception) -> int | None:
    """Return the system's number of what is wrong with a disk, as HDF5 says it; else None."""
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        if f"errno = {number}," in str(error) or getattr(error, "errno", None) == number:
            return number
    return None


def create_dataset(
    group: h5py.Group, name: str, shape: tuple[int, ...], dtype: DTypeLike, compression: str | None
) -> h5py.Dataset:
    """Return a new dataset to be filled: in one piece, or in compressed chunks where asked for."""
    packed = compression is not None and np.prod(shape) > 0
    chunks = (min(shape[0], 1 << 16), *shape[1:]) if packed else None
    return group.create_dataset(
        name, shape, dtype, chunks=chunks, compression=compression if packed else None
    )
