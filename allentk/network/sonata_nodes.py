"""Populations as SONATA node tables, and back.

Numbers of our node table become columns of the HDF5 file, under the names of the format (``x_um`` is
``x``). Texts and models become node types; texts of many words stay with the nodes, as codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from allentk.errors import DataError, FormatError
from allentk.io.sonata import NodeTable
from allentk.io.sonata.types import types_of
from allentk.network.population import Population
from allentk.network.sonata_layout import Nodes
from allentk.network.sonata_models import Component

__all__ = ["COLUMNS", "POPULATION", "RESERVED", "node_table", "our_nodes"]

#: Our name of a column -> that of the format.
COLUMNS = {"x_um": "x", "y_um": "y", "z_um": "z"}
#: Column of the node types that says which of our populations a node is of.
POPULATION = "pop_name"
#: Columns with a meaning of their own in the format.
RESERVED = (
    "node_id",
    "node_type_id",
    "node_group_id",
    "node_group_index",
    "model_type",
    "model_template",
    "model_processing",
    "dynamics_params",
    "morphology",
)
_FIRST_TYPE = 100
#: Most words of a text column, and most types of a population, that become types.
_WORDS, _TYPES = 64, 2048


def node_table(
    nodes: Nodes, components: Mapping[str, list[Component]]
) -> tuple[NodeTable, list[dict[str, Any]]]:
    """Return the table of a SONATA population, and what is needed to get our populations back.

    Parameters
    ----------
    nodes : Nodes
        The SONATA population.
    components : mapping
        Population -> the type columns of each of its models; one for a virtual population.

    Raises
    ------
    DataError
        Where a column has a name with a meaning of its own in the format, or no form in it.
    """
    named = not any(POPULATION in part.nodes for part in nodes.parts)
    tables: list[pd.DataFrame] = []
    rows: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for part in nodes.parts:
        renamed, columns = _columns(part)
        texts = _texts(renamed)
        keys = renamed[texts].astype(object).where(renamed[texts].notna(), None)
        index = part.nodes["model"] if "model" in part.nodes and not part.virtual else 0
        keys.insert(0, "model", index)
        code = keys.groupby(list(keys.columns), sort=True, dropna=False).ngroup().to_numpy()
        firsts = np.unique(code, return_index=True)[1]
        own: dict[str, int] = {}
        for row in keys.iloc[firsts].to_dict("records"):
            model = int(row.pop("model"))
            own[str(_FIRST_TYPE + len(rows))] = model
            told = {POPULATION: part.name} if named else {}
            rows.append({**components[part.name][model], **told, **row})
        renamed = renamed.drop(columns=texts)
        renamed.insert(0, "node_type_id", _FIRST_TYPE + len(rows) - firsts.size + code)
        tables.append(renamed)
        parts.append(
            {
                "name": part.name,
                "nodes": nodes.name,
                "first": nodes.first(part.name),
                "n": len(part),
                "columns": columns,
                "types": own,
            }
        )
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "node_id", np.arange(len(table)))
    index = pd.RangeIndex(_FIRST_TYPE, _FIRST_TYPE + len(rows), name="node_type_id")
    types = pd.DataFrame(rows, index=index).astype(object)
    return NodeTable(nodes.name, table, types.where(types.notna(), None)), parts


def _columns(population: Population) -> tuple[pd.DataFrame, list[list[str]]]:
    """Return the node table under the format's names, and name, written name and type of its columns."""
    kept = population.nodes
    columns = []
    for name in kept.columns:
        written = COLUMNS.get(name, name)
        if written in RESERVED or not isinstance(name, str) or "/" in name or name[:1] == "@":
            raise DataError(
                f"population {population.name!r}: the column {name!r} has a meaning of its own in SONATA "
                f"files, or is no name there; rename it"
            )
        columns.append([name, written, str(kept[name].dtype)])
    names = [written for _, written, _ in columns]
    if len(set(names)) < len(names):
        raise DataError(
            f"population {population.name!r}: two columns would have one name, of {names}"
        )
    # Truth as numbers: beside another population without the column it would turn into words.
    truth = dict.fromkeys(kept.select_dtypes(bool).columns, np.int8)
    renamed = kept.astype(truth).rename(columns=COLUMNS)
    return renamed if population.virtual else renamed.drop(columns="model"), columns


def _texts(table: pd.DataFrame) -> list[str]:
    """Return the columns of text that become types."""
    texts = [name for name in table.columns if table[name].to_numpy().dtype.kind not in "biuf"]
    few = [name for name in texts if table[name].nunique() <= _WORDS]
    if few and len(table[few].drop_duplicates()) > _TYPES:
        return []
    return few


def our_nodes(nodes: NodeTable, part: Mapping[str, Any], where: str) -> pd.DataFrame:
    """Return the node table of a population that we wrote.

    Raises
    ------
    FormatError
        Where a column is missing or has another type.
    """
    rows = nodes.nodes.iloc[part["first"] : part["first"] + part["n"]].reset_index(drop=True)
    ids = rows["node_type_id"].to_numpy()
    types = nodes.types.take(types_of(ids, nodes.types, where, "node_type_id"))
    columns: dict[str, Any] = {}
    for name, written, dtype in part["columns"]:
        if name == "model":
            models = {int(one): model for one, model in part["types"].items()}
            columns[name] = rows["node_type_id"].map(models).to_numpy()
            continue
        values = _values(rows, types, written)
        if values is None:
            raise FormatError(f"{where}: the column {written!r} of {part['name']!r} is missing")
        try:
            # texts of a fixed length, which no table of ours has, may be of any length
            kind = "object" if pd.api.types.pandas_dtype(dtype).kind in "SUV" else dtype
            columns[name] = values.astype(kind)
        except (TypeError, ValueError) as error:
            raise FormatError(
                f"{where}: the column {written!r} of {part['name']!r} is no {dtype} ({error})"
            ) from error
    return pd.DataFrame(columns, index=range(part["n"]))


def _values(rows: pd.DataFrame, types: pd.DataFrame, name: str) -> pd.Series | None:
    """Return a column of nodes or of their types, words as they were written: "005" is no number."""
    own = rows.get(name)
    if name not in types:
        return own
    given = types[name].set_axis(rows.index)
    return given if own is None else own.astype(object).where(own.notna(), given)
