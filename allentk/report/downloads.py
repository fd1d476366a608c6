"""Tables as files inside the page, to be saved by a click: nothing is asked of any server."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from allentk.plain import plain
from allentk.report.blocks import Download, Downloads
from allentk.report.text import counted

__all__ = ["MAX_URI", "csv_file", "downloads", "json_file"]

#: Longest data URI that browsers save from a link (Chromium: 2 MiB).
MAX_URI = 2_000_000

#: A table is packed by gzip from this size on, in bytes.
_PACKED_FROM = 400_000

_KINDS = {"csv": "text/csv;charset=utf-8", "json": "application/json", "gz": "application/gzip"}


def csv_file(name: str, table: pd.DataFrame, text: str) -> Download:
    """Return a table as a CSV file, every number in full.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    table : DataFrame
        The table.
    text : str
        What it is, in a few words.

    Examples
    --------
    >>> made = csv_file("t", pd.DataFrame({"a": [1]}), "A table")
    >>> made.name, base64.b64decode(made.uri.split(",")[1]).split()
    ('t.csv', [b'a', b'1'])
    """
    body = table.to_csv(index=False, lineterminator="\n").encode()
    told = f"{text}: {counted(len(table), 'row')}, {counted(len(table.columns), 'column')}"
    return _file(f"{name}.csv", body, told)


def json_file(name: str, content: Any, text: str) -> Download:
    """Return plain values as a JSON file; what is not a finite number is null.

    Examples
    --------
    >>> json_file("t", {"s": float("nan")}, "A value").size
    '14 bytes'
    """
    body = json.dumps(plain(content), ensure_ascii=False, allow_nan=False, indent=1).encode()
    return _file(f"{name}.json", body, text)


def downloads(files: Sequence[Download]) -> Downloads:
    """Return the files that a browser can save; those too large for a link are named."""
    kept = [one for one in files if len(one.uri) <= MAX_URI]
    left = [one.name for one in files if len(one.uri) > MAX_URI]
    note = (
        f"Too large to carry in a page: {', '.join(left)}; write them from Python." if left else ""
    )
    return Downloads(kept, note)


def _file(name: str, body: bytes, text: str) -> Download:
    size, kind = _size(len(body)), name.rpartition(".")[2]
    if len(body) > _PACKED_FROM:
        # A fixed time in the header, so that the same table is the same page.
        body, name, kind = gzip.compress(body, mtime=0), f"{name}.gz", "gz"
        size = f"{_size(len(body))}, unpacked {size}"
    uri = f"data:{_KINDS[kind]};base64,{base64.b64encode(body).decode('ascii')}"
    return Download(name, text, uri, size)


def _size(n_bytes: int) -> str:
    if n_bytes < 1000:
        return counted(n_bytes, "byte")
    return f"{n_bytes / 1000:.0f} kB" if n_bytes < 1_000_000 else f"{n_bytes / 1e6:.1f} MB"
