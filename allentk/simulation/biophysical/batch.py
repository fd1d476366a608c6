"""Parameter sets of a cell as the arrays that the reduced kernel takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models import BiophysicalParameters
from allentk.models.biophysical import SECTIONS
from allentk.models.channels import (
    CAI0_MM,
    CAO_MM,
    SCHEMES,
    STATES,
    calcium_drive,
    equilibrium,
    nernst_slope_mv,
)
from allentk.models.compartments import Compartments
from allentk.models.known_mechanisms import POOL, mechanism
from allentk.simulation.biophysical.channel_tables import LANES, lanes_of
from allentk.simulation.biophysical.reduced_layout import MODES, Cells
from allentk.simulation.biophysical.reduction import (
    NS_PER_UM2,
    PF_PER_UM2,
    PassiveTree,
    ReducedTree,
)

__all__ = ["cell_arrays", "column_names", "starts", "tree_of", "value_of"]

Array = NDArray[np.float64]

_PASSIVE = ("ra_ohm_cm", "cm_uf_per_cm2", "g_pas", "e_pas_mv")
#: mA/cm2 of 1 pA/um2.
_MA_PER_CM2 = 0.1


def column_names(channels: Sequence[str], pool: bool, cell: Compartments) -> tuple[str, ...]:
    """Return the names of the numbers of a parameter set."""
    kinds = [SECTIONS[kind] for kind in np.unique(cell.kind)]
    columns = [f"soma.{name}.gbar" for name in channels]
    if pool:
        columns += [f"soma.{POOL}.{name}" for name in mechanism(POOL).defaults]
    columns += [f"{kind}.{name}" for kind in kinds for name in _PASSIVE]
    ions = {lane.channel.ion for lane in lanes_of(channels).values()}
    ions |= {"na" for name in channels if name in SCHEMES}
    columns += [f"soma.e{ion}_mv" for ion in ("na", "k") if ion in ions]
    return (*columns, "v_init_mv")


def value_of(parameters: BiophysicalParameters, name: str) -> float:
    """Return what a column of a parameter set is in a model's parameters.

    Raises
    ------
    SimulationError
        Where the model lacks that section, or a reversal potential that a channel needs.
    DataError
        Where it lacks that mechanism.
    """
    section, _, rest = name.partition(".")
    if not rest:
        return float(getattr(parameters, name))
    if section not in parameters.sections:
        raise SimulationError(
            f"the cell has {section!r}, the parameters only {', '.join(parameters.sections)}"
        )
    values = parameters.sections[section]
    owner, _, which = rest.partition(".")
    if which:
        return values.value(owner, which)
    found = getattr(values, owner)
    if found is None:
        raise SimulationError(f"{name} is needed by a channel of the {section}, but is None")
    return float(found)


def tree_of(cell: Compartments, values: Mapping[str, Array], row: int) -> PassiveTree:
    """Return the passive tree of one parameter set."""
    kinds = [SECTIONS[kind] for kind in np.unique(cell.kind)]
    given = {
        name: {kind: float(values[f"{kind}.{name}"][row]) for kind in kinds} for name in _PASSIVE
    }
    return PassiveTree.of(cell, **given)


def cell_arrays(
    channels: tuple[str, ...],
    celsius: float,
    area_um2: float,
    values: Mapping[str, Array],
    trees: Sequence[ReducedTree],
) -> Cells:
    """Return what the kernel reads.

    Parameters
    ----------
    channels : tuple of str
        Channels of the soma.
    celsius : float
        Temperature in degrees Celsius.
    area_um2 : float
        Area of the soma.
    values : mapping of str to array, shape (n_sets,)
        The columns of the parameter sets, by name.
    trees : sequence of ReducedTree
        The tree of every set.
    """
    n_sets = len(trees)
    gbar, reversal = np.zeros((n_sets, LANES)), np.zeros((n_sets, LANES))
    carries = np.zeros(LANES)
    for place, lane in lanes_of(channels).items():
        channel = lane.channel
        gbar[:, place] = values[f"soma.{channel.name}.gbar"] * (lane.weight * area_um2 * NS_PER_UM2)
        carries[place] = channel.ion == "ca"
        if channel.reversal_mv is not None:
            reversal[:, place] = channel.reversal_mv
        elif channel.ion != "ca":
            reversal[:, place] = values[f"soma.e{channel.ion}_mv"]
    scheme = next((name for name in channels if name in SCHEMES), "")
    return Cells(
        gbar,
        reversal,
        carries,
        _soma(values, trees, area_um2),
        values.get(f"soma.{scheme}.gbar", np.zeros(n_sets)) * area_um2 * NS_PER_UM2,
        _pool(values, area_um2, n_sets),
        np.array([nernst_slope_mv(celsius), np.log(CAO_MM)]),
        *(_padded(trees, name) for name in ("rate_per_ms", "strength", "drive")),
    )


def _padded(trees: Sequence[ReducedTree], name: str) -> Array:
    out = np.zeros((len(trees), MODES))
    for row, tree in enumerate(trees):
        found = getattr(tree, name)
        out[row, : found.size] = found
    return out


def _soma(values: Mapping[str, Array], trees: Sequence[ReducedTree], area: float) -> Array:
    leak = values["soma.g_pas"] * area * NS_PER_UM2
    axial = np.array([tree.axial_ns for tree in trees])
    return np.stack(
        [
            values["soma.cm_uf_per_cm2"] * area * PF_PER_UM2,
            leak + axial,
            leak * values["soma.e_pas_mv"] + axial * [tree.e_mv for tree in trees],
            values.get("soma.ena_mv", np.zeros(len(trees))),
        ],
        axis=1,
    )


def _pool(values: Mapping[str, Array], area: float, n_sets: int) -> Array:
    defaults = dict(mechanism(POOL).defaults)
    if f"soma.{POOL}.gamma" not in values:
        defaults["gamma"] = 0.0  # calcium stays where it is
    given = {
        name: values.get(f"soma.{POOL}.{name}", np.full(n_sets, float(default)))
        for name, default in defaults.items()
    }
    per_pa = np.array(
        [
            calcium_drive(gamma, depth) * _MA_PER_CM2 / area
            for gamma, depth in zip(given["gamma"], given["depth_um"], strict=True)
        ]
    )
    return np.stack([per_pa, given["decay_s"] * 1e3, given["min_cai_mM"]], axis=1)


def starts(
    channels: tuple[str, ...],
    celsius: float,
    vshift_mv: tuple[float, ...],
    values: Mapping[str, Array],
    trees: Sequence[ReducedTree],
) -> Array:
    """Return the states at the beginning, one a row: every gate in its steady state."""
    n_sets, v_init = len(trees), values["v_init_mv"]
    cai = values.get(f"soma.{POOL}.min_cai_mM", np.full(n_sets, CAI0_MM))
    rows = []
    for row, tree in enumerate(trees):
        gates, scheme = _steady(channels, celsius, vshift_mv, float(v_init[row]), float(cai[row]))
        modes = np.zeros(MODES)
        modes[: tree.start.size] = tree.start * (v_init[row] - tree.e_mv)
        rows.append(np.concatenate([[v_init[row], cai[row]], gates, modes, scheme]))
    return np.array(rows)


@lru_cache(maxsize=256)
def _steady(
    channels: tuple[str, ...],
    celsius: float,
    vshift_mv: tuple[float, ...],
    v_mv: float,
    cai_mM: float,
) -> tuple[Array, Array]:
    """Return the steady states of all gates, and of NaV's states."""
    shifts = dict(zip(channels, vshift_mv, strict=True))
    gates = np.stack([np.zeros(LANES), np.ones(LANES)])
    for place, lane in lanes_of(channels).items():
        shifted = np.array(v_mv - shifts[lane.channel.name])
        at = np.array(cai_mM) if lane.channel.calcium else shifted
        gates[0, place] = lane.first.steady(at, celsius)
        if lane.second is not None:
            gates[1, place] = lane.second.steady(shifted, celsius)
    there = [name for name in channels if name in SCHEMES]
    scheme = equilibrium(v_mv, celsius, there[0]) if there else np.zeros(len(STATES))
    return gates.ravel(), scheme
