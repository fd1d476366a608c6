"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allentk.errors import ConfigError

__all__ = ["part_of", "room", "write_json"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def part_of(target: Path) -> Path:
    """Return the hidden name beside `target` under which it is written."""
    return target.with_name(f".{target.name}.part")


@contextmanager
def room(target: Path) -> Iterator[None]:
    """Turn a full disk, or a folder that may not be written to, into an error with a next step.

    Raises
    ------
    ConfigError
        Names the file.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            why = "the disk is full"
        elif isinstance(error, PermissionError):
            why = f"no permission ({error})"
        elif isinstance(error, NotADirectoryError | IsADirectoryError | FileExistsError):
            why = f"something else stands in its place ({error})"
        else:
            raise
        raise ConfigError(
            f"cannot write {target}: {why}; nothing was left there. Make room, or name another "
            f"folder by cache_dir= or ALLENTK_CACHE_DIR"
        ) from error


def write_json(target: Path, document: Any) -> None:
    """Write a JSON file; whoever reads meanwhile finds the old one or the new one.

    Raises
    ------
    ConfigError
        Where there is no room or no permission.
    """
    part = part_of(target)
    with room(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8", newline="\n")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
