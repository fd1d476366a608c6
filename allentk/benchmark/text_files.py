"""Tables and references as text files, plain or gzipped: read whole, and never beyond a bound."""

from __future__ import annotations

import gzip
import json
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.errors import FormatError

__all__ = ["read_json", "read_table"]

#: Most bytes of a file, unpacked: the largest published table has 50 million.
_MOST_BYTES = 2**30


def read_table(path: Path) -> pd.DataFrame:
    """Return the table of a text file, separated by commas or spaces, plain or gzipped (``.gz``).

    Raises
    ------
    FormatError
        For a file that is missing, too large or no table.
    """
    text = _unpacked(path, "a table of cells")
    separator = "," if b"," in text.partition(b"\n")[0] else " "
    try:
        return pd.read_csv(BytesIO(text), sep=separator)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{path}: expected a table with one row per cell, separated by commas or spaces, but it "
            f"cannot be read: {error}"
        ) from error


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    FormatError
        For a file that is missing, too large or no JSON.
    """
    text = _unpacked(path, "a reference in JSON")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: expected a reference in JSON, but {error}") from error


def _unpacked(path: Path, what: str) -> bytes:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            text: bytes = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{path}: expected {what}, but it cannot be opened: {error}") from error
    if len(text) > _MOST_BYTES:
        raise FormatError(f"{path}: expected {what} of at most {_MOST_BYTES} bytes, got more")
    return text
