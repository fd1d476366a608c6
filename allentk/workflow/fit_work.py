"""What a batch of fits has to do, and what has become of it so far."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from allentk.api import CellTypes
from allentk.errors import AllenTKError
from allentk.workflow.executors import Ended
from allentk.workflow.feature_failures import Failure
from allentk.workflow.fit_cell import Asked, CellFit, FitJob, fitted, seed_of
from allentk.workflow.fit_failures import failure
from allentk.workflow.fit_journal import FitJournal
from allentk.workflow.recordings import Recording, Stamp, stamp_of

__all__ = ["FitTask", "FitWork", "fit_task"]

_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True)
class FitTask:
    """A recording to fit.

    Parameters
    ----------
    recording : Recording
        Which.
    job : FitJob
        How.
    stamp : tuple of int, optional
        Of its file, from before it is read; None where there is no file.
    """

    recording: Recording
    job: FitJob
    stamp: Stamp | None


def fit_task(task: FitTask) -> CellFit:
    """Fit the recording of a task, on one thread, and one at a time in a process; see `fitted`.

    How a sum is split between threads shows in its last digit, and a search may follow that; and how
    many threads there are is a setting of the whole process.
    """
    with _ALONE:
        threadpool_limits(1)
        return fitted(task.job)


@dataclass(slots=True)
class FitWork:
    """The recordings of a batch and where they stand.

    Parameters
    ----------
    recordings : list of Recording
        What to fit, in order.
    cells : CellTypes, optional
        Where specimens come from; not needed where there are none.
    asked : Asked
        What is asked of each.
    journal : FitJournal
        What was finished before; what is finished now goes in.
    """

    recordings: list[Recording]
    cells: CellTypes | None
    asked: Asked
    journal: FitJournal
    n_fitted: int = 0
    _done: dict[str, CellFit] = field(default_factory=dict)
    _failures: dict[str, Failure] = field(default_factory=dict)

    def recall(self) -> None:
        """Take what is finished from the journal."""
        for recording in self.recordings:
            found = self.journal.find(recording, self.asked)
            if found is not None and self._from_here(recording, found):
                self._done[recording.key] = found

    def _from_here(self, recording: Recording, found: CellFit) -> bool:
        """Whether a specimen was fitted from this service: a synthetic one, or the real one."""
        synthetic = self.cells is not None and self.cells.synthetic
        return recording.specimen_id is None or found.synthetic == synthetic

    def tasks(self) -> Iterator[FitTask]:
        """Yield what is left to do; each specimen is fetched when it is its turn."""
        for recording in self.recordings:
            if recording.key in self._done:
                continue
            try:
                job = self._job(recording)
            except AllenTKError as error:
                self._failures[recording.key] = failure(recording.name, error)
            else:
                yield FitTask(recording, job, stamp_of(job.path))

    def _job(self, recording: Recording) -> FitJob:
        file, synthetic = Path(recording.name), False
        if recording.specimen_id is not None and self.cells is not None:
            file = self.cells.fetch(recording.specimen_id, what=("sweeps",))["sweeps"]
            synthetic = self.cells.synthetic
        return FitJob(
            path=str(file.resolve()),
            asked=self.asked,
            seed=seed_of(recording, self.asked.seed),
            specimen_id=recording.specimen_id,
            synthetic=synthetic,
        )

    def enter(self, ended: Ended[FitTask, CellFit]) -> None:
        """Enter what became of a task, also into the journal where it went well."""
        recording, cell = ended.item.recording, ended.value
        if ended.error is not None:
            self._failures[recording.key] = failure(recording.name, ended.error)
            return
        assert cell is not None
        self.n_fitted += 1
        self._done[recording.key] = cell
        if ended.item.stamp is not None:
            self.journal.add(recording, self.asked, ended.item.stamp, cell)

    @property
    def n_ended(self) -> int:
        """How many recordings are finished or have failed."""
        return len(self._done.keys() | self._failures.keys())

    def outcomes(self) -> Iterator[tuple[Recording, CellFit | Failure]]:
        """Yield what became of each recording, in order, files as they were named."""
        for each in self.recordings:
            if each.key in self._failures:
                yield each, self._failures[each.key]
            elif each.specimen_id is not None:
                yield each, self._done[each.key]
            else:
                yield each, replace(self._done[each.key], source=each.name)
