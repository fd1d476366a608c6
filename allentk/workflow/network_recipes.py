"""The recipes by name: what options they take, and the networks they build."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from allentk.errors import ConfigError
from allentk.io import read_biophysical_model
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network import Network, recipes
from allentk.network.recipes.v1_tables import populations, read_table
from allentk.workflow.layer4_cells import fetch_layer4_cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "RECIPES",
    "build_recipe",
    "check_place",
    "checked_options",
    "full_scale",
    "published_models",
]

#: Recipe -> the options that mean something to it.
RECIPES = {
    "layer4": ("scale", "variant", "instance", "rule", "cells", "seed"),
    "v1": ("scale", "variant", "rule", "cells", "models", "tables", "seed", "jobs"),
    "tutorial8": ("cells", "seed"),
    "patch": ("scale", "cells", "seed"),
}

#: Cells of a patch at a scale of 1, and the least.
PATCH_CELLS, PATCH_LEAST = 1200, 20

#: Populations of the tutorial that have compartments.
_TUTORIAL_CELLS = ("Scnn1a", "PV1")

#: Cells of a population that are looked at for its connections at full scale.
_LOOKED_AT = {"layer4": 50, "v1": 8}


class _Service(Protocol):
    """What ``CellTypes`` has."""

    def biophysical_model(
        self, specimen_id: int, kind: str = ..., *, axon: str | None = ...
    ) -> BiophysicalModel: ...

    def glif(self, specimen_id: int, level: int = ...) -> GLIFParameters: ...


def checked_options(recipe: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are given (not None).

    Parameters
    ----------
    recipe : str
        Of ``RECIPES``.
    options : mapping
        Of the names there; None is not given.

    Raises
    ------
    ConfigError
        On another recipe, or an option that means nothing to it.

    Examples
    --------
    >>> checked_options("tutorial8", {"seed": 3, "scale": None})
    {'seed': 3}
    """
    if recipe not in RECIPES:
        raise ConfigError(f"no recipe {recipe!r}; there are {', '.join(RECIPES)}")
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in RECIPES[recipe]:
            raise ConfigError(
                f"the recipe {recipe} has no option {name!r}, got {given[name]!r}; it has "
                f"{', '.join(RECIPES[recipe])}"
            )
    return given


def check_place(folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Refuse a place for a network before it is built, where saving would refuse it after.

    Raises
    ------
    ConfigError
        Where something stands there that may not be replaced.
    """
    path = Path(folder)
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    if not there.is_dir():
        raise ConfigError(f"{path}: {there} is a file, and no folder can be there; name another")
    if not path.is_dir() or not any(path.iterdir()):
        return
    if not overwrite:
        raise ConfigError(
            f"{path}: there is such a folder already; name another by -o, or replace the network in it by "
            f"--overwrite"
        )
    if not (path / "circuit_config.json").is_file():
        raise ConfigError(
            f"{path}: --overwrite replaces a network, and this folder has no circuit_config.json; name "
            f"another, or delete it yourself"
        )


def patch_size(scale: float) -> int:
    """Return the cells of a patch of that scale, 1 for 1200.

    Raises
    ------
    ConfigError
        On a scale that is not positive.
    """
    if not 0 < scale <= 100:
        raise ConfigError(f"patch: scale must lie above 0 and up to 100, got {scale}")
    return max(PATCH_LEAST, round(scale * PATCH_CELLS))


def build_recipe(recipe: str, options: Mapping[str, Any]) -> Network:
    """Build a network.

    Parameters
    ----------
    recipe : str
        Of ``RECIPES``.
    options : mapping
        As the recipe's function takes them, ``jobs`` for ``n_jobs``. Of a patch: ``scale`` in units of 1200
        cells, and as ``cells`` the excitatory and the inhibitory models. Of v1, ``models`` is a folder
        with a folder per kind of biophysical cell: ``exc``, ``inh``, or names of populations.

    Raises
    ------
    ConfigError
        On another recipe, an option that means nothing to it, or a patch without cells.
    DataError, FormatError
        See the recipe.

    Examples
    --------
    >>> build_recipe("layer4", {"scale": 0.002, "variant": "RR"})
    <Network: 90 cells in 7 populations, 12000 virtual nodes, 6188 edges>
    """
    given = checked_options(recipe, options)
    if recipe == "patch":
        if "cells" not in given:
            raise ConfigError("patch: cells must be excitatory and inhibitory models")
        excitatory, inhibitory = given.pop("cells")
        n_cells = patch_size(given.pop("scale", 1.0))
        return recipes.patch(excitatory, inhibitory, n_cells=n_cells, **given)
    if "models" in given:
        given["models"] = _models_in(given["models"])
    if "jobs" in given:
        given["n_jobs"] = given.pop("jobs")
    builders: dict[str, Any] = {
        "layer4": recipes.layer4,
        "v1": recipes.v1,
        "tutorial8": recipes.tutorial8,
    }
    network: Network = builders[recipe](**given)
    return network


def _models_in(folder: str | os.PathLike[str]) -> dict[str, BiophysicalModel]:
    """Return the biophysical models of a folder by the names of its sub-folders."""
    where = Path(folder)
    found = sorted(path for path in where.iterdir() if path.is_dir()) if where.is_dir() else []
    if not found:
        raise ConfigError(
            f"v1: models: expected a folder with a folder of a biophysical model for each of 'exc' "
            f"and 'inh' (or for populations such as 'e4Rorb'), got {folder}"
        )
    return {path.name: read_biophysical_model(path) for path in found}


def full_scale(recipe: str, options: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return the connections per cell of the whole model; None of a recipe that has no whole.

    Returns
    -------
    DataFrame or None
        For ``recipes.compare_with_full_scale``.
    """
    given = checked_options(recipe, options)
    known = {name: given[name] for name in ("variant",) if name in given}
    if recipe == "layer4":
        return recipes.layer4_in_degrees(**known, n_targets=_LOOKED_AT[recipe])
    if recipe == "v1":
        return recipes.v1_in_degrees(**known, n_targets=_LOOKED_AT[recipe])
    return None


def published_models(recipe: str, variant: str | None, service: _Service) -> dict[str, Any]:
    """Fetch the published models of a recipe's cells, by population.

    Parameters
    ----------
    recipe : {"layer4", "v1", "tutorial8"}
        Layer 4 and the tutorial get biophysical models, V1 GLIF models of level 3.
    variant : str, optional
        Of V1.
    service : CellTypes
        Where they come from; what it downloads is kept in its cache.

    Returns
    -------
    dict
        What the recipe takes as ``cells``.

    Raises
    ------
    ConfigError
        On a patch, which takes any cells.
    DataError, OfflineError, ServiceError
        See ``CellTypes``.
    """
    if recipe == "layer4":
        return dict(fetch_layer4_cells(service))
    if recipe == "tutorial8":
        every = fetch_layer4_cells(service)
        return {name: every[name] for name in _TUTORIAL_CELLS}
    if recipe != "v1":
        raise ConfigError(f"{recipe}: cells 'allen' are of layer4, v1 and tutorial8; name a folder")
    lines = populations(variant or "2026")["lines"]
    table = read_table("published_cells.csv")
    wanted = table[table["line"].isin({one for text in lines for one in text.split("+")})]
    models: dict[str, list[GLIFParameters]] = {}
    for line, specimen in zip(wanted["line"], wanted["specimen_id"], strict=True):
        models.setdefault(line, []).append(service.glif(int(specimen), level=3))
    return {
        name: [model for one in text.split("+") for model in models[one]]
        for name, text in lines.items()
    }
