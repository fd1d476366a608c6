"""The Allen Brain Observatory, Visual Coding by Neuropixels probes: tables and sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from allentk.api import checks
from allentk.api.client import as_id, expect_same
from allentk.api.exchange import Request
from allentk.api.neuropixels_tables import PREFIX, NeuropixelsTables
from allentk.api.ranges import open_remote
from allentk.errors import DataError
from allentk.io import (
    EcephysSession,
    ProbeLFP,
    RangedFile,
    read_ecephys_session,
    read_probe_lfp,
)

__all__ = ["Neuropixels"]


class Neuropixels(NeuropixelsTables):
    """The Allen Brain Observatory: Visual Coding, Neuropixels.

    A session is one recording of one mouse by up to six probes.

    Parameters
    ----------
    source : {"bucket", "api"}
        Where tables come from: the public bucket, or the warehouse at api.brain-map.org. Sessions
        always come from the bucket.
    bucket : Bucket, optional
        Another bucket of the same layout.
    cache_dir : path, optional
        Where downloads are kept; by default as `allentk.config` says.
    offline : bool, optional
        Never ask; by default as `allentk.config` says.
    transport : Transport, optional
        How to ask; it takes precedence over `offline`.
    progress : bool, optional
        Show progress bars; by default on a terminal.
    shared_cache, time_limit_s : optional
        As of `Client`. Tables of a bucket do not age.

    Raises
    ------
    DataError
        On an unknown `source`.

    Notes
    -----
    Every method raises OfflineError where something is neither in the cache nor to be had,
    ServiceError where the bucket answers with an error, and IntegrityError where bytes are missing or
    are not of their kind. Files of sessions have 2 to 3 GB; ``remote=True`` reads them where they are.

    References
    ----------
    Siegle et al. 2021, Nature 592:86-92; portal.brain-map.org/explore/circuits/visual-coding-neuropixels.

    Examples
    --------
    >>> Neuropixels(cache_dir="/tmp/allen", offline=True).source
    'https://allen-brain-observatory.s3.us-west-2.amazonaws.com (offline)'
    """

    def session(self, session_id: int, *, remote: bool = False) -> EcephysSession:
        """Return a session.

        Parameters
        ----------
        session_id : int
            ``id`` of the table of sessions.
        remote : bool
            Read what is asked for where it lies, without downloading the file.

        Returns
        -------
        EcephysSession
            ``metadata`` has ``session_id`` and ``synthetic``.

        Raises
        ------
        ServiceError
            Where there is no such session.
        """
        identity = as_id(session_id, "session")
        if remote:
            session = read_ecephys_session(self._remote(*_session(identity)))
        else:
            session = read_ecephys_session(self.fetch(identity))
        said = session.metadata.get("session_id")
        expect_same(Path(session.path), said, identity, "session")
        synthetic = self.synthetic or bool(session.metadata.get("synthetic"))
        metadata = {**session.metadata, "session_id": identity, "synthetic": synthetic}
        return replace(session, metadata=metadata)

    def fetch(self, session_id: int) -> Path:
        """Download the file of a session without reading it, and return its path.

        Parameters
        ----------
        session_id : int
            ``id`` of the table of sessions.

        Raises
        ------
        ServiceError
            Where there is no such session.
        """
        identity = as_id(session_id, "session")
        key, what, command = _session(identity)
        return self._get(key, checks.nwb, what, command)

    def probe_lfp(self, probe_id: int, *, remote: bool = False) -> ProbeLFP:
        """Return the LFP of a probe; windows of it are read when they are asked for.

        Parameters
        ----------
        probe_id : int
            ``id`` of the table of probes.
        remote : bool
            Read what is asked for where it lies, without downloading the file.

        Raises
        ------
        DataError
            Where there is no such probe, or no LFP of it.
        """
        identity = as_id(probe_id, "probe")
        probes = self.probes()
        row = probes[probes["id"] == identity]
        if row.empty or not row["has_lfp_data"].fillna(False).all():
            why = "there is no such probe" if row.empty else "no LFP of it was published"
            raise DataError(f"probe {identity}: {why}; probes() lists those there are")
        key = f"session_{row['ecephys_session_id'].iloc[0]}/probe_{identity}_lfp.nwb"
        what, command = f"LFP of probe {identity}", f"allentk.Neuropixels().probe_lfp({identity})"
        if remote:
            return read_probe_lfp(self._remote(key, what, command))
        return read_probe_lfp(self._get(key, checks.nwb, what, command))

    def _remote(self, key: str, what: str, command: str) -> RangedFile:
        url = self._bucket.url(f"{PREFIX}/{key}")
        return open_remote(self._store.transport, Request(url, what=what, command=command))


def _session(session_id: int) -> tuple[str, str, str]:
    """Return where a session is, what it is, and what fetches it."""
    return (
        f"session_{session_id}/session_{session_id}.nwb",
        f"Neuropixels session {session_id}",
        f"allentk.Neuropixels().fetch({session_id})",
    )
