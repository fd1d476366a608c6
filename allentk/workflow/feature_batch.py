"""The features of many recordings in one table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk import __version__
from allentk.api import CellTypes
from allentk.config import settings
from allentk.features.definition import Definition, checked
from allentk.workflow.batch_work import Work, service_for
from allentk.workflow.failures import error_table
from allentk.workflow.feature_cell import PARTS, FeatureJob, Measured, measured
from allentk.workflow.feature_files import target_of, write_batch
from allentk.workflow.feature_journal import read, written
from allentk.workflow.feature_tables import (
    feature_table,
    quality_table,
    stacked,
    sweep_error_table,
)
from allentk.workflow.journal import Journal, journal_of
from allentk.workflow.processes import Processes
from allentk.workflow.recordings import Named, Recording, listed
from allentk.workflow.tasks import Task

__all__ = ["FILTER", "FeatureBatch", "extract"]

#: The low-pass that spikes are found under; see `allentk.features.spikes`.
FILTER = (
    "4-pole Bessel low-pass forwards and backwards at 10 kHz, "
    "or at 0.4 of the sampling rate below 22 kHz"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class FeatureBatch:
    """What was measured of many recordings.

    Parameters
    ----------
    features : DataFrame
        One row per cell in the order asked for: the 56 published columns of
        `allentk.features.CELL_COLUMNS`, ``filter_hz`` (the low-pass, the lowest where sampling rates
        differ), ``source`` (the file) and ``synthetic``. `metadata` are its ``attrs``.
    sweep_errors : DataFrame
        One row per sweep that could not be measured, in cells that could: ``specimen_id``, ``source``,
        ``number``, ``error``.
    errors : DataFrame
        One row per cell that could not be measured, or part of one: ``recording``, ``what``
        (``"cell"``, ``"quality"``, ``"vectors"``), ``error`` (its type), ``message``, ``advice``.
    quality : DataFrame, optional
        The quality tables of all cells, ``specimen_id`` and ``source`` first.
    vectors : dict of array, optional
        By name, shape ``(n_cells, length)``, rows as of `features`; NaN where a cell has no such vector
        or a shorter one.
    metadata : dict
        ``allentk`` (the version), ``definition``, ``filter``, ``n_cells``, ``n_failed``, ``synthetic``
        (whether any cell is).
    n_measured : int
        How many cells were measured now; the others were in the journal.
    files : tuple of Path
        What was written.
    """

    features: pd.DataFrame
    sweep_errors: pd.DataFrame
    errors: pd.DataFrame
    quality: pd.DataFrame | None = None
    vectors: dict[str, NDArray[np.float64]] | None = None
    metadata: dict[str, Any]
    n_measured: int = 0
    files: tuple[Path, ...] = ()

    @property
    def n_failed(self) -> int:
        """How many cells could not be measured."""
        return int(self.metadata["n_failed"])

    def __repr__(self) -> str:
        return (
            f"<FeatureBatch: {len(self.features)} cells ({self.n_measured} measured now), "
            f"{self.n_failed} failed, {len(self.sweep_errors)} sweeps left out>"
        )


def extract(
    recordings: Named | Iterable[Named],
    *,
    cells: CellTypes | None = None,
    out: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    definition: Definition = "allen",
    quality: bool = False,
    vectors: bool = False,
    resume: bool = True,
    progress: bool | None = None,
) -> FeatureBatch:
    """Measure the features of many recordings, several at a time; one that fails costs that cell.

    Parameters
    ----------
    recordings : path, int, or iterable of them
        NWB files, folders that are searched for ``*.nwb`` (also in folders inside), and specimen ids.
    cells : CellTypes, optional
        Where specimens come from; the service by default. They are fetched one by one while others are
        measured.
    out : path, optional
        Also write the table: ``.csv``, ``.json`` or ``.parquet`` (needs ``allentk[parquet]``). Beside
        it go ``<stem>_errors.csv`` and ``<stem>_sweep_errors.csv`` where there are any,
        ``<stem>_quality.csv``, ``<stem>_vectors.npz`` (arrays of one row per cell, with ``ids``), and
        the journal ``<out>.journal.jsonl``.
    jobs : int, optional
        How many processes; 1 stays in this one. By default as `allentk.config` says. The result is the
        same for any.
    definition : {"allen", "allentk"}
        Whose rules; see `allentk.features.cell`.
    quality, vectors : bool
        Measure each sweep's quality, each cell's feature vectors, too.
    resume : bool
        Take finished cells from the journal where their files have not changed since; else begin anew.
        Cells that failed are tried again. The journal stays when all is done, so that a batch with
        further files measures those alone; it may be deleted at any time.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    FeatureBatch

    Raises
    ------
    DataError
        Where no recording was given, or a folder has none.
    ConfigError, MissingExtraError
        Where `out` cannot be written, or processes cannot be started.

    Notes
    -----
    Processes are spawned: in a script put the call under ``if __name__ == "__main__":``.

    Examples
    --------
    >>> batch = extract("recordings", out="features.csv", jobs=4)  # doctest: +SKIP
    """
    target = None if out is None else target_of(out)
    chosen = settings(jobs=jobs).jobs
    parts = tuple(name for name, asked in zip(PARTS, (quality, vectors), strict=True) if asked)
    named = listed(recordings)
    work = Work(
        recordings=named,
        cells=service_for(named, cells, progress=progress),
        asked=str(checked(definition)),
        journal=Journal(
            None if target is None else journal_of(target), written, read, resume=resume
        ),
        job=partial(_job, definition=definition, parts=parts),
        done="measured",
        enough=lambda found: found.parts.issuperset(parts),
        missing=lambda found: found.failed,
    )
    work.run(measure_task, nullcontext(Processes(chosen)), progress)
    batch = _batch(work, parts)
    return batch if target is None else replace(batch, files=write_batch(batch, target))


def _job(_: Recording, **of_recording: Any) -> FeatureJob:
    return FeatureJob(**of_recording)


def measure_task(task: Task[FeatureJob]) -> Measured:
    """Measure the recording of a task; see `measured`."""
    return measured(task.job)


def _batch(work: Work[str, FeatureJob, Measured], parts: tuple[str, ...]) -> FeatureBatch:
    cells = [found for _, found in work.outcomes() if isinstance(found, Measured)]
    errors = error_table(work.failures())
    metadata = {
        "allentk": __version__,
        "definition": work.asked,
        "filter": FILTER,
        "n_cells": len(cells),
        "n_failed": int((errors["what"] == "cell").sum()),
        "synthetic": any(cell.synthetic for cell in cells),
    }
    features = feature_table(cells)
    features.attrs = dict(metadata)
    return FeatureBatch(
        features=features,
        sweep_errors=sweep_error_table(cells),
        errors=errors,
        quality=quality_table(cells) if "quality" in parts else None,
        vectors=stacked(cells) if "vectors" in parts else None,
        metadata=metadata,
        n_measured=work.n_new,
    )
