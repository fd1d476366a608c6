"""What a client holds: a way to ask, a place to keep, and the way from a question to either."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from allentk.api import rma
from allentk.api.cache import Cache
from allentk.api.checks import Check
from allentk.api.download import Origin, Sink, download, obtain
from allentk.api.exchange import Request, Transport
from allentk.api.links import file_link
from allentk.api.rma import Query, Row
from allentk.api.transport import Live, Offline
from allentk.config import settings
from allentk.errors import AllenTKError, FormatError

__all__ = ["Store", "read_rows"]

#: Files are asked for as they are, so that their length can be checked.
_AS_IT_IS = {"Accept-Encoding": "identity"}


class Store:
    """Tables and files of a service, from the cache or from the service.

    Parameters
    ----------
    cache_dir : path, optional
        Where downloads are kept; by default as `allentk.config` says.
    offline : bool, optional
        Never ask the service; by default as `allentk.config` says.
    transport : Transport, optional
        How to ask; given, it takes precedence over `offline`.
    progress : bool, optional
        Show progress bars; by default on a terminal.
    """

    __slots__ = ("cache", "progress", "transport")

    def __init__(
        self,
        *,
        cache_dir: str | Path | None = None,
        offline: bool | None = None,
        transport: Transport | None = None,
        progress: bool | None = None,
    ) -> None:
        chosen = settings(cache_dir=cache_dir, offline=offline)
        if transport is None:
            transport = Offline() if chosen.offline else Live()
        self.transport: Transport = transport
        self.cache = Cache(chosen.cache_dir / self.transport.namespace)
        self.progress = progress

    @property
    def source(self) -> str:
        """Where answers come from, in words."""
        return self.transport.source

    def ask(self, query: Query, *, what: str, command: str) -> list[Row]:
        """Return the rows of a query, from the service.

        Raises
        ------
        OfflineError, ServiceError
            Where there is no answer.
        """
        return rma.rows(self.transport, query, what=what, command=command, progress=self.progress)

    def answer(
        self,
        name: str,
        query: Query,
        *,
        what: str,
        command: str,
        check: Callable[[list[Row]], object],
        none: AllenTKError,
        refresh: bool = False,
    ) -> Path:
        """Return the file of a query's rows, asking the service where it is not in the cache.

        Parameters
        ----------
        name : str
            Name in the cache; the file holds the service's own envelope, its pages joined.
        query : Query
            What to ask.
        what, command : str
            What is wanted, and what fetches it; used in messages.
        check : callable
            Looks at fresh rows before they are kept.
        none : AllenTKError
            Raised where there are no rows; that is never kept.
        refresh : bool
            Ask even where the rows are there.

        Raises
        ------
        OfflineError, ServiceError
            Where there is no answer.
        """

        def produce(sink: Sink) -> Origin:
            rows = self.ask(query, what=what, command=command)
            if not rows:
                raise none
            check(rows)
            sink.write(json.dumps(_envelope(rows)).encode())
            return Origin(url=rma.query_url(query), source=self.source)

        return obtain(self.cache, name, produce, what=what, refresh=refresh)

    def file(
        self,
        name: str,
        query: Query,
        path: tuple[str, ...],
        *,
        kind: str,
        check: Check,
        what: str,
        command: str,
        none: AllenTKError,
    ) -> Path:
        """Return a file, from the cache where it is there.

        Parameters
        ----------
        name : str
            Name in the cache.
        query : Query
            What to ask for the link; asked only where the file must be downloaded.
        path : tuple of str
            Where in the answer the files are.
        kind : str
            Name of the file type.
        check : callable
            Looks at the file before it is kept.
        what, command : str
            What is wanted, and what fetches it; used in messages.
        none : AllenTKError
            Raised where the answer has no link.

        Raises
        ------
        OfflineError, ServiceError, IntegrityError, ConfigError
            Where it cannot be had whole.
        """

        def locate() -> Request:
            answer = self.ask(query, what=what, command=command)
            link = file_link(answer, *path, kind=kind)
            if link is None:
                raise none
            return Request(rma.file_url(link), what=what, command=command, headers=_AS_IT_IS)

        return download(
            self.cache,
            name,
            locate,
            self.transport,
            check=check,
            what=what,
            progress=self.progress,
        )


def _envelope(rows: list[Row]) -> dict[str, Any]:
    return {
        "success": True,
        "id": 0,
        "start_row": 0,
        "num_rows": len(rows),
        "total_rows": len(rows),
        "msg": rows,
    }


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a cached answer.

    Raises
    ------
    FormatError
        Where the file was changed.
    """
    try:
        document = json.loads(path.read_bytes())
        rows: list[Row] = document["msg"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise FormatError(
            f"{path}: expected rows as the service sends them, and the file was changed since it was "
            f"fetched ({type(error).__name__}: {error}). Delete it, or ask with refresh=True"
        ) from error
    return rows
