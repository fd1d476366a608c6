"""What the clients of projects in buckets have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import pandas as pd

from allentk.api import rma
from allentk.api.client import Client, Options
from allentk.api.csv_tables import read_csv
from allentk.api.s3 import Bucket
from allentk.api.tables import Field

__all__ = ["S3Client"]


class S3Client(Client):
    """A project's tables and files, from the cache or from a public bucket.

    Parameters
    ----------
    bucket : Bucket
        Where the project is.
    **options
        As `Client` takes them: ``cache_dir``, ``offline``, ``transport``, ``progress``...
    """

    def __init__(self, bucket: Bucket, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._bucket = bucket
        self._csv: dict[Path, tuple[tuple[int, int], pd.DataFrame]] = {}

    @property
    def source(self) -> str:
        """Where answers come from, in words."""
        return super().source.replace(rma.BASE, self._bucket.base)

    def _csv_table(self, path: Path, columns: Mapping[str, Field], *, what: str) -> pd.DataFrame:
        """Return a table from its file; it is read again only where the file changed."""
        state = path.stat()
        version = (state.st_size, state.st_mtime_ns)
        known, table = self._csv.get(path, (None, None))
        if table is None or known != version:
            table = read_csv(path, columns, what=what)
            self._csv[path] = version, table
        return table.copy()
