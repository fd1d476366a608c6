"""Why a cell of a batch is not there, and what to do about it."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields

import pandas as pd

from allentk.errors import (
    AllenTKError,
    ConfigError,
    FeatureError,
    FitError,
    FormatError,
    IntegrityError,
    OfflineError,
    ServiceError,
)

__all__ = ["Failure", "error_table", "failure"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a cell, or a part of it, is not there.

    Parameters
    ----------
    recording : str
        As it was named.
    what : str
        ``"cell"``, or the part: ``"quality"``, ``"vectors"``.
    error : str
        The error's type.
    message : str
        What it says.
    advice : str
        What to do.
    """

    recording: str
    what: str
    error: str
    message: str
    advice: str


_DIED = (
    "the worker that {done} it was killed or crashed, also when it was tried alone: perhaps memory ran "
    "out, perhaps the file is damaged"
)

#: What to do; the first type that fits.
_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (BrokenProcessPool, "give it more memory, check the file with h5dump or export it anew"),
    (
        FormatError,
        "check the file; copy, download or export it again; on a cluster it must lie under the same path "
        "on every worker",
    ),
    (FeatureError, "look at its sweeps one by one: allentk features {recording} --sweeps"),
    (FitError, "look at what was recorded: allentk sweeps {recording}"),
    (IntegrityError, "delete the file and fetch it again: allentk fetch {recording}"),
    (OfflineError, "go online and run the same again; what is finished is not {done} again"),
    (ServiceError, "run the same again later; what is finished is not {done} again"),
    (ConfigError, "mend the setting, and run the same again"),
    (AllenTKError, "check that there is such a cell, and a recording of it"),
    (OSError, "check that the file can be read, and run the same again"),
    (Exception, "report it together with the file; --verbose shows where it happened"),
)


def failure(recording: str, what: str, error: Exception, *, done: str) -> Failure:
    """Return what is told of an error; one that nobody foresaw goes to the log as a whole.

    Parameters
    ----------
    recording : str
        As it was named.
    what : str
        ``"cell"``, or the part of it that is missing.
    error : Exception
        Why.
    done : {"measured", "fitted"}
        What the batch does with a cell.
    """
    died = isinstance(error, BrokenProcessPool)
    if not died and not isinstance(error, AllenTKError | OSError):
        log.info("%s: an error that was not foreseen", recording, exc_info=error)
    advice = next(text for kind, text in _ADVICE if isinstance(error, kind))
    return Failure(
        recording=recording,
        what=what,
        error="WorkerDied" if died else type(error).__name__,
        message=_DIED.format(done=done) if died else str(error),
        advice=advice.format(recording=shlex.quote(recording), done=done),
    )


def error_table(failures: Sequence[Failure]) -> pd.DataFrame:
    """Return one row per failure."""
    names = [field.name for field in fields(Failure)]
    rows = [[getattr(each, name) for name in names] for each in failures]
    return pd.DataFrame(rows, columns=names)
