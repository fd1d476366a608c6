"""The folder of downloads, and a record of each: where from, how large, which hash.

Names are AllenSDK's: ``cell_types/cells.json``, ``cell_types/specimen_<id>/ephys.nwb``,
``observatory/ophys_experiment_data/<id>.nwb``... Records lie in ``.records``, locks in ``.locks``.
A file without a record is not trusted and is fetched again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from allentk.atomic import room, write_json
from allentk.errors import DataError
from allentk.progress import track

__all__ = ["Cache", "Entry", "Record", "sha256_of"]

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_TEXTS = ("url", "sha256", "fetched", "etag", "last_modified", "source")


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a cached file.

    Parameters
    ----------
    url : str
        Where it came from.
    size : int
        Bytes.
    sha256 : str
        Hash of its content.
    fetched : str
        When, as ISO 8601 in UTC.
    etag, last_modified : str
        What the server said of its version; empty where it said nothing.
    source : str
        Who answered: the service, or a cassette.
    """

    url: str
    size: int
    sha256: str
    fetched: str
    etag: str = ""
    last_modified: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached file.

    Parameters
    ----------
    name : str
        Its name inside the cache, with forward slashes.
    path : Path
        Where it lies.
    size : int
        Bytes, when it was fetched.
    sha256 : str
        Hash, when it was fetched.
    url : str
        Where it came from.
    fetched : str
        When, as ISO 8601 in UTC.
    """

    name: str
    path: Path
    size: int
    sha256: str
    url: str
    fetched: str


class Cache:
    """A folder of downloads.

    Parameters
    ----------
    folder : path
        Where it is; made when something is first written.

    Examples
    --------
    >>> Cache("/tmp/allen").path("cell_types/cells.json").as_posix()
    '/tmp/allen/cell_types/cells.json'
    """

    __slots__ = ("folder",)

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def path(self, name: str) -> Path:
        """Return where a file lies.

        Raises
        ------
        DataError
            Where `name` is no plain name inside the folder.
        """
        parts = name.split("/")
        if not all(_PART.fullmatch(part) for part in parts):
            raise DataError(
                f"expected a name inside the cache, such as 'cell_types/cells.json', got {name!r}"
            )
        return self.folder.joinpath(*parts)

    def _record_path(self, name: str) -> Path:
        self.path(name)
        return self.folder / ".records" / f"{name}.json"

    def record(self, name: str) -> Record | None:
        """Return what is known of a file; None where nothing is, or the record is damaged."""
        path = self._record_path(name)
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return _record(document)

    def write_record(self, name: str, record: Record) -> None:
        """Remember what is known of a file.

        Raises
        ------
        ConfigError
            Where there is no room or no permission.
        """
        write_json(self._record_path(name), asdict(record))

    def forget(self, name: str) -> None:
        """Drop what is known of a file, so that it counts for nothing until it is known again."""
        self._record_path(name).unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a file against other processes and threads; wait where another one holds it.

        Raises
        ------
        ConfigError
            Where there is no room or no permission.
        """
        from filelock import FileLock

        self.path(name)
        path = self.folder / ".locks" / f"{name.replace('/', '+')}.lock"
        with room(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            held = FileLock(path)
            held.acquire()
        try:
            yield
        finally:
            held.release()

    def entries(self) -> list[Entry]:
        """Return every file that was fetched, sorted by name."""
        records = self.folder / ".records"
        names = sorted(
            path.relative_to(records).as_posix().removesuffix(".json")
            for path in records.rglob("*.json")
            if not path.name.startswith(".")
        )
        known = ((name, self.record(name)) for name in names)
        return [
            Entry(name, self.path(name), record.size, record.sha256, record.url, record.fetched)
            for name, record in known
            if record is not None
        ]

    def verify(self, *, progress: bool | None = None) -> dict[str, str]:
        """Hash every file again.

        Parameters
        ----------
        progress : bool, optional
            Show a progress bar; by default on a terminal.

        Returns
        -------
        dict
            By name: ``"ok"``, ``"missing"`` or ``"changed"``. What is not ok is fetched again where
            it is missing or has another size; otherwise remove it, or ask with ``refresh=True``.
        """
        return {
            entry.name: _state(entry)
            for entry in track(self.entries(), "verifying", progress=progress)
        }

    def __repr__(self) -> str:
        return f"<Cache {self.folder}>"


def _state(entry: Entry) -> str:
    if not entry.path.is_file():
        return "missing"
    if entry.path.stat().st_size != entry.size or sha256_of(entry.path) != entry.sha256:
        return "changed"
    return "ok"


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _record(document: Any) -> Record | None:
    if not isinstance(document, dict) or not isinstance(document.get("size"), int):
        return None
    texts = {name: document.get(name, "") for name in _TEXTS}
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    return Record(size=document["size"], **texts)
