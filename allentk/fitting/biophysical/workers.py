"""Costs of many candidates, in this process or in several; the same in any of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from allentk.errors import ConfigError

__all__ = ["Costs", "evaluator"]

Array = NDArray[np.float64]

#: Candidates to their costs.
Evaluate = Callable[[Sequence[Array]], list[float]]


class Costs(Protocol):
    """What a search minimises: a pure function of each candidate, which pickles."""

    def costs(self, candidates: Sequence[Array]) -> list[float]:
        """Return the cost of every candidate, lower is better."""


@contextmanager
def evaluator(objective: Costs, n_jobs: int) -> Iterator[Evaluate]:
    """Yield a function that returns the costs of candidates.

    Parameters
    ----------
    objective : Costs
        Sent to every process once.
    n_jobs : int
        Processes; 1 works in this one.

    Raises
    ------
    ConfigError
        Where no process can be started, or one was killed.
    """
    if n_jobs == 1:
        yield objective.costs
        return
    # Spawned on every system: a forked copy of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    far_end, lifeline = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        n_jobs, mp_context=context, initializer=_settle_in, initargs=(far_end, objective)
    )
    try:
        yield lambda candidates: _shared_out(pool, candidates, n_jobs)
        pool.shutdown()
    finally:
        lifeline.close()
        pool.shutdown(cancel_futures=True)
        far_end.close()


def _shared_out(pool: ProcessPoolExecutor, candidates: Sequence[Array], n_jobs: int) -> list[float]:
    """Return the costs, two parts per process: some candidates are dearer than others."""
    size = max(-(-len(candidates) // (2 * n_jobs)), 1)
    parts = [list(candidates[k : k + size]) for k in range(0, len(candidates), size)]
    try:
        found = list(pool.map(_costs, parts))
    except BrokenProcessPool as error:
        raise ConfigError(
            "a process of the search could not be started or was killed (is the memory used up?); in a "
            'script, put the call under `if __name__ == "__main__":`, or use n_jobs=1. A search with '
            "history= goes on where it was"
        ) from error
    return [cost for part in found for cost in part]


#: The objective of this process; set once where it is a worker.
_held: list[Costs] = []


def _settle_in(far_end: Connection, objective: Costs) -> None:
    """Keep the objective, leave Ctrl-C to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _held[:] = [objective]
    threading.Thread(target=_end_with, args=(far_end,), daemon=True).start()


def _end_with(far_end: Connection) -> None:
    wait_for([far_end])
    os._exit(1)


def _costs(candidates: list[Array]) -> list[float]:
    return _held[0].costs(candidates)
