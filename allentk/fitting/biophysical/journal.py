"""The history of a search as JSON lines: what was told to every optimizer, so that it can go on.

The first line says what was searched; every other line is a generation with the cost of each
candidate. Candidates are not written: optimizers draw the same ones again, which a check sum holds.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from allentk.atomic import room
from allentk.errors import ConfigError, FormatError

__all__ = ["Generation", "Journal", "check_sum"]

Array = NDArray[np.float64]

FORMAT = "allentk biophysical search 1"


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a search.

    Parameters
    ----------
    restart : int
        Which optimizer: 0 drew the first points.
    evaluations : int
        Candidates so far, with those of this generation.
    seconds : float
        Time spent so far.
    costs : list of float
        Cost of every candidate.
    check : str
        `check_sum` of the candidates.
    best_cost : float
        Lowest cost so far.
    """

    restart: int
    evaluations: int
    seconds: float
    costs: list[float]
    check: str
    best_cost: float


def check_sum(candidates: Sequence[Array]) -> str:
    """Return 8 hexadecimal digits that stand for the candidates, to the last bit.

    Examples
    --------
    >>> check_sum([np.zeros(2)]) == check_sum([np.zeros(2)])
    True
    """
    return hashlib.sha256(np.asarray(candidates, dtype="<f8").tobytes()).hexdigest()[:8]


class Journal:
    """A file that a search writes a line to after every generation; without a path it writes nothing.

    Parameters
    ----------
    path : path, optional
        The file; one that is there is read and gone on with.
    about : mapping
        What is searched, as plain JSON types.

    Raises
    ------
    ConfigError
        Where the file belongs to another search; says what differs.
    FormatError
        Where it is no history, or damaged before its last line.
    """

    def __init__(self, path: str | os.PathLike[str] | None, about: Mapping[str, Any]) -> None:
        self._path = None if path is None else Path(path)
        self._about: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **about}))
        self._file: Any = None
        self.kept: list[Generation] = []

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        lines = self._read() if self._path.exists() else []
        if lines:
            self._check(lines[0])
            self.kept = list(self._generations(lines[1:]))
        with room(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            size = sum(len(line) for line in lines)
            self._file = self._path.open("r+b" if lines else "wb")
            # What a killed process left half written goes.
            self._file.truncate(size)
            self._file.seek(size)
            if not lines:
                self._write(self._about)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, generation: Generation) -> None:
        """Write a generation."""
        if self._path is not None:
            with room(self._path):
                self._write(asdict(generation))

    def _write(self, plain: Mapping[str, Any]) -> None:
        self._file.write(_line(plain))
        self._file.flush()

    def _check(self, line: bytes) -> None:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{self._path}: no history of a search ({error})") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise FormatError(
                f"{self._path}: no history of a search: expected a first line with {FORMAT!r}"
            )
        names = sorted({*found, *self._about})
        other = [name for name in names if found.get(name) != self._about.get(name)]
        if other:
            told = "; ".join(
                f"{name}: {found.get(name)!r} there, {self._about.get(name)!r} now"
                for name in other
            )
            raise ConfigError(
                f"{self._path} is the history of another search ({told}); name another file, or "
                f"remove it to begin anew"
            )

    def _read(self) -> list[bytes]:
        """Return the lines that were written to their end."""
        assert self._path is not None
        lines = self._path.read_bytes().splitlines(keepends=True)
        whole = lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]
        # A first line without an end is one that a killed process began, or somebody else's file.
        if lines and not whole and not _line(self._about).startswith(lines[0]):
            raise FormatError(
                f"{self._path}: no history of a search, and not written over; name another file"
            )
        return whole

    def _generations(self, lines: Sequence[bytes]) -> Iterator[Generation]:
        evaluations = 0
        for number, line in enumerate(lines, 2):
            try:
                found = Generation(**json.loads(line))
                _sound(found, evaluations)
            except (ValueError, TypeError, RecursionError) as error:
                raise FormatError(
                    f"{self._path}, line {number}: no generation of a search ({error}); the file is "
                    f"damaged, remove it to begin anew"
                ) from error
            evaluations = found.evaluations
            yield found


def _line(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain).encode() + b"\n"


def _sound(found: Generation, before: int) -> None:
    """Refuse numbers that no search writes, so many evaluations after the generation before.

    Raises
    ------
    ValueError
        Says what is wrong.
    """
    if not isinstance(found.costs, list) or not found.costs:
        raise ValueError(f"costs must be a list of numbers, got {found.costs!r}")
    for value in (*found.costs, found.seconds, found.best_cost):
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise ValueError(f"expected finite numbers, got {value!r}")
    if found.evaluations != before + len(found.costs):
        raise ValueError(
            f"{len(found.costs)} costs after {before} evaluations, but {found.evaluations!r} in all"
        )
