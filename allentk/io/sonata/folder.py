"""A folder that appears whole under its name, or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allentk.atomic import room
from allentk.errors import ConfigError

__all__ = ["whole_folder"]


@contextmanager
def whole_folder(
    target: str | os.PathLike[str], *, overwrite: bool = False, of: str = "circuit_config.json"
) -> Iterator[Path]:
    """Yield a hidden folder beside `target`, which becomes `target` where the block ends well.

    Parameters
    ----------
    target : path
        The folder; those above it are made.
    overwrite : bool
        Replace a folder that is there, where it is one of these: it has a file `of`.
    of : str
        File by which such a folder is known.

    Raises
    ------
    ConfigError
        Where the folder is there and may not be replaced, or there is no room or no permission; nothing
        is left, and an older folder stays as it was.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as here:
    ...     with whole_folder(Path(here) / "net") as part:
    ...         _ = (part / "circuit_config.json").write_text("{}")
    ...     os.listdir(here)
    ['net']
    """
    path = Path(target).absolute()
    _check_free(path, overwrite, of)
    with room(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not by tempfile, whose folders are private; see `allentk.atomic.whole`.
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        part.mkdir()
        try:
            yield part
            _check_free(path, overwrite, of)
            _replace(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _check_free(path: Path, overwrite: bool, of: str) -> None:
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise ConfigError(f"cannot write the folder {path}: something else stands in its place")
    if not path.is_dir() or not any(path.iterdir()):
        return
    if not overwrite:
        raise ConfigError(
            f"{path}: there is such a folder already; name another one, or give overwrite=True to "
            f"replace it"
        )
    if not (path / of).is_file():
        raise ConfigError(
            f"{path}: overwrite=True replaces a folder that was written before, and this one has no "
            f"{of}; name another folder, or delete it yourself"
        )


def _replace(part: Path, path: Path) -> None:
    if not path.is_dir():
        part.rename(path)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".old"))
    try:
        path.rename(old / "old")
        try:
            part.rename(path)
        except OSError:
            (old / "old").rename(path)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
