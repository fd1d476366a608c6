"""The finished cells of a batch of fits, kept beside its table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from allentk.models import GLIFParameters
from allentk.workflow.fit_cell import Asked, CellFit
from allentk.workflow.fit_levels import COLUMNS
from allentk.workflow.journal import Lines, unchanged
from allentk.workflow.recordings import Recording, Stamp

__all__ = ["FitJournal"]

#: Key of a recording, and what was asked of it.
_Key: TypeAlias = "tuple[str, Asked]"


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A cell in the journal: the file it was fitted to, as it was then."""

    path: str
    stamp: Stamp
    cell: CellFit


class FitJournal:
    """The finished cells.

    Parameters
    ----------
    path : Path, optional
        The file; None keeps nothing.
    resume : bool
        Go on with what is there; else begin anew.

    Raises
    ------
    ConfigError
        Where it cannot be read or written.

    Notes
    -----
    A line counts as `allentk.workflow.journal.Lines` says, where the same was asked, and as long as the
    file it tells of has not changed.
    """

    __slots__ = ("_lines",)

    def __init__(self, path: Path | None, *, resume: bool = True) -> None:
        self._lines = Lines(path, _entry, resume=resume)

    def find(self, recording: Recording, asked: Asked) -> CellFit | None:
        """Return the cell where it is finished and its file is as it was."""
        entry = self._lines.entries.get((recording.key, asked))
        if entry is None or not unchanged(recording, entry.path, entry.stamp):
            return None
        return entry.cell

    def add(self, recording: Recording, asked: Asked, stamp: Stamp, cell: CellFit) -> None:
        """Write a finished cell to the disk."""
        self._lines.add(
            {
                "recording": recording.key,
                "asked": asdict(asked),
                "path": cell.source,
                "stamp": stamp,
                "specimen_id": cell.specimen_id,
                "dendrite_type": cell.dendrite_type,
                "synthetic": cell.synthetic,
                "rows": cell.rows,
                "models": {str(level): asdict(model) for level, model in cell.models.items()},
            }
        )


def _entry(document: dict[str, Any]) -> tuple[_Key, _Entry]:
    levels = tuple(int(level) for level in document["asked"]["levels"])
    asked = Asked(**{**document["asked"], "levels": levels})
    rows = [dict(row) for row in document["rows"]]
    if tuple(row["level"] for row in rows) != levels or not all(
        set(row) <= set(COLUMNS) for row in rows
    ):
        raise ValueError(f"expected rows of the levels {levels}")
    models = {int(level): GLIFParameters(**model) for level, model in document["models"].items()}
    size, changed_ns = map(int, document["stamp"])
    cell = CellFit(
        rows=rows,
        models=models,
        specimen_id=document["specimen_id"],
        dendrite_type=document["dendrite_type"],
        source=str(document["path"]),
        synthetic=bool(document["synthetic"]),
    )
    return (str(document["recording"]), asked), _Entry(cell.source, (size, changed_ns), cell)
