"""What an all-active fit may change: channels in every section, and between which bounds.

Upper bounds are the published ones. Conductances have a logarithmic scale, so a channel whose
published lower bound is 0 begins six decades below its upper one, and can all but vanish.

References
----------
Nandi et al. 2022, Cell Reports 40:111176.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

from allentk.data import Morphology
from allentk.errors import ConfigError
from allentk.fitting.biophysical.bounds import (
    CELSIUS,
    EK_MV,
    ENA_MV,
    choose_style,
)
from allentk.fitting.biophysical.genes import Gene, GeneSet, only
from allentk.models import BiophysicalParameters, SectionParameters
from allentk.models.biophysical import JUNCTION_MV, SECTIONS
from allentk.models.biophysical_model import section_of_type
from allentk.models.frozen import Frozen

__all__ = [
    "NARROW",
    "STYLES",
    "all_active_genes",
    "all_active_template",
    "choose_all_active_style",
    "narrowed",
    "stage_genes",
]

#: Decades below the upper bound at which a published lower bound of 0 begins.
DECADES = 6

#: How far a number that an earlier stage has fitted may go, of itself.
NARROW = 0.5
#: Mechanism, sections, and bounds of its conductance in S/cm2.
Rows = tuple[tuple[str, str, float, float], ...]
_IH: Rows = (("Ih", "soma apic dend", 1e-7, 1e-4),)
_SHARED: Rows = (
    *_IH,
    ("K_Tst", "soma axon", 0.0, 1.0),
    ("K_Pst", "soma axon", 0.0, 1.0),
    ("Kv3_1", "soma axon", 0.0, 2.0),
    ("SK", "soma axon", 1e-7, 0.1),
    ("Ca_HVA", "soma axon", 1e-7, 1e-3),
    ("Ca_LVA", "soma axon", 1e-7, 1e-2),
)
_MOUSE_SPINY: Rows = (
    *_SHARED,
    ("NaTs2_t", "soma", 0.0, 5.0),
    ("NaTs2_t", "apic", 0.0, 0.1),
    ("NaTs2_t", "dend", 0.0, 0.01),
    ("NaTa_t", "axon", 0.0, 10.0),
    ("Nap_Et2", "axon", 0.0, 5.0),
    ("Nap_Et2", "soma", 0.0, 1.0),
    ("Kv3_1", "dend apic", 0.0, 0.1),
    ("Im", "apic dend", 1e-7, 1e-2),
)
#: The apical dendrite that few of these cells have is bound as their other dendrites are.
_ASPINY: Rows = (
    *_SHARED,
    ("NaV", "soma", 1e-7, 5.0),
    ("NaV", "axon dend apic", 1e-7, 0.1),
    ("Kd", "axon", 1e-7, 1e-2),
    ("Kv2like", "axon", 0.0, 0.1),
    ("Kv3_1", "dend apic", 0.0, 1.0),
    ("Im_v2", "apic dend", 1e-7, 1e-2),
)
_HUMAN_SPINY: Rows = (
    *_SHARED,
    ("NaV", "soma", 1e-7, 5.0),
    ("NaV", "axon", 1e-7, 10.0),
    ("NaV", "dend apic", 1e-7, 0.1),
    ("Kv3_1", "dend apic", 0.0, 0.1),
    ("Im", "apic dend", 1e-7, 1e-2),
)
_TABLES: Mapping[str, Rows] = Frozen(
    {
        "mouse-spiny": _MOUSE_SPINY,
        "mouse-aspiny": _ASPINY,
        "human-spiny": _HUMAN_SPINY,
        "human-aspiny": _ASPINY,
    }
)
STYLES = tuple(_TABLES)
_PASSIVE = (
    *(Gene(name, "", "cm_uf_per_cm2", 0.1, 10.0, "log", "uF/cm2") for name in SECTIONS),
    Gene("all", "", "ra_ohm_cm", 50.0, 200.0, "linear", "Ohm cm"),
    Gene("all", "", "g_pas", 1e-7, 1e-2, "log", "S/cm2"),
    Gene("all", "", "e_pas_mv", -110.0, -60.0, "linear", "mV"),
)
_CALCIUM = tuple(
    gene
    for name in ("soma", "axon")
    for gene in (
        Gene(name, "CaDynamics", "gamma", 5e-4, 0.05, "log", "1"),
        Gene(name, "CaDynamics", "decay_s", 0.02, 1.0, "log", "s"),
    )
)


def choose_all_active_style(
    dendrite_type: str | None, width_s: float = math.nan, *, human: bool = False
) -> str:
    """Return the style for a cell, by its dendrites, or by its spikes where nobody said.

    Parameters
    ----------
    dendrite_type : {"spiny", "aspiny", "sparsely spiny"}, optional
        As in the database.
    width_s : float
        Width of its spikes in s.
    human : bool
        Whether the cell is of a human.

    Examples
    --------
    >>> choose_all_active_style("aspiny"), choose_all_active_style(None, 0.001, human=True)
    ('mouse-aspiny', 'human-spiny')
    """
    spiny = choose_style(dendrite_type, width_s) == "pyramidal"
    return f"{'human' if human else 'mouse'}-{'spiny' if spiny else 'aspiny'}"


def all_active_genes(style: str, stage: int) -> tuple[Gene, ...]:
    """Return the genes of a stage: the membrane; with Ih; with all channels.

    Parameters
    ----------
    style : str
        One of `STYLES`.
    stage : {0, 1, 2}
        Which stage.

    Raises
    ------
    ConfigError
        On an unknown style.

    Examples
    --------
    >>> [len(all_active_genes("mouse-spiny", stage)) for stage in (0, 1, 2)]
    [7, 10, 36]
    """
    if style not in _TABLES:
        raise ConfigError(f"style must be one of {', '.join(STYLES)}, got {style!r}")
    rows = ((), _IH, _TABLES[style])[stage]
    conductances = (
        Gene(section, name, "gbar", low or high * 10.0**-DECADES, high, "log", "S/cm2")
        for name, sections, low, high in rows
        for section in sections.split()
    )
    return (*_PASSIVE, *conductances, *(_CALCIUM if stage == 2 else ()))


def narrowed(gene: Gene, value: float) -> Gene:
    """Return a gene that may go half its fitted value up or down, within its bounds.

    Examples
    --------
    >>> gene = narrowed(Gene("soma", "Ih", "gbar", 1e-7, 1e-4), 8e-5)
    >>> gene.low, gene.high
    (4e-05, 0.0001)
    """
    far = NARROW * abs(value)
    return replace(gene, low=max(gene.low, value - far), high=min(gene.high, value + far))


def all_active_template(
    morphology: Morphology, *, v_init_mv: float, junction_potential_mv: float = JUNCTION_MV
) -> BiophysicalParameters:
    """Return a model without channels for a reconstruction whose axon is replaced by a stub.

    Parameters
    ----------
    morphology : Morphology
        The reconstruction.
    v_init_mv : float
        Voltage at the beginning, corrected for the junction potential.
    junction_potential_mv : float
        What was added to recorded voltages.
    """
    there = {section_of_type(int(one)) for one in set(morphology.type.tolist())} | {"axon"}
    one = SectionParameters(
        ra_ohm_cm=100.0,
        cm_uf_per_cm2=1.0,
        g_pas=1e-5,
        e_pas_mv=v_init_mv,
        ena_mv=ENA_MV,
        ek_mv=EK_MV,
    )
    return BiophysicalParameters(
        kind="all-active",
        sections={name: one for name in SECTIONS if name in there},
        v_init_mv=v_init_mv,
        celsius=CELSIUS,
        junction_potential_mv=junction_potential_mv,
        axon="stub",
    )


def stage_genes(
    style: str,
    stage: int,
    base: BiophysicalParameters,
    fitted: Collection[str] = (),
) -> GeneSet:
    """Return the genes of a stage for a model's sections.

    Parameters
    ----------
    style : str
        One of `STYLES`.
    stage : {0, 1, 2}
        Which stage.
    base : BiophysicalParameters
        The model that the stage before has fitted, or `all_active_template`.
    fitted : collection of str
        Names of the genes that were fitted: they stay near their value.
    """
    genes = only(all_active_genes(style, stage), tuple(base.sections))
    whole = GeneSet(genes, base)
    values = whole.values(whole.encode(base))
    return GeneSet(
        tuple(narrowed(g, values[g.name]) if g.name in fitted else g for g in genes), base
    )
