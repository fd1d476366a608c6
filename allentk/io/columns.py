"""Columns of the tables that readers return: unit and meaning, as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Column", "documented"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    kind : str
        What its values are: ``"id"``, ``"int"``, ``"float"``, ``"bool"``, ``"text"`` or ``"list"``.
    unit : str
        Its unit; empty where it has none.
    meaning : str
        What it says, in words.
    """

    kind: str
    unit: str
    meaning: str


def documented(lines: str) -> dict[str, Column]:
    """Return columns by name, written one per line: ``name | kind | unit | meaning``.

    Examples
    --------
    >>> documented("snr | float | | signal to noise ratio")["snr"].kind
    'float'
    """
    found = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, *rest = (part.strip() for part in line.split("|"))
        found[name] = Column(*rest)
    return found
