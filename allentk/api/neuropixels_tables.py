"""Tables of Visual Coding, Neuropixels: from the public bucket, or from the warehouse."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import pandas as pd

from allentk.api.checks import Check
from allentk.api.client import Options
from allentk.api.csv_tables import csv_check, typed
from allentk.api.neuropixels_columns import CHANNELS, METRICS, PROBES, SESSIONS, UNITS
from allentk.api.neuropixels_units import mended, placed
from allentk.api.rma import Query
from allentk.api.s3 import Bucket
from allentk.api.s3_client import S3Client
from allentk.api.store import read_rows
from allentk.api.tables import Field, Wanted, choose
from allentk.errors import DataError, ServiceError
from allentk.io import passing

__all__ = ["NeuropixelsTables"]

log = logging.getLogger(__name__)

BUCKET = Bucket("allen-brain-observatory")
PREFIX = "visual-coding-neuropixels/ecephys-cache"
_FOLDER = "visual-coding-neuropixels"
_SOURCES = ("bucket", "api")
_TYPES = ("brain_observatory_1.1", "functional_connectivity")
_MODELS = {
    "sessions": "EcephysSession",
    "probes": "EcephysProbe",
    "channels": "EcephysChannel",
    "units": "EcephysUnit",
}
_PAGE = 5000


class NeuropixelsTables(S3Client):
    """Tables; `Neuropixels` says what each parameter is."""

    def __init__(
        self,
        *,
        source: str = "bucket",
        bucket: Bucket = BUCKET,
        **options: Unpack[Options],
    ) -> None:
        if source not in _SOURCES:
            raise DataError(f"source must be one of {', '.join(_SOURCES)}, got {source!r}")
        super().__init__(bucket, **options)
        self._from_api = source == "api"

    def sessions(
        self,
        *,
        session_type: Wanted = None,
        sex: Wanted = None,
        full_genotype: Wanted = None,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Return the sessions, one row each.

        Parameters
        ----------
        session_type, sex, full_genotype : optional
            Only those with this value, or one of these: ``"functional_connectivity"``, ``"F"``...
        refresh : bool
            Ask for the table even where it is in the cache.

        Returns
        -------
        DataFrame
            `neuropixels_columns.SESSIONS`.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row; lists those that do.
        """
        table = self._of("sessions", SESSIONS, refresh)
        chosen = choose(
            table,
            "table of Neuropixels sessions",
            session_type=session_type,
            sex=sex,
            full_genotype=full_genotype,
        )
        return self._marked(chosen)

    def probes(self, *, session_id: Wanted = None, refresh: bool = False) -> pd.DataFrame:
        """Return the probes, one row each: `neuropixels_columns.PROBES`.

        Parameters
        ----------
        session_id : int or several, optional
            Only those of these sessions.
        refresh : bool
            Ask for the table even where it is in the cache.

        Raises
        ------
        DataError
            Where there is no such session.
        """
        table = self._of("probes", PROBES, refresh)
        return self._marked(choose(table, "table of probes", ecephys_session_id=session_id))

    def channels(self, *, probe_id: Wanted = None, refresh: bool = False) -> pd.DataFrame:
        """Return the channels, one row each: `neuropixels_columns.CHANNELS`.

        Parameters
        ----------
        probe_id : int or several, optional
            Only those of these probes.
        refresh : bool
            Ask for the table even where it is in the cache.

        Raises
        ------
        DataError
            Where there is no such probe.
        """
        table = self._of("channels", CHANNELS, refresh)
        return self._marked(choose(table, "table of channels", ecephys_probe_id=probe_id))

    def units(
        self,
        *,
        session_id: Wanted = None,
        structure: Wanted = None,
        amplitude_cutoff_max: float | None = 0.1,
        presence_ratio_min: float | None = 0.95,
        isi_violations_max: float | None = 0.5,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Return the units that were isolated well, one row each, and where they are.

        Parameters
        ----------
        session_id, structure : optional
            Only those of these sessions, or whose peak channel is in these structures: ``"VISp"``.
        amplitude_cutoff_max, presence_ratio_min, isi_violations_max : float, optional
            Bounds, themselves included, as the Allen Institute sets them; None leaves one out.
        refresh : bool
            Ask for the tables even where they are in the cache.

        Returns
        -------
        DataFrame
            `neuropixels_columns.UNITS` and `neuropixels_columns.UNIT_PLACES`.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row; lists those that do.
        """
        what = "table of units"
        table = placed(
            self._of("units", UNITS, refresh),
            self._of("channels", CHANNELS, refresh),
            self._of("probes", PROBES, refresh),
        )
        chosen = choose(
            table, what, ecephys_session_id=session_id, ecephys_structure_acronym=structure
        )
        keep = passing(
            chosen,
            what,
            amplitude_cutoff_max=amplitude_cutoff_max,
            presence_ratio_min=presence_ratio_min,
            isi_violations_max=isi_violations_max,
        )
        return self._marked(chosen[keep].reset_index(drop=True))

    def unit_metrics(self, session_type: str, *, refresh: bool = False) -> pd.DataFrame:
        """Return the published responses of units to stimuli, one row per unit.

        Parameters
        ----------
        session_type : {"brain_observatory_1.1", "functional_connectivity"}
            Of which sessions.
        refresh : bool
            Ask for the table even where it is in the cache.

        Returns
        -------
        DataFrame
            `neuropixels_columns.METRICS`. Where ``on_screen_rf`` and ``p_value_rf`` came under each
            other's names, as the warehouse once gave them, they were exchanged, and ``attrs["mended"]``
            says so.

        Raises
        ------
        DataError
            On an unknown `session_type`.
        """
        if session_type not in _TYPES:
            raise DataError(
                f"session_type must be one of {', '.join(_TYPES)}, got {session_type!r}"
            )
        file = f"{session_type}_analysis_metrics.csv"
        what = f"metrics of units in {session_type} sessions"
        raw = {n: f for n, f in METRICS.items() if n not in ("on_screen_rf", "p_value_rf")}
        command = f"allentk.Neuropixels().unit_metrics({session_type!r})"
        path = self._get(file, csv_check(raw), what, command, refresh)
        table, note = mended(self._csv_table(path, raw, what=what))
        marked = self._marked(typed(table, METRICS, what=what))
        marked.attrs["source"] = self._bucket_source
        if note:
            log.info("%s: %s", what, note)
            marked.attrs["mended"] = note
        return marked

    @property
    def source(self) -> str:
        """Where tables come from, in words."""
        return self._store.transport.source if self._from_api else self._bucket_source

    @property
    def _bucket_source(self) -> str:
        return super().source

    def _get(self, key: str, check: Check, what: str, command: str, refresh: bool = False) -> Path:
        return self._store.url(
            f"{_FOLDER}/{key}",
            self._bucket.url(f"{PREFIX}/{key}"),
            what=what,
            command=command,
            check=check,
            refresh=refresh,
        )

    def _of(self, name: str, columns: Mapping[str, Field], refresh: bool) -> pd.DataFrame:
        what, command = f"table of Neuropixels {name}", f"allentk.Neuropixels().{name}()"
        if self._from_api:
            return self._from_warehouse(name, columns, what, command, refresh)
        path = self._get(f"{name}.csv", csv_check(columns), what, command, refresh)
        return self._csv_table(path, columns, what=what)

    def _from_warehouse(
        self, name: str, columns: Mapping[str, Field], what: str, command: str, refresh: bool
    ) -> pd.DataFrame:
        path = self._store.answer(
            f"{_FOLDER}/api/{name}.json",
            Query(_MODELS[name], order="id", page=_PAGE),
            what=what,
            command=command,
            check=lambda rows: typed(pd.DataFrame(rows), columns, what=what),
            none=ServiceError(f"{what}: {self.source} answered with no rows; try again later"),
            refresh=refresh,
        )
        return typed(pd.DataFrame(read_rows(path)), columns, what=what)
