"""Node sets: nodes chosen by their columns.

A basic set has conditions that must all hold; a list of values is an or. ``population`` and ``node_id`` are
special names. A compound set is a list of names of other sets, of which it is the union.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.sonata.nodes import NodeTable

__all__ = ["select_nodes"]

Selected = dict[str, NDArray[np.int64]]


def select_nodes(
    wanted: str | Sequence[Any] | Mapping[str, Any],
    tables: Sequence[NodeTable],
    node_sets: Mapping[str, Any],
) -> Selected:
    """Return the ids of the nodes that a node set selects, by population.

    Parameters
    ----------
    wanted : str, list or mapping
        Name of a node set or of a population, ``"all"``, a list of such names or of ids, or conditions.
    tables : sequence of NodeTable
        The nodes.
    node_sets : mapping
        Name -> node set.

    Returns
    -------
    dict
        Population -> ids, sorted; populations without a node are left out, so that it may be empty.

    Raises
    ------
    FormatError
        Where a name is unknown, a column is in no population, or sets name each other in a circle.

    Examples
    --------
    >>> nodes = pd.DataFrame({"node_id": [0, 1, 2], "node_type_id": 100, "ei": ["e", "i", "e"]})
    >>> types = pd.DataFrame(index=pd.Index([100], name="node_type_id"))
    >>> select_nodes({"ei": "e"}, [NodeTable("v1", nodes, types)], {})
    {'v1': array([0, 2])}
    """
    return _select(wanted, tables, node_sets, ())


def _select(
    wanted: Any, tables: Sequence[NodeTable], node_sets: Mapping[str, Any], above: tuple[str, ...]
) -> Selected:
    if isinstance(wanted, str):
        return _named(wanted, tables, node_sets, above)
    if isinstance(wanted, Mapping):
        return _basic(wanted, tables)
    if isinstance(wanted, Sequence) and all(isinstance(one, str) for one in wanted):
        return _union([_named(one, tables, node_sets, above) for one in wanted])
    if isinstance(wanted, Sequence):
        return _basic({"node_id": list(wanted)}, tables)
    raise FormatError(f"expected a node set: a name, a list or conditions, got {wanted!r:.80}")


def _named(
    name: str, tables: Sequence[NodeTable], node_sets: Mapping[str, Any], above: tuple[str, ...]
) -> Selected:
    if name in above:
        raise FormatError(f"node set {name!r} contains itself, by {' -> '.join((*above, name))}")
    if name in node_sets:
        return _select(node_sets[name], tables, node_sets, (*above, name))
    if name == "all":
        return {one.name: np.sort(one.ids) for one in tables}
    known = {one.name: np.sort(one.ids) for one in tables}
    if name in known:
        return {name: known[name]}
    raise FormatError(
        f"there is no node set {name!r}; there are {', '.join([*node_sets, *known]) or 'none'}"
    )


def _union(parts: Sequence[Selected]) -> Selected:
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.unique(np.concatenate([part[name] for part in parts if name in part]))
        for name in names
    }


def _basic(conditions: Mapping[str, Any], tables: Sequence[NodeTable]) -> Selected:
    rules = dict(conditions)
    wanted = rules.pop("population", None)
    names = wanted if isinstance(wanted, list | None) else [wanted]
    known = [one.name for one in tables]
    if names is not None and not all(one in known for one in names):
        raise FormatError(f"there is no population {wanted!r}; there are {known}")
    chosen = [one for one in tables if names is None or one.name in names]
    columns = {one.name: one.table() for one in chosen}
    for key in rules:
        if columns and not any(key in table for table in columns.values()):
            there = sorted({str(name) for table in columns.values() for name in table})
            raise FormatError(f"no population has a column {key!r}; there are {', '.join(there)}")
    found = {}
    for name, table in columns.items():
        keep = np.ones(len(table), dtype=bool)
        for key, value in rules.items():
            keep &= _matches(table[key], value) if key in table else False
        if keep.any():
            found[name] = np.sort(table["node_id"].to_numpy()[keep])
    return found


def _matches(column: pd.Series, value: Any) -> NDArray[np.bool_]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) for one in values):
        raise FormatError(
            f"conditions of node sets are values or lists of values, got {value!r:.60}; no others are known"
        )
    same: NDArray[np.bool_] = column.isin(values).to_numpy(bool)
    return same
