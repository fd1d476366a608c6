"""NWB 2's tables: a column is a dataset; a ragged one has a second dataset that says where rows end.

The last value of row ``i`` of a ragged column ``x`` stands before ``x_index[i]``, its first one at
``x_index[i - 1]``, or at 0 for the first row. One row is read without the rest of the column.

References
----------
HDMF common format, DynamicTable and VectorIndex: https://hdmf-common-schema.readthedocs.io
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import attribute, contents, dataset, member, numbers, text

__all__ = ["column", "ragged_bounds", "ragged_rows", "read_table", "row_ids", "table_group"]

#: Columns that only tie rows to other parts of the file.
_TIES = frozenset({"tags", "timeseries", "timeseries_index", "tags_index"})
_NOTHING = frozenset({"", "null", "nan", "none"})


def table_group(file: h5py.File, path: str, where: str) -> h5py.Group:
    """Return the group of a table.

    Raises
    ------
    FormatError
        Where there is none at `path`, or it has no ``id``.
    """
    group = member(file, path)
    if not isinstance(group, h5py.Group) or not isinstance(member(group, "id"), h5py.Dataset):
        got = "nothing" if group is None else "no table (it has no 'id')"
        raise FormatError(f"{where}: /{path}: expected a table of NWB 2, got {got}")
    return group


def row_ids(group: h5py.Group) -> NDArray[np.int64]:
    """Return the ids of a table's rows."""
    return numbers(group, "id", str(group.file.filename)).astype(np.int64).ravel()


def read_table(
    group: h5py.Group, where: str, *, names: Collection[str] | None = None, key: str = "id"
) -> pd.DataFrame:
    """Return a table, one row per row; ragged columns and images in cells are left out.

    Parameters
    ----------
    group : h5py.Group
        The table.
    where : str
        The file, for messages.
    names : collection of str, optional
        Only these columns, as far as there are any.
    key : str
        What to call the first column, which holds the ids.

    Raises
    ------
    FormatError
        Where a column is longer or shorter than the ids.
    """
    ids = row_ids(group)
    columns: dict[str, Any] = {key: ids}
    for name in _listed(group):
        if name == "id" or (names is not None and name not in names):
            continue
        data = member(group, name)
        if isinstance(data, h5py.Dataset) and _is_plain(data):
            columns[name] = column(data, ids.size, where)
    return pd.DataFrame(columns)


def _listed(group: h5py.Group) -> list[str]:
    """Return the columns in the file's own order, without ragged ones and their indices."""
    written = attribute(group, "colnames")
    ordered = [text(name) for name in np.atleast_1d(written)] if written is not None else []
    names = list(dict.fromkeys([*ordered, *group]))
    ragged = {name.removesuffix("_index") for name in group if name.endswith("_index")}
    spare = {f"{name}_index" for name in ragged if name in group}
    return [name for name in names if name not in _TIES | spare | (ragged & set(group))]


def _is_plain(data: h5py.Dataset) -> bool:
    """Whether a column holds one number or one text per row."""
    reference = h5py.check_ref_dtype(data.dtype) is not None
    return data.ndim == 1 and not reference and data.dtype.names is None


def column(data: h5py.Dataset, n_rows: int, where: str) -> Any:
    """Return the values of a plain column: numbers, truths, or texts.

    Texts that are all numbers become numbers; ``null`` and an empty text become NaN.

    Raises
    ------
    FormatError
        Where there are not `n_rows` of them.
    """
    if data.shape != (n_rows,):
        raise FormatError(
            f"{where}: {data.name}: expected {n_rows} rows, got shape {data.shape}; the file is damaged"
        )
    values = contents(data)
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    if values.dtype.kind in "fb":
        return values
    return _texts(values)


def _texts(values: NDArray[Any]) -> pd.Series:
    words = [text(value) for value in values]
    series = pd.Series([np.nan if word.lower() in _NOTHING else word for word in words])
    parsed = pd.to_numeric(series, errors="coerce")
    if bool((parsed.isna() == series.isna()).all()):
        return parsed.astype(float)
    return series


def ragged_bounds(group: h5py.Group, name: str, row: int, where: str) -> tuple[int, int]:
    """Return where a row of a ragged column begins and ends, reading two numbers only.

    Raises
    ------
    FormatError
        Where the column is not there, or its index does not fit it.
    """
    index = dataset(group, f"{name}_index", where)
    data = dataset(group, name, where)
    if not 0 <= row < index.shape[0]:
        raise FormatError(
            f"{where}: {index.name}: expected a row {row}, but there are {index.shape[0]}; the file is "
            f"damaged"
        )
    ends = index[max(row - 1, 0) : row + 1].astype(np.int64)
    first, last = (0 if row == 0 else int(ends[0])), int(ends[-1])
    _expect_inside(first, last, data, where)
    return first, last


def ragged_rows(group: h5py.Group, name: str, where: str) -> list[NDArray[Any]]:
    """Return every row of a ragged column as an array; the whole column is read.

    Raises
    ------
    FormatError
        Where the column is not there, or its index does not fit it.
    """
    ends = numbers(group, f"{name}_index", where, ndim=1).astype(np.int64)
    data = dataset(group, name, where)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
        _expect_inside(first, last, data, where)
    values = contents(data)
    return [values[first:last] for first, last in zip(starts, ends, strict=True)]


def _expect_inside(first: int, last: int, data: h5py.Dataset, where: str) -> None:
    if not 0 <= first <= last <= data.shape[0]:
        raise FormatError(
            f"{where}: {data.name}_index: a row from {first} to {last} does not fit the column of "
            f"{data.shape[0]} values; the file is damaged"
        )
