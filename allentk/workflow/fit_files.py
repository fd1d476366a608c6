"""Fits in files: a folder per cell, and one table of all."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from allentk.atomic import room, write_text
from allentk.io import write_glif
from allentk.workflow.fit_cell import CellFit, identity
from allentk.workflow.fit_tables import model_file, rows_with_files, score_table
from allentk.workflow.recordings import Recording
from allentk.workflow.table_files import Record, document_of, write_csv, write_if_any

if TYPE_CHECKING:
    from allentk.workflow.fit_batch import FitBatch

__all__ = ["batch_document", "cell_document", "folder_names", "write_batch", "write_cell"]


def folder_names(recordings: Sequence[Recording]) -> list[str]:
    """Return what each cell's folder is called: as the cell, files of one name told apart.

    Examples
    --------
    >>> folder_names([Recording("7", 7), Recording("a/cell.nwb"), Recording("b.nwb")])
    ['7', 'cell', 'b']
    """
    plain = [identity(each) for each in recordings]
    taken = Counter(name.casefold() for name in plain)
    return [
        name if taken[name.casefold()] == 1 else f"{name}-{_mark(each)}"
        for name, each in zip(plain, recordings, strict=True)
    ]


def _mark(recording: Recording) -> str:
    return hashlib.sha256(recording.key.encode()).hexdigest()[:8]


def cell_document(fit: CellFit) -> Record:
    """Return what ``scores.json`` holds of a cell, in JSON's own types."""
    chosen = [row["level"] for row in fit.rows if row["chosen"]]
    return {
        "specimen_id": fit.specimen_id,
        "dendrite_type": fit.dendrite_type,
        "source": fit.source,
        "synthetic": fit.synthetic,
        "chosen": chosen[0] if chosen else None,
        "levels": rows_with_files(fit),
    }


def write_cell(fit: CellFit, folder: Path) -> tuple[Path, ...]:
    """Write the models of a cell, ``scores.csv`` and ``scores.json``, and return the files.

    What an earlier fit left of a level that now has no model is removed.
    """
    for row in fit.rows:
        if row["level"] not in fit.models:
            stale = folder / model_file("", row["level"])
            with room(stale):
                stale.unlink(missing_ok=True)
    models = [
        write_glif(model, folder / model_file("", level)) for level, model in fit.models.items()
    ]
    text = json.dumps(cell_document(fit), indent=2, ensure_ascii=False, allow_nan=False)
    table = score_table(fit).assign(synthetic=fit.synthetic)
    return (
        *models,
        write_csv(table, folder / "scores.csv"),
        write_text(folder / "scores.json", text + "\n"),
    )


def batch_document(batch: FitBatch) -> Record:
    """Return a batch in JSON's own types, what it was made by first."""
    return document_of(batch.metadata, fits=batch.fits, errors=batch.errors)


def write_batch(batch: FitBatch, folder: Path) -> tuple[Path, ...]:
    """Write ``fits.csv``, and ``fits_errors.csv`` where a cell failed; return the files."""
    written = write_csv(batch.fits, folder / "fits.csv")
    return written, *write_if_any(batch.errors, folder / "fits_errors.csv")
