"""Circuit and simulation configurations: which files make a network and a run of it.

A circuit and a simulation may stand in two files or in one, and a third may name both. Folders in the
manifest (``$NAME``, ``${configdir}``) are put in wherever they are used; relative paths begin beside the
file that names them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allentk.errors import FormatError
from allentk.io.json_fields import load_json, section

__all__ = ["NetworkFiles", "SonataConfig", "read_config"]

_NAME = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """An HDF5 file of nodes or edges, and the table of its types where there is one."""

    file: Path
    types: Path | None


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SonataConfig:
    """A circuit, and where there is one a simulation of it.

    Parameters
    ----------
    path : Path
        The file that was asked for.
    nodes, edges : tuple of NetworkFiles
        Files of the network; those with ``"enabled": false`` are left out.
    components : mapping
        Name, such as ``"morphologies_dir"``, -> folder.
    run, conditions, output : mapping
        Sections of the simulation as they are.
    inputs, reports : mapping
        Name -> section; paths in it are whole.
    node_sets : mapping
        Name -> node set.
    target_simulator : str
        ``"NEURON"``, ``"NEST"`` or another; empty where nobody said.
    """

    path: Path
    nodes: tuple[NetworkFiles, ...]
    edges: tuple[NetworkFiles, ...]
    components: Mapping[str, Path] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    node_sets: Mapping[str, Any] = field(default_factory=dict)
    target_simulator: str = ""

    def folder(self, name: str) -> Path | None:
        """Return a folder of components; None where the configuration has none of that name."""
        return self.components.get(name)

    @property
    def output_dir(self) -> Path:
        """Folder of the results; ``output`` beside the configuration where it names none."""
        return Path(self.output.get("output_dir", self.path.parent / "output"))

    def __repr__(self) -> str:
        return (
            f"<SonataConfig {self.path}: {len(self.nodes)} node and {len(self.edges)} edge files>"
        )


def read_config(path: str | os.PathLike[str]) -> SonataConfig:
    """Read a configuration, and those that it names.

    Parameters
    ----------
    path : path
        A circuit configuration, a simulation configuration, or one that names both; or a folder with
        ``simulation_config.json``, ``circuit_config.json`` or ``config.json``.

    Returns
    -------
    SonataConfig
        The files it names need not be there; whoever reads them says so.

    Raises
    ------
    FormatError
        Where a file is missing, is no JSON, uses a folder that its manifest lacks, or names no network.
    """
    start = _file(Path(path))
    documents: list[tuple[Path, Mapping[str, Any]]] = []
    _collect(start, "a SONATA configuration", documents)
    merged: dict[str, Any] = {}
    for _, document in documents:
        merged = {**document, **merged}
    if "networks" not in merged:
        raise FormatError(
            f"{start}: expected 'networks', here or in the file named by 'network'; got "
            f"{', '.join(merged) or 'nothing'}"
        )
    where = str(start)
    networks = section(merged, "networks", where)
    components = section(merged, "components", where)
    return SonataConfig(
        start,
        _network_files(networks, "nodes", where),
        _network_files(networks, "edges", where),
        {name: Path(folder) for name, folder in components.items() if isinstance(folder, str)},
        section(merged, "run", where),
        section(merged, "conditions", where),
        section(merged, "output", where),
        _sections(merged, "inputs", where),
        _sections(merged, "reports", where),
        _node_sets(merged, where),
        str(merged.get("target_simulator", "")),
    )


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    names = ("simulation_config.json", "circuit_config.json", "config.json")
    for name in names:
        if (path / name).is_file():
            return path / name
    raise FormatError(f"{path}: expected one of {', '.join(names)} in this folder; name the file")


def _collect(path: Path, what: str, documents: list[tuple[Path, Mapping[str, Any]]]) -> None:
    """Read a file and those it names as ``simulation`` and ``network``; the first has the last word."""
    if any(path.resolve() == seen.resolve() for seen, _ in documents):
        return
    document = load_json(path, what)
    if not isinstance(document, Mapping):
        raise FormatError(f"{path}: expected {what}, got {type(document).__name__}")
    resolved = _resolved(document, path)
    documents.append((path, resolved))
    for name in ("simulation", "network"):
        named = resolved.get(name)
        if isinstance(named, str):
            _collect(Path(named), f"the {name} configuration that {path} names", documents)


def _resolved(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a configuration with whole paths and without its manifest."""
    manifest = section(document, "manifest", str(path))
    names = {str(key).lstrip("$").strip("{}"): value for key, value in manifest.items()}
    names.setdefault("configdir", str(path.parent.absolute()))
    rest = {key: value for key, value in document.items() if key != "manifest"}
    return {key: _expanded(value, key, names, path) for key, value in rest.items()}


def _expanded(value: Any, key: str, names: Mapping[str, Any], path: Path) -> Any:
    if isinstance(value, Mapping):
        return {str(one): _expanded(held, str(one), names, path) for one, held in value.items()}
    if isinstance(value, list):
        return [_expanded(one, key, names, path) for one in value]
    if not isinstance(value, str):
        return value
    text = _put_in(value, names, path)
    if text != value or _is_path(key):
        return os.path.normpath(path.parent.absolute() / text)
    return text


def _is_path(key: str) -> bool:
    """Whether a text under this name is a path. Files of results lie in ``output_dir`` and stay names."""
    if key in ("spikes_file", "spikes_file_csv", "log_file", "file_name"):
        return False
    return key.endswith(("_file", "_dir")) or key in ("network", "simulation")


def _put_in(value: str, names: Mapping[str, Any], path: Path) -> str:
    text = value
    for _ in range(_DEEPEST):
        found = _NAME.search(text)
        if found is None:
            return text
        name = found.group(1) or found.group(2)
        if not isinstance(names.get(name), str):
            raise FormatError(
                f"{path}: {value!r} uses ${name}, which the manifest lacks; it has "
                f"{', '.join('$' + one for one in names)}"
            )
        text = text[: found.start()] + names[name] + text[found.end() :]
    raise FormatError(f"{path}: {value!r} never comes to an end; the manifest runs in a circle")


def _network_files(networks: Mapping[str, Any], kind: str, where: str) -> tuple[NetworkFiles, ...]:
    listed = networks.get(kind, [])
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise FormatError(
            f"{where}: 'networks.{kind}' must be a list of objects, got {listed!r:.80}"
        )
    made = []
    for one in listed:
        file, types = one.get(f"{kind}_file"), one.get(f"{kind[:-1]}_types_file")
        if not isinstance(file, str) or not isinstance(types, str | None):
            raise FormatError(
                f"{where}: 'networks.{kind}' needs '{kind}_file', got {dict(one)!r:.120}"
            )
        if one.get("enabled", True):
            made.append(NetworkFiles(Path(file), None if types is None else Path(types)))
    return tuple(made)


def _sections(merged: Mapping[str, Any], name: str, where: str) -> dict[str, Mapping[str, Any]]:
    found = section(merged, name, where)
    for key, one in found.items():
        if not isinstance(one, Mapping):
            raise FormatError(f"{where}: '{name}.{key}' must be an object, got {one!r:.80}")
    return dict(found)


def _node_sets(merged: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    sets = dict(section(merged, "node_sets", where))
    named = merged.get("node_sets_file")
    if isinstance(named, str):
        read = load_json(Path(named), f"the node sets that {where} names")
        if not isinstance(read, Mapping):
            raise FormatError(
                f"{named}: expected an object with node sets, got {type(read).__name__}"
            )
        sets = {**read, **sets}
    return sets
