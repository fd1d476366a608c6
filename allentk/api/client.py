"""What the clients of all services have in common."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

import pandas as pd

from allentk.api.cache import Cache, Found
from allentk.api.column_store import load_table, save_table, table_key
from allentk.api.exchange import Transport
from allentk.api.rma import Query
from allentk.api.store import Store, read_rows
from allentk.api.tables import Field, frame
from allentk.config import Folders
from allentk.errors import AllenTKError, DataError, IntegrityError, ServiceError

__all__ = ["Client", "Options", "as_id", "expect_same"]


def as_id(value: Any, what: str) -> int:
    """Return an id as a whole number.

    Raises
    ------
    DataError
        Where it is none.

    Examples
    --------
    >>> as_id(464212183, "specimen")
    464212183
    """
    try:
        number = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError as error:
        raise DataError(f"a {what} id is a whole number, got {value!r}") from error
    if number < 0:
        raise DataError(f"a {what} id is a whole number of at least 0, got {value!r}")
    return number


def expect_same(path: Path, found: Any, asked: int, what: str) -> None:
    """Raise where a file says it is of another cell or session than the one asked for.

    Raises
    ------
    IntegrityError
        Names both.
    """
    if isinstance(found, int) and found != asked:
        raise IntegrityError(
            f"{path}: expected {what} {asked}, but the file says it is {what} {found}. Delete it and "
            f"fetch it again; if it comes back, tell the service"
        )


class Options(TypedDict, total=False):
    """What every client takes; see `Client`."""

    cache_dir: str | Path | None
    offline: bool | None
    transport: Transport | None
    progress: bool | None
    shared_cache: Folders | None
    allensdk_cache: Folders | None
    max_age_days: float | str | None
    time_limit_s: float | None


class Client:
    """A service's tables and files, from the cache or from the service.

    Parameters
    ----------
    cache_dir : path, optional
        Where downloads are kept; by default as `allentk.config` says. What a cassette answers is
        kept in a folder of its own inside, apart from what the service answers.
    offline : bool, optional
        Never ask the service; by default as `allentk.config` says.
    transport : Transport, optional
        How to ask: a `Replay`, a `Record`, a `Live` of your own. It takes precedence over `offline`.
    progress : bool, optional
        Show progress bars; by default on a terminal.
    shared_cache : path or several, optional
        Caches that are looked into first and never written to; by default as `allentk.config` says.
    allensdk_cache : path or several, optional
        Folders that AllenSDK filled, used in place; by default as `allentk.config` says.
    max_age_days : float, optional
        The age from which on a table is asked for again, ``"never"`` for not at all; by default as
        `allentk.config` says.
    time_limit_s : float, optional
        The longest that one table or file may take to fetch, in seconds; by default as
        `allentk.config` says.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        self._store = Store(**options)
        # Each table is kept as long as its answer stays the same.
        self._tables: dict[str, tuple[str, pd.DataFrame]] = {}

    @property
    def cache(self) -> Cache:
        """The folder of downloads."""
        return self._store.cache

    @property
    def source(self) -> str:
        """Where answers come from, in words."""
        return self._store.transport.source

    @property
    def synthetic(self) -> bool:
        """Whether the answers are made up."""
        return self._store.transport.synthetic

    def _table(
        self,
        name: str,
        query: Query,
        columns: Mapping[str, Field],
        *,
        what: str,
        command: str,
        refresh: bool,
        none: AllenTKError | None = None,
    ) -> pd.DataFrame:
        """Return a table of the service; `none` is raised where it has no rows."""
        empty = none or ServiceError(
            f"{what}: {self.source} answered with no rows at all; nothing was kept. Try again later"
        )
        found = self._store.found_answer(
            name,
            query,
            what=what,
            command=command,
            check=lambda fresh: frame(fresh, columns, what=what),
            none=empty,
            refresh=refresh,
        )
        return self._opened(name, found, columns, what)

    def _opened(
        self, name: str, found: Found, columns: Mapping[str, Field], what: str
    ) -> pd.DataFrame:
        """Return the table of an answer; it is parsed once."""
        key = table_key(found.version, columns)
        known, table = self._tables.get(name, ("", None))
        if table is None or known != key:
            table = self._parsed(name, found, columns, key, what)
            self._tables[name] = key, table
        return table.copy()

    def _parsed(
        self, name: str, found: Found, columns: Mapping[str, Field], key: str, what: str
    ) -> pd.DataFrame:
        """Return a table as it was stored, or parse it and store it."""
        stored = self.cache.folder / ".tables" / f"{name}.npz"
        table = load_table(stored, columns, key)
        if table is None:
            table = frame(read_rows(found.path), columns, what=what)
            save_table(stored, table, columns, key)
        return table

    def _marked(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with a note of where it comes from."""
        table.attrs = {"source": self.source, "synthetic": self.synthetic}
        return table

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.source}, cache in {self.cache.folder}>"
