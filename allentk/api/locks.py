"""Holding a file against other processes and threads, for a stated time at most."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from allentk.atomic import room
from allentk.errors import OfflineError

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["held"]

log = logging.getLogger(__name__)

#: What a filesystem answers that knows no locks: some network and cluster filesystems.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextmanager
def held(path: Path, *, wait_s: float, what: str) -> Iterator[None]:
    """Hold a lock; wait where another process or thread holds it.

    Parameters
    ----------
    path : Path
        The lock file; it stays when the lock is given back.
    wait_s : float
        The longest wait, in seconds.
    what : str
        What is held, in words.

    Raises
    ------
    OfflineError
        Where another one holds it for longer.
    ConfigError
        Where there is no room or no permission.

    Notes
    -----
    A lock of the system's ends with the process that held it. Where the filesystem has none, the
    lock is a file that exists while it is held; one that a process of this machine left behind when
    it was killed is recognised and taken away.
    """
    with room(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = _acquired(path, wait_s, what)
    try:
        yield
    finally:
        lock.release()


def _acquired(path: Path, wait_s: float, what: str) -> BaseFileLock:
    from filelock import FileLock, SoftFileLock, Timeout

    # filelock counts a negative wait as one without end.
    timeout_s = -1.0 if wait_s == float("inf") else wait_s
    soft = path.with_name(f"{path.name}.held")
    try:
        with room(path):
            try:
                lock: BaseFileLock = FileLock(path)
                lock.acquire(timeout=timeout_s)
            except (OSError, NotImplementedError) as error:
                if isinstance(error, Timeout) or not _knows_no_locks(error):
                    raise
                log.info("%s: no locks on this filesystem (%s); holding %s", what, error, soft)
                lock = SoftFileLock(soft)
                lock.acquire(timeout=timeout_s)
    except Timeout as error:
        raise OfflineError(
            f"{what}: another process has been fetching it for {wait_s:g} s, and nobody else may "
            f"meanwhile. Wait for it, or allow more by limit_s=, or by ALLENTK_TIME_LIMIT_S; where no "
            f"such process runs any more, delete {error.lock_file}"
        ) from error
    return lock


def _knows_no_locks(error: Exception) -> bool:
    return isinstance(error, NotImplementedError) or getattr(error, "errno", None) in _NO_LOCKS
