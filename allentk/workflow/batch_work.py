"""What a batch has to do, and what has become of it so far: of features and of fits alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from allentk.api import CellTypes
from allentk.errors import AllenTKError
from allentk.progress import bar
from allentk.workflow.executors import Ended, Workers, work_through
from allentk.workflow.failures import Failure, failure
from allentk.workflow.journal import Journal
from allentk.workflow.recordings import Recording, stamp_of
from allentk.workflow.tasks import Finished, Job, Task

__all__ = ["Work", "service_for"]

K = TypeVar("K", bound=Hashable)
J = TypeVar("J", bound=Job)
V = TypeVar("V", bound=Finished)


def service_for(
    recordings: Sequence[Recording], cells: CellTypes | None, *, progress: bool | None
) -> CellTypes | None:
    """Return where specimens come from: as given, else the service; None where there is no specimen."""
    if cells is None and any(each.specimen_id is not None for each in recordings):
        return CellTypes(progress=progress)
    return cells


def _whole(_: Any) -> bool:
    return True


def _nothing(_: Any) -> Mapping[str, AllenTKError]:
    return {}


@dataclass(slots=True, kw_only=True)
class Work(Generic[K, J, V]):
    """The recordings of a batch and where they stand.

    Parameters
    ----------
    recordings : list of Recording
        What to work on, in order.
    cells : CellTypes, optional
        Where specimens come from; not needed where there are none.
    asked : hashable
        What is asked of each, as the journal keeps it.
    journal : Journal
        What was finished before; what is finished now goes in.
    job : callable
        Makes the job of a recording, ``job(recording, path=, specimen_id=, synthetic=)``.
    done : {"measured", "fitted"}
        What is done with each, for messages.
    enough : callable, optional
        Whether what the journal has of a recording has all that is asked for.
    missing : callable, optional
        Why parts that were asked for are not in what was found, by their name.
    """

    recordings: list[Recording]
    cells: CellTypes | None
    asked: K
    journal: Journal[K, V]
    job: Callable[..., J]
    done: str
    enough: Callable[[V], bool] = _whole
    missing: Callable[[V], Mapping[str, AllenTKError]] = _nothing
    n_new: int = 0
    _found: dict[str, V] = field(default_factory=dict)
    _failures: dict[str, list[Failure]] = field(default_factory=dict)

    def run(
        self,
        function: Callable[[Task[J]], V],
        workers: AbstractContextManager[Workers],
        progress: bool | None,
    ) -> None:
        """Have done what the journal does not have; with nothing left to do no worker is started."""
        self._recall()
        with bar("cells", total=len(self.recordings), progress=progress) as shown:
            shown.update(self._n_ended)
            if self._n_ended == len(self.recordings):
                return
            with workers as crew, closing(work_through(function, self._tasks(), crew)) as all_ended:
                for ended in all_ended:
                    self._enter(ended)
                    shown.update(self._n_ended - shown.n)

    def outcomes(self) -> Iterator[tuple[Recording, V | Failure]]:
        """Yield what became of each recording, in order, files as they were named."""
        for each in self.recordings:
            if each.key not in self._found:
                yield each, self._failures[each.key][0]
            elif each.specimen_id is not None:
                yield each, self._found[each.key]
            else:
                yield each, replace(self._found[each.key], source=each.name)

    def failures(self) -> list[Failure]:
        """Return why cells, or parts of them, are not there, in the order of the recordings."""
        return [why for each in self.recordings for why in self._failures.get(each.key, ())]

    def _recall(self) -> None:
        """Take what is finished from the journal."""
        for recording in self.recordings:
            found = self.journal.find(recording, self.asked)
            if found is not None and self.enough(found) and self._from_here(recording, found):
                self._found[recording.key] = found

    def _from_here(self, recording: Recording, found: V) -> bool:
        """Whether a specimen is of this service: a synthetic one, or the real one."""
        synthetic = self.cells is not None and self.cells.synthetic
        return recording.specimen_id is None or found.synthetic == synthetic

    def _tasks(self) -> Iterator[Task[J]]:
        """Yield what is left to do; each specimen is fetched when it is its turn."""
        for recording in self.recordings:
            if recording.key in self._found:
                continue
            try:
                job = self._job(recording)
            except AllenTKError as error:
                self._failures[recording.key] = [self._failure(recording, "cell", error)]
            else:
                yield Task(recording, job, stamp_of(job.path))

    def _job(self, recording: Recording) -> J:
        specimen_id = recording.specimen_id
        if specimen_id is None or self.cells is None:
            return self.job(recording, path=recording.name)
        file = self.cells.fetch(specimen_id, what=("sweeps",))["sweeps"]
        return self.job(
            recording,
            path=str(file.resolve()),
            specimen_id=specimen_id,
            synthetic=self.cells.synthetic,
        )

    def _enter(self, ended: Ended[Task[J], V]) -> None:
        """Enter what became of a task, also into the journal where it went well.

        A message names a file as it was named here, whatever a worker calls it; one that was fetched has no
        name but its path.
        """
        task, cell = ended.item, ended.value
        recording = task.recording
        if ended.error is not None:
            why = self._failure(recording, "cell", ended.error)
            if recording.specimen_id is None and why.message.startswith(task.job.path):
                why = replace(why, message=recording.name + why.message[len(task.job.path) :])
            self._failures[recording.key] = [why]
            return
        assert cell is not None
        self.n_new += 1
        self._found[recording.key] = cell
        self._failures[recording.key] = [
            self._failure(recording, what, why) for what, why in self.missing(cell).items()
        ]
        if task.stamp is not None:
            self.journal.add(recording, self.asked, Path(task.job.path), task.stamp, cell)

    def _failure(self, recording: Recording, what: str, error: Exception) -> Failure:
        return failure(recording.name, what, error, done=self.done)

    @property
    def _n_ended(self) -> int:
        """How many recordings are finished or have failed."""
        return len(self._found.keys() | self._failures.keys())
