"""Tables of node types and edge types: text separated by blanks, one row per type.

Words with blanks stand in double quotes, which are doubled inside; ``NULL`` (BMTK: also ``NONE``) is no
value. What is read stays text, as it was written: ``numbers``
makes numbers of columns that hold nothing else.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.atomic import write_text
from allentk.errors import DataError, FormatError
from allentk.io.files import existing

__all__ = ["MISSING", "numbers", "read_types", "types_of", "write_types"]

#: What stands where there is no value; the first is written.
MISSING = ("NULL", "NONE")


def read_types(path: str | os.PathLike[str], key: str) -> pd.DataFrame:
    r"""Read a table of types.

    Parameters
    ----------
    path : path
        ``node_types.csv`` or ``edge_types.csv``.
    key : str
        ``"node_type_id"`` or ``"edge_type_id"``.

    Returns
    -------
    DataFrame
        Text, None where there is none; the index is the type's id.

    Raises
    ------
    FormatError
        Where there is no such file, no column `key`, a row of another length, or an id that is none or
        occurs twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "node_types.csv"
    ...     _ = file.write_text("node_type_id ei\n100 e\n101 NULL\n")
    ...     read_types(file, "node_type_id")["ei"].tolist()
    ['e', None]
    """
    found = existing(path, f"a table with {key}")
    try:
        lines = found.read_text(encoding="utf-8-sig").splitlines(keepends=True)
        rows = [
            row
            for row in csv.reader(lines, delimiter=" ", skipinitialspace=True, strict=True)
            if any(row)
        ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(
            f"{found}: expected a table separated by blanks, got what cannot be read ({error})"
        ) from error
    header = _stripped(rows[0]) if rows else []
    if key not in header or len(set(header)) < len(header):
        raise FormatError(
            f"{found}: expected a column {key!r} and columns of different names, got {header!r:.200}; is "
            f"it separated by blanks?"
        )
    body = []
    for number, row in enumerate(rows[1:], start=2):
        words = _stripped(row, len(header))
        if len(words) != len(header):
            raise FormatError(
                f"{found}, row {number}: expected {len(header)} words ({' '.join(header)!s:.100}), got "
                f"{len(words)}; words with blanks belong in double quotes"
            )
        body.append([None if word in MISSING else word for word in words])
    table = pd.DataFrame(body, columns=header, dtype=object)
    table.index = pd.Index(_ids(table[key], found, key), name=key)
    return table.drop(columns=key)


def _stripped(row: list[str], length: int | None = None) -> list[str]:
    """Leave out the empty word that blanks at the end of a line make."""
    return row[:-1] if row and row[-1] == "" and len(row) != length else row


def _ids(words: pd.Series, path: Path, key: str) -> NDArray[np.int64]:
    ids = []
    for word in words:
        try:
            ids.append(int(word))
        except (TypeError, ValueError) as error:
            raise FormatError(
                f"{path}: expected a whole number as {key}, got {word!r:.40}"
            ) from error
        if not 0 <= ids[-1] < 2**63:
            raise FormatError(f"{path}: expected a {key} of 0 or more, got {word!r:.40}")
    twice = [one for one in set(ids) if ids.count(one) > 1] if len(set(ids)) < len(ids) else []
    if twice:
        raise FormatError(
            f"{path}: {key} {min(twice)} occurs twice; every type needs an id of its own"
        )
    return np.array(ids, dtype=np.int64)


def numbers(types: pd.DataFrame) -> pd.DataFrame:
    """Return the table with numbers in every column that holds only numbers.

    Examples
    --------
    >>> numbers(pd.DataFrame({"delay": ["2.0", "1"], "ei": ["e", "1"]})).to_dict("list")
    {'delay': [2.0, 1.0], 'ei': ['e', '1']}
    """
    made = types.copy()
    for name in types.columns:
        there = types[name].notna()
        values = pd.to_numeric(types.loc[there, name], errors="coerce")
        if there.any() and values.notna().all():
            made[name] = values.reindex(types.index)
    return made


def types_of(
    ids: NDArray[np.int64], types: pd.DataFrame, where: str, key: str
) -> NDArray[np.int64]:
    """Return the row of its type for every node or edge.

    Raises
    ------
    FormatError
        Where a type is not in the table.
    """
    rows = types.index.get_indexer(ids)
    if (rows < 0).any():
        missing = np.unique(ids[rows < 0])
        raise FormatError(
            f"{where}: {key} {missing[0]} is not in the table of types, which has "
            f"{types.index[:8].tolist()}; {missing.size} types are missing"
        )
    found: NDArray[np.int64] = rows.astype(np.int64)
    return found


def write_types(path: Path, types: pd.DataFrame, key: str) -> Path:
    """Write a table of types; its index is the ids.

    Raises
    ------
    DataError
        Where a text would read as no value, or has a line end.
    """
    header = [key, *map(str, types.columns)]
    rows = [
        [str(one), *(_word(value, path) for value in row)]
        for one, row in zip(types.index, types.itertuples(index=False, name=None), strict=True)
    ]
    return write_text(path, "".join(" ".join(map(_quoted, row)) + "\n" for row in [header, *rows]))


def _word(value: Any, path: Path) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return MISSING[0]
    word = str(value)
    if word in MISSING or "\n" in word or "\r" in word:
        raise DataError(f"{path}: the text {word!r} cannot stand in a table of types; rename it")
    return word


def _quoted(word: str) -> str:
    plain = word and not any(one in word for one in ' "\t') and word.isprintable()
    return word if plain else '"' + word.replace('"', '""') + '"'
