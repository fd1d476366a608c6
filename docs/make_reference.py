"""Write ``docs/reference/``: a page per room, with every public name, from the docstrings.

The build calls it; the pages are made anew every time and are not kept. python -m docs.make_reference
"""

from __future__ import annotations

import configparser
import importlib
import inspect
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from docs.docstrings import comment

FOLDER = Path(__file__).resolve().with_name("reference")
ROOT = FOLDER.parents[1]

#: Modules beside the packages that the documents send people to.
MODULES = (
    "allentk.benchmark.forward",
    "allentk.errors",
    "allentk.fitting.biophysical.measured_targets",
    "allentk.fitting.biophysical.targets",
    "allentk.fitting.biophysical.training",
    "allentk.fitting.biophysical.verdict",
    "allentk.fitting.optimizers",
    "allentk.fitting.scores",
    "allentk.network.experiments",
    "allentk.network.lgn_layer4",
    "allentk.network.lgn_v1",
    "allentk.network.sonata_check",
    "allentk.network.source_trains",
    "allentk.network.visual",
    "allentk.simulation.ranks",
)


def rooms() -> list[str]:
    """Return the packages and modules that have a page: all of setup.cfg but the command line."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    packages = [
        name
        for name in config["options"]["packages"].split()
        if name not in ("allentk.cassettes", "allentk.cli") and "._" not in name
    ]
    return sorted([*packages, *MODULES])


def public(room: str) -> dict[str, Any]:
    """Return the public names of a room and what they stand for."""
    module = importlib.import_module(room)
    return {name: getattr(module, name) for name in getattr(module, "__all__", ())}


def _is_documented(value: Any) -> bool:
    """Return whether a value has a docstring of its own, as functions and classes have."""
    own = inspect.isroutine(value) or inspect.isclass(value)
    return own and getattr(value, "__module__", "").startswith("allentk")


def homes() -> dict[int, str]:
    """Return where each function and class has its page: the highest room that offers it."""
    found: dict[int, str] = {}
    for room in sorted(rooms(), key=lambda name: (name == "allentk", name.count("."), name)):
        for name, value in public(room).items():
            if _is_documented(value):
                found.setdefault(id(value), f"{room}.{name}")
    return found


def constants(room: str) -> dict[str, str]:
    """Return the names of a room that are neither functions, classes nor modules, and what they are."""
    return {
        name: comment(room, name, value)
        for name, value in public(room).items()
        if not _is_documented(value) and not isinstance(value, ModuleType)
    }


def _title(text: str) -> list[str]:
    return [text, "=" * len(text), ""]


def page(room: str, home: dict[int, str]) -> str:
    """Return the page of a room as reStructuredText."""
    names = public(room)
    lines = [*_title(room), f".. automodule:: {room}", "   :no-members:"]
    # a function may have the name of the module it is in
    lines += ["   :no-index:", ""] if room in home.values() else [""]
    own = [n for n, v in names.items() if home.get(id(v)) == f"{room}.{n}"]
    if own:
        lines += [f".. currentmodule:: {room}", "", ".. autosummary::", "   :toctree: names", ""]
        lines += [*(f"   {name}" for name in own), ""]
    elsewhere = {n: v for n, v in names.items() if n not in own and _is_documented(v)}
    modules = {n: v for n, v in names.items() if isinstance(v, ModuleType)}
    if elsewhere or modules:
        lines += ["Told elsewhere:", ""]
        lines += [f"* :py:obj:`{n} <{home[id(v)]}>`" for n, v in elsewhere.items()]
        lines += [f"* :doc:`{n} <{v.__name__}>`, a module" for n, v in modules.items()]
        lines.append("")
    for name, said in constants(room).items():
        lines += [f".. py:data:: {name}", f"   :module: {room}", "", f"   {said}", ""]
    return "\n".join(lines)


def index(names: list[str]) -> str:
    """Return the first page of the reference."""
    lines = [
        *_title("Reference"),
        "Every public name, from the docstrings. ``allentk`` itself has the names of daily use; a room has",
        "what belongs to it.",
        "",
        ".. toctree::",
        "   :maxdepth: 1",
        "",
        *(f"   {name}" for name in names),
        "",
    ]
    return "\n".join(lines)


def write(folder: Path = FOLDER) -> list[Path]:
    """Write all pages; those of names that are gone go."""
    names, home = rooms(), homes()
    pages = {"index.rst": index(names), **{f"{room}.rst": page(room, home) for room in names}}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


if __name__ == "__main__":
    print(f"{len(write())} pages in {FOLDER}")
