"""Getting a file into the cache: look first, then write whole or not at all."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from allentk.api.cache import Cache, Found, Record, sha256_of
from allentk.api.exchange import BodyLostError, Deadline
from allentk.api.partial import Part
from allentk.api.wish import Action, Wish, decide
from allentk.atomic import room
from allentk.errors import ConfigError, IntegrityError, OfflineError, ServiceError

__all__ = ["Origin", "Outage", "Place", "obtain"]

log = logging.getLogger(__name__)


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


class Place(Protocol):
    """Another place where a file may lie; it is read, never written to."""

    def find(self, wish: Wish) -> Found | None:
        """Return the file where it is there and can be trusted."""


class Outage:
    """Remembers for a while that the service could not be reached, so that nobody waits twice."""

    __slots__ = ("_until_s",)

    _LASTS_S = 600.0

    def __init__(self) -> None:
        self._until_s = -math.inf

    def begin(self) -> None:
        """Remember that it could not be reached now."""
        self._until_s = time.monotonic() + self._LASTS_S

    @property
    def lasts(self) -> bool:
        """Whether it could not be reached a short while ago."""
        return time.monotonic() < self._until_s


def obtain(
    cache: Cache,
    wish: Wish,
    produce: Callable[[Part], Origin],
    *,
    before: Sequence[Place] = (),
    behind: Sequence[Place] = (),
    deadline: Deadline | None = None,
    outage: Outage | None = None,
) -> Found:
    """Return a file from the cache, or from another place, producing it where it is in none.

    Parameters
    ----------
    cache : Cache
        Where it is kept.
    wish : Wish
        What is wanted.
    produce : callable
        Writes the bytes and says where they came from; called only where the file is needed.
    before, behind : sequence of Place
        Where else to look, before and after the cache.
    deadline : Deadline, optional
        When to stop waiting for another process that fetches the same file.
    outage : Outage, optional
        Where one lasts, an old file is used without asking.

    Raises
    ------
    AllenTKError
        As `produce` and the check; nothing is then under the name that was not there before.
    ConfigError
        Where the disk is full, or may not be written to.

    Warns
    -----
    UserWarning
        Where a file is too old, but no fresh one can be had; the old one is then used.

    Notes
    -----
    Two processes that ask for the same file wait for each other, and the second finds it there.
    """
    fresh, old = _look(cache, wish, before, behind)
    if fresh is not None:
        return fresh
    outage = outage or Outage()
    if old is not None and outage.lasts:
        return _aged(old, wish, "it could not be reached a short while ago")
    wait_s = math.inf if deadline is None else deadline.left_s()
    try:
        with cache.lock(wish.name, wait_s=wait_s, what=wish.what):
            action = _action(cache, wish)
            there = cache.found(wish.name)
            if action is Action.KEEP and there is not None:
                return there
            log.info("fetching %s: %s", wish.what, action.value)
            return _write(cache, wish, produce)
    except (OfflineError, ServiceError) as error:
        if old is None:
            raise
        outage.begin()
        return _aged(old, wish, str(error))


def _look(
    cache: Cache, wish: Wish, before: Sequence[Place], behind: Sequence[Place]
) -> tuple[Found | None, Found | None]:
    """Return a file that will do, and else one that is too old."""
    old = None
    if wish.refresh:
        return None, None
    for place in (*before, _Own(cache), *behind):
        found = place.find(wish)
        if found is not None and not wish.is_old(found.record):
            return found, None
        old = old or found
    return None, old


def _aged(old: Found, wish: Wish, why: str) -> Found:
    warnings.warn(
        f"{wish.what}: older than max_age_days={wish.max_age_days:g} (fetched {old.record.fetched}), "
        f"and the service gave no fresh one; the old one is used. What the service said: {why}",
        UserWarning,
        stacklevel=2,
    )
    return old


@dataclass(frozen=True, slots=True)
class _Own:
    """The cache itself, as a place to look."""

    cache: Cache

    def find(self, wish: Wish) -> Found | None:
        found = self.cache.found(wish.name)
        if found is None or not _fits(self.cache, wish, found):
            return None
        return found


def _fits(cache: Cache, wish: Wish, found: Found) -> bool:
    """Whether a file is real as wished, and the published one; a hash once found is remembered."""
    if found.record.synthetic != wish.synthetic:
        return False
    if wish.expected.published in ("", found.record.published):
        return wish.expected.size in (None, found.record.size)
    try:
        wish.expected.verify(found.path, wish.what, sha256=found.record.sha256)
    except IntegrityError as error:
        log.info("%s: in the cache lies another one (%s)", wish.what, error)
        return False
    try:
        cache.write_record(wish.name, replace(found.record, published=wish.expected.published))
    except ConfigError as error:
        log.info(
            "%s: its hash will be made again, because it cannot be noted: %s", wish.what, error
        )
    return True


def _action(cache: Cache, wish: Wish) -> Action:
    path, record = cache.path(wish.name), cache.record(wish.name)
    found = cache.found(wish.name)
    return decide(
        refresh=wish.refresh,
        size=path.stat().st_size if path.is_file() else None,
        record=record,
        fits=found is None or _fits(cache, wish, found),
        old=record is not None and wish.is_old(record),
    )


def _write(cache: Cache, wish: Wish, produce: Callable[[Part], Origin]) -> Found:
    target = cache.path(wish.name)
    part = Part(target)
    with room(target):
        try:
            origin = produce(part)
            part.finish(wish.what)
            sha256 = _verified(part, wish, origin.url)
            cache.forget(wish.name)
            part.become(target)
        except BodyLostError:
            raise
        except IntegrityError:
            part.drop()
            raise
        except OSError as error:
            if not isinstance(error, OfflineError):
                part.drop()
            raise
        finally:
            part.sweep()
    record = Record(
        url=origin.url,
        size=part.size,
        sha256=sha256,
        fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        etag=origin.etag,
        last_modified=origin.last_modified,
        source=origin.source,
        published=wish.expected.published,
        synthetic=wish.synthetic,
    )
    cache.write_record(wish.name, record)
    return Found(target, record)


def _verified(part: Part, wish: Wish, url: str) -> str:
    """Return the hash of the whole file, read back from the disk, after looking at it.

    Reading it back covers what an earlier process left, and what the disk made of it.
    """
    what = f"{wish.what}, from {url}"
    size = part.path.stat().st_size
    if size != part.size:
        raise IntegrityError(
            f"{what}: wrote {part.size} bytes to {part.path}, and {size} lie there; they were "
            f"thrown away. Ask again; if it comes back, look at the disk"
        )
    sha256 = sha256_of(part.path)
    wish.expected.verify(part.path, what, sha256=sha256)
    if wish.check is not None:
        wish.check(part.path, what)
    return sha256
