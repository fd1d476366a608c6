"""The cells that ``recipes.layer4`` is built of: point models, or biophysical ones from a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from allentk.errors import DataError
from allentk.io import read_biophysical_model
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network.populating import cell_models
from allentk.network.recipes.layer4_numbers import GLIF, INT_FIRE, KINDS, Kind

__all__ = ["Cells", "Models", "layer4_models", "read_components"]

#: Models of one population: all point neurons, or all compartmental.
Models = tuple[GLIFParameters, ...] | tuple[BiophysicalModel, ...]

#: What a recipe takes as its cells.
Cells = str | os.PathLike[str] | Mapping[str, object]

_DOWNLOAD = (
    "layer4: a recipe does not download; fetch the five models first, "
    "allentk.workflow.fetch_layer4_cells(allentk.CellTypes()), and give what it returns as cells="
)


def layer4_models(cells: Cells | None) -> dict[str, Models]:
    """Return the models of every population of the layer 4 model.

    Parameters
    ----------
    cells : None, "glif", path or mapping
        As ``layer4`` takes it.

    Raises
    ------
    DataError
        On an unknown word or population, a population without a model, or a LIF population that is given
        compartments.
    FormatError
        Where a file of the folder is missing or cannot be read.
    """
    models: dict[str, Models] = {
        kind.name: (GLIF[kind.name] if kind.core else INT_FIRE[kind.excitatory],) for kind in KINDS
    }
    if cells is None or cells == "glif":
        return models
    if cells == "allen":
        raise DataError(_DOWNLOAD)
    if isinstance(cells, Mapping):
        return models | _given(cells)
    folder = Path(cells)
    if not folder.is_dir():
        raise DataError(
            f"layer4: cells must be 'glif', a folder with the SWC files and fits, or models by "
            f"population; there is no folder {str(cells)!r}"
        )
    return models | {
        kind.name: (read_components(folder, kind.fit, kind.swc),) for kind in KINDS if kind.core
    }


def read_components(folder: Path, fit: str, swc: str) -> BiophysicalModel:
    """Return a perisomatic model of a folder of components, with the axon as BMTK replaces it.

    Raises
    ------
    FormatError
        Where a file is missing or cannot be read.
    """
    return read_biophysical_model(folder / fit, axon="stub", morphology=folder / swc)


def _given(cells: Mapping[str, object]) -> dict[str, Models]:
    kinds: dict[str, Kind] = {kind.name: kind for kind in KINDS}
    found: dict[str, Models] = {}
    for name, models in cells.items():
        if name not in kinds:
            raise DataError(f"layer4: no population {name!r}; there are {', '.join(kinds)}")
        found[name] = cell_models(models)
        if not found[name]:
            raise DataError(f"layer4: no model for {name!r}; give at least one")
        points = [model for model in found[name] if isinstance(model, GLIFParameters)]
        low = [model for model in points if not model.th_inf_mv > 0]
        if low:
            raise DataError(
                f"layer4: a model of {name!r} ({low[0].source or 'no source'}) has its threshold at "
                f"{low[0].th_inf_mv} mV from rest; weights are relative to it, so it must be above"
            )
        if not kinds[name].core and not points:
            raise DataError(
                f"layer4: {name!r} has the weights of point neurons only; give GLIFParameters"
            )
    return found
