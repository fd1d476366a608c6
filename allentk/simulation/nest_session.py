"""NEST, loaded on first use and without its chatter: the only place that imports it.

NEST holds one network per process, whoever made it: `session` starts from an empty one and leaves an
empty one behind. It is under the GPL and comes with the extra ``nest``; nothing else here needs it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allentk.errors import MissingExtraError, SimulationError

__all__ = ["microseconds", "nest", "session"]

# NEST holds one network at one time, whoever asks.
_alone = threading.RLock()
_QUIET = "PYNEST_QUIET"


def nest() -> Any:
    """Return NEST, imported without a word.

    Raises
    ------
    MissingExtraError
        Where NEST is not installed.
    """
    before = os.environ.get(_QUIET)
    os.environ[_QUIET] = "1"
    try:
        import nest as module
    except ModuleNotFoundError as error:
        if error.name != "nest":
            raise
        raise MissingExtraError.for_extra("nest", "the NEST engine") from error
    finally:
        if before is None:
            del os.environ[_QUIET]
        else:
            os.environ[_QUIET] = before
    return module


def microseconds(dt_s: float) -> int:
    """Return a time step in microseconds, the grain of time in NEST.

    Raises
    ------
    SimulationError
        Where the step is not a whole number of them.

    Examples
    --------
    >>> microseconds(1e-4)
    100
    """
    step = round(dt_s * 1e6)
    if step < 1 or abs(dt_s * 1e6 - step) > 1e-6:
        raise SimulationError(
            f"NEST counts time in microseconds: dt_s must be a multiple of 1e-6 s, got {dt_s!r}; take "
            f"dt_s={max(step, 1) * 1e-6:g}, or backend='glif'"
        )
    return step


@contextmanager
def session(dt_s: float, n_threads: int) -> Iterator[Any]:
    """Yield NEST with an empty network for one run; leave it empty.

    Raises
    ------
    MissingExtraError
        Where NEST is not installed.
    SimulationError
        Where NEST holds a network of somebody else, or on an error of NEST.
    """
    step = microseconds(dt_s)
    with _alone:
        module = nest()
        if module.network_size:
            raise SimulationError(
                f"NEST holds a network of {module.network_size} nodes in this process, which a run "
                f"would delete; call nest.ResetKernel() if it is no longer needed"
            )
        loud = module.verbosity
        module.verbosity = module.VerbosityLevel.ERROR
        try:
            module.ResetKernel()
            module.set(resolution=step / 1e3, local_num_threads=n_threads, print_time=False)
            yield module
        except module.NESTError as error:
            raise SimulationError(f"NEST stopped: {error}") from error
        finally:
            module.ResetKernel()
            module.verbosity = loud
