"""Which recordings a batch is about: files, folders of files, specimens of the service."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TypeAlias

from allentk.errors import DataError

__all__ = ["Named", "Recording", "Stamp", "listed", "stamp_of"]

#: A file, a folder or a specimen id.
Named: TypeAlias = "str | os.PathLike[str] | int"

#: Size in bytes and time of the last change in ns: what tells a changed file.
Stamp: TypeAlias = "tuple[int, int]"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of a batch.

    Parameters
    ----------
    name : str
        The specimen id or the file, as it was given.
    specimen_id : int, optional
        The specimen where it is one of the service; else `name` is a file.
    """

    name: str
    specimen_id: int | None = None

    @property
    def key(self) -> str:
        """The same for one recording however it is named."""
        if self.specimen_id is not None:
            return f"specimen {self.specimen_id}"
        return str(Path(self.name).resolve())


def listed(recordings: Named | Iterable[Named]) -> list[Recording]:
    """Return the recordings in the order given, those of a folder sorted by name, each one once.

    Raises
    ------
    DataError
        Where a folder has no NWB file, or nothing was given.

    Examples
    --------
    >>> [recording.name for recording in listed(["b.nwb", 485909730, "b.nwb"])]
    ['b.nwb', '485909730']
    """
    one = isinstance(recordings, str | os.PathLike | Integral)
    given: Iterable[Named] = [recordings] if one else recordings  # type: ignore[assignment, list-item]
    found = {recording.key: recording for item in given for recording in _each(item)}
    if not found:
        raise DataError("no recording was given; name NWB files, folders of them, or specimen ids")
    return list(found.values())


def _each(item: Named) -> Iterator[Recording]:
    if isinstance(item, Integral):
        yield Recording(str(item), int(item))
    elif (folder := Path(item)).is_dir():  # type: ignore[arg-type]
        files = [path for path in folder.rglob("*.nwb") if not path.name.startswith(".")]
        if not files:
            raise DataError(f"{folder}: expected a folder with NWB files; there is no *.nwb in it")
        yield from (Recording(str(path)) for path in sorted(files))
    else:
        yield Recording(os.fspath(item))  # type: ignore[arg-type]


def stamp_of(path: str | os.PathLike[str]) -> Stamp | None:
    """Return the stamp of a file; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
