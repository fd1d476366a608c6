"""Folders that AllenSDK's caches filled: which of allentk's names lies where.

CellTypesCache (manifest 1.1) and BrainObservatoryCache (1.3) write a manifest and, below its folder,
the files. allentk's own names are the same below ``cell_types/`` and ``observatory/``; a manifest that
was edited by hand is followed as long as it stays inside the folder.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from allentk.api.cache import expect_name
from allentk.errors import DataError, FormatError

__all__ = ["AllenSDKFolder", "is_allensdk_folder", "read_plain_rows"]

#: What AllenSDK's manifests call a file, and where it lies unless the manifest says otherwise.
_CELL_TYPES = {
    "CELLS": "cells.json",
    "EPHYS_FEATURES": "ephys_features.csv",
    "MORPHOLOGY_FEATURES": "morphology_features.csv",
    "EPHYS_DATA": "specimen_%d/ephys.nwb",
    "EPHYS_SWEEPS": "specimen_%d/ephys_sweeps.json",
    "RECONSTRUCTION": "specimen_%d/reconstruction.swc",
    "MARKER": "specimen_%d/reconstruction.marker",
}
_OBSERVATORY = {
    "EXPERIMENT_CONTAINERS": "experiment_containers.json",
    "EXPERIMENTS": "ophys_experiments.json",
    "CELL_SPECIMENS": "cell_specimens.json",
    "STIMULUS_MAPPINGS": "stimulus_mappings.json",
    "EXPERIMENT_DATA": "ophys_experiment_data/%d.nwb",
    "ANALYSIS_DATA": "ophys_experiment_analysis/%d_%s_analysis.h5",
    "EVENTS_DATA": "ophys_experiment_events/%d_events.npz",
}
_LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "cell_types": _CELL_TYPES,
    "observatory": _OBSERVATORY,
}
#: allentk keeps these tables as JSON, AllenSDK as CSV.
_SUFFIXES = {".json": (".json", ".csv")}
_MOST_MANIFEST_BYTES = 2**20
_HOLE = re.compile(r"%d|%s")
_HOLES = {"%d": r"(\d+)", "%s": r"([A-Za-z0-9_]+)"}


@dataclass(frozen=True, slots=True)
class AllenSDKFolder:
    """A folder with the files of one of AllenSDK's caches.

    Parameters
    ----------
    folder : Path
        Where the manifest lies.
    """

    folder: Path

    def find(self, name: str) -> Path | None:
        """Return where one of allentk's names lies here; None where it does not.

        Parameters
        ----------
        name : str
            Its name in allentk's cache, such as ``"cell_types/specimen_5/ephys.nwb"``.
        """
        room, *rest = expect_name(name)
        inner = PurePosixPath(*rest)
        written = self._written()
        for suffix in _SUFFIXES.get(inner.suffix, (inner.suffix,)):
            plain = str(inner.with_suffix(suffix))
            for key, usual in _LAYOUTS.get(room, {}).items():
                holes = _pattern(usual).fullmatch(plain)
                if holes is None:
                    continue
                path = self.folder / _filled(written.get(key, usual), holes.groups())
                if path.is_file():
                    return path
        return None

    def names(self) -> Iterator[str]:
        """Yield the names, in allentk's cache, of the files that are here."""
        written = self._written()
        for room, layout in _LAYOUTS.items():
            for key, usual in layout.items():
                place = written.get(key, usual)
                for path in sorted(self.folder.glob(_HOLE.sub("*", place))):
                    inner = path.relative_to(self.folder).as_posix()
                    holes = _pattern(place).fullmatch(inner)
                    if holes is not None and path.is_file():
                        yield f"{room}/{_filled(usual, holes.groups())}"

    def _written(self) -> dict[str, str]:
        """Return where the manifest puts its files, as far as that is inside the folder."""
        found: dict[str, str] = {}
        for path in sorted(self.folder.glob("*manifest*.json")):
            for entry in _entries(path):
                key, spec = entry.get("key"), entry.get("spec")
                if isinstance(key, str) and isinstance(spec, str) and _is_inside(spec):
                    found.setdefault(key, spec.replace("\\", "/"))
        return found


def is_allensdk_folder(folder: Path) -> bool:
    """Whether a manifest of AllenSDK's lies in a folder."""
    return any(any(_entries(path)) for path in folder.glob("*manifest*.json"))


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    try:
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            return
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    listed = document.get("manifest") if isinstance(document, dict) else None
    if isinstance(listed, list):
        yield from (entry for entry in listed if isinstance(entry, dict))


def _is_inside(spec: str) -> bool:
    try:
        expect_name(_HOLE.sub("0", spec.replace("\\", "/")))
    except DataError:
        return False
    return True


def _pattern(spec: str) -> re.Pattern[str]:
    parts = re.split(r"(%d|%s)", spec)
    return re.compile("".join(_HOLES.get(part, re.escape(part)) for part in parts))


def _filled(spec: str, values: tuple[str, ...]) -> str:
    """Return a path with its holes filled; more or fewer holes than values lead nowhere."""
    left = list(values)
    return _HOLE.sub(lambda hole: left.pop(0) if left else hole.group(), spec)


def read_plain_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table as AllenSDK keeps it: a JSON list, or CSV.

    Raises
    ------
    FormatError
        Where it is neither.
    """
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        rows = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise FormatError(
            f"{path}: expected a table as AllenSDK keeps it, got something else "
            f"({type(error).__name__}: {error}). Delete it, or leave the folder out of allensdk_cache"
        ) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError(
            f"{path}: expected a JSON list of rows as AllenSDK keeps it, got {str(rows)[:60]!r}. "
            f"Delete it, or leave the folder out of allensdk_cache"
        )
    return rows
