"""Tables that pandas wrote to HDF5, read without PyTables and without unpickling anything.

The layout ("fixed") of a frame is a group with the attribute ``pandas_type`` and in it::

    axis0, axis1                   names of the columns; index
    block<i>_items                 columns of one type
    block<i>_values                their numbers, rows x columns where the attribute transposed is 1

Columns of text or of Python objects are one pickled object each. Such columns are left out.

References
----------
pandas, "IO tools: HDF5 (PyTables)"; the layout as files of pandas 0.15 to 2 have it.
"""

from __future__ import annotations

import logging
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import contents, dataset, text, texts

__all__ = ["frame_kind", "read_frame"]

log = logging.getLogger(__name__)


def frame_kind(item: Any) -> str:
    """Return how pandas wrote a group: ``"frame"``, ``"series"``...; empty where it did not."""
    return text(item.attrs.get("pandas_type")) if isinstance(item, h5py.Group) else ""


def read_frame(group: h5py.Group, where: str) -> pd.DataFrame:
    """Return a table that pandas wrote.

    Parameters
    ----------
    group : h5py.Group
        The table.
    where : str
        The file, for messages.

    Returns
    -------
    DataFrame
        ``attrs["left_out"]`` names the columns that were left out because they are pickled.

    Raises
    ------
    FormatError
        Where it is in another layout, or all of it is pickled, or its parts do not fit.
    """
    kind = frame_kind(group)
    place = f"{where}: {group.name}"
    if kind == "series":
        return _series(group, place)
    if kind != "frame":
        raise FormatError(
            f"{place}: expected a table of pandas in the layout 'fixed', got {kind or 'none'!r}. "
            f"pandas.read_hdf may read it where PyTables is installed; it unpickles what it finds, "
            f"so only where you trust the file"
        )
    names, index = _axis(group, "axis0", place), _axis(group, "axis1", place)
    blocks: dict[Any, NDArray[Any]] = {}
    left_out: list[Any] = []
    for number in range(_count(group, place)):
        items = _axis(group, f"block{number}_items", place)
        values = dataset(group, f"block{number}_values", where)
        if values.dtype.kind not in "fiub":
            left_out.extend(items)
            continue
        held = _block(values, (len(index), len(items)), place)
        blocks.update((name, held[:, column]) for column, name in enumerate(items))
    return _assembled(blocks, names, index, left_out, place)


def _assembled(
    blocks: dict[Any, NDArray[Any]],
    names: pd.Index,
    index: pd.Index,
    left_out: list[Any],
    place: str,
) -> pd.DataFrame:
    missing = [name for name in names if name not in blocks and name not in left_out]
    if missing or len(blocks) + len(left_out) != len(names):
        raise FormatError(
            f"{place}: {len(names)} columns, but {len(blocks) + len(left_out)} in the blocks; the "
            f"file is damaged. Delete it and fetch it again"
        )
    if left_out and not blocks:
        raise FormatError(
            f"{place}: all of this table is pickled Python objects, which are not read, because "
            f"reading them runs whatever code is in them. Measure it from the session instead: "
            f"allentk.responses on session.dff() and session.stimulus_table()"
        )
    if left_out:
        log.info("%s: left out, because pickled: %s", place, ", ".join(map(str, left_out)))
    table = pd.DataFrame({name: blocks[name] for name in names if name in blocks}, index=index)
    table.attrs["left_out"] = [str(name) for name in left_out]
    return table


def _series(group: h5py.Group, place: str) -> pd.DataFrame:
    index = _axis(group, "index", place)
    values = dataset(group, "values", place)
    if values.dtype.kind not in "fiub":
        raise FormatError(f"{place}: this column is pickled Python objects, which are not read")
    name = text(group.attrs.get("name"))
    held = _block(values, (len(index),), place)
    table = pd.DataFrame({name if name.isidentifier() else "value": held}, index=index)
    table.attrs["left_out"] = []
    return table


def _count(group: h5py.Group, place: str) -> int:
    count = group.attrs.get("nblocks")
    if not isinstance(count, int | np.integer) or not 0 <= count <= len(group):
        raise FormatError(f"{place}: expected the number of blocks in 'nblocks', got {count!r}")
    return int(count)


def _axis(group: h5py.Group, name: str, place: str) -> pd.Index:
    variety = text(group.attrs.get(f"{name}_variety")) or "regular"
    if variety != "regular":
        raise FormatError(
            f"{place}: {name} has several levels ({variety}), and only plain ones are read here"
        )
    held = dataset(group, name, place)
    if "shape" in held.attrs:
        return pd.Index([])
    if held.ndim != 1:
        raise FormatError(f"{place}: {name}: expected one dimension, got shape {held.shape}")
    if text(held.attrs.get("kind")).startswith("datetime64"):
        return pd.DatetimeIndex(contents(held).astype("datetime64[ns]"))
    if held.dtype.kind in "fiu":
        return pd.Index(contents(held))
    if held.dtype.kind == "S" or h5py.check_string_dtype(held.dtype) is not None:
        return pd.Index(texts(held))
    raise FormatError(f"{place}: {name} is pickled Python objects, which are not read")


def _block(held: h5py.Dataset, shape: tuple[int, ...], place: str) -> NDArray[Any]:
    if "shape" in held.attrs:  # how PyTables writes an array without elements: a place holder
        values = np.empty(shape, dtype=held.dtype)
    else:
        values = np.asarray(contents(held))
        if not held.attrs.get("transposed", 0):
            values = values.T
    if values.shape != shape:
        raise FormatError(
            f"{place}: {held.name}: expected shape {shape}, got {values.shape}; the file is damaged. "
            f"Delete it and fetch it again"
        )
    if held.id.get_type().get_class() == h5py.h5t.BITFIELD:
        return values.astype(bool)
    if text(held.attrs.get("value_type")).startswith("datetime64"):
        return values.astype("datetime64[ns]")
    return values
