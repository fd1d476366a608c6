"""The folder of downloads, and a record of each: where from, how large, which hash.

Names are AllenSDK's: ``cell_types/cells.json``, ``cell_types/specimen_<id>/ephys.nwb``,
``observatory/ophys_experiment_data/<id>.nwb``... Records lie in ``.records``, locks in ``.locks``,
parsed tables in ``.tables``, notes on files used in place in ``.adopted``; a download under way lies
beside its file as ``.<name>.part``. A file without a record is not trusted and is fetched again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allentk.api.expected import file_digest
from allentk.api.locks import held
from allentk.atomic import write_json
from allentk.errors import DataError
from allentk.progress import track

__all__ = ["DEVICE", "Cache", "Entry", "Found", "Record", "expect_name", "sha256_of"]

log = logging.getLogger(__name__)

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_LONGEST_PART = 200
#: Windows opens a device of this name in every folder, whatever its ending.
DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
_TEXTS = ("url", "sha256", "fetched", "etag", "last_modified", "source", "published")
_SYNTHETIC = "(synthetic)"


def expect_name(name: str) -> tuple[str, ...]:
    """Return the parts of a name inside the cache.

    Names from servers go through here before they come near a disk.

    Raises
    ------
    DataError
        Where it is no plain name: absolute, with ``..``, hidden, of a device, with anything but
        letters, digits and ``_ - .``

    Examples
    --------
    >>> expect_name("cell_types/cells.json")
    ('cell_types', 'cells.json')
    """
    parts = tuple(name.split("/"))
    for part in parts:
        if not _PART.fullmatch(part) or len(part) > _LONGEST_PART or DEVICE.fullmatch(part):
            raise DataError(
                f"expected a name inside the cache, such as 'cell_types/cells.json', got {name!r}"
            )
    return parts


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
    published : str
        The published hash that it was found to have, such as ``"blake2b:..."``; empty without one.
    synthetic : bool
        Whether it is made up.
    """

    url: str
    size: int
    sha256: str
    fetched: str
    etag: str = ""
    last_modified: str = ""
    source: str = ""
    published: str = ""
    synthetic: bool = False

    def age_days(self) -> float:
        """Return the days since it was fetched; infinite where nobody knows when that was."""
        try:
            then = datetime.fromisoformat(self.fetched)
        except ValueError:
            return math.inf
        zoned = then if then.tzinfo else then.replace(tzinfo=UTC)
        days = (datetime.now(UTC) - zoned).total_seconds() / 86400
        # A day ahead may be a clock that is wrong; more is no date at all.
        return math.inf if days < -1 else days


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there, in this cache or in another place.

    Parameters
    ----------
    path : Path
        Where it lies.
    record : Record
        What is known of it.
    """

    path: Path
    record: Record

    @property
    def version(self) -> str:
        """What tells this content from others: its hash, or else its place; and when it was written."""
        return f"{self.record.sha256 or self.path} {self.path.stat().st_mtime_ns}"


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
        return self.folder.joinpath(*expect_name(name))

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

    def found(self, name: str) -> Found | None:
        """Return a file that is as long as its record says; None where there is none such."""
        path, record = self.path(name), self.record(name)
        if record is None or not path.is_file() or path.stat().st_size != record.size:
            return None
        return Found(path, record)

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
    def lock(self, name: str, *, wait_s: float = math.inf, what: str = "") -> Iterator[None]:
        """Hold a file against other processes and threads; wait where another one holds it.

        Parameters
        ----------
        name : str
            The file's name.
        wait_s : float
            The longest wait, in seconds.
        what : str
            What it is, in words; by default its name.

        Raises
        ------
        OfflineError
            Where another one holds it for longer.
        ConfigError
            Where there is no room or no permission.
        """
        self.path(name)
        path = self.folder / ".locks" / f"{_lock_name(name)}.lock"
        with held(path, wait_s=wait_s, what=what or name):
            yield

    def entries(self) -> list[Entry]:
        """Return every file that was fetched, sorted by name."""
        records = self.folder / ".records"
        names = sorted(
            name
            for path in records.rglob("*.json")
            if not path.name.startswith(".")
            if _is_name(name := path.relative_to(records).as_posix().removesuffix(".json"))
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


def _is_name(name: str) -> bool:
    try:
        expect_name(name)
    except DataError as error:
        log.warning("a stray file among the records is passed over: %s", error)
        return False
    return True


def _lock_name(name: str) -> str:
    """Return a name's own file name, short enough for any filesystem."""
    flat = name.replace("/", "+")
    if len(flat) <= _LONGEST_PART:
        return flat
    return f"{flat[-60:]}+{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _state(entry: Entry) -> str:
    if not entry.path.is_file():
        return "missing"
    if entry.path.stat().st_size != entry.size or sha256_of(entry.path) != entry.sha256:
        return "changed"
    return "ok"


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content."""
    return file_digest(path)


def _record(document: Any) -> Record | None:
    if not isinstance(document, dict) or not isinstance(document.get("size"), int):
        return None
    texts = {name: document.get(name, "") for name in _TEXTS}
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    # Records of older versions do not say whether the file is made up, but who answered.
    synthetic = document.get("synthetic", _SYNTHETIC in texts["source"])
    if not isinstance(synthetic, bool):
        return None
    return Record(size=document["size"], synthetic=synthetic, **texts)
