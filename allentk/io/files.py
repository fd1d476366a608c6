"""Checking that there is a file to read."""

from __future__ import annotations

import os
from pathlib import Path

from allentk.errors import FormatError

__all__ = ["existing"]


def existing(path: str | os.PathLike[str], what: str) -> Path:
    """Return `path` where it is a file.

    Raises
    ------
    FormatError
        Where there is no such file; `what` says what was wanted.
    """
    found = Path(path)
    if found.is_dir():
        raise FormatError(f"{found}: expected {what}, got a folder; name the file inside it")
    if not found.is_file():
        raise FormatError(f"{found}: there is no such file; expected {what}. Check the path")
    return found
