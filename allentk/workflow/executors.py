"""One function for many items, called by workers of any kind: one that dies costs its item."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, Protocol, TypeVar

__all__ = ["Ended", "Pool", "WorkerDied", "Workers", "work_through"]

T = TypeVar("T")
V = TypeVar("V")


class WorkerDied(BrokenProcessPool):
    """The worker of an item was killed or crashed."""


class Pool(Protocol):
    """Takes items; what it returns can be waited for and cancelled as of ``concurrent.futures``."""

    def submit(self, function: Callable[[T], V], item: T, /) -> Future[V]:
        """Have `function` called with `item`; a worker that dies gives BrokenProcessPool."""


class Workers(Protocol):
    """Who does the work: this process, processes beside it, a cluster."""

    def width(self) -> int:
        """Return how many items are worked on at once."""

    def together(self) -> AbstractContextManager[Pool]:
        """Return a pool of all; nothing new is begun once the block is left."""

    def alone(self) -> AbstractContextManager[Pool]:
        """Return a pool for one item that may bring its worker down."""


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
        Why it failed; BrokenProcessPool where its worker died.
    """

    item: T
    value: V | None = None
    error: Exception | None = None


def work_through(
    function: Callable[[T], V], items: Iterable[T], workers: Workers
) -> Generator[Ended[T, V], None, None]:
    """Call a function for every item, several at a time, and yield what became of each as it ends.

    Parameters
    ----------
    function : callable
        Takes an item; found by name where it is called.
    items : iterable
        Taken one by one, no more than one ahead of the work.
    workers : Workers
        Who calls it.

    Notes
    -----
    Where a worker dies it is not known which item it was about. Each of those lost is then tried once
    more, alone: the one whose worker dies again is the one, and what only lacked memory beside the
    others gets through.
    """
    waiting = iter(items)
    for first in waiting:
        lost = yield from _until_one_is_lost(function, chain([first], waiting), workers)
        for item in lost:
            with workers.alone() as pool:
                yield _ended(item, pool.submit(function, item))


def _until_one_is_lost(
    function: Callable[[T], V], waiting: Iterator[T], workers: Workers
) -> Generator[Ended[T, V], None, list[T]]:
    """Yield what ends; once an item is lost begin no more, and return all that were, else none."""
    running: dict[Future[V], T] = {}
    lost: list[T] = []
    with workers.together() as pool:
        while True:
            free = 0 if lost else max(0, workers.width() + 1 - len(running))
            for item in islice(waiting, free):
                running[_submitted(pool, function, item)] = item
            if not running:
                return lost
            done = wait(running, return_when=FIRST_COMPLETED).done
            for promise in [each for each in running if each in done]:
                ended = _ended(running.pop(promise), promise)
                if isinstance(ended.error, BrokenProcessPool):
                    lost.append(ended.item)
                else:
                    yield ended


def _submitted(pool: Pool, function: Callable[[T], V], item: T) -> Future[V]:
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
