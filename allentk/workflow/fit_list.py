"""A file that lists cells: specimen ids and NWB files, one per line."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

from allentk.errors import DataError, FormatError
from allentk.workflow.recordings import Named

__all__ = ["read_list"]

#: What a header may call the column that names the cells; the first that is there.
COLUMNS = ("specimen_id", "id", "recording", "path", "file", "source")

_COMMENT = re.compile(r"(^|\s)#.*")

#: No list is longer, in bytes; what is longer is a recording.
_LARGEST = 50_000_000


def read_list(path: str | os.PathLike[str]) -> list[Named]:
    """Read a list of cells.

    Parameters
    ----------
    path : path
        Text or CSV: a specimen id or an NWB file (or a folder of them) per line, ``#`` before comments.
        Of several columns the one called ``specimen_id``, ``id``, ``recording``, ``path``, ``file`` or
        ``source`` counts, else the first. Files are looked for from where the program runs, then
        beside the list.

    Raises
    ------
    FormatError
        Where it is no text.
    DataError
        Where it lists nothing.

    Examples
    --------
    >>> read_list("cells.csv")  # doctest: +SKIP
    [485909730, 'lab/cell-7.nwb']
    """
    file = Path(path)
    lines = (_COMMENT.sub("", line).strip() for line in _text(file).splitlines())
    rows = [[field.strip() for field in row] for row in csv.reader(filter(None, lines))]
    rows = [row for row in rows if any(row)]
    column = _column(rows[0]) if rows else None
    names = [row[column or 0] for row in rows[column is not None :] if len(row) > (column or 0)]
    if not any(names):
        raise DataError(
            f"{file}: expected a specimen id or an NWB file per line; there is none in it"
        )
    return [_named(name, file.parent) for name in names if name]


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise FormatError(f"{file}: expected a list of cells, got a file of over 50 MB")
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise FormatError(
            f"{file}: there is no such file; it should list a cell per line"
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{file}: expected text, a specimen id or an NWB file per line, got something else; a "
            f"recording itself is named without --cells"
        ) from error


def _column(first: list[str]) -> int | None:
    """Return which column names the cells, where the first row is a header."""
    names = [name.lower() for name in first]
    for name in COLUMNS:
        if name in names:
            return names.index(name)
    # A header of other words, such as "cell": neither an id nor a file.
    word = first[0]
    return None if word.isdigit() or Path(word).suffix or "/" in word or Path(word).exists() else 0


def _named(name: str, folder: Path) -> Named:
    if name.isascii() and name.isdigit() and not Path(name).exists():
        return int(name)
    beside = folder / name
    return str(beside) if not Path(name).exists() and beside.exists() else name
