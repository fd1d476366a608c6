"""A whole SONATA circuit as tables: whatever its models are, its nodes and edges can be looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SpikeTrains
from allentk.errors import FormatError
from allentk.io.sonata.config import SonataConfig, read_config
from allentk.io.sonata.edges import EdgePopulation, read_edges
from allentk.io.sonata.node_sets import select_nodes
from allentk.io.sonata.nodes import NodeTable, read_nodes
from allentk.io.sonata.reports import ElementReport, read_report, report_populations
from allentk.io.sonata.spikes import read_spikes, spike_populations

__all__ = ["Circuit", "read_sonata"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Circuit:
    """A SONATA circuit as tables, and what lies beside it.

    Parameters
    ----------
    config : SonataConfig
        The configuration that it was read by.
    nodes : tuple of NodeTable
        Node populations.
    edges : tuple of EdgePopulation
        Edge populations; their edges are read when asked for.
    """

    config: SonataConfig
    nodes: tuple[NodeTable, ...]
    edges: tuple[EdgePopulation, ...]

    def population(self, name: str) -> NodeTable:
        """Return a node population.

        Raises
        ------
        FormatError
            Where there is none of that name.
        """
        found: NodeTable = _named(self.nodes, name, f"{self.config.path}: no node population")
        return found

    def edge_population(self, name: str) -> EdgePopulation:
        """Return an edge population.

        Raises
        ------
        FormatError
            Where there is none of that name.
        """
        found: EdgePopulation = _named(self.edges, name, f"{self.config.path}: no edge population")
        return found

    def select(
        self, node_set: str | Sequence[Any] | Mapping[str, Any]
    ) -> dict[str, NDArray[np.int64]]:
        """Return the ids of the nodes of a node set, by population.

        Raises
        ------
        FormatError
            Where it selects nothing, or is none.
        """
        found = select_nodes(node_set, self.nodes, self.config.node_sets)
        if not found:
            raise FormatError(
                f"{self.config.path}: the node set {node_set!r} selects no node; look at the columns of "
                f"the populations {[one.name for one in self.nodes]}"
            )
        return found

    def inputs(self) -> dict[str, dict[str, SpikeTrains]]:
        """Return the spikes of every input of recorded spikes: name of the input -> population -> spikes.

        Raises
        ------
        FormatError
            Where a file is missing, or has no spikes of the population that the input names.
        """
        return {
            name: self._input(name, one)
            for name, one in self.config.inputs.items()
            if one.get("input_type") == "spikes"
        }

    def _input(self, name: str, section: Mapping[str, Any]) -> dict[str, SpikeTrains]:
        where = f"{self.config.path}: input {name!r}"
        path = section.get("input_file")
        if not isinstance(path, str):
            raise FormatError(f"{where}: there is no 'input_file'")
        if not Path(path).is_file():
            raise FormatError(f"{where}: names {path}, and there is no such file")
        wanted = self.select(section.get("node_set", "all"))
        if path.endswith(".csv"):
            read = {one: _csv_spikes(path, one, self._size(one)) for one in wanted}
            found = {one: trains for one, trains in read.items() if len(trains)}
            if not found:
                raise FormatError(f"{where}: {path} has no spike of {list(wanted)}")
            return found
        there = spike_populations(path)
        if there == ("",) and len(wanted) > 1:
            raise FormatError(
                f"{where}: {path} does not say whose spikes these are; name one population"
            )
        chosen = [one for one in wanted if there == ("",) or one in there]
        if not chosen:
            raise FormatError(
                f"{where}: {path} has spikes of {list(there)}, its node set selects {list(wanted)}"
            )
        return {one: read_spikes(path, one, n_nodes=self._size(one)) for one in chosen}

    def _size(self, population: str) -> int:
        ids = self.population(population).ids
        return int(ids.max(initial=-1)) + 1

    def spikes(self, path: str | os.PathLike[str] | None = None) -> dict[str, SpikeTrains]:
        """Return the spikes of a run, by population.

        Parameters
        ----------
        path : path, optional
            The file; by default the one that the configuration names under ``output``.

        Raises
        ------
        FormatError
            Where there is no such file.
        """
        file = Path(
            path or self.config.output_dir / str(self.config.output.get("spikes_file", "spikes.h5"))
        )
        names = spike_populations(file)
        known = {one.name for one in self.nodes}
        return {
            name: read_spikes(
                file, name or None, n_nodes=self._size(name) if name in known else None
            )
            for name in names
        }

    def report(self, name: str, population: str | None = None) -> ElementReport:
        """Return a report of a run that the configuration names.

        Raises
        ------
        FormatError
            Where there is no such report, no file, or several populations and none was named.
        """
        if name not in self.config.reports:
            there = ", ".join(self.config.reports) or "none"
            raise FormatError(f"{self.config.path}: no report {name!r}; there are {there}")
        file = str(self.config.reports[name].get("file_name", f"{name}.h5"))
        path = self.config.output_dir / (file if file.endswith(".h5") else f"{file}.h5")
        names = report_populations(path)
        return read_report(path, population or (names[0] if len(names) == 1 else None))

    def summary(self) -> pd.DataFrame:
        """Return one row per population of nodes and edges: kind, rows, types, columns."""
        rows = [
            {"population": one.name, "kind": "nodes", "n": len(one), "n_types": len(one.types)}
            for one in self.nodes
        ]
        rows += [
            {"population": one.name, "kind": "edges", "n": len(one), "n_types": len(one.types)}
            for one in self.edges
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        n = sum(len(one) for one in self.edges)
        return f"<Circuit {self.config.path}: {list(self.nodes)}, {n} edges>"


def _named(several: Sequence[Any], name: str, what: str) -> Any:
    for one in several:
        if one.name == name:
            return one
    raise FormatError(f"{what} {name!r}; there are {[one.name for one in several]}")


def _csv_spikes(path: str, population: str, n_nodes: int) -> SpikeTrains:
    """Read ``timestamps population node_ids``, separated by blanks."""
    try:
        table = pd.read_csv(path, sep=r"\s+", comment="#")
        rows = table[table["population"] == population]
        times = rows["timestamps"].to_numpy(float) / 1e3
        ids = rows["node_ids"].to_numpy(np.int64)
        order = np.argsort(times, kind="stable")
        return SpikeTrains(times[order], ids[order], n_nodes)
    except (OSError, KeyError, ValueError) as error:
        raise FormatError(
            f"{path}: expected columns timestamps, population, node_ids separated by blanks ({error})"
        ) from error


def read_sonata(config: str | os.PathLike[str]) -> Circuit:
    """Read a SONATA circuit as tables.

    Parameters
    ----------
    config : path
        A circuit or simulation configuration, or a folder with one.

    Returns
    -------
    Circuit

    Raises
    ------
    FormatError
        Where a file is missing or damaged (it says who named it), two populations have one name, or edges
        begin or end at a population that is not there.

    Examples
    --------
    >>> circuit = read_sonata("network/circuit_config.json")  # doctest: +SKIP
    >>> circuit.population("v1").table()["ei"].value_counts()  # doctest: +SKIP
    """
    found = read_config(config)
    nodes: list[NodeTable] = []
    for files in found.nodes:
        _check_there(files.file, files.types, found.path)
        nodes += read_nodes(files.file, files.types)
    edges: list[EdgePopulation] = []
    for files in found.edges:
        _check_there(files.file, files.types, found.path)
        edges += read_edges(files.file, files.types)
    if not nodes:
        raise FormatError(f"{found.path}: 'networks' names no nodes")
    _check_names(nodes, edges, found.path)
    return Circuit(found, tuple(nodes), tuple(edges))


def _check_there(file: Path, types: Path | None, config: Path) -> None:
    for path in (file, types):
        if path is not None and not path.is_file():
            raise FormatError(
                f"{path}: there is no such file; {config} names it. Check its manifest"
            )


def _check_names(nodes: list[NodeTable], edges: list[EdgePopulation], path: Path) -> None:
    for several in (nodes, edges):
        names = [one.name for one in several]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FormatError(
                f"{path}: several populations are called {twice}; each needs its own name"
            )
    known = {one.name for one in nodes}
    for one in edges:
        for end, name in (("source", one.source), ("target", one.target)):
            if name not in known:
                raise FormatError(
                    f"{one.path}: the {end}s of edges {one.name!r} are of population {name!r}, which is "
                    f"not there; {path} has {sorted(known)}"
                )
