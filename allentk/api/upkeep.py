"""Looking after a cache: taking away what is of no use."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allentk.api.cache import Cache, Entry, expect_name
from allentk.errors import DataError, OfflineError

__all__ = ["Pruned", "prune"]

_PARTIAL = re.compile(r"\.(.+)\.part(?:\.json)?")
#: What `allentk.atomic.whole` writes to beside its target.
_NAMELESS = re.compile(r"\..+\.[a-z0-9_]{8}\.part")
#: A nameless temporary file that is older than this belongs to nobody any more.
_FORGOTTEN_S = 3600.0


@dataclass(frozen=True, slots=True)
class Pruned:
    """Something that was taken away, or would be.

    Parameters
    ----------
    path : Path
        Where it lay.
    size : int
        Bytes.
    why : str
        ``"partial"``: a download that was cut off; ``"old"``: fetched too long ago; ``"left over"``: a
        record or a parsed table without its file.
    """

    path: Path
    size: int
    why: str


def prune(
    cache: Cache,
    *,
    older_than_days: float | None = None,
    partial: bool = False,
    dry_run: bool = False,
) -> list[Pruned]:
    """Take away what is of no use.

    Parameters
    ----------
    cache : Cache
        Whose files.
    older_than_days : float, optional
        Also files that were fetched longer ago than this.
    partial : bool
        Only downloads that were cut off; one that is under way stays.
    dry_run : bool
        Only say what would go.

    Returns
    -------
    list of Pruned
        What went, or would.

    Raises
    ------
    DataError
        Where `older_than_days` is less than 0.
    """
    if older_than_days is not None and not older_than_days >= 0:
        raise DataError(f"an age is at least 0 days, got {older_than_days}")
    found = list(_partials(cache, dry_run))
    if partial:
        return found
    old = [] if older_than_days is None else list(_old(cache, older_than_days, dry_run))
    left_over = list(_left_over(cache, {one.path for one in old} if dry_run else set()))
    if not dry_run:
        for one in left_over:
            one.path.unlink(missing_ok=True)
    return [*found, *old, *left_over]


def _pruned(path: Path, why: str) -> Pruned:
    return Pruned(path, path.stat().st_size, why)


def _partials(cache: Cache, dry_run: bool) -> Iterator[Pruned]:
    """Yield, and take away, what downloads left, but not where one is under way."""
    for path in sorted(cache.folder.rglob(".*.part*")):
        inner = path.relative_to(cache.folder)
        name = _name_of(inner)
        if not path.is_file() or _is_elsewhere(cache, inner) or _is_written(path, name):
            continue
        found = _pruned(path, "partial")
        try:
            if not dry_run:
                _take_away(cache, name, path)
        except OfflineError:
            continue
        yield found


def _name_of(path: Path) -> str | None:
    """Return the name that a part would have got; None where it is of another kind."""
    match = _PARTIAL.fullmatch(path.name)
    try:
        return "/".join(expect_name(path.with_name(match[1]).as_posix())) if match else None
    except DataError:
        return None


def _is_elsewhere(cache: Cache, inner: Path) -> bool:
    """Whether a file belongs to a cache inside the cache, as a cassette has one."""
    return (cache.folder / inner.parts[0] / ".records").is_dir()


def _is_written(path: Path, name: str | None) -> bool:
    """Whether a file that no lock stands for may be under way."""
    return (name is None or _NAMELESS.fullmatch(path.name) is not None) and _is_young(path)


def _is_young(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < _FORGOTTEN_S


def _take_away(cache: Cache, name: str | None, path: Path) -> None:
    if name is None:
        path.unlink(missing_ok=True)
        return
    with cache.lock(name, wait_s=0.0):
        path.unlink(missing_ok=True)


def _old(cache: Cache, older_than_days: float, dry_run: bool) -> Iterator[Pruned]:
    """Yield, and take away, what is old; what another one holds stays."""
    for entry in cache.entries():
        if not _is_old(cache, entry, older_than_days):
            continue
        found = _pruned(entry.path, "old")
        if not dry_run:
            try:
                with cache.lock(entry.name, wait_s=0.0):
                    # Somebody may have fetched it again since.
                    if not _is_old(cache, entry, older_than_days):
                        continue
                    entry.path.unlink(missing_ok=True)
            except OfflineError:
                continue
        yield found


def _is_old(cache: Cache, entry: Entry, older_than_days: float) -> bool:
    record = cache.record(entry.name)
    return record is not None and entry.path.is_file() and record.age_days() > older_than_days


def _left_over(cache: Cache, gone: set[Path]) -> Iterator[Pruned]:
    """Yield records and parsed tables whose file is not there, or goes."""
    for hidden, suffix in ((".records", ".json"), (".tables", ".npz")):
        folder = cache.folder / hidden
        for path in sorted(folder.rglob(f"[!.]*{suffix}")):
            file = cache.folder / path.relative_to(folder).as_posix().removesuffix(suffix)
            if file in gone or not file.exists():
                yield _pruned(path, "left over")
