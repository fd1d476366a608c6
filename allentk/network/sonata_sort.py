"""Edges of a SONATA file sorted into projections, chunk by chunk.

The file is read twice: first to count the edges of every projection and to see what varies in it, then to
fill arrays of just that size. A column that is one value for a whole projection takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from allentk.errors import FormatError
from allentk.io.sonata import EdgePopulation
from allentk.io.sonata.types import numbers, types_of

__all__ = ["Bundle", "Ends", "sort_edges"]

Array = NDArray[Any]
#: Name of the column in our arrays, the names a file may have, and its type.
_COLUMNS: dict[str, tuple[tuple[str, ...], DTypeLike]] = {
    "weight": (("syn_weight",), np.float32),
    "delay": (("delay",), np.float32),
    "n_synapses": (("nsyns",), np.uint16),
    "section": (("afferent_section_id", "sec_id"), np.int32),
    "x": (("afferent_section_pos", "sec_x"), np.float64),
}
_NAMES = tuple(name for names, _ in _COLUMNS.values() for name in names)


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Which of our populations a node of a SONATA population is in, and where.

    Parameters
    ----------
    ids : ndarray of int
        Ids of the nodes.
    part, place : ndarray of int
        Number of the population, and the node's row in it; in the order of `ids`.
    sizes : tuple of int
        Nodes of every population.
    """

    ids: NDArray[np.int64]
    part: NDArray[np.int64]
    place: NDArray[np.int64]
    sizes: tuple[int, ...]
    _order: NDArray[np.int64] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not np.array_equal(self.ids, np.arange(self.ids.size)):
            object.__setattr__(self, "_order", np.argsort(self.ids, kind="stable"))

    def find(self, nodes: NDArray[np.int64], what: str) -> tuple[Array, Array]:
        """Return population and row of nodes.

        Raises
        ------
        FormatError
            Where there is no such node.
        """
        at = nodes
        if self._order is not None:
            at = np.searchsorted(self.ids, nodes, sorter=self._order)
            at = self._order[np.minimum(at, self.ids.size - 1)]
            wrong = self.ids[at] != nodes
        else:
            wrong = (nodes < 0) | (nodes >= self.ids.size)
        if wrong.any():
            raise FormatError(
                f"{what}: node {nodes[wrong][0]} is out of range; the population has "
                f"{self.ids.size} nodes up to {self.ids.max(initial=-1)}"
            )
        return self.part[at], self.place[at]


@dataclass(slots=True, eq=False)
class Bundle:
    """The edges of one future projection.

    ``kind`` is the number given to its edge types; arrays are read-only, and of one value where they do not
    vary.
    """

    kind: int
    source: int
    target: int
    placed: bool
    n: int = 0
    low: dict[str, Any] = field(default_factory=dict)
    high: dict[str, Any] = field(default_factory=dict)
    sorted: bool = True
    _last: int = -1
    sources: Array = field(default_factory=lambda: np.empty(0, np.int32))
    targets: Array | None = None
    counts: Array = field(default_factory=lambda: np.empty(0, np.int64))
    columns: dict[str, Array] = field(default_factory=dict)
    _filled: int = 0

    def see(self, targets: Array, columns: dict[str, Array]) -> None:
        """Take note of a piece of its edges."""
        self.n += targets.size
        self.sorted &= bool(targets[0] >= self._last and (np.diff(targets) >= 0).all())
        self._last = int(targets[-1])
        for name, values in columns.items():
            low, high = values.min(), values.max()
            if not (np.isfinite(low) and np.isfinite(high)):
                low, high = np.nan, np.nan
            self.low[name] = low if name not in self.low else np.minimum(self.low[name], low)
            self.high[name] = high if name not in self.high else np.maximum(self.high[name], high)

    def prepare(self, n_targets: int) -> None:
        """Make room for what was seen."""
        self.sources = np.empty(self.n, np.int32)
        self.targets = None if self.sorted else np.empty(self.n, np.int32)
        self.counts = np.zeros(n_targets, np.int64)
        for name in self.low:
            dtype = _COLUMNS[name][1]
            same = self.low[name] == self.high[name] and name not in ("section", "x")
            self.columns[name] = (
                np.asarray(self.low[name], dtype) if same else np.empty(self.n, dtype)
            )

    def fill(self, sources: Array, targets: Array, columns: dict[str, Array]) -> None:
        """Put a piece of its edges in."""
        here = slice(self._filled, self._filled + sources.size)
        self.sources[here] = sources
        self.counts += np.bincount(targets, minlength=self.counts.size)
        if self.targets is not None:
            self.targets[here] = targets
        for name, values in columns.items():
            if self.columns[name].ndim:
                self.columns[name][here] = values
        self._filled = here.stop

    def finish(self) -> None:
        """Sort by target where the file is not, and lock the arrays."""
        if self.targets is not None:
            order = np.argsort(self.targets, kind="stable")
            self.sources, self.targets = self.sources[order], None
            for name, values in self.columns.items():
                self.columns[name] = values[order] if values.ndim else values
        for array in (self.sources, *self.columns.values()):
            array.flags.writeable = False

    @property
    def indptr(self) -> NDArray[np.int64]:
        """Where the edges of every target begin."""
        return np.concatenate([[0], np.cumsum(self.counts)])


Key = tuple[int, int, int, bool]


def sort_edges(
    edges: EdgePopulation, kinds: Sequence[int], places: Sequence[bool], source: Ends, target: Ends
) -> list[Bundle]:
    """Return the edges of a population, one bundle for each kind and two of our populations.

    Parameters
    ----------
    edges : EdgePopulation
        The edges.
    kinds : sequence of int
        Number of the kind of every edge type, in the order of its table, from 0 on.
    places : sequence of bool
        Whether edges of a type take places on a cell.
    source, target : Ends
        Their nodes.

    Returns
    -------
    list of Bundle
        In the order in which the file has them.

    Raises
    ------
    FormatError
        Where a node or type is out of range, or an edge has no weight or delay.
    """
    kind, takes = np.asarray(kinds), np.asarray(places, dtype=bool)
    bundles: dict[Key, Bundle] = {}
    for key, _, targets, columns in _pieces(edges, kind, takes, source, target):
        bundles.setdefault(key, Bundle(*key)).see(targets, columns)
    for bundle in bundles.values():
        bundle.prepare(target.sizes[bundle.target])
    for key, sources, targets, columns in _pieces(edges, kind, takes, source, target):
        bundles[key].fill(sources, targets, columns)
    for bundle in bundles.values():
        bundle.finish()
    return list(bundles.values())


def _pieces(
    edges: EdgePopulation, kind: Array, takes: Array, source: Ends, target: Ends
) -> Iterator[tuple[Key, Array, Array, dict[str, Array]]]:
    """Yield the edges of each bundle in each chunk, in the order of the file."""
    where = f"{edges.path}: edges of {edges.name!r}"
    of_type = numbers(edges.types)
    wanted = [name for name in edges.columns if name in _NAMES]
    shape = (int(kind.max(initial=0)) + 1, len(source.sizes), len(target.sizes), 2)
    for chunk in edges.chunks(columns=wanted):
        rows = types_of(chunk["edge_type_id"].to_numpy(), edges.types, where, "edge_type_id")
        from_part, from_place = source.find(chunk["source_node_id"].to_numpy(), f"{where}: sources")
        to_part, to_place = target.find(chunk["target_node_id"].to_numpy(), f"{where}: targets")
        columns = _chunk_columns(chunk, rows, of_type, where)
        placed = _placed(columns, takes[rows], where)
        code = np.ravel_multi_index((kind[rows], from_part, to_part, placed.astype(int)), shape)
        present, dense = np.unique(code, return_inverse=True)
        dense = dense.astype(np.uint16 if present.size < 1 << 16 else np.int64)
        order = np.argsort(dense, kind="stable")
        stops = np.cumsum(np.bincount(dense, minlength=present.size))
        # In the order in which they first come.
        for one in np.argsort([order[a] for a in np.concatenate([[0], stops[:-1]])]):
            mine = order[stops[one - 1] if one else 0 : stops[one]]
            number, a, b, c = (int(x) for x in np.unravel_index(present[one], shape))
            own = {
                name: values[mine]
                for name, values in columns.items()
                if c or name not in ("section", "x")
            }
            yield (number, a, b, bool(c)), from_place[mine], to_place[mine], own


def _placed(columns: dict[str, Array], takes: Array, where: str) -> Array:
    """Return which edges have a place on their cell.

    Raises
    ------
    FormatError
        Where a section has no position along it, or is no number of a section.
    """
    if not ({"section", "x"} & set(columns) and takes.any()):
        return np.zeros(takes.size, bool)
    if not {"section", "x"} <= set(columns):
        raise FormatError(
            f"{where}: afferent_section_id and afferent_section_pos belong together, and one is not there"
        )
    section = columns["section"]
    placed: Array = ~np.isnan(section) & takes
    wrong = placed & ~((section >= 0) & (section < 1 << 31) & (section == np.floor(section)))
    if wrong.any():
        raise FormatError(
            f"{where}: afferent_section_id must be a whole number of 0 or more, got "
            f"{section[int(wrong.argmax())]}"
        )
    return placed


def _chunk_columns(
    chunk: pd.DataFrame, rows: Array, of_type: pd.DataFrame, where: str
) -> dict[str, Array]:
    made: dict[str, Array] = {}
    for ours, (names, dtype) in _COLUMNS.items():
        values = _given(names, chunk, rows, of_type, where)
        if values is None:
            values = _default(ours, rows.size, where)
        if values is None:
            continue
        if ours == "n_synapses":
            values = _synapses(values, where).astype(dtype)
        elif ours in ("weight", "delay"):
            with np.errstate(over="ignore"):
                short = (values / 1e3 if ours == "delay" else values).astype(dtype)
            if not np.isfinite(short).all():
                at = int((~np.isfinite(short)).argmax())
                has = (
                    f"no {names[0]}, neither of its own nor by its type"
                    if np.isnan(values[at])
                    else f"a {names[0]} of {values[at]:g}; expected a finite number"
                )
                raise FormatError(
                    f"{where}: edge {chunk.index[at]} of type {chunk['edge_type_id'].iloc[at]} has {has}"
                )
            values = short
        made[ours] = values
    return made


def _given(
    names: tuple[str, ...], chunk: pd.DataFrame, rows: Array, of_type: pd.DataFrame, where: str
) -> Array | None:
    """Return a column of the edges, and what their types say where it has no number."""
    name = next((one for one in names if one in chunk), None)
    values = None if name is None else chunk[name].to_numpy()
    if values is not None and values.dtype.kind not in "biuf":
        raise FormatError(f"{where}: {name} must be numbers, got text")
    known = next((one for one in names if one in of_type), None)
    lacking = np.ones(rows.size, bool) if values is None else ~np.isfinite(values)
    if known is None or not lacking.any():
        return values
    given = pd.to_numeric(of_type[known], errors="coerce").to_numpy(float)
    words = of_type[known].notna().to_numpy() & np.isnan(given)
    wrong = words[rows] & lacking
    if wrong.any():
        row = rows[int(wrong.argmax())]
        raise FormatError(
            f"{where}: {known} of type {of_type.index[row]} must be a number, got "
            f"{of_type[known].iloc[row]!r:.40}"
        )
    of_edges: Array = given[rows]
    return of_edges if values is None else np.where(lacking, of_edges, values)


def _default(name: str, n: int, where: str) -> Array | None:
    if name == "n_synapses":
        return np.ones(n)
    if name in ("weight", "delay"):
        raise FormatError(
            f"{where}: there is no {_COLUMNS[name][0][0]!r}, neither in the HDF5 file nor in the table of "
            f"types"
        )
    return None


def _synapses(values: Array, where: str) -> Array:
    filled = np.where(np.isnan(values), 1, values)
    wrong = ~((filled >= 1) & (filled < 1 << 16) & (filled == np.floor(filled)))
    if wrong.any():
        raise FormatError(
            f"{where}: nsyns must be whole numbers in 1..65535, got {filled[int(wrong.argmax())]}"
        )
    return filled
