"""A call in a thread of its own, which ends with the program where nobody waits for it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["begun"]

V = TypeVar("V")


def begun(function: Callable[[], V], expected: tuple[type[Exception], ...]) -> Future[V]:
    """Begin a call in a thread, and return the promise of its result.

    Unlike the threads of an executor, this one does not keep the program alive.

    Parameters
    ----------
    function : callable
        What to call.
    expected : tuple of exception types
        What may go wrong; it is raised where the result is asked for. Anything else is raised there
        too, and ends the thread with a traceback besides.

    Examples
    --------
    >>> begun(lambda: 5, (ValueError,)).result(10)
    5
    """
    promise: Future[V] = Future()
    threading.Thread(target=_keep, args=(promise, function, expected), daemon=True).start()
    return promise


def _keep(
    promise: Future[V], function: Callable[[], V], expected: tuple[type[Exception], ...]
) -> None:
    try:
        promise.set_result(function())
    except expected as error:
        promise.set_exception(error)
    finally:
        if not promise.done():
            promise.set_exception(sys.exception())
