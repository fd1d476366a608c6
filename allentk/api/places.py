"""Other places where a file may lie: a second cache, or a folder that AllenSDK filled.

They are looked into and never written to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allentk.api.allensdk import AllenSDKFolder
from allentk.api.cache import Cache, Found, Record
from allentk.api.checks import Check
from allentk.api.wish import Wish
from allentk.atomic import write_json
from allentk.errors import AllenTKError, ConfigError, IntegrityError

__all__ = ["AllenSDKPlace", "SharedPlace"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """A second cache, such as one on a shared disk.

    A file counts where its record is there and agrees with it.

    Parameters
    ----------
    cache : Cache
        It.
    notes : Cache
        The own cache; that a file has the published hash is found out once, and noted there.
    """

    cache: Cache
    notes: Cache

    def find(self, wish: Wish) -> Found | None:
        """Return the file where it is there and as long as its record says."""
        try:
            found = self.cache.found(wish.name)
            if found is None or found.record.synthetic != wish.synthetic:
                return None
            if wish.expected.size not in (None, found.record.size):
                return None
            self._expect_published(found.path, wish)
            if wish.check is not None:
                wish.check(found.path, wish.what)
        except (OSError, IntegrityError) as error:
            log.warning("%s: not taken from %s: %s", wish.what, self.cache.folder, error)
            return None
        return found

    def _expect_published(self, path: Path, wish: Wish) -> None:
        """Hash a file where a hash was published; what its record says is only its owner's word."""
        note = _note_of(path, wish)
        if wish.expected.published and _noted(self.notes, wish.name) != note:
            wish.expected.verify(path, wish.what)
            _write(self.notes, wish.name, note)


@dataclass(frozen=True, slots=True)
class AllenSDKPlace:
    """A folder that AllenSDK filled; its files are used where they lie.

    They have no record, and AllenSDK keeps what was cut short. So a file is looked at before it is
    used: it must be of its kind and whole as far as its format tells, have the published hash where
    there is one, and the length that the service gives where that can be asked. What was looked at
    is noted in the own cache, and looked at again where the file has changed.

    Parameters
    ----------
    folder : AllenSDKFolder
        It.
    notes : Cache
        The own cache.
    length : callable, optional
        Asks the service how long the file is; None where it cannot tell.
    check : callable, optional
        Looks at the file, where that differs from what is looked at in a new one.
    """

    folder: AllenSDKFolder
    notes: Cache
    length: Callable[[], int | None] | None = None
    check: Check | None = None

    def find(self, wish: Wish) -> Found | None:
        """Return the file where it is there and can be trusted."""
        path = self.folder.find(wish.name)
        if path is None:
            return None
        try:
            found = path.stat()
            note = _note_of(path, wish)
            if _noted(self.notes, wish.name) != note:
                self._look_at(path, wish)
                _write(self.notes, wish.name, note)
        except (OSError, IntegrityError) as error:
            log.warning("%s: not taken from %s: %s", wish.what, self.folder.folder, error)
            return None
        changed = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
        source = f"AllenSDK cache {self.folder.folder}"
        return Found(path, Record("", found.st_size, "", changed, source=source))

    def _look_at(self, path: Path, wish: Wish) -> None:
        check = self.check or wish.check
        if check is not None:
            check(path, wish.what)
        wish.expected.verify(path, wish.what)
        if self.length is None or wish.expected.size is not None:
            return
        try:
            length = self.length()
        except AllenTKError as error:
            log.info("%s: its length cannot be asked for: %s", wish.what, error)
            return
        size = path.stat().st_size
        if length not in (None, size):
            raise IntegrityError(
                f"{path}: expected {length} bytes as the service has it, got {size}; it is fetched "
                f"instead. Delete it there"
            )


@dataclass(frozen=True, slots=True)
class _Note:
    path: str
    size: int
    mtime_ns: int
    published: str


def _note_of(path: Path, wish: Wish) -> _Note:
    found = path.stat()
    return _Note(str(path), found.st_size, found.st_mtime_ns, wish.expected.published)


def _note_path(notes: Cache, name: str) -> Path:
    notes.path(name)
    return notes.folder / ".adopted" / f"{name}.json"


def _noted(notes: Cache, name: str) -> _Note | None:
    try:
        document: Any = json.loads(_note_path(notes, name).read_bytes())
        return _Note(**document)
    except (OSError, ValueError, RecursionError, TypeError):
        return None


def _write(notes: Cache, name: str, note: _Note) -> None:
    try:
        write_json(_note_path(notes, name), asdict(note))
    except ConfigError as error:
        log.info("%s: it will be looked at again next time: %s", name, error)
