"""The state in which a run of the compiled tree begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.models.biophysical import SECTIONS, BiophysicalParameters
from allentk.models.channels import SCHEMES, equilibrium
from allentk.simulation.biophysical.tree_layout import CHUNK, State
from allentk.simulation.biophysical.tree_plan import Plan
from allentk.simulation.biophysical.tree_values import pool_of

__all__ = ["start_of"]

Array = NDArray[np.float64]


def start_of(
    plan: Plan, celsius: float, parameters: BiophysicalParameters, v_mv: float | None = None
) -> State:
    """Return the state of a cell whose gates have been at one voltage for long.

    Parameters
    ----------
    plan : Plan
        How the cell is laid out.
    celsius : float
        Temperature in degrees Celsius.
    parameters : BiophysicalParameters
        A parameter set.
    v_mv : float, optional
        Voltage everywhere in mV; by default ``parameters.v_init_mv``.

    Returns
    -------
    State
        Calcium is at its rest.
    """
    v = float(parameters.v_init_mv if v_mv is None else v_mv)
    layout = plan.layout
    n = layout.node.size
    rest = np.zeros(n)
    for row, kind in zip(layout.kinds, plan.kinds, strict=True):
        rest[row[0] : row[1]] = pool_of(parameters.sections[SECTIONS[kind]])[2]
    states = np.zeros((len(layout.schemes), 12, CHUNK))
    for chunk, (_, _, scheme, _) in enumerate(layout.schemes):
        states[chunk] = equilibrium(v, celsius, list(SCHEMES)[scheme])[:, None]
    return State(
        v=np.full(layout.parent.size, v),
        x=_gates(plan, celsius, v, rest),
        states=states.ravel(),
        cai=rest,
        reversal=np.zeros(n),
        conductance=np.zeros(n),
        drive=np.zeros(n),
        calcium=np.zeros(n),
    )


def _gates(plan: Plan, celsius: float, v_mv: float, cai_mM: Array) -> Array:
    bounds = {
        kind: (int(row[0]), int(row[1]))
        for row, kind in zip(plan.layout.kinds, plan.kinds, strict=True)
    }
    parts = []
    for slot in plan.slots:
        first, last = bounds[slot.kind]
        x = cai_mM[first:last] if slot.calcium else np.full(last - first, v_mv - slot.shift_mv)
        parts.append(slot.gate.steady(x, celsius))
    return np.concatenate(parts) if parts else np.zeros(0)
