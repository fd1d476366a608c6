"""Random connections against the sums of their probabilities, written out pair by pair."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import Population
from allentk.network.patch_pairs import (
    connect,
    delays_s,
    like_to_like,
    lognormal,
    probability,
)
from allentk.network.spatial import difference_deg

CELL = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
RULE = {"peak": 0.4, "sigma_um": 100.0, "tuning_ratio": 0.5}


def population(name, n, seed, tuned=True):
    rng = np.random.default_rng(seed)
    nodes = pd.DataFrame(rng.uniform(-150, 150, (n, 2)), columns=["x_um", "y_um"])
    if tuned:
        nodes["tuning_angle_deg"] = rng.uniform(0, 360, n)
    return Population(name, (CELL,), nodes.assign(model=0)[[*nodes, "model"]])


EXC, OTHER = population("exc", 300, 1), population("other", 200, 2, tuned=False)


def chances(source, target):
    """The rule as written in the papers, one pair at a time."""
    out = np.zeros((len(target), len(source)))
    here, there = (p.nodes.to_numpy().tolist() for p in (source, target))
    for i, post in enumerate(there):
        for j, pre in enumerate(here):
            p = 0.4 * math.exp(-(math.hypot(post[0] - pre[0], post[1] - pre[1]) ** 2) / 100**2)
            if source is target:
                apart = abs(post[2] - pre[2]) % 180
                p *= 1 - 0.5 * min(apart, 180 - apart) / 90
                out[i, j] = 0.0 if i == j else p
            else:
                out[i, j] = 0.75 * p
    return out


@pytest.mark.parametrize(("source", "target"), [(EXC, EXC), (EXC, OTHER)])
def test_number_of_edges_is_the_expected_one(source, target):
    p = chances(source, target)
    deviation = math.sqrt((p * (1 - p)).sum())
    edges = connect(source, target, seed=5, **RULE)
    assert abs(len(edges) - p.sum()) < 4 * deviation
    far = np.hypot(*(target.nodes[["x_um", "y_um"]].to_numpy()[edges.targets].T
                     - source.nodes[["x_um", "y_um"]].to_numpy()[edges.sources].T))  # fmt: skip
    assert edges.distance_um == pytest.approx(far)


def test_near_and_alike_cells_are_connected_more_often():
    edges = connect(EXC, EXC, seed=5, **RULE)
    p = chances(EXC, EXC)
    tuning = EXC.nodes["tuning_angle_deg"].to_numpy()
    alike = difference_deg(tuning[:, None], tuning[None, :], 180.0) < 30
    found = np.zeros(p.shape)
    found[edges.targets, edges.sources] = 1
    for some in (alike, ~alike):
        deviation = math.sqrt((p * (1 - p))[some].sum())
        assert abs(found[some].sum() - p[some].sum()) < 4 * deviation
    assert found[alike].mean() > 1.3 * found[~alike].mean()


def test_no_cell_is_connected_to_itself():
    edges = connect(EXC, EXC, peak=1.0, sigma_um=1e6, seed=0)
    assert len(edges) == 300 * 299
    assert (edges.sources != edges.targets).all()
    both = connect(EXC, OTHER, peak=1.0, sigma_um=1e6, seed=0)
    assert len(both) == 300 * 200


@pytest.mark.parametrize("chunk_pairs", [1, 7 * 300, 1 << 22])
def test_edges_depend_on_the_seed_alone(chunk_pairs):
    edges = connect(EXC, EXC, seed=3, chunk_pairs=chunk_pairs, **RULE)
    whole = connect(EXC, EXC, seed=3, **RULE)
    assert edges.sources.tolist() == whole.sources.tolist()
    assert edges.targets.tolist() == whole.targets.tolist()
    other = connect(EXC, EXC, seed=4, **RULE)
    assert whole.sources.tolist() != other.sources.tolist()


def test_edges_come_sorted_by_target():
    edges = connect(EXC, OTHER, seed=3, **RULE)
    assert (np.diff(edges.targets) >= 0).all()
    assert np.isnan(edges.tuning_difference_deg).all()
    assert repr(edges) == f"<Edges: {len(edges)}>"


def test_orientations_differ_by_at_most_a_right_angle():
    a = np.array([0.0, 0.0, 0.0, 350.0, -10.0])
    b = np.array([90.0, 180.0, 135.0, 10.0, 10.0])
    assert difference_deg(a, b, 180.0).tolist() == [90.0, 0.0, 45.0, 20.0, 20.0]


def test_an_untuned_pair_has_the_mean_probability():
    apart = np.linspace(0, 90, 1001)
    tuned = probability(np.zeros(1001), apart, **RULE)
    untuned = probability(np.zeros(1), np.array([np.nan]), **RULE)
    assert untuned[0] == pytest.approx(np.trapezoid(tuned, apart) / 90)


def test_like_to_like_without_tuning_is_its_mean():
    apart = np.linspace(0, 90, 2001)
    mean = np.trapezoid(np.exp(-((apart / 50) ** 2)), apart) / 90
    assert like_to_like(np.array([0.0, 50.0, np.nan])) == pytest.approx([1, math.exp(-1), mean])


def test_lognormal_weights_have_mean_one():
    drawn = lognormal(200_000, sigma=0.8, rng=np.random.default_rng(0))
    error = drawn.std() / math.sqrt(drawn.size)
    assert abs(drawn.mean() - 1) < 4 * error
    assert np.log(drawn).std() == pytest.approx(0.8, rel=0.01)


def test_delay_is_the_synapse_and_the_way():
    edges = connect(EXC, EXC, seed=3, **RULE)
    delays = delays_s(edges, synapse_s=0.001, speed_um_per_s=0.3e6)
    assert delays == pytest.approx(0.001 + edges.distance_um / 0.3e6)
    with pytest.raises(DataError, match="must be positive"):
        delays_s(edges, synapse_s=0.0, speed_um_per_s=0.3e6)


@pytest.mark.parametrize("wrong", [{"peak": 1.2}, {"sigma_um": 0.0}, {"tuning_ratio": -0.1}])
def test_a_rule_that_is_no_probability_is_refused(wrong):
    with pytest.raises(DataError, match="must lie in"):
        connect(EXC, EXC, **(RULE | wrong))


def test_cells_without_a_place_are_refused():
    lost = Population("lost", (CELL,), pd.DataFrame({"x_um": [0.0]}))
    with pytest.raises(DataError, match=r"no column 'y_um'"):
        connect(lost, EXC, **RULE)
