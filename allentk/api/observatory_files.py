"""Where the Observatory's tables and files are: at api.brain-map.org, and in a public bucket.

Both have the same files, under the names that AllenSDK gives them::

    experiment_containers.json  ophys_experiments.json  cell_specimens.json  stimulus_mappings.json
    ophys_experiment_data/<id>.nwb
    ophys_experiment_events/<id>_events.npz
    ophys_experiment_analysis/<id>_<session type>_analysis.h5

The service gives tables as answers to queries, and files by links in answers; the bucket gives all of
them as files.

References
----------
Registry of Open Data on AWS, "Allen Brain Observatory - Visual Coding"; Brain Observatory Toolbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from allentk.api import checks, queries
from allentk.api.cache import Cache, Found, Record
from allentk.api.checks import Check
from allentk.api.rma import Query
from allentk.api.s3 import Bucket
from allentk.api.store import Store, read_rows
from allentk.api.tables import Field, frame
from allentk.errors import (
    AllenTKError,
    DataError,
    FormatError,
    IntegrityError,
    OfflineError,
    ServiceError,
)

__all__ = ["BUCKET", "SOURCES", "Product", "Switch", "Table", "analysis", "events", "session"]

log = logging.getLogger(__name__)

T = TypeVar("T")

BUCKET = Bucket("allen-brain-observatory")
#: Where the bucket keeps what the cache keeps in `_FOLDER`.
_PREFIX = "visual-coding-2p"
_FOLDER = "observatory"
#: What may be asked: the service, the bucket, or the other one where the first one fails.
SOURCES = ("api", "s3", "auto")
_NO_ANSWER = (OfflineError, ServiceError, IntegrityError)


class Switch:
    """Says which source is asked first, and asks the other one where that fails and it may.

    Parameters
    ----------
    source : {"api", "s3", "auto"}
        The service, the bucket, or either. ``"auto"`` begins with the service; what gave no answer
        is asked last from then on.

    Raises
    ------
    DataError
        On another source.
    """

    __slots__ = ("order",)

    def __init__(self, source: str) -> None:
        if source not in SOURCES:
            raise DataError(f"source must be one of {', '.join(SOURCES)}, got {source!r}")
        self.order: tuple[str, ...] = ("api", "s3") if source == "auto" else (source,)

    def take(self, what: str, ways: Mapping[str, Callable[[], T]]) -> tuple[T, str]:
        """Return what the first source gives that answers, and what went wrong before, in words.

        Parameters
        ----------
        what : str
            What is wanted, in words.
        ways : mapping of str to callable
            How to get it from ``"api"`` and from ``"s3"``.

        Raises
        ------
        AllenTKError
            As the ways do; where both fail, the second one's error, which names the first one's.
        """
        first, *others = self.order
        try:
            return ways[first](), ""
        except _NO_ANSWER as error:
            if not others:
                raise
            failed = error
        other = others[0]
        try:
            value = ways[other]()
        except _NO_ANSWER as error:
            raise _both(what, (first, failed), (other, error)) from error
        said = f"{what}: taken from {other!r}, because {first!r} failed: {failed}"
        log.warning("%s", said)
        self.order = (other, first)
        return value, said


def _both(
    what: str, first: tuple[str, AllenTKError], second: tuple[str, AllenTKError]
) -> AllenTKError:
    """Return one error for two; nothing was reachable only where neither was."""
    offline = all(isinstance(error, OfflineError) for _, error in (first, second))
    kind = OfflineError if offline else ServiceError
    return kind(f"{what}: {first[0]!r} failed: {first[1]}; then {second[0]!r} failed: {second[1]}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table that both sources have.

    Parameters
    ----------
    file : str
        Name of its file, in the bucket and in the cache.
    what : str
        What it is, in words.
    method : str
        Method of BrainObservatory that returns it.
    query : Query
        What to ask the service.
    columns : mapping of str to Field
        Its columns.
    """

    file: str
    what: str
    method: str
    query: Query
    columns: Mapping[str, Field]

    @property
    def name(self) -> str:
        """Name in the cache."""
        return f"{_FOLDER}/{self.file}"

    @property
    def command(self) -> str:
        """What fetches it; for messages."""
        return f"allentk.BrainObservatory().{self.method}()"

    def from_api(self, store: Store, *, refresh: bool) -> Found:
        """Return the service's answer, or what is in the cache.

        Raises
        ------
        OfflineError, ServiceError
            Where there is no answer.
        """
        return store.found_answer(
            self.name,
            self.query,
            what=self.what,
            command=self.command,
            check=lambda rows: frame(rows, self.columns, what=self.what),
            none=ServiceError(
                f"{self.what}: {store.source} answered with no rows at all; nothing was kept. Try "
                f"again later"
            ),
            refresh=refresh,
        )

    def from_bucket(self, store: Store, *, refresh: bool) -> Found:
        """Return its file from the bucket, or what is in the cache.

        Raises
        ------
        OfflineError, ServiceError, IntegrityError
            Where it cannot be had whole.
        """
        path = store.url(
            self.name,
            BUCKET.url(f"{_PREFIX}/{self.file}"),
            what=self.what,
            command=self.command,
            check=self._check,
            refresh=refresh,
        )
        return _found(path, self.name)

    def _check(self, path: Path, what: str) -> None:
        """Expect rows with these columns."""
        try:
            rows = read_rows(path)
            frame(rows, self.columns, what=what)
        except (FormatError, ServiceError) as error:
            raise IntegrityError(f"{what}: {path.name} is no such table: {error}") from error
        if not rows:
            raise IntegrityError(
                f"{what}: expected rows, got none; it was not kept. Try again later"
            )


def _found(path: Path, name: str) -> Found:
    """Return a file with what is known of it, in whichever cache it is."""
    folder = path.parents[name.count("/")]
    known = Cache(folder).found(name)
    if known is not None:
        return known
    state = path.stat()
    return Found(path, Record("", state.st_size, "", "", etag=str(state.st_mtime_ns)))


@dataclass(frozen=True, slots=True)
class Product:
    """A file of one session that both sources have.

    Parameters
    ----------
    file : str
        Its name, in the bucket and in the cache.
    what, command : str
        What it is, and what fetches it; used in messages.
    session_id : int
        The session.
    kind : str
        Name of the service's file type.
    check : callable
        Looks at a new file.
    """

    file: str
    what: str
    command: str
    session_id: int
    kind: str
    check: Check

    @property
    def name(self) -> str:
        """Name in the cache."""
        return f"{_FOLDER}/{self.file}"

    def ways(self, store: Store) -> dict[str, Callable[[], Path]]:
        """Return how to get it from either source."""
        return {"api": lambda: self._from_api(store), "s3": lambda: self._from_bucket(store)}

    def _from_api(self, store: Store) -> Path:
        return store.file(
            self.name,
            queries.session_file(self.session_id, kind=self.kind),
            (),
            kind=self.kind,
            check=self.check,
            what=self.what,
            command=self.command,
            none=DataError(
                f"{self.what}: {store.source} has none. Is the id right? sessions() lists the ids "
                f"there are"
            ),
        )

    def _from_bucket(self, store: Store) -> Path:
        return store.url(
            self.name,
            BUCKET.url(f"{_PREFIX}/{self.file}"),
            what=self.what,
            command=self.command,
            check=self.check,
        )


def session(session_id: int) -> Product:
    """Return the NWB file of a session."""
    return Product(
        f"ophys_experiment_data/{session_id}.nwb",
        f"NWB file of session {session_id}",
        f"allentk.BrainObservatory().fetch({session_id})",
        session_id,
        "NWBOphys",
        checks.nwb,
    )


def events(session_id: int) -> Product:
    """Return the file of a session's events."""
    return Product(
        f"ophys_experiment_events/{session_id}_events.npz",
        f"events of session {session_id}",
        f"allentk.BrainObservatory().fetch({session_id}, what='events')",
        session_id,
        "ObservatoryEventsFile",
        checks.npz,
    )


def analysis(session_id: int, session_type: str) -> Product:
    """Return the file of what the Observatory computed of a session."""
    return Product(
        f"ophys_experiment_analysis/{session_id}_{session_type}_analysis.h5",
        f"analysis of session {session_id}",
        f"allentk.BrainObservatory().fetch({session_id}, what='analysis')",
        session_id,
        "OphysExperimentCellRoiMetricsFile",
        checks.hdf5,
    )
