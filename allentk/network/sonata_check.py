"""What is wrong with a SONATA circuit: all that a reader would trip over, or pass over in silence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.sonata import (
    Circuit,
    EdgePopulation,
    NetworkFiles,
    NodeTable,
    SonataConfig,
    read_config,
    read_edges,
    read_nodes,
    read_spikes,
    select_nodes,
    spike_populations,
)
from allentk.io.sonata.facts import edge_facts, file_facts
from allentk.io.sonata.layout import component
from allentk.network.sonata_models import TEMPLATES, swc_name
from allentk.network.sonata_own import read_own

__all__ = ["Finding", "validate"]

Level = Literal["FATAL", "WARNING", "INFO"]

_SYNAPSES = ("static_synapse", "exp2syn", "Exp2Syn")
_VALUES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.bool_]]] = {
    "syn_weight": np.isfinite,
    "delay": lambda values: np.isfinite(values) & (values >= 0),
}
_WRONG = {
    "syn_weight": "missing or not finite",
    "delay": "negative, missing or not finite",
}
_FOLDERS = {
    "biophysical": "biophysical_neuron_models_dir",
    "point_neuron": "point_neuron_models_dir",
    "point_process": "point_neuron_models_dir",
    "point_soma": "point_neuron_models_dir",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a validation found.

    Parameters
    ----------
    level : {"FATAL", "WARNING", "INFO"}
        It cannot be read or run; it may not do what was meant; some program cannot read it.
    where : str
        File and place.
    what : str
        What is the matter, what was expected and what was found.
    """

    level: Level
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.level} {self.where}: {self.what}"


def validate(config: str | os.PathLike[str]) -> list[Finding]:
    """Check a SONATA circuit, and the simulation where there is one.

    Parameters
    ----------
    config : path
        A circuit or simulation configuration, or a folder with one.

    Returns
    -------
    list of Finding
        The worst first; empty where there is nothing to say.

    Examples
    --------
    >>> validate("nowhere/circuit_config.json")[0].level
    'FATAL'
    """
    found = list(_all(config))
    order = {"FATAL": 0, "WARNING": 1, "INFO": 2}
    return sorted(found, key=lambda one: order[one.level])


def _all(path: str | os.PathLike[str]) -> Iterator[Finding]:
    try:
        config = read_config(path)
    except FormatError as error:
        yield Finding("FATAL", str(path), str(error))
        return
    nodes: list[NodeTable] = []
    edges: list[EdgePopulation] = []
    yield from _opened(config, config.nodes, read_nodes, nodes)
    yield from _opened(config, config.edges, read_edges, edges)
    if not nodes:
        yield Finding("FATAL", str(config.path), "expected nodes, got none that can be read")
    yield from _names(config, nodes, edges)
    for table in nodes:
        yield from _nodes(config, table)
    for population in edges:
        yield from _edges(config, population, nodes)
    yield from _sets(config, nodes)
    yield from _inputs(config, nodes)
    yield from _reports(config, nodes)
    try:
        read_own(config.path.parent)
    except FormatError as error:
        yield Finding("FATAL", str(config.path.parent), str(error))


def _opened(
    config: SonataConfig,
    files: Sequence[NetworkFiles],
    read: Callable[[Path, Path | None], Sequence[Any]],
    kept: list[Any],
) -> Iterator[Finding]:
    """Read the files of nodes or edges; put into `kept` what can be read."""
    for one in files:
        if one.types is None:
            yield Finding("FATAL", str(one.file), f"{config.path} names no table of types for it")
        try:
            kept.extend(read(one.file, one.types))
            yield from _file(one.file)
        except FormatError as error:
            yield Finding("FATAL", str(one.file), f"{config.path} names it: {error}")


def _file(path: str | os.PathLike[str]) -> Iterator[Finding]:
    facts = file_facts(path)
    if not facts.magic:
        yield Finding("WARNING", str(path), "expected the attribute magic = 0x0A7A of SONATA files")
    elif not facts.version:
        yield Finding("INFO", str(path), "expected the attribute version = (0, 1)")
    if facts.compressed:
        yield Finding("INFO", str(path), "is compressed, which libsonata's wheels do not read")


def _names(
    config: SonataConfig, nodes: list[NodeTable], edges: list[EdgePopulation]
) -> Iterator[Finding]:
    for several in (nodes, edges):
        names = [one.name for one in several]
        for name in sorted({one for one in names if names.count(one) > 1}):
            yield Finding("FATAL", str(config.path), f"several populations are called {name!r}")


def _nodes(config: SonataConfig, table: NodeTable) -> Iterator[Finding]:
    where = f"nodes of {table.name!r}"
    if len(table) == 0:
        yield Finding("WARNING", where, "the population is empty")
    if not np.array_equal(table.ids, np.arange(len(table))):
        yield Finding("INFO", where, f"ids are not 0 to {len(table) - 1} in order")
    if set(table.nodes["node_group_id"]) - {0}:
        yield Finding("INFO", where, "has several groups of columns; libsonata reads one")
    for type_id, row in zip(table.types.index, table.types.to_dict("records"), strict=True):
        at, kind = f"{where}, type {type_id}", row.get("model_type")
        if kind is None and "model_type" not in table.nodes:
            yield Finding("FATAL", at, "there is no model_type")
        if kind == "virtual" or kind is None:
            continue
        if row.get("model_template") not in TEMPLATES:
            yield Finding(
                "WARNING",
                at,
                f"allentk cannot simulate {row.get('model_template')!r}; expected one of "
                f"{', '.join(TEMPLATES)}",
            )
        if kind in _FOLDERS:
            yield from _component(config, _FOLDERS[kind], row.get("dynamics_params"), at)
        if kind == "biophysical":
            name = swc_name(row.get("morphology"))
            yield from _component(config, "morphologies_dir", name, at)


def _component(config: SonataConfig, folder: str, name: Any, where: str) -> Iterator[Finding]:
    if name is None:
        yield Finding("WARNING", where, f"names no component in {folder}")
        return
    try:
        component(config.folder(folder), name, where, folder)
    except FormatError as error:
        yield Finding("FATAL", where, str(error).removeprefix(f"{where}: "))


def _edges(
    config: SonataConfig, edges: EdgePopulation, nodes: list[NodeTable]
) -> Iterator[Finding]:
    where = f"edges of {edges.name!r}"
    if edges.n_edges == 0:
        yield Finding("WARNING", where, "the population is empty")
    if len(edges.groups) > 1:
        yield Finding("INFO", where, "has several groups of columns; libsonata reads one")
    known = {one.name: one for one in nodes}
    for end, name in (("source", edges.source), ("target", edges.target)):
        if name not in known:
            yield Finding(
                "FATAL", where, f"its {end}s are of {name!r}; there are populations {sorted(known)}"
            )
    try:
        yield from _scan(edges, known, where)
        facts = edge_facts(edges.path, edges.name)
    except FormatError as error:
        yield Finding("FATAL", where, str(error))
        return
    for end, wrong in (("source", facts.source_index), ("target", facts.target_index)):
        if wrong is None:
            yield Finding("INFO", where, f"has no index of its {end}s; finding edges takes longer")
        elif wrong:
            yield Finding("FATAL", where, f"the index of its {end}s {wrong}; write the file anew")
    if not facts.both_names:
        yield Finding(
            "INFO", where, "its index has one name; BMTK and libsonata look for different ones"
        )
    for type_id, row in zip(edges.types.index, edges.types.to_dict("records"), strict=True):
        at = f"{where}, type {type_id}"
        if row.get("dynamics_params") is not None:
            yield from _component(config, "synaptic_models_dir", row["dynamics_params"], at)
        template = row.get("model_template")
        if template is not None and template not in _SYNAPSES:
            yield Finding("WARNING", at, f"allentk cannot simulate the synapse {template!r}")


def _scan(edges: EdgePopulation, known: dict[str, NodeTable], where: str) -> Iterator[Finding]:
    """Look through all edges: ids, types, and whether they are sorted by target."""
    last, ordered = -1, True
    missing: set[str] = set()
    wrong: dict[str, int] = {}
    bad_values = {
        name: 0 for name in _VALUES if name in edges.columns or name in edges.types.columns
    }
    for chunk in edges.chunks(columns=tuple(_VALUES)):
        for name in bad_values:
            bad_values[name] += _bad_values(name, chunk, edges.types)
        for end, name in (("source", edges.source), ("target", edges.target)):
            ids = chunk[f"{end}_node_id"].to_numpy()
            if name in known and end not in wrong:
                n, own = len(known[name]), known[name].ids
                plain = np.array_equal(own, np.arange(n))
                bad = ids >= n if plain else ~np.isin(ids, own)
                if bad.any():
                    wrong[end] = int(ids[bad][0])
        targets = chunk["target_node_id"].to_numpy()
        ordered &= bool(targets.size == 0 or (targets[0] >= last and (np.diff(targets) >= 0).all()))
        last = int(targets[-1]) if targets.size else last
        unknown = np.setdiff1d(chunk["edge_type_id"].unique(), edges.types.index)
        missing |= {str(one) for one in unknown}
    for end, node in wrong.items():
        name = edges.source if end == "source" else edges.target
        yield Finding(
            "FATAL", where, f"{end} {node} is not one of the {len(known[name])} nodes of {name!r}"
        )
    if missing:
        yield Finding(
            "FATAL",
            where,
            f"edge types {', '.join(sorted(missing)[:8])} are not in the table of types",
        )
    if not ordered:
        yield Finding("INFO", where, "edges are not sorted by target; reading takes longer")
    for name, wrong_word in _WRONG.items():
        if bad_values.get(name):
            yield Finding(
                "FATAL",
                where,
                f"{bad_values[name]} values of {name} are {wrong_word}; write them anew",
            )
        if edges.n_edges and name not in bad_values:
            yield Finding(
                "WARNING", where, f"edges have no {name}, neither of their own nor by type"
            )


def _bad_values(name: str, chunk: pd.DataFrame, types: pd.DataFrame) -> int:
    """Return how many edges have a value that makes no sense, of their own or else by their type."""
    values: NDArray[np.float64] = np.full(len(chunk), np.nan)
    if name in chunk:
        if chunk[name].dtype.kind not in "biuf":
            return len(chunk)
        values = chunk[name].to_numpy(float)
    if name in types:
        given = pd.to_numeric(types[name], errors="coerce").to_numpy(float)
        of_type = np.append(given, np.nan)[types.index.get_indexer(chunk["edge_type_id"])]
        values = np.where(np.isfinite(values), values, of_type)
    return int((~_VALUES[name](values)).sum())


def _sets(config: SonataConfig, nodes: list[NodeTable]) -> Iterator[Finding]:
    for name in config.node_sets:
        try:
            if not select_nodes(name, nodes, config.node_sets):
                yield Finding("WARNING", f"node set {name!r}", "selects no node")
        except FormatError as error:
            yield Finding("FATAL", f"node set {name!r}", str(error))


def _selection(config: SonataConfig, nodes: list[NodeTable], wanted: Any) -> dict[str, Any]:
    found = select_nodes(wanted, nodes, config.node_sets)
    if not found:
        raise FormatError(f"{wanted!r} selects no node")
    return found


def _inputs(config: SonataConfig, nodes: list[NodeTable]) -> Iterator[Finding]:
    driven: set[str] = set()
    for name, one in config.inputs.items():
        where = f"input {name!r}"
        try:
            chosen = _selection(config, nodes, one.get("node_set", "all"))
        except FormatError as error:
            yield Finding("FATAL", where, str(error))
            continue
        driven |= set(chosen)
        path = one.get("input_file")
        if one.get("input_type") != "spikes" or not isinstance(path, str):
            continue
        try:
            only = replace(config, inputs={name: one})
            Circuit(only, tuple(nodes), ()).inputs()
            if not path.endswith(".csv"):
                yield from _file(path)
                for population in spike_populations(path):
                    if not len(read_spikes(path, population or None)):
                        yield Finding("WARNING", where, f"{path} has no spike of {population!r}")
        except FormatError as error:
            yield Finding("FATAL", where, str(error))
    if config.inputs:
        for table in nodes:
            virtual = "model_type" in table.types and (table.types["model_type"] == "virtual").all()
            if virtual and table.name not in driven:
                yield Finding(
                    "WARNING", f"nodes of {table.name!r}", "no input drives these virtual nodes"
                )


def _reports(config: SonataConfig, nodes: list[NodeTable]) -> Iterator[Finding]:
    for name, one in config.reports.items():
        try:
            _selection(config, nodes, one.get("cells", "all"))
        except FormatError as error:
            yield Finding("FATAL", f"report {name!r}", f"cells: {error}")
