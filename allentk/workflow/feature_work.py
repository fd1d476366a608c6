"""What a batch has to do, and what has become of it so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from allentk.api import CellTypes
from allentk.errors import AllenTKError
from allentk.features.definition import Definition
from allentk.workflow.feature_cell import Job, Measured, measured
from allentk.workflow.feature_failures import Failure, failure
from allentk.workflow.feature_journal import Journal
from allentk.workflow.processes import Ended
from allentk.workflow.recordings import Recording, Stamp, stamp_of

__all__ = ["Task", "Work", "work_off"]


@dataclass(frozen=True, slots=True)
class Task:
    """A recording to measure.

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
    job: Job
    stamp: Stamp | None


def work_off(task: Task) -> Measured:
    """Measure the recording of a task; see `measured`."""
    return measured(task.job)


@dataclass(slots=True)
class Work:
    """The recordings of a batch and where they stand.

    Parameters
    ----------
    recordings : list of Recording
        What to measure, in order.
    cells : CellTypes, optional
        Where specimens come from; not needed where there are none.
    definition : {"allen", "allentk"}
        Whose rules.
    parts : tuple of str
        What to measure besides the published columns.
    journal : Journal
        What was finished before; what is finished now goes in.
    """

    recordings: list[Recording]
    cells: CellTypes | None
    definition: Definition
    parts: tuple[str, ...]
    journal: Journal
    n_measured: int = 0
    _done: dict[str, Measured] = field(default_factory=dict)
    _failures: dict[str, list[Failure]] = field(default_factory=dict)

    def recall(self) -> None:
        """Take what is finished from the journal."""
        for recording in self.recordings:
            found = self.journal.find(recording, self.definition, self.parts)
            if found is not None and self._from_here(recording, found):
                self._done[recording.key] = found

    def _from_here(self, recording: Recording, found: Measured) -> bool:
        """Whether a specimen was measured from this service: a synthetic one, or the real one."""
        synthetic = self.cells is not None and self.cells.synthetic
        return recording.specimen_id is None or found.synthetic == synthetic

    def tasks(self) -> Iterator[Task]:
        """Yield what is left to do; each specimen is fetched when it is its turn."""
        for recording in self.recordings:
            if recording.key in self._done:
                continue
            try:
                job = self._job(recording)
            except AllenTKError as error:
                self._failures[recording.key] = [failure(recording.name, "cell", error)]
            else:
                yield Task(recording, job, stamp_of(job.path))

    def _job(self, recording: Recording) -> Job:
        if recording.specimen_id is None or self.cells is None:
            return Job(path=recording.name, definition=self.definition, parts=self.parts)
        file = self.cells.fetch(recording.specimen_id, what=("sweeps",))["sweeps"]
        return Job(
            path=str(Path(file).resolve()),
            definition=self.definition,
            parts=self.parts,
            specimen_id=recording.specimen_id,
            synthetic=self.cells.synthetic,
        )

    def enter(self, ended: Ended[Task, Measured]) -> None:
        """Enter what became of a task, also into the journal where it went well."""
        recording, cell = ended.item.recording, ended.value
        if ended.error is not None:
            self._failures[recording.key] = [failure(recording.name, "cell", ended.error)]
            return
        assert cell is not None
        self.n_measured += 1
        self._done[recording.key] = cell
        self._failures[recording.key] = [
            failure(recording.name, what, why) for what, why in cell.failed.items()
        ]
        if ended.item.stamp is not None:
            self.journal.add(recording, self.definition, ended.item.stamp, cell)

    @property
    def n_ended(self) -> int:
        """How many recordings are finished or have failed."""
        return len(self._done.keys() | self._failures.keys())

    def measured(self) -> list[Measured]:
        """Return the finished cells in the order of the recordings, files as they were named."""
        return [
            self._done[each.key]
            if each.specimen_id is not None
            else replace(self._done[each.key], source=each.name)
            for each in self.recordings
            if each.key in self._done
        ]

    def failures(self) -> list[Failure]:
        """Return why others are not finished, in the order of the recordings."""
        return [why for each in self.recordings for why in self._failures.get(each.key, ())]
