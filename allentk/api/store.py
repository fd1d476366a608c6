"""What a client holds: a way to ask, a place to keep, and the way from a question to either."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from allentk.api import rma
from allentk.api.answers import envelope, read_rows
from allentk.api.cache import Cache, Found
from allentk.api.checks import Check
from allentk.api.download import download
from allentk.api.exchange import Deadline, Request, Transport
from allentk.api.expected import Expected
from allentk.api.items import AS_IT_IS, Item
from allentk.api.links import file_link
from allentk.api.obtain import Origin, obtain
from allentk.api.partial import Part
from allentk.api.rma import Query, Row
from allentk.api.several import Outcome, several
from allentk.api.surroundings import Surroundings
from allentk.api.transport import Live, Offline
from allentk.api.wish import Wish
from allentk.config import Folders, settings
from allentk.errors import AllenTKError, FormatError, IntegrityError, ServiceError

__all__ = ["Item", "Store", "read_rows"]


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
    shared_cache, allensdk_cache : path or several, optional
        Where else to look, as `allentk.config` says.
    max_age_days, time_limit_s : float, optional
        As `allentk.config` says.

    Notes
    -----
    A file is looked for in the shared caches, in the own one, in AllenSDK's folders, and then asked
    for. What a cassette answers comes from no AllenSDK folder, and does not age.
    """

    __slots__ = ("_around", "cache", "progress", "transport")

    def __init__(
        self,
        *,
        cache_dir: str | Path | None = None,
        offline: bool | None = None,
        transport: Transport | None = None,
        progress: bool | None = None,
        shared_cache: Folders | None = None,
        allensdk_cache: Folders | None = None,
        max_age_days: float | str | None = None,
        time_limit_s: float | None = None,
    ) -> None:
        chosen = settings(
            cache_dir=cache_dir,
            offline=offline,
            shared_cache=shared_cache,
            allensdk_cache=allensdk_cache,
            max_age_days=max_age_days,
            time_limit_s=time_limit_s,
        )
        if transport is None:
            transport = Offline() if chosen.offline else Live(limit_s=chosen.time_limit_s)
        self.transport: Transport = transport
        self.cache = Cache(chosen.cache_dir / self.transport.namespace)
        self.progress = progress
        self._around = Surroundings(chosen, transport, self.cache)

    @property
    def source(self) -> str:
        """Where answers come from, in words."""
        return self.transport.source

    def ask(
        self, query: Query, *, what: str, command: str, deadline: Deadline | None = None
    ) -> list[Row]:
        """Return the rows of a query, from the service.

        Raises
        ------
        OfflineError, ServiceError
            Where there is no answer.
        """
        return rma.rows(
            self.transport,
            query,
            what=what,
            command=command,
            progress=self.progress,
            deadline=deadline or self._around.deadline(),
        )

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

        Warns
        -----
        UserWarning
            Where the rows are older than ``max_age_days`` but the service gives no fresh ones; the
            old ones are then used.
        """
        return self.found_answer(
            name, query, what=what, command=command, check=check, none=none, refresh=refresh
        ).path

    def found_answer(
        self,
        name: str,
        query: Query,
        *,
        what: str,
        command: str,
        check: Callable[[list[Row]], object],
        none: AllenTKError,
        refresh: bool = False,
    ) -> Found:
        """Return the file of a query's rows with what is known of it; see `answer`."""
        deadline = self._around.deadline()

        def produce(part: Part) -> Origin:
            rows = self.ask(query, what=what, command=command, deadline=deadline)
            if not rows:
                raise none
            check(rows)
            part.write(envelope(rows))
            return Origin(url=rma.query_url(query), source=self.source)

        def look(path: Path, what: str) -> None:
            try:
                check(read_rows(path))
            except (FormatError, ServiceError) as error:
                raise IntegrityError(f"{what}: {path} is no such table: {error}") from error

        return obtain(
            self.cache,
            Wish(
                name,
                what,
                refresh=refresh,
                max_age_days=self._around.max_age_days,
                synthetic=self.transport.synthetic,
            ),
            produce,
            before=self._around.before(),
            behind=self._around.behind(check=look),
            deadline=deadline,
            outage=self._around.outage,
        )

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
        expected: Expected | None = None,
        refresh: bool = False,
    ) -> Path:
        """Return a file that the service has a link to, from the cache where it is there.

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
        expected : Expected, optional
            What was published of it.
        refresh : bool
            Download it even where it is there.

        Raises
        ------
        OfflineError, ServiceError, IntegrityError, ConfigError
            Where it cannot be had whole.
        """
        deadline = self._around.deadline()

        def locate() -> Request:
            answer = self.ask(query, what=what, command=command, deadline=deadline)
            link = file_link(answer, *path, kind=kind)
            if link is None:
                raise none
            return Request(rma.file_url(link), what=what, command=command, headers=AS_IT_IS)

        wish = Wish(name, what, check, expected or Expected(), refresh)
        return self._download(wish, locate, deadline, self.progress).path

    def url(
        self,
        name: str,
        url: str,
        *,
        what: str,
        command: str,
        check: Check | None = None,
        expected: Expected | None = None,
        refresh: bool = False,
        max_age_days: float = math.inf,
        limit_s: float | None = None,
    ) -> Path:
        """Return a file at a plain address, from the cache where it is there.

        Parameters
        ----------
        name : str
            Name in the cache.
        url : str
            Where it is: https, or http on this machine.
        what, command : str
            What it is, and what fetches it; used in messages.
        check : callable, optional
            Looks at the file before it is kept.
        expected : Expected, optional
            What was published of it. A file in the cache that differs is downloaded again.
        refresh : bool
            Download it even where it is there.
        max_age_days : float
            The age from which on it is downloaded again; by default never.
        limit_s : float, optional
            The longest that this may take, in seconds; by default the setting ``time_limit_s``.

        Raises
        ------
        DataError
            Where `name` is no plain name inside the cache.
        OfflineError, ServiceError, IntegrityError, ConfigError
            Where it cannot be had whole.
        """
        item = Item(name, url, what, command, check, expected or Expected())
        return self._item(item, refresh, max_age_days, limit_s, self.progress)

    def urls(
        self, items: Iterable[Item], *, jobs: int = 4, what: str = "files"
    ) -> list[Outcome[Item, Path]]:
        """Fetch several files at plain addresses, several at a time.

        Parameters
        ----------
        items : iterable of Item
            What to fetch.
        jobs : int
            How many at a time.
        what : str
            What they are, in words; for the progress bar.

        Returns
        -------
        list of Outcome
            In the order of the items; an item that fails costs that item.
        """
        return several(
            lambda item: self._item(item, False, math.inf, None, False),
            items,
            jobs=jobs,
            what=what,
            progress=self.progress,
        )

    def _item(
        self,
        item: Item,
        refresh: bool,
        max_age_days: float,
        limit_s: float | None,
        progress: bool | None,
    ) -> Path:
        if self._around.max_age_days == math.inf:
            max_age_days = math.inf
        wish = Wish(item.name, item.what, item.check, item.expected, refresh, max_age_days)
        return self._download(wish, item.request, self._around.deadline(limit_s), progress).path

    def _download(
        self,
        wish: Wish,
        locate: Callable[[], Request],
        deadline: Deadline,
        progress: bool | None,
    ) -> Found:
        return download(
            self.cache,
            replace(wish, synthetic=self.transport.synthetic),
            locate,
            self.transport,
            before=self._around.before(),
            behind=self._around.behind(locate=locate),
            deadline=deadline,
            outage=self._around.outage,
            progress=progress,
        )
