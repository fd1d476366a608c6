"""Patch-seq recordings of the Allen Institute, which DANDI keeps: mouse (000020), human (000023)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from allentk.api.client import Client, as_id
from allentk.api.dandi import SITE, Dandiset, published
from allentk.api.exchange import Transport
from allentk.api.patch_seq_tables import FILES, agreed, read_manifest, read_metadata
from allentk.api.rma import BASE
from allentk.api.tables import frame
from allentk.config import Folders
from allentk.data import SweepSet
from allentk.errors import DataError
from allentk.io import read_nwb

__all__ = ["DANDISETS", "PatchSeq"]

#: Dandiset by species.
DANDISETS = {"mouse": "000020", "human": "000023"}


class PatchSeq(Client):
    """Whole-cell recordings of cells whose genes were read too.

    Parameters
    ----------
    species : {"mouse", "human"}
        Which release: neurons of mouse visual cortex (dandiset 000020, about 114 GB), or of human
        cortical layers 2 and 3 (000023, about 12 GB).
    version : str
        Version of the dandiset: ``"draft"``, which may change, or a published one such as
        ``"0.210914.1900"``.
    manifest : path, optional
        A published file manifest (CSV), which says which cell a session belongs to.
    metadata : path, optional
        The published metadata of cells (CSV), with their types.
    cache_dir, offline, transport, progress : optional
        As of `CellTypes`.
    shared_cache, time_limit_s : optional
        As of `Client`.

    Notes
    -----
    DANDI knows sessions, not cells: without `manifest` or `metadata` a recording is asked for by its
    session. Both are published beside the data, and copies of 2020 lie in the IPFX repository
    (AllenInstitute/ipfx, ``ipfx/data_release``). A file's bytes are compared with DANDI's size and
    SHA-256; where DANDI has none, with the manifest's. DANDI may have replaced a file since the
    manifest was published; that is told by a warning.

    Not known here: whether every recording's name holds its session, as those of both manifests
    looked at do; files without one are listed with a missing ``session_id`` and are asked for by
    ``path``.

    References
    ----------
    Gouwens et al. 2020, Cell 183:935 (mouse); Berg et al. 2021, Nature 598:151 (human).
    dandiarchive.org/dandiset/000020 and /000023.

    Examples
    --------
    >>> PatchSeq("human", cache_dir="/tmp/allen", offline=True).dandiset
    '000023'
    """

    def __init__(
        self,
        species: str = "mouse",
        *,
        version: str = "draft",
        manifest: str | Path | None = None,
        metadata: str | Path | None = None,
        cache_dir: str | Path | None = None,
        offline: bool | None = None,
        transport: Transport | None = None,
        progress: bool | None = None,
        shared_cache: Folders | None = None,
        time_limit_s: float | None = None,
    ) -> None:
        super().__init__(
            cache_dir=cache_dir,
            offline=offline,
            transport=transport,
            progress=progress,
            shared_cache=shared_cache,
            time_limit_s=time_limit_s,
        )
        if species not in DANDISETS:
            raise DataError(f"species must be one of {', '.join(DANDISETS)}, got {species!r}")
        self.species = species
        self._files = Dandiset(
            self._store,
            DANDISETS[species],
            version,
            f"allentk.PatchSeq({species!r}, version={version!r}).files(refresh=True)",
        )
        self._manifest = manifest
        self._metadata = metadata

    @property
    def dandiset(self) -> str:
        """Number of the dandiset."""
        return self._files.number

    @property
    def version(self) -> str:
        """Version of the dandiset."""
        return self._files.version

    @property
    def source(self) -> str:
        """Where answers come from, in words."""
        return super().source.replace(BASE, SITE)

    def files(self, *, refresh: bool = False) -> pd.DataFrame:
        """Return the files of the dandiset, one row each.

        Parameters
        ----------
        refresh : bool
            Ask DANDI even where the list is in the cache; a draft may change.

        Returns
        -------
        DataFrame
            session_id and subject_id (from the name), path, size_bytes, asset_id, modified. With a
            manifest also cell_specimen_id, published_name, published_size_bytes and
            published_sha256; a recording that only the manifest has is listed without a path.

        Raises
        ------
        ServiceError
            Where DANDI's pages do not add up.
        FormatError
            Where the manifest is none.
        """
        rows = self._files.rows(refresh=refresh)
        table = frame(rows, FILES, what=f"files of {self._files}")
        if self._manifest is not None:
            listed = read_manifest(self._manifest)
            table = table.merge(listed, on="session_id", how="outer")
        return self._marked(table.sort_values(["session_id", "path"], ignore_index=True))

    def cells(self, *, refresh: bool = False) -> pd.DataFrame:
        """Return the published metadata of cells, with their recordings on DANDI.

        Parameters
        ----------
        refresh : bool
            Ask DANDI for its files even where their list is in the cache.

        Returns
        -------
        DataFrame
            The columns of the published table, and path, size_bytes and asset_id of the recording;
            missing where DANDI has none. One row per cell, or per file where a session has several.

        Raises
        ------
        DataError
            Where no metadata was given.
        """
        if self._metadata is None:
            raise DataError(
                "the metadata of Patch-seq cells is a table published beside the data: hand it over "
                "as PatchSeq(metadata='20200625_patchseq_metadata_mouse.csv')"
            )
        cells = read_metadata(self._metadata)
        files = self.files(refresh=refresh)
        here = files.loc[files["path"].notna() & files["session_id"].notna()]
        recordings = here[["session_id", "path", "size_bytes", "asset_id"]]
        joined = cells.merge(
            recordings, left_on="ephys_session_id", right_on="session_id", how="left"
        )
        return self._marked(joined.drop(columns="session_id"))

    def sweeps(
        self,
        session_id: int | None = None,
        *,
        specimen_id: int | None = None,
        path: str | None = None,
    ) -> SweepSet:
        """Return the sweeps of a recording, downloading it where it is not in the cache.

        Parameters
        ----------
        session_id, specimen_id, path : optional
            One of them: the session, the cell (needs a manifest or metadata), or the file's path in
            the dandiset.

        Returns
        -------
        SweepSet
            As `allentk.io.read_nwb` reads NWB 2 with MIES's conventions; `metadata` has ``session_id``,
            ``dandiset`` and ``synthetic``.

        Raises
        ------
        DataError
            Where there is no such recording, or several.
        """
        row = self._chosen(session_id, specimen_id, path)
        file = self._download(row)
        read = read_nwb(file)
        known = {
            "session_id": int(row["session_id"]) if pd.notna(row["session_id"]) else None,
            "dandiset": f"{self.dandiset}/{self.version}",
            "synthetic": self.synthetic or bool(read.metadata.get("synthetic")),
        }
        return SweepSet(
            read.table, read.sweep, source=str(file), metadata={**read.metadata, **known}
        )

    def fetch(
        self,
        session_id: int | None = None,
        *,
        specimen_id: int | None = None,
        path: str | None = None,
    ) -> Path:
        """Download a recording without reading it, and return its path.

        Parameters
        ----------
        session_id, specimen_id, path : optional
            As of `sweeps`.

        Raises
        ------
        DataError
            Where there is no such recording, or several.
        IntegrityError
            Where what came is not what DANDI says it is.
        """
        return self._download(self._chosen(session_id, specimen_id, path))

    def _chosen(
        self, session_id: int | None, specimen_id: int | None, path: str | None
    ) -> pd.Series:
        """Return the row of the one recording that is asked for."""
        given = {
            name: value
            for name, value in (
                ("session_id", session_id),
                ("specimen_id", specimen_id),
                ("path", path),
            )
            if value is not None
        }
        if len(given) != 1:
            raise DataError(
                f"expected one of session_id, specimen_id and path, got {', '.join(given) or 'none'}"
            )
        if specimen_id is not None:
            session_id = self._session_of(as_id(specimen_id, "specimen"))
        elif session_id is not None:
            session_id = as_id(session_id, "session")
        table = self.files()
        wanted = table["path"] == path if session_id is None else table["session_id"] == session_id
        found = table[wanted.fillna(False).astype(bool) & table["path"].notna()]
        if len(found) != 1:
            asked = path if session_id is None else f"session {session_id}"
            raise DataError(
                f"files of {self._files}: expected one of {asked}, got "
                f"{', '.join(found['path']) or 'none'}. files() lists them; a path names one of several"
            )
        return found.iloc[0]

    def _session_of(self, specimen: int) -> int:
        """Return the recording session of a cell."""
        if self._metadata is not None:
            table = read_metadata(self._metadata)
            pairs = zip(table["cell_specimen_id"], table["ephys_session_id"], strict=True)
        elif self._manifest is not None:
            table = read_manifest(self._manifest)
            pairs = zip(table["cell_specimen_id"], table["session_id"], strict=True)
        else:
            raise DataError(
                f"specimen {specimen}: DANDI knows sessions, not cells. Hand over the published file "
                f"manifest, PatchSeq(manifest=...), or the metadata, or ask by session_id"
            )
        sessions = {int(session) for cell, session in pairs if pd.notna(cell) and cell == specimen}
        if len(sessions) != 1:
            raise DataError(
                f"specimen {specimen}: expected one session in {self._metadata or self._manifest}, got "
                f"{sorted(sessions) or 'none'}"
            )
        return sessions.pop()

    def _download(self, row: pd.Series) -> Path:
        asset_id, name = str(row["asset_id"]), str(row["path"]).rsplit("/", 1)[-1]
        what = f"{name} of dandiset {self.dandiset}"
        command = f"allentk.PatchSeq({self.species!r}).fetch(path={row['path']!r})"
        asset = self._files.described(asset_id, what=what, command=command)
        expected = agreed(published(asset, what), row, what)
        return self._files.download(asset_id, name, expected, what=what, command=command)
