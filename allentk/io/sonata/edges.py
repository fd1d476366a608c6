"""Edge populations, read by ranges: a file of 100 million edges is never held whole.

Who asks for the edges onto some nodes gets them by the file's index, under either name that programs give
it (``node_id_to_ranges`` by the format, ``node_id_to_range`` by BMTK), or without one by looking through.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import attribute, member, numeric, open_hdf5, readable, text, whole
from allentk.io.sonata import types as type_tables
from allentk.io.sonata.edge_index import indexed_ranges, ranges_of
from allentk.io.sonata.groups import Groups
from allentk.io.sonata.layout import CHUNK, populations

__all__ = ["EdgePopulation", "read_edges"]

End = Literal["source", "target"]
#: Edges that are rather read than skipped.
_GAP = 1 << 14


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class EdgePopulation:
    """One SONATA edge population; its edges stay in the file until they are asked for.

    Parameters
    ----------
    path : Path
        The HDF5 file.
    name : str
        Its name.
    source, target : str
        Node populations at its ends; empty where the file does not say.
    n_edges : int
        Rows; an edge with ``nsyns`` is several synapses.
    columns : tuple of str
        Columns that the HDF5 file has beside ids and types.
    groups : tuple of int
        Groups of columns.
    types : DataFrame
        The table of types as text, indexed by ``edge_type_id``.
    """

    path: Path
    name: str
    source: str
    target: str
    n_edges: int
    columns: tuple[str, ...]
    groups: tuple[int, ...]
    types: pd.DataFrame

    def read(
        self, start: int = 0, stop: int | None = None, columns: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Return edges ``start`` to ``stop`` in the order of the file.

        Parameters
        ----------
        start, stop : int
            Range of edges; all of them by default.
        columns : collection of str, optional
            Which of the file's own columns; all by default.

        Returns
        -------
        DataFrame
            ``source_node_id``, ``target_node_id``, ``edge_type_id``, ``edge_group_id`` and the columns,
            missing where an edge's group lacks them; the index is the edge's number in the file.

        Raises
        ------
        FormatError
            Where the file is damaged.
        """
        with self._opened() as (population, groups):
            return self._rows(population, groups, start, self._stop(stop), columns)

    def chunks(
        self, size: int = CHUNK, columns: Collection[str] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield all edges in pieces of at most `size`; see `read`."""
        with self._opened() as (population, groups):
            for start in range(0, self.n_edges, size):
                stop = min(start + size, self.n_edges)
                yield self._rows(population, groups, start, stop, columns)

    def onto(self, first: int, last: int, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return the edges that end at nodes ``first`` to ``last - 1``; see `read`.

        Raises
        ------
        FormatError
            Where the file is damaged, or its index leads to edges of other nodes.
        """
        return self._of("target", first, last, columns)

    def out_of(self, first: int, last: int, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return the edges that begin at nodes ``first`` to ``last - 1``; see `onto`."""
        return self._of("source", first, last, columns)

    def _of(self, end: End, first: int, last: int, columns: Collection[str] | None) -> pd.DataFrame:
        with self._opened() as (population, groups):
            ranges = indexed_ranges(population, end, first, last, self._where)
            if ranges is None:
                ranges = ranges_of(population, end, first, last, self._where)
            parts = []
            for spans in _near(ranges):
                start, stop = int(spans[0, 0]), self._stop(int(spans[-1, 1]))
                rows = self._rows(population, groups, start, stop, columns)
                if len(spans) > 1:
                    steps = np.zeros(stop - start + 1, dtype=np.int64)
                    np.add.at(steps, spans[:, 0] - start, 1)
                    np.add.at(steps, spans[:, 1] - start, -1)
                    rows = rows[np.cumsum(steps[:-1]) > 0]
                parts.append(rows)
            if not parts:
                return self._rows(population, groups, 0, 0, columns)
        found = pd.concat(parts)
        node = found[f"{end}_node_id"]
        if len(found) and not (node.min() >= first and node.max() < last):
            raise FormatError(
                f"{self._where}: the index leads from nodes {first}..{last - 1} to edges of nodes "
                f"{node.min()}..{node.max()}; write the file anew, or delete its group 'indices'"
            )
        return found

    def layout(self) -> dict[int, dict[str, np.dtype[Any]]]:
        """Return the columns of numbers that every group has, with their types.

        Raises
        ------
        FormatError
            Where a column is text, which is read but has no form in which it could be written again.
        """
        with self._opened() as (_, groups):
            return groups.layout()

    @property
    def _where(self) -> str:
        return f"{self.path}: edges of {self.name!r}"

    def _stop(self, stop: int | None) -> int:
        return self.n_edges if stop is None else stop

    @contextmanager
    def _opened(self) -> Iterator[tuple[h5py.Group, Groups]]:
        with open_hdf5(self.path, "a SONATA edges file") as file:
            population = populations(file, "edges", self.path).get(self.name)
            if population is None:
                raise FormatError(f"{self._where}: there is no such population any more")
            groups = Groups(population, "edge", self._where)
            if groups.n_rows != self.n_edges:
                raise FormatError(
                    f"{self._where}: had {self.n_edges} edges, and now {groups.n_rows}; the file was "
                    f"changed meanwhile"
                )
            yield population, groups

    def _rows(
        self,
        population: h5py.Group,
        groups: Groups,
        start: int,
        stop: int,
        columns: Collection[str] | None,
    ) -> pd.DataFrame:
        if not 0 <= start <= stop <= self.n_edges:
            raise DataError(
                f"{self._where}: there are no edges {start} to {stop} of {self.n_edges}"
            )
        made: dict[str, Any] = {}
        for name in ("source_node_id", "target_node_id", "edge_type_id"):
            if name == "edge_type_id" and member(population, name) is None:
                made[name] = np.full(stop - start, -1)
                continue
            made[name] = _ids(population, name, start, stop, self._where)
        made["edge_group_id"], _ = groups.places(start, stop)
        own = groups.read(start, stop, columns)
        return pd.DataFrame(
            made | {k: v for k, v in own.items() if k not in made}, index=range(start, stop)
        )

    def __len__(self) -> int:
        return self.n_edges

    def __repr__(self) -> str:
        return f"<EdgePopulation {self.name}: {self.n_edges} edges, {self.source} -> {self.target}>"


def _near(ranges: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield spans of edges in groups that lie near each other, to be read in one piece."""
    first = 0
    for k in range(1, len(ranges) + 1):
        far = k < len(ranges) and (
            ranges[k, 0] - ranges[k - 1, 1] > _GAP or ranges[k, 1] - ranges[first, 0] > CHUNK
        )
        if far or k == len(ranges):
            yield ranges[first:k]
            first = k


def _ids(population: h5py.Group, name: str, start: int, stop: int, where: str) -> NDArray[np.int64]:
    held = numeric(population, name, where, ndim=1)
    with readable(f"{where}: {name}"):
        values = held[start:stop]
    if values.size != stop - start:
        raise FormatError(f"{where}: {name} has {held.shape[0]} rows, fewer than there are edges")
    ids = whole(values, f"{where}: {name}")
    if ids.size and ids.min() < 0:
        at = int(ids.argmin())
        raise FormatError(f"{where}: {name} of edge {start + at} is negative, {ids[at]}")
    return ids


def read_edges(
    path: str | os.PathLike[str], types: str | os.PathLike[str] | None = None
) -> tuple[EdgePopulation, ...]:
    """Open all edge populations of a file; the edges are read when asked for.

    Parameters
    ----------
    path : path
        The HDF5 file.
    types : path, optional
        Its ``edge_types.csv``.

    Returns
    -------
    tuple of EdgePopulation

    Raises
    ------
    FormatError
        Where a file is missing or damaged, or ids of sources and targets are not equally many.
    """
    table = (
        pd.DataFrame(index=pd.Index([], dtype=np.int64, name="edge_type_id"))
        if types is None
        else type_tables.read_types(types, "edge_type_id")
    )
    with open_hdf5(path, "a SONATA edges file") as file:
        found = populations(file, "edges", path)
        return tuple(_opened(Path(path), name, one, table) for name, one in found.items())


def _opened(path: Path, name: str, population: h5py.Group, types: pd.DataFrame) -> EdgePopulation:
    where = f"{path}: edges of {name!r}"
    groups = Groups(population, "edge", where)
    ends = {}
    for end in ("source", "target"):
        held = numeric(population, f"{end}_node_id", where, ndim=1)
        if held.shape[0] != groups.n_rows:
            raise FormatError(
                f"{where}: {end}_node_id has {held.shape[0]} rows, source_node_id {groups.n_rows}"
            )
        ends[end] = text(attribute(held, "node_population"))
    return EdgePopulation(
        path,
        name,
        ends["source"],
        ends["target"],
        groups.n_rows,
        groups.columns,
        tuple(groups.ids),
        types,
    )
