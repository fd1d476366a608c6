"""The eight cells of the tutorial: who is connected, by what, and that they fire together."""

import numpy as np
import pytest

import allentk as atk
from allentk.errors import DataError
from allentk.network import recipes
from allentk.network.recipes.tutorial8 import POPULATIONS
from allentk.network.recipes.tutorial8_cells import synthetic_cells


@pytest.fixture(scope="module")
def network():
    return recipes.tutorial8()


def test_all_cells_are_connected(network):
    inner = [p for p in network.projections if p.source != "input"]
    assert sum(p.n_edges for p in inner) == 56
    synapses = np.concatenate([p.n_synapses for p in inner])
    assert set(synapses) <= {3, 4, 5, 6, 7}
    assert {p.delays_s[0] for p in network.projections} == {np.float32(0.002)}
    pairs = {(p.source, p.target) for p in inner}
    assert pairs == {(a, b) for a in POPULATIONS for b in POPULATIONS}


def test_input(network):
    given = [p for p in network.projections if p.source == "input"]
    assert [(p.target, p.n_edges, set(p.n_synapses)) for p in given] == [
        ("Scnn1a", 50, {10}),
        ("LIF_exc", 50, {10}),
    ]
    trains = network.population("input").source.trains
    assert trains.n_cells == 25
    assert 125 - 4 * np.sqrt(125) < trains.times_s.size < 125 + 4 * np.sqrt(125)


def test_seed(network):
    same, other = recipes.tutorial8(), recipes.tutorial8(seed=1)
    for name in POPULATIONS:
        places = [n.population(name).nodes["x_um"].to_numpy() for n in (network, same, other)]
        assert np.array_equal(places[0], places[1])
        assert not np.array_equal(places[0], places[2])
    counts = [n.projections[1].n_synapses.tolist() for n in (network, same)]
    assert counts[0] == counts[1]


def test_stand_ins_say_that_they_are_synthetic(network):
    for name in ("Scnn1a", "PV1"):
        model = network.population(name).compartmental_models[0]
        assert "SYNTHETIC" in model.morphology.source
        assert "SYNTHETIC" in model.parameters.source


def test_fires_in_volleys_on_neuron(network):
    """Input makes LIF_exc fire; all excite each other, so that the others follow within some ms."""
    response = atk.simulate(network, atk.visual.gray(0.5), backend="neuron", dt_s=1e-4)
    first = {name: trains.times_s.min() for name, trains in response.spikes.items()}
    assert np.ptp(list(first.values())) < 0.02
    assert 0.1 < min(first.values()) < 0.5


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"seed": -1}, "seed"),
        ({"cells": "no/such/folder"}, "no folder"),
        ({"cells": {"Scnn1a": synthetic_cells()["Scnn1a"]}}, "PV1"),
    ],
)
def test_refuses(given, match):
    with pytest.raises(DataError, match=match):
        recipes.tutorial8(**given)
