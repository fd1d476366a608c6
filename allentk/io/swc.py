"""SWC: one node per line, ``id type x y z radius parent``, lengths in um.

Comments begin with ``#``; blank lines, tabs and repeated blanks are fine. The parent of the root is
-1 (any negative number is read as such).

References
----------
Cannon et al. 1998, "An on-line archive of reconstructed hippocampal neurons", J. Neurosci. Methods
84:49-54.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allentk.atomic import write_text
from allentk.data import Morphology
from allentk.errors import DataError, FormatError
from allentk.io.files import existing

__all__ = ["read_swc", "write_swc"]

_COLUMNS = ("id", "type", "x", "y", "z", "radius", "parent")
_INTEGERS = (0, 1, 6)
_LARGEST = 2**53 - 1
#: A comment above the nodes with this word says that nobody traced a cell.
_SYNTHETIC = "SYNTHETIC"


def read_swc(path: str | os.PathLike[str]) -> Morphology:
    r"""Read a reconstruction.

    Parameters
    ----------
    path : path
        An SWC file.

    Returns
    -------
    Morphology
        Nodes in the order of the file where parents stand before their children, and otherwise
        sorted so that they do; `line` remembers where each was.

    Raises
    ------
    FormatError
        Names the line: a wrong number of columns, something that is no number, an id that is too
        large or occurs twice, a parent that is not there, a second root, a loop, or a radius that
        is not positive; and a file without nodes or without a soma.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "cell.swc"
    ...     _ = file.write_text("1 1 0 0 0 5 -1\n2 3 0 10 0 1 1\n")
    ...     read_swc(file).total_length_um
    10.0
    """
    found = existing(path, "an SWC file")
    try:
        written = found.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise FormatError(f"{found}: cannot be read: {error}") from error
    # Reading has made every line end a \n; splitlines() would also split inside a comment.
    lines = written.removesuffix("\n").split("\n")
    rows, numbers = _parse(lines, str(found))
    ids = rows[:, 0].astype(np.int64)
    parent = _positions(ids, rows[:, 6].astype(np.int64), numbers, str(found))
    order = _parents_first(parent, numbers, str(found))
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    sorted_parent = parent[order]
    try:
        return Morphology(
            id=ids[order],
            type=rows[order, 1].astype(np.int64),
            xyz_um=rows[order, 2:5],
            radius_um=rows[order, 5],
            parent=np.where(sorted_parent >= 0, place[sorted_parent], -1),
            line=numbers[order],
            source=str(found),
            synthetic=any(_SYNTHETIC in line for line in lines[: numbers[0] - 1]),
        )
    except DataError as error:
        raise FormatError(f"{error}. Mend the file, or take another reconstruction") from error


def _parse(lines: list[str], where: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the numbers, shape ``(n_nodes, 7)``, and the line each came from."""
    rows: list[list[float]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, start=1):
        words = line.split("#", 1)[0].split()
        if words:
            rows.append(_row(words, line, f"{where}, line {number}"))
            numbers.append(number)
    if not rows:
        raise FormatError(f"{where}: no node in {len(lines)} lines; is this an SWC file?")
    return np.array(rows, dtype=float), np.array(numbers, dtype=np.int64)


def _row(words: list[str], line: str, where: str) -> list[float]:
    if len(words) != len(_COLUMNS):
        raise FormatError(
            f"{where}: expected 7 columns ({' '.join(_COLUMNS)}), separated by blanks or tabs, got "
            f"{len(words)}: {line.strip()[:60]!r}"
        )
    row: list[float] = []
    for position, word in enumerate(words):
        try:
            value = float(word)
        except ValueError as error:
            raise FormatError(
                f"{where}: the {_COLUMNS[position]} must be a number, got {word!r}"
            ) from error
        if position in _INTEGERS and not value.is_integer():
            raise FormatError(
                f"{where}: the {_COLUMNS[position]} must be a whole number, got {word!r}"
            )
        if position in _INTEGERS and abs(value) > _LARGEST:
            raise FormatError(
                f"{where}: the {_COLUMNS[position]} must lie within 2**53, beyond which numbers are "
                f"not exact, got {word!r}; number the nodes anew"
            )
        row.append(value)
    return row


def _positions(
    ids: NDArray[np.int64], parents: NDArray[np.int64], lines: NDArray[np.int64], where: str
) -> NDArray[np.int64]:
    """Return the position of every node's parent, -1 for a root."""
    place: dict[int, int] = {}
    for position, node in enumerate(ids.tolist()):
        if node in place:
            raise FormatError(
                f"{where}, line {lines[position]}: the id {node} occurs twice, first in line "
                f"{lines[place[node]]}; every node needs an id of its own"
            )
        place[node] = position
    found = np.full(ids.size, -1, dtype=np.int64)
    for position, node in enumerate(parents.tolist()):
        if node < 0:
            continue
        if node not in place:
            raise FormatError(
                f"{where}, line {lines[position]}: the parent {node} of node {ids[position]} is "
                f"not in the file; give it, or make this node a root (-1)"
            )
        found[position] = place[node]
    return found


def _parents_first(
    parent: NDArray[np.int64], lines: NDArray[np.int64], where: str
) -> NDArray[np.int64]:
    """Return an order of the nodes in which a parent stands before its children."""
    if (parent < np.arange(parent.size)).all():
        return np.arange(parent.size)
    children: list[list[int]] = [[] for _ in range(parent.size)]
    for node, above in enumerate(parent.tolist()):
        if above >= 0:
            children[above].append(node)
    order: list[int] = []
    stack = np.flatnonzero(parent < 0)[::-1].tolist()
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(reversed(children[node]))
    if len(order) < parent.size:
        lost = sorted(set(range(parent.size)) - set(order))
        raise FormatError(
            f"{where}, line {lines[lost[0]]}: this node's chain of parents never reaches a root "
            f"(a loop); {len(lost)} nodes hang on it. Make one of them a root (-1) or mend its parent"
        )
    return np.array(order, dtype=np.int64)


def write_swc(morphology: Morphology, path: str | os.PathLike[str]) -> Path:
    """Write a reconstruction as SWC; the file appears whole or not at all.

    Parameters
    ----------
    morphology : Morphology
        What to write; ids are kept, and every number reads back as it is.
    path : path
        Where to; folders are made.

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> cell = Morphology([1, 2], [1, 3], [[0, 0, 0], [0, 10, 0]], [5, 1], [-1, 0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_swc(write_swc(cell, Path(folder) / "cell.swc")).n_nodes
    2
    """
    lines = [f"# {_SYNTHETIC}: no cell was traced"] if morphology.synthetic else []
    lines += ["# id type x_um y_um z_um radius_um parent"]
    for row in morphology.to_dataframe().itertuples(index=False):
        # The shortest decimal that reads back as the same number.
        numbers = " ".join(repr(float(value)) for value in row[2:6])
        lines.append(f"{row[0]} {row[1]} {numbers} {row[6]}")
    return write_text(path, "\n".join(lines) + "\n")
