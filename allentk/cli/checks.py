"""What ``allentk doctor`` looks at."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import ClassVar, Literal
from urllib import error, request
from urllib.parse import urlsplit

from allentk.config import Settings, config_path, settings

__all__ = ["Finding", "check_all"]

#: Extras for people who work on allentk, not with it.
DEVELOPMENT = ("docs", "test")

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)""")
_SERVICE = "https://api.brain-map.org/api/v2/data/query.json?q=model::Species%5Bname$eq%27Mus%27%5D"
_TIMEOUT_S = 4.0
_ROOM_GB = 2.0
_MIN_PYTHON = (3, 11)
# NEURON has no wheels for Windows, and is not asked for there.
_NOT_ON_WINDOWS = re.compile(r"""platform_system\s*!=\s*['"]Windows""")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    what : str
        The thing.
    status : {"ok", "note", "problem"}
        Fine, worth knowing, or to be mended.
    found : str
        What was found.
    advice : str
        What to do; empty where there is nothing to do.
    """

    what: str
    status: Literal["ok", "note", "problem"]
    found: str
    advice: str = ""

    COLUMNS: ClassVar[tuple[str, ...]] = ("what", "status", "found", "advice")

    def row(self) -> tuple[str, str, str, str]:
        """Return the finding as a row of `COLUMNS`."""
        return self.what, self.status, self.found, self.advice


def check_all(*, cache_dir: Path | None = None, offline: bool | None = None) -> list[Finding]:
    """Look at everything.

    Raises
    ------
    ConfigError
        Where a setting makes no sense; names it.
    """
    used = settings(cache_dir=cache_dir, offline=offline)
    return [
        *_programs(),
        *_packages(),
        _engine(),
        _mechanisms(),
        *_folders(used),
        *_other_places(used),
        _service(used.offline),
    ]


def _programs() -> Iterator[Finding]:
    yield Finding("allentk", "ok", metadata.version("allentk"))
    old = sys.version_info < _MIN_PYTHON
    yield Finding(
        "python",
        "problem" if old else "ok",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "install Python 3.11 or newer" if old else "",
    )


def _packages() -> Iterator[Finding]:
    for name, extra in requirements():
        if extra in DEVELOPMENT:
            continue
        try:
            yield Finding(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield _absent(name, extra)


def _absent(name: str, extra: str) -> Finding:
    if extra:
        return Finding(
            name,
            "note",
            "not installed; optional",
            f'pip install "allentk[{extra}]" if you want it',
        )
    return Finding(name, "problem", "not installed", f"pip install {name}")


def requirements() -> list[tuple[str, str]]:
    """Return the packages that allentk names, each with its extra (empty where it is required)."""
    found = []
    for line in metadata.requires("allentk") or []:
        if platform.system() == "Windows" and _NOT_ON_WINDOWS.search(line):
            continue
        name, extra = _REQUIREMENT.match(line), _EXTRA.search(line)
        if name is not None:
            found.append((name[1], extra[1] if extra else ""))
    return found


def _engine() -> Finding:
    try:
        simulation = importlib.import_module("allentk.simulation")
    except ImportError as problem:
        return Finding("engines", "problem", str(problem), "pip install --force-reinstall allentk")
    engines = ", ".join(name for name in simulation.BACKENDS if name not in ("auto", "nest"))
    return Finding("engines", "ok", f"{engines} (built in)")


def _mechanisms() -> Finding:
    """Look whether biophysical cells can run in NEURON; every other engine needs no compiler."""
    from allentk.errors import MissingExtraError
    from allentk.simulation.biophysical.compiling import how_to_install, missing_tools
    from allentk.simulation.biophysical.mechanisms import compiled_library

    name = "channels for NEURON"
    try:
        library = compiled_library()
    except MissingExtraError as problem:
        return Finding(
            name, "note", "there is no NEURON; the other engines need none", str(problem)
        )
    if library is not None:
        return Finding(name, "ok", f"compiled: {library}")
    if absent := missing_tools():
        found = f"not compiled, and there is no {' and no '.join(absent)}"
        return Finding(name, "note", found, f"to run cells in NEURON: {how_to_install()}")
    return Finding(name, "ok", "not compiled yet; the first run in NEURON does, in about a minute")


def _folders(used: Settings) -> Iterator[Finding]:
    path = config_path()
    yield Finding("configuration", "ok", f"{path}{'' if path.is_file() else ' (none; defaults)'}")
    yield _cache(used.cache_dir)
    free_gb = shutil.disk_usage(_nearest(used.cache_dir)).free / 1e9
    tight = free_gb < _ROOM_GB
    yield Finding(
        "free disk",
        "note" if tight else "ok",
        f"{free_gb:.1f} GB",
        f"a recording takes about 0.1 GB; keep {_ROOM_GB:g} GB, or name another folder by "
        f"ALLENTK_CACHE_DIR"
        if tight
        else "",
    )
    yield Finding("processors", "ok", f"{used.jobs} used of {os.cpu_count()}")


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    whole = folder.absolute()
    return next(path for path in (whole, *whole.parents) if path.is_dir())


def _cache(folder: Path) -> Finding:
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as problem:
        advice = "name a folder of yours by ALLENTK_CACHE_DIR or --cache-dir"
        return Finding("cache", "problem", f"{folder}: not writable ({problem.strerror})", advice)
    made = "" if there == folder.absolute() else " (made at the first download)"
    return Finding("cache", "ok", f"{folder}{made}")


def _other_places(used: Settings) -> Iterator[Finding]:
    """Look at the folders that are looked into besides the cache."""
    from allentk.api.allensdk import is_allensdk_folder

    for folder in used.shared_cache:
        there = (folder / ".records").is_dir()
        yield Finding(
            "shared cache",
            "ok" if there else "problem",
            f"{folder}{'' if there else ': no cache of allentk there'}",
            "" if there else "mount it, or correct shared_cache (ALLENTK_SHARED_CACHE)",
        )
    for folder in used.allensdk_cache:
        there = is_allensdk_folder(folder)
        yield Finding(
            "AllenSDK cache",
            "ok" if there else "note",
            f"{folder}{'' if there else ': no manifest there'}",
            ""
            if there
            else "files in the usual places are found all the same; is it the right folder?",
        )


def _service(offline: bool) -> Finding:
    name = "service"
    if offline:
        return Finding(name, "note", "not tried: offline")
    host = urlsplit(_SERVICE).netloc
    try:
        with request.urlopen(_SERVICE, timeout=_TIMEOUT_S):
            return Finding(name, "ok", f"{host} answers")
    except error.HTTPError as answer:
        advice = "the service is up but not well; try again later"
        return Finding(name, "note", f"{host} answers {answer.code}", advice)
    except OSError as problem:
        reason = getattr(problem, "reason", problem)
        advice = (
            "check the connection or HTTPS_PROXY; allentk demo and files of yours need no network"
        )
        return Finding(name, "note", f"{host} cannot be reached ({reason})", advice)
