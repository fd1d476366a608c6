"""The folder of a biophysical model as the Allen Institute lays it out, and where its files are.

``manifest.json`` names them; all that is used of it::

    biophys[].model_file                  the fit, beside the manifest itself
    biophys[].model_type                  "Biophysical - perisomatic" or "Biophysical - all active"
    runs[].sweeps, runs[].sweeps_by_type  numbers of the cell's sweeps
    manifest[]                            files and folders by key, each under its parent's

Nothing is run: neither ``.mod`` nor ``.hoc`` files are compiled or read, they are listed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allentk.errors import FormatError
from allentk.io.json_fields import load_json

__all__ = ["MODEL_TYPES", "ModelFiles", "find_model"]

#: What a manifest calls each kind of model.
MODEL_TYPES = {
    "perisomatic": "Biophysical - perisomatic",
    "all-active": "Biophysical - all active",
}
_KINDS = {written: kind for kind, written in MODEL_TYPES.items()}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where the files of a biophysical model are.

    Parameters
    ----------
    fit : Path
        Its parameters, the fit's JSON.
    morphology, marker, recording : Path, optional
        SWC file, marker file and NWB file; None where the manifest names none. They need not be
        there: a manifest also names what was not downloaded.
    sweeps : tuple of int
        Numbers of the cell's sweeps; empty where there is no manifest.
    mechanisms : tuple of Path
        ``.mod`` files that lie in the folder; for looking at.
    kind : str
        ``"perisomatic"`` or ``"all-active"`` where the manifest says so, else empty.
    """

    fit: Path
    morphology: Path | None = None
    marker: Path | None = None
    recording: Path | None = None
    sweeps: tuple[int, ...] = ()
    mechanisms: tuple[Path, ...] = ()
    kind: str = ""


def find_model(path: str | os.PathLike[str]) -> ModelFiles:
    """Find the files of a biophysical model.

    Parameters
    ----------
    path : path
        A folder with a ``manifest.json``, or with one fit; or the manifest, or the fit itself.

    Returns
    -------
    ModelFiles
        Without a manifest, `morphology` is the folder's only SWC file.

    Raises
    ------
    FormatError
        Where there is no model, or more than one, or a manifest leads out of its folder.
    """
    where = Path(path)
    if where.is_dir():
        manifest = where / "manifest.json"
        where = manifest if manifest.is_file() else _only_fit(where)
    document = load_json(where, "a biophysical model: a folder, a manifest.json or a fit.json")
    if isinstance(document, Mapping) and "biophys" in document:
        return _from_manifest(document, where)
    swc = sorted(where.parent.glob("*.swc"))
    return ModelFiles(fit=where, morphology=swc[0] if len(swc) == 1 else None)


def _only_fit(folder: Path) -> Path:
    fits = [path for path in sorted(folder.glob("*.json")) if path.is_file() and _is_fit(path)]
    if len(fits) != 1:
        names = ", ".join(path.name for path in fits) or "none"
        raise FormatError(
            f"{folder}: expected a manifest.json, or one fit (JSON with 'genome'), got {names}; name "
            f"the file"
        )
    return fits[0]


def _is_fit(path: Path) -> bool:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "genome" in document


def _from_manifest(document: Mapping[str, Any], path: Path) -> ModelFiles:
    entries = [entry for entry in _list(document, "biophys", path) if "model_file" in entry]
    names = [str(name) for entry in entries for name in _several(entry["model_file"])]
    fits = [name for name in dict.fromkeys(names) if name != path.name]
    if len(fits) != 1:
        raise FormatError(
            f"{path}: expected one fit in biophys[].model_file beside {path.name}, got {fits}; name "
            f"the fit itself"
        )
    places = _places(document, path)
    mechanisms = places.get("MODFILE_DIR")
    types = [str(entry.get("model_type")) for entry in entries]
    return ModelFiles(
        fit=_inside(path.parent / fits[0], path),
        morphology=places.get("MORPHOLOGY"),
        marker=places.get("MARKER"),
        recording=places.get("stimulus_path"),
        sweeps=tuple(_sweeps(document, path)),
        mechanisms=tuple(sorted(mechanisms.glob("*.mod"))) if mechanisms else (),
        kind=next((_KINDS[name] for name in types if name in _KINDS), ""),
    )


def _list(document: Mapping[str, Any], name: str, path: Path) -> list[Mapping[str, Any]]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise FormatError(f"{path}: expected {name!r} to be a list of objects, got {found!r:.60}")
    return found


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sweeps(document: Mapping[str, Any], path: Path) -> Iterator[int]:
    for run in _list(document, "runs", path):
        by_type = run.get("sweeps_by_type")
        listed = list(by_type.values()) if isinstance(by_type, Mapping) else []
        numbers = {number for part in [run.get("sweeps", []), *listed] for number in _several(part)}
        if not all(isinstance(number, int) for number in numbers):
            raise FormatError(f"{path}: expected numbers of sweeps in 'runs', got {numbers!r:.60}")
        yield from sorted(numbers)


def _places(document: Mapping[str, Any], path: Path) -> dict[str, Path]:
    """Return files and folders by key; a parent stands before what lies in it."""
    places: dict[str, Path] = {}
    for entry in _list(document, "manifest", path):
        key, spec = entry.get("key"), entry.get("spec")
        if not isinstance(key, str) or not isinstance(spec, str):
            raise FormatError(
                f"{path}: expected 'key' and 'spec' in every entry of 'manifest', got {entry!r:.80}"
            )
        parent = entry.get("parent_key") or entry.get("parent")
        places[key] = _inside(places.get(str(parent), path.parent) / spec, path)
    return places


def _inside(target: Path, manifest: Path) -> Path:
    try:
        inside = target.resolve().is_relative_to(manifest.parent.resolve())
        target.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise FormatError(
            f"{manifest}: expected names of files, got {str(target)!r:.80}, which is none ({error!s:.80})"
        ) from error
    if not inside:
        raise FormatError(
            f"{manifest}: expected files inside its folder, got {str(target)!r}; it was not followed. "
            f"Copy the file beside the manifest and name it there"
        )
    return target
