"""One version of a dandiset: its list of files, and the files, as api.dandiarchive.org hands them out.

The list comes in pages of ``{"count", "next", "results": [{"asset_id", "path", "size", "blob", ...}]}``,
counted on the first one only. ``/assets/<asset_id>/`` says what a file is, with ``contentSize`` and
``digest`` ("dandi:sha2-256" where it was made already); ``/assets/<asset_id>/download/`` leads to its
bytes. An asset never changes, a draft's list does.

References
----------
DANDI Archive's REST API, api.dandiarchive.org/swagger.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allentk.api import checks
from allentk.api.expected import Expected
from allentk.api.rma import Row
from allentk.api.store import Store
from allentk.api.tables import Field, frame
from allentk.errors import DataError, IntegrityError, ServiceError

__all__ = ["ASSETS", "SITE", "Dandiset", "published"]

SITE = "https://api.dandiarchive.org"
_PAGE = 1000
_MOST_PAGES = 100
_ASSET = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION = re.compile(r"draft|\d+\.\d{6}\.\d{4}")
_SHA256 = "dandi:sha2-256"
_DRAFT_DAYS = 30.0

#: What the list says of each file.
ASSETS = {
    "path": Field("path", "text", meaning="name in the dandiset, with folders"),
    "size_bytes": Field("size", "id", unit="bytes", meaning="size"),
    "asset_id": Field("asset_id", "text", meaning="DANDI's name of this version of the file"),
    "modified": Field("modified", "text", meaning="when DANDI last changed its entry, ISO 8601"),
}


@dataclass(frozen=True, slots=True)
class Dandiset:
    """A version of a dandiset, by way of a store.

    Parameters
    ----------
    store : Store
        Cache and transport.
    number : str
        Such as ``"000020"``.
    version : str
        ``"draft"``, or a published one such as ``"0.210914.1900"``.
    command : str
        What lists its files; used in messages.

    Raises
    ------
    DataError
        Where `version` cannot be one.
    """

    store: Store
    number: str
    version: str
    command: str

    def __post_init__(self) -> None:
        if not _VERSION.fullmatch(self.version):
            raise DataError(
                f"version must be 'draft' or like '0.210914.1900', got {self.version!r}; the page of "
                f"dandiset {self.number} lists its versions"
            )

    def __str__(self) -> str:
        return f"dandiset {self.number}, version {self.version}"

    def rows(self, *, refresh: bool = False) -> list[Row]:
        """Return what DANDI says of every file.

        Parameters
        ----------
        refresh : bool
            Ask even where the list is in the cache.

        Raises
        ------
        ServiceError
            Where the pages do not add up.
        """
        rows: list[Row] = []
        n_files = None
        for number in range(1, _MOST_PAGES + 1):
            page = self._page(number, refresh)
            rows += page["results"]
            n_files = page.get("count") if number == 1 else n_files
            if not page.get("next"):
                break
        n_distinct = len({row["asset_id"] for row in rows})
        if not rows or n_distinct != len(rows) or n_files not in (None, len(rows)):
            raise ServiceError(
                f"files of {self}: expected {n_files} different ones, got {len(rows)}, of which "
                f"{n_distinct} differ; the list may have changed between its pages. Ask again by "
                f"{self.command}"
            )
        return rows

    def _page(self, number: int, refresh: bool) -> dict[str, Any]:
        path = self.store.url(
            f"dandi/{self.number}/{self.version}/assets_{number}.json",
            f"{SITE}/api/dandisets/{self.number}/versions/{self.version}/assets/"
            f"?order=path&page={number}&page_size={_PAGE}",
            what=f"files of {self}, page {number}",
            command=self.command,
            check=_expect_page,
            refresh=refresh,
            max_age_days=_DRAFT_DAYS if self.version == "draft" else math.inf,
        )
        page: dict[str, Any] = json.loads(path.read_bytes())
        return page

    def described(self, asset_id: str, *, what: str, command: str) -> dict[str, Any]:
        """Return what DANDI says of one file.

        Raises
        ------
        ServiceError
            Where this is no id of a file.
        """
        if not _ASSET.fullmatch(asset_id):
            raise ServiceError(f"{what}: expected DANDI's id of a file, got {asset_id!r}")
        path = self.store.url(
            f"dandi/{self.number}/{asset_id}/asset.json",
            f"{SITE}/api/assets/{asset_id}/",
            what=f"what DANDI says of {what}",
            command=command,
            check=checks.json_object,
        )
        asset: dict[str, Any] = json.loads(path.read_bytes())
        return asset

    def download(
        self, asset_id: str, name: str, expected: Expected, *, what: str, command: str
    ) -> Path:
        """Return an NWB file, downloading it where it is not in the cache.

        Parameters
        ----------
        asset_id : str
            The file.
        name : str
            Its name, without folders.
        expected : Expected
            What it must be; see `published`.
        what, command : str
            What it is, and what fetches it; used in messages.
        """
        return self.store.url(
            f"dandi/{self.number}/{asset_id}/{name}",
            f"{SITE}/api/assets/{asset_id}/download/",
            what=what,
            command=command,
            check=checks.nwb,
            expected=expected,
        )


def published(asset: Mapping[str, Any], what: str) -> Expected:
    """Return what DANDI says that a file's bytes are.

    Raises
    ------
    ServiceError
        Where it says nothing that can be used.
    """
    size, digests = asset.get("contentSize"), asset.get("digest")
    digest = digests.get(_SHA256) or "" if isinstance(digests, Mapping) else None
    if not isinstance(size, int) or not isinstance(digest, str):
        raise ServiceError(
            f"{what}: expected DANDI to give 'contentSize' and 'digest', got {size!r} and "
            f"{digests!r:.80}. Try again later"
        )
    try:
        return Expected(size, "sha256", digest)
    except DataError as error:
        raise ServiceError(f"{what}: what DANDI says of it cannot be: {error}") from error


def _expect_page(path: Path, what: str) -> None:
    try:
        frame(json.loads(path.read_bytes())["results"], ASSETS, what=what)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, ServiceError) as error:
        raise IntegrityError(
            f"{what}: expected a page of DANDI's list of files, got something else "
            f"({type(error).__name__}: {error}). Try again later"
        ) from error
