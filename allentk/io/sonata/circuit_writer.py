"""Writing a circuit of tables again, as files that BMTK and libsonata both read."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from allentk.atomic import write_text
from allentk.io.sonata.circuit import Circuit
from allentk.io.sonata.config import SonataConfig
from allentk.io.sonata.edge_writer import EdgeWriter
from allentk.io.sonata.edges import EdgePopulation
from allentk.io.sonata.folder import whole_folder
from allentk.io.sonata.layout import create_hdf5, warn_compression
from allentk.io.sonata.nodes import write_nodes
from allentk.io.sonata.spikes import write_spikes
from allentk.io.sonata.types import write_types

__all__ = ["stems", "write_configs", "write_sonata"]

_CIRCUIT = "circuit_config.json"
_SIMULATION = "simulation_config.json"
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")


def stems(names: Iterable[str]) -> dict[str, str]:
    """Return a name for files and HDF5 groups for every name, all different.

    Examples
    --------
    >>> stems(["L2/3 Exc", "L2_3 Exc"])
    {'L2/3 Exc': 'L2_3_Exc', 'L2_3 Exc': 'L2_3_Exc_2'}
    """
    made: dict[str, str] = {}
    for name in names:
        plain = _SAFE.sub("_", name).strip(".") or "population"
        stem, number = plain, 2
        while stem in made.values():
            stem, number = f"{plain}_{number}", number + 1
        made[name] = stem
    return made


def write_sonata(
    circuit: Circuit,
    folder: str | os.PathLike[str],
    *,
    compression: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a circuit of tables into a new folder, with indices, in the form that all readers take.

    Parameters
    ----------
    circuit : Circuit
        What to write. Components stay where they are and are named by whole paths. Several groups of
        edges are kept with a warning, as libsonata reads one; those of nodes become one.
    folder : path
        The folder; it appears whole or not at all.
    compression : {None, "gzip", "lzf"}
        Compressed files are smaller, and libsonata's wheels do not read them.
    overwrite : bool
        Replace a circuit that is there.

    Returns
    -------
    Path
        The circuit configuration, or that of the simulation where there is one.

    Raises
    ------
    ConfigError
        Where the folder is there already, or there is no room or no permission.
    FormatError
        Where a file of the circuit is damaged.
    """
    warn_compression(compression)
    config = circuit.config
    names = stems(one.name for one in circuit.nodes)
    edge_names = stems(one.name for one in circuit.edges)
    with whole_folder(folder, overwrite=overwrite) as part:
        network = part / "network"
        network.mkdir()
        for table in circuit.nodes:
            stem = names[table.name]
            write_nodes(network / f"{stem}_nodes.h5", (table,), compression=compression)
            write_types(network / f"{stem}_node_types.csv", table.types, "node_type_id")
        for edges in circuit.edges:
            stem = edge_names[edges.name]
            _copy_edges(circuit, edges, network / f"{stem}_edges.h5", compression)
            write_types(network / f"{stem}_edge_types.csv", edges.types, "edge_type_id")
        inputs = {name: dict(one) for name, one in config.inputs.items()}
        for name, trains in circuit.inputs().items():
            file = f"inputs/{stems([name])[name]}.h5"
            write_spikes(trains, part / file, compression=compression)
            inputs[name] |= {"input_file": f"$BASE_DIR/{file}", "module": "sonata"}
        components = {name: str(path) for name, path in config.components.items()}
        main = write_configs(
            part,
            list(names.values()),
            list(edge_names.values()),
            components,
            _simulation(config, inputs),
        )
    return Path(folder) / main.name


def _simulation(config: SonataConfig, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the simulation with its inputs where they lie now; None where there is none."""
    if not (config.run or config.inputs or config.reports):
        return None
    return {
        "target_simulator": config.target_simulator,
        "run": dict(config.run),
        "conditions": dict(config.conditions),
        "inputs": dict(inputs),
        "reports": {name: dict(one) for name, one in config.reports.items()},
        "output": dict(config.output) | {"output_dir": "$OUTPUT_DIR"},
        "node_sets": dict(config.node_sets),
    }


def _copy_edges(
    circuit: Circuit, edges: EdgePopulation, path: Path, compression: str | None
) -> None:
    ends = [circuit.population(name).ids for name in (edges.source, edges.target)]
    layout = edges.layout() or {0: {}}
    if len(layout) > 1:
        warnings.warn(
            f"edges {edges.name!r} have {len(layout)} groups of columns; BMTK and allentk read them, and "
            f"libsonata does not",
            UserWarning,
            stacklevel=3,
        )
    sizes = dict.fromkeys(layout, 0)
    for chunk in edges.chunks(columns=()):
        for one, n in chunk["edge_group_id"].value_counts().items():
            sizes[int(one)] = sizes.get(int(one), 0) + int(n)
    with create_hdf5(path) as file:
        writer = EdgeWriter(
            file, edges.name, edges.source, edges.target, sizes, layout, compression=compression
        )
        for chunk in edges.chunks():
            group = chunk["edge_group_id"].to_numpy()
            for run in np.split(np.arange(group.size), np.flatnonzero(np.diff(group)) + 1):
                if run.size:
                    rows, one = chunk.iloc[run[0] : run[-1] + 1], int(group[run[0]])
                    writer.append(
                        rows["source_node_id"].to_numpy(),
                        rows["target_node_id"].to_numpy(),
                        rows["edge_type_id"].to_numpy(),
                        {name: rows[name].to_numpy() for name in layout[one]},
                        group=one,
                    )
        writer.finish(*(int(ids.max(initial=-1)) + 1 for ids in ends))


def write_configs(
    folder: Path,
    nodes: list[str],
    edges: list[str],
    components: Mapping[str, str],
    simulation: Mapping[str, Any] | None,
) -> Path:
    """Write the configurations of a circuit whose files lie in ``network`` under these stems.

    Returns
    -------
    Path
        The one to open: that of the simulation where there is one.
    """
    circuit = {
        "manifest": {"$BASE_DIR": "${configdir}", "$NETWORK_DIR": "$BASE_DIR/network"},
        "components": dict(components),
        "networks": {
            kind: [
                {
                    f"{kind}_file": f"$NETWORK_DIR/{stem}_{kind}.h5",
                    f"{kind[:-1]}_types_file": f"$NETWORK_DIR/{stem}_{kind[:-1]}_types.csv",
                }
                for stem in listed
            ]
            for kind, listed in (("nodes", nodes), ("edges", edges))
        },
    }
    main = write_text(folder / _CIRCUIT, json.dumps(circuit, indent=2) + "\n")
    if simulation is None:
        return main
    sets = dict(simulation)
    write_text(folder / "node_sets.json", json.dumps(sets.pop("node_sets", {}), indent=2) + "\n")
    document = {
        "manifest": {"$BASE_DIR": "${configdir}", "$OUTPUT_DIR": "$BASE_DIR/output"},
        "network": f"$BASE_DIR/{_CIRCUIT}",
        "node_sets_file": "$BASE_DIR/node_sets.json",
        **sets,
    }
    return write_text(folder / _SIMULATION, json.dumps(document, indent=2) + "\n")
