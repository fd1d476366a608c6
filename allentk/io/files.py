"""Writing a file whole or not at all, and checking that there is one to read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from allentk.errors import FormatError

__all__ = ["existing", "write_text"]


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


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write `text` to `path` by way of a temporary file beside it, so that no half file is left."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # mkstemp makes the file private; give it the rights any new file would have.
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
    return target
