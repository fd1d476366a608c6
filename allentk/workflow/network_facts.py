"""What is in a saved network, ours or another program's: found without holding its edges."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.errors import FormatError
from allentk.io.sonata import Circuit, EdgePopulation, NodeTable, read_sonata
from allentk.network.sonata_own import Own, read_own
from allentk.workflow.network_estimates import ENGINES, run_bytes

__all__ = ["NetworkFacts", "network_facts"]

#: Names that programs give the number of synapses of an edge.
_SYNAPSES = ("nsyns", "num_syns")


@dataclass(frozen=True, slots=True, eq=False)
class NetworkFacts:
    """What a saved network has.

    Parameters
    ----------
    path : Path
        Its configuration.
    name : str
        Name of the network; of another program's, the folder's.
    ours : bool
        Whether allentk wrote it.
    populations, projections, files : DataFrame
        One row per node population, edge population and file.
    extras : dict
        Number of background inputs, current clamps, and inputs and reports of the simulation.
    """

    path: Path
    name: str
    ours: bool
    populations: pd.DataFrame
    projections: pd.DataFrame
    files: pd.DataFrame
    extras: dict[str, int]

    @property
    def n_cells(self) -> int:
        """Cells that are simulated."""
        return int(self.populations["n_cells"].sum())

    @property
    def n_virtual(self) -> int:
        """Virtual nodes."""
        return int(self.populations["n_nodes"].sum()) - self.n_cells

    @property
    def n_edges(self) -> int:
        """Edges of all projections."""
        return int(self.projections["n_edges"].sum())

    @property
    def n_synapses(self) -> int:
        """Synapses of all edges."""
        return int(self.projections["n_synapses"].sum())

    @property
    def n_compartmental(self) -> int:
        """Cells that have compartments."""
        return int(self.populations["n_compartmental"].sum())

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that may run it; whether its cells and synapses fit in is said by the run."""
        if self.n_compartmental:
            return ("neuron",)
        jumps = set(self.populations["template"]) <= {"", "nrn:IntFire1"}
        return tuple(one for one in ENGINES if one != "neuron" or jumps)

    def run_bytes(self, engine: str) -> int:
        """Return about how much memory a run takes on an engine."""
        return run_bytes(engine, self.n_edges, self.n_synapses, self.n_cells, self.n_compartmental)

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain values, sizes in bytes."""
        return {
            "path": str(self.path),
            "name": self.name,
            "written_by_allentk": self.ours,
            "n_cells": self.n_cells,
            "n_virtual": self.n_virtual,
            "n_edges": self.n_edges,
            "n_synapses": self.n_synapses,
            **self.extras,
            "populations": self.populations.to_dict("records"),
            "projections": self.projections.to_dict("records"),
            "files": self.files.to_dict("records"),
            "disk_bytes": int(self.files["bytes"].sum()),
            "run_bytes": {engine: self.run_bytes(engine) for engine in self.engines},
        }


def network_facts(path: str | os.PathLike[str]) -> NetworkFacts:
    """Look through a saved network.

    Parameters
    ----------
    path : path
        A folder that ``Network.save`` wrote, or a SONATA circuit or simulation configuration.

    Raises
    ------
    FormatError
        Where a file is missing or damaged.

    Examples
    --------
    >>> network_facts("my-network").n_edges  # doctest: +SKIP
    1250000
    """
    circuit = read_sonata(path)
    own = read_own(circuit.config.path.parent)
    home = circuit.config.path.parent.resolve()
    edges = pd.DataFrame(
        [_projection(circuit, one) for one in circuit.edges],
        columns=["projection", "source", "target", "n_edges", "n_synapses", "n_types", "in_degree"],
    )
    onto = edges.groupby("target")["n_edges"].sum()
    rows = [_population(one, int(onto.get(one.name, 0))) for one in circuit.nodes]
    return NetworkFacts(
        circuit.config.path,
        home.name if own is None else own.name,
        own is not None,
        pd.DataFrame(rows),
        edges,
        _files(circuit, own),
        {
            "n_background": len(own.list("background")) if own else 0,
            "n_currents": len(own.list("currents")) if own else 0,
            "n_inputs": len(circuit.config.inputs),
            "n_reports": len(circuit.config.reports),
        },
    )


def _population(nodes: NodeTable, n_edges: int) -> dict[str, Any]:
    table = nodes.table()
    kinds = table["model_type"].astype(str) if "model_type" in table else pd.Series("", table.index)
    templates = _distinct(table, "model_template")
    n_cells = int((kinds != "virtual").sum())
    return {
        "population": nodes.name,
        "kind": ", ".join(kinds.unique()),
        "n_nodes": len(nodes),
        "n_cells": n_cells,
        "n_compartmental": int((kinds == "biophysical").sum()),
        "n_models": len(nodes.types) if n_cells else 0,
        "template": ", ".join(templates),
        "n_edges_in": n_edges,
        "in_degree": n_edges / max(len(nodes), 1),
    }


def _distinct(table: pd.DataFrame, column: str) -> Sequence[str]:
    return [] if column not in table else list(table[column].dropna().astype(str).unique())


def _projection(circuit: Circuit, edges: EdgePopulation) -> dict[str, Any]:
    n = len(circuit.population(edges.target))
    return {
        "projection": edges.name,
        "source": edges.source,
        "target": edges.target,
        "n_edges": edges.n_edges,
        "n_synapses": _n_synapses(edges),
        "n_types": len(edges.types),
        "in_degree": edges.n_edges / max(n, 1),
    }


def _n_synapses(edges: EdgePopulation) -> int:
    """Count synapses: by edge, else by type, else one each."""
    name = next((one for one in _SYNAPSES if one in edges.columns), None)
    of_type = next((one for one in _SYNAPSES if one in edges.types), None)
    if name is None and of_type is None:
        return edges.n_edges
    by_type = pd.Series(1.0, edges.types.index)
    if of_type is not None:
        by_type = pd.to_numeric(edges.types[of_type], errors="coerce").fillna(1.0)
    total = 0.0
    for chunk in edges.chunks(columns=() if name is None else (name,)):
        usual = by_type.reindex(chunk["edge_type_id"]).fillna(1.0).to_numpy()
        own = usual if name is None else chunk[name].to_numpy(float)
        total += float(np.where(np.isnan(own), usual, own).sum())
    return round(total)


def _files(circuit: Circuit, own: Own | None) -> pd.DataFrame:
    """List the files of the folder that are a network's; of another program's, those it names."""
    home = circuit.config.path.parent.resolve()
    if own is not None:
        paths = sorted(path for path in home.rglob("*") if path.is_file())
    else:
        named = [*circuit.config.nodes, *circuit.config.edges]
        files = [one for part in named for one in (part.file, part.types) if one is not None]
        paths = sorted({circuit.config.path.resolve(), *(one.resolve() for one in files)})
    rows = [(_shown(path, home), path.stat().st_size) for path in paths]
    if not rows:
        raise FormatError(f"{home}: expected files of a network, got none")
    return pd.DataFrame(rows, columns=["file", "bytes"])


def _shown(path: Path, home: Path) -> str:
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
