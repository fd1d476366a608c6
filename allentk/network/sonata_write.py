"""A network as a SONATA circuit: files that BMTK, libsonata and allentk read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from allentk.data import SpikeTrains
from allentk.io.sonata import whole_folder, write_configs, write_nodes, write_spikes, write_types
from allentk.io.sonata.layout import warn_compression
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.inputs import PoissonInput, Replay
from allentk.network.jump_projection import JumpProjection
from allentk.network.network import AnyProjection, Network
from allentk.network.population import Population
from allentk.network.projection import Projection
from allentk.network.sonata_edges import edge_columns, edge_types, write_edge_population
from allentk.network.sonata_kinds import SynapseFiles, receptors_onto
from allentk.network.sonata_layout import Edges, Nodes, edge_layout, node_layout
from allentk.network.sonata_models import (
    FOLDERS,
    Component,
    write_biophysical_component,
    write_glif_component,
    write_intfire_component,
)
from allentk.network.sonata_nodes import node_table
from allentk.network.sonata_own import write_own
from allentk.network.sonata_values import Arrays, encoded
from allentk.progress import track

__all__ = ["write_network"]

_FIRST_TYPE = 100
_DURATION_MS = 1000.0
#: Steps after which BioNet writes what it has; without a number it breaks off.
_STEPS = 5000


def write_network(
    network: Network,
    folder: str | os.PathLike[str],
    *,
    merge: Mapping[str, Sequence[str]] | None = None,
    compression: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a network as a SONATA circuit, which `read_network` reads back as it is.

    Parameters
    ----------
    network : Network
        What to write. Edges are written block by block; no merged copy of them is made.
    folder : path
        The folder; it appears whole or not at all.
    merge : mapping, optional
        Name of a SONATA population -> names of the populations that become one in it, in this order; the
        column ``pop_name`` of its node types says which is which.
    compression : {None, "gzip", "lzf"}
        Compressed files are smaller, and libsonata's wheels do not read them.
    overwrite : bool
        Replace a circuit that is there.

    Returns
    -------
    Path
        The simulation configuration; the circuit's stands beside it.

    Raises
    ------
    ConfigError
        Where the folder is there already, or there is no room or no permission; nothing is left then.
    DataError
        Where a source of spikes has no form in a file, or a column's name is one of the format's own.

    Notes
    -----
    Background inputs and sources that are no recorded spikes have no place in the format; they are in
    ``allentk.json``, and other programs run the network without them.

    Examples
    --------
    >>> import tempfile
    >>> from allentk.models import GLIFParameters
    >>> from allentk.network import Population, Projection, Receptor
    >>> import pandas as pd
    >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> pair = Population("pair", (cell,), pd.DataFrame(index=range(2)))
    >>> wire = Projection("pair", "pair", [0, 0, 1], [0], 10.0, 0.001, Receptor(0.002, 1))
    >>> with tempfile.TemporaryDirectory() as here:
    ...     sorted(p.name for p in write_network(Network([pair], [wire]), f"{here}/net").parent.iterdir())
    ['allentk.h5', 'allentk.json', 'circuit_config.json', 'components', 'network', 'node_sets.json',
     'simulation_config.json']
    """
    warn_compression(compression)
    nodes = node_layout(network, merge)
    edges = edge_layout(network, nodes)
    with whole_folder(folder, overwrite=overwrite) as part:
        (part / "network").mkdir()
        for name in FOLDERS.values():
            (part / "components" / name).mkdir(parents=True)
        arrays: Arrays = {}
        document = {
            "name": network.name,
            "populations": _write_nodes(network, nodes, part, arrays, compression),
            "projections": _write_edges(network, edges, part, compression),
            "background": [
                encoded(one, f"background.{k}", arrays) for k, one in enumerate(network.background)
            ],
            "currents": [
                encoded(one, f"currents.{k}", arrays) for k, one in enumerate(network.currents)
            ],
        }
        inputs = _write_inputs(nodes, part, compression)
        main = write_configs(
            part,
            [one.name for one in nodes],
            [one.name for one in edges],
            {key: f"$BASE_DIR/components/{name}" for key, name in FOLDERS.items()},
            _simulation(network, nodes, inputs),
        )
        if network.compartmental:
            _copy_mechanisms(part / "components" / FOLDERS["mechanisms_dir"] / "modfiles")
        write_own(part, document, arrays, compression)
    return Path(folder) / main.name


def _write_nodes(
    network: Network,
    nodes: Sequence[Nodes],
    folder: Path,
    arrays: Arrays,
    compression: str | None,
) -> list[dict[str, Any]]:
    written: dict[str, dict[str, Any]] = {}
    for one in nodes:
        components = {
            part.name: _components(network, part, folder / "components", stem)
            for part, stem in zip(one.parts, _stems(one), strict=True)
        }
        table, parts = node_table(one, components)
        path = folder / "network" / f"{one.name}_nodes.h5"
        write_nodes(path, (table,), compression=compression)
        types = path.with_name(f"{one.name}_node_types.csv")
        write_types(types, table.types, "node_type_id")
        for part, own in zip(one.parts, parts, strict=True):
            own["models"] = _models(part, components[part.name])
            if part.source is not None and not isinstance(part.source, Replay):
                own["source"] = encoded(
                    part.source, f"source of {part.name}".replace("/", "_"), arrays
                )
            written[part.name] = own
    return [written[population.name] for population in network.populations]


def _stems(nodes: Nodes) -> list[str]:
    """Return how the components of every part are called."""
    if len(nodes.parts) == 1:
        return [nodes.name]
    return [f"{nodes.name}_{k}" for k in range(len(nodes.parts))]


def _components(
    network: Network, population: Population, folder: Path, stem: str
) -> list[Component]:
    if population.virtual:
        return [{"model_type": "virtual"}]
    if population.compartmental:
        return [
            write_biophysical_component(model, folder, f"{stem}_{k}")
            for k, model in enumerate(population.compartmental_models)
        ]
    if _is_intfire(network, population):
        return [
            write_intfire_component(model, folder, f"{stem}_{k}")
            for k, model in enumerate(population.point_models)
        ]
    receptors = receptors_onto(network, population.name)
    return [
        write_glif_component(model, receptors, folder, f"{stem}_{k}")
        for k, model in enumerate(population.point_models)
    ]


def _is_intfire(network: Network, population: Population) -> bool:
    """Whether cells are NEURON's ``IntFire1``: level 1, 1 mV, reached by jumps and nothing else."""
    name = population.name
    onto = [one for one in network.projections if one.target == name]
    driven = any(isinstance(one, PoissonInput) and one.target == name for one in network.background)
    return (
        all(model.level == 1 and model.th_inf_mv == 1.0 for model in population.point_models)
        and all(isinstance(one, JumpProjection) for one in onto)
        and bool(onto)
        and not driven
    )


def _models(population: Population, components: list[Component]) -> list[dict[str, Any]]:
    if population.compartmental:
        return [
            {
                "fit": component["dynamics_params"],
                "morphology": component["morphology"],
                "sources": [model.parameters.source, model.morphology.source],
            }
            for model, component in zip(population.compartmental_models, components, strict=True)
        ]
    return [model.to_dict() for model in population.point_models]


def _write_edges(
    network: Network, edges: Sequence[Edges], folder: Path, compression: str | None
) -> list[dict[str, Any]]:
    files = SynapseFiles(network, folder / "components")
    written: dict[int, dict[str, Any]] = {}
    for one in track(edges, "saving"):
        columns = edge_columns(one)
        rows = []
        for k, (place, projection) in enumerate(one.projections):
            constants = dict(columns.constants[k])
            if isinstance(projection, JumpProjection) and "syn_weight" in constants:
                constants["syn_weight"] = abs(constants["syn_weight"])
            rows.append({**_query(one, projection), **files.columns(projection), **constants})
            written[place] = {
                "edges": one.name,
                "type": _FIRST_TYPE + k,
                "source": projection.source,
                "target": projection.target,
                **_kind(projection),
            }
        path = folder / "network" / f"{one.name}_edges.h5"
        write_edge_population(one, columns, _FIRST_TYPE, path, compression)
        types = path.with_name(f"{one.name}_edge_types.csv")
        write_types(types, edge_types(rows, _FIRST_TYPE), "edge_type_id")
    return [written[place] for place in range(len(network.projections))]


def _query(edges: Edges, projection: AnyProjection) -> dict[str, str]:
    """Say which nodes an edge type is about, as builders do; nobody evaluates it."""
    ends = {"target_query": (edges.target, projection.target)}
    ends["source_query"] = (edges.source, projection.source)
    return {
        name: "*" if len(nodes.parts) == 1 else f"pop_name=='{population}'"
        for name, (nodes, population) in ends.items()
    }


def _kind(projection: AnyProjection) -> dict[str, Any]:
    if isinstance(projection, Projection):
        return {"kind": "current", "receptor": encoded(projection.receptor, "", {})}
    if isinstance(projection, JumpProjection):
        return {"kind": "jump", "sign": projection.sign}
    assert isinstance(projection, ConductanceProjection)
    synapse = encoded(projection.synapse, "", {})
    return {
        "kind": "conductance",
        "synapse": synapse,
        "seed": int(projection.seed),
        "placed": projection.is_placed,
    }


def _write_inputs(
    nodes: Sequence[Nodes], folder: Path, compression: str | None
) -> dict[str, dict[str, Any]]:
    """Write the recorded spikes of virtual populations."""
    inputs = {}
    for one in nodes:
        replayed = [
            (one.first(part.name), part.source.trains)
            for part in one.parts
            if isinstance(part.source, Replay)
        ]
        if not replayed:
            continue
        times = np.concatenate([trains.times_s for _, trains in replayed])
        ids = np.concatenate([trains.ids + first for first, trains in replayed])
        order = np.argsort(times, kind="stable")
        (folder / "inputs").mkdir(exist_ok=True)
        name = f"{one.name}_spikes.h5"
        trains = SpikeTrains(times[order], ids[order], one.size)
        write_spikes({one.name: trains}, folder / "inputs" / name, compression=compression)
        inputs[f"{one.name}_spikes"] = {
            "input_type": "spikes",
            "module": "sonata",
            "input_file": f"$BASE_DIR/inputs/{name}",
            "node_set": one.name,
        }
    return inputs


def _simulation(
    network: Network, nodes: Sequence[Nodes], inputs: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    models = [m for p in network.populations for m in p.compartmental_models]
    neuron = bool(models) or any(isinstance(p, JumpProjection) for p in network.projections)
    conditions = (
        {"celsius": models[0].parameters.celsius, "v_init": models[0].parameters.v_init_mv}
        if models
        else {}
    )
    ends = [
        p.source.trains.times_s[-1] * 1e3
        for p in network.populations
        if isinstance(p.source, Replay) and len(p.source.trains)
    ]
    tstop = float(np.ceil(max(ends, default=_DURATION_MS)))
    return {
        "target_simulator": "NEURON" if neuron else "NEST",
        "run": {"tstop": tstop, "dt": 0.1, **({"nsteps_block": _STEPS} if neuron else {})},
        "conditions": conditions,
        "inputs": inputs,
        "reports": {},
        "output": {
            "output_dir": "$OUTPUT_DIR",
            "log_file": "log.txt",
            "spikes_file": "spikes.h5",
            "spikes_sort_order": "time",
        },
        "node_sets": {one.name: {"population": one.name} for one in nodes},
    }


def _copy_mechanisms(folder: Path) -> None:
    """Put the channels beside the models, for ``nrnivmodl``, under the names that their fits have."""
    folder.mkdir(parents=True)
    for file in resources.files("allentk.models").joinpath("mechanisms").iterdir():
        text = file.read_text(encoding="utf-8") if file.name.endswith(".mod") else ""
        if "SUFFIX atk_" in text:
            (folder / file.name).write_text(text.replace("SUFFIX atk_", "SUFFIX "), "utf-8")
