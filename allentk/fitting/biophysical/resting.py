"""Genes of models that rest where the cell rests.

The channels that are open at rest carry a current, which the leak has to balance. A search that has the
reversal potential of the leak among its genes must find this balance anew whenever it changes a channel.
Here the resting voltage itself is the gene, and the leak reverses where no current is left at rest::

    e_pas = v_rest + sum of the channels' currents at v_rest / input conductance of the passive cell
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from allentk.errors import FitError
from allentk.fitting.biophysical.genes import GeneSet
from allentk.models import BiophysicalParameters, SectionParameters
from allentk.models.biophysical import SECTIONS
from allentk.models.channels import (
    CAI0_MM,
    CHANNELS,
    OPEN,
    SCHEMES,
    calcium_drive,
    equilibrium,
    nernst_mv,
)
from allentk.models.compartments import Compartments
from allentk.simulation.biophysical.reduction import PassiveTree

__all__ = ["RestingGenes", "at_rest", "resting_current"]

#: A leak that reverses farther from rest than this is no leak, in mV.
FARTHEST_MV = 60.0
#: From mA/cm2 and um2 to pA, and from S/cm2 and um2 to nS.
PER_UM2 = 10.0
#: Calcium and its reversal potential depend on each other weakly: a few rounds settle them, these at most,
#: to this relative change.
ROUNDS, SETTLED = 20, 1e-13


@dataclass(frozen=True, slots=True, repr=False)
class RestingGenes(GeneSet):
    """Genes with a resting voltage (``v_rest_mv`` of all sections) in place of the leak's reversal.

    Parameters
    ----------
    genes, template
        As of `GeneSet`; one gene is ``v_rest_mv``.
    cell : Compartments
        The cell that rests.
    """

    cell: Compartments

    def decode(self, point: ArrayLike) -> BiophysicalParameters:
        """Return the model at a point of the unit cube, its leak balanced at rest."""
        # not super(): a dataclass with slots is another class than the one that super() closes over
        return at_rest(GeneSet.decode(self, point), self.cell)


def at_rest(parameters: BiophysicalParameters, cell: Compartments) -> BiophysicalParameters:
    """Return the model with the leak's reversal at which it rests at ``v_init_mv``.

    Parameters
    ----------
    parameters : BiophysicalParameters
        A perisomatic model.
    cell : Compartments
        Its compartments, the soma first.

    Notes
    -----
    The reversal stays within 60 mV of rest: a model whose channels ask for more does not rest there.
    """
    one = parameters.sections["soma"]
    rest = parameters.v_init_mv
    area = float(cell.area_um2[0])
    current_pa = resting_current(one, rest, parameters.celsius) * area * PER_UM2
    conductance_ns = _tree(parameters, cell) + one.g_pas * area * PER_UM2
    off = float(np.clip(current_pa / conductance_ns, -FARTHEST_MV, FARTHEST_MV))
    sections = {
        name: replace(section, e_pas_mv=rest + off) for name, section in parameters.sections.items()
    }
    return replace(parameters, sections=sections)


def _tree(parameters: BiophysicalParameters, cell: Compartments) -> float:
    """Return the conductance of the passive tree that hangs on the soma, in nS."""
    kinds = [SECTIONS[kind] for kind in np.unique(cell.kind)]
    of = {kind: parameters.sections[kind] for kind in kinds}
    tree = PassiveTree.of(
        cell,
        ra_ohm_cm={kind: one.ra_ohm_cm for kind, one in of.items()},
        cm_uf_per_cm2={kind: one.cm_uf_per_cm2 for kind, one in of.items()},
        g_pas={kind: one.g_pas for kind, one in of.items()},
        e_pas_mv={kind: one.e_pas_mv for kind, one in of.items()},
    )
    return float(tree.admittance_ns(np.zeros(1, dtype=complex))[0].real)


def resting_current(section: SectionParameters, v_mv: float, celsius: float) -> float:
    """Return the current of all channels of a section at rest in mA/cm2, outward positive.

    Parameters
    ----------
    section : SectionParameters
        Channels and calcium pool.
    v_mv : float
        Voltage that it has rested at for long.
    celsius : float
        Temperature.

    Examples
    --------
    >>> soma = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80,
    ...                          mechanisms={"Ih": {"gbar": 1e-3}})
    >>> round(resting_current(soma, -80.0, 34.0), 5)
    -0.00172
    """
    calcium, cai = _calcium(section, v_mv, celsius)
    total = calcium
    for name in section.mechanisms:
        if name == "CaDynamics" or (name in CHANNELS and CHANNELS[name].ion == "ca"):
            continue
        total += _current(section, name, v_mv, celsius, cai)
    return total


def _calcium(section: SectionParameters, v_mv: float, celsius: float) -> tuple[float, float]:
    """Return the current of the calcium channels in mA/cm2, and the concentration it keeps in mM."""
    names = [n for n in section.mechanisms if n in CHANNELS and CHANNELS[n].ion == "ca"]
    if "CaDynamics" not in section.mechanisms:
        return sum(_current(section, n, v_mv, celsius, CAI0_MM) for n in names), CAI0_MM
    least = section.value("CaDynamics", "min_cai_mM")
    drive = calcium_drive(
        section.value("CaDynamics", "gamma"), section.value("CaDynamics", "depth_um")
    )
    decay_ms = 1e3 * section.value("CaDynamics", "decay_s")
    cai, current = least, 0.0
    for _ in range(ROUNDS if names else 0):
        current = sum(_current(section, n, v_mv, celsius, cai) for n in names)
        before, cai = cai, max(least - decay_ms * drive * current, least)
        if abs(cai - before) <= SETTLED * cai:
            break
    return current, cai


def _current(
    section: SectionParameters, name: str, v_mv: float, celsius: float, cai: float
) -> float:
    """Return the current of one kind of channel at rest in mA/cm2."""
    gbar = section.value(name, "gbar")
    if name in SCHEMES:
        fraction = float(equilibrium(np.array([v_mv]), celsius, name)[0, OPEN])
        return gbar * fraction * (v_mv - _reversal(section, "na", name, cai, celsius))
    channel = CHANNELS[name]
    driven = cai if channel.calcium else v_mv
    if channel.shifted:
        driven = v_mv - section.value(name, "vshift_mv")
    at = np.array([driven])
    fraction = float(channel.open_fraction([g.steady(at, celsius) for g in channel.gates])[0])
    reversal = channel.reversal_mv
    if reversal is None:
        reversal = _reversal(section, channel.ion, name, cai, celsius)
    return gbar * fraction * (v_mv - reversal)


def _reversal(section: SectionParameters, ion: str, name: str, cai: float, celsius: float) -> float:
    if ion == "ca":
        return float(nernst_mv(np.array(cai), celsius))
    found = section.ena_mv if ion == "na" else section.ek_mv
    if found is None:
        raise FitError(f"{name}: the section has no e{ion}; give the template one")
    return found
