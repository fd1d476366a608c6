"""What the made pages and the tests read in docstrings and comments, without any package for it."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A parameter or a return value: names, type and what is said of it."""

    name: str
    kind: str
    said: str


def sections(value: Any) -> dict[str, str]:
    """Return the parts of a docstring by their underlined titles; what comes first under ""."""
    lines = (inspect.getdoc(value) or "").split("\n")
    parts: dict[str, list[str]] = {"": []}
    current = ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line and set(below) == {"-"} and len(below) >= 3:
            current = line
            parts[current] = []
        elif not (set(line) == {"-"} and current and not parts[current]):
            parts[current].append(line)
    return {title: "\n".join(text).strip() for title, text in parts.items()}


def entries(section: str) -> Iterator[Entry]:
    """Yield what a section of parameters or return values lists."""
    for block in re.split(r"\n(?=\S)", section.strip()):
        head, _, said = block.partition("\n")
        name, found, kind = head.partition(" : ")
        if head:
            yield Entry(*(name, kind) if found else ("", name), " ".join(said.split()))


def comment(room: str, name: str, value: Any) -> str:
    """Return the ``#:`` comment above a constant, wherever in allentk it is defined."""
    importlib.import_module(room)
    for key, module in sorted(sys.modules.items()):
        if not isinstance(module, ModuleType) or not key.startswith("allentk"):
            continue
        if vars(module).get(name) is value and (said := _above(module, name)):
            return said
    return ""


def _above(module: ModuleType, name: str) -> str:
    lines = inspect.getsource(module).split("\n")
    for at, line in enumerate(lines):
        if re.match(rf"{name}\b\s*(:[^=]+)?=[^=]", line):
            first = at
            while first and lines[first - 1].startswith("#:"):
                first -= 1
            return " ".join(one.removeprefix("#:").strip() for one in lines[first:at])
    return ""
