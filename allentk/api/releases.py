"""Releases of a project in a bucket: which there are, what each holds, and its files.

Files are kept per release; one that did not change since a release in the cache is taken from there.
Names in the cache are AllenSDK's: ``<project>-<version>/<path>``.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

from allentk.api import checks
from allentk.api.checks import Check
from allentk.api.exchange import Request
from allentk.api.manifests import Manifest, ManifestFile, manifest_key, read_manifest, versions_in
from allentk.api.ranges import open_remote
from allentk.api.s3 import Bucket, listing
from allentk.api.store import Store
from allentk.api.transport import Offline
from allentk.errors import FormatError, OfflineError, ServiceError
from allentk.io import RangedFile

__all__ = ["Releases"]

log = logging.getLogger(__name__)


class Releases:
    """The releases of one project.

    Parameters
    ----------
    store : Store
        Cache and way to ask.
    bucket : Bucket
        Where the project is.
    project : str
        Its name, such as ``"visual-behavior-ophys"``.
    command : str
        What asks for it; used in messages.
    """

    def __init__(self, store: Store, bucket: Bucket, project: str, command: str) -> None:
        self._store = store
        self._bucket = bucket
        self._project = project
        self._command = command
        self._manifests: dict[str, Manifest] = {}

    def versions(self) -> list[str]:
        """Return the versions that were published, the newest first.

        Raises
        ------
        OfflineError
            Where nobody can be asked and the cache has none.
        ServiceError
            Where the bucket answers with an error, or has none.

        Warns
        -----
        UserWarning
            Where the bucket cannot be reached and only those in the cache are returned.
        """
        what = f"list of releases of {self._project}"
        try:
            stored = listing(
                self._store.transport,
                self._bucket,
                f"{self._project}/manifests/",
                what=what,
                command=f"{self._command}.versions()",
            )
        except OfflineError as error:
            kept = self._kept()
            if not kept:
                raise
            if not isinstance(self._store.transport, Offline):
                warnings.warn(
                    f"{what}: {error}. Only those in the cache are known: {', '.join(kept)}",
                    UserWarning,
                    stacklevel=2,
                )
            return kept
        found = versions_in((one.key for one in stored), self._project)
        if not found:
            raise ServiceError(
                f"{what}: {self._bucket.base} lists no manifest of it; is it the right bucket?"
            )
        return found

    def _kept(self) -> list[str]:
        """Return the versions whose manifests are in the cache, the newest first."""
        names = self._store.cache.folder.glob(f"{self._project}_project_manifest_v*.json")
        known = (path.name for path in names if self._store.cache.record(path.name) is not None)
        return versions_in(known, self._project)

    def manifest(self, version: str) -> Manifest:
        """Return what a release holds.

        Raises
        ------
        DataError
            Where `version` is none.
        ServiceError
            Where there is no such release.
        FormatError
            Where its manifest is not what it should be.
        """
        if version not in self._manifests:
            key = manifest_key(self._project, version)
            path = self._store.url(
                key.rpartition("/")[2],
                self._bucket.url(key),
                what=f"manifest of {self._project} {version}",
                command=self._command,
                check=checks.json_object,
            )
            self._manifests[version] = read_manifest(path, self._project, version, self._bucket)
        return self._manifests[version]

    def file(
        self,
        manifest: Manifest,
        file: ManifestFile,
        *,
        check: Check = checks.nwb,
        what: str,
        command: str,
    ) -> Path:
        """Return a file of a release, whose hash is the published one.

        Raises
        ------
        OfflineError, ServiceError, IntegrityError, ConfigError
            Where it cannot be had whole.
        """
        name = manifest.cache_name(file)
        if self._store.cache.found(name) is None:
            unchanged = self._unchanged(manifest, file)
            if unchanged is not None:
                log.info("%s: taken from %s, which has the same content", what, unchanged)
                return unchanged
        return self._store.url(
            name, file.url, what=what, command=command, check=check, expected=file.expected
        )

    def _unchanged(self, manifest: Manifest, file: ManifestFile) -> Path | None:
        """Return a file of another release in the cache that has the same hash."""
        for version in self._kept():
            if version == manifest.version:
                continue
            try:
                other = self.manifest(version)
            except FormatError as error:
                log.warning("a manifest in the cache cannot be used: %s", error)
                continue
            for candidate in other.all_files():
                if candidate.blake2b == file.blake2b:
                    found = self._store.cache.found(other.cache_name(candidate))
                    if found is not None and found.record.published == file.expected.published:
                        return found.path
        return None

    def remote(self, file: ManifestFile, *, what: str, command: str) -> RangedFile:
        """Return a file of a release that is read where it is; its hash is then not looked at.

        Raises
        ------
        OfflineError, ServiceError
            Where it cannot be read there.
        """
        return open_remote(self._store.transport, Request(file.url, what=what, command=command))
