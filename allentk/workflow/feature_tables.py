"""Measured cells to tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.workflow.feature_cell import ROW_COLUMNS, Measured
from allentk.workflow.table_files import Record

__all__ = ["FEATURE_COLUMNS", "feature_table", "quality_table", "stacked", "sweep_error_table"]

#: Columns of the table of features: the published ones, the low-pass, the file, and whether it is
#: synthetic.
FEATURE_COLUMNS = (*ROW_COLUMNS, "source", "synthetic")

_FLAGS = ("has_burst", "has_delay", "has_pause")
_WHOLE = ("id", "rheobase_sweep_id", "rheobase_sweep_number", "specimen_id", "thumbnail_sweep_id")

#: What may be missing in further tables and is no float for that.
_NULLABLE = {"number": "Int64", "passed": "boolean"}


def feature_table(cells: Sequence[Measured]) -> pd.DataFrame:
    """Return one row per cell: whole numbers as Int64, flags as bool, everything else as float."""
    rows = [{**cell.row, "source": cell.source, "synthetic": cell.synthetic} for cell in cells]
    table = pd.DataFrame(rows, columns=list(FEATURE_COLUMNS))
    return table.astype({name: _dtype(name, table[name]) for name in FEATURE_COLUMNS})


def _dtype(name: str, values: pd.Series[Any]) -> str:
    if name in _FLAGS or name == "synthetic":
        return "bool"
    if name == "source" or (name == "specimen_id" and values.map(_is_text).any()):
        return "string"
    return "Int64" if name in _WHOLE else "float64"


def _is_text(value: object) -> bool:
    """Whether a laboratory's own name of a cell is no number."""
    return isinstance(value, str)


def sweep_error_table(cells: Sequence[Measured]) -> pd.DataFrame:
    """Return one row per sweep that could not be measured, in cells that could."""
    return _of_cells(cells, [cell.sweep_errors for cell in cells], ("number", "error"))


def quality_table(cells: Sequence[Measured]) -> pd.DataFrame:
    """Return the rows of each cell's quality table, the cell first."""
    return _of_cells(cells, [cell.quality or [] for cell in cells])


def _of_cells(
    cells: Sequence[Measured], records: Sequence[list[Record]], columns: tuple[str, ...] = ()
) -> pd.DataFrame:
    rows = [
        {"specimen_id": cell.row["specimen_id"], "source": cell.source, **record}
        for cell, of_cell in zip(cells, records, strict=True)
        for record in of_cell
    ]
    names = dict.fromkeys(("specimen_id", "source", *columns, *(n for row in rows for n in row)))
    table = pd.DataFrame(rows, columns=list(names))
    types = {"specimen_id": _dtype("specimen_id", table["specimen_id"]), **_NULLABLE}
    return table.astype({name: types[name] for name in types if name in table})


def stacked(cells: Sequence[Measured]) -> dict[str, NDArray[np.float64]]:
    """Return each vector as an array of one row per cell.

    A cell without the vector is a row of NaN, and one that is shorter than another's ends in NaN.
    """
    held = [cell.vectors or {} for cell in cells]
    names = dict.fromkeys(name for vectors in held for name in vectors)
    arrays = {}
    for name in names:
        length = max(vectors[name].size for vectors in held if name in vectors)
        arrays[name] = np.full((len(cells), length), np.nan)
        for row, vectors in zip(arrays[name], held, strict=True):
            if name in vectors:
                row[: vectors[name].size] = vectors[name]
    return arrays
