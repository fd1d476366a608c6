"""JSON documents and their fields, checked: what is missing or of another kind is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allentk.errors import FormatError
from allentk.io.files import existing

__all__ = ["field", "load_json", "number", "numbers", "section"]


def load_json(path: Path, what: str) -> Any:
    """Return what a JSON file holds.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What was expected, such as ``"a fit"``; used in messages.

    Raises
    ------
    FormatError
        Where there is no such file, or it is none.
    """
    file = existing(path, what)
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        # Not JSON, not UTF-8, a number of thousands of digits, or brackets in brackets without end.
        raise FormatError(
            f"{path}: expected {what}, but this is not JSON ({error}); fetch it again"
        ) from error


def field(config: Mapping[str, Any], *path: str, where: str) -> Any:
    """Return a field by its path; a FormatError names it where it is missing."""
    node: Any = config
    for name in path:
        if not isinstance(node, Mapping) or node.get(name) is None:
            raise FormatError(
                f"{where}: the field {'.'.join(path)!r} is missing; is the file whole?"
            )
        node = node[name]
    return node


def _as_number(value: Any, name: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatError(f"{where}: {name!r} must be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError as error:
        raise FormatError(f"{where}: {name!r} is too large for a number") from error


def number(config: Mapping[str, Any], *path: str, where: str) -> float:
    """Return a field that must be a number."""
    return _as_number(field(config, *path, where=where), ".".join(path), where)


def numbers(config: Mapping[str, Any], *path: str, where: str) -> tuple[float, ...]:
    """Return a field that must be a number or a list of numbers."""
    value = field(config, *path, where=where)
    several = value if isinstance(value, list | tuple) else [value]
    return tuple(_as_number(x, ".".join(path), where) for x in several)


def section(config: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    """Return an object that may be missing; a FormatError names it where it is something else."""
    found = config.get(name, {})
    if not isinstance(found, Mapping):
        raise FormatError(f"{where}: {name!r} must be an object, got {found!r}")
    return found
