"""A fitted cell as a line of the journal, and back."""

from __future__ import annotations

from dataclasses import asdict

from allentk.models import GLIFParameters
from allentk.workflow.fit_cell import Asked, CellFit
from allentk.workflow.fit_levels import COLUMNS
from allentk.workflow.table_files import Record

__all__ = ["read", "written"]


def written(asked: Asked, cell: CellFit) -> Record:
    """Return a cell, and what was asked of it, in JSON's own types."""
    return {
        "asked": asdict(asked),
        "source": cell.source,
        "specimen_id": cell.specimen_id,
        "dendrite_type": cell.dendrite_type,
        "synthetic": cell.synthetic,
        "rows": cell.rows,
        "models": {str(level): asdict(model) for level, model in cell.models.items()},
    }


def read(document: Record) -> tuple[Asked, CellFit]:
    """Return what was asked of a cell, and the cell.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        On a document that is none of `written`.
    """
    levels = tuple(int(level) for level in document["asked"]["levels"])
    rows = [dict(row) for row in document["rows"]]
    if tuple(row["level"] for row in rows) != levels or not all(
        set(row) <= set(COLUMNS) for row in rows
    ):
        raise ValueError(f"expected rows of the levels {levels}")
    models = document["models"].items()
    return Asked(**{**document["asked"], "levels": levels}), CellFit(
        rows=rows,
        models={int(level): GLIFParameters(**model) for level, model in models},
        specimen_id=document["specimen_id"],
        dendrite_type=document["dendrite_type"],
        source=str(document["source"]),
        synthetic=bool(document["synthetic"]),
    )
