"""From a service into the cache."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from allentk.api.cache import Cache, Found
from allentk.api.checks import sees_a_cut
from allentk.api.exchange import Deadline, Request, Transport
from allentk.api.obtain import Origin, Outage, Place, obtain
from allentk.api.partial import Part
from allentk.api.transfer import Transfer
from allentk.api.wish import Wish
from allentk.errors import ConfigError

__all__ = ["download"]


def download(
    cache: Cache,
    wish: Wish,
    locate: Callable[[], Request],
    transport: Transport,
    *,
    before: Sequence[Place] = (),
    behind: Sequence[Place] = (),
    deadline: Deadline | None = None,
    outage: Outage | None = None,
    progress: bool | None = None,
) -> Found:
    """Return a file from the cache, or from another place, downloading it where it is in none.

    Parameters
    ----------
    cache : Cache
        Where it is kept.
    wish : Wish
        What is wanted.
    locate : callable
        Says where it is; called only where the file is needed, because it may ask the service.
    transport : Transport
        How to ask.
    before, behind : sequence of Place
        Where else to look, before and after the cache.
    deadline : Deadline, optional
        When the call must have ended.
    outage : Outage, optional
        Where one lasts, an old file is used without asking.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Raises
    ------
    OfflineError
        Where it cannot be fetched, or not in time. What has come stays beside the file's place where
        the server can give the rest, and the next call goes on from there.
    ServiceError
        Where the service answers with an error.
    IntegrityError
        Where the bytes are not all there, or are not of that kind, or not the published ones.
    ConfigError
        Where there is no room for it.
    """

    def produce(part: Part) -> Origin:
        request = locate()
        transfer = Transfer(
            request if deadline is None else replace(request, deadline=deadline),
            transport,
            part,
            lambda n_bytes: _expect_room(cache.folder, n_bytes, wish.what),
            wish.expected,
            tells_its_end=sees_a_cut(wish.check),
        )
        version = transfer.run(progress=progress)
        return Origin(request.url, transport.source, version.etag, version.last_modified)

    return obtain(
        cache, wish, produce, before=before, behind=behind, deadline=deadline, outage=outage
    )


def _expect_room(folder: Path, n_bytes: int, what: str) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise ConfigError(
            f"{what}: {n_bytes / 1e6:.1f} MB to come, but {folder} has room for "
            f"{free / 1e6:.1f} MB. Make room, or name another folder by cache_dir= or "
            f"ALLENTK_CACHE_DIR"
        )
