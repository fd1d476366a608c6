"""Pages of results read back: machine, versions and tables.

A page is Markdown: bullets say on what machine and with what versions, tables have a line of columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Page", "PageError", "Table", "number", "read_page"]

_NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?", re.IGNORECASE)
_RULE = re.compile(r"\|[\s:|-]+\|")
#: `- allentk: Python 3.11.7, numpy 2.4.6`, with or without the name before.
_VERSIONS = re.compile(r"(?:- |; |^)(?:([\w ,.'-]+?): )?(Python \d[^;]*)")
_MACHINE = re.compile(r"- (?:machine|processor): ([^;,]+)")


class PageError(Exception):
    """A page does not hold what its reader looks for."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table under the last heading before it, a row being a dict by column."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page of results says of itself, and its tables in order."""

    name: str
    title: str
    text: str
    machine: str
    versions: str
    tables: tuple[Table, ...]

    def having(self, *columns: str) -> list[Table]:
        """Return the tables that have all of these columns."""
        return [table for table in self.tables if set(columns) <= set(table.columns)]

    def one(self, *columns: str) -> Table:
        """Return the first table that has all of these columns.

        Raises
        ------
        PageError
            If there is none.
        """
        for table in self.having(*columns):
            return table
        raise PageError(f"{self.name}.md has no table with the columns {', '.join(columns)}")


def number(cell: str) -> float:
    """Return the first number of a cell; NaN where it has none.

    Examples
    --------
    >>> number("14,253,135"), number("66 (118)"), number(">= 2.5 x")
    (14253135.0, 66.0, 2.5)
    """
    found = _NUMBER.search(cell)
    return float(found[0].replace(",", "")) if found else float("nan")


def read_page(path: Path) -> Page:
    """Read a page of results."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    machine = next((m[1].strip() for line in lines if (m := _MACHINE.match(line))), "")
    return Page(path.stem, lines[0].lstrip("# "), text, machine, _versions(lines), _tables(lines))


def _versions(lines: list[str]) -> str:
    found = []
    for line in lines:
        if line.startswith("|"):
            continue
        for who, what in _VERSIONS.findall(line):
            name = who.removesuffix(", in its own environment")
            name = name.removesuffix(", in their own environment") or "allentk"
            found.append(f"{name}: {what.rstrip(' .')}")
    return "; ".join(found)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _apart(columns: list[str]) -> list[str]:
    """Return the columns with a number after a name that came before."""
    names: list[str] = []
    for name in columns:
        again = columns[: len(names)].count(name)
        names.append(f"{name} ({again + 1})" if again else name)
    return names


def _tables(lines: list[str]) -> tuple[Table, ...]:
    """Return the tables: a line of columns, a rule, and lines with bars."""
    tables, heading, at = [], "", 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not (line.startswith("|") and at < len(lines) and _RULE.fullmatch(lines[at].strip())):
            continue
        columns, rows = _apart(_cells(line)), []
        at += 1
        while at < len(lines) and lines[at].startswith("|"):
            rows.append(dict(zip(columns, _cells(lines[at]), strict=False)))
            at += 1
        tables.append(Table(heading, tuple(columns), tuple(rows)))
    return tuple(tables)
