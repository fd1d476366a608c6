"""The query language of api.brain-map.org: building, quoting, asking, paging, checking.

A query is ``model::X,rma::criteria,<c>,rma::include,<i>,rma::options[...]``. The answer is an
envelope: ``success``, ``start_row``, ``num_rows``, ``total_rows`` and the rows in ``msg``, which is
a sentence instead where ``success`` is false. Nothing but rows leaves this module, so an error
never reaches the cache.

References
----------
Allen Institute, "RESTful Model Access (RMA)", help.brain-map.org.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from allentk.api.exchange import Deadline, Request, Transport, read_whole
from allentk.errors import DataError, ServiceError
from allentk.progress import bar

__all__ = ["BASE", "Query", "Row", "equals", "file_url", "is_in", "query_text", "query_url", "rows"]

Row: TypeAlias = dict[str, Any]
Literal: TypeAlias = str | int | bool

#: Where the service lives.
BASE = "https://api.brain-map.org"

_SAFE = ";/?:@&=+$,"
_BARE = re.compile(r"[A-Za-z]\w*", re.ASCII)
_FILE_LINK = re.compile(r"/api/v2/well_known_file_download/\d+")
#: An answer larger than this is no table of the service.
_MOST_BYTES = 2**30
#: More pages than this are no table of the service either.
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Query:
    """One question in the service's grammar.

    Parameters
    ----------
    model : str
        Class of the rows, such as ``"EphysSweep"``.
    criteria, include : str
        Which rows, and what of their relatives comes with them.
    order : str
        Column to sort by; needed where the answer comes in pages.
    page : int, optional
        Rows per page; by default all rows come at once.
    count : bool
        Whether the service counts the rows there are.

    Examples
    --------
    >>> query_text(Query("EphysSweep", criteria=equals("specimen_id", 5)))
    "model::EphysSweep,rma::criteria,[specimen_id$eq5],rma::options[num_rows$eq'all']"
    """

    model: str
    criteria: str = ""
    include: str = ""
    order: str = ""
    page: int | None = None
    count: bool = True


def _literal(value: Literal) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if any(mark in value for mark in "'[]$,()"):
        raise DataError(
            f"a query cannot hold {value!r}: quotes, brackets, $ and commas are grammar"
        )
    return value if _BARE.fullmatch(value) else f"'{value}'"


def equals(field: str, value: Literal) -> str:
    """Return a filter such as ``[id$eq5]``.

    Raises
    ------
    DataError
        Where `value` would change the query's grammar.
    """
    return f"[{field}$eq{_literal(value)}]"


def is_in(field: str, values: Iterable[Literal]) -> str:
    """Return a filter such as ``[id$in5,6]``.

    Raises
    ------
    DataError
        Where a value would change the query's grammar.
    """
    return f"[{field}$in{','.join(map(_literal, values))}]"


def query_text(query: Query, *, start_row: int = 0) -> str:
    """Return the query as the service reads it, not yet quoted for a URL."""
    parts = [f"model::{query.model}"]
    if query.criteria:
        parts.append(f"rma::criteria,{query.criteria}")
    if query.include:
        parts.append(f"rma::include,{query.include}")
    options = "[num_rows$eq'all']"
    if query.page is not None:
        options = f"[num_rows$eq{query.page}][start_row$eq{start_row}]"
    if query.order:
        options += f"[order$eq'{query.order}']"
    if not query.count:
        options += "[count$eqfalse]"
    parts.append(f"rma::options{options}")
    return ",".join(parts)


def query_url(query: Query, *, start_row: int = 0) -> str:
    """Return the exact URL that is asked for; `start_row` is where a page begins."""
    text = quote(query_text(query, start_row=start_row), safe=_SAFE)
    return f"{BASE}/api/v2/data/query.json?q={text}"


def file_url(link: str | int) -> str:
    """Return the URL of a well-known file, from its id or its ``download_link``.

    Raises
    ------
    ServiceError
        Where the link leads anywhere but to the service's own files.

    Examples
    --------
    >>> file_url(491198851)
    'https://api.brain-map.org/api/v2/well_known_file_download/491198851'
    """
    path = f"/api/v2/well_known_file_download/{link}" if isinstance(link, int) else link
    if not _FILE_LINK.fullmatch(path):
        raise ServiceError(
            f"expected a link such as /api/v2/well_known_file_download/491198851, got {link!r}; it "
            f"was not followed"
        )
    return BASE + path


@dataclass(frozen=True, slots=True)
class _Page:
    rows: list[Row]
    start_row: int | None
    total_rows: int | None


def rows(
    transport: Transport,
    query: Query,
    *,
    what: str,
    command: str,
    progress: bool | None = None,
    deadline: Deadline | None = None,
) -> list[Row]:
    """Ask the service and return the rows, from all pages.

    Parameters
    ----------
    transport : Transport
        How to ask.
    query : Query
        What to ask.
    what : str
        What is wanted, in words; used in messages.
    command : str
        What would fetch it later; used in messages.
    progress : bool, optional
        Show a progress bar; by default on a terminal.
    deadline : Deadline, optional
        When all pages must have come.

    Raises
    ------
    ServiceError
        Where the answer is an error, no answer at all, or pages that do not add up.
    OfflineError
        Where nobody could be asked.

    Warns
    -----
    UserWarning
        Where pages end before the rows that the service counted are there.
    """
    found: list[Row] = []
    with bar(what, unit="rows", progress=progress) as shown:
        for page in _pages(transport, query, what, command, deadline):
            found.extend(page.rows)
            shown.update(len(page.rows))
    return found


def _pages(
    transport: Transport, query: Query, what: str, command: str, deadline: Deadline | None
) -> Iterator[_Page]:
    got, before = 0, None
    for _ in range(_MOST_PAGES):
        url = query_url(query, start_row=got)
        request = Request(url, what=what, command=command, deadline=deadline)
        page = _ask(transport, request)
        if query.page is None:
            yield page
            return
        _check_page(page, query.page, got, before, request)
        yield page
        got, before = got + len(page.rows), page
        total = page.total_rows
        if total is not None and got >= total:
            return
        if len(page.rows) < query.page:
            if total is not None:
                warnings.warn(
                    f"{what}: the service counted {total} rows but gave {got}; the table may be "
                    f"incomplete, ask again with refresh=True",
                    UserWarning,
                    stacklevel=3,
                )
            return
    raise ServiceError(
        f"{what}: the service gave {_MOST_PAGES} pages ({got} rows) and no end; nothing was kept. "
        f"Look at {query_url(query)}"
    )


def _check_page(page: _Page, size: int, start: int, before: _Page | None, request: Request) -> None:
    """Refuse a page that is not the next one."""
    wrong = ""
    if len(page.rows) > size:
        wrong = f"asked for {size} rows from row {start}, got {len(page.rows)}"
    elif page.start_row not in (None, start):
        wrong = f"asked for rows from {start}, got rows from {page.start_row}"
    elif before is not None and page.total_rows != before.total_rows:
        wrong = f"there were {before.total_rows} rows in all, and now there are {page.total_rows}"
    elif before is not None and page.rows and page.rows[0] == before.rows[0]:
        wrong = f"the page from row {start} begins with the same row as the page before"
    elif page.total_rows is not None and start + len(page.rows) > page.total_rows:
        wrong = f"{start + len(page.rows)} rows came, but there are only {page.total_rows}"
    if wrong:
        raise ServiceError(
            f"{request.what}: the service's pages do not add up: {wrong}. Nothing was kept; try "
            f"again later. The page was {request.url}"
        )


def _ask(transport: Transport, request: Request) -> _Page:
    return _page(read_whole(transport, request, _MOST_BYTES), request)


def _page(body: bytes, request: Request) -> _Page:
    """Return what an envelope holds, or say what is wrong with it."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        start = body[:80].decode("utf-8", errors="replace")
        kind = "a web page" if start.lstrip().startswith("<") else "no JSON"
        raise _no_answer(request, f"expected JSON, got {kind} beginning {start!r}") from error
    if not isinstance(document, dict) or "success" not in document:
        raise _no_answer(request, "expected an object with 'success' and 'msg'")
    message = document.get("msg")
    if document["success"] is not True:
        raise _no_answer(request, f"the service says {str(message)[:300]!r}")
    if not isinstance(message, list) or not all(isinstance(row, dict) for row in message):
        raise _no_answer(request, f"expected rows in 'msg', got {str(message)[:80]!r}")
    return _Page(message, _count(document, "start_row"), _count(document, "total_rows"))


def _count(document: dict[str, Any], name: str) -> int | None:
    value = document.get(name)
    return value if isinstance(value, int) and value >= 0 else None


def _no_answer(request: Request, why: str) -> ServiceError:
    return ServiceError(
        f"{request.what}: {why}. Nothing was kept; try again later, or open the query in a browser: "
        f"{request.url}"
    )
