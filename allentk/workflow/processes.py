"""Workers on this computer: processes of their own kind, or a thread of this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for

from allentk.errors import ConfigError

__all__ = ["Processes"]


@dataclass(frozen=True, slots=True)
class Processes:
    """Workers on this computer.

    Parameters
    ----------
    jobs : int
        How many processes; 1 works in a thread of this one.
    """

    jobs: int

    def width(self) -> int:
        """Return how many items are worked on at once."""
        return self.jobs

    def together(self) -> AbstractContextManager[Executor]:
        """Return a pool of all."""
        return _workers(self.jobs)

    def alone(self) -> AbstractContextManager[Executor]:
        """Return a process for one item, also where the work is done in this one."""
        return _workers(1, alone=True)


@contextmanager
def _workers(jobs: int, *, alone: bool = False) -> Iterator[Executor]:
    """Yield who does the work; nothing new is begun once the block is left."""
    if jobs > 1 or alone:
        with _processes(jobs) as pool:
            yield pool
    else:
        thread = ThreadPoolExecutor(1)
        try:
            yield thread
        finally:
            thread.shutdown(cancel_futures=True)


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """Yield processes that end with the block, by whatever way it is left, and with this process."""
    # Spawned on every system: a forked copy of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    far_end, lifeline = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_settle_in, initargs=(far_end,)
    )
    try:
        _expect_start(pool, jobs)
        yield pool
        # A broken pool forgets a process that was being started, and would wait for it without end; the
        # process ends with the lifeline.
        if not _is_broken(pool):
            pool.shutdown()
    finally:
        lifeline.close()
        pool.shutdown(cancel_futures=True)
        far_end.close()


def _is_broken(pool: Executor) -> bool:
    try:
        pool.submit(os.getpid)
    except BrokenProcessPool:
        return True
    return False


def _expect_start(pool: Executor, jobs: int) -> None:
    # All at once: a pool that starts one more while another dies stumbles over its own list of them.
    first, *_ = [pool.submit(os.getpid) for _ in range(jobs)]
    try:
        first.result()
    except BrokenProcessPool as error:
        raise ConfigError(
            "processes to work in cannot be started; in a script, put the call under "
            '`if __name__ == "__main__":`, or work in this process with jobs=1'
        ) from error


def _settle_in(far_end: Connection) -> None:
    """Leave Ctrl-C to the parent, and end when it lets go of the lifeline, or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(far_end,), daemon=True).start()


def _end_with(far_end: Connection) -> None:
    wait_for([far_end])
    os._exit(1)
