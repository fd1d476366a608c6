"""The Allen Brain Observatory, Visual Behavior by two-photon imaging and by Neuropixels probes."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from allentk.api.client import as_id
from allentk.api.manifests import ManifestFile
from allentk.api.visual_behavior_tables import VisualBehaviorTables
from allentk.errors import DataError
from allentk.io import (
    BehaviorSession,
    EcephysSession,
    OphysExperiment,
    ProbeLFP,
    RangedFile,
    read_behavior_session,
    read_ecephys_session,
    read_ophys_experiment,
    read_probe_lfp,
)

__all__ = ["VisualBehavior"]

Session = TypeVar("Session", bound=BehaviorSession)

_LFP_OFF_BY_TWO = "0.4.0"


class VisualBehavior(VisualBehaviorTables):
    """The Allen Brain Observatory: Visual Behavior, a mouse detecting changes of images.

    Parameters
    ----------
    project : {"ophys", "neuropixels"}
        Two-photon imaging, or Neuropixels probes.
    version : str, optional
        Release, such as ``"1.0.1"``; by default the newest there is. It stays the same for as long as
        the client lives.
    bucket : Bucket, optional
        Another bucket of the same layout.
    cache_dir : path, optional
        Where downloads are kept, per release; by default as `allentk.config` says. A file that did not
        change since a release in the cache is taken from there.
    offline : bool, optional
        Never ask; by default as `allentk.config` says. The newest release is then the newest in the
        cache.
    transport : Transport, optional
        How to ask; it takes precedence over `offline`.
    progress : bool, optional
        Show progress bars; by default on a terminal.
    shared_cache, time_limit_s : optional
        As of `Client`. Tables of a bucket do not age.

    Raises
    ------
    DataError
        On an unknown `project`.

    Notes
    -----
    Every file that is downloaded has the hash that its release publishes, or IntegrityError is raised.
    Every method raises OfflineError where something is neither in the cache nor to be had, and
    ServiceError where the bucket answers with an error. ``remote=True`` reads what is asked for where
    it lies, without downloading a file and without looking at its hash.

    References
    ----------
    Garrett et al. 2020, eLife 9:e50340; portal.brain-map.org/circuits-behavior/visual-behavior-2p.

    Examples
    --------
    >>> VisualBehavior("neuropixels", cache_dir="/tmp/allen", offline=True).project
    'visual-behavior-neuropixels'
    """

    def session(self, session_id: int, *, remote: bool = False) -> EcephysSession:
        """Return a Neuropixels session.

        Parameters
        ----------
        session_id : int
            ``ecephys_session_id`` of the table of sessions.
        remote : bool
            Read what is asked for where it lies, without downloading the file.

        Raises
        ------
        DataError
            Where there is no such session, and in the two-photon project, whose sessions have several
            imaging planes: take `experiment`.
        """
        self._expect_kind("neuropixels", "session", "experiment(id) opens one imaging plane")
        identity = as_id(session_id, "session")
        place = self._place("ecephys_sessions", "ecephys_session_id", identity, remote)
        return self._said(read_ecephys_session(place), session_id=identity)

    def experiment(self, experiment_id: int, *, remote: bool = False) -> OphysExperiment:
        """Return a two-photon experiment: one imaging plane of a session.

        Parameters
        ----------
        experiment_id : int
            ``ophys_experiment_id`` of the table of experiments.
        remote : bool
            Read what is asked for where it lies, without downloading the file.

        Raises
        ------
        DataError
            Where there is no such experiment, and in the Neuropixels project.
        """
        self._expect_kind("ophys", "experiment", "session(id) opens a session")
        identity = as_id(experiment_id, "experiment")
        place = self._place("ophys_experiment_table", "ophys_experiment_id", identity, remote)
        return self._said(read_ophys_experiment(place), experiment_id=identity)

    def behavior_session(self, session_id: int, *, remote: bool = False) -> BehaviorSession:
        """Return what the mouse did in a session that has a file of its own, such as in training.

        Parameters
        ----------
        session_id : int
            ``behavior_session_id`` of the table of behavior sessions.
        remote : bool
            Read what is asked for where it lies, without downloading the file.

        Raises
        ------
        DataError
            Where there is no such session, or what the mouse did is in the files of its recording.
        """
        identity = as_id(session_id, "session")
        table = self._about.behavior_sessions
        place = self._place(table, "behavior_session_id", identity, remote)
        return self._said(read_behavior_session(place), behavior_session_id=identity)

    def probe_lfp(self, probe_id: int, *, remote: bool = False) -> ProbeLFP:
        """Return the LFP of a probe; windows of it are read when they are asked for.

        Parameters
        ----------
        probe_id : int
            ``ecephys_probe_id`` of the table of probes.
        remote : bool
            Read what is asked for where it lies, without downloading the file.

        Raises
        ------
        DataError
            Where there is no such probe or no LFP of it, as in releases before 0.4.0, and in the
            two-photon project.

        Warns
        -----
        UserWarning
            Of release 0.4.0, whose LFP is wrong by a factor of two.
        """
        self._expect_kind("neuropixels", "probe_lfp")
        identity = as_id(probe_id, "probe")
        if self.version == _LFP_OFF_BY_TWO:
            warnings.warn(
                f"the LFP of {self.project} {self.version} is wrong by a factor of two; take version "
                f"0.5.0 or later",
                UserWarning,
                stacklevel=2,
            )
        return read_probe_lfp(self._place("probes", "ecephys_probe_id", identity, remote))

    def _place(self, table: str, key: str, identity: int, remote: bool) -> Path | RangedFile:
        """Return the file of a row of a table: its path, or a file that is read where it is."""
        file = self._file_of(table, key, identity)
        what = f"{key.removesuffix('_id').replace('_', ' ')} {identity}"
        if remote:
            return self._releases.remote(file, what=what, command=self._asks)
        return self._releases.file(self.manifest(), file, what=what, command=self._asks)

    def _file_of(self, table: str, key: str, identity: int) -> ManifestFile:
        rows = self.table(table)
        row = rows[rows[key] == identity]
        where = f"{key} {identity}: {self.project} {self.version}"
        if row.empty:
            raise DataError(f"{where} has no such row in {table}; is the id right?")
        number = row["file_id"].iloc[0] if "file_id" in row else pd.NA
        file = None if pd.isna(number) else self.manifest().files.get(int(number))
        if file is None:
            raise DataError(
                f"{where} has no file of it. What a mouse did while it was recorded is in the file of "
                f"the recording, and LFP comes with releases from 0.4.0 on"
            )
        return file

    def _said(self, session: Session, **known: int) -> Session:
        """Return a session whose metadata says which one it is, and of which release."""
        synthetic = self.synthetic or bool(session.metadata.get("synthetic"))
        metadata = {
            **session.metadata,
            **known,
            "project": self.project,
            "version": self.version,
            "synthetic": synthetic,
        }
        return replace(session, metadata=metadata)
