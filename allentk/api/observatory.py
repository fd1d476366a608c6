"""The Allen Brain Observatory, Visual Coding by two-photon imaging: tables and sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from allentk.api import checks, queries
from allentk.api.client import Client, as_id, expect_same
from allentk.api.columns import CONTAINERS, METRICS, SESSIONS
from allentk.api.session_types import types_showing
from allentk.api.tables import Wanted, choose
from allentk.errors import DataError
from allentk.io import OphysSession, read_session

__all__ = ["BrainObservatory"]


class BrainObservatory(Client):
    """The Allen Brain Observatory: Visual Coding, two-photon imaging.

    A container is one field of view of one mouse, imaged in three sessions; its cells are matched
    across them.

    Parameters
    ----------
    cache_dir : path, optional
        Where downloads are kept; by default as `allentk.config` says. What a cassette answers is
        kept in a folder of its own inside, apart from what the service answers.
    offline : bool, optional
        Never ask the service; by default as `allentk.config` says.
    transport : Transport, optional
        How to ask: a `Replay`, a `Record`, a `Live` of your own. It takes precedence over `offline`.
    progress : bool, optional
        Show progress bars; by default on a terminal.

    Notes
    -----
    What was fetched once is taken from the cache from then on; tables are asked for again with
    ``refresh=True``. Every method raises OfflineError where something is neither in the cache nor
    to be had, ServiceError where the service answers with an error, and IntegrityError where bytes
    are missing or are not of their kind.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138-151; observatory.brain-map.org/visualcoding.

    Examples
    --------
    >>> BrainObservatory(cache_dir="/tmp/allen", offline=True).synthetic
    False
    """

    def containers(
        self,
        *,
        targeted_structure: Wanted = None,
        cre_line: Wanted = None,
        imaging_depth: Wanted = None,
        include_failed: bool = False,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Return the experiment containers, one row each.

        Parameters
        ----------
        targeted_structure, cre_line, imaging_depth : optional
            Only those with this value, or one of these: ``"VISp"``, ``"Cux2-CreERT2"``, ``175`` (um).
        include_failed : bool
            Also those that failed quality control.
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            AllenSDK's simplified columns: id, imaging_depth (um), targeted_structure, cre_line,
            reporter_line, donor_name, specimen_name, tags, failed.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row; lists those that do.
        """
        what = "table of experiment containers"
        table = self._table(
            "observatory/experiment_containers.json",
            queries.containers(),
            CONTAINERS,
            what=what,
            command="allentk.BrainObservatory().containers()",
            refresh=refresh,
        )
        chosen = choose(
            table,
            what,
            targeted_structure=targeted_structure,
            cre_line=cre_line,
            imaging_depth=imaging_depth,
        )
        return self._marked(_passed(chosen, "failed", include_failed))

    def sessions(
        self,
        *,
        container_id: Wanted = None,
        session_type: Wanted = None,
        stimulus: str | None = None,
        targeted_structure: Wanted = None,
        cre_line: Wanted = None,
        imaging_depth: Wanted = None,
        include_failed: bool = False,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Return the imaging sessions, one row each.

        Parameters
        ----------
        container_id, session_type, targeted_structure, cre_line, imaging_depth : optional
            Only those with this value, or one of these; a session type is ``"three_session_A"``,
            B, C or C2.
        stimulus : str, optional
            Only sessions in which it was shown, such as ``"drifting_gratings"``.
        include_failed : bool
            Also those of containers that failed quality control.
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            AllenSDK's simplified columns: id, imaging_depth (um), targeted_structure, cre_line,
            reporter_line, acquisition_age_days, experiment_container_id, session_type, donor_name,
            specimen_name, fail_eye_tracking; and failed_experiment_container.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row, or on an unknown stimulus; lists those there are.
        """
        what = "table of sessions"
        table = self._table(
            "observatory/ophys_experiments.json",
            queries.sessions(),
            SESSIONS,
            what=what,
            command="allentk.BrainObservatory().sessions()",
            refresh=refresh,
        )
        chosen = choose(
            table,
            what,
            experiment_container_id=container_id,
            session_type=session_type,
            targeted_structure=targeted_structure,
            cre_line=cre_line,
            imaging_depth=imaging_depth,
        )
        passed = _passed(chosen, "failed_experiment_container", include_failed)
        if stimulus is not None:
            shown = passed["session_type"].isin(types_showing(stimulus))
            passed = passed[shown].reset_index(drop=True)
        return self._marked(passed)

    def cell_metrics(
        self,
        *,
        cell_specimen_id: Wanted = None,
        container_id: Wanted = None,
        area: Wanted = None,
        cre_line: Wanted = None,
        include_failed: bool = False,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Return the published metrics, one row per cell.

        Parameters
        ----------
        cell_specimen_id, container_id, area, cre_line : optional
            Only cells with this value, or one of these; `cre_line` is looked for in ``tld1_name``.
        include_failed : bool
            Also cells of containers that failed quality control.
        refresh : bool
            Ask the service even where the table is in the cache; it is a large one.

        Returns
        -------
        DataFrame
            The 60 columns of the service that are no links to thumbnails: of drifting gratings
            (``*_dg``), static gratings (``*_sg``), natural scenes (``*_ns``), natural movies
            (``*_nm*``) and locally sparse noise (``*_lsn``). Directions in degrees, peaks in % dF/F.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row; lists those that do.
        """
        what = "table of cell metrics"
        table = self._table(
            "observatory/cell_specimens.json",
            queries.cell_metrics(),
            METRICS,
            what=what,
            command="allentk.BrainObservatory().cell_metrics()",
            refresh=refresh,
        )
        chosen = choose(
            table,
            what,
            cell_specimen_id=cell_specimen_id,
            experiment_container_id=container_id,
            area=area,
            tld1_name=cre_line,
        )
        return self._marked(_passed(chosen, "failed_experiment_container", include_failed))

    def session(self, session_id: int) -> OphysSession:
        """Return a session, downloading its file where it is not in the cache.

        Parameters
        ----------
        session_id : int
            `id` of the table of sessions.

        Returns
        -------
        OphysSession
            Its traces are read when asked for; `metadata` has ``session_id`` and ``synthetic``.

        Raises
        ------
        DataError
            Where there is no such session.
        """
        identity = as_id(session_id, "session")
        path = self.fetch(identity)
        session = read_session(path)
        expect_same(path, session.metadata.get("ophys_experiment_id"), identity, "session")
        metadata = {
            **session.metadata,
            "session_id": identity,
            "synthetic": self.synthetic or bool(session.metadata.get("synthetic")),
        }
        return replace(session, metadata=metadata)

    def fetch(self, session_id: int) -> Path:
        """Download the NWB file of a session without reading it, and return its path.

        Parameters
        ----------
        session_id : int
            `id` of the table of sessions.

        Raises
        ------
        DataError
            Where there is no such session.
        """
        identity = as_id(session_id, "session")
        return self._store.file(
            f"observatory/ophys_experiment_data/{identity}.nwb",
            queries.session_file(identity),
            (),
            kind="NWBOphys",
            check=checks.nwb,
            what=f"session {identity}",
            command=f"allentk.BrainObservatory().fetch({identity})",
            none=DataError(
                f"session {identity}: {self.source} has no NWB file of it. Is the id right? "
                f"sessions() lists the ids there are"
            ),
        )


def _passed(table: pd.DataFrame, failed: str, include_failed: bool) -> pd.DataFrame:
    if include_failed:
        return table
    return table[~table[failed].fillna(False).astype(bool)].reset_index(drop=True)
