"""GLIF models of many recordings in one table."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from allentk import __version__
from allentk.api import CellTypes
from allentk.config import settings
from allentk.fitting.levels import LEVELS, whole_number
from allentk.models import GLIFParameters
from allentk.workflow.batch_work import Work, service_for
from allentk.workflow.dask_pool import Client, cluster
from allentk.workflow.executors import Workers
from allentk.workflow.failures import error_table
from allentk.workflow.fit_cell import Asked, CellFit, FitJob, fitted, seed_of
from allentk.workflow.fit_files import folder_names, write_batch, write_cell
from allentk.workflow.fit_journal import read, written
from allentk.workflow.fit_levels import TEST, TRAIN, checked_levels
from allentk.workflow.fit_tables import fit_table
from allentk.workflow.journal import Journal, journal_of
from allentk.workflow.processes import Processes
from allentk.workflow.recordings import Named, Recording, listed
from allentk.workflow.tasks import Task

__all__ = ["FitBatch", "fit_many"]

_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class FitBatch:
    """What was fitted to many recordings.

    Parameters
    ----------
    fits : DataFrame
        One row per cell and level, in the order asked for: the cell, scores, parameters (those of
        `GLIFParameters`, after-spike currents numbered), ``chosen`` (the level to take), ``file`` and
        ``error``. `metadata` are its ``attrs``.
    errors : DataFrame
        One row per cell that could not be fitted: ``recording``, ``what``, ``error`` (its type),
        ``message``, ``advice``.
    models : dict of str to dict
        By the name of a cell's folder, fitted models by level.
    metadata : dict
        ``allentk`` (the version), ``method``, ``levels``, ``seed``, ``max_evaluations``, ``train``,
        ``test``, ``n_cells``, ``n_failed``, ``synthetic`` (whether any cell is).
    n_fitted : int
        How many cells were fitted now; the others were in the journal.
    files : tuple of Path
        The tables that were written.
    """

    fits: pd.DataFrame
    errors: pd.DataFrame
    models: dict[str, dict[int, GLIFParameters]] = field(default_factory=dict)
    metadata: dict[str, Any]
    n_fitted: int = 0
    files: tuple[Path, ...] = ()

    @property
    def n_cells(self) -> int:
        """How many cells have a model."""
        return int(self.metadata["n_cells"])

    @property
    def n_failed(self) -> int:
        """How many cells could not be fitted."""
        return int(self.metadata["n_failed"])

    def __repr__(self) -> str:
        return (
            f"<FitBatch: {self.n_cells} cells ({self.n_fitted} fitted now) at levels "
            f"{self.metadata['levels']}, {self.n_failed} failed>"
        )


def fit_many(
    recordings: Named | Iterable[Named],
    *,
    levels: Sequence[int] = LEVELS,
    jobs: int | None = None,
    out: str | os.PathLike[str] | None = None,
    method: str = "allentk",
    seed: int = 0,
    max_evaluations: int = 400,
    train: str = TRAIN,
    test: str = TEST,
    cells: CellTypes | None = None,
    client: Client | None = None,
    resume: bool = True,
    progress: bool | None = None,
) -> FitBatch:
    """Fit GLIF models to many recordings, several at a time; one that fails costs that cell.

    Parameters
    ----------
    recordings : path, int, or iterable of them
        NWB files, folders that are searched for ``*.nwb`` (also in folders inside), and specimen ids.
    levels : sequence of int
        GLIF levels, of 1 to 5; one of them is chosen for each cell.
    jobs : int, optional
        How many processes; 1 stays in this one. By default as `allentk.config` says. The numbers are
        the same for any.
    out : path, optional
        Also write a folder: ``fits.csv``, ``fits_errors.csv`` where a cell failed, and for each cell
        ``<cell>/glif<level>/neuron_config.json``, ``scores.csv`` and ``scores.json``; also the journal
        ``fits.csv.journal.jsonl``.
    method : {"allentk", "teeter2018"}
        As in ``GLIFFitter``; the latter chooses no level.
    seed : int
        Each cell's own seed is drawn from this and from its specimen id or the name of its file; the
        table has it, so that a cell can be fitted again alone.
    max_evaluations : int
        As in ``GLIFFitter``.
    train, test : str
        Names of the stimuli to fit and to score on, as in ``GLIFFitter``.
    cells : CellTypes, optional
        Where specimens come from; the service by default. They are fetched one by one, in this process,
        while others are fitted.
    client : str or distributed.Client, optional
        A Dask cluster to work on instead of processes, such as ``"tcp://host:8786"`` (needs
        ``allentk[dask]``). Files, also those in the cache, must lie under the same path on every
        worker. Start workers of one thread: a worker fits one cell at a time. Connect to a cluster
        that you trust.
    resume : bool
        Take finished cells from the journal where their files have not changed since and the same is
        asked; else begin anew. Cells that failed are tried again. The journal may be deleted at any
        time.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    FitBatch

    Raises
    ------
    ConfigError, MissingExtraError
        On a level or method that there is not, or a seed or number of evaluations that is no whole
        number of 0 or more; where `out` cannot be written, processes cannot be
        started, or the cluster cannot be reached.
    DataError
        Where no recording was given, or a folder has none.
    ServiceError
        Where the cluster is lost; what is finished is in the journal.

    Notes
    -----
    Each cell is fitted on one thread. Processes are spawned: in a script put the call under
    ``if __name__ == "__main__":``.

    Examples
    --------
    >>> batch = fit_many("recordings", levels=(1, 3), out="fits", jobs=4)  # doctest: +SKIP
    >>> batch.fits.query("chosen")["level"].value_counts()  # doctest: +SKIP
    """
    folder = None if out is None else Path(out)
    asked = Asked(
        levels=checked_levels(levels, method),
        method=method,
        seed=whole_number("seed", seed),
        max_evaluations=whole_number("max_evaluations", max_evaluations),
        train=train,
        test=test,
    )
    named = listed(recordings)
    work = Work(
        recordings=named,
        cells=service_for(named, cells, progress=progress),
        asked=asked,
        journal=Journal(
            None if folder is None else journal_of(folder / "fits.csv"),
            written,
            read,
            resume=resume,
        ),
        job=partial(_job, asked=asked),
        done="fitted",
    )
    # A fit in this process sets one thread for good; what was set before returns with the block.
    with threadpool_limits(1):
        work.run(fit_task, _workers(settings(jobs=jobs).jobs, client), progress)
    batch = _batch(work, folder)
    return batch if folder is None else replace(batch, files=write_batch(batch, folder))


def _job(recording: Recording, *, path: str, asked: Asked, **about: Any) -> FitJob:
    """Return the job of a cell; a worker on another machine needs the whole path."""
    whole = str(Path(path).resolve())
    return FitJob(path=whole, asked=asked, seed=seed_of(recording, asked.seed), **about)


def _workers(jobs: int, client: Client | None) -> AbstractContextManager[Workers]:
    return nullcontext(Processes(jobs)) if client is None else cluster(client)


def fit_task(task: Task[FitJob]) -> CellFit:
    """Fit the recording of a task, on one thread, and one at a time in a process; see `fitted`.

    How a sum is split between threads shows in its last digit, and a search may follow that; and how
    many threads there are is a setting of the whole process.
    """
    with _ALONE:
        threadpool_limits(1)
        return fitted(task.job)


def _batch(work: Work[Asked, FitJob, CellFit], folder: Path | None) -> FitBatch:
    names = folder_names(work.recordings)
    outcomes = [
        (recording, name, found)
        for name, (recording, found) in zip(names, work.outcomes(), strict=True)
    ]
    fitted = {name: found for _, name, found in outcomes if isinstance(found, CellFit)}
    failures = work.failures()
    if folder is not None:
        for name, cell in fitted.items():
            write_cell(cell, folder / name)
    metadata = {
        "allentk": __version__,
        "method": work.asked.method,
        "levels": list(work.asked.levels),
        "seed": work.asked.seed,
        "max_evaluations": work.asked.max_evaluations,
        "train": work.asked.train,
        "test": work.asked.test,
        "n_cells": len(fitted),
        "n_failed": len(failures),
        "synthetic": any(cell.synthetic for cell in fitted.values()),
    }
    fits = fit_table(outcomes, work.asked.levels)
    fits.attrs = dict(metadata)
    return FitBatch(
        fits=fits,
        errors=error_table(failures),
        models={name: cell.models for name, cell in fitted.items()},
        metadata=metadata,
        n_fitted=work.n_new,
    )
