"""Fit styles: which channels a perisomatic model has, and between which bounds they are sought.

The published styles f6, f9, f12 and f13 have linear scales and the same upper bounds as here. Those
of this package are the same channels with logarithmic scales that reach down to where a channel
all but vanishes; a capacitance factor of the dendrites and the resting voltage are free as well; the
leak reverses where the model then rests.

References
----------
Gouwens et al. 2018, Nature Communications 9:710; Nandi et al. 2022, Cell Reports 40:111176, for the
bounds of human cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from allentk.data import Morphology
from allentk.errors import ConfigError, FitError
from allentk.fitting.biophysical.genes import Gene, GeneSet, only
from allentk.models import BiophysicalParameters, SectionParameters
from allentk.models.biophysical import JUNCTION_MV, SECTIONS
from allentk.models.biophysical_model import section_of_type
from allentk.models.compartments import Compartments

__all__ = ["STYLES", "PassiveLike", "choose_style", "gene_set", "genes", "template"]

#: Styles of this package, and the published ones.
STYLES = ("pyramidal", "fast-spiking", "human", "f6", "f9", "f12", "f13")
ENA_MV, EK_MV, CELSIUS = 53.0, -107.0, 34.0
#: A cell with narrower spikes than this may be a fast-spiking one, in s.
NARROW_S = 0.0008
_SHARED = (("Ih", 0.1), ("SK", 1.0), ("Ca_HVA", 1e-3), ("Ca_LVA", 1e-2))
#: Upper bounds of the conductances at the soma in S/cm2.
_PYRAMIDAL = (
    ("NaTs", 15.0),
    ("Nap", 0.1),
    ("K_P", 1.0),
    ("K_T", 1.0),
    ("Kv3_1", 3.0),
    ("Im", 0.1),
    *_SHARED,
)
_FAST = (
    ("NaV", 15.0),
    ("Kd", 1.0),
    ("Kv2like", 1.0),
    ("K_T", 1.0),
    ("Kv3_1", 3.0),
    ("Im_v2", 0.1),
    *_SHARED,
)
#: A perisomatic model of a human cell: NaV as at the soma of human all-active models, the other
#: channels shared.
_HUMAN = (
    ("NaV", 5.0),
    ("Nap", 0.1),
    ("K_P", 1.0),
    ("K_T", 1.0),
    ("Kv3_1", 3.0),
    ("Im", 0.1),
    *_SHARED,
)
_CHANNELS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "pyramidal": _PYRAMIDAL,
    "f6": _PYRAMIDAL,
    "f9": _PYRAMIDAL,
    "fast-spiking": _FAST,
    "f12": _FAST,
    "f13": _FAST,
    "human": _HUMAN,
}
#: Where a logarithmic scale begins, in S/cm2: a channel so weak passes less than a pA at a soma, and
#: without that much sodium there is no spike. A leak so small leaves a membrane of 1 MOhm cm2.
WEAK, SODIUM, LEAK = 1e-6, 1e-2, 1e-6
#: How far a model may rest from the cell, in mV, and how far the dendrites' capacitance may be off.
REST_MV, CM_FACTOR = 2.0, 4.0


class PassiveLike(Protocol):
    """What a passive fit tells: axial resistance in Ohm cm, capacitance by section in uF/cm2."""

    @property
    def ra_ohm_cm(self) -> float:
        """Axial resistance."""

    @property
    def cm_by_section(self) -> Mapping[str, float]:
        """Capacitance by section."""


def choose_style(
    dendrite_type: str | None, width_s: float = math.nan, *, human: bool = False
) -> str:
    """Return the style for a cell.

    Parameters
    ----------
    dendrite_type : {"spiny", "aspiny", "sparsely spiny"}, optional
        As in the database.
    width_s : float
        Width of its spikes in s.
    human : bool
        Whether the cell is of a human.

    Notes
    -----
    The published pipeline runs f6 and f12 for spiny cells with narrow spikes and for aspiny ones with
    wide spikes, and keeps the better; its code compares a width in seconds with 0.8, so that all spikes
    are narrow to it, and aspiny cells got f12 alone. Here the width is in seconds on both sides and
    decides where nobody said what the dendrites are; else one style is taken, by the dendrites.

    Examples
    --------
    >>> choose_style("spiny", 0.0012), choose_style("aspiny", 0.0004), choose_style(None)
    ('pyramidal', 'fast-spiking', 'pyramidal')
    """
    if human:
        return "human"
    if dendrite_type == "spiny":
        return "pyramidal"
    if dendrite_type is None:
        return "fast-spiking" if width_s < NARROW_S else "pyramidal"
    return "fast-spiking"


def genes(style: str, v_rest_mv: float) -> tuple[Gene, ...]:
    """Return the genes of a style.

    Parameters
    ----------
    style : str
        One of `STYLES`.
    v_rest_mv : float
        Resting voltage of the cell, corrected for the junction potential.

    Raises
    ------
    ConfigError
        On an unknown style.

    Examples
    --------
    >>> [gene.name for gene in genes("f6", -80.0)][-2:]
    ['g_pas_dend', 'g_pas_apic']
    >>> len(genes("pyramidal", -80.0))
    18
    """
    if style not in _CHANNELS:
        raise ConfigError(f"style must be one of {', '.join(STYLES)}, got {style!r}")
    published = style.startswith("f") and style[1:].isdigit()
    found = [_conductance(name, high, published) for name, high in _CHANNELS[style]]
    return (*found, *_calcium(style, published), *_passive(v_rest_mv, published))


def _conductance(name: str, high: float, published: bool) -> Gene:
    weak = SODIUM if name in ("NaTs", "NaV") else WEAK
    low, scale = (0.0, "linear") if published else (weak, "log")
    return Gene("soma", name, "gbar", low, high, scale, "S/cm2")


def _calcium(style: str, published: bool) -> tuple[Gene, ...]:
    low = 1e-7 if style in ("f12", "f13") else 0.0
    gamma = (low, 0.05, "linear") if published else (5e-5, 0.05, "log")
    return (
        Gene("soma", "CaDynamics", "gamma", *gamma, "1"),
        Gene("soma", "CaDynamics", "decay_s", 0.02, 1.0, "linear" if published else "log", "s"),
    )


def _passive(v_rest_mv: float, published: bool) -> tuple[Gene, ...]:
    scale = "linear" if published else "log"
    low = 1e-7 if published else LEAK
    leaks = tuple(Gene(name, "", "g_pas", low, 1e-3, scale, "S/cm2") for name in SECTIONS)
    if published:
        return leaks
    rest = (v_rest_mv - REST_MV, v_rest_mv + REST_MV)
    return (
        *leaks,
        Gene("dendrites", "", "cm_factor", 1 / CM_FACTOR, CM_FACTOR, "log", "1"),
        Gene("all", "", "v_rest_mv", *rest, "linear", "mV"),
    )


def template(
    morphology: Morphology,
    *,
    v_rest_mv: float,
    passive: PassiveLike,
    junction_potential_mv: float = JUNCTION_MV,
    axon: str = "stub",
) -> BiophysicalParameters:
    """Return a model without channels, whose leak reverses at rest.

    Parameters
    ----------
    morphology : Morphology
        The reconstruction.
    v_rest_mv : float
        Resting voltage, corrected for the junction potential.
    passive : PassiveLike
        A passive fit, or `allentk.fitting.biophysical.passive.default_passive`.
    junction_potential_mv : float
        What was added to recorded voltages.
    axon : str
        Which axon is simulated.

    Raises
    ------
    FitError
        Where `passive` lacks the capacitance of a section that there is.
    """
    there = {section_of_type(int(one)) for one in set(morphology.type.tolist())}
    if axon != "full":
        there.add("axon")
    missing = sorted(there - set(passive.cm_by_section))
    if missing:
        raise FitError(
            f"passive: no capacitance of {', '.join(missing)}, which the reconstruction has; "
            f"cm_by_section tells {', '.join(sorted(passive.cm_by_section)) or 'none'}"
        )
    sections = {}
    for name in (name for name in SECTIONS if name in there):
        sections[name] = SectionParameters(
            ra_ohm_cm=passive.ra_ohm_cm,
            cm_uf_per_cm2=passive.cm_by_section[name],
            g_pas=1e-5,
            e_pas_mv=v_rest_mv,
            ena_mv=ENA_MV if name == "soma" else None,
            ek_mv=EK_MV if name == "soma" else None,
        )
    return BiophysicalParameters(
        kind="perisomatic",
        sections=sections,
        v_init_mv=v_rest_mv,
        celsius=CELSIUS,
        junction_potential_mv=junction_potential_mv,
        axon=axon,
    )


def gene_set(style: str, base: BiophysicalParameters, cell: Compartments | None = None) -> GeneSet:
    """Return the genes of a style for a model's sections.

    Parameters
    ----------
    style : str
        One of `STYLES`.
    base : BiophysicalParameters
        What `template` returns.
    cell : Compartments, optional
        The cell whose leak is to balance its channels at rest; without it the leak of this package's
        styles reverses at rest.
    """
    from allentk.fitting.biophysical.resting import RestingGenes

    found = only(genes(style, base.v_init_mv), tuple(base.sections))
    rests = any(gene.parameter == "v_rest_mv" for gene in found)
    return RestingGenes(found, base, cell) if rests and cell is not None else GeneSet(found, base)
