"""The cells of the V1 models: which models every population has, and where its cells are."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allentk.errors import DataError
from allentk.io import read_glif
from allentk.models import GLIFParameters
from allentk.network.populating import cell_models
from allentk.network.population import Population
from allentk.network.positions import Column
from allentk.network.recipes.published_cells import published_cells
from allentk.network.recipes.v1_tables import VARIANTS

__all__ = ["Part", "column", "glif_models", "make_population"]

_DOWNLOAD = (
    "v1: a recipe does not download; fetch the models first with allentk.CellTypes().glif, and give "
    "them by "
    "population or class: cells={'e4Rorb': models, 'L4 PV': models, ...}"
)


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a model is built, and how.

    Parameters
    ----------
    variant : str
        Of ``VARIANTS``.
    scale : float
        Share of the cells.
    rule : {"radius", "density"}
        Whether the column is narrower, or its cells are sparser.

    Raises
    ------
    DataError
        On another variant or rule, or a scale outside 0 to 1.
    """

    variant: str
    scale: float = 1.0
    rule: str = "radius"

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise DataError(
                f"v1: variant must be one of {', '.join(VARIANTS)}, got {self.variant!r}"
            )
        if not 0 < self.scale <= 1:
            raise DataError(
                f"v1: scale must be a share of the cells, above 0 and at most 1, got {self.scale}"
            )
        if self.rule not in ("radius", "density"):
            raise DataError(f"v1: rule must be radius or density, got {self.rule!r}")

    @property
    def share(self) -> float:
        """Lengths in the plane of the cortex over those at full scale."""
        return math.sqrt(self.scale) if self.rule == "radius" else 1.0

    @property
    def radius_um(self) -> float:
        """Radius of the column."""
        return VARIANTS[self.variant] * self.share

    def n_of(self, n: int) -> int:
        """Return how many of `n` cells there are; one at least."""
        return max(1, round(n * self.scale))


def column(row: pd.Series, radius_um: float, inner_radius_um: float = 0.0) -> Column:
    """Return the part of a column that a population's layer takes; y falls from the surface down."""
    depth = (-float(row["bottom_um"]), -float(row["top_um"]))
    return Column(radius_um, depth, inner_radius_um=inner_radius_um, axis="y")


def make_population(
    name: str,
    row: pd.Series,
    models: Sequence[object],
    n: int,
    where: Column,
    *,
    seed: int,
) -> Population:
    """Return a population that prefers all directions alike, every model in equal shares."""
    return Population.from_models(
        name,
        models,
        n=n,
        positions=where,
        tuning="even",
        cell_class=str(row["cell_class"]),
        seed=seed,
    )


def glif_models(table: pd.DataFrame, cells: object) -> dict[str, tuple[GLIFParameters, ...]]:
    """Return the models of every population.

    Parameters
    ----------
    table : DataFrame
        The populations of a variant.
    cells : None, "glif", path or mapping
        As ``v1`` takes it.

    Raises
    ------
    DataError
        On an unknown word, population or class, no model for one of them, a compartmental model, or a
        threshold that is not above rest.
    FormatError
        Where a file cannot be read.
    """
    found = {name: published_cells(str(lines)) for name, lines in table["lines"].items()}
    if cells is None or (isinstance(cells, str) and cells == "glif"):
        return found
    if isinstance(cells, str) and cells == "allen":
        raise DataError(_DOWNLOAD)
    given = cells if isinstance(cells, Mapping) else _of_folder(table, cells)
    for key, models in given.items():
        names = _names(table, str(key))
        ready = cell_models(models)
        _check(str(key), ready)
        found |= dict.fromkeys(names, ready)
    return found


def _names(table: pd.DataFrame, key: str) -> list[str]:
    """Return the populations that a key names: one, or all of a class."""
    if key in table.index:
        return [key]
    names = list(table.index[table["cell_class"] == key])
    if not names:
        classes = list(dict.fromkeys(table["cell_class"]))
        raise DataError(
            f"v1: cells has {key!r}, which is neither a population ({', '.join(table.index)}) nor a class "
            f"({', '.join(classes)})"
        )
    return names


def _check(key: str, models: tuple[object, ...]) -> None:
    if not models:
        raise DataError(f"v1: no model for {key!r}; give at least one")
    for model in models:
        if not isinstance(model, GLIFParameters):
            raise DataError(
                f"v1: {key!r} has a {type(model).__name__}; compartmental cells are built by "
                f"variant='billeh2020', cells='biophysical' and models={{...}}"
            )
        if not model.th_inf_mv > 0:
            raise DataError(
                f"v1: a model of {key!r} ({model.source or 'no source'}) has its threshold at "
                f"{model.th_inf_mv} mV from rest; such a cell fires without input"
            )


def _of_folder(table: pd.DataFrame, cells: object) -> dict[str, list[GLIFParameters]]:
    """Read models from folders named by population, or files whose names start with one."""
    folder = Path(cells) if isinstance(cells, str | os.PathLike) else None
    if folder is None or not folder.is_dir():
        raise DataError(
            f"v1: cells must be 'glif', 'biophysical', a folder of GLIF files, or models by population or "
            f"class; got {cells!r}"
        )
    files = {
        name: sorted([*folder.glob(f"{name}/*.json"), *folder.glob(f"{name}[_.-]*json")])
        for name in table.index
    }
    found = {name: [read_glif(path) for path in paths] for name, paths in files.items() if paths}
    if not found:
        raise DataError(
            f"v1: {str(folder)!r} has no GLIF model; expected folders named by population with JSON "
            f"files, or "
            f"files such as e4Rorb_1.json"
        )
    return found
