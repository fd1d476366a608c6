"""Archives that a service hands out: listing their members, and reading one member's bytes.

Nothing is unpacked to the disk. An archive with a name that leads out of its folder, with a link or a
device, with a name twice, or that would unpack to more than a stated bound, is refused whole.
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from allentk.api.cache import DEVICE
from allentk.errors import DataError, IntegrityError

__all__ = ["Member", "members", "read_member"]

_MOST_MEMBERS = 10_000
_MOST_UNPACKED_BYTES = 2**33
#: Tables pack to a fiftieth at best; an archive that grows by more than this is a bomb, unless it
#: stays small all the same.
_MOST_RATIO = 200
_SMALL_BYTES = 2**26
_GZIP = b"\x1f\x8b"
_ZIP = b"PK"
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    IndexError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Parameters
    ----------
    name : str
        Its name, with forward slashes, inside the archive.
    size : int
        Bytes, unpacked, as the archive says.
    """

    name: str
    size: int


def members(path: Path) -> list[Member]:
    """Return the files in a zip or tar archive, in its order.

    Parameters
    ----------
    path : Path
        The archive: ``.zip``, ``.tar`` or ``.tar.gz``, known by its content.

    Raises
    ------
    IntegrityError
        Where it is none, is damaged, or is not safe to read.
    """
    with _readable(path):
        return _zip_members(path) if _starts(path, _ZIP) else _tar_members(path)


def read_member(path: Path, name: str, *, most_bytes: int = 2**30) -> bytes:
    """Return the content of one file in an archive.

    Parameters
    ----------
    path : Path
        The archive.
    name : str
        The file's name, as `members` lists it.
    most_bytes : int
        More than this is not unpacked.

    Raises
    ------
    DataError
        Where there is no such file in it.
    IntegrityError
        Where the archive is not safe to read, or the file is larger than `most_bytes`, or larger
        or smaller than the archive says, or damaged.
    """
    there = {member.name: member for member in members(path)}
    if name not in there:
        listed = ", ".join(list(there)[:20]) or "nothing"
        raise DataError(f"{path}: there is no file {name!r} in it; there are: {listed}")
    if there[name].size > most_bytes:
        _refuse(path, f"{name!r} has at most {most_bytes} bytes", f"{there[name].size}")
    with _readable(path):
        content = _content(path, there[name])
    if len(content) != there[name].size:
        _refuse(path, f"{there[name].size} bytes of {name!r}", f"{len(content)}")
    return content


def _content(path: Path, member: Member) -> bytes:
    read = _zip_content if _starts(path, _ZIP) else _tar_content
    return read(path, member)


def _starts(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _most_bytes(path: Path) -> int:
    """Return how much an archive of this size may hold."""
    return min(_MOST_UNPACKED_BYTES, max(_SMALL_BYTES, _MOST_RATIO * path.stat().st_size))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (*_DAMAGED, NotImplementedError, RuntimeError) as error:
        raise IntegrityError(
            f"{path}: expected a zip or tar archive, got something else, or a damaged one "
            f"({type(error).__name__}: {error}). Delete it and fetch it again"
        ) from error


def _refuse(path: Path, expected: str, got: str) -> NoReturn:
    raise IntegrityError(
        f"{path}: expected an archive in which {expected}, got {got}; nothing was unpacked. Delete it "
        f"and fetch it again; if it comes back, tell the service"
    )


def _checked(path: Path, found: list[Member]) -> list[Member]:
    """Refuse names that lead elsewhere, doubles, and sizes that nobody would send."""
    if len(found) > _MOST_MEMBERS:
        _refuse(path, f"there are at most {_MOST_MEMBERS} files", f"{len(found)}")
    total, most = sum(member.size for member in found), _most_bytes(path)
    if total > most:
        _refuse(path, f"there are at most {most} bytes", f"{total}")
    seen: set[str] = set()
    for member in found:
        if not _is_plain(member.name) or member.name.casefold() in seen:
            _refuse(path, "every name is plain, relative and there once", repr(member.name[:80]))
        seen.add(member.name.casefold())
    return found


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return not any(
        part in ("", ".", "..") or DEVICE.fullmatch(part) or set(part) & set("\\:\0\n")
        for part in parts
    )


def _zip_members(path: Path) -> list[Member]:
    found = []
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            # zipfile cannot tell what a member without a name is.
            if info.filename and info.is_dir():
                continue
            kind = info.external_attr >> 28
            if kind not in (0, 8):
                _refuse(path, "every member is a file", f"{info.filename!r}, a link or a device")
            found.append(Member(info.filename, info.file_size))
    return _checked(path, found)


def _zip_content(path: Path, member: Member) -> bytes:
    with zipfile.ZipFile(path) as archive, archive.open(member.name) as file:
        return file.read(member.size + 1)


def _tar_members(path: Path) -> list[Member]:
    found = []
    with _tar(path) as archive:
        for info in archive:
            if info.isdir():
                continue
            if not info.isreg():
                _refuse(path, "every member is a file", f"{info.name!r}, a link or a device")
            found.append(Member(info.name, info.size))
            if len(found) > _MOST_MEMBERS:
                break
    return _checked(path, found)


def _tar_content(path: Path, member: Member) -> bytes:
    with _tar(path) as archive:
        for info in archive:
            file = archive.extractfile(info) if info.name == member.name else None
            if file is not None:
                return file.read(member.size + 1)
    return b""


@contextmanager
def _tar(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar archive as a stream, so that no more is unpacked than is read."""
    with path.open("rb") as packed:
        plain = gzip.GzipFile(fileobj=packed) if _starts(path, _GZIP) else packed
        bounded: Any = _Bounded(plain, _most_bytes(path), path)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            yield archive


class _Bounded:
    """A stream that refuses to give more than so many bytes."""

    def __init__(self, file: BinaryIO | gzip.GzipFile, most_bytes: int, path: Path) -> None:
        self._file = file
        self._left = most_bytes
        self._path = path

    def read(self, size: int) -> bytes:
        content = self._file.read(min(size, self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            _refuse(self._path, f"there are at most {_most_bytes(self._path)} bytes", "more")
        return content
