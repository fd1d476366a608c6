"""Genes, bounds and fit styles."""

import numpy as np
import pytest

from allentk.data import Morphology
from allentk.errors import ConfigError, DataError, FitError
from allentk.fitting.biophysical.bounds import STYLES, choose_style, gene_set, genes, template
from allentk.fitting.biophysical.genes import Gene, GeneSet
from allentk.fitting.biophysical.passive import PassiveFit, PassiveVariant, default_passive

CELL = Morphology([1, 2, 3], [1, 3, 3], [[0, 0, 0], [0, 10, 0], [0, 60, 0]], [5, 1, 1], [-1, 0, 1])


def base():
    return template(CELL, v_rest_mv=-80.0, passive=default_passive(spiny=True))


@pytest.mark.parametrize("style", STYLES)
def test_points_and_models_are_the_same_thing(style):
    chosen = gene_set(style, base())
    point = np.random.default_rng(0).uniform(0.05, 0.95, len(chosen))
    assert np.allclose(chosen.encode(chosen.decode(point)), point, atol=1e-9)


@pytest.mark.parametrize("style", STYLES)
def test_bounds_are_kept_at_the_corners(style):
    chosen = gene_set(style, base())
    for corner in (0.0, 1.0):
        values = chosen.values(np.full(len(chosen), corner))
        wanted = {gene.name: (gene.low, gene.high)[int(corner)] for gene in chosen}
        assert values == pytest.approx(wanted)


def test_the_published_sets():
    f6 = {gene.name: gene for gene in genes("f6", -80.0)}
    assert len(f6) == 16
    assert f6["gbar_NaTs"].high == 15.0
    assert f6["gbar_NaTs"].scale == "linear"
    assert f6["gamma_CaDynamics"].low == 0.0
    f12 = {gene.name: gene for gene in genes("f12", -80.0)}
    assert set(f12) - set(f6) == {"gbar_NaV", "gbar_Kd", "gbar_Kv2like", "gbar_Im_v2"}
    assert f12["gamma_CaDynamics"].low == 1e-7
    assert f6["decay_s_CaDynamics"].high == 1.0


def test_our_own_sets_reach_down_to_where_a_channel_vanishes():
    ours = {gene.name: gene for gene in genes("pyramidal", -80.0)}
    assert (ours["gbar_NaTs"].low, ours["gbar_Im"].low) == (1e-2, 1e-6)
    assert {gene.scale for gene in ours.values()} == {"log", "linear"}
    assert ours["v_rest_mv_all"].low < -80.0 < ours["v_rest_mv_all"].high
    assert len(ours) == 18


def test_sections_that_are_not_there_have_no_gene():
    names = gene_set("pyramidal", base()).names
    assert "g_pas_dend" in names
    assert "g_pas_apic" not in names
    assert "cm_factor_dendrites" in names


def test_a_model_says_which_genes_sit_at_a_bound():
    chosen = gene_set("pyramidal", base())
    point = np.full(len(chosen), 0.5)
    point[0], point[3] = 0.995, 0.001
    names = chosen.names
    assert chosen.at_bounds(chosen.decode(point)) == {names[0]: "high", names[3]: "low"}


def test_a_factor_multiplies_the_capacitance_of_the_dendrites_alone():
    chosen = gene_set("pyramidal", base())
    values = dict(zip(chosen.names, np.full(len(chosen), 0.5), strict=True))
    values["cm_factor_dendrites"] = 1.0
    model = chosen.decode(list(values.values()))
    assert model.sections["dend"].cm_uf_per_cm2 == pytest.approx(2.0 * 4.0)
    assert model.sections["soma"].cm_uf_per_cm2 == 1.0
    assert model.sections["soma"].ena_mv == 53.0
    assert model.axon == "stub"
    assert model.kind == "perisomatic"


def test_a_passive_fit_sets_the_membrane():
    class Passive:
        ra_ohm_cm = 196.0
        cm_by_section = dict.fromkeys(("soma", "axon", "dend", "apic"), 2.22)

    model = template(CELL, v_rest_mv=-80.0, passive=Passive())
    assert model.sections["dend"].ra_ohm_cm == 196.0
    assert model.sections["axon"].cm_uf_per_cm2 == 2.22


@pytest.mark.parametrize(
    ("dendrites", "width_s", "human", "style"),
    [
        ("spiny", 0.0005, False, "pyramidal"),
        ("aspiny", 0.0012, False, "fast-spiking"),
        ("sparsely spiny", 0.0005, False, "fast-spiking"),
        (None, 0.0005, False, "fast-spiking"),
        (None, 0.0012, False, "pyramidal"),
        ("aspiny", 0.0005, True, "human"),
    ],
)
def test_the_style_goes_by_dendrites_then_width(dendrites, width_s, human, style):
    assert choose_style(dendrites, width_s, human=human) == style


def test_a_passive_fit_of_another_reconstruction_is_refused():
    passive = PassiveFit((), PassiveVariant(0, 100, 1, 1, 1), "", 100.0, {"soma": 1.0, "axon": 1.0})
    with pytest.raises(FitError, match="no capacitance of dend"):
        template(CELL, v_rest_mv=-80.0, passive=passive)


def test_what_is_no_gene_is_refused():
    with pytest.raises(DataError, match="bounds"):
        Gene("soma", "NaTs", "gbar", 1.0, 0.5)
    with pytest.raises(DataError, match="above zero"):
        Gene("soma", "NaTs", "gbar", 0.0, 0.5, "log")
    with pytest.raises(DataError, match="passive parameter"):
        Gene("soma", "", "gbar", 0.1, 0.5)
    with pytest.raises(DataError, match="section"):
        Gene("head", "", "g_pas", 0.1, 0.5)
    with pytest.raises(DataError, match="two genes"):
        GeneSet((Gene("dend", "", "g_pas", 0.1, 1), Gene("all", "", "g_pas", 0.1, 1)), base())
    with pytest.raises(DataError, match="at least one"):
        GeneSet((), base())
    with pytest.raises(DataError, match="parts"):
        gene_set("f6", base()).decode([0.5])
    with pytest.raises(ConfigError, match="style"):
        genes("f7", -80.0)


def test_other_bounds_or_templates_have_another_digest():
    first, second = gene_set("f6", base()), gene_set("pyramidal", base())
    other = gene_set("f6", template(CELL, v_rest_mv=-75.0, passive=default_passive(spiny=True)))
    assert len({first.digest(), second.digest(), other.digest()}) == 3
    assert next(iter(first.to_dataframe().columns)) == "name"
