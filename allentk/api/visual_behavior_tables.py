"""Releases and tables of Visual Behavior, two-photon and Neuropixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

import pandas as pd

from allentk.api.client import Options
from allentk.api.csv_tables import csv_check
from allentk.api.manifests import Manifest, compare
from allentk.api.releases import Releases
from allentk.api.s3 import Bucket
from allentk.api.s3_client import S3Client
from allentk.api.tables import Field, Wanted, choose
from allentk.api.visual_behavior_columns import NEUROPIXELS, OPHYS
from allentk.errors import DataError
from allentk.io import passing

__all__ = ["VisualBehaviorTables"]


@dataclass(frozen=True, slots=True)
class _Project:
    """What a project is called, and which tables it has."""

    name: str
    bucket: Bucket
    tables: Mapping[str, Mapping[str, Field]]
    sessions: str
    behavior_sessions: str


_PROJECTS = {
    "ophys": _Project(
        "visual-behavior-ophys",
        Bucket("visual-behavior-ophys-data"),
        OPHYS,
        "ophys_session_table",
        "behavior_session_table",
    ),
    "neuropixels": _Project(
        "visual-behavior-neuropixels",
        Bucket("visual-behavior-neuropixels-data"),
        NEUROPIXELS,
        "ecephys_sessions",
        "behavior_sessions",
    ),
}


class VisualBehaviorTables(S3Client):
    """Releases and tables; `VisualBehavior` says what each parameter is."""

    def __init__(
        self,
        project: str = "ophys",
        *,
        version: str | None = None,
        bucket: Bucket | None = None,
        **options: Unpack[Options],
    ) -> None:
        if project not in _PROJECTS:
            raise DataError(f"project must be one of {', '.join(_PROJECTS)}, got {project!r}")
        self._kind = project
        self._about = _PROJECTS[project]
        super().__init__(bucket or self._about.bucket, **options)
        self._asks = f"allentk.VisualBehavior({project!r})"
        self._releases = Releases(self._store, self._bucket, self._about.name, self._asks)
        self._version = version

    @property
    def project(self) -> str:
        """Name of the project in its bucket."""
        return self._about.name

    @property
    def version(self) -> str:
        """The release that this client reads; asked for where none was named."""
        if self._version is None:
            self._version = self.versions()[0]
        return self._version

    def versions(self) -> list[str]:
        """Return the releases there are, the newest first.

        Raises
        ------
        OfflineError
            Where nobody can be asked and the cache has none.

        Warns
        -----
        UserWarning
            Where the bucket cannot be reached; those in the cache are then returned.
        """
        return self._releases.versions()

    def manifest(self, version: str | None = None) -> Manifest:
        """Return what a release holds; by default the one that this client reads."""
        return self._releases.manifest(self.version if version is None else version)

    def compare(self, old: str, new: str) -> pd.DataFrame:
        """Return what differs between two releases, one row per file that is not the same in both.

        Parameters
        ----------
        old, new : str
            Two of `versions`.

        Returns
        -------
        DataFrame
            ``path``; ``change``: ``"added"``, ``"removed"``, ``"changed"`` or ``"moved"``; and
            ``old_path`` of what was moved.
        """
        return self._marked(compare(self.manifest(old), self.manifest(new)))

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the release, by the name that its manifest gives.

        Raises
        ------
        DataError
            Where there is none; names those there are.
        """
        manifest = self.manifest()
        file = manifest.tables.get(name)
        if file is None:
            raise DataError(
                f"{self.project} {self.version}: no table {name!r}; there are "
                f"{', '.join(sorted(manifest.tables))}"
            )
        columns = self._about.tables.get(name, {})
        what = f"{name} of {self.project} {self.version}"
        path = self._releases.file(
            manifest,
            file,
            check=csv_check(columns),
            what=what,
            command=f"{self._asks}.table({name!r})",
        )
        table = self._marked(self._csv_table(path, columns, what=what))
        table.attrs["version"] = self.version
        return table

    def sessions(self) -> pd.DataFrame:
        """Return the recording sessions, one row each: imaging sessions, or Neuropixels sessions."""
        return self.table(self._about.sessions)

    def behavior_sessions(self) -> pd.DataFrame:
        """Return all sessions with the task, training included, one row each."""
        return self.table(self._about.behavior_sessions)

    def experiments(
        self,
        *,
        session_id: Wanted = None,
        targeted_structure: Wanted = None,
        cre_line: Wanted = None,
        session_type: Wanted = None,
    ) -> pd.DataFrame:
        """Return the imaging planes of the sessions, one row each.

        Parameters
        ----------
        session_id, targeted_structure, cre_line, session_type : optional
            Only those with this value, or one of these.

        Raises
        ------
        DataError
            In the Neuropixels project; and where a value wanted occurs in no row.
        """
        self._expect_kind("ophys", "experiments")
        return choose(
            self.table("ophys_experiment_table"),
            "table of experiments",
            ophys_session_id=session_id,
            targeted_structure=targeted_structure,
            cre_line=cre_line,
            session_type=session_type,
        )

    def cells(self, *, experiment_id: Wanted = None) -> pd.DataFrame:
        """Return the cells of the experiments, one row each.

        Parameters
        ----------
        experiment_id : int or several, optional
            Only those of these experiments.

        Raises
        ------
        DataError
            In the Neuropixels project; and where there is no such experiment.
        """
        self._expect_kind("ophys", "cells")
        table = self.table("ophys_cells_table")
        return choose(table, "table of cells", ophys_experiment_id=experiment_id)

    def probes(self, *, session_id: Wanted = None) -> pd.DataFrame:
        """Return the probes, one row each; `session_id` names sessions.

        Raises
        ------
        DataError
            In the two-photon project; and where there is no such session.
        """
        self._expect_kind("neuropixels", "probes")
        return choose(self.table("probes"), "table of probes", ecephys_session_id=session_id)

    def channels(self, *, session_id: Wanted = None) -> pd.DataFrame:
        """Return the channels, one row each; `session_id` names sessions.

        Raises
        ------
        DataError
            In the two-photon project; and where there is no such session.
        """
        self._expect_kind("neuropixels", "channels")
        return choose(self.table("channels"), "table of channels", ecephys_session_id=session_id)

    def units(
        self,
        *,
        session_id: Wanted = None,
        structure: Wanted = None,
        quality: str | None = None,
        amplitude_cutoff_max: float | None = None,
        presence_ratio_min: float | None = None,
        isi_violations_max: float | None = None,
    ) -> pd.DataFrame:
        """Return the units, one row each; the project sets no bounds, so by default there are none.

        Parameters
        ----------
        session_id, structure : optional
            Only those of these sessions, or in these structures: ``"VISp"``.
        quality : str, optional
            ``"good"`` or ``"noise"``.
        amplitude_cutoff_max, presence_ratio_min, isi_violations_max : float, optional
            Bounds, themselves included.

        Raises
        ------
        DataError
            In the two-photon project; and where a value wanted occurs in no row.
        """
        self._expect_kind("neuropixels", "units")
        what = "table of units"
        chosen = choose(
            self.table("units"), what, ecephys_session_id=session_id, structure_acronym=structure
        )
        keep = passing(
            chosen,
            what,
            quality=quality,
            amplitude_cutoff_max=amplitude_cutoff_max,
            presence_ratio_min=presence_ratio_min,
            isi_violations_max=isi_violations_max,
        )
        return chosen[keep].reset_index(drop=True)

    def _expect_kind(self, kind: str, method: str, instead: str = "") -> None:
        if self._kind != kind:
            raise DataError(
                f"{method} belongs to VisualBehavior({kind!r}), and this is {self.project}"
                f"{'; ' if instead else ''}{instead}"
            )
