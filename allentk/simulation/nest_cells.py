"""The cells of a network as models of NEST.

Cells that take synaptic currents are ``glif_psc``, or ``glif_psc_double_alpha`` where a slower current
flows at some receptor of their population. Cells that take jumps are ``iaf_psc_delta``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.io.glif_nest import nest_parameters
from allentk.models import GLIFParameters
from allentk.network import JumpProjection, Network, PoissonInput, Population, Projection, Receptor
from allentk.simulation.glif_propagator import refractory_steps

__all__ = ["CellGroup", "Receptors", "cell_groups"]

Parts = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Receptors:
    """Receptor ports of a population: the alpha currents of each, in the order of NEST's ports.

    NEST's double alpha has two currents at every port, and takes no slow one of peak 0: a single alpha
    there is two halves of it.
    """

    population: str
    ports: list[Parts] = field(default_factory=list)

    @classmethod
    def of(cls, network: Network, population: str) -> Receptors:
        """Collect the receptors of all that ends at a population."""
        found = cls(population)
        for entry in (*network.projections, *network.background):
            if entry.target != population or not isinstance(entry, Projection | PoissonInput):
                continue
            if entry.receptor.parts not in found.ports:
                found.ports.append(entry.receptor.parts)
        return found

    @property
    def double(self) -> bool:
        """Whether a slower current flows at some port."""
        return any(len(parts) > 1 for parts in self.ports)

    def port(self, receptor: Receptor) -> tuple[int, float]:
        """Return NEST's number of a port, from 1, and the factor of the weights there."""
        factor = 0.5 if self.double and len(receptor.parts) == 1 else 1.0
        return self.ports.index(receptor.parts) + 1, factor

    def parameters(self) -> dict[str, list[float]]:
        """Return the time constants as NEST takes them, ms."""
        if not self.ports:
            return {}
        fast = [parts[0][0] * 1e3 for parts in self.ports]
        if not self.double:
            return {"tau_syn": fast}
        slow = [parts[-1] for parts in self.ports]
        return {
            "tau_syn_fast": fast,
            "tau_syn_slow": [tau * 1e3 for tau, _ in slow],
            "amp_slow": [peak for _, peak in slow],
        }


@dataclass(frozen=True, slots=True)
class CellGroup:
    """Cells of one population and one model.

    Parameters
    ----------
    population : str
        Name.
    nodes : ndarray of int
        Which of its nodes.
    model : str
        NEST's name of the model.
    parameters : dict
        As NEST takes them.
    rest_mv : float
        What is added to a voltage of NEST to make it absolute.
    """

    population: str
    nodes: NDArray[np.int64]
    model: str
    parameters: dict[str, Any]
    rest_mv: float


def cell_groups(network: Network, dt_s: float) -> list[CellGroup]:
    """Return all cells of a network as NEST takes them.

    Raises
    ------
    SimulationError
        On a cell that NEST would refuse; on jumps that end at cells of another level than 1, or beside
        currents.
    """
    groups = []
    for population in network.populations:
        if population.virtual:
            continue
        receptors = Receptors.of(network, population.name)
        jumps = [
            p
            for p in network.projections
            if isinstance(p, JumpProjection) and p.target == population.name
        ]
        if jumps:
            _check_jumps(population, jumps[0], receptors)
        index = population.nodes["model"].to_numpy()
        for number, model in enumerate(population.point_models):
            nodes = np.flatnonzero(index == number)
            if nodes.size:
                name, parameters, rest = _model(
                    population.name, model, receptors, dt_s, bool(jumps)
                )
                groups.append(CellGroup(population.name, nodes, name, parameters, rest))
    return groups


def _check_jumps(population: Population, jump: JumpProjection, receptors: Receptors) -> None:
    levels = sorted({model.level for model in population.point_models} - {1})
    if levels:
        raise SimulationError(
            f"{jump!r}: NEST takes jumps of the voltage at cells of level 1 alone (iaf_psc_delta); "
            f"{population.name!r} has level {levels[0]}; use backend='glif'"
        )
    if receptors.ports:
        raise SimulationError(
            f"{jump!r}: no model of NEST takes jumps and alpha currents at one cell, and "
            f"{population.name!r} takes both; use backend='glif'"
        )


def _model(
    population: str, model: GLIFParameters, receptors: Receptors, dt_s: float, jumps: bool
) -> tuple[str, dict[str, Any], float]:
    # NEST rounds a refractory time up to whole steps; here it is the nearest, as everywhere.
    rounded = replace(model, t_ref_s=refractory_steps(model, dt_s) * dt_s)
    if jumps:
        return "iaf_psc_delta", _delta(population, rounded), model.E_L_mv
    try:
        parameters = nest_parameters(rounded)
    except SimulationError as error:
        raise SimulationError(f"population {population!r}: {error}") from error
    name = "glif_psc_double_alpha" if receptors.double else "glif_psc"
    return name, parameters | receptors.parameters(), 0.0


def _delta(population: str, model: GLIFParameters) -> dict[str, Any]:
    if not model.th_inf_mv > 0:
        raise SimulationError(
            f"population {population!r}: NEST's iaf_psc_delta needs a threshold above rest, got "
            f"th_inf_mv={model.th_inf_mv:g}; use backend='glif'"
        )
    return {
        "V_m": 0.0,
        "E_L": 0.0,
        "V_reset": 0.0,
        # NEST fires at the threshold, cells of level 1 above it.
        "V_th": math.nextafter(model.th_inf_mv, math.inf),
        "C_m": model.C_pf,
        "tau_m": model.tau_m_s * 1e3,
        "t_ref": model.t_ref_s * 1e3,
        "refractory_input": False,
    }
