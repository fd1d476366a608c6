"""Why a cell of a batch of fits is not there, and what to do about it."""

from __future__ import annotations

import shlex
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from allentk.errors import (
    AllenTKError,
    ConfigError,
    FitError,
    FormatError,
    IntegrityError,
    OfflineError,
    ServiceError,
)
from allentk.workflow import feature_failures
from allentk.workflow.feature_failures import Failure

__all__ = ["failure"]

_DIED = (
    "the worker that fitted it was killed or crashed, also when it was tried alone: perhaps memory ran "
    "out, perhaps the file is damaged"
)

#: What to do; the first type that fits.
_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (BrokenProcessPool, "give it more memory, check the file with h5dump or export it anew"),
    (FormatError, "check the file; on a cluster it must lie under the same path on every worker"),
    (FitError, "look at what was recorded: allentk sweeps {recording}"),
    (IntegrityError, "delete the file and fetch it again: allentk fetch {recording}"),
    (OfflineError, "go online and run the same again; what is finished is not fitted again"),
    (ServiceError, "run the same again later; what is finished is not fitted again"),
    (ConfigError, "mend the setting, and run the same again"),
    (AllenTKError, "check that there is such a cell, and a recording of it"),
    (OSError, "check that the file can be read, and run the same again"),
    (Exception, "report it together with the file; --verbose shows where it happened"),
)


def failure(recording: str, error: Exception) -> Failure:
    """Return what is told of an error; one that nobody foresaw goes to the log as a whole."""
    found = feature_failures.failure(recording, "cell", error)
    advice = next(text for kind, text in _ADVICE if isinstance(error, kind))
    died = isinstance(error, BrokenProcessPool)
    return replace(
        found,
        message=_DIED if died else found.message,
        advice=advice.format(recording=shlex.quote(recording)),
    )
