"""Answers on the disk: the service's envelope, its pages joined, or a table as AllenSDK keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from allentk.api.allensdk import read_plain_rows
from allentk.api.rma import Row
from allentk.errors import FormatError

__all__ = ["envelope", "read_rows"]


def envelope(rows: list[Row]) -> bytes:
    """Return rows as the service sends them, in one page."""
    document = {
        "success": True,
        "id": 0,
        "start_row": 0,
        "num_rows": len(rows),
        "total_rows": len(rows),
        "msg": rows,
    }
    return json.dumps(document).encode()


def read_rows(path: Path) -> list[Row]:
    """Return the rows of an answer.

    Raises
    ------
    FormatError
        Where the file was changed.
    """
    if path.suffix == ".csv":
        return read_plain_rows(path)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _changed(path, str(error)) from error
    rows: Any = document.get("msg") if isinstance(document, dict) else document
    if not _are_rows(rows):
        raise _changed(path, f"got {str(document)[:60]!r}")
    return list(rows)


def _are_rows(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _changed(path: Path, why: str) -> FormatError:
    return FormatError(
        f"{path}: expected rows as the service sends them, and the file was changed since it was "
        f"fetched ({why}). Delete it, or ask with refresh=True"
    )
