"""What a file must look like before it may carry its name: a glance, not a reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from allentk.errors import IntegrityError

__all__ = ["Check", "json_object", "nwb", "swc"]

#: Raises IntegrityError where the file at a path is not of its kind; the text names it in messages.
Check: TypeAlias = Callable[[Path, str], None]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_GLANCE = 2**16
_SWC_COLUMNS = 7


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_GLANCE)


def _not(kind: str, path: Path, what: str) -> IntegrityError:
    start = _start(path)
    page = start.lstrip()[:1] == b"<"
    got = f"{'a web page' if page else 'something else'} beginning {start[:40]!r}"
    return IntegrityError(
        f"{what}: expected {kind}, got {path.stat().st_size} bytes of {got}; it was not kept. Try "
        f"again later: services answer like this when they are out of order"
    )


def nwb(path: Path, what: str) -> None:
    """Expect an HDF5 file, which NWB files are.

    Raises
    ------
    IntegrityError
        Where it has not HDF5's signature.
    """
    if not _start(path).startswith(_HDF5):
        raise _not("an NWB file (HDF5)", path, what)


def swc(path: Path, what: str) -> None:
    """Expect SWC: the first line that is no comment has seven numbers.

    Raises
    ------
    IntegrityError
        Where it has not.
    """
    text = _start(path).decode("utf-8", errors="replace")
    nodes = (line.split("#", 1)[0].split() for line in text.splitlines())
    first = next((words for words in nodes if words), [])
    if len(first) != _SWC_COLUMNS or not all(map(_is_number, first)):
        raise _not("an SWC file", path, what)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def json_object(path: Path, what: str) -> None:
    """Expect a JSON object.

    Raises
    ------
    IntegrityError
        Where it is none.
    """
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _not("JSON", path, what) from error
    if not isinstance(document, dict) or document.get("success") is False:
        raise _not("a JSON object", path, what)
