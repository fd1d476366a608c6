"""Tables of a step and parameters of a cell, as the compiled tree takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models.biophysical import SECTIONS, BiophysicalParameters, SectionParameters
from allentk.models.channels import (
    CAI0_MM,
    CAO_MM,
    SCHEMES,
    Gate,
    calcium_drive,
    ladder,
    nernst_slope_mv,
)
from allentk.models.channels.sodium_scheme import SLOPE_MV
from allentk.models.compartments import Compartments
from allentk.models.known_mechanisms import MECHANISMS, POOL
from allentk.simulation.biophysical.lanes import LOW_LOG, LOW_MV, STEP_LOG, STEP_MV, relaxation
from allentk.simulation.biophysical.tree_layout import Tables, Values
from allentk.simulation.biophysical.tree_plan import Plan, rows_of

__all__ = ["mechanisms_of", "pool_of", "tables_of", "values_of"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

#: S/cm2 times um2 in uS, mA/cm2 times um2 in nA; uF/cm2 times um2 in nF.
_PER_UM2, _NF_PER_UM2 = 1e-2, 1e-5


@lru_cache(maxsize=256)
def _gate_table(gate: Gate, shift_mv: float, calcium: bool, celsius: float, dt_ms: float) -> Array:
    axis = _axis(calcium)
    x = np.exp(axis) if calcium else axis - shift_mv
    steady, gone = relaxation(gate, x, celsius, dt_ms)
    table = np.zeros((axis.size, 4))
    table[:, 0], table[:, 2] = gone, steady
    table[:-1, 1::2] = np.diff(table[:, ::2], axis=0)
    return table.ravel()


def _axis(calcium: bool) -> Array:
    """Return the abscissa of a table: mV, or the logarithm of calcium in mM."""
    low, step = (LOW_LOG, STEP_LOG) if calcium else (LOW_MV, STEP_MV)
    return np.asarray(low + step * np.arange(rows_of(calcium)))


def tables_of(cell: Plan, celsius: float, dt_ms: float) -> Tables:
    """Return the tables of a step for a cell.

    Parameters
    ----------
    cell : Plan
        Its gates.
    celsius : float
        Temperature in degrees Celsius.
    dt_ms : float
        The step in ms.
    """
    rows = [_gate_table(*one, celsius, dt_ms) for one in cell.tables]
    axis = _axis(calcium=False)
    return Tables(
        dt_ms=dt_ms,
        low=LOW_MV,
        per=1.0 / STEP_MV,
        calcium_low=LOW_LOG,
        calcium_per=1.0 / STEP_LOG,
        rows=np.concatenate(rows) if rows else np.zeros(0),
        growth=np.exp(axis / SLOPE_MV),
        slope_mv=SLOPE_MV,
        rungs=dt_ms * np.array([_rungs(celsius, name) for name in SCHEMES]),
        n_calcium=rows_of(calcium=True),
    )


def _rungs(celsius: float, name: str) -> Array:
    scheme = ladder(celsius, name)
    rungs = np.zeros((6, 10))
    for side in (0, 1):
        parts = (scheme.up_a, scheme.up, scheme.down_a, scheme.down)
        rungs[:5, 4 * side : 4 * side + 4] = np.transpose([part[:, side] for part in parts])
    rungs[:, 8], rungs[:, 9] = scheme.across, scheme.back
    return rungs


def mechanisms_of(
    compartments: Compartments, parameters: BiophysicalParameters
) -> dict[str, dict[str, float]]:
    """Return section -> mechanism -> shift of the sections that there are."""
    kinds = np.unique(compartments.kind)
    found: dict[str, dict[str, float]] = {}
    for name in (SECTIONS[kind] for kind in kinds):
        if name not in parameters.sections:
            raise SimulationError(
                f"the tree has {name!r}, but there are parameters for "
                f"{', '.join(parameters.sections)} only"
            )
        section = parameters.sections[name]
        there = sorted(section.mechanisms)
        found[name] = {one: section.mechanisms[one].get("vshift_mv", 0.0) for one in there}
    return found


def values_of(
    tree: Compartments, cell: Plan, place: Ints, parameters: BiophysicalParameters
) -> Values:
    """Return a parameter set in absolute units; `place` is the node of every compartment."""
    sections = parameters.sections

    def of(name: str) -> Array:
        return tree.by_kind(
            {kind: float(getattr(one, name)) for kind, one in sections.items()}, what=name
        )

    order = np.argsort(place)
    ra = {kind: one.ra_ohm_cm for kind, one in sections.items()}
    coupling = 1.0 / tree.axial_mohm(ra)
    own = _PER_UM2 * tree.area_um2 * of("g_pas")
    through = coupling.copy()
    np.add.at(through, tree.parent[1:], coupling[1:])
    lanes = [(sections[SECTIONS[kind]], path) for kind, path in cell.lanes]
    schemes = [(sections[SECTIONS[kind]], name) for kind, name in cell.schemes]
    return Values(
        coupling=coupling[order],
        capacity=(_NF_PER_UM2 * tree.area_um2 * of("cm_uf_per_cm2"))[order],
        leak=(own + through)[order],
        leak_current=(own * of("e_pas_mv"))[order],
        scale=_PER_UM2 * tree.area_um2[order][cell.layout.node],
        gbar=_row(path.weight * one.value(path.channel.name, "gbar") for one, path in lanes),
        reversal=_row(
            _reversal(one, path.channel.name, path.channel.reversal_mv) for one, path in lanes
        ),
        scheme_gbar=_row(one.value(name, "gbar") for one, name in schemes),
        scheme_reversal=_row(_reversal(one, name, None) for one, name in schemes),
        pool=np.array([pool_of(sections[SECTIONS[kind]]) for kind in cell.kinds], dtype=float),
        calcium_slope=nernst_slope_mv(parameters.celsius),
        calcium_out=math.log(CAO_MM),
    )


def _row(numbers: Iterable[float]) -> Array:
    # Always of one type: another one would have the kernel compiled anew.
    return np.fromiter(numbers, dtype=float)


def _reversal(section: SectionParameters, name: str, own: float | None) -> float:
    if own is not None:
        return own
    ion = MECHANISMS[name].ion
    if ion == "ca":
        return 0.0
    given = section.ena_mv if ion == "na" else section.ek_mv
    if given is None:
        raise SimulationError(f"{name} needs e{ion}_mv of its section, got None")
    return given


def pool_of(section: SectionParameters) -> tuple[float, float, float]:
    """Return how a section's calcium rises (mM/ms for -1 mA/cm2), decays (ms), and where it rests (mM).

    Without a pool it stays where it is.
    """
    if POOL not in section.mechanisms:
        return 0.0, 1.0, CAI0_MM
    gamma, depth, decay_s, rest = (
        section.value(POOL, name) for name in ("gamma", "depth_um", "decay_s", "min_cai_mM")
    )
    return calcium_drive(gamma, depth), 1e3 * decay_s, rest
