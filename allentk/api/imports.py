"""Taking in what another folder has: a cache of allentk's, or one that AllenSDK filled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from allentk.api import checks
from allentk.api.allensdk import AllenSDKFolder
from allentk.api.cache import Cache, Record, sha256_of
from allentk.api.checks import Check
from allentk.api.partial import Part
from allentk.atomic import part_of, room
from allentk.errors import DataError, IntegrityError
from allentk.progress import track

__all__ = ["Imported", "import_folder"]

#: How to look at a file that carries no record, by its ending. Tables are not among them.
_CHECKS: dict[str, Check] = {
    ".nwb": checks.nwb,
    ".h5": checks.hdf5,
    ".npz": checks.npz,
    ".swc": checks.swc,
    ".marker": checks.nonempty,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """A file of another folder, and what became of it.

    Parameters
    ----------
    name : str
        Its name in the cache.
    size : int
        Bytes.
    state : str
        ``"imported"``, ``"there already"``, or why it was not taken.
    """

    name: str
    size: int
    state: str

    @property
    def ok(self) -> bool:
        """Whether the cache has it now."""
        return self.state in ("imported", "there already")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that could be taken in; `record` looks at a copy and says what is known of it."""

    name: str
    path: Path
    record: Callable[[Path], Record]


def import_folder(
    cache: Cache, folder: Path, *, link: bool = False, progress: bool | None = None
) -> list[Imported]:
    """Take in the files of another cache of allentk's, or of a folder that AllenSDK filled.

    Of allentk's, what has the size and hash that it was recorded with is taken, unless it is
    synthetic. Of AllenSDK's, whose
    files have no record, what is of its kind and whole as far as its format tells; its tables are
    not taken, because the service has fresh ones (the setting ``allensdk_cache`` uses them in place).

    Parameters
    ----------
    cache : Cache
        Where they go.
    folder : Path
        Where they are; nothing is changed there.
    link : bool
        Link instead of copying, where both are on one disk: a file is then stored once, and a
        change in one place is a change in both.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Raises
    ------
    DataError
        Where the folder is no such folder.
    ConfigError
        Where there is no room or no permission.
    """
    if folder.resolve() == cache.folder.resolve():
        raise DataError(f"{folder}: this is the cache itself; name the folder to take files from")
    if (folder / ".records").is_dir():
        found = list(_of_allentk(Cache(folder)))
    else:
        found = list(_of_allensdk(folder))
        if not found:
            raise DataError(
                f"{folder}: expected a cache of allentk's, or a folder that AllenSDK filled, with "
                f"specimen_<id>/ephys.nwb or ophys_experiment_data/<id>.nwb; found neither. Is it the "
                f"right folder?"
            )
    return [
        _imported(cache, one, link)
        for one in track(found, f"importing {folder.name}", progress=progress)
    ]


def _of_allentk(other: Cache) -> Iterator[_Candidate]:
    for entry in other.entries():
        record = other.record(entry.name)
        if record is not None:
            yield _Candidate(entry.name, entry.path, _Recorded(record))


def _of_allensdk(folder: Path) -> Iterator[_Candidate]:
    other = AllenSDKFolder(folder)
    for name in other.names():
        path = other.find(name)
        check = _CHECKS.get(Path(name).suffix)
        if path is not None and check is not None:
            yield _Candidate(name, path, _LookedAt(path, check, f"AllenSDK cache {folder}"))


@dataclass(frozen=True, slots=True)
class _Recorded:
    record: Record

    def __call__(self, copy: Path) -> Record:
        if self.record.synthetic:
            raise IntegrityError("synthetic: it does not go among real files")
        if copy.stat().st_size != self.record.size or sha256_of(copy) != self.record.sha256:
            raise IntegrityError("changed since it was fetched")
        # That it is the published file is that cache's word; it is found out again here.
        return replace(self.record, published="")


@dataclass(frozen=True, slots=True)
class _LookedAt:
    origin: Path
    check: Check
    source: str

    def __call__(self, copy: Path) -> Record:
        self.check(copy, str(self.origin))
        found = self.origin.stat()
        when = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
        return Record("", copy.stat().st_size, sha256_of(copy), when, source=self.source)


def _imported(cache: Cache, one: _Candidate, link: bool) -> Imported:
    if not one.path.is_file():
        return Imported(one.name, 0, "missing")
    size = one.path.stat().st_size
    if cache.found(one.name) is not None:
        return Imported(one.name, size, "there already")
    target = cache.path(one.name)
    try:
        with cache.lock(one.name), room(target), _copied(one.path, target, link) as copy:
            record = one.record(copy)
            cache.forget(one.name)
            copy.replace(target)
            cache.write_record(one.name, record)
    except IntegrityError as error:
        return Imported(one.name, size, str(error))
    return Imported(one.name, size, "imported")


@contextmanager
def _copied(source: Path, target: Path, link: bool) -> Iterator[Path]:
    """Yield a copy of a file, or a link to it, under the hidden name beside the target."""
    # What a download left under this name is dropped together with its note.
    Part(target).drop()
    part = part_of(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        if link:
            # Another disk, or a filesystem without links: copied instead.
            with suppress(OSError):
                os.link(source.resolve(), part)
        if not part.exists():
            shutil.copyfile(source, part)
        yield part
    finally:
        part.unlink(missing_ok=True)
