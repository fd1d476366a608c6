"""Published CSV tables into DataFrames with one type per column.

A column that is documented gets the type its documentation says; one that is not, because a newer
release added it, is kept as it comes.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.api.checks import Check
from allentk.api.tables import Field, dtype_of
from allentk.errors import FormatError, IntegrityError

__all__ = ["csv_check", "read_csv", "typed"]

_GLANCE_ROWS = 100
_NOTHING = ["", "nan", "NaN", "None", "NULL"]
_TEXT = dtype_of("text")
_ITEM = re.compile(r"'([^']*)'|\"([^\"]*)\"|(-?\d+)")
_DIGITS = re.compile(r"([+-]?\d{1,19})(?:\.0*)?", re.ASCII)
_TRUTH = {"true": True, "t": True, "1": True, "1.0": True} | {
    "false": False,
    "f": False,
    "0": False,
    "0.0": False,
}


def read_csv(
    path: Path, columns: Mapping[str, Field], *, what: str, n_rows: int | None = None
) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of str to Field
        Columns there may be. Those of kind ``"id"`` must be there.
    what : str
        What it is, in words; used in messages.
    n_rows : int, optional
        Only so many rows.

    Raises
    ------
    FormatError
        Where it is no such table; names file and column.
    """
    as_text = {n: _TEXT for n, f in columns.items() if f.kind != "float"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path,
                dtype=as_text,
                index_col=False,
                keep_default_na=False,
                na_values=_NOTHING,
                low_memory=False,
                nrows=n_rows,
            )
    except pd.errors.ParserWarning as error:
        raise FormatError(
            f"{path}: expected {what} as CSV, but its rows have more fields than the header; delete it "
            f"and ask again"
        ) from error
    except (ValueError, OSError) as error:
        raise FormatError(
            f"{path}: expected {what} as CSV ({error}); delete it and ask again"
        ) from error
    spare = [name for name in table.columns if str(name).startswith("Unnamed: ")]
    return typed(table.drop(columns=spare), columns, what=f"{path}: {what}")


def csv_check(columns: Mapping[str, Field]) -> Check:
    """Return a check that a fresh file begins like the table it should be."""

    def check(path: Path, what: str) -> None:
        try:
            read_csv(path, columns, what=what, n_rows=_GLANCE_ROWS)
        except FormatError as error:
            raise IntegrityError(f"{what}: what came is not that table: {error}") from error

    return check


def typed(table: pd.DataFrame, columns: Mapping[str, Field], *, what: str) -> pd.DataFrame:
    """Return a table whose documented columns have their types, ids first as they are listed.

    Raises
    ------
    FormatError
        Where an id is missing, or a value is not of its kind; names the column.
    """
    missing = [name for name, f in columns.items() if f.kind == "id" and name not in table]
    if missing:
        raise FormatError(
            f"{what}: expected the columns {', '.join(missing)}; there are "
            f"{', '.join(map(str, table.columns[:12]))}... Is there a newer allentk?"
        )
    listed = [name for name in columns if name in table]
    further = [name for name in table.columns if name not in columns]
    converted = {name: _column(table[name], columns[name].kind, name, what) for name in listed}
    return pd.DataFrame({**converted, **{name: table[name] for name in further}})


def _column(values: pd.Series, kind: str, name: str, what: str) -> pd.Series:
    try:
        return _CONVERT[kind](values)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(
            f"{what}: expected {name!r} to be of kind {kind!r} ({error}). The table is not what it was: "
            f"is there a newer allentk?"
        ) from error


def _ints(values: pd.Series) -> pd.Series:
    parsed = pd.to_numeric(values)
    if parsed.dtype != np.int64 and not pd.api.types.is_numeric_dtype(values.dtype):
        parsed = pd.Series(map(_whole, values), index=values.index, dtype=object)
    return parsed.astype("Int64")


def _whole(value: Any) -> Any:
    """Return a whole number exactly, also one beyond what a float can tell apart from the next."""
    if pd.isna(value):
        return pd.NA
    if found := _DIGITS.fullmatch(str(value).strip()):
        return int(found[1])
    number = float(value)
    if not number.is_integer():
        raise ValueError(f"got {value!r}")
    return int(number)


def _ids(values: pd.Series) -> pd.Series:
    return _ints(values).astype("int64")


def _floats(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values).astype("float64")


def _texts(values: pd.Series) -> pd.Series:
    return values.map(str, na_action="ignore").astype(_TEXT)


def _bools(values: pd.Series) -> pd.Series:
    plain = _texts(values).str.strip().str.lower()
    known = plain.map(_TRUTH)
    wrong = plain[known.isna() & values.notna()]
    if len(wrong):
        raise ValueError(f"got {wrong.iloc[0]!r}")
    return known.astype("boolean")


def _lists(values: pd.Series) -> pd.Series:
    """Return lists written as ``['VISp', 'CA1']`` or ``[1, 2]``; a missing one is empty."""
    return pd.Series([_items(value) for value in values], index=values.index, dtype=object)


def _items(value: Any) -> list[Any]:
    if isinstance(value, list | tuple | np.ndarray):
        return list(value)
    if not isinstance(value, str):
        return []
    found = (_ITEM.findall(value)) if value.strip()[:1] in ("[", "(") else [(value, "", "")]
    return [int(number) if number else one or other for one, other, number in found]


_CONVERT = {
    "id": _ids,
    "int": _ints,
    "float": _floats,
    "bool": _bools,
    "text": _texts,
    "list": _lists,
}
