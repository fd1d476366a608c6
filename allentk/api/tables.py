"""Rows of a service into a DataFrame with one type per column, and choosing among its rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from allentk.api.rma import Row
from allentk.errors import DataError, ServiceError

__all__ = ["Field", "Wanted", "choose", "documented", "dtype_of", "frame"]

Kind: TypeAlias = Literal["id", "int", "float", "bool", "text", "list"]
#: One value, or several of which any will do.
Wanted: TypeAlias = str | int | bool | Iterable[str] | Iterable[int] | None

_TEXT: Any = (
    pd.StringDtype("python", na_value=np.nan) if int(pd.__version__.split(".")[0]) >= 3 else object
)
_DTYPES: dict[str, Any] = {
    "id": "int64",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
    "text": _TEXT,
    "list": object,
}
_TRUTH = {"true": True, "t": True, "false": False, "f": False}


@dataclass(frozen=True, slots=True)
class Field:
    """Where a column comes from.

    Parameters
    ----------
    key : str
        Key of a row, or a path such as ``"specimen.donor.sex"``. The first key must be in every row.
    kind : {"id", "int", "float", "bool", "text", "list"}
        What its values are; an id is never missing.
    take : callable, optional
        Gets the value from the row, where a path does not do.
    unit : str
        Its unit; empty where it has none.
    meaning : str
        What it says, in words.
    """

    key: str
    kind: Kind
    take: Callable[[Row], Any] | None = None
    unit: str = ""
    meaning: str = ""

    def value(self, row: Row) -> Any:
        """Return the value of a row, as the service gave it."""
        if self.take is not None:
            return self.take(row)
        value: Any = row
        for key in self.key.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value


def documented(kind: Kind, lines: str) -> dict[str, Field]:
    """Return fields of one kind that are called as in the service, each with unit and meaning.

    Parameters
    ----------
    kind : {"id", "int", "float", "bool", "text", "list"}
        What their values are.
    lines : str
        One column per line: ``name | unit | meaning``.

    Examples
    --------
    >>> documented("float", "total_length | um | length of all branches")["total_length"].unit
    'um'
    """
    found = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, unit, meaning = (part.strip() for part in line.split("|"))
        found[name] = Field(name, kind, unit=unit, meaning=meaning)
    return found


def dtype_of(kind: Kind) -> Any:
    """Return the type that a column of a kind has in a DataFrame."""
    return _DTYPES[kind]


def frame(rows: list[Row], columns: Mapping[str, Field], *, what: str) -> pd.DataFrame:
    """Return a table of these columns, one row per row.

    Raises
    ------
    ServiceError
        Where a key is missing in a row, or a value is not of its kind; names row and column.
    """
    needed = {field.key.split(".")[0] for field in columns.values()}
    for number, row in enumerate(rows):
        if missing := sorted(needed - row.keys()):
            raise ServiceError(
                f"{what}: row {number} lacks {', '.join(missing)}; it has "
                f"{', '.join(sorted(row)[:8])}... The service's table is not what it was: is there "
                f"a newer allentk?"
            )
    return pd.DataFrame({name: _column(rows, name, field, what) for name, field in columns.items()})


def _column(rows: list[Row], name: str, field: Field, what: str) -> pd.Series:
    convert = _CONVERT[field.kind]
    values = []
    for number, row in enumerate(rows):
        value = None
        try:
            value = field.value(row)
            values.append(convert(value))
        except (TypeError, ValueError, OverflowError) as error:
            raise ServiceError(
                f"{what}: expected {name!r} of row {number} to be of kind {field.kind!r}, got "
                f"{str(value)[:60]!r}. The service's table is not what it was: is there a newer "
                f"allentk?"
            ) from error
    try:
        return pd.Series(values, dtype=_DTYPES[field.kind])
    except (TypeError, ValueError, OverflowError) as error:
        raise ServiceError(
            f"{what}: expected {name!r} to be of kind {field.kind!r} ({error}). The service's table is "
            f"not what it was: is there a newer allentk?"
        ) from error


def _whole(value: Any) -> int:
    number = float(value)
    if isinstance(value, bool) or not number.is_integer():
        raise ValueError(value)
    written = isinstance(value, str) and value.strip().lstrip("+-").isdecimal()
    return int(value) if written or isinstance(value, int) else int(number)


def _int(value: Any) -> Any:
    return pd.NA if value is None or value == "" else _whole(value)


def _float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    return math.nan if value is None or value == "" else float(value)


def _bool(value: Any) -> Any:
    if value is None or value == "":
        return pd.NA
    if isinstance(value, bool):
        return value
    if str(value).lower() not in _TRUTH:
        raise ValueError(value)
    return _TRUTH[str(value).lower()]


def _text(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise TypeError(value)
    return np.nan if value is None or value == "" else str(value)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "id": _whole,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "text": _text,
    "list": list,
}


def choose(table: pd.DataFrame, what: str, **wanted: Wanted) -> pd.DataFrame:
    """Return the rows whose columns have the values wanted; case does not matter.

    Parameters
    ----------
    table : DataFrame
        The rows there are.
    what : str
        What they are, in words; used in messages.
    **wanted
        Column = value or values; None leaves the column alone.

    Raises
    ------
    DataError
        Where none of the values occurs anywhere in the column, which is a slip of the pen more
        often than a result; lists those that do.
    """
    keep = np.ones(len(table), dtype=bool)
    for name, value in wanted.items():
        if value is None:
            continue
        values = [value] if isinstance(value, str | int) else list(value)
        asked = {_plain(one) for one in values}
        column = [_plain(one) for one in table[name]]
        if not asked.intersection(column):
            there = sorted({str(one) for one in table[name].dropna()})
            listed = ", ".join(there[:30]) + (", ..." if len(there) > 30 else "")
            raise DataError(
                f"{what}: no row has {name} {' or '.join(map(str, values)) or 'of no value'}; there "
                f"are: {listed}"
            )
        keep &= np.fromiter((one in asked for one in column), bool, len(column))
    return table[keep].reset_index(drop=True)


def _plain(value: Any) -> str:
    return str(value).strip().lower()
