"""One function for many items, each in a process of its own kind: one that dies costs its item."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Generic, TypeVar

from allentk.errors import ConfigError

__all__ = ["Ended", "as_they_end"]

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Ended(Generic[T, V]):
    """What became of an item.

    Parameters
    ----------
    item
        It.
    value
        What the function returned; None where it failed.
    error : Exception, optional
        Why it failed; BrokenProcessPool where its process died.
    """

    item: T
    value: V | None = None
    error: Exception | None = None


def as_they_end(
    function: Callable[[T], V], items: Iterable[T], *, jobs: int
) -> Generator[Ended[T, V], None, None]:
    """Call a function for every item, several at a time, and yield what became of each as it ends.

    Parameters
    ----------
    function : callable
        Takes an item; found by name in a fresh process.
    items : iterable
        Taken one by one, no more than one ahead of the work.
    jobs : int
        How many processes; 1 works in a thread of this one.

    Raises
    ------
    ConfigError
        Where no process can be started.

    Notes
    -----
    Where a process dies it is not known which item it was about. Each of those under way is then tried
    once more, alone in a process: the one that dies again is the one, and what only lacked memory
    beside the others gets through.
    """
    waiting = iter(items)
    for first in waiting:
        suspects = yield from _until_one_dies(function, chain([first], waiting), jobs)
        for item in suspects:
            with _workers(1, alone=True) as pool:
                yield _ended(item, pool.submit(function, item))


def _until_one_dies(
    function: Callable[[T], V], waiting: Iterator[T], jobs: int
) -> Generator[Ended[T, V], None, list[T]]:
    """Yield what ends; return the items that a dying process left, none where all is done."""
    running: dict[Future[V], T] = {}
    with _workers(jobs) as pool:
        while True:
            for item in islice(waiting, jobs + 1 - len(running)):
                running[_submitted(pool, function, item)] = item
            if not running:
                return []
            suspects = []
            done = wait(running, return_when=FIRST_COMPLETED).done
            for promise in [each for each in running if each in done]:
                ended = _ended(running.pop(promise), promise)
                if isinstance(ended.error, BrokenProcessPool):
                    suspects.append(ended.item)
                else:
                    yield ended
            if suspects:
                return suspects + [running[promise] for promise in running]


def _submitted(pool: Executor, function: Callable[[T], V], item: T) -> Future[V]:
    """Submit an item; to a pool that broke meanwhile as an item that was lost with it."""
    try:
        return pool.submit(function, item)
    except BrokenProcessPool as error:
        lost: Future[V] = Future()
        lost.set_exception(error)
        return lost


def _ended(item: T, promise: Future[V]) -> Ended[T, V]:
    error = promise.exception()
    if error is None:
        return Ended(item, promise.result())
    if not isinstance(error, Exception):
        raise error
    return Ended(item, error=error)


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
        _expect_start(pool)
        yield pool
        pool.shutdown()
    finally:
        lifeline.close()
        pool.shutdown(cancel_futures=True)
        far_end.close()


def _expect_start(pool: Executor) -> None:
    try:
        pool.submit(os.getpid).result()
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
