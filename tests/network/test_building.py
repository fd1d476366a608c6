"""Connections against closed forms, and against the sums of chances written out pair by pair."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import (
    AllToAll,
    ByClass,
    Chance,
    Column,
    ConductanceProjection,
    Conduction,
    Frame,
    Gaussian,
    InDegree,
    JumpProjection,
    Linear,
    LogNormal,
    PairBlock,
    Population,
    Probability,
    Projection,
    Receptor,
    Synapse,
    Tuning,
    UniformCount,
    building,
    connect,
    expected_in_degree,
)

CELL = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
CURRENT = {"synapse": Receptor(tau_s=0.002, sign=1), "weights_pa": 5.0, "delays_s": 0.001}
RADIUS = 500.0


def disc(name, n, seed, axis="z", **more):
    column = Column(RADIUS, (0.0, 100.0), axis=axis)
    return Population.from_models(name, CELL, n, positions=column, tuning="even", seed=seed, **more)


EXC, INH = disc("exc", 1500, 1), disc("inh", 400, 2)


def apart(source, target, axes="xy"):
    """Distances and orientation differences of all pairs, targets in rows."""
    here, there = (p.nodes[[f"{a}_um" for a in axes]].to_numpy() for p in (source, target))
    square = sum((there[:, None, i] - here[None, :, i]) ** 2 for i in range(len(axes)))
    a, b = (p.nodes["tuning_angle_deg"].to_numpy() for p in (source, target))
    turned = np.abs(b[:, None] - a[None, :]) % 180
    return np.sqrt(square), np.minimum(turned, 180 - turned)


def matrix(projection, n_sources):
    found = np.zeros((projection.n_targets, n_sources))
    np.add.at(found, (projection.targets, projection.sources), 1)
    return found


def disc_mean(fall, reach):
    """Mean over pairs of a disc of a function of their distance (density: Solomon 1978, p. 35)."""
    s = (np.arange(200_000) + 0.5) / 200_000 * min(reach, 2 * RADIUS)
    u = s / (2 * RADIUS)
    density = 16 * u / (2 * math.pi * RADIUS) * (np.arccos(u) - u * np.sqrt(1 - u**2))
    return (fall(s) * density).sum() * (s[1] - s[0])


@pytest.mark.parametrize(
    ("rule", "fall", "reach"),
    [
        (Gaussian(0.4, 90.0), lambda s: 0.4 * np.exp(-((s / 90.0) ** 2)), 1e9),
        (Linear(0.34, 300.0), lambda s: 0.34 * (1 - s / 300.0), 300.0),
        (Chance(1.0, 160.0), np.ones_like, 160.0),
    ],
)
def test_number_of_edges_is_that_of_the_closed_form_over_a_disc(rule, fall, reach):
    made = connect(EXC, INH, rule, seed=7, **CURRENT)
    mean = disc_mean(fall, reach) * len(EXC) * len(INH)
    # places are drawn too: the count varies with them as with the choice of pairs
    spread = math.sqrt(mean + mean**2 * (1 / len(EXC) + 1 / len(INH)) * 0.15)
    assert abs(made.n_edges - mean) < 4 * spread
    assert expected_in_degree(EXC, INH, rule).sum() == pytest.approx(mean, abs=4 * spread)


def chances(rule, distance, difference):
    if isinstance(rule, Gaussian):
        p = rule.peak * np.exp(-((distance / rule.sigma_um) ** 2))
        p[distance > (rule.reach_um or 1e9)] = 0
    elif isinstance(rule, Linear):
        p = rule.peak * np.maximum(0, 1 - distance / rule.reach_um)
    else:
        p = np.where(distance <= rule.reach_um, rule.probability, 0)
    if rule.tuning:
        same, other = rule.tuning.same, rule.tuning.opposite
        p = p * (same + (other - same) * difference / 90)
    return np.minimum(p, 1)


RULES = [
    Gaussian(0.5, 60.0, tuning=Tuning(4 / 3, 2 / 3)),
    Gaussian(0.05, 200.0, reach_um=250.0, axes="xyz"),
    Linear(1.0, 160.0, tuning=Tuning(1.0, 0.5)),
    Chance(0.1, 300.0),
]


def chi_square(found, p, bins, edges):
    """Check numbers of pairs in bins against the sums of their chances."""
    n, mean, variance = (np.histogram(bins, edges, weights=of)[0] for of in (found, p, p * (1 - p)))
    total = ((n - mean) ** 2 / np.maximum(variance, 1.0)).sum()
    # 4 deviations above the mean of chi-square
    assert total < n.size + 4 * math.sqrt(2 * n.size)


@pytest.mark.parametrize("rule", RULES)
def test_distances_and_tuning_of_pairs_follow_the_rule(rule):
    distance, difference = apart(EXC, INH, rule.axes)
    p = chances(rule, distance, difference)
    found = matrix(connect(EXC, INH, rule, seed=3, **CURRENT), len(EXC))
    assert found.max() == 1
    assert (found[p == 0] == 0).all()
    chi_square(found, p, distance, np.linspace(0, 600, 31))
    chi_square(found, p, difference, np.linspace(0, 90.001, 19))
    wanted = p.sum(axis=1)
    spread = np.sqrt((p * (1 - p)).sum(axis=1))
    assert (((found.sum(axis=1) - wanted) / spread) ** 2).mean() == pytest.approx(1.0, abs=0.25)
    assert expected_in_degree(EXC, INH, rule) == pytest.approx(wanted)


def test_pairs_of_chance_one_are_all_there_and_no_others():
    distance, _ = apart(EXC, INH)
    found = matrix(connect(EXC, INH, Chance(1.0, 120.0), **CURRENT), len(EXC))
    assert (found == (distance <= 120.0)).all()


def test_targets_are_independent_and_so_are_neighbours():
    found = matrix(connect(INH, INH, Chance(0.3, 2000.0), **CURRENT), len(INH))
    centred = found - found.mean()
    for a, b in ((centred[:, 1:], centred[:, :-1]), (centred[1:], centred[:-1])):
        assert abs((a * b).mean() / 0.21) < 4 / math.sqrt(a.size)


def test_the_far_side_of_a_gaussian_is_not_cut():
    wide = Gaussian(1.0, 100.0)
    distance, _ = apart(EXC, EXC)
    p = np.exp(-((distance / 100.0) ** 2)) * (distance > 350)
    found = sum(
        (matrix(connect(EXC, EXC, wide, seed=seed, **CURRENT), len(EXC)) * (distance > 350)).sum()
        for seed in range(3)
    )
    assert abs(found - 3 * p.sum()) < 4 * math.sqrt(3 * p.sum()) + 1
    assert found > 0


def test_no_cell_is_connected_to_itself_unless_it_may_be():
    made = connect(INH, INH, Chance(1.0), **CURRENT)
    assert made.n_edges == 400 * 399
    assert (made.sources != made.targets).all()
    assert connect(INH, INH, Chance(1.0), loops=True, **CURRENT).n_edges == 400 * 400


VARIED = {
    "synapse": Receptor(tau_s=0.002, sign=1),
    "weights_pa": LogNormal(5.0, 0.6),
    "delays_s": lambda pairs: 0.001 + pairs.distance_um / 1e6,
    "n_synapses": UniformCount(3, 7),
}
BOUNDED = Probability(
    lambda d, t: 0.3 * np.exp(-d / 80) * (1 - t / 180), 300.0, bound=lambda d: 0.3 * np.exp(-d / 80)
)


@pytest.mark.parametrize("rule", [RULES[0], BOUNDED, InDegree(20)])
def test_edges_depend_on_seed_and_names_alone(rule, monkeypatch):
    whole = connect(EXC, INH, rule, seed=3, **VARIED)
    columns = ("indptr", "sources", "weights_pa", "delays_s", "n_synapses")
    for chunk, n_jobs in ((1, 1), (700, 2), (1 << 30, 1)):
        monkeypatch.setattr(building, "CHUNK_EDGES", chunk)
        again = connect(EXC, INH, rule, seed=3, n_jobs=n_jobs, **VARIED)
        for name in columns:
            assert (getattr(again, name) == getattr(whole, name)).all(), name
    for other in ({"seed": 4}, {"seed": 3, "name": "second"}):
        assert connect(EXC, INH, rule, **other, **VARIED).sources.tolist() != whole.sources.tolist()


def test_edges_are_sorted_and_read_only():
    made = connect(EXC, INH, RULES[0], seed=3, **VARIED)
    order = made.targets * len(EXC) + made.sources
    assert (np.diff(order) > 0).all()
    for name in ("indptr", "sources", "weights_pa", "delays_s", "n_synapses"):
        assert not getattr(made, name).flags.writeable


def test_a_function_draws_as_the_law_it_writes_out():
    function = Probability(
        lambda d, t: 0.5 * np.exp(-((d / 60) ** 2)) * (4 / 3 - 2 / 3 * t / 90), 400.0, bound=2 / 3
    )
    distance, difference = apart(EXC, INH)
    p = chances(RULES[0], distance, difference)
    found = matrix(connect(EXC, INH, function, seed=3, **CURRENT), len(EXC))
    chi_square(found, p, distance, np.linspace(0, 300, 16))
    chi_square(found, p, difference, np.linspace(0, 90.001, 19))
    some = [0, 17, 399]
    assert expected_in_degree(EXC, INH, function, targets=some) == pytest.approx(
        p.sum(axis=1)[some]
    )


def test_a_column_of_the_target_multiplies_the_chance():
    sized = disc("sized", 400, 2, columns={"size": np.linspace(0, 2, 400)})
    rule = Gaussian(0.9, 90.0, scale_by="size")
    p = chances(Gaussian(0.9, 90.0), *apart(EXC, sized)) * np.linspace(0, 2, 400)[:, None]
    p = np.minimum(p, 1)
    assert expected_in_degree(EXC, sized, rule) == pytest.approx(p.sum(axis=1))
    degrees = connect(EXC, sized, rule, seed=1, **CURRENT).in_degrees
    spread = np.sqrt((p * (1 - p)).sum(axis=1))
    assert (np.abs(degrees - p.sum(axis=1)) <= 5 * spread).all()


@pytest.mark.parametrize("axes", ["xy", "xz"])
def test_a_frame_shifts_and_stretches_along_the_preferred_direction(axes):
    """The displaced Gaussian of covariance R diag((s / 1.5)^2, (1.5 s)^2) R', written with matrices."""
    sources, targets = disc("s", 1500, 1, axis="y"), disc("t", 300, 2, axis="y")
    if axes == "xy":
        sources, targets = EXC, disc("t", 300, 2)
    s = 70.0
    frame = Frame(-50.0, along=1 / 1.5, across=1.5)
    rule = Gaussian(0.6, s * math.sqrt(2), axes=axes, frame=frame)
    names = [f"{axis}_um" for axis in axes]
    here = sources.nodes[names].to_numpy()
    p = np.zeros((300, 1500))
    for row, node in targets.nodes.iterrows():
        turn = math.radians(node["tuning_angle_deg"])
        r = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        inverse = np.linalg.inv(r @ np.diag([(s / 1.5) ** 2, (1.5 * s) ** 2]) @ r.T)
        away = here - node[names].to_numpy(float) + 50.0 * r[:, 0]
        p[row] = 0.6 * np.exp(-0.5 * np.einsum("ni,ij,nj->n", away, inverse, away))
    assert expected_in_degree(sources, targets, rule) == pytest.approx(p.sum(axis=1))
    found = matrix(connect(sources, targets, rule, seed=2, **CURRENT), 1500)
    chi_square(found, p, p, np.linspace(0.0, 0.6, 25))


def test_classes_have_rules_of_their_own():
    mixed = disc("mixed", 1200, 4, columns={"kind": np.where(np.arange(1200) % 3 == 0, "I", "E")})
    kinds = mixed.nodes["kind"].to_numpy()
    rule = ByClass({("E", "E"): Chance(1.0, 50.0), ("I", "E"): Chance(1.0, 90.0)}, column="kind")
    distance, _ = apart(mixed, mixed)
    wanted = np.zeros(distance.shape, dtype=bool)
    for kind, reach in (("E", 50.0), ("I", 90.0)):
        wanted |= (kinds[None, :] == kind) & (kinds[:, None] == "E") & (distance <= reach)
    np.fill_diagonal(wanted, False)
    made = connect(mixed, mixed, rule, **CURRENT)
    assert (matrix(made, 1200) == wanted).all()
    assert (np.diff(made.targets * 1200 + made.sources) > 0).all()
    assert expected_in_degree(mixed, mixed, rule) == pytest.approx(wanted.sum(axis=1))
    with pytest.raises(DataError, match="no source of 'X'"):
        connect(mixed, mixed, ByClass({("X", "E"): Chance(1.0)}, column="kind"), **CURRENT)


def test_the_synapse_says_which_projection_is_made():
    ampa = Synapse(0.0005, 0.003, 0.0)
    rule = InDegree(3)
    made = connect(EXC, INH, rule, synapse=ampa, weights_us=0.001, delays_s=0.002, n_synapses=5)
    assert isinstance(made, ConductanceProjection)
    assert made.weights_us.strides == made.n_synapses.strides == (0,)
    jumps = connect(EXC, INH, rule, synapse=-1, weights_mv=-0.1, delays_s=0.002)
    assert isinstance(jumps, JumpProjection)
    assert jumps.sign == -1
    assert isinstance(connect(EXC, INH, rule, **CURRENT), Projection)
    assert (jumps.sources == made.sources).all()


def test_a_block_knows_its_pairs():
    seen = []

    def look(pairs: PairBlock):
        seen.append(pairs)
        return pairs.of_source("x_um") * 0 + 0.001

    made = connect(EXC, INH, RULES[2], seed=1, **(CURRENT | {"delays_s": look}))
    (block,) = seen
    distance, difference = apart(EXC, INH)
    at = made.targets, made.sources
    assert block.distance_um == pytest.approx(distance[at])
    assert block.orientation_difference_deg == pytest.approx(difference[at])
    direction = block.direction_difference_deg
    assert np.minimum(direction, 180 - direction) == pytest.approx(difference[at])
    places = EXC.nodes["y_um"].to_numpy()[made.sources] - INH.nodes["y_um"].to_numpy()[made.targets]
    assert block.offset_um("y") == pytest.approx(places)
    assert (block.of_target("y_um") == INH.nodes["y_um"].to_numpy()[made.targets]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights_pa": -5.0}, "at or above 0"),
        ({"delays_s": 2.0}, "divided by 1000"),
        ({"synapse": "fast"}, "must be a Receptor"),
        ({"weights_us": 0.1}, "takes weights_pa and no other"),
        ({"n_synapses": lambda pairs: 0.5}, "whole numbers"),
        ({"delays_s": lambda pairs: [0.001, 0.002]}, "one value for each"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
)
def test_what_no_projection_takes_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        connect(EXC, INH, RULES[3], **(CURRENT | change))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda: Gaussian(1.5, 90.0), "must lie in 0..1"),
        (lambda: Gaussian(0.5, 0.0), "sigma_um must be positive"),
        (lambda: Linear(0.5, 100.0, axes="xx"), "axes must be"),
        (lambda: Tuning(1.0, -0.5), "0 or more"),
        (lambda: Tuning(1.0, 0.5, of="color"), "orientation or direction"),
        (lambda: Probability(np.exp, 10.0, tuning=Tuning()), "knows the tuning"),
    ],
)
def test_a_rule_that_is_no_probability_is_refused(rule, message):
    with pytest.raises(DataError, match=message):
        rule()


def test_a_bound_that_is_exceeded_is_refused():
    with pytest.raises(DataError, match="correct the bound"):
        connect(EXC, INH, Probability(lambda d, t: 0.5 + 0 * d, 100.0, bound=0.4), **CURRENT)
    with pytest.raises(DataError, match="never rise"):
        connect(EXC, INH, Probability(lambda d, t: 0 * d, 100.0, bound=lambda d: d), **CURRENT)


def test_cells_without_a_place_are_refused():
    lost = Population("lost", (CELL,), pd.DataFrame({"x_um": [0.0]}))
    with pytest.raises(DataError, match="no column 'y_um'"):
        connect(lost, EXC, RULES[3], **CURRENT)
    with pytest.raises(DataError, match="no column 'size'"):
        connect(EXC, INH, Gaussian(0.5, 90.0, scale_by="size"), **CURRENT)


def test_a_grain_far_smaller_than_the_network_is_no_trouble():
    assert connect(EXC, INH, Chance(0.5, 1e-12, axes="xyz"), **CURRENT).n_edges == 0


@pytest.mark.parametrize("seed", [1.5, "1", True])
def test_a_seed_that_is_no_integer_is_refused(seed):
    with pytest.raises(DataError, match="seed must be an integer"):
        connect(EXC, INH, RULES[3], seed=seed, **CURRENT)


def test_a_class_that_is_not_there_is_named_beside_missing_ones():
    mixed = disc("mixed", 4, 4, columns={"kind": np.array(["E", None, "I", np.nan], dtype=object)})
    with pytest.raises(DataError, match="no source of 'X'"):
        connect(mixed, mixed, ByClass({("X", "E"): Chance(1.0)}, column="kind"), **CURRENT)


@pytest.mark.parametrize("shift", [math.nan, "away_um"])
def test_a_shift_that_is_no_number_is_refused(shift):
    """A target nowhere read memory beyond the end, and was connected to anyone."""
    away = np.where(np.arange(len(INH)) == 3, np.nan, 1.0)
    lost = Population("lost", (CELL,), INH.nodes.assign(away_um=away))
    with pytest.raises(DataError, match="shift of the frame"):
        connect(EXC, lost, Gaussian(0.2, 50.0, frame=Frame(shift)), **CURRENT)


@pytest.mark.parametrize(
    "rule",
    [
        Gaussian(0.2, math.inf),
        Gaussian(0.2, 50.0, reach_um=math.inf),
        Linear(0.2, math.inf),
        Probability(lambda away, _: 0 * away, math.inf, bound=lambda away: 0 * away),
    ],
)
def test_a_fall_off_without_end_is_refused(rule):
    with pytest.raises(DataError, match="finite width and reach"):
        connect(EXC, INH, rule, **CURRENT)


def test_a_delay_by_distance_needs_places():
    bare = Population("bare", (CELL,), pd.DataFrame(index=range(3)))
    with pytest.raises(DataError, match="no axis of x_um"):
        connect(bare, bare, AllToAll(), **(CURRENT | {"delays_s": Conduction(0.001, 1e5)}))
    with pytest.raises(DataError, match="step_s positive"):
        Conduction(0.001, 1e5, step_s=0.0)


def test_no_rule_at_all_is_refused():
    with pytest.raises(DataError, match="at least, got none"):
        ByClass({})
