"""What a batch has finished, kept beside its output: one line per cell, written as it ends."""

from __future__ import annotations

import base64
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from allentk import __version__
from allentk.atomic import room, write_text
from allentk.features import CELL_COLUMNS
from allentk.features.definition import Definition
from allentk.workflow.feature_cell import Measured, Record
from allentk.workflow.recordings import Recording, Stamp, stamp_of

__all__ = ["Journal", "journal_of"]

log = logging.getLogger(__name__)

#: Key of a recording, and the definition.
_Key: TypeAlias = "tuple[str, str]"

_FLOAT = "<f8"


def journal_of(out: str | os.PathLike[str]) -> Path:
    """Return where the journal of a table lies.

    Examples
    --------
    >>> journal_of("features.csv").name
    'features.csv.journal.jsonl'
    """
    path = Path(out)
    return path.with_name(f"{path.name}.journal.jsonl")


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
    A line counts where it is whole and was written by this version of allentk, and as long as the file
    it tells of has not changed. A recording that was downloaded counts also where the cache no longer
    has it: published recordings do not change. A line is on the disk before the next cell is waited
    for, so that a crash costs the cells under way; the line it cut short is taken out by the next run.
    """

    __slots__ = ("_entries", "_path")

    def __init__(self, path: Path | None, *, resume: bool = True) -> None:
        self._path = path
        self._entries: dict[_Key, _Entry] = {}
        if path is None:
            return
        with room(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            text = path.read_bytes()
        lines: dict[_Key, bytes] = {}
        for line in text.splitlines() if resume else ():
            if (read := _read(line)) is not None:
                key, self._entries[key] = read
                lines[key] = line
        tidy = b"".join(line + b"\n" for line in lines.values())
        if tidy != text:
            write_text(path, tidy.decode())

    def find(
        self, recording: Recording, definition: Definition, parts: tuple[str, ...]
    ) -> Measured | None:
        """Return the cell where it is finished, with all of `parts`, and its file is as it was."""
        entry = self._entries.get((recording.key, definition))
        if entry is None or not entry.cell.parts.issuperset(parts):
            return None
        now = stamp_of(entry.path)
        if now is None and recording.specimen_id is not None:
            return entry.cell
        return entry.cell if now == entry.stamp else None

    def add(
        self, recording: Recording, definition: Definition, stamp: Stamp, cell: Measured
    ) -> None:
        """Write a finished cell to the disk."""
        if self._path is None:
            return
        document = {
            "recording": recording.key,
            "definition": definition,
            "allentk": __version__,
            "path": str(Path(cell.source).resolve()),
            "stamp": stamp,
            "synthetic": cell.synthetic,
            "row": cell.row,
            "sweep_errors": cell.sweep_errors,
            "quality": cell.quality,
            "vectors": None if cell.vectors is None else _packed(cell.vectors),
        }
        line = json.dumps(document, allow_nan=False, separators=(",", ":"))
        with room(self._path), self._path.open("ab") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _read(line: bytes) -> tuple[_Key, _Entry] | None:
    """Return an entry; None where the line is none of this version."""
    try:
        document = json.loads(line)
        if document["allentk"] != __version__:
            return None
        return _entry(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.info("a line of the journal is left out, its cell is measured again: %r", error)
        return None


def _entry(document: Record) -> tuple[_Key, _Entry]:
    row = document["row"]
    if set(row) != set(CELL_COLUMNS):
        raise ValueError(f"expected the {len(CELL_COLUMNS)} published columns, got {list(row)}")
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
