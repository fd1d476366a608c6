"""Tables of cells in files: Parquet read; CSV, JSON and Parquet written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from allentk.atomic import room, whole, write_text
from allentk.errors import FormatError, MissingExtraError
from allentk.plain import plain

__all__ = [
    "TABLES",
    "Record",
    "document_of",
    "read_parquet",
    "records",
    "write_csv",
    "write_if_any",
    "write_table",
]

#: A row of a table in JSON's own types; what is missing is None.
Record: TypeAlias = "dict[str, Any]"

#: Endings of tables of cells that can be read.
TABLES = (".csv", ".csv.gz", ".dat", ".parquet")


def read_parquet(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a Parquet table with one row per cell.

    Raises
    ------
    FormatError
        Where there is no such file, or it is no such table.
    MissingExtraError
        Without pyarrow.
    """
    if find_spec("pyarrow") is None:
        raise MissingExtraError.for_extra("parquet", f"reading {path}")
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (ValueError, OSError) as error:
        raise FormatError(
            f"{path}: expected a Parquet table with one row per cell, but it cannot be read ({error})"
        ) from error


def write_csv(table: pd.DataFrame, file: Path) -> Path:
    """Write a table whole as CSV, lines ended alike on every system, and return the file."""
    return write_text(file, table.to_csv(index=False, lineterminator="\n"))


def write_if_any(table: pd.DataFrame, file: Path) -> tuple[Path, ...]:
    """Write a table as CSV where it has a row, and return the file; else remove an older one."""
    if len(table):
        return (write_csv(table, file),)
    with room(file):
        file.unlink(missing_ok=True)
    return ()


def records(table: pd.DataFrame) -> list[Record]:
    """Return the rows of a table in JSON's own types; what is no finite number becomes None.

    Examples
    --------
    >>> records(pd.DataFrame({"ri": [float("nan"), 120.5]}))
    [{'ri': None}, {'ri': 120.5}]
    """
    rows: list[Record] = plain(table.to_dict("records"))
    return rows


def document_of(metadata: Mapping[str, Any], **tables: pd.DataFrame) -> Record:
    """Return tables in JSON's own types, what they were made by first."""
    return {**metadata, **{name: records(table) for name, table in tables.items()}}


def write_table(table: pd.DataFrame, out: Path) -> Path:
    """Write a table whole, by the ending of its name; ``target_of`` says which there are."""
    kind = out.suffix.lower()
    if kind == ".parquet":
        with whole(out) as part:
            table.to_parquet(part, engine="pyarrow", index=False)
        return out
    if kind == ".json":
        text = json.dumps(records(table), indent=1, ensure_ascii=False, allow_nan=False)
        return write_text(out, text + "\n")
    return write_csv(table, out)
