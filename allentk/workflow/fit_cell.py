"""One cell of a batch of fits: plain values that travel between processes and into files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allentk.data import SweepSet
from allentk.errors import FitError
from allentk.fitting import LevelFits
from allentk.models import GLIFParameters
from allentk.plain import plain
from allentk.workflow.fit_levels import TEST, TRAIN, fitted_levels, rows_of
from allentk.workflow.opening import opened
from allentk.workflow.recordings import Recording
from allentk.workflow.table_files import Record, records
from allentk.workflow.tasks import Finished, Job

__all__ = ["Asked", "CellFit", "FitJob", "fitted", "identity", "seed_of", "told"]


#: Seeds that cells are given are below; a fit draws seeds of its own from them.
N_SEEDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of every cell.

    Parameters
    ----------
    levels : tuple of int
        GLIF levels.
    method : {"allentk", "teeter2018"}
        How they are fitted.
    seed : int
        That of the batch; see `seed_of`.
    max_evaluations, train, test
        As in ``GLIFFitter``.
    """

    levels: tuple[int, ...]
    method: str = "allentk"
    seed: int = 0
    max_evaluations: int = 400
    train: str = TRAIN
    test: str = TEST


@dataclass(frozen=True, slots=True, kw_only=True)
class FitJob(Job):
    """What to fit.

    Parameters
    ----------
    asked : Asked
        What is asked.
    seed : int
        That of this cell.
    path, specimen_id, synthetic
        As of `allentk.workflow.tasks.Job`.
    """

    asked: Asked
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellFit(Finished):
    """The levels fitted to one cell.

    Parameters
    ----------
    rows : list of dict
        One per level, `allentk.workflow.fit_levels.COLUMNS` without ``file``, in JSON's own types.
    models : dict of int to GLIFParameters
        Fitted models by level.
    specimen_id : int or str, optional
        The cell, where the recording tells.
    dendrite_type : str, optional
        ``"spiny"`` and so on, where the recording tells.
    source, synthetic
        As of `allentk.workflow.tasks.Finished`.
    """

    rows: list[Record]
    models: dict[int, GLIFParameters]
    specimen_id: int | str | None
    dendrite_type: str | None


def identity(recording: Recording) -> str:
    """Return what a cell is called: its specimen id, or the name of its file without the suffix.

    Examples
    --------
    >>> identity(Recording("485909730", 485909730)), identity(Recording("lab/cell-7.nwb"))
    ('485909730', 'cell-7')
    """
    return Path(recording.name).stem if recording.specimen_id is None else recording.name


def seed_of(recording: Recording, seed: int = 0) -> int:
    """Return the seed of a cell, the same in whatever batch, order and worker it is fitted.

    Examples
    --------
    >>> seed_of(Recording("485909730", 485909730)) == seed_of(Recording("a/485909730.nwb"))
    True
    """
    digest = hashlib.sha256(f"{seed} {identity(recording)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % N_SEEDS


def fitted(job: FitJob) -> CellFit:
    """Fit the levels of a cell.

    Raises
    ------
    AllenTKError
        Where the file cannot be read, or no level can be fitted.
    """
    sweeps = opened(job)
    asked = job.asked
    found = fitted_levels(
        sweeps,
        asked.levels,
        method=asked.method,
        seed=job.seed,
        max_evaluations=asked.max_evaluations,
        train=asked.train,
        test=asked.test,
        progress=False,
    )
    if not any(level in found.fits for level in asked.levels):
        raise FitError("; ".join(dict.fromkeys(map(str, found.errors.values()))))
    return told(
        sweeps,
        found,
        method=asked.method,
        source=job.path,
        train=asked.train,
        test=asked.test,
    )


def told(
    sweeps: SweepSet, found: LevelFits, *, method: str, source: str, train: str, test: str
) -> CellFit:
    """Return fitted levels, scored, as plain values."""
    metadata = sweeps.metadata
    about: Record = plain({name: metadata.get(name) for name in ("specimen_id", "dendrite_type")})
    rows = rows_of(sweeps, found, method=method, train=train, test=test)
    return CellFit(
        # As a table every row has every column.
        rows=records(pd.DataFrame(rows, dtype=object)),
        models=_models(found, found.levels),
        source=source,
        synthetic=bool(metadata.get("synthetic")),
        **about,
    )


def _models(found: LevelFits, levels: Sequence[int]) -> dict[int, GLIFParameters]:
    return {level: found.fits[level].model for level in levels if level in found.fits}
