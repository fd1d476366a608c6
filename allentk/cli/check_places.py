"""Where things lie: configuration, cache, disk, folders that are looked into besides."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from allentk.cli.finding import Finding
from allentk.config import Settings, config_path, unknown_variables

__all__ = ["folders", "other_places"]

_ROOM_GB = 2.0


def folders(used: Settings) -> Iterator[Finding]:
    """Look at the configuration, the cache, the disk that it is on, and the processors."""
    yield _configuration()
    for name, meant in unknown_variables().items():
        advice = f"is {meant} meant?" if meant else ""
        yield Finding("environment", "note", f"{name} is no setting of allentk", advice)
    yield _cache(used.cache_dir)
    free_gb = shutil.disk_usage(_nearest(used.cache_dir)).free / 1e9
    tight = free_gb < _ROOM_GB
    advice = (
        f"a recording takes about 0.1 GB; keep {_ROOM_GB:g} GB, or name another folder by "
        f"ALLENTK_CACHE_DIR"
    )
    yield Finding(
        "free disk", "note" if tight else "ok", f"{free_gb:.1f} GB", advice if tight else ""
    )
    yield Finding("processors", "ok", f"{used.jobs} used of {os.cpu_count()}")


def _configuration() -> Finding:
    path = config_path()
    if path.is_file():
        return Finding("configuration", "ok", str(path))
    if os.environ.get("ALLENTK_CONFIG"):
        advice = "correct ALLENTK_CONFIG, or write the file"
        return Finding("configuration", "note", f"{path}: no such file; defaults", advice)
    return Finding("configuration", "ok", f"{path} (none; defaults)")


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    whole = folder.absolute()
    return next(path for path in (whole, *whole.parents) if path.is_dir())


def _cache(folder: Path) -> Finding:
    there, advice = _nearest(folder), "name a folder of yours by ALLENTK_CACHE_DIR or --cache-dir"
    in_the_way = [path for path in (folder, *folder.parents) if path.is_file()]
    if in_the_way:
        return Finding("cache", "problem", f"{folder}: {in_the_way[0]} is a file", advice)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as problem:
        return Finding("cache", "problem", f"{folder}: not writable ({problem.strerror})", advice)
    if there != folder.absolute():
        return Finding("cache", "ok", f"{folder} (made at the first download)")
    return Finding("cache", "ok", f"{folder}, {_size(folder) / 1e9:.2f} GB")


def _size(folder: Path) -> int:
    """Return the bytes in a folder; links and what cannot be read count as nothing."""
    total = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(inside, name)).st_size
            except OSError:  # taken away meanwhile
                continue
    return total


def other_places(used: Settings) -> Iterator[Finding]:
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
