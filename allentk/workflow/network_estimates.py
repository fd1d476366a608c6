"""What a network will take, before it is built or run: cells, edges, memory, disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allentk.errors import DataError
from allentk.network import recipes
from allentk.network.recipes.layer4_degrees import check_variant
from allentk.network.recipes.layer4_numbers import BACKGROUND as WAVES
from allentk.network.recipes.layer4_populations import Part as Layer4Part
from allentk.network.recipes.v1_cells import Part as V1Part
from allentk.network.recipes.v1_tables import populations
from allentk.workflow.network_recipes import checked_options, patch_size

__all__ = ["ENGINES", "Estimate", "disk_bytes", "estimate_recipe", "machine_bytes", "run_bytes"]

#: Memory of the process with its compiled code, before there is a network.
_BASE = 300_000_000

#: Bytes per edge: while it is built and saved; in the files, with their indices.
_BUILD, _DISK = 60, 50

#: Bytes per node: of memory; in the files, more of a virtual one, which has filters and is in many indices.
_NODE, _NODE_DISK, _VIRTUAL_DISK = 600, 100, 2_000

#: Filters of the LGN that a cell of layer 4 listens to, as counted at a scale of 0.02.
_LAYER4_LGN, _LAYER4_FILTERS = 21.7, 9000

#: Connections of a cell of V1 from LGN and background, as counted at 0.005; nodes of the two.
_V1_INPUTS = {"2026": (338.0, 17_500), "billeh2020": (16.2, 17_401)}

#: Cells of V1 populations that are looked at.
_V1_LOOKED_AT = 4

#: Recurrent connections per cell of a patch by its cells, as counted; from the LGN; filters per cell.
_PATCH_CELLS = (20, 50, 300, 1200, 3000, 6000)
_PATCH_DEGREES = (10.0, 21.0, 91.5, 180.0, 224.0, 248.0)
_PATCH_LGN = 47.0

#: The tutorial: cells, virtual nodes, edges.
_TUTORIAL8 = (8, 25, 156)

#: Engine -> bytes per edge, and per cell, beside those of the network itself.
ENGINES = {"glif": (15, 2_000), "nest": (75, 4_000), "neuron": (2_500, 1_500)}

#: A cell with compartments in NEURON; the library of NEURON or NEST.
_COMPARTMENTS, _LIBRARY = 2_500_000, {"glif": 0, "nest": 60_000_000, "neuron": 60_000_000}

#: Bytes per edge of a network in memory with columns of its own, and while it is read.
_HELD = 24


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is expected of a network.

    Parameters
    ----------
    n_cells, n_virtual, n_edges : int
        Cells, virtual nodes, and edges with those of the inputs.
    build_bytes : int
        Most memory of the process while it is built and saved.
    disk_bytes : int
        Size of the saved folder.
    """

    n_cells: int
    n_virtual: int
    n_edges: int
    build_bytes: int
    disk_bytes: int

    @classmethod
    def of(cls, n_cells: int, n_virtual: int, n_edges: float) -> Estimate:
        """Return the estimate of a network of that size."""
        edges, nodes = round(n_edges), n_cells + n_virtual
        return cls(
            n_cells,
            n_virtual,
            edges,
            _BASE + _BUILD * edges + _NODE * nodes,
            _DISK * edges + _NODE_DISK * n_cells + _VIRTUAL_DISK * n_virtual + 500_000,
        )

    def to_dict(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


def estimate_recipe(recipe: str, options: Mapping[str, Any]) -> Estimate:
    """Return what a recipe will build, from its rules and without drawing an edge.

    Recurrent connections are expected values of the rules at a few cells of every population; those from
    outside, which do not depend on the scale, were counted once per cell.

    Parameters
    ----------
    recipe, options
        As of ``build_recipe``.

    Raises
    ------
    ConfigError, DataError
        On a recipe, option, variant, scale or rule that is not there.

    Examples
    --------
    >>> estimate_recipe("tutorial8", {}).n_edges
    156
    """
    given = checked_options(recipe, options)
    if recipe == "layer4":
        return _layer4(given.get("scale", 0.02), given.get("variant", "LL"), given.get("rule"))
    if recipe == "v1":
        return _v1(given.get("scale", 0.05), given.get("variant", "2026"), given.get("rule"))
    if recipe == "patch":
        n = patch_size(given.get("scale", 1.0))
        degree = float(np.interp(np.log(n), np.log(_PATCH_CELLS), _PATCH_DEGREES))
        return Estimate.of(n, n, n * (degree + _PATCH_LGN))
    return Estimate.of(*_TUTORIAL8)


def _layer4(scale: float, variant: str, rule: str | None) -> Estimate:
    check_variant(variant)
    n = sum(Layer4Part.of(scale, rule or "radius").counts.values())
    table = recipes.layer4_in_degrees(variant, scale=scale, rule=rule or "radius", n_targets=20)
    inputs = _LAYER4_LGN + sum(WAVES.sources) / 2
    return Estimate.of(n, _LAYER4_FILTERS + WAVES.n, float(table["n_edges"].sum()) + n * inputs)


def _v1(scale: float, variant: str, rule: str | None) -> Estimate:
    part = V1Part(variant, scale, rule or "radius")
    inputs, virtual = _V1_INPUTS[variant]
    n = sum(part.n_of(int(one)) for one in populations(variant)["n_cells"])
    table = recipes.v1_in_degrees(variant, scale=scale, rule=part.rule, n_targets=_V1_LOOKED_AT)
    return Estimate.of(n, virtual, float(table["n_edges"].sum()) + n * inputs)


def run_bytes(
    engine: str, n_edges: int, n_synapses: int, n_cells: int, n_compartmental: int
) -> int:
    """Return about how much memory a run takes, the network and the engine together.

    Parameters
    ----------
    engine : {"glif", "nest", "neuron"}
        What runs it; NEURON makes every synapse of an edge onto a cell with compartments.
    n_edges, n_synapses : int
        Edges, and their synapses.
    n_cells, n_compartmental : int
        Cells, and those of them that have compartments.

    Raises
    ------
    DataError
        On another engine.

    Examples
    --------
    >>> run_bytes("nest", 10_000_000, 10_000_000, 10_000, 0) / 1e9 > 1
    True
    """
    if engine not in ENGINES:
        raise DataError(
            f"no memory is known of the engine {engine!r}; there are {', '.join(ENGINES)}"
        )
    per_edge, per_cell = ENGINES[engine]
    made = n_synapses if engine == "neuron" and n_compartmental else n_edges
    return (
        _BASE
        + _LIBRARY[engine]
        + _HELD * n_edges
        + per_edge * made
        + per_cell * n_cells
        + _COMPARTMENTS * n_compartmental
    )


def machine_bytes() -> int | None:
    """Return the memory of this machine; None where it does not say."""
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def disk_bytes(folder: str | os.PathLike[str]) -> int:
    """Return what is free on the disk where a folder is, or will be."""
    path = Path(folder).absolute()
    there = next(one for one in (path, *path.parents) if one.is_dir())
    return shutil.disk_usage(there).free
