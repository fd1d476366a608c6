"""Node populations: one row per node, and a table of their types."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import member, numbers, open_hdf5, whole
from allentk.io.sonata import types as type_tables
from allentk.io.sonata.groups import Groups, write_columns
from allentk.io.sonata.layout import create_dataset, create_hdf5, new_population, populations

__all__ = ["NodeTable", "read_nodes", "write_nodes"]

STRUCTURE = ("node_id", "node_type_id", "node_group_id", "node_group_index")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class NodeTable:
    """One SONATA node population.

    Parameters
    ----------
    name : str
        Its name.
    nodes : DataFrame
        One row per node: ``node_id``, ``node_type_id``, ``node_group_id`` and the columns that the HDF5
        file has, missing where a node's group lacks them.
    types : DataFrame
        The table of types as text, indexed by ``node_type_id``.
    """

    name: str
    nodes: pd.DataFrame
    types: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return one row per node with the columns of its type beside its own, which come first.

        A value of the node stands over that of its type.

        Raises
        ------
        FormatError
            Where a node's type is not in the table.
        """
        ids = self.nodes["node_type_id"].to_numpy()
        where = f"nodes of {self.name!r}"
        rows = type_tables.types_of(ids, self.types, where, "node_type_id")
        given = type_tables.numbers(self.types)
        columns = {name: self.nodes[name] for name in self.nodes.columns}
        for name in given.columns:
            of_type = given[name].take(rows).set_axis(self.nodes.index)
            own = columns.get(name)
            columns[name] = of_type if own is None else own.where(own.notna(), of_type)
        return pd.DataFrame(columns)

    @property
    def ids(self) -> NDArray[np.int64]:
        """Id of every row."""
        found: NDArray[np.int64] = self.nodes["node_id"].to_numpy()
        return found

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<NodeTable {self.name}: {len(self)} nodes of {len(self.types)} types>"


def read_nodes(
    path: str | os.PathLike[str], types: str | os.PathLike[str] | None = None
) -> tuple[NodeTable, ...]:
    """Read all node populations of a file.

    Parameters
    ----------
    path : path
        The HDF5 file.
    types : path, optional
        Its ``node_types.csv``.

    Returns
    -------
    tuple of NodeTable

    Raises
    ------
    FormatError
        Where a file is missing or damaged, an id is negative or occurs twice, or a type is unknown.
    """
    table = (
        pd.DataFrame(index=pd.Index([], dtype=np.int64, name="node_type_id"))
        if types is None
        else type_tables.read_types(types, "node_type_id")
    )
    with open_hdf5(path, "a SONATA nodes file") as file:
        found = populations(file, "nodes", path)
        return tuple(_read(one, name, table, path) for name, one in found.items())


def _read(
    population: h5py.Group, name: str, types: pd.DataFrame, path: str | os.PathLike[str]
) -> NodeTable:
    where = f"{path}: nodes of {name!r}"
    groups = Groups(population, "node", where)
    n = groups.n_rows
    type_ids = whole(numbers(population, "node_type_id", where, ndim=1), where)
    if len(types):
        type_tables.types_of(type_ids, types, where, "node_type_id")
        types = types[types.index.isin(type_ids)] if type_ids.size else types
    group, index = groups.places(0, n)
    nodes = {
        "node_id": _ids(population, n, where),
        "node_type_id": type_ids,
        "node_group_id": group,
        "node_group_index": index,
    }
    own = {key: column for key, column in groups.read(0, n).items() if key not in nodes}
    return NodeTable(name, pd.DataFrame(nodes | own), types)


def _ids(population: h5py.Group, n: int, where: str) -> NDArray[np.int64]:
    if member(population, "node_id") is None:
        return np.arange(n)
    ids = whole(numbers(population, "node_id", where, ndim=1), where)
    if ids.size != n:
        raise FormatError(f"{where}: node_id has {ids.size} rows, node_type_id {n}")
    if ids.size and ids.min() < 0:
        raise FormatError(f"{where}: node_id {ids.min()} is negative")
    if np.unique(ids).size < ids.size:
        raise FormatError(f"{where}: a node_id occurs twice; every node needs an id of its own")
    return ids


def write_nodes(
    path: Path, tables: tuple[NodeTable, ...], *, compression: str | None = None
) -> Path:
    """Write node populations as one HDF5 file; the types are a file of their own.

    Parameters
    ----------
    path : Path
        The HDF5 file.
    tables : tuple of NodeTable
        What to write. All nodes go into one group, as libsonata asks for; what a node lacks is missing.
    compression : str, optional
        See `warn_compression`.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        Where a table lacks its ids.
    """
    with create_hdf5(path) as file:
        for table in tables:
            missing = {"node_id", "node_type_id"} - set(table.nodes.columns)
            if missing:
                raise DataError(f"nodes of {table.name!r}: there is no column {sorted(missing)}")
            _write(new_population(file, "nodes", table.name), table.nodes, compression)
    return path


def _write(population: h5py.Group, nodes: pd.DataFrame, compression: str | None) -> None:
    n = len(nodes)
    own = nodes.drop(columns=[name for name in STRUCTURE if name in nodes])
    write_columns(population.create_group("0"), own, compression)
    columns = {
        "node_id": nodes["node_id"].to_numpy().astype(np.uint64),
        "node_type_id": nodes["node_type_id"].to_numpy().astype(np.uint64),
        "node_group_id": np.zeros(n, dtype=np.uint32),
        "node_group_index": np.arange(n, dtype=np.uint64),
    }
    for name, values in columns.items():
        create_dataset(population, name, values.shape, values.dtype, compression)[...] = values
