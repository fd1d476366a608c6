"""Manifests of projects in buckets: which files a release has, in which version, with which hash.

::

    <project>/manifests/<project>_project_manifest_v<X.Y.Z>.json
    {"project_name": ..., "manifest_version": "X.Y.Z", "data_pipeline": [{"name", "version"}],
     "metadata_file_id_column_name": "file_id",
     "metadata_files": {name: {"url", "version_id", "file_hash"}},
     "data_files": {file id: {"url", "version_id", "file_hash"}}}

``file_hash`` is BLAKE2b in hexadecimal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd

from allentk.api.cache import expect_name
from allentk.api.expected import Expected
from allentk.api.s3 import Bucket
from allentk.errors import DataError, FormatError

__all__ = ["Manifest", "ManifestFile", "compare", "manifest_key", "read_manifest", "versions_in"]

_HASH = re.compile(r"[0-9a-f]{128}")
_ID = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})", re.ASCII)
_MOST_BYTES = 2**28


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file of a release.

    Parameters
    ----------
    path : str
        Its name inside the project, with forward slashes.
    url : str
        Where this version of it is.
    blake2b : str
        Its hash.
    """

    path: str
    url: str
    blake2b: str

    @property
    def expected(self) -> Expected:
        """What a download of it must be."""
        return Expected(algorithm="blake2b", digest=self.blake2b)


@dataclass(frozen=True, slots=True, repr=False)
class Manifest:
    """A release of a project.

    Parameters
    ----------
    project : str
        Such as ``"visual-behavior-ophys"``.
    version : str
        Such as ``"1.0.1"``.
    tables : mapping of str to ManifestFile
        Its tables, by name.
    files : mapping of int to ManifestFile
        Its other files, by the id that tables give in their column ``file_id``.
    pipeline : str
        What made it, such as ``"AllenSDK 2.13.5"``.
    """

    project: str
    version: str
    tables: Mapping[str, ManifestFile]
    files: Mapping[int, ManifestFile]
    pipeline: str = ""

    def cache_name(self, file: ManifestFile) -> str:
        """Return what a file of this release is called in the cache."""
        return f"{self.project}-{self.version}/{file.path}"

    def all_files(self) -> list[ManifestFile]:
        """Return tables and other files."""
        return [*self.tables.values(), *self.files.values()]

    def __repr__(self) -> str:
        return (
            f"<Manifest {self.project} {self.version}: {len(self.tables)} tables, "
            f"{len(self.files)} files>"
        )


def manifest_key(project: str, version: str) -> str:
    """Return the name of a manifest in its bucket.

    Raises
    ------
    DataError
        Where `version` is not three numbers.

    Examples
    --------
    >>> manifest_key("visual-behavior-ophys", "1.0.1")
    'visual-behavior-ophys/manifests/visual-behavior-ophys_project_manifest_v1.0.1.json'
    """
    if not _VERSION.fullmatch(version):
        raise DataError(f"a version is three numbers, such as '1.0.1', got {version!r}")
    return f"{project}/manifests/{project}_project_manifest_v{version}.json"


def versions_in(names: Iterable[str], project: str) -> list[str]:
    """Return the versions whose manifests are among these names, the newest first.

    Examples
    --------
    >>> names = [manifest_key("p", version) for version in ("0.9.0", "0.10.0", "0.2.0")]
    >>> versions_in([*names, "p/manifests/notes.txt"], "p")
    ['0.10.0', '0.9.0', '0.2.0']
    """
    pattern = re.compile(
        rf"(?:.*/)?{re.escape(project)}_project_manifest_v({_VERSION.pattern})\.json"
    )
    matches = (pattern.fullmatch(name) for name in names)
    found = {match[1] for match in matches if match is not None}
    return sorted(found, key=lambda version: [int(n) for n in version.split(".")], reverse=True)


def read_manifest(path: Path, project: str, version: str, bucket: Bucket) -> Manifest:
    """Read and check a manifest; nothing in it is taken on trust.

    Parameters
    ----------
    path : Path
        The file.
    project, version : str
        Whose manifest it must be.
    bucket : Bucket
        Where all files must lie.

    Raises
    ------
    FormatError
        Where it is not the manifest that was asked for, or an address leads anywhere but to the
        project's own files; says where.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise FormatError(
            f"{path}: expected a manifest of at most {_MOST_BYTES} bytes, got {path.stat().st_size}; "
            f"delete it and ask again"
        )
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: expected JSON ({error}); delete it and ask again") from error
    if not isinstance(document, dict):
        raise _wrong(path, "an object", document)
    for key, wanted in (("project_name", project), ("manifest_version", version)):
        if document.get(key) != wanted:
            raise _wrong(path, f"{key} {wanted!r}", document.get(key))
    where = _Where(path, project, bucket)
    tables = {name: where.file(one) for name, one in where.entries(document, "metadata_files")}
    files = {
        where.number(key): where.file(one) for key, one in where.entries(document, "data_files")
    }
    return Manifest(project, version, tables, files, _pipeline(document))


@dataclass(frozen=True, slots=True)
class _Where:
    """A manifest that is being read."""

    path: Path
    project: str
    bucket: Bucket

    def entries(self, document: Mapping[str, Any], key: str) -> Iterable[tuple[str, Any]]:
        found = document.get(key)
        if not isinstance(found, dict):
            raise _wrong(self.path, f"{key!r} to be an object", found)
        return found.items()

    def number(self, key: str) -> int:
        if not _ID.fullmatch(key):
            raise _wrong(self.path, "file ids to be whole numbers, without leading zeros", key)
        return int(key)

    def file(self, entry: Any) -> ManifestFile:
        fields = entry if isinstance(entry, dict) else {}
        url, version_id, digest = (fields.get(n) for n in ("url", "version_id", "file_hash"))
        if not (isinstance(url, str) and isinstance(version_id, str) and isinstance(digest, str)):
            raise _wrong(self.path, "every file to have url, version_id and file_hash", entry)
        if not version_id:
            raise _wrong(self.path, "every file to have a version_id that is not empty", entry)
        if not _HASH.fullmatch(digest):
            raise _wrong(self.path, "a BLAKE2b hash of 128 hexadecimal digits", digest)
        start = f"{self.bucket.base}/{self.project}/"
        if not url.startswith(start):
            raise _wrong(self.path, f"addresses that begin with {start}", url)
        inner = unquote(url.removeprefix(start))
        try:
            expect_name(inner)
        except DataError as error:
            raise _wrong(self.path, "plain names of files", inner) from error
        full = self.bucket.url(f"{self.project}/{inner}", version_id=version_id)
        return ManifestFile(inner, full, digest)


def _pipeline(document: Mapping[str, Any]) -> str:
    listed = document.get("data_pipeline")
    steps = [step for step in listed if isinstance(step, dict)] if isinstance(listed, list) else []
    return ", ".join(f"{step.get('name', '')} {step.get('version', '')}".strip() for step in steps)


def _wrong(path: Path, expected: str, got: Any) -> FormatError:
    return FormatError(
        f"{path}: expected {expected}, got {str(got)[:120]!r}; nothing of it was used. Delete it and ask "
        f"again; if it comes back, tell whoever publishes it"
    )


def compare(old: Manifest, new: Manifest) -> pd.DataFrame:
    """Return what differs between two releases, one row per file that is not the same in both.

    Parameters
    ----------
    old, new : Manifest
        Two releases of a project.

    Returns
    -------
    DataFrame
        ``path`` (in the newer one, or in the older one where it is gone), ``change``: ``"added"``,
        ``"removed"``, ``"changed"`` (same name, other content) or ``"moved"`` (same content, other
        name), and ``old_path`` of what was moved.
    """
    before = {file.path: file.blake2b for file in old.all_files()}
    after = {file.path: file.blake2b for file in new.all_files()}
    gone = {path: digest for path, digest in before.items() if path not in after}
    by_digest = {digest: path for path, digest in gone.items()}
    rows: list[tuple[str, str, str | None]] = []
    for path, digest in after.items():
        if path not in before and digest in by_digest:
            was = by_digest.pop(digest)
            del gone[was]
            rows.append((path, "moved", was))
        elif path not in before:
            rows.append((path, "added", None))
        elif before[path] != digest:
            rows.append((path, "changed", None))
    rows += [(path, "removed", None) for path in gone]
    table = pd.DataFrame(rows, columns=["path", "change", "old_path"])
    return table.sort_values("path", ignore_index=True)
