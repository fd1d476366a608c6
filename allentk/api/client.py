"""What the clients of all services have in common."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.api.cache import Cache, Record
from allentk.api.exchange import Transport
from allentk.api.rma import Query
from allentk.api.store import Store, read_rows
from allentk.api.tables import Field, frame
from allentk.errors import AllenTKError, DataError, IntegrityError, ServiceError

__all__ = ["Client", "as_id", "expect_same"]


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
    """

    def __init__(
        self,
        *,
        cache_dir: str | Path | None = None,
        offline: bool | None = None,
        transport: Transport | None = None,
        progress: bool | None = None,
    ) -> None:
        self._store = Store(
            cache_dir=cache_dir, offline=offline, transport=transport, progress=progress
        )
        # The large tables take seconds to read; each is kept as long as its file stays the same.
        self._tables: dict[str, tuple[Record | None, pd.DataFrame]] = {}

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
        path = self._store.answer(
            name,
            query,
            what=what,
            command=command,
            check=lambda fresh: frame(fresh, columns, what=what),
            none=empty,
            refresh=refresh,
        )
        record = self.cache.record(name)
        version, table = self._tables.get(name, (None, None))
        if table is None or version != record:
            table = frame(read_rows(path), columns, what=what)
            self._tables[name] = record, table
        return table.copy()

    def _marked(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with a note of where it comes from."""
        table.attrs = {"source": self.source, "synthetic": self.synthetic}
        return table

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.source}, cache in {self.cache.folder}>"
