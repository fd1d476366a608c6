"""From a service into the cache: decide first, then write whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from allentk.api.cache import Cache, Record
from allentk.api.checks import Check
from allentk.api.exchange import Request, Transport, expect_ok
from allentk.atomic import part_of, room
from allentk.errors import ConfigError
from allentk.progress import bar

__all__ = ["Action", "Origin", "Sink", "decide", "download", "obtain"]

log = logging.getLogger(__name__)


class Action(Enum):
    """What to do about a file; the value says why."""

    KEEP = "it is in the cache"
    FETCH_ASKED = "a fresh one was asked for"
    FETCH_MISSING = "it is not in the cache"
    FETCH_UNKNOWN = "it lies in the cache without a record of what it should be"
    FETCH_CUT = "it is not as long as it was when it was fetched"


def decide(*, refresh: bool, size: int | None, record: Record | None) -> Action:
    """Return what to do about a file.

    Parameters
    ----------
    refresh : bool
        Whether a fresh one was asked for.
    size : int or None
        Bytes on the disk; None where there is no file.
    record : Record or None
        What is known of it.

    Examples
    --------
    >>> decide(refresh=False, size=None, record=None)
    <Action.FETCH_MISSING: 'it is not in the cache'>
    """
    if refresh:
        return Action.FETCH_ASKED
    if size is None:
        return Action.FETCH_MISSING
    if record is None:
        return Action.FETCH_UNKNOWN
    return Action.KEEP if record.size == size else Action.FETCH_CUT


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file's bytes came from.

    Parameters
    ----------
    url : str
        Where they are.
    source : str
        Who answered.
    etag, last_modified : str
        What the server said of its version.
    """

    url: str
    source: str
    etag: str = ""
    last_modified: str = ""


class Sink:
    """Takes bytes into a file, and counts and hashes them on the way.

    The file, and its folder, are made with the first bytes.

    Parameters
    ----------
    path : Path
        The file.
    """

    __slots__ = ("_file", "_path", "_sha256", "size")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Take some bytes."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
        self._file.write(chunk)
        self._sha256.update(chunk)
        self.size += len(chunk)

    def finish(self) -> None:
        """See the bytes onto the disk."""
        self.write(b"")
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    @property
    def sha256(self) -> str:
        """Hash of what was taken so far."""
        return self._sha256.hexdigest()


def obtain(
    cache: Cache,
    name: str,
    produce: Callable[[Sink], Origin],
    *,
    check: Check | None = None,
    what: str,
    refresh: bool = False,
) -> Path:
    """Return a cached file, producing it first where it is needed.

    Parameters
    ----------
    cache : Cache
        Where it is kept.
    name : str
        Its name there.
    produce : callable
        Writes the bytes and says where they came from; called only where the file is needed.
    check : callable, optional
        Looks at the finished file before it gets its name.
    what : str
        What it is, in words; used in messages.
    refresh : bool
        Produce it even where it is there; the old one stays until the new one is whole.

    Raises
    ------
    AllenTKError
        As `produce` and `check`; nothing is then left under the name that was not there before.
    ConfigError
        Where the disk is full, or may not be written to.

    Notes
    -----
    Two processes that ask for the same file wait for each other, and the second finds it there.
    """
    path = cache.path(name)
    if _action(cache, name, refresh) is Action.KEEP:
        return path
    with cache.lock(name):
        action = _action(cache, name, refresh)
        if action is not Action.KEEP:
            log.info("fetching %s: %s", what, action.value)
            _write(cache, name, produce, check, what)
    return path


def _action(cache: Cache, name: str, refresh: bool) -> Action:
    path = cache.path(name)
    size = path.stat().st_size if path.is_file() else None
    return decide(refresh=refresh, size=size, record=cache.record(name))


def _write(
    cache: Cache, name: str, produce: Callable[[Sink], Origin], check: Check | None, what: str
) -> None:
    target = cache.path(name)
    part = part_of(target)
    sink = Sink(part)
    with room(target):
        try:
            with closing(sink):
                origin = produce(sink)
                sink.finish()
            if check is not None:
                check(part, what)
            cache.forget(name)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    cache.write_record(
        name,
        Record(
            url=origin.url,
            size=sink.size,
            sha256=sink.sha256,
            fetched=datetime.now(UTC).isoformat(timespec="seconds"),
            etag=origin.etag,
            last_modified=origin.last_modified,
            source=origin.source,
        ),
    )


def download(
    cache: Cache,
    name: str,
    locate: Callable[[], Request],
    transport: Transport,
    *,
    check: Check,
    what: str,
    refresh: bool = False,
    progress: bool | None = None,
) -> Path:
    """Return a cached file, downloading it first where it is needed.

    Parameters
    ----------
    cache : Cache
        Where it is kept.
    name : str
        Its name there.
    locate : callable
        Says where it is; called only where the file is needed, because it may ask the service.
    transport : Transport
        How to ask.
    check : callable
        Looks at the finished file before it gets its name.
    what : str
        What it is, in words.
    refresh : bool
        Download it even where it is there.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Raises
    ------
    OfflineError
        Where it cannot be fetched.
    ServiceError
        Where the service answers with an error.
    IntegrityError
        Where the bytes are not all there, or are not of that kind.
    ConfigError
        Where there is no room for it.
    """

    def produce(sink: Sink) -> Origin:
        request = locate()
        with transport.get(request) as response:
            expect_ok(response, request)
            _expect_room(cache, response.length, what)
            with bar(what, total=response.length, unit="B", progress=progress) as shown:
                for chunk in response.chunks:
                    sink.write(chunk)
                    shown.update(len(chunk))
            response.expect_whole(sink.size)
        headers = response.headers
        return Origin(
            url=request.url,
            source=transport.source,
            etag=headers.get("etag", ""),
            last_modified=headers.get("last-modified", ""),
        )

    return obtain(cache, name, produce, check=check, what=what, refresh=refresh)


def _expect_room(cache: Cache, length: int | None, what: str) -> None:
    free = shutil.disk_usage(cache.folder).free
    if length is not None and length > free:
        raise ConfigError(
            f"{what}: {length / 1e6:.1f} MB to come, but {cache.folder} has room for "
            f"{free / 1e6:.1f} MB. Make room, or name another folder by cache_dir= or "
            f"ALLENTK_CACHE_DIR"
        )
