"""The Allen Brain Observatory, Visual Coding by two-photon imaging: tables and sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import pandas as pd

from allentk.api import observatory_files, queries, rma
from allentk.api.client import Client, Options, as_id, expect_same
from allentk.api.observatory_columns import CONTAINERS, METRICS, SESSIONS, STIMULUS_MAPPINGS
from allentk.api.observatory_files import BUCKET, Product, Switch, Table
from allentk.api.session_types import types_showing
from allentk.api.tables import Wanted, choose
from allentk.api.transport import Offline
from allentk.data import Traces
from allentk.errors import DataError
from allentk.io import OphysSession, SessionAnalysis, read_analysis, read_events, read_ophys_session

__all__ = ["BrainObservatory"]

_CONTAINERS = Table(
    "experiment_containers.json",
    "table of experiment containers",
    "containers",
    queries.containers(),
    CONTAINERS,
)
_SESSIONS = Table(
    "ophys_experiments.json", "table of sessions", "sessions", queries.sessions(), SESSIONS
)
_METRICS = Table(
    "cell_specimens.json",
    "table of cell metrics",
    "cell_metrics",
    queries.cell_metrics(),
    METRICS,
)
_MAPPINGS = Table(
    "stimulus_mappings.json",
    "table of stimulus mappings",
    "stimulus_mappings",
    queries.stimulus_mappings(),
    STIMULUS_MAPPINGS,
)


class BrainObservatory(Client):
    """The Allen Brain Observatory: Visual Coding, two-photon imaging.

    A container is one field of view of one mouse, imaged in three sessions; its cells are matched
    across them.

    Parameters
    ----------
    source : {"api", "s3", "auto"}
        Where to ask: api.brain-map.org, the public bucket with the same files, or either: where the
        one gives no answer, the other is asked, and a line of the log says so.
    cache_dir : path, optional
        Where downloads are kept; by default as `allentk.config` says. What a cassette answers is
        kept in a folder of its own inside, apart from what the service answers.
    offline : bool, optional
        Never ask the service; by default as `allentk.config` says.
    transport : Transport, optional
        How to ask: a `Replay`, a `Record`, a `Live` of your own. It takes precedence over `offline`.
    progress : bool, optional
        Show progress bars; by default on a terminal.
    shared_cache, allensdk_cache, max_age_days, time_limit_s : optional
        As in `Client`.

    Raises
    ------
    DataError
        On an unknown `source`.

    Notes
    -----
    What was fetched once is taken from the cache from then on; tables are asked for again with
    ``refresh=True``. Every method raises OfflineError where something is neither in the cache nor
    to be had, ServiceError where the service answers with an error, and IntegrityError where bytes
    are missing or are not of their kind. Tables have ``attrs``: ``source`` and ``url`` say where
    they are from, ``synthetic`` whether they are made up, and ``fell_over`` what went wrong at the
    source that was asked first.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138-151; observatory.brain-map.org/visualcoding.

    Examples
    --------
    >>> BrainObservatory(cache_dir="/tmp/allen", offline=True).synthetic
    False
    """

    def __init__(self, *, source: str = "api", **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._switch = Switch(source)
        if isinstance(self._store.transport, Offline):
            # Nothing is asked, so there is no other one to ask.
            self._switch.order = self._switch.order[:1]

    @property
    def source(self) -> str:
        """Where answers come from, in words; what is asked first comes first."""
        return ", else ".join(dict.fromkeys(map(self._place, self._switch.order)))

    def _place(self, source: str) -> str:
        asked = super().source
        return asked.replace(rma.BASE, BUCKET.base) if source == "s3" else asked

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
        table = self._get(_CONTAINERS, refresh=refresh)
        chosen = choose(
            table,
            _CONTAINERS.what,
            targeted_structure=targeted_structure,
            cre_line=cre_line,
            imaging_depth=imaging_depth,
        )
        return _like(table, _passed(chosen, "failed", include_failed))

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
        table = self._get(_SESSIONS, refresh=refresh)
        chosen = choose(
            table,
            _SESSIONS.what,
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
        return _like(table, passed)

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
            (``*_nm*``) and locally sparse noise (``*_lsn``). Directions in degrees, peaks in percent
            of the fluorescence before the presentation. Each is described in
            `allentk.api.observatory_columns`.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row; lists those that do.
        """
        table = self._get(_METRICS, refresh=refresh)
        chosen = choose(
            table,
            _METRICS.what,
            cell_specimen_id=cell_specimen_id,
            experiment_container_id=container_id,
            area=area,
            tld1_name=cre_line,
        )
        return _like(table, _passed(chosen, "failed_experiment_container", include_failed))

    def stimulus_mappings(
        self, *, item_type: Wanted = None, level: Wanted = None, refresh: bool = False
    ) -> pd.DataFrame:
        """Return which stimulus each published metric and thumbnail was measured with.

        Parameters
        ----------
        item_type, level : optional
            Only rows with this value: ``"M"`` for metrics, ``"T"`` for thumbnails; ``"R"`` for those
            of a cell, ``"S"`` for those of a container.
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            id, item, item_type, level, stimulus_name.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row; lists those that do.
        """
        table = self._get(_MAPPINGS, refresh=refresh)
        return _like(table, choose(table, _MAPPINGS.what, item_type=item_type, level=level))

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
        session = read_ophys_session(path)
        expect_same(path, session.metadata.get("ophys_experiment_id"), identity, "session")
        metadata = {
            **session.metadata,
            "session_id": identity,
            "synthetic": self.synthetic or bool(session.metadata.get("synthetic")),
        }
        return replace(session, metadata=metadata)

    def events(self, session_id: int) -> Traces:
        """Return the events of a session: spiking activity inferred from dF/F.

        Parameters
        ----------
        session_id : int
            `id` of the table of sessions.

        Returns
        -------
        Traces
            Cells, frames and times as in ``session(session_id).dff()``; 0 where nothing happened.
            The unit is ``"events"``: sizes in the scale of dF/F, comparable within a cell.

        Raises
        ------
        DataError
            Where there is no such session, or no events of it.
        FormatError
            Where the events are not those of the session's cells and frames.

        References
        ----------
        de Vries et al. 2020, Nature Neuroscience 23:138-151, Methods, "Event detection".
        """
        session = self.session(session_id)
        return read_events(self.fetch(session_id, what="events"), session)

    def analysis(self, session_id: int) -> SessionAnalysis:
        """Return what the Observatory itself computed of a session.

        Parameters
        ----------
        session_id : int
            `id` of the table of sessions.

        Returns
        -------
        SessionAnalysis
            ``contents()`` lists what there is; ``table("peak")`` has the metrics of every cell.

        Raises
        ------
        DataError
            Where there is no such session.
        """
        return read_analysis(self.fetch(session_id, what="analysis"))

    def fetch(self, session_id: int, *, what: str = "session") -> Path:
        """Download a file of a session without reading it, and return its path.

        Parameters
        ----------
        session_id : int
            `id` of the table of sessions.
        what : {"session", "events", "analysis"}
            Which: the NWB file, the events, or what the Observatory computed.

        Raises
        ------
        DataError
            Where there is no such session, or on another `what`.
        """
        identity = as_id(session_id, "session")
        products: dict[str, Callable[[], Product]] = {
            "session": lambda: observatory_files.session(identity),
            "events": lambda: observatory_files.events(identity),
            "analysis": lambda: observatory_files.analysis(identity, self._type_of(identity)),
        }
        if what not in products:
            raise DataError(f"what must be one of {', '.join(products)}, got {what!r}")
        product = products[what]()
        path, _ = self._switch.take(product.what, product.ways(self._store))
        return path

    def _type_of(self, session_id: int) -> str:
        """Return the kind of a session, which is part of the names of files."""
        table = self._get(_SESSIONS, refresh=False)
        kinds = table.loc[table["id"] == session_id, "session_type"].dropna()
        if kinds.empty:
            raise DataError(
                f"session {session_id}: {self.source} lists no such session, or not of which kind it "
                f"is; sessions(include_failed=True) lists those there are"
            )
        return str(kinds.iloc[0])

    def _get(self, table: Table, *, refresh: bool) -> pd.DataFrame:
        """Return a table from the source that answers, with a note of where it comes from."""
        ways = {
            "api": lambda: table.from_api(self._store, refresh=refresh),
            "s3": lambda: table.from_bucket(self._store, refresh=refresh),
        }
        found, fell_over = self._switch.take(table.what, ways)
        opened = self._opened(table.name, found, table.columns, table.what)
        url = found.record.url
        place = "s3" if url.startswith(BUCKET.base) else "api"
        opened.attrs = {
            "source": self._place(place) if url else str(found.path),
            "synthetic": self.synthetic,
            **({"url": url} if url else {}),
            **({"fell_over": fell_over} if fell_over else {}),
        }
        return opened


def _passed(table: pd.DataFrame, failed: str, include_failed: bool) -> pd.DataFrame:
    if include_failed:
        return table
    return table[~table[failed].fillna(False).astype(bool)].reset_index(drop=True)


def _like(whole: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    """Return some rows of a table with the table's note of where it comes from."""
    part.attrs = dict(whole.attrs)
    return part
