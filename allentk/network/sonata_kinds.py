"""Kinds of synapses as components and edge types of a SONATA circuit.

=============== ============================ =========================================
projection      ``model_template``           component
=============== ============================ =========================================
currents        ``static_synapse``           ``receptor_type`` of the target's model
jumps           none                         ``level_of_detail`` instantaneous, ``sign``
conductances    ``exp2syn``                  ``tau1``, ``tau2`` (ms), ``erev`` (mV)
=============== ============================ =========================================
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from allentk.atomic import write_text
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.inputs import PoissonInput
from allentk.network.jump_projection import JumpProjection
from allentk.network.network import AnyProjection, Network
from allentk.network.projection import Projection, Receptor
from allentk.network.sonata_models import FOLDERS
from allentk.network.synapses import Synapse

__all__ = ["ANYWHERE_UM", "AREAS", "SynapseFiles", "receptors_onto", "same_course"]

#: Our sections -> the names of BMTK's ``target_sections``.
AREAS = {"soma": "somatic", "axon": "axonal", "dend": "basal", "apic": "apical"}
#: What stands for an infinite distance.
ANYWHERE_UM = 1e20


def same_course(receptor: Receptor) -> tuple[float, float | None, float]:
    """Return what tells receptors of a model apart: the time course, not the sign."""
    slow = receptor.tau_slow_s if receptor.slow_amplitude else None
    return receptor.tau_s, slow, receptor.slow_amplitude


def receptors_onto(network: Network, target: str) -> list[Receptor]:
    """Return the receptors of a population's cells, one for each time course, in order of use."""
    found: dict[Any, Receptor] = {}
    for projection in network.projections:
        if isinstance(projection, Projection) and projection.target == target:
            found.setdefault(same_course(projection.receptor), projection.receptor)
    for entry in network.background:
        if isinstance(entry, PoissonInput) and entry.target == target:
            found.setdefault(same_course(entry.receptor), entry.receptor)
    return list(found.values())


class SynapseFiles:
    """Components of synapses, written once each.

    Parameters
    ----------
    network : Network
        What is being saved.
    folder : Path
        The folder ``components``.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self._network = network
        self._folder = folder / FOLDERS["synaptic_models_dir"]
        self._synapses: dict[Any, str] = {}

    def columns(self, projection: AnyProjection) -> dict[str, Any]:
        """Return the columns of the edge type of a projection."""
        if isinstance(projection, ConductanceProjection):
            return self._conductance(projection)
        if isinstance(projection, JumpProjection):
            name = "instantaneous_exc" if projection.sign > 0 else "instantaneous_inh"
            document = {"level_of_detail": "instantaneous", "sign": projection.sign}
            return {"dynamics_params": self._written(name, document), "model_template": None}
        courses = [same_course(one) for one in receptors_onto(self._network, projection.target)]
        k = courses.index(same_course(projection.receptor)) + 1
        file = self._written(f"receptor_{k}", {"receptor_type": k})
        return {"dynamics_params": file, "model_template": "static_synapse"}

    def _conductance(self, projection: ConductanceProjection) -> dict[str, Any]:
        synapse = projection.synapse
        course = (synapse.tau_rise_s, synapse.tau_decay_s, synapse.reversal_mv)
        name = self._synapses.setdefault(course, f"exp2syn_{len(self._synapses) + 1}")
        document = {
            "level_of_detail": "exp2syn",
            "tau1": synapse.tau_rise_s * 1e3,
            "tau2": synapse.tau_decay_s * 1e3,
            "erev": synapse.reversal_mv,
        }
        return {
            "dynamics_params": self._written(name, document),
            "model_template": "exp2syn",
            "target_sections": None if projection.is_placed else _areas(synapse),
            "distance_range": None if projection.is_placed else _distances(synapse.distance_um),
        }

    def _written(self, name: str, document: dict[str, Any]) -> str:
        path = self._folder / f"{name}.json"
        if not path.exists():
            write_text(path, json.dumps(document, indent=2) + "\n")
        return path.name


def _areas(synapse: Synapse) -> str:
    return str([AREAS[name] for name in synapse.sections])


def _distances(distance_um: Sequence[float]) -> str:
    return str([one if math.isfinite(one) else ANYWHERE_UM for one in distance_um])
