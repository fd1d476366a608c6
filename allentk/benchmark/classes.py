"""Classes of cells in published tables: cell type, area, Cre line, layer."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from allentk.benchmark.metrics import numbers
from allentk.errors import DataError

__all__ = ["classes_of"]

#: Columns that name an area.
_AREAS = ("area", "structure_acronym", "ecephys_structure_acronym", "targeted_structure")

#: Layers of two-photon depths in um, as the documentation of the data set has them: up to, not with.
_DEPTHS = ((250.0, "L2/3"), (350.0, "L4"), (500.0 + 1e-9, "L5"), (np.inf, "L6"))

_KINDS = {
    "Pvalb": "PV",
    "PV": "PV",
    "Sst": "SST",
    "SST": "SST",
    "Htr3a": "VIP",
    "Vip": "VIP",
    "VIP": "VIP",
}
_LAYERS = {"1": "L1", "23": "L2/3", "4": "L4", "5": "L5", "6": "L6"}
_POPULATION = re.compile(r"([ei])(1|23|4|5|6)(.+)")


def classes_of(table: pd.DataFrame, by: str) -> pd.Series[str]:
    """Return the class of every cell, NaN where the table does not say.

    Parameters
    ----------
    table : DataFrame
        As published, one row per cell.
    by : str
        ``"cell_type"`` (the column of that name, or a model's ``pop_name`` such as e23Cux2), ``"area"``,
        ``"cre"`` (the driver line), ``"layer"`` (by imaging depth, or the layer's column),
        ``"cre+layer"``, or a column. Where the column ``state`` has this value, the ``kind`` of the
        cells in that state.

    Raises
    ------
    DataError
        Where the table cannot tell.

    Examples
    --------
    >>> cells = pd.DataFrame({"tld1_name": ["Cux2-CreERT2"], "imaging_depth": [275.0]})
    >>> classes_of(cells, "cre+layer").tolist()
    ['Cux2-CreERT2 L4']
    """
    if by == "cre+layer":
        return classes_of(table, "cre") + " " + classes_of(table, "layer")
    if {"state", "kind"} <= set(table.columns) and (table["state"] == by).any():
        return table["kind"].where(table["state"] == by)
    if by == "cell_type" and by not in table and "pop_name" in table:
        return table["pop_name"].map(_cell_type)
    if by == "layer" and by not in table and "imaging_depth" in table:
        return numbers(table["imaging_depth"]).map(_layer)
    columns = {"area": _AREAS, "cre": ("tld1_name", "cre_line", "cre")}.get(by, (by,))
    found = [name for name in columns if name in table]
    if not found:
        raise DataError(
            f"the classes by={by!r}: the table has none of the columns {list(columns)}; by= takes "
            f"'cell_type', 'area', 'cre', 'layer', 'cre+layer' or one of {list(table.columns)}"
        )
    return table[found[0]].where(table[found[0]].isna(), table[found[0]].astype(str))


def _cell_type(population: object) -> object:
    """Return the class of a model's population: e5noRbp4 is L5 Exc, i23Htr3a L2/3 VIP."""
    parts = _POPULATION.fullmatch(str(population))
    if parts is None:
        return np.nan
    sign, layer, rest = parts.groups()
    if layer == "1" and sign == "i":
        return "L1 Htr3a"
    kind = "Exc" if sign == "e" else _KINDS.get(rest)
    return f"{_LAYERS[layer]} {kind}" if kind else np.nan


def _layer(depth_um: float) -> object:
    return next((name for limit, name in _DEPTHS if depth_um < limit), np.nan)
