"""Plain arrays by name in one HDF5 file: what a network needs and SONATA has no place for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from allentk.io.hdf5 import member, numbers, open_hdf5
from allentk.io.sonata.layout import create_dataset, create_hdf5

__all__ = ["read_arrays", "write_arrays"]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], compression: str | None) -> Path:
    """Write numbers under ``/arrays``; the caller sees to it that the file appears whole."""
    with create_hdf5(path) as file:
        group = file.create_group("arrays")
        for name, values in arrays.items():
            create_dataset(group, name, values.shape, values.dtype, compression)[...] = values
    return path


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote.

    Raises
    ------
    FormatError
        Where the file is missing or damaged.
    """
    with open_hdf5(path, "the arrays of a network that allentk wrote") as file:
        group = member(file, "arrays")
        names = [] if group is None else list(group)
        return {name: numbers(group, name, str(path)) for name in names}
