"""The one door to dask.distributed: items worked on by a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from allentk import __version__
from allentk.errors import ConfigError, MissingExtraError, ServiceError
from allentk.workflow.executors import Pool, WorkerDied

__all__ = ["Client", "Cluster", "cluster"]

T = TypeVar("T")
V = TypeVar("V")

#: The address of a scheduler, such as ``tcp://host:8786``, or a ``distributed.Client`` of it.
Client: TypeAlias = "str | Any"

#: Seconds within which a scheduler answers.
_PATIENCE_S = 10
#: How often a client is started.
_ATTEMPTS = 4


@contextmanager
def cluster(client: Client) -> Iterator[Cluster]:
    """Yield the workers of a cluster; a client that was made here is closed at the end.

    Raises
    ------
    MissingExtraError
        Where dask.distributed is not installed.
    ConfigError
        Where there is no such scheduler, it has no workers, or they have another allentk.

    Notes
    -----
    Functions, items and results travel as pickles: connect to a cluster that you trust.
    """
    distributed = _distributed()
    if not isinstance(client, str):
        _check_workers(client)
        yield Cluster(client)
        return
    with _connected(distributed, client) as made:
        _check_workers(made)
        yield Cluster(made)


def _connected(distributed: Any, address: str, attempts: int = _ATTEMPTS) -> Any:
    """Return a client of a scheduler."""
    try:
        return distributed.Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"dask: expected a scheduler at {address!r}, got: {error}; give the address that `dask "
            f"scheduler` prints, such as tcp://host:8786"
        ) from error
    except AssertionError as error:
        # A thread of the client has ten seconds to start, which a busy machine may not give it.
        if attempts == 1:
            raise ServiceError(
                f"dask: no client could be started in {_ATTEMPTS} attempts; this machine is too busy: "
                f"try again, with fewer jobs"
            ) from error
    return _connected(distributed, address, attempts - 1)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError.for_extra("dask", "working on a Dask cluster") from error
    return distributed


def _check_workers(client: Any) -> None:
    found = client.run(_version, on_error="return")
    if not found:
        raise ConfigError(
            f"dask: the scheduler at {_address(client)} has no workers; start some: dask worker "
            f"{_address(client)}"
        )
    wrong = {where: got for where, got in found.items() if got != __version__}
    if wrong:
        where, got = next(iter(wrong.items()))
        raise ConfigError(
            f"dask: expected allentk {__version__} on every worker, as here; {len(wrong)} of "
            f"{len(found)} have another or none, such as {where}: {got}. Install the same there"
        )


def _version() -> str:
    """Return the version on the worker."""
    return __version__


def _address(client: Any) -> str:
    return str(client.scheduler.address)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
        Connected to its scheduler.

    Notes
    -----
    Work is handed out by worker, whatever threads it has: start workers of one thread. The scheduler
    tries a task whose worker died on others, three times unless it is set otherwise, and gives it up.
    Where no worker is left the work waits for one.
    """

    client: Any

    def width(self) -> int:
        """Return how many workers the cluster has now."""
        try:
            return max(1, len(self.client.nthreads()))
        except OSError as error:
            raise self._lost() from error

    @contextmanager
    def together(self) -> Iterator[Pool]:
        """Yield a pool of all; what is under way when the block is left is cancelled."""
        executor = self.client.get_executor(pure=False)
        try:
            yield _Submits(executor)
        except CancelledError as error:
            raise self._lost() from error
        finally:
            executor.shutdown(wait=False)

    #: The scheduler sees to it that a lone task has a worker for itself.
    alone = together

    def _lost(self) -> ServiceError:
        return ServiceError(
            f"dask: the scheduler at {_address(self.client)} was lost, or cancelled the work; run the "
            f"same again: what is finished is not done again"
        )


@dataclass(frozen=True, slots=True)
class _Submits:
    """Submits to a cluster, and tells the death of a worker as a pool of processes does."""

    executor: Executor

    def submit(self, function: Callable[[T], V], item: T, /) -> Future[V]:
        promise: Future[V] = Future()
        self.executor.submit(function, item).add_done_callback(partial(_pass_on, promise))
        return promise


def _pass_on(promise: Future[V], ended: Future[V]) -> None:
    if ended.cancelled():
        promise.cancel()
        promise.set_running_or_notify_cancel()
        return
    error = ended.exception()
    if error is None:
        promise.set_result(ended.result())
    elif isinstance(error, _distributed().scheduler.KilledWorker):
        promise.set_exception(WorkerDied(str(error)))
    else:
        promise.set_exception(error)
