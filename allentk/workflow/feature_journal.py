"""What a batch has finished, kept beside its output: one line per cell, written as it ends."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from allentk.features.definition import Definition
from allentk.workflow.feature_cell import ROW_COLUMNS, Measured, Record
from allentk.workflow.journal import Lines, journal_of, unchanged
from allentk.workflow.recordings import Recording, Stamp

__all__ = ["Journal", "journal_of"]

#: Key of a recording, and the definition.
_Key: TypeAlias = "tuple[str, str]"

_FLOAT = "<f8"


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A cell in the journal: the file it was measured from, as it was then."""

    path: str
    stamp: Stamp
    cell: Measured


class Journal:
    """The finished cells of a table.

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
    A line counts as `allentk.workflow.journal.Lines` says, and as long as the file it tells of has not
    changed.
    """

    __slots__ = ("_lines",)

    def __init__(self, path: Path | None, *, resume: bool = True) -> None:
        self._lines = Lines(path, _entry, resume=resume)

    def find(
        self, recording: Recording, definition: Definition, parts: tuple[str, ...]
    ) -> Measured | None:
        """Return the cell where it is finished, with all of `parts`, and its file is as it was."""
        entry = self._lines.entries.get((recording.key, definition))
        if entry is None or not entry.cell.parts.issuperset(parts):
            return None
        return entry.cell if unchanged(recording, entry.path, entry.stamp) else None

    def add(
        self, recording: Recording, definition: Definition, stamp: Stamp, cell: Measured
    ) -> None:
        """Write a finished cell to the disk."""
        self._lines.add(
            {
                "recording": recording.key,
                "definition": definition,
                "path": str(Path(cell.source).resolve()),
                "stamp": stamp,
                "synthetic": cell.synthetic,
                "row": cell.row,
                "sweep_errors": cell.sweep_errors,
                "quality": cell.quality,
                "vectors": None if cell.vectors is None else _packed(cell.vectors),
            }
        )


def _entry(document: Record) -> tuple[_Key, _Entry]:
    row = document["row"]
    if set(row) != set(ROW_COLUMNS):
        raise ValueError(f"expected the {len(ROW_COLUMNS)} columns of a cell, got {list(row)}")
    size, changed_ns = map(int, document["stamp"])
    vectors, quality = document["vectors"], document["quality"]
    cell = Measured(
        row=row,
        sweep_errors=[
            {"number": int(each["number"]), "error": str(each["error"])}
            for each in document["sweep_errors"]
        ],
        source=str(document["path"]),
        synthetic=bool(document["synthetic"]),
        quality=None if quality is None else [dict(each) for each in quality],
        vectors=None if vectors is None else _unpacked(vectors),
    )
    key = (str(document["recording"]), str(document["definition"]))
    return key, _Entry(str(document["path"]), (size, changed_ns), cell)


def _packed(vectors: dict[str, NDArray[np.float64]]) -> dict[str, str]:
    return {
        name: base64.b64encode(vector.astype(_FLOAT).tobytes()).decode()
        for name, vector in vectors.items()
    }


def _unpacked(packed: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    return {
        str(name): np.frombuffer(base64.b64decode(text, validate=True), _FLOAT).astype(np.float64)
        for name, text in packed.items()
    }
