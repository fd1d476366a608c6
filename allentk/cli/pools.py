"""Models for a network: found in files, or taken from the demo."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allentk.errors import ConfigError, DataError, FormatError
from allentk.io import read_glif
from allentk.models import GLIFParameters

__all__ = ["Pools", "pools"]

log = logging.getLogger(__name__)

_CLASSES = {"spiny": "excitatory", "aspiny": "inhibitory"}


@dataclass(slots=True)
class Pools:
    """Models of excitatory and of inhibitory cells, and where they come from."""

    excitatory: list[GLIFParameters] = field(default_factory=list)
    inhibitory: list[GLIFParameters] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    synthetic: bool = False

    def __str__(self) -> str:
        kind = "SYNTHETIC, " if self.synthetic else ""
        return (
            f"{kind}{len(self.excitatory)} excitatory and {len(self.inhibitory)} inhibitory from "
            f"{', '.join(self.sources)}"
        )


def pools(
    models: Iterable[Path] = (),
    excitatory: Iterable[Path] = (),
    inhibitory: Iterable[Path] = (),
    *,
    cache_dir: Path | None = None,
) -> Pools:
    """Return the models named; those of the demo where none is.

    Raises
    ------
    ConfigError
        Where a model's class is not told, or one class has no model.
    FormatError
        Where a file holds no GLIF model.
    """
    found = Pools()
    for path in models:
        _sorted_in(path, found)
    for path in excitatory:
        _read_into(found.excitatory, path, found)
    for path in inhibitory:
        _read_into(found.inhibitory, path, found)
    if not found.sources:
        return _of_demo(cache_dir)
    for kind in ("excitatory", "inhibitory"):
        if not getattr(found, kind):
            raise ConfigError(
                f"there is no {kind} model in {', '.join(found.sources)}; name one by allentk "
                f"network run --{kind}, or fit a cell whose recording says so ({_named(kind)} dendrites)"
            )
    return found


def _named(kind: str) -> str:
    return next(dendrites for dendrites, name in _CLASSES.items() if name == kind)


def _read_into(pool: list[GLIFParameters], path: Path, found: Pools) -> None:
    """Read one file, or every cell of a folder."""
    fits = list(_fits(path))
    for folder, document in fits:
        pool.append(_best(folder, document))
        found.synthetic |= document["synthetic"]
    if not fits:
        pool.extend(read_glif(file) for file in _configs(path))
    found.sources.append(str(path))


def _sorted_in(path: Path, found: Pools) -> None:
    """Read the fits of a folder into the class that their dendrites tell."""
    fits = list(_fits(path))
    if not fits:
        got = "there is none in it" if path.is_dir() else "there is no such folder"
        raise ConfigError(
            f"{path}: expected a folder with scores.json of allentk fit glif, which tells excitatory from "
            f"inhibitory cells; {got}. Other models are named by allentk network run --excitatory and "
            f"--inhibitory"
        )
    for folder, document in fits:
        kind = _CLASSES.get(document.get("dendrite_type") or "")
        if kind is None:
            raise ConfigError(
                f"{folder}: expected a spiny or aspiny cell, got dendrite_type "
                f"{document.get('dendrite_type')!r}; name it by allentk network run --excitatory or "
                f"--inhibitory"
            )
        getattr(found, kind).append(_best(folder, document))
        found.synthetic |= document["synthetic"]
    found.sources.append(str(path))


def _fits(path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the folders of ``fit glif`` at or below `path`, with what scores.json says."""
    for file in sorted(path.rglob("scores.json")) if path.is_dir() else []:
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            fitted = [level for level in document["levels"] if level["file"]]
            known = {"synthetic": bool(document["synthetic"]), "levels": fitted}
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{file}: expected the scores of allentk fit glif, got something else ({error!r}); fit "
                f"the cell again"
            ) from error
        if fitted:
            yield file.parent, {**document, **known}


def _best(folder: Path, document: dict[str, Any]) -> GLIFParameters:
    """Read the model of the chosen level, or else of the highest; never a file outside the folder."""
    chosen = [row for row in document["levels"] if row["level"] == document.get("chosen")]
    level = max(chosen or document["levels"], key=lambda row: int(row["level"]))
    file = folder / level["file"]
    if not file.resolve().is_relative_to(folder.resolve()):
        raise FormatError(f"{folder / 'scores.json'}: names a file outside its folder: {file}")
    return read_glif(file)


def _configs(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(path.rglob("*neuron_config.json"))
    if not files:
        raise FormatError(f"{path}: expected a folder with neuron_config.json; there is none in it")
    return files


def _of_demo(cache_dir: Path | None) -> Pools:
    from allentk.api import demo

    cells = demo(cache_dir=cache_dir).cells
    found = Pools(sources=[f"{cells.source}, published models"], synthetic=cells.synthetic)
    for row in cells.cells().to_dict("records"):
        kind = _CLASSES.get(row["dendrite_type"])
        if kind is None:
            continue
        try:
            getattr(found, kind).append(cells.glif(int(row["id"]), level=3))
        except DataError as error:
            log.info("left out: %s", error)
    return found
