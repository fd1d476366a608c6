"""A SONATA circuit as a network: ours as it was, another program's by what its tables say."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from allentk.data import SpikeTrains
from allentk.errors import DataError, FormatError
from allentk.io import read_biophysical, read_swc
from allentk.io.sonata import Circuit, EdgePopulation, read_sonata
from allentk.io.sonata.layout import component
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.inputs import CurrentClamp, Replay
from allentk.network.jump_projection import JumpProjection
from allentk.network.network import AnyProjection, Network
from allentk.network.population import Population
from allentk.network.projection import Projection, Receptor
from allentk.network.sonata_foreign import (
    ForeignKind,
    ForeignNodes,
    currents_of,
    foreign_kinds,
    foreign_nodes,
)
from allentk.network.sonata_nodes import our_nodes
from allentk.network.sonata_own import Own, read_own
from allentk.network.sonata_sort import Bundle, Ends, sort_edges
from allentk.network.synapses import Synapse

__all__ = ["read_network"]


def read_network(
    config: str | os.PathLike[str], *, split: str | None = None, name: str | None = None
) -> Network:
    """Read a SONATA circuit as a network that can be simulated.

    Parameters
    ----------
    config : path
        A circuit or simulation configuration, or a folder with one. Recorded spikes and current clamps are
        inputs of a simulation, so that a circuit alone has silent virtual populations.
    split : str, optional
        Column by which nodes of another program's file become populations, such as ``"pop_name"``; by
        default the cells with compartments, the point neurons and the virtual nodes of a SONATA population
        are one each. Circuits that allentk wrote have their own populations.
    name : str, optional
        Name of the network; by default what was saved, or the folder's.

    Returns
    -------
    Network
        Of another program's circuit, edge types with the same receptor or synapse are one projection, with
        weights and delays per edge where they differ.

    Raises
    ------
    FormatError
        Where a file is missing or damaged, a model or synapse cannot be simulated (`read_sonata` reads the
        tables of any circuit), ids are out of range, or a component was changed after saving.

    Examples
    --------
    >>> network = read_network("v1/circuit_config.json")  # doctest: +SKIP
    >>> network.connections()  # doctest: +SKIP
    """
    circuit = read_sonata(config)
    own = read_own(circuit.config.path.parent)
    try:
        if own is not None:
            return _own_network(circuit, own, name)
        return _foreign_network(circuit, split, name)
    except DataError as error:
        raise FormatError(f"{circuit.config.path}: {error}") from error


def _foreign_network(circuit: Circuit, split: str | None, name: str | None) -> Network:
    homes = {one.name: foreign_nodes(circuit, one, split) for one in circuit.nodes}
    projections = [
        projection
        for edges in circuit.edges
        for projection in _foreign_projections(circuit, edges, homes)
    ]
    populations = [one for home in homes.values() for one in home.populations]
    return Network(
        tuple(populations),
        tuple(projections),
        (),
        tuple(currents_of(circuit, homes)),
        name or circuit.config.path.parent.resolve().name,
    )


def _foreign_projections(
    circuit: Circuit, edges: EdgePopulation, homes: Mapping[str, ForeignNodes]
) -> list[AnyProjection]:
    if edges.n_edges == 0:
        return []
    kinds = foreign_kinds(circuit, edges)
    distinct = list(dict.fromkeys(kinds))
    source, target = homes[edges.source], homes[edges.target]
    bundles = sort_edges(
        edges,
        [distinct.index(one) for one in kinds],
        [one.synapse is not None for one in kinds],
        source.ends,
        target.ends,
    )
    made: list[AnyProjection] = []
    for bundle in bundles:
        where = f"{edges.path}: edges of {edges.name!r}"
        pre, post = source.populations[bundle.source], target.populations[bundle.target]
        kind = distinct[bundle.kind]
        if kind.receptor is not None:
            receptor = _receptor(kind, bundle, target.receptors[bundle.target], post, where)
            made.append(_current(bundle, pre.name, post.name, receptor))
        elif kind.synapse is not None:
            made.append(_conductance(bundle, pre.name, post.name, kind.synapse, 0))
        else:
            made.append(_jump(bundle, pre.name, post.name, kind.sign))
    return made


def _receptor(
    kind: ForeignKind,
    bundle: Bundle,
    receptors: tuple[tuple[float, float | None, float], ...],
    target: Population,
    where: str,
) -> Receptor:
    place = cast(int, kind.receptor) - 1
    if not 0 <= place < len(receptors):
        raise FormatError(
            f"{where}: receptor_type {kind.receptor}, and the models of {target.name!r} have "
            f"{len(receptors)} receptors (tau_syn)"
        )
    low, high = float(bundle.low["weight"]), float(bundle.high["weight"])
    if not (low >= 0 or high <= 0):
        raise FormatError(
            f"{where}: weights onto receptor {kind.receptor} of {target.name!r} have both signs, {low:g} "
            f"to {high:g} pA; a receptor excites or inhibits: give each its own edge type and receptor"
        )
    return Receptor(receptors[place][0], 1 if low >= 0 else -1, *receptors[place][1:])


def _current(bundle: Bundle, source: str, target: str, receptor: Receptor) -> Projection:
    return Projection(
        source,
        target,
        bundle.indptr,
        bundle.sources,
        bundle.columns["weight"],
        bundle.columns["delay"],
        receptor,
        bundle.columns["n_synapses"],
    )


def _jump(bundle: Bundle, source: str, target: str, sign: int) -> JumpProjection:
    weights = np.abs(bundle.columns["weight"]) * np.float32(sign)
    weights = np.asarray(weights)
    weights.flags.writeable = False
    return JumpProjection(
        source,
        target,
        bundle.indptr,
        bundle.sources,
        weights,
        bundle.columns["delay"],
        sign,
        bundle.columns["n_synapses"],
    )


def _conductance(
    bundle: Bundle, source: str, target: str, synapse: Synapse, seed: int
) -> ConductanceProjection:
    places = (
        {"section_ids": bundle.columns["section"], "section_x": bundle.columns["x"]}
        if bundle.placed
        else {}
    )
    return ConductanceProjection(
        source,
        target,
        bundle.indptr,
        bundle.sources,
        bundle.columns["weight"],
        bundle.columns["delay"],
        synapse,
        seed,
        n_synapses=bundle.columns["n_synapses"],
        **places,
    )


def _own_network(circuit: Circuit, own: Own, name: str | None) -> Network:
    with own.understood():
        listed = own.list("populations")
        populations = [_own_population(circuit, own, one) for one in listed]
        projections: dict[int, AnyProjection] = {}
        for edges in circuit.edges:
            projections |= _own_projections(circuit, own, edges, listed)
        sizes = {one.name: len(one) for one in populations}
        for k, one in enumerate(own.list("projections")):
            if k not in projections:
                projections[k] = _empty(own, one, sizes)
        return Network(
            tuple(populations),
            tuple(projections[k] for k in sorted(projections)),
            tuple(own.value(one) for one in own.list("background")),
            tuple(cast(CurrentClamp, own.value(one)) for one in own.list("currents")),
            name or own.name,
        )


def _own_population(circuit: Circuit, own: Own, part: Mapping[str, Any]) -> Population:
    table = circuit.population(part["nodes"])
    own.span(part, len(table))
    nodes = our_nodes(table, part, own.where)
    if part["models"]:
        make = _own_biophysical if "fit" in part["models"][0] else _own_glif
        return Population(part["name"], tuple(make(circuit, one) for one in part["models"]), nodes)
    if "source" in part:
        return Population(part["name"], (), nodes, own.value(part["source"]))
    return Population(part["name"], (), nodes, Replay(_own_spikes(circuit, part)))


def _own_glif(_: Circuit, document: Mapping[str, Any]) -> Any:
    return GLIFParameters.from_dict(document)


def _own_biophysical(circuit: Circuit, document: Mapping[str, Any]) -> Any:
    config, where = circuit.config, str(circuit.config.path)
    kind = "biophysical_neuron_models_dir"
    fit = component(config.folder(kind), document["fit"], where, kind)
    swc = component(
        config.folder("morphologies_dir"), document["morphology"], where, "morphologies_dir"
    )
    sources = document["sources"]
    parameters = replace(read_biophysical(fit), source=sources[0])
    return BiophysicalModel(parameters, replace(read_swc(swc), source=sources[1]))


def _own_spikes(circuit: Circuit, part: Mapping[str, Any]) -> SpikeTrains:
    first, n = part["first"], part["n"]
    for trains in circuit.inputs().values():
        if part["nodes"] in trains:
            found = trains[part["nodes"]]
            mine = (found.ids >= first) & (found.ids < first + n)
            return SpikeTrains(found.times_s[mine], found.ids[mine] - first, n)
    warnings.warn(
        f"{circuit.config.path}: no input gives the recorded spikes of {part['name']!r}, which will be "
        f"silent; read the simulation configuration, not that of the circuit",
        UserWarning,
        stacklevel=2,
    )
    return SpikeTrains(np.empty(0), np.empty(0, np.int64), n)


def _own_ends(
    circuit: Circuit, population: str, listed: list[Mapping[str, Any]]
) -> tuple[Ends, list[str]]:
    ids = circuit.population(population).ids
    parts = sorted((p for p in listed if p["nodes"] == population), key=lambda p: int(p["first"]))
    sizes = tuple(int(part["n"]) for part in parts)
    if sum(sizes) != ids.size:
        raise FormatError(
            f"{circuit.config.path}: {population!r} has {ids.size} nodes, its parts {sum(sizes)}"
        )
    number: NDArray[np.int64] = np.repeat(np.arange(len(parts)), sizes)
    place = np.concatenate([np.arange(n) for n in sizes])
    return Ends(ids, number, place, sizes), [str(part["name"]) for part in parts]


def _own_projections(
    circuit: Circuit, own: Own, edges: EdgePopulation, listed: list[Mapping[str, Any]]
) -> dict[int, AnyProjection]:
    said = {
        int(one["type"]): (k, one)
        for k, one in enumerate(own.list("projections"))
        if one["edges"] == edges.name
    }
    unknown = [int(one) for one in edges.types.index if int(one) not in said]
    if unknown:
        raise FormatError(
            f"{own.where}: edge type {unknown[0]} of {edges.name!r} is not one that allentk wrote"
        )
    numbers = [said[int(one)] for one in edges.types.index]
    source, sources = _own_ends(circuit, edges.source, listed)
    target, targets = _own_ends(circuit, edges.target, listed)
    placed = [bool(one.get("placed")) for _, one in numbers]
    bundles = sort_edges(edges, list(range(len(numbers))), placed, source, target)
    made: dict[int, AnyProjection] = {}
    for bundle in bundles:
        k, one = numbers[bundle.kind]
        ends = sources[bundle.source], targets[bundle.target]
        if k in made or ends != (one["source"], one["target"]):
            raise FormatError(
                f"{edges.path}: edges of type {one['type']} join {ends[0]!r} and {ends[1]!r}; {own.where} "
                f"says {one['source']!r} and {one['target']!r}"
            )
        made[k] = _own_projection(own, one, bundle)
    return made


def _own_projection(own: Own, one: Mapping[str, Any], bundle: Bundle) -> AnyProjection:
    source, target = one["source"], one["target"]
    if one["kind"] == "current":
        return _current(bundle, source, target, own.value(one["receptor"]))
    if one["kind"] == "jump":
        return _jump(bundle, source, target, one["sign"])
    return _conductance(bundle, source, target, own.value(one["synapse"]), one["seed"])


def _empty(own: Own, one: Mapping[str, Any], sizes: Mapping[str, int]) -> AnyProjection:
    """Return a projection without an edge, of which a file has only the type."""
    bundle = Bundle(0, 0, 0, bool(one.get("placed")))
    bundle.counts = np.zeros(sizes[one["target"]], np.int64)
    bundle.columns = {
        "weight": np.empty(0, np.float32),
        "delay": np.empty(0, np.float32),
        "n_synapses": np.empty(0, np.uint16),
        "section": np.empty(0, np.int32),
        "x": np.empty(0),
    }
    return _own_projection(own, one, bundle)
