"""One function for several items at a time; an item that fails costs that item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from allentk.api.background import begun
from allentk.errors import AllenTKError, DataError
from allentk.progress import bar

__all__ = ["Outcome", "several"]

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, V]):
    """What became of one item.

    Parameters
    ----------
    item
        It.
    value
        What the function made of it; None where it failed.
    error : AllenTKError or None
        Why it failed.
    """

    item: T
    value: V | None = None
    error: AllenTKError | None = None

    @property
    def ok(self) -> bool:
        """Whether it did not fail."""
        return self.error is None

    def get(self) -> V:
        """Return the value, or raise the error.

        Raises
        ------
        AllenTKError
            Where the item failed.
        """
        if self.error is not None:
            raise self.error
        assert self.value is not None
        return self.value


def several(
    function: Callable[[T], V],
    items: Iterable[T],
    *,
    jobs: int = 4,
    what: str = "items",
    progress: bool | None = None,
) -> list[Outcome[T, V]]:
    """Call a function for every item, several at a time, in threads.

    Parameters
    ----------
    function : callable
        Takes an item; may raise AllenTKError, which costs that item only. Any other error is raised
        here as soon as it is seen.
    items : iterable
        What to do.
    jobs : int
        How many at a time, at least 1. Services are for everyone: stay below ten.
    what : str
        What the items are, in words; for the progress bar.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    list of Outcome
        In the order of the items.

    Raises
    ------
    DataError
        Where `jobs` is less than 1.

    Notes
    -----
    After an interruption nothing new is begun. What is under way ends in the background, or with the
    program; a download that is cut off so is gone on with by the next call.

    Examples
    --------
    >>> [outcome.value for outcome in several(abs, [-1, 2], jobs=2, progress=False)]
    [1, 2]
    """
    todo = list(items)
    if jobs < 1:
        raise DataError(f"jobs is at least 1, got {jobs}")
    outcomes: dict[int, Outcome[T, V]] = {}
    with bar(what, total=len(todo), progress=progress) as shown:
        for number, outcome in _done(function, todo, min(jobs, len(todo))):
            outcomes[number] = outcome
            shown.update(1)
    return [outcomes[number] for number in range(len(todo))]


def _done(
    function: Callable[[T], V], items: list[T], jobs: int
) -> Iterator[tuple[int, Outcome[T, V]]]:
    """Yield number and outcome of each item, as they end."""
    if jobs == 1:
        for number, item in enumerate(items):
            yield number, _outcome(item, partial(function, item))
        return
    running: dict[Future[V], int] = {}
    waiting = iter(enumerate(items))
    while True:
        while len(running) < jobs and (following := next(waiting, None)) is not None:
            number, item = following
            running[begun(partial(function, item), (AllenTKError,))] = number
        if not running:
            return
        for promise in wait(running, return_when=FIRST_COMPLETED).done:
            number = running.pop(promise)
            yield number, _outcome(items[number], promise.result)


def _outcome(item: T, result: Callable[[], V]) -> Outcome[T, V]:
    try:
        return Outcome(item, result())
    except AllenTKError as error:
        return Outcome(item, error=error)
