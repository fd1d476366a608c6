"""Files that appear whole or not at all, and clear words where there is no room for them."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allentk.errors import ConfigError

__all__ = ["part_of", "prepared", "room", "whole", "write_json", "write_text"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def part_of(target: Path) -> Path:
    """Return the hidden name beside `target` under which a download is written."""
    return target.with_name(f".{target.name}.part")


@contextmanager
def room(target: Path) -> Iterator[None]:
    """Turn what keeps a file from being written into an error with a next step.

    Raises
    ------
    ConfigError
        Where the disk is full or broken, or the folder may not be written to or is not there.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            why = "the disk is full"
        elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
            why = f"no permission ({error})"
        elif isinstance(error, NotADirectoryError | IsADirectoryError | FileExistsError):
            why = f"something else stands in its place ({error})"
        elif error.errno is None or isinstance(error, ConnectionError | TimeoutError):
            # Not of the disk: said on purpose, or by a network.
            raise
        else:
            why = str(error)
        raise ConfigError(
            f"cannot write {target}: {why}; nothing was left there. Make room, or name another "
            f"folder (downloads: cache_dir= or ALLENTK_CACHE_DIR; channels compiled for NEURON: "
            f"ALLENTK_MECHANISMS_DIR)"
        ) from error


def prepared(folder: str | os.PathLike[str]) -> Path:
    """Make a folder, see that a file can be written into it, and return it: before the work for it is done.

    Raises
    ------
    ConfigError
        Where there is no room or no permission.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     prepared(Path(folder) / "results").name
    'results'
    """
    path = Path(folder)
    with room(path):
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".{secrets.token_hex(4)}.part"
        probe.touch(exist_ok=False)
        probe.unlink()
    return path


@contextmanager
def whole(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a hidden file beside `target`, which becomes `target` where the block ends well.

    Raises
    ------
    ConfigError
        Where there is no room or no permission; an older `target` stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole(Path(folder) / "notes.txt") as part:
    ...         _ = part.write_text("all of it")
    ...     os.listdir(folder)
    ['notes.txt']
    """
    path = Path(target)
    with room(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # tempfile's own files are private, and the umask, by which to open them up, can only be asked
        # for by changing it, which other threads would see.
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        part.touch(exist_ok=False)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def write_text(target: str | os.PathLike[str], text: str) -> Path:
    """Write `text` as UTF-8 with plain line ends and return the path; see `whole`."""
    with whole(target) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return Path(target)


def write_json(target: str | os.PathLike[str], document: Any) -> Path:
    """Write a JSON file and return its path; see `whole`."""
    return write_text(target, json.dumps(document, indent=1) + "\n")
