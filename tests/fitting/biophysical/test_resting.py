"""A model rests where its gene says, whatever its channels carry there; the cells are synthetic."""

from dataclasses import replace

import numpy as np
import pytest

from allentk.data import Morphology
from allentk.errors import FitError
from allentk.fitting.biophysical.bounds import gene_set, template
from allentk.fitting.biophysical.passive import default_passive
from allentk.fitting.biophysical.resting import RestingGenes, at_rest, resting_current
from allentk.models import BiophysicalModel
from allentk.models.compartments import compartments
from allentk.simulation import simulate

CELL = Morphology(
    [1, 2, 3, 4],
    [1, 3, 3, 4],
    [[0, 0, 0], [10, 0, 0], [150, 0, 0], [0, 200, 0]],
    [7, 1, 0.6, 0.8],
    [-1, 0, 1, 0],
    source="synthetic",
)


def genes_of(style):
    base = template(CELL, v_rest_mv=-80.0, passive=default_passive(spiny=False))
    return gene_set(style, base, compartments(CELL, axon="stub"))


@pytest.mark.parametrize("style", ["pyramidal", "fast-spiking", "human"])
def test_a_model_stays_where_it_rests(style):
    genes = genes_of(style)
    assert isinstance(genes, RestingGenes)
    rng = np.random.default_rng(1)
    for _ in range(3):
        parameters = genes.decode(rng.uniform(0.2, 0.6, len(genes)))
        model = BiophysicalModel(parameters, CELL)
        found = simulate(model, np.zeros(6000), sampling_rate_hz=4e4, dt_s=2.5e-5)
        # calcium is not yet where it will stay
        assert found.voltage_mv == pytest.approx(parameters.v_init_mv, abs=0.5)
        assert abs(parameters.v_init_mv + 80.0) <= 2.0


def test_the_current_of_channels_is_that_of_the_formula():
    soma = genes_of("pyramidal").template.sections["soma"]
    channels = {"Ih": {"gbar": 1e-3}, "Im": {"gbar": 2e-3}}
    one = replace(soma, mechanisms=channels)
    v = -75.0
    opening = 0.00643 * (v + 154.9) / np.expm1((v + 154.9) / 11.9)
    ih = 1e-3 * opening / (opening + 0.193 * np.exp(v / 33.1)) * (v + 45.0)
    im = 2e-3 / (1.0 + np.exp(-0.2 * (v + 35.0))) * (v + 107.0)
    assert resting_current(one, v, 34.0) == pytest.approx(ih + im, rel=1e-9)


def test_a_passive_cell_rests_at_the_reversal_of_its_leak():
    parameters = genes_of("pyramidal").template
    assert at_rest(parameters, compartments(CELL, axon="stub")) == parameters


def test_a_leak_stays_within_reason():
    base = genes_of("pyramidal").template
    strong = replace(base.sections["soma"], mechanisms={"Im": {"gbar": 1e3}})
    parameters = replace(base, sections={**base.sections, "soma": strong}, v_init_mv=-50.0)
    found = at_rest(parameters, compartments(CELL, axon="stub"))
    assert found.sections["dend"].e_pas_mv == -50.0 + 60.0


def test_a_channel_without_reversal_is_refused():
    base = genes_of("pyramidal").template
    one = replace(base.sections["soma"], ek_mv=None, mechanisms={"Im": {"gbar": 1e-3}})
    with pytest.raises(FitError, match="no ek"):
        resting_current(one, -80.0, 34.0)


def test_a_point_and_its_model_are_one():
    genes = genes_of("pyramidal")
    point = np.linspace(0.1, 0.9, len(genes))
    assert genes.encode(genes.decode(point)) == pytest.approx(point)
