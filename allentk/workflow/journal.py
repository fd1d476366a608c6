"""What a batch has finished, kept beside its output: one line per item, written as it ends."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from allentk import __version__
from allentk.atomic import room, write_text
from allentk.workflow.recordings import Recording, Stamp, stamp_of

__all__ = ["Lines", "journal_of", "unchanged"]

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
E = TypeVar("E")


def journal_of(out: str | os.PathLike[str]) -> Path:
    """Return where the journal of a table lies.

    Examples
    --------
    >>> journal_of("features.csv").name
    'features.csv.journal.jsonl'
    """
    path = Path(out)
    return path.with_name(f"{path.name}.journal.jsonl")


def unchanged(recording: Recording, path: str, stamp: Stamp) -> bool:
    """Whether the file that a recording was read from is as it was.

    One that was downloaded is also where the cache no longer has it: published recordings do not change.
    """
    now = stamp_of(path)
    return recording.specimen_id is not None if now is None else now == stamp


class Lines(Generic[K, E]):
    """The lines of a journal, by key; the last of a key counts.

    Parameters
    ----------
    path : Path, optional
        The file; None keeps nothing.
    read : callable
        Makes key and entry of a document; raises ValueError, KeyError, TypeError or AttributeError on
        one that does not count.
    resume : bool
        Go on with what is there; else begin anew.

    Attributes
    ----------
    entries : dict
        What was there, by key.

    Raises
    ------
    ConfigError
        Where it cannot be read or written.

    Notes
    -----
    A line counts where it is whole and was written by this version of allentk. It is on the disk before
    the next item is waited for, so that a crash costs the items under way; the line it cut short is
    taken out by the next run.
    """

    __slots__ = ("_path", "entries")

    def __init__(
        self, path: Path | None, read: Callable[[Any], tuple[K, E]], *, resume: bool = True
    ) -> None:
        self._path = path
        self.entries: dict[K, E] = {}
        if path is None:
            return
        with room(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            text = path.read_bytes()
        lines: dict[K, bytes] = {}
        n_left_out = 0
        for line in text.splitlines() if resume else ():
            if (entry := _read(line, read)) is None:
                n_left_out += 1
            else:
                key, self.entries[key] = entry
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

    def add(self, document: Mapping[str, Any]) -> None:
        """Write what is finished to the disk, with the version that finished it."""
        if self._path is None:
            return
        line = json.dumps(
            {"allentk": __version__, **document}, allow_nan=False, separators=(",", ":")
        )
        with room(self._path), self._path.open("ab") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _read(line: bytes, read: Callable[[Any], tuple[K, E]]) -> tuple[K, E] | None:
    """Return an entry; None where the line is none of this version."""
    try:
        document = json.loads(line)
        return read(document) if document["allentk"] == __version__ else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.info("a line of the journal is left out, its item is done again: %r", error)
        return None
