"""What a batch has finished, kept beside its output: one line per cell, written as it ends."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from allentk import __version__
from allentk.atomic import room, write_text
from allentk.workflow.recordings import Recording, Stamp, stamp_of

__all__ = ["Journal", "journal_of"]

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


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
class _Entry(Generic[V]):
    """What was found in a file, and the file as it was then."""

    path: str
    stamp: Stamp
    cell: V

    def holds(self, recording: Recording) -> bool:
        """Whether the file is as it was.

        One that was downloaded is also where the cache no longer has it: published recordings do not
        change.
        """
        now = stamp_of(self.path)
        return recording.specimen_id is not None if now is None else now == self.stamp


class Journal(Generic[K, V]):
    """The finished cells of a batch.

    Parameters
    ----------
    path : Path, optional
        The file; None keeps nothing.
    write : callable
        Makes a document in JSON's own types of what was asked of a cell and what was found.
    read : callable
        Makes the two of a document again; raises ValueError, KeyError, TypeError or AttributeError on one
        that does not count.
    resume : bool
        Go on with what is there; else begin anew.

    Raises
    ------
    ConfigError
        Where it cannot be read or written.

    Notes
    -----
    A line counts where it is whole and was written by this version of allentk, where the same was asked,
    and as long as the file that it tells of has not changed. It is on the disk before the next cell is
    waited for, so that a crash costs the cells under way; the line it cut short is taken out by the next
    run. Of several lines for one key the last counts.
    """

    __slots__ = ("_entries", "_path", "_read", "_write")

    def __init__(
        self,
        path: Path | None,
        write: Callable[[K, V], Mapping[str, Any]],
        read: Callable[[Any], tuple[K, V]],
        *,
        resume: bool = True,
    ) -> None:
        self._path, self._write, self._read = path, write, read
        self._entries: dict[tuple[str, K], _Entry[V]] = {}
        if path is None:
            return
        with room(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            text = path.read_bytes()
        lines: dict[tuple[str, K], bytes] = {}
        n_left_out = 0
        for line in text.splitlines() if resume else ():
            if (found := self._entry(line)) is None:
                n_left_out += 1
            else:
                key, self._entries[key] = found
                lines[key] = line
        if n_left_out:
            log.warning(
                "%s: %d finished items are done again: their lines are of another version of allentk "
                "or damaged",
                path,
                n_left_out,
            )
        tidy = b"".join(line + b"\n" for line in lines.values())
        if tidy != text:
            write_text(path, tidy.decode())

    def find(self, recording: Recording, asked: K) -> V | None:
        """Return what was found where that was asked and the file is as it was."""
        entry = self._entries.get((recording.key, asked))
        return entry.cell if entry is not None and entry.holds(recording) else None

    def add(self, recording: Recording, asked: K, file: Path, stamp: Stamp, cell: V) -> None:
        """Write a finished cell to the disk, with the version that finished it."""
        if self._path is None:
            return
        document = {
            "allentk": __version__,
            "recording": recording.key,
            "path": str(file.resolve()),
            "stamp": stamp,
            **self._write(asked, cell),
        }
        line = json.dumps(document, allow_nan=False, separators=(",", ":"))
        with room(self._path), self._path.open("ab") as lines:
            lines.write(line.encode() + b"\n")
            lines.flush()
            os.fsync(lines.fileno())

    def _entry(self, line: bytes) -> tuple[tuple[str, K], _Entry[V]] | None:
        """Return an entry and its key; None where the line is none of this version."""
        try:
            document = json.loads(line)
            if document["allentk"] != __version__:
                return None
            asked, cell = self._read(document)
            size, changed_ns = map(int, document["stamp"])
            key = (str(document["recording"]), asked)
            hash(key)  # damage may leave a list where a number was
            entry = _Entry(str(document["path"]), (size, changed_ns), cell)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.info("a line of the journal is left out, its item is done again: %r", error)
            return None
        return key, entry
