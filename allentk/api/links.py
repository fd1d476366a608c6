"""Links to files, found in the service's answers; nothing in an answer is taken on trust."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allentk.api.rma import Row

__all__ = ["file_link", "inside"]


def inside(row: Any, *path: str) -> Iterator[Row]:
    """Yield the objects at the end of a path, through lists and single objects alike.

    Examples
    --------
    >>> list(inside({"a": [{"b": {"id": 1}}, {"b": None}]}, "a", "b"))
    [{'id': 1}]
    """
    if isinstance(row, list):
        for one in row:
            yield from inside(one, *path)
    elif isinstance(row, dict):
        if path:
            yield from inside(row.get(path[0]), *path[1:])
        else:
            yield row


def file_link(rows: Any, *path: str, kind: str) -> str | None:
    """Return the first link to a file of a kind; None where there is none.

    Parameters
    ----------
    rows : list or dict
        The answer.
    *path : str
        Where the files are in it.
    kind : str
        Name of the file type. A file whose type was not sent along counts as one, because the
        query already asked for that type.
    """
    for file in inside(rows, *path):
        named = file.get("well_known_file_type")
        written = named.get("name", kind) if isinstance(named, dict) else kind
        link = file.get("download_link")
        if written == kind and isinstance(link, str):
            return link
    return None
