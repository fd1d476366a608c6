"""Experiments on networks: what changes, and what must not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import allentk as atk
from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import (
    CurrentClamp,
    JumpProjection,
    Network,
    PoissonInput,
    Population,
    Projection,
    Receptor,
    experiments,
    recipes,
)
from allentk.network.recipes.layer4_numbers import GLIF
from allentk.network.recipes.tutorial8_cells import synthetic_cells


@pytest.fixture(scope="module")
def network(layer4_network):
    return layer4_network


@pytest.fixture(scope="module")
def small():
    return recipes.layer4(scale=0.002)


def tuned(network, projection):
    """Return orientation difference and distance of every edge."""
    pre, post = (network.population(n).nodes for n in (projection.source, projection.target))
    s, t = projection.sources, projection.targets
    apart = pre["tuning_angle_deg"].to_numpy()[s] - post["tuning_angle_deg"].to_numpy()[t]
    away = pre[["x_um", "y_um"]].to_numpy()[s] - post[["x_um", "y_um"]].to_numpy()[t]
    return np.abs((apart + 90) % 180 - 90), np.hypot(*away.T)


def test_silence_recurrent_leaves_virtual_input(network):
    cut = experiments.silence_recurrent(network)
    assert {p.source for p in cut.projections} == {"LGN", "background"}
    assert len(cut.projections) == 14
    assert cut.populations == network.populations


def test_silenced_cells_do_not_fire_and_do_nothing():
    cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=0.003)
    a, b = (Population.from_models(name, cell, n=1) for name in "ab")
    excites = Receptor(0.002, 1)
    joins = [Projection(x, y, [0, 1], [0], 900.0, 0.002, excites) for x, y in ("ab", "ba")]
    noise = [PoissonInput(x, [50.0], [900.0], excites) for x in "ab"]
    net = Network([a, b], joins, noise, [CurrentClamp("a", [0], [500.0], [0.0], [1.0])])
    quiet = experiments.silence(net, "a")
    assert (quiet.projections, quiet.currents) == ((), ())
    assert [entry.target for entry in quiet.background] == ["b"]
    before, after = (atk.simulate(n, atk.visual.gray(0.5), seed=2).spikes for n in (net, quiet))
    assert before["a"].times_s.size > 0
    assert after["a"].times_s.size == 0
    assert 0 < after["b"].times_s.size < before["b"].times_s.size
    with pytest.raises(DataError, match="no population 'c'"):
        experiments.silence(net, "c")


def test_other_point_cells_get_weights_of_their_scale(network):
    changed = experiments.replace_cells(network, "Rorb", [GLIF["Nr5a1"], GLIF["Scnn1a"]])
    cells = changed.population("Rorb")
    assert np.bincount(cells.nodes["model"]).tolist() == [33, 33]
    old, new = (
        next(p for p in n.projections if (p.source, p.target) == ("LIF_exc", "Rorb"))
        for n in (network, changed)
    )
    scale = np.array(
        [
            GLIF[name].th_inf_mv
            / GLIF[name].tau_m_s
            / GLIF["Rorb"].th_inf_mv
            * GLIF["Rorb"].tau_m_s
            for name in ("Nr5a1", "Scnn1a")
        ]
    )
    expected = old.weights_mv * scale[cells.nodes["model"].to_numpy()[old.targets]]
    assert new.weights_mv == pytest.approx(expected, rel=1e-5)


def test_other_cells_are_those_of_the_recipe(small):
    made = recipes.layer4(scale=0.002, cells={"Rorb": GLIF["Nr5a1"]})
    one = experiments.replace_cells(small, "Rorb", GLIF["Nr5a1"])
    for a, b in zip(made.projections, one.projections, strict=True):
        assert np.array_equal(a.sources, b.sources)
        assert a.weights_mv == pytest.approx(b.weights_mv, rel=1e-5)


def test_currents_are_scaled_by_the_rheobase():
    old = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=0.003)
    cells = Population.from_models("a", old, n=2)
    excites = Receptor(0.002, 1)
    net = Network(
        [cells],
        [Projection("a", "a", [0, 1, 2], [1, 0], 30.0, 0.001, excites)],
        [PoissonInput("a", [5.0, 5.0], [10.0, 20.0], excites)],
    )
    new = experiments.replace_cells(net, "a", replace(old, R_mohm=100.0))
    assert new.projections[0].weights_pa == pytest.approx([60.0, 60.0])
    assert new.background[0].weights_pa == pytest.approx([20.0, 40.0])


def test_compartmental_cells_become_points():
    network = recipes.layer4(scale=0.002, cells=synthetic_cells())
    with pytest.raises(DataError, match="points"):
        experiments.replace_cells(network, "Scnn1a", GLIF["Scnn1a"])
    changed = experiments.replace_cells(
        network, "Scnn1a", GLIF["Scnn1a"], experiments.Jumps(1000.0, 200.0)
    )
    of = {p.source: p for p in changed.projections if p.target == "Scnn1a"}
    assert all(isinstance(p, JumpProjection) for p in of.values())
    assert of["LGN"].weights_mv[0] == pytest.approx(1000 * 20e-5)
    assert of["PV1"].weights_mv[0] == pytest.approx(-200 * 180e-5)
    assert (of["PV1"].sign, of["LGN"].n_synapses[0]) == (-1, 30)
    virtual = "virtual"
    with pytest.raises(DataError, match=virtual):
        experiments.replace_cells(network, "LGN", GLIF["Scnn1a"])


def test_without_like_to_like(network):
    mixed = experiments.without_like_to_like(network, seed=1)
    excitatory = {"Scnn1a", "Rorb", "Nr5a1", "LIF_exc"}
    for before, after in zip(network.projections, mixed.projections, strict=True):
        if not {before.source, before.target} <= excitatory:
            assert after is before
            continue
        assert np.array_equal(before.indptr, after.indptr)
        keys = after.targets * 10_000 + after.sources
        assert np.unique(keys).size == keys.size
        assert before.source != before.target or (after.targets != after.sources).all()
        totals = [
            np.bincount(p.targets, p.weights_mv * p.n_synapses, len(p.indptr) - 1)
            for p in (before, after)
        ]
        assert totals[0] == pytest.approx(totals[1], rel=1e-4)
    old, new = (
        next(p for p in n.projections if (p.source, p.target) == ("LIF_exc", "LIF_exc"))
        for n in (network, mixed)
    )
    (apart, away), (apart_new, away_new) = tuned(network, old), tuned(mixed, new)
    # chance falls from 1 to 1/2 along the difference: its mean is 40 degrees, of all pairs 45
    assert apart.mean() == pytest.approx(40.0, abs=1.0)
    assert apart_new.mean() == pytest.approx(45.0, abs=1.0)
    assert np.corrcoef(apart, old.weights_mv)[0, 1] < -0.9
    assert abs(np.corrcoef(apart_new, new.weights_mv)[0, 1]) < 0.02
    bins = np.arange(0, 300, 25)
    assert np.array_equal(np.histogram(away, bins)[0], np.histogram(away_new, bins)[0])


def test_without_like_to_like_follows_the_seed(small):
    one, same, other = (
        experiments.without_like_to_like(small, seed=s).projections[0].sources for s in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    with pytest.raises(DataError, match="bin_um"):
        experiments.without_like_to_like(small, bin_um=0.0)
    with pytest.raises(DataError, match="axes must be"):
        experiments.without_like_to_like(small, axes="xt")


def test_without_like_to_like_keeps_distances_along_the_axes_asked_for():
    network = recipes.v1(scale=0.002)
    mixed = experiments.without_like_to_like(network, seed=1, axes="xz")
    pair = ("e23Cux2", "e23Cux2")
    nodes = network.population(pair[0]).nodes[["x_um", "z_um"]].to_numpy()
    counts = []
    for p in (
        next(p for p in n.projections if (p.source, p.target) == pair) for n in (network, mixed)
    ):
        away = np.hypot(*(nodes[p.sources] - nodes[p.targets]).T)
        counts.append(np.bincount((away // 25).astype(int), minlength=10))
    assert np.array_equal(*counts)


def test_a_cell_that_is_its_only_neighbour_keeps_itself():
    cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=0.003)
    places = {"x_um": [0.0, 500.0], "y_um": 0.0, "tuning_angle_deg": [0.0, 90.0]}
    far = Population("far", (cell,), pd.DataFrame(places))
    itself = Projection("far", "far", [0, 1, 2], [0, 1], 5.0, 0.002, Receptor(0.002, 1))
    mixed = experiments.without_like_to_like(Network([far], [itself]))
    assert mixed.projections[0].sources.tolist() == [0, 1]
