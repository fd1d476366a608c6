"""The index of an edges file: which edges begin or end at a node.

``node_id_to_ranges[i]`` is a span of rows of ``range_to_edge_id``, each of which is a span of edges. Both
are made with bounded memory, however many edges there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import member, numeric, readable, whole
from allentk.io.sonata.layout import CHUNK, create_dataset

__all__ = ["INDICES", "check_index", "indexed_ranges", "ranges_of", "write_index"]

#: Group of the index for each end of an edge.
INDICES = {"source": "source_to_target", "target": "target_to_source"}
#: Name of the first table by the format, then by BMTK.
_TABLES = ("node_id_to_ranges", "node_id_to_range")
#: Runs that are sorted at once: so many, or this share of them all.
_BLOCK, _PASSES = 1 << 22, 12
#: Edges of which one end is held in memory, four bytes each.
_HELD = 1 << 29

Integers = NDArray[np.int64]


def _table(
    population: h5py.Group, end: str, where: str
) -> tuple[h5py.Dataset, h5py.Dataset] | None:
    group = member(population, f"indices/{INDICES[end]}")
    if not isinstance(group, h5py.Group):
        return None
    name = next((one for one in _TABLES if member(group, one) is not None), None)
    if name is None:
        return None
    held = (
        numeric(group, name, where, ndim=2),
        numeric(group, "range_to_edge_id", where, ndim=2),
    )
    if any(one.shape[1] != 2 for one in held):
        raise FormatError(f"{where}: indices/{INDICES[end]}: expected two columns per table")
    return held


def indexed_ranges(
    population: h5py.Group, end: str, first: int, last: int, where: str
) -> Integers | None:
    """Return spans of edges at nodes ``first`` to ``last - 1`` by the index; None without an index.

    Raises
    ------
    FormatError
        Where the index is damaged or leads out of the file.
    """
    tables = _table(population, end, where)
    if tables is None:
        return None
    nodes, spans = tables
    with readable(f"{where}: its index"):
        rows = whole(nodes[max(first, 0) : max(last, 0)], where)
    rows = rows[(rows[:, 0] >= 0) & (rows[:, 1] > rows[:, 0])]
    if rows.size and rows.max() > spans.shape[0]:
        raise FormatError(
            f"{where}: the index names row {rows.max()} of range_to_edge_id, which has {spans.shape[0]}"
        )
    if (rows[:, 1] - rows[:, 0]).sum() > spans.shape[0]:
        raise FormatError(f"{where}: the index gives one row of range_to_edge_id to two nodes")
    found = []
    for low, high in _joined(rows).tolist():
        with readable(f"{where}: its index"):
            found.append(whole(spans[low:high], where))
    edges = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    n = numeric(population, f"{end}_node_id", where, ndim=1).shape[0]
    if edges.size and not (
        edges.min() >= 0 and edges.max() <= n and (edges[:, 0] <= edges[:, 1]).all()
    ):
        raise FormatError(f"{where}: the index leads out of its {n} edges; write the file anew")
    return _joined(edges[np.argsort(edges[:, 0], kind="stable")])


def ranges_of(population: h5py.Group, end: str, first: int, last: int, where: str) -> Integers:
    """Return spans of edges at nodes ``first`` to ``last - 1`` by looking through all edges."""
    parts = []
    for start, nodes in _through(population, f"{end}_node_id", where):
        inside = np.concatenate([[False], (nodes >= first) & (nodes < last), [False]])
        steps = np.flatnonzero(np.diff(inside))
        parts.append(steps.reshape(-1, 2) + start)
    return _joined(np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.int64))


def _joined(spans: Integers) -> Integers:
    """Join spans that follow each other."""
    if len(spans) < 2:
        return spans
    begins = np.concatenate([[True], spans[1:, 0] != spans[:-1, 1]])
    ends = np.concatenate([begins[1:], [True]])
    return np.column_stack([spans[begins, 0], spans[ends, 1]])


def _through(population: h5py.Group, name: str, where: str) -> Iterator[tuple[int, Integers]]:
    held = numeric(population, name, where, ndim=1)
    for start in range(0, held.shape[0], CHUNK):
        with readable(f"{where}: {name}"):
            values = held[start : start + CHUNK]
        yield start, whole(values, where)


Chunks = Iterable[tuple[int, NDArray[Any]]]


def _runs(chunks: Chunks, n: int) -> Iterator[tuple[NDArray[Any], Integers, Integers]]:
    """Yield node, start and stop of every run of edges of one node, in the order of the file."""
    node, begun = -1, 0
    for start, nodes in chunks:
        changes = np.flatnonzero(np.diff(nodes, prepend=node))
        if changes.size == 0:
            continue
        begins = changes + start
        if node >= 0:
            yield (
                np.concatenate([[node], nodes[changes[:-1]]]),
                np.concatenate([[begun], begins[:-1]]),
                begins,
            )
        elif begins.size > 1:
            yield nodes[changes[:-1]], begins[:-1], begins[1:]
        node, begun = int(nodes[-1]), int(begins[-1])
    if node >= 0:
        yield np.array([node]), np.array([begun]), np.array([n])


class _Column:
    """The nodes at one end of all edges, held in memory where they are few enough."""

    def __init__(self, population: h5py.Group, name: str, n_nodes: int, where: str) -> None:
        self._population, self._name, self._where = population, name, where
        self.n = numeric(population, name, where, ndim=1).shape[0]
        self._held: list[tuple[int, NDArray[Any]]] | None = None
        if self.n <= _HELD and n_nodes < np.iinfo(np.int32).max:
            through = _through(population, name, where)
            self._held = [(start, self._fit(nodes, n_nodes)) for start, nodes in through]

    def _fit(self, nodes: Integers, n_nodes: int) -> NDArray[np.int32]:
        if nodes.max(initial=0) >= n_nodes:
            raise FormatError(
                f"{self._where}: {self._name} {nodes.max()} is not one of {n_nodes} nodes"
            )
        return nodes.astype(np.int32)

    def runs(self) -> Iterator[tuple[NDArray[Any], Integers, Integers]]:
        """Yield the runs; see `_runs`."""
        chunks = self._held
        return _runs(
            _through(self._population, self._name, self._where) if chunks is None else chunks,
            self.n,
        )


def write_index(
    population: h5py.Group, end: str, n_nodes: int, compression: str | None, where: str
) -> None:
    """Write the index of one end, under both names, for edges that are in the file already.

    Raises
    ------
    FormatError
        Where a node's id is `n_nodes` or more.
    """
    column = _Column(population, f"{end}_node_id", n_nodes, where)
    per_node = np.zeros(n_nodes, dtype=np.int64)
    for nodes, _, _ in column.runs():
        if nodes.max() >= n_nodes:
            raise FormatError(f"{where}: {end}_node_id {nodes.max()} is not one of {n_nodes} nodes")
        per_node += np.bincount(nodes, minlength=n_nodes)
    stops = np.cumsum(per_node)
    table = np.column_stack([stops - per_node, stops])
    table[per_node == 0] = 0
    group = population.create_group(f"indices/{INDICES[end]}")
    held = create_dataset(group, _TABLES[0], table.shape, np.uint64, compression)
    held[...] = table
    group[_TABLES[1]] = held
    spans = create_dataset(
        group, "range_to_edge_id", (int(per_node.sum()), 2), np.uint64, compression
    )
    row = 0
    for first, last in _blocks(per_node):
        size = int(per_node[first:last].sum())
        _write_spans(spans, row, column, (first, last), size)
        row += size


def _blocks(per_node: Integers) -> Iterator[tuple[int, int]]:
    """Yield spans of nodes that have few enough runs together."""
    total, first = np.cumsum(per_node), 0
    most = max(_BLOCK, int(per_node.sum()) // _PASSES)
    while first < per_node.size:
        done = total[first - 1] if first else 0
        last = max(int(np.searchsorted(total, done + most, side="right")), first + 1)
        yield first, last
        first = last


def _write_spans(
    spans: h5py.Dataset, row: int, column: _Column, block: tuple[int, int], size: int
) -> None:
    """Write start and stop of the runs of some nodes, sorted by node and then as in the file."""
    first, last = block
    dtype = np.uint32 if column.n < 1 << 32 else np.uint64
    nodes = np.empty(size, np.int32)
    starts, stops = np.empty(size, dtype), np.empty(size, dtype)
    filled = 0
    for of, begins, ends in column.runs():
        mine = np.flatnonzero((of >= first) & (of < last))
        here = slice(filled, filled + mine.size)
        nodes[here] = of[mine] - first
        starts[here], stops[here] = begins[mine], ends[mine]
        filled = here.stop
    order = _counting_order(nodes, last - first)
    for k in range(0, size, CHUNK):
        some = order[k : k + CHUNK]
        spans[row + k : row + k + some.size] = np.column_stack([starts[some], stops[some]])


def _counting_order(keys: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """Return the stable order of whole numbers below n, in linear time."""
    if (keys[1:] >= keys[:-1]).all():
        return np.arange(keys.size, dtype=np.int32)
    from scipy.sparse import csr_array

    # A matrix of one row, turned: its entries come out by column, in their order within it.
    entries = np.arange(keys.size, dtype=np.int32)
    row = csr_array((entries, keys, np.array([0, keys.size], np.int32)), shape=(1, n))
    order: NDArray[np.int32] = row.tocsc().data
    return order


def check_index(population: h5py.Group, end: str, where: str) -> str:
    """Return what is wrong with an index; empty where it agrees with the edges, or there is none.

    Raises
    ------
    FormatError
        Where the file is damaged.
    """
    tables = _table(population, end, where)
    if tables is None:
        return ""
    nodes, spans = whole(tables[0][...], where), tables[1]
    rows = np.flatnonzero((nodes[:, 0] >= 0) & (nodes[:, 1] > nodes[:, 0]))
    rows = rows[np.argsort(nodes[rows, 0], kind="stable")]
    if rows.size and nodes[rows].max() > spans.shape[0]:
        return f"names row {nodes[rows].max()} of range_to_edge_id, which has {spans.shape[0]} rows"
    if (nodes[rows[1:], 0] < nodes[rows[:-1], 1]).any():
        return "gives one row of range_to_edge_id to two nodes"
    edges = numeric(population, f"{end}_node_id", where, ndim=1)
    owner = np.full(edges.shape[0], -1, dtype=np.int32 if len(nodes) < 1 << 31 else np.int64)
    for start in range(0, spans.shape[0], CHUNK):
        some = whole(spans[start : start + CHUNK], where)
        if not (some.min() >= 0 and some.max() <= owner.size and (some[:, 0] <= some[:, 1]).all()):
            return f"leads out of its {owner.size} edges, or backwards"
        _claim(owner, some, _owners(nodes, rows, start, len(some)))
    free = np.flatnonzero(owner < 0)
    if free.size:
        return f"covers {owner.size - free.size} of {owner.size} edges"
    for start, held in _through(population, f"{end}_node_id", where):
        wrong = np.flatnonzero(owner[start : start + held.size] != held)
        if wrong.size:
            at = int(wrong[0])
            return f"gives edge {start + at} to node {owner[start + at]}; its {end} is {held[at]}"
    return ""


def _owners(nodes: Integers, rows: Integers, start: int, n: int) -> Integers:
    """Return the node of rows ``start`` to ``start + n`` of range_to_edge_id, -1 where it is nobody's."""
    row = np.arange(start, start + n)
    at = np.searchsorted(nodes[rows, 0], row, side="right") - 1
    found: Integers = np.where(at >= 0, rows[at], -1) if rows.size else np.full(n, -1)
    return np.where((at >= 0) & (row < nodes[found, 1]), found, -1)


def _claim(owner: NDArray[Any], spans: Integers, of: Integers) -> None:
    """Write the node of every span to its edges, in pieces of few enough edges."""
    size = spans[:, 1] - spans[:, 0]
    total = np.cumsum(size)
    cuts = np.unique(np.searchsorted(total, np.arange(0, total[-1] + CHUNK, CHUNK), side="right"))
    for few in np.split(np.arange(size.size), cuts):
        before = np.cumsum(size[few]) - size[few]
        steps = np.arange(int(size[few].sum())) - np.repeat(before, size[few])
        owner[np.repeat(spans[few, 0], size[few]) + steps] = np.repeat(of[few], size[few])
