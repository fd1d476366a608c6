"""The patch of layer 4: its geometry, its weights, and the LGN input of its cells."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import recipes
from allentk.network.patch_numbers import AFFERENT, RECURRENT

SPINY = {"C_pf": 86.0, "R_mohm": 160.0, "E_L_mv": -77.0, "th_inf_mv": 28.0, "t_ref_s": 0.0036}
EXC = (
    GLIFParameters(level=3, **SPINY, asc_amp_pa=(-11.0, -68.0), asc_tau_s=(0.33, 0.033)),
    GLIFParameters(level=1, C_pf=60, R_mohm=300, E_L_mv=-70, th_inf_mv=15, t_ref_s=0.002),
)
PV = (GLIFParameters(level=1, C_pf=50, R_mohm=145, E_L_mv=-76, th_inf_mv=27, t_ref_s=0.0017),)


@pytest.fixture(scope="module")
def network():
    return recipes.patch(EXC, PV, n_cells=400, seed=1)


def test_populations(network):
    exc, pv, lgn = network.populations
    assert (len(exc), len(pv), lgn.virtual) == (320, 80, True)
    assert set(exc.nodes["cell_class"]) == {"L4 Exc"}
    assert set(pv.nodes["cell_class"]) == {"L4 PV"}
    assert exc.nodes["model"].value_counts().tolist() == [160, 160]
    assert pv.nodes["tuning_angle_deg"].isna().all()
    angles = np.sort(exc.nodes["tuning_angle_deg"])
    assert angles == pytest.approx(np.arange(320) * 360 / 320)


def test_cells_fill_a_disc_and_see_their_place(network):
    nodes = pd.concat([p.nodes for p in network.populations[:2]])
    radius = math.sqrt(400 / 20_000 / math.pi) * 1e3
    away = np.hypot(nodes["x_um"], nodes["y_um"])
    assert away.max() < radius
    # uniform in area: the squared distance is uniform
    assert abs((away**2).mean() / radius**2 - 0.5) < 4 / math.sqrt(12 * 400)
    assert nodes["x_deg"].to_numpy() == pytest.approx(0.07 * nodes["x_um"].to_numpy())
    assert nodes["y_deg"].to_numpy() == pytest.approx(0.04 * nodes["y_um"].to_numpy())


@pytest.mark.parametrize("pair", RECURRENT, ids=" to ".join)
def test_inputs_of_a_kind_sum_to_the_same_share_of_the_threshold(network, pair):
    target = pair[1]
    edges = next(p for p in network.projections if (p.source, p.target) == pair)
    population = network.population(target)
    models = [population.models[i] for i in population.nodes["model"]]
    charge = np.bincount(edges.targets, edges.weights_pa, minlength=len(models))
    charge = charge * math.e * edges.receptor.tau_s
    moved = charge * np.array([m.R_mohm * 1e-3 / m.th_inf_mv for m in models])
    rule = RECURRENT[pair]
    enough = edges.in_degrees >= rule.fewest
    assert enough.sum() > 20
    assert moved[enough] == pytest.approx(rule.receptor.sign * rule.strength, rel=1e-4)
    assert (np.abs(moved[~enough]) < rule.strength).all()


def test_lgn_input_varies_over_cells_around_its_strength(network):
    edges = next(p for p in network.projections if (p.source, p.target) == ("LGN", "L4 Exc"))
    population = network.population("L4 Exc")
    models = [population.models[i] for i in population.nodes["model"]]
    moved = np.bincount(edges.targets, edges.weights_pa) * math.e * edges.receptor.tau_s
    moved = moved * np.array([m.R_mohm * 1e-3 / m.th_inf_mv for m in models])
    logs = np.log(moved / AFFERENT["L4 Exc"].strength)
    assert logs.std() == pytest.approx(0.4, rel=0.2)
    assert abs(np.exp(logs).mean() - 1) < 4 * np.exp(logs).std() / math.sqrt(320)


def test_lgn_drive_prefers_the_tuning_angle(network):
    """A grating in the preferred direction moves the summed LGN rate most, one across it least."""
    edges = next(p for p in network.projections if (p.source, p.target) == ("LGN", "L4 Exc"))
    lgn = network.population("LGN").source
    weights = np.zeros((320, lgn.n_nodes))
    np.add.at(weights, (edges.targets, edges.sources), edges.weights_pa)
    weights /= weights.sum(axis=1, keepdims=True)
    tuning = network.population("L4 Exc").nodes["tuning_angle_deg"].to_numpy()
    swing = []
    for direction in range(0, 360, 45):
        row = {
            "start_s": 0.0,
            "stop_s": 1.5,
            "stimulus": "drifting_gratings",
            "orientation_deg": direction,
            "temporal_frequency_hz": 2.0,
            "spatial_frequency_cpd": 0.04,
            "contrast": 0.8,
        }
        rates = weights @ lgn.rates_hz(StimulusTable(pd.DataFrame([row])), 1.0, 1.5)
        swing.append(np.abs(rates @ np.exp(2j * np.pi * np.arange(500) / 500)))
    relative = (np.arange(8)[:, None] * 45 - tuning + 22.5) % 360 // 45
    mean = [np.array(swing)[relative == k].mean() for k in range(8)]
    assert int(np.argmax(mean)) == 0
    assert mean[0] > 1.3 * mean[4] > 1.3 * max(mean[2], mean[6])


def test_every_cell_has_background(network):
    assert [entry.target for entry in network.background] == ["L4 Exc", "L4 PV"]
    for entry in network.background:
        assert (entry.rates_hz > 100).all()
        assert (entry.rates_hz < 20_000).all()


def test_the_patch_follows_the_seed(network):
    same, other = (recipes.patch(EXC, PV, n_cells=400, seed=s) for s in (1, 2))
    for a, b in zip(network.projections, same.projections, strict=True):
        assert (a.sources == b.sources).all()
        assert (a.weights_pa == b.weights_pa).all()
    assert (network.background[0].rates_hz == same.background[0].rates_hz).all()
    assert network.projections[2].n_edges != other.projections[2].n_edges


def test_weights_differ_by_the_cells_own_rheobase(network):
    """The same share of the threshold is a smaller current in the more excitable model."""
    entry = network.background[0]
    model = network.population("L4 Exc").nodes["model"].to_numpy()
    ratio = entry.weights_pa[model == 0][0] / entry.weights_pa[model == 1][0]
    assert ratio == pytest.approx(EXC[0].rheobase_pa / EXC[1].rheobase_pa)


def test_delays_grow_with_distance(network):
    edges = next(p for p in network.projections if (p.source, p.target) == ("L4 Exc", "L4 Exc"))
    nodes = network.population("L4 Exc").nodes[["x_um", "y_um"]].to_numpy()
    away = np.hypot(*(nodes[edges.targets] - nodes[edges.sources]).T)
    assert edges.delays_s == pytest.approx(1.48e-3 + away / 0.3e6, rel=1e-5)


@pytest.mark.parametrize(
    ("excitatory", "inhibitory", "n_cells", "message"),
    [
        ((), PV, 100, "no excitatory model"),
        (EXC, (), 100, "no inhibitory model"),
        (EXC, PV, 10, "n_cells must be at least 20, got 10"),
    ],
)
def test_refuses(excitatory, inhibitory, n_cells, message):
    with pytest.raises(DataError, match=message):
        recipes.patch(excitatory, inhibitory, n_cells=n_cells)


def test_refuses_a_threshold_below_rest():
    low = GLIFParameters(level=1, **(SPINY | {"th_inf_mv": -1.0}), source="nowhere")
    with pytest.raises(
        DataError, match=r"inhibitory model 0 \(nowhere\) has its threshold at -1.0"
    ):
        recipes.patch(EXC, [low])


def test_refuses_a_negative_seed():
    with pytest.raises(DataError, match="seed must be an integer, 0 or more, got -1"):
        recipes.patch(EXC, PV, seed=-1)


@pytest.mark.parametrize("pair", RECURRENT, ids=" to ".join)
def test_as_many_connections_as_the_chances_say(network, pair):
    """Against the chances of all pairs, as Billeh et al. 2020 write them."""
    peak, sigma = {"L4 Exc": (0.40, 114.0), "L4 PV": (0.90, 95.0)}[pair[0]]
    if pair[1] == "L4 PV":
        peak, sigma = {"L4 Exc": (0.59, 92.0), "L4 PV": (0.54, 120.0)}[pair[0]]
    pre, post = (network.population(name).nodes for name in pair)
    away = np.hypot(
        *(pre[f"{a}_um"].to_numpy() - post[f"{a}_um"].to_numpy()[:, None] for a in "xy")
    )
    chance = peak * np.exp(-((away / sigma) ** 2))
    if pair == ("L4 Exc", "L4 Exc"):
        angle = pre["tuning_angle_deg"].to_numpy()
        turned = np.abs(angle - angle[:, None]) % 180
        chance *= 1 - 0.5 * np.minimum(turned, 180 - turned) / 90
    if pair[0] == pair[1]:
        np.fill_diagonal(chance, 0.0)
    found = next(p for p in network.projections if (p.source, p.target) == pair).n_edges
    assert abs(found - chance.sum()) < 4 * math.sqrt((chance * (1 - chance)).sum())


def test_the_smallest_patch():
    assert recipes.patch(EXC, PV, n_cells=20).n_cells == 20
