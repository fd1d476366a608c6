"""The layer 4 model: counts, places, connections and weights against the published figures."""

import numpy as np
import pandas as pd
import pytest

import allentk as atk
from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import ConductanceProjection, JumpProjection, recipes
from allentk.network.recipes.layer4_numbers import GLIF, INT_FIRE, KINDS
from allentk.network.recipes.tutorial8_cells import synthetic_cells

EXC, INH = ("Scnn1a", "Rorb", "Nr5a1", "LIF_exc"), ("PV1", "PV2", "LIF_inh")
COUNTS = [3700, 3300, 1500, 800, 700, 29750, 5250]


@pytest.fixture(scope="module")
def network(layer4_network):
    return layer4_network


@pytest.fixture(scope="module")
def small():
    return recipes.layer4(scale=0.002)


@pytest.fixture(scope="module")
def whole():
    return recipes.layer4_in_degrees("LL")


def between(network, source, target):
    return next(p for p in network.projections if (p.source, p.target) == (source, target))


def test_counts(network):
    sizes = [len(p) for p in network.populations]
    assert sizes == [round(0.02 * n) for n in COUNTS] + [9000, 3000]
    assert network.n_cells == 900
    assert len(network.projections) == 49 + 7 + 7


def test_geometry(network):
    radius = 846.2844 * np.sqrt(0.02)
    core = 398.9423 * np.sqrt(0.02)
    for kind in KINDS:
        nodes = network.population(kind.name).nodes
        away = np.hypot(nodes["x_um"], nodes["y_um"])
        inner, outer = (0, core) if kind.core else (core, radius)
        assert away.between(inner, outer).all()
        assert nodes["z_um"].abs().max() <= 50
        assert nodes["x_deg"].to_numpy() == pytest.approx(nodes["x_um"] * 70 / 846.2844, rel=1e-6)
        assert nodes["y_deg"].to_numpy() == pytest.approx(nodes["y_um"] * 35 / 846.2844, rel=1e-6)
    lif = network.population("LIF_exc").nodes
    evenly = (lif["x_um"] ** 2 + lif["y_um"] ** 2 - core**2) / (radius**2 - core**2)
    assert evenly.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * len(lif)))


def test_density_keeps_the_radius():
    network = recipes.layer4(scale=0.01, rule="density")
    lif = network.population("LIF_exc").nodes
    assert len(lif) == 298
    away = np.hypot(lif["x_um"], lif["y_um"])
    assert away.min() > 398.9
    assert 800 < away.max() < 846.3


def test_tuning_is_even_and_of_excitatory_cells_only(network):
    angles = network.population("Scnn1a").nodes["tuning_angle_deg"]
    assert angles.to_numpy() == pytest.approx(np.linspace(0, 360, 74, endpoint=False))
    assert network.population("PV1").nodes["tuning_angle_deg"].isna().all()


def test_pairs_of_the_whole_model(whole):
    """The published chances over the disc: 13.86, 2.49, 2.90 and 0.51 million pairs."""
    pairs = {
        (a, b): whole[whole["source"].isin(s) & whole["target"].isin(t)]["n_edges"].sum() / 1e6
        for a, s in (("E", EXC), ("I", INH))
        for b, t in (("E", EXC), ("I", INH))
    }
    expected = {("E", "E"): 13.86, ("E", "I"): 2.49, ("I", "E"): 2.90, ("I", "I"): 0.51}
    assert pairs == pytest.approx(expected, rel=0.01)
    per_cell = whole.groupby("target")["n_edges"].sum()
    assert per_cell[list(EXC)].sum() / 38250 == pytest.approx(438, rel=0.01)
    assert per_cell[list(INH)].sum() / 6750 == pytest.approx(445, rel=0.01)


@pytest.mark.parametrize("variant", ["LL", "RR"])
def test_sampled_pairs_are_those_expected(variant):
    network = recipes.layer4(scale=0.02, variant=variant, seed=3)
    chances = {
        (True, True): (0.34 if variant == "LL" else 0.255, 300),
        (True, False): (0.26 if variant == "LL" else 0.255, 300),
        (False, True): (1.0, 160),
        (False, False): (1.0, 160),
    }
    for (pre_exc, post_exc), (peak, reach) in chances.items():
        expected = variance = found = 0.0
        for pre in EXC if pre_exc else INH:
            for post in EXC if post_exc else INH:
                a, b = network.population(pre).nodes, network.population(post).nodes
                dx = a["x_um"].to_numpy()[:, None] - b["x_um"].to_numpy()
                dy = a["y_um"].to_numpy()[:, None] - b["y_um"].to_numpy()
                p = peak * np.clip(1 - np.hypot(dx, dy) / reach, 0, 1)
                if pre_exc and post_exc and variant == "LL":
                    apart = (
                        a["tuning_angle_deg"].to_numpy()[:, None] - b["tuning_angle_deg"].to_numpy()
                    )
                    p = p * (1 - np.abs((apart + 90) % 180 - 90) / 180)
                if pre == post:
                    np.fill_diagonal(p, 0.0)
                expected += p.sum()
                variance += (p * (1 - p)).sum()
                found += between(network, pre, post).n_edges
        assert found == pytest.approx(expected, abs=4 * np.sqrt(variance))


def test_synapses_and_delays(network):
    edges = between(network, "LIF_exc", "LIF_exc")
    counts = np.bincount(edges.n_synapses, minlength=8)
    assert counts[:3].sum() == 0
    share = counts[3:8] / edges.n_edges
    assert share == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / edges.n_edges))
    assert (edges.delays_s == np.float32(0.002)).all()


def test_seeds(small):
    again, other = recipes.layer4(scale=0.002), recipes.layer4(scale=0.002, instance=2)
    for one, same in zip(small.projections, again.projections, strict=True):
        assert np.array_equal(one.sources, same.sources)
        assert np.array_equal(one.n_synapses, same.n_synapses)
    edges = [between(n, "LIF_exc", "LIF_exc") for n in (small, other)]
    assert not np.array_equal(edges[0].indptr, edges[1].indptr)
    lgn = [n.population("LGN").nodes["x_deg"] for n in (small, again, other)]
    assert lgn[0].equals(lgn[1])
    assert not lgn[0].equals(lgn[2])


def test_weights_are_like_to_like_in_l(network):
    edges = between(network, "LIF_exc", "LIF_exc")
    angle = network.population("LIF_exc").nodes["tuning_angle_deg"].to_numpy()
    apart = np.abs((angle[edges.sources] - angle[edges.targets] + 90) % 180 - 90)
    assert edges.weights_mv == pytest.approx(19e-3 * np.exp(-((apart / 50) ** 2)), rel=1e-5)
    # half of the published weight: POINT_STRENGTH
    assert between(network, "LIF_inh", "LIF_exc").weights_mv[0] == pytest.approx(-45e-3)
    random = recipes.layer4(scale=0.002, variant="LR")
    assert (between(random, "LIF_exc", "LIF_exc").weights_mv == np.float32(19e-3)).all()


def test_jumps_of_other_cells_are_on_their_scale(network):
    """The mean of a train, w tau, is the same share of the threshold as of the LIF cell."""
    for name, lif in (("Rorb", "LIF_exc"), ("PV2", "LIF_inh")):
        cell, like = GLIF[name], INT_FIRE[name == "Rorb"]
        jump = between(network, "LGN", name).weights_mv[0] * cell.tau_m_s / cell.th_inf_mv
        assert jump == pytest.approx(between(network, "LGN", lif).weights_mv[0] * like.tau_m_s)


def test_lgn_fields(network):
    lgn = network.population("LGN").nodes
    edges = between(network, "LGN", "Rorb")
    cells = network.population("Rorb").nodes
    kind = lgn["cell_class"].to_numpy()[edges.sources]
    counts = pd.crosstab(edges.targets, kind)
    assert counts.max().tolist() == [8, 8, counts["transient_ON_OFF"].max()]
    assert counts["transient_ON_OFF"].max() <= 8
    assert (edges.n_synapses == 30).all()
    angle = np.deg2rad(cells["tuning_angle_deg"].to_numpy()[edges.targets])
    dx = lgn["x_deg"].to_numpy()[edges.sources] - cells["x_deg"].to_numpy()[edges.targets]
    dy = lgn["y_deg"].to_numpy()[edges.sources] - cells["y_deg"].to_numpy()[edges.targets]
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    # Centres 10 to 11 apart, 6 to 8 wide, 2.8 to 3 times as long
    assert along[kind == "transient_ON"].min() > 5 - 4
    assert along[kind == "transient_OFF"].max() < -(5 - 4)
    assert np.abs(along).max() < 5.5 + 4
    assert np.abs(across).max() < 12
    both = kind == "transient_ON_OFF"
    # Half as wide as the centres are apart, as long as a subfield is wide
    assert 2.0 < np.abs(along[both]).max() < 5.5 / 2
    assert 2.5 < np.abs(across[both]).max() < 8 / 2
    turned = lgn["tuning_angle_deg"].to_numpy()[edges.sources][both] - np.rad2deg(angle[both])
    assert np.abs((turned + 90) % 180 - 90).max() <= 15
    round_field = between(network, "LGN", "PV1")
    counts = pd.crosstab(round_field.targets, lgn["cell_class"].to_numpy()[round_field.sources])
    assert counts.max().max() == 15


def test_filters_are_drawn_from_all_of_a_field(network):
    """The published program drops what is too many at random: distances are those of an even disc."""
    lgn = network.population("LGN").nodes
    radius = []
    for name in ("PV1", "PV2", "LIF_inh"):
        edges, cells = between(network, "LGN", name), network.population(name).nodes
        dx = lgn["x_deg"].to_numpy()[edges.sources] - cells["x_deg"].to_numpy()[edges.targets]
        dy = lgn["y_deg"].to_numpy()[edges.sources] - cells["y_deg"].to_numpy()[edges.targets]
        assert edges.in_degrees.max() == 45
        radius.append(np.hypot(dx, dy))
    # mean square of an even disc is half its own; radii are 2.5 widths of 6 to 8, halved
    square = np.concatenate(radius) ** 2
    assert square.mean() == pytest.approx(2.5**2 / 4 * 49.33 / 2, rel=0.03)


def test_background_sources(network):
    edges = between(network, "background", "LIF_exc")
    assert set(edges.in_degrees) == set(range(18, 24))
    here, there = (
        network.population(name).nodes[["x_um", "y_um"]].to_numpy()
        for name in ("background", "LIF_exc")
    )
    assert np.hypot(*(here[edges.sources] - there[edges.targets]).T).max() <= 150
    share = (edges.n_synapses == 1).mean()
    assert share == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / edges.n_edges))
    assert set(edges.n_synapses) == {1, 2, 4, 8, 16}


def test_connections_beside_the_whole(network, whole):
    table = recipes.compare_with_full_scale(network, whole).set_index(["source", "target"])
    row = table.loc[("LIF_inh", "LIF_exc")]
    edges = between(network, "LIF_inh", "LIF_exc")
    assert row["in_degree"] == edges.n_edges / 595
    assert row["ratio"] == pytest.approx(row["in_degree"] / row["full_scale"])
    assert table.loc[("all", "LIF_exc"), "full_scale"] == pytest.approx(424, rel=0.02)
    assert len(table) == 49 + 7
    with pytest.raises(DataError, match="in_degree"):
        recipes.compare_with_full_scale(network, pd.DataFrame({"source": [], "target": []}))


def test_models_of_ones_own(network):
    fitted = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=0.003)
    made = recipes.layer4(scale=0.002, cells={"Scnn1a": [fitted, GLIF["Rorb"]]})
    cells = made.population("Scnn1a")
    assert cells.models == (fitted, GLIF["Rorb"])
    edges = between(made, "LGN", "Scnn1a")
    scale = np.array([20 / 20, GLIF["Rorb"].th_inf_mv / GLIF["Rorb"].tau_m_s / 1e3])[
        cells.nodes["model"].to_numpy()[edges.targets]
    ]
    assert edges.weights_mv == pytest.approx(22.5e-3 * 24 * scale, rel=1e-5)


def test_compartmental_cells_get_conductances():
    made = recipes.layer4(scale=0.002, cells=synthetic_cells())
    edges = between(made, "LIF_inh", "Scnn1a")
    assert isinstance(edges, ConductanceProjection)
    assert (edges.synapse.reversal_mv, edges.synapse.tau_decay_s) == (-70.0, 15e-3)
    assert edges.synapse.distance_um == (0, 50)
    assert edges.weights_us[0] == np.float32(180e-5)
    assert between(made, "LGN", "PV1").synapse.sections == ("soma", "dend")
    assert isinstance(between(made, "LIF_inh", "Rorb"), JumpProjection)


def test_strength(small):
    published = recipes.layer4(scale=0.002, strength={})
    weights = {
        target: [between(n, "LIF_inh", target).weights_mv[0] for n in (small, published)]
        for target in ("LIF_exc", "LIF_inh")
    }
    assert weights["LIF_exc"][0] == pytest.approx(weights["LIF_exc"][1] / 2)
    assert weights["LIF_inh"][0] == weights["LIF_inh"][1]


def test_runs_on_the_glif_engine():
    network = recipes.layer4(scale=0.005)
    response = atk.simulate(network, atk.visual.gray(0.2), seed=1)
    assert set(response.spikes) == {kind.name for kind in KINDS}
    assert response.spikes["LIF_inh"].times_s.size > 0


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"variant": "XL"}, "LL, LR, RL, RR"),
        ({"instance": 4}, "1, 2 or 3"),
        ({"scale": 2.0}, "0.001..1"),
        ({"rule": "volume"}, "'radius' or 'density'"),
        ({"seed": -1}, "0 or more"),
        ({"cells": "allen"}, "does not download"),
        ({"cells": "no/such/folder"}, "no folder"),
        ({"cells": {"L5": GLIF["Rorb"]}}, "no population 'L5'"),
        ({"cells": {"Rorb": []}}, "at least one"),
        ({"cells": {"LIF_exc": synthetic_cells()["PV1"]}}, "point neurons only"),
        ({"strength": {("inh", "Rorb"): 1.0}}, "target, exc or inh"),
        ({"strength": {("inh", "exc"): -1.0}}, "0 or more"),
    ],
)
def test_refuses(wrong, match):
    with pytest.raises(DataError, match=match):
        recipes.layer4(**{"scale": 0.002, **wrong})
