"""Parsed tables on the disk, column by column, so that they open faster than they are parsed.

A table is one ``.npz`` of plain arrays; nothing is ever unpickled. A key says which answer, and which
columns, it was made of; with another key it counts for nothing. Whole numbers and truth values have a
mask of what is missing; text is a list of the values there are, as JSON, and a number per row; a list
per row is JSON.
"""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from allentk.api.tables import Field, dtype_of
from allentk.atomic import whole
from allentk.errors import ConfigError

__all__ = ["load_table", "save_table", "table_key"]

log = logging.getLogger(__name__)

_FORMAT = "allentk-table-1"
#: What a file of this format, damaged in any way, makes NumPy, zipfile, json and pandas raise.
_DAMAGED = (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile)


def table_key(answer: str, columns: Mapping[str, Field]) -> str:
    """Return what a stored table must have been made of.

    Parameters
    ----------
    answer : str
        Hash, or another name, of the answer that it was parsed from.
    columns : mapping of str to Field
        Its columns; with other code in `allentk.api`, too, the key is another.
    """
    made_of = [(name, field.key, field.kind) for name, field in columns.items()]
    text = json.dumps([_FORMAT, _code(), answer, pd.__version__.split(".")[0], made_of])
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _code() -> str:
    """Return what this room's code is: whatever of it changes, tables are parsed again."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def save_table(path: Path, table: pd.DataFrame, columns: Mapping[str, Field], key: str) -> None:
    """Store a table; where that is not possible it is said in the log only, and parsed next time.

    Parameters
    ----------
    path : Path
        Where.
    table : DataFrame
        What, with these columns.
    columns : mapping of str to Field
        Its columns.
    key : str
        What it was made of.
    """
    arrays = {"key": _bytes(key)}
    for number, (name, field) in enumerate(columns.items()):
        arrays |= {f"{part}{number}": array for part, array in _packed(table[name], field).items()}
    try:
        with whole(path) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
    except ConfigError as error:
        log.info("the parsed table is not kept: %s", error)


def load_table(path: Path, columns: Mapping[str, Field], key: str) -> pd.DataFrame | None:
    """Return a stored table; None where there is none with this key, or it is damaged.

    Parameters
    ----------
    path : Path
        Where.
    columns : mapping of str to Field
        Its columns.
    key : str
        What it must have been made of.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if _text(arrays["key"]) != key:
                return None
            return pd.DataFrame(
                {
                    name: _unpacked(arrays, number, field)
                    for number, (name, field) in enumerate(columns.items())
                }
            )
    except FileNotFoundError:
        return None
    except _DAMAGED as error:
        log.info("%s: the parsed table is damaged and counts for nothing: %s", path, error)
        return None


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _text(array: np.ndarray) -> str:
    return array.tobytes().decode()


def _packed(column: pd.Series, field: Field) -> dict[str, np.ndarray]:
    if field.kind in ("id", "float"):
        return {"values": column.to_numpy()}
    if field.kind == "list":
        return {"json": _bytes(json.dumps(column.tolist()))}
    if field.kind == "text":
        codes, there = pd.factorize(column)
        return {"codes": codes.astype(np.int32), "json": _bytes(json.dumps(list(there)))}
    plain = "int64" if field.kind == "int" else "bool"
    return {
        "values": column.to_numpy(plain, na_value=False),
        "missing": column.isna().to_numpy(bool),
    }


def _unpacked(arrays: Mapping[str, np.ndarray], number: int, field: Field) -> pd.Series:
    if field.kind == "list":
        listed = json.loads(_text(arrays[f"json{number}"]))
        return pd.Series(listed, dtype=object)
    if field.kind == "text":
        there = np.array([*json.loads(_text(arrays[f"json{number}"])), np.nan], dtype=object)
        return pd.Series(there[arrays[f"codes{number}"]], dtype=dtype_of("text"))
    values = arrays[f"values{number}"]
    if field.kind == "int":
        return pd.Series(pd.arrays.IntegerArray(values, arrays[f"missing{number}"]))
    if field.kind == "bool":
        return pd.Series(pd.arrays.BooleanArray(values, arrays[f"missing{number}"]))
    return pd.Series(values, dtype=dtype_of(field.kind))
