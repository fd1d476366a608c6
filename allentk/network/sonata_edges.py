"""Projections as SONATA edge populations, block by block, without a merged copy of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from allentk.io.sonata import EdgeWriter
from allentk.io.sonata.layout import CHUNK, create_hdf5
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.connectivity import distinct
from allentk.network.jump_projection import JumpProjection
from allentk.network.network import AnyProjection
from allentk.network.sonata_layout import Edges

__all__ = [
    "EdgeColumns",
    "edge_columns",
    "edge_types",
    "milliseconds",
    "weights_of",
    "write_edge_population",
]

Array = NDArray[Any]


def weights_of(projection: AnyProjection) -> NDArray[np.float32]:
    """Return the weights in the unit of the projection's kind, as a file has them.

    Jumps are without sign there: BMTK takes it from the synapse's component.
    """
    if isinstance(projection, ConductanceProjection):
        return projection.weights_us
    if isinstance(projection, JumpProjection):
        return projection.weights_mv
    return projection.weights_pa


def milliseconds(delays_s: Array) -> Array:
    """Return delays in ms, in single precision where that gives back the same seconds."""
    exact: Array = delays_s.astype(np.float64) * 1e3
    short = exact.astype(np.float32)
    if np.array_equal((short.astype(np.float64) / 1e3).astype(np.float32), delays_s):
        return short
    return exact


@dataclass(frozen=True, slots=True)
class EdgeColumns:
    """Which columns an edge population has, and what is one value per projection.

    Parameters
    ----------
    dtypes : dict
        Columns of the HDF5 file.
    constants : list of dict
        Of every projection: the values of its edge type.
    """

    dtypes: dict[str, DTypeLike]
    constants: list[dict[str, float | int]]


def edge_columns(edges: Edges) -> EdgeColumns:
    """Return the columns of an edge population: what varies within a projection stands with the edges."""
    held = [_columns(one) for _, one in edges.projections]
    dtypes: dict[str, DTypeLike] = {}
    constants: list[dict[str, float | int]] = [{} for _ in held]
    for name in ("syn_weight", "delay", "nsyns"):
        single = [_single(columns[name]) for columns in held]
        if all(
            one is not None or columns[name].size == 0
            for one, columns in zip(single, held, strict=True)
        ):
            for values, one in zip(constants, single, strict=True):
                if one is not None and not (name == "nsyns" and one == 1):
                    values[name] = _written_ms(one) if name == "delay" else _plain(one)
            continue
        dtypes[name] = {"syn_weight": np.float32, "nsyns": np.uint16}.get(name, np.float32)
        if name == "delay" and any(_needs_double(columns[name]) for columns in held):
            dtypes[name] = np.float64
    if any("nsyns" in values for values in constants):
        constants = [{"nsyns": 1, **values} for values in constants]
    if edges.placed:
        dtypes |= {"afferent_section_id": np.uint32, "afferent_section_pos": np.float64}
    return EdgeColumns(dtypes, constants)


def _columns(projection: AnyProjection) -> dict[str, Array]:
    return {
        "syn_weight": weights_of(projection),
        "delay": projection.delays_s,
        "nsyns": projection.n_synapses,
    }


def _single(column: Array) -> Any:
    """Return the one value of a column; None where it varies, or there is none."""
    values = distinct(column)
    if values.size == 0 or values.min() != values.max():
        return None
    return values[0]


def _plain(value: Any) -> float | int:
    """Return the shortest number that reads back as the same value of its type."""
    return int(value) if value.dtype.kind in "iu" else float(str(value))


def _written_ms(delay_s: np.float32) -> float:
    """Return the shortest number of ms, as a table has it, that reads back as the same seconds."""
    exact = float(delay_s) * 1e3
    short = (float(f"{exact:.{digits}g}") for digits in range(1, 17))
    return next((one for one in short if np.float32(one / 1e3) == delay_s), exact)


def _needs_double(delays_s: Array) -> bool:
    values = distinct(delays_s)
    return any(
        milliseconds(values[k : k + CHUNK]).dtype == np.float64
        for k in range(0, values.size, CHUNK)
    )


def write_edge_population(
    edges: Edges, columns: EdgeColumns, first_type: int, path: Path, compression: str | None
) -> None:
    """Write all projections of an edge population, sorted by target, with both indices."""
    sizes = {0: sum(one.n_edges for _, one in edges.projections)}
    with create_hdf5(path) as file:
        writer = EdgeWriter(
            file,
            edges.name,
            edges.source.name,
            edges.target.name,
            sizes,
            {0: columns.dtypes},
            compression=compression,
        )
        for part in edges.target.parts:
            onto = [
                (first_type + k, one)
                for k, (_, one) in enumerate(edges.projections)
                if one.target == part.name and one.n_edges
            ]
            for block in _blocks([one for _, one in onto], len(part)):
                _append(writer, edges, onto, block, columns)
        writer.finish(edges.source.size, edges.target.size)


def _blocks(projections: list[AnyProjection], n_targets: int) -> Iterator[tuple[int, int]]:
    """Yield spans of targets on which few enough edges end together."""
    if not projections:
        return
    total = np.sum([one.indptr for one in projections], axis=0)
    first = 0
    while first < n_targets:
        last = int(np.searchsorted(total, total[first] + CHUNK, side="right")) - 1
        last = min(max(last, first + 1), n_targets)
        yield first, last
        first = last


def _append(
    writer: EdgeWriter,
    edges: Edges,
    onto: list[tuple[int, AnyProjection]],
    block: tuple[int, int],
    columns: EdgeColumns,
) -> None:
    """Write the edges onto a span of targets: by target, and of each target by projection."""
    first, last = block
    begin = edges.target.first(onto[0][1].target)
    counts = [np.diff(one.indptr[first : last + 1]) for _, one in onto]
    n = int(sum(count.sum() for count in counts))
    if n == 0:
        return
    rows: dict[str, Array] = {"source": np.empty(n, np.int64), "type": np.empty(n, np.uint32)}
    rows |= {name: np.empty(n, dtype) for name, dtype in columns.dtypes.items()}
    total = np.sum(counts, axis=0)
    start = np.cumsum(total) - total
    for (type_id, one), count in zip(onto, counts, strict=True):
        here = slice(int(one.indptr[first]), int(one.indptr[last]))
        size = here.stop - here.start
        before = np.cumsum(count) - count
        to = np.arange(size) + np.repeat(start - before, count)
        rows["source"][to] = one.sources[here] + edges.source.first(one.source)
        rows["type"][to] = type_id
        for name in columns.dtypes:
            rows[name][to] = _values(one, name, here)
        start = start + count
    targets = np.repeat(np.arange(first, last) + begin, total)
    writer.append(
        rows["source"], targets, rows["type"], {name: rows[name] for name in columns.dtypes}
    )


def _values(projection: AnyProjection, name: str, here: slice) -> Array:
    if name == "syn_weight":
        weights = weights_of(projection)[here]
        return np.abs(weights) if isinstance(projection, JumpProjection) else weights
    if name == "delay":
        return projection.delays_s[here].astype(np.float64) * 1e3
    if name == "nsyns":
        return projection.n_synapses[here]
    placed = cast(ConductanceProjection, projection)
    column = placed.section_ids if name == "afferent_section_id" else placed.section_x
    return cast("Array", column)[here]


def edge_types(rows: list[dict[str, Any]], first_type: int) -> pd.DataFrame:
    """Return a table of edge types."""
    index = pd.RangeIndex(first_type, first_type + len(rows), name="edge_type_id")
    table = pd.DataFrame(rows, index=index).astype(object)
    return table.where(table.notna(), None)
