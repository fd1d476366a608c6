"""Circuits of other programs: what their tables mean for our populations and projections."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SpikeTrains
from allentk.errors import DataError, FormatError
from allentk.io.json_fields import load_json, number, numbers
from allentk.io.sonata import Circuit, EdgePopulation, NodeTable
from allentk.io.sonata.layout import component
from allentk.models import BiophysicalModel
from allentk.network.inputs import CurrentClamp, Replay
from allentk.network.population import Population
from allentk.network.sonata_kinds import ANYWHERE_UM, AREAS
from allentk.network.sonata_models import (
    TEMPLATES,
    ReadGLIF,
    biophysical_of,
    glif_of,
    swc_name,
    unknown_model,
)
from allentk.network.sonata_nodes import COLUMNS, RESERVED
from allentk.network.sonata_sort import Ends
from allentk.network.synapses import Synapse

__all__ = ["ForeignKind", "ForeignNodes", "currents_of", "foreign_kinds", "foreign_nodes"]

_OURS = {written: ours for ours, written in COLUMNS.items()}
_SECTIONS = {theirs: ours for ours, theirs in AREAS.items()}
_KIND = {
    "biophysical": "biophysical",
    "virtual": "virtual",
    "point_neuron": "point_neuron",
    "point_process": "point_neuron",
    "point_soma": "point_neuron",
}


@dataclass(frozen=True, slots=True, eq=False)
class ForeignNodes:
    """A SONATA population as our populations, with the receptors of point neurons by population."""

    ends: Ends
    populations: tuple[Population, ...]
    receptors: tuple[tuple[tuple[float, float | None, float], ...], ...]


def foreign_nodes(circuit: Circuit, nodes: NodeTable, split: str | None) -> ForeignNodes:
    """Return a SONATA population as populations of ours.

    Parameters
    ----------
    circuit : Circuit
        Where it is from.
    nodes : NodeTable
        The population.
    split : str, optional
        Column that says which nodes are a population; by default cells with compartments, point neurons and
        virtual nodes are.

    Raises
    ------
    FormatError
        Where a model or component is missing, unknown or damaged; it is named.
    """
    table = nodes.table()
    where = f"{circuit.config.path}: nodes of {nodes.name!r}"
    kind = _kinds(table, where)
    labels = _labels(table, kind, split, nodes.name, where)
    part, place = np.empty(len(table), np.int64), np.empty(len(table), np.int64)
    populations, receptors = [], []
    for k, label in enumerate(pd.unique(labels)):
        rows = np.flatnonzero(labels == label)
        part[rows], place[rows] = k, np.arange(rows.size)
        population, held = _population(
            circuit, str(label), table.iloc[rows], kind[rows], where, nodes
        )
        populations.append(population)
        receptors.append(held)
    sizes = tuple(len(population) for population in populations)
    return ForeignNodes(Ends(nodes.ids, part, place, sizes), tuple(populations), tuple(receptors))


def _kinds(table: pd.DataFrame, where: str) -> NDArray[Any]:
    if "model_type" not in table:
        raise FormatError(f"{where}: there is no column 'model_type' that says what the nodes are")
    kind = table["model_type"].map(_KIND)
    if kind.isna().any():
        unknown = table["model_type"][kind.isna()].iloc[0]
        raise FormatError(
            f"{where}: model_type {unknown!r} cannot be simulated; expected one of {', '.join(_KIND)}. "
            f"allentk.read_sonata reads the tables of any circuit"
        )
    return np.asarray(kind, dtype=object)


def _labels(
    table: pd.DataFrame, kind: NDArray[Any], split: str | None, name: str, where: str
) -> NDArray[Any]:
    if split is not None and split in table:
        values = table[split].astype(str)
        if (values != values.iloc[:1].squeeze()).any():
            return np.asarray(name + "." + values, dtype=object)
        return np.full(len(table), name, dtype=object)
    if split is not None and not set(kind) == {"virtual"}:
        raise FormatError(
            f"{where}: there is no column {split!r} to split by; got {list(table.columns)}"
        )
    if len(set(kind)) == 1:
        return np.full(len(table), name, dtype=object)
    return np.array([f"{name}.{one}" for one in kind], dtype=object)


def _population(
    circuit: Circuit,
    label: str,
    table: pd.DataFrame,
    kind: NDArray[Any],
    where: str,
    nodes: NodeTable,
) -> tuple[Population, tuple[tuple[float, float | None, float], ...]]:
    if len(set(kind)) > 1:
        raise FormatError(f"{where}: {label!r} mixes {sorted(set(kind))}; split by another column")
    dropped = [name for name in table.columns if name in RESERVED]
    columns = table.drop(columns=dropped).rename(columns=_OURS).reset_index(drop=True)
    columns = columns.dropna(axis="columns", how="all").drop(columns="model", errors="ignore")
    if kind[0] == "virtual":
        trains = _recorded(circuit, nodes, table["node_id"].to_numpy())
        source = columns if len(columns.columns) else pd.DataFrame(index=range(len(table)))
        return Population(label, (), source, Replay(trains)), ()
    shown = ["model_template", "dynamics_params", "morphology", "model_processing"]
    keys = table.reindex(columns=shown).astype(object)
    keys = keys.where(keys.notna(), None)
    number_of = keys.groupby(shown, sort=False, dropna=False).ngroup().to_numpy()
    rows = keys.iloc[np.unique(number_of, return_index=True)[1]].to_dict("records")
    columns.insert(0, "model", number_of)
    try:
        if kind[0] == "biophysical":
            cells = tuple(_biophysical(circuit, row, where) for row in rows)
            return Population(label, cells, columns), ()
        read = [_point(circuit, row, where) for row in rows]
        courses = {one.receptors for one in read}
        if len(courses) > 1:
            raise FormatError(
                f"{where}: models of {label!r} have different receptors, {sorted(courses, key=str)[:3]}; "
                f"split by a column that tells them apart"
            )
        return Population(label, tuple(one.model for one in read), columns), courses.pop()
    except DataError as error:
        raise FormatError(f"{where}: {error}") from error


def _biophysical(circuit: Circuit, row: Mapping[str, Any], where: str) -> BiophysicalModel:
    config, template = circuit.config, str(row["model_template"])
    if not template.startswith("ctdb:"):
        raise unknown_model(template, where)
    kind = "biophysical_neuron_models_dir"
    fit = component(config.folder(kind), row["dynamics_params"], where, kind)
    name = swc_name(row["morphology"])
    swc = component(config.folder("morphologies_dir"), name, where, "morphologies_dir")
    names = {"v_init": "v_init_mv", "celsius": "celsius"}
    conditions = {
        ours: number(config.conditions, theirs, where=str(config.path))
        for theirs, ours in names.items()
        if theirs in config.conditions
    }
    return biophysical_of(fit, swc, row["model_processing"], conditions, where)


def _point(circuit: Circuit, row: Mapping[str, Any], where: str) -> ReadGLIF:
    kind, template = "point_neuron_models_dir", str(row["model_template"])
    if template not in TEMPLATES:
        raise unknown_model(template, where)
    path = component(circuit.config.folder(kind), row["dynamics_params"], where, kind)
    return glif_of(template, path, where)


def _recorded(circuit: Circuit, nodes: NodeTable, ids: NDArray[np.int64]) -> SpikeTrains:
    """Return the spikes that the simulation gives to virtual nodes, none where there is no input."""
    found = [trains[nodes.name] for trains in circuit.inputs().values() if nodes.name in trains]
    if not found:
        if circuit.config.inputs:
            warnings.warn(
                f"{circuit.config.path}: no input of spikes is for the virtual population "
                f"{nodes.name!r}; it will be silent",
                UserWarning,
                stacklevel=2,
            )
        return SpikeTrains(np.empty(0), np.empty(0, np.int64), ids.size)
    times, fired = (
        np.concatenate([getattr(one, of) for one in found]) for of in ("times_s", "ids")
    )
    strange = ~np.isin(fired, nodes.ids)
    if strange.any():
        raise FormatError(
            f"{circuit.config.path}: an input has spikes of node {fired[strange][0]}, which {nodes.name!r} "
            f"does not have"
        )
    mine = np.flatnonzero(np.isin(fired, ids))
    mine = mine[np.argsort(times[mine], kind="stable")]
    by_id = np.argsort(ids)
    place = by_id[np.searchsorted(ids, fired[mine], sorter=by_id)]
    return SpikeTrains(times[mine], place, ids.size)


@dataclass(frozen=True, slots=True)
class ForeignKind:
    """What an edge type is: of currents a receptor's number, of jumps a sign, or a synapse."""

    receptor: int | None = None
    sign: int = 0
    synapse: Synapse | None = None


def foreign_kinds(circuit: Circuit, edges: EdgePopulation) -> list[ForeignKind]:
    """Return the kind of every edge type, in the order of the table.

    Raises
    ------
    FormatError
        Where a synapse is unknown, or its weights are those of a program; it is named.
    """
    if edges.n_edges and not len(edges.types):
        raise FormatError(
            f"{edges.path}: edges of {edges.name!r} need a table of types; {circuit.config.path} names none"
        )
    kinds = []
    for type_id, row in zip(edges.types.index, edges.types.to_dict("records"), strict=True):
        where = f"{circuit.config.path}: edge type {type_id} of {edges.name!r}"
        function = row.get("weight_function")
        if function not in (None, "wmax", "syn_weight", "default", "weight_function"):
            raise FormatError(
                f"{where}: weights are given by the function {function!r} of a program, which a file does "
                f"not hold; write them as syn_weight"
            )
        kinds.append(_foreign_kind(circuit, row, where))
    return kinds


def _foreign_kind(circuit: Circuit, row: Mapping[str, Any], where: str) -> ForeignKind:
    kind, template = "synaptic_models_dir", row.get("model_template")
    document: Any = {}
    if row.get("dynamics_params") is not None:
        path = component(circuit.config.folder(kind), row["dynamics_params"], where, kind)
        document = load_json(path, "parameters of a synapse")
    if not isinstance(document, Mapping):
        raise FormatError(f"{where}: expected an object as parameters, got {document!r:.60}")
    detail = str(document.get("level_of_detail", ""))
    if template == "static_synapse":
        place = number({"receptor_type": 1, **document}, "receptor_type", where=where)
        if not place.is_integer():
            raise FormatError(f"{where}: receptor_type must be a whole number, got {place:g}")
        return ForeignKind(receptor=int(place))
    if detail in ("instantaneous", "instanteneous"):
        sign = number(document, "sign", where=where)
        if sign not in (1, -1):
            raise FormatError(f"{where}: the sign of a synapse must be 1 or -1, got {sign:g}")
        return ForeignKind(sign=int(sign))
    if str(template).lower() == "exp2syn" or (template is None and detail == "exp2syn"):
        return ForeignKind(synapse=_synapse(document, row, where))
    raise FormatError(
        f"{where}: the synapse model {template or detail!r} is not one that allentk can simulate; expected "
        f"exp2syn, static_synapse or instantaneous. allentk.read_sonata reads the tables of any circuit"
    )


def _synapse(document: Mapping[str, Any], row: Mapping[str, Any], where: str) -> Synapse:
    rule: dict[str, Any] = {}
    if row.get("target_sections") is not None:
        names = _listed(row["target_sections"], where)
        if not all(isinstance(name, str) and name in _SECTIONS for name in names):
            raise FormatError(f"{where}: target_sections {names} must be some of {list(_SECTIONS)}")
        rule["sections"] = tuple(_SECTIONS[name] for name in names)
    if row.get("distance_range") is not None:
        distances = numbers(
            {"distance_range": _listed(row["distance_range"], where)}, "distance_range", where=where
        )
        rule["distance_um"] = tuple(math.inf if x >= ANYWHERE_UM else x for x in distances)
    try:
        return Synapse(
            number(document, "tau1", where=where) / 1e3,
            number(document, "tau2", where=where) / 1e3,
            number(document, "erev", where=where),
            **rule,
        )
    except DataError as error:
        raise FormatError(f"{where}: {error}") from error


def _listed(written: str, where: str) -> list[Any]:
    """Return a list that stands in a table as Python or JSON would print it."""
    try:
        found = json.loads(str(written).replace("'", '"').replace("(", "[").replace(")", "]"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where}: expected a list, got {written!r:.60}") from error
    return found if isinstance(found, list) else [found]


def currents_of(circuit: Circuit, homes: Mapping[str, ForeignNodes]) -> list[CurrentClamp]:
    """Return the current clamps of a simulation; other inputs that are no spikes are warned about.

    Raises
    ------
    FormatError
        Where a clamp lacks its amplitude or times, or selects no node.
    """
    unit = 1.0 if circuit.config.target_simulator.upper() == "NEST" else 1e3
    clamps = []
    for name, section in circuit.config.inputs.items():
        kind = section.get("input_type")
        if kind == "spikes":
            continue
        where = f"{circuit.config.path}: input {name!r}"
        if kind != "current_clamp" or section.get("module", "IClamp") != "IClamp":
            warnings.warn(
                f"{where} of type {kind!r} is not read; what is shown to the network is given to simulate",
                UserWarning,
                stacklevel=2,
            )
            continue
        amplitude = number(section, "amp", where=where) * unit
        start = number(section, "delay", where=where) / 1e3
        stop = start + number(section, "duration", where=where) / 1e3
        for population, ids in circuit.select(section.get("node_set", "all")).items():
            home = homes[population]
            parts, places = home.ends.find(ids, where)
            for k in np.unique(parts).tolist():
                rows = places[parts == k]
                n = rows.size
                clamps.append(
                    CurrentClamp(
                        home.populations[k].name,
                        rows,
                        np.full(n, amplitude),
                        np.full(n, start),
                        np.full(n, stop),
                    )
                )
    return clamps
