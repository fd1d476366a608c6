"""Writing an edge population piece by piece, in the one form that all readers take.

Datasets are not compressed and in one piece, so that libsonata reads them; both indices carry the name of
the format and, as a hard link, BMTK's; places of synapses carry both names too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from allentk.errors import DataError
from allentk.io.sonata.edge_index import write_index
from allentk.io.sonata.layout import create_dataset, new_population

__all__ = ["EdgeWriter"]

#: A column and the name that BMTK knows it by.
_ALIASES = {"afferent_section_id": "sec_id", "afferent_section_pos": "sec_x"}
_STRUCTURE: dict[str, DTypeLike] = {
    "source_node_id": np.uint64,
    "target_node_id": np.uint64,
    "edge_type_id": np.uint32,
    "edge_group_id": np.uint16,
    "edge_group_index": np.uint64,
}


class EdgeWriter:
    """An edge population that is being written.

    Parameters
    ----------
    file : h5py.File
        Made by `create_hdf5`.
    name : str
        Name of the edge population.
    source, target : str
        Names of the node populations.
    sizes : mapping
        Number of rows of every group.
    columns : mapping
        Name and type of the columns of every group.
    compression : str, optional
        See `warn_compression`.
    """

    def __init__(
        self,
        file: h5py.File,
        name: str,
        source: str,
        target: str,
        sizes: Mapping[int, int],
        columns: Mapping[int, Mapping[str, DTypeLike]],
        *,
        compression: str | None = None,
    ) -> None:
        self._where = f"{file.filename}: edges of {name!r}"
        self._compression = compression
        self._population = new_population(file, "edges", name)
        self._n, self._written = sum(sizes.values()), 0
        self._filled = dict.fromkeys(sizes, 0)
        self._rows = {
            one: create_dataset(self._population, one, (self._n,), dtype, compression)
            for one, dtype in _STRUCTURE.items()
        }
        for end, population in (("source", source), ("target", target)):
            self._rows[f"{end}_node_id"].attrs["node_population"] = population
        self._columns: dict[int, dict[str, h5py.Dataset]] = {}
        for group_id, size in sizes.items():
            group = self._population.create_group(str(group_id))
            self._columns[group_id] = {
                one: create_dataset(group, one, (size,), dtype, compression)
                for one, dtype in columns[group_id].items()
            }
            for column, alias in _ALIASES.items():
                if column in self._columns[group_id] and alias not in self._columns[group_id]:
                    group[alias] = group[column]

    def append(
        self,
        sources: NDArray[Any],
        targets: NDArray[Any],
        types: ArrayLike,
        columns: Mapping[str, NDArray[Any]],
        *,
        group: int = 0,
    ) -> None:
        """Write the next edges, all of one group.

        Parameters
        ----------
        sources, targets : ndarray of int, shape (n,)
            Ids of the nodes.
        types : array_like of int, shape (n,) or scalar
            Types of the edges.
        columns : mapping
            The columns of the group, shape ``(n,)`` or one value each.
        group : int
            The group.

        Raises
        ------
        DataError
            Where there are more edges than were announced, or a column is missing.
        """
        n = sources.size
        here = slice(self._written, self._written + n)
        place = slice(self._filled[group], self._filled[group] + n)
        if here.stop > self._n or set(columns) != set(self._columns[group]):
            raise DataError(
                f"{self._where}: expected {self._n} edges with {sorted(self._columns[group])}, got "
                f"{here.stop} with {sorted(columns)}"
            )
        rows: dict[str, Any] = {
            "source_node_id": sources,
            "target_node_id": targets,
            "edge_type_id": types,
            "edge_group_id": group,
            "edge_group_index": np.arange(place.start, place.stop, dtype=np.uint64),
        }
        for name, values in rows.items():
            self._rows[name][here] = np.asarray(values, dtype=self._rows[name].dtype)
        for name, values in columns.items():
            held = self._columns[group][name]
            held[place] = np.asarray(values, dtype=held.dtype)
        self._written, self._filled[group] = here.stop, place.stop

    def finish(self, n_sources: int, n_targets: int) -> None:
        """Write both indices, when all edges are there.

        Raises
        ------
        DataError
            Where edges are missing.
        FormatError
            Where the id of a node is out of range.
        """
        if self._written != self._n:
            raise DataError(f"{self._where}: expected {self._n} edges, got {self._written}")
        for end, n in (("source", n_sources), ("target", n_targets)):
            write_index(self._population, end, n, self._compression, self._where)
