"""One recording of a batch: what travels to a worker and back, whatever is done with it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from allentk.workflow.recordings import Recording, Stamp

__all__ = ["Finished", "Job", "Task"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to work on.

    Parameters
    ----------
    path : str
        The file.
    specimen_id : int, optional
        The specimen the file was fetched for.
    synthetic : bool
        Whether it came from a synthetic service.
    """

    path: str
    specimen_id: int | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """What was found in a recording.

    Parameters
    ----------
    source : str
        The file.
    synthetic : bool
        Whether the recording is synthetic.
    """

    source: str
    synthetic: bool


J = TypeVar("J", bound=Job)


@dataclass(frozen=True, slots=True)
class Task(Generic[J]):
    """A recording and what to do with it.

    Parameters
    ----------
    recording : Recording
        Which.
    job : Job
        How.
    stamp : tuple of int, optional
        Of its file, from before it is read; None where there is no file.
    """

    recording: Recording
    job: J
    stamp: Stamp | None
