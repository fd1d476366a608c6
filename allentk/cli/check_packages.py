"""What is installed: allentk, Python, the packages that allentk names."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from allentk.cli.finding import Finding

__all__ = ["Requirement", "packages", "programs", "requirements"]

#: Extras for people who work on allentk, not with it.
DEVELOPMENT = ("docs", "test")

_NAME = re.compile(r"([A-Za-z0-9._-]+)")
_LOWEST = re.compile(r">=\s*([0-9][0-9.]*)")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)""")
_MIN_PYTHON = (3, 11)
# NEURON has no wheels for Windows, and is not asked for there.
_NOT_ON_WINDOWS = re.compile(r"""platform_system\s*!=\s*['"]Windows""")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that allentk names.

    Parameters
    ----------
    name : str
        Its name in the registry.
    lowest : str
        The oldest version that will do; empty for any.
    extra : str
        The extra that asks for it; empty where allentk cannot do without.
    """

    name: str
    lowest: str = ""
    extra: str = ""


def programs() -> Iterator[Finding]:
    """Look at allentk and Python themselves."""
    yield Finding("allentk", "ok", metadata.version("allentk"))
    old = sys.version_info < _MIN_PYTHON
    yield Finding(
        "python",
        "problem" if old else "ok",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "install Python 3.11 or newer" if old else "",
    )


def packages() -> Iterator[Finding]:
    """Look at every package that allentk names for those who work with it."""
    for one in requirements():
        if one.extra in DEVELOPMENT:
            continue
        try:
            yield _present(one, metadata.version(one.name))
        except metadata.PackageNotFoundError:
            yield _absent(one)


def _present(one: Requirement, version: str) -> Finding:
    if not one.lowest or _release(version) >= _release(one.lowest):
        return Finding(one.name, "ok", version)
    return Finding(
        one.name,
        "note" if one.extra else "problem",
        f"{version}, older than {one.lowest}",
        f'pip install --upgrade "{one.name}>={one.lowest}"',
    )


def _absent(one: Requirement) -> Finding:
    if one.extra:
        return Finding(
            one.name,
            "note",
            "not installed; optional",
            f'pip install "allentk[{one.extra}]" if you want it',
        )
    return Finding(one.name, "problem", "not installed", f"pip install {one.name}")


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, without zeros at the end."""
    begin = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in begin[0].split(".")] if begin else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def requirements() -> list[Requirement]:
    """Return the packages that allentk names on this system."""
    found = []
    for line in metadata.requires("allentk") or []:
        if platform.system() == "Windows" and _NOT_ON_WINDOWS.search(line):
            continue
        name, lowest, extra = _NAME.match(line), _LOWEST.search(line), _EXTRA.search(line)
        if name is not None:
            found.append(
                Requirement(name[1], lowest[1] if lowest else "", extra[1] if extra else "")
            )
    return found
