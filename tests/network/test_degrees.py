"""Rules that fix numbers of connections: exact numbers, and even choices."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import (
    AllToAll,
    ByClass,
    InDegree,
    OneToOne,
    Pairs,
    PerPair,
    Population,
    Receptor,
    Total,
    building,
    connect,
    expected_in_degree,
)

CELL = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
CURRENT = {"synapse": Receptor(tau_s=0.002, sign=1), "weights_pa": 5.0, "delays_s": 0.001}


def population(name, n, **columns):
    nodes = pd.DataFrame({"x_um": np.arange(n) * 10.0, "y_um": 0.0} | columns, index=range(n))
    return Population(name, (CELL,), nodes)


A = population("a", 60, wanted=np.arange(60) % 5)
B = population("b", 40)


def edges(made):
    return list(zip(made.sources.tolist(), made.targets.tolist(), strict=True))


@pytest.mark.parametrize("n", [0, 1, 13, 29, 30, 55, 59])
def test_every_target_has_as_many_sources_as_asked_for_and_no_source_twice(n):
    made = connect(A, A, InDegree(n), seed=2, **CURRENT)
    assert (made.in_degrees == n).all()
    pairs = edges(made)
    assert len(set(pairs)) == len(pairs)
    assert all(source != target for source, target in pairs)
    assert (expected_in_degree(A, A, InDegree(n)) == n).all()


@pytest.mark.parametrize("n", [12, 45])
@pytest.mark.parametrize("replacement", [False, True])
def test_all_sources_are_as_likely(n, replacement):
    counts = np.zeros(60)
    for seed in range(40):
        made = connect(A, A, InDegree(n, replacement), seed=seed, **CURRENT)
        assert (made.in_degrees == n).all()
        counts += np.bincount(made.sources, minlength=60)
    mean = 40 * n
    share = n / 59
    variance = 40 * 59 * (share * (1 - share) if not replacement else n / 59 * (1 - 1 / 59))
    assert counts.mean() == pytest.approx(mean)
    total = ((counts - mean) ** 2).sum() / variance
    assert abs(total - 59) < 4 * math.sqrt(2 * 59)


def test_with_replacement_sources_come_twice_as_often_as_chance_has_it():
    made = connect(B, A, InDegree(20, replacement=True), seed=1, **CURRENT)
    distinct = len(set(edges(made)))
    assert distinct / 60 == pytest.approx(40 * (1 - (1 - 1 / 40) ** 20), rel=0.04)


def test_degrees_may_be_a_column_or_a_list():
    assert (connect(B, A, InDegree("wanted"), **CURRENT).in_degrees == np.arange(60) % 5).all()
    assert (connect(A, B, InDegree(np.arange(40)), **CURRENT).in_degrees == np.arange(40)).all()


@pytest.mark.parametrize("replacement", [False, True])
def test_a_total_is_met_and_spread_evenly(replacement):
    made = connect(A, B, Total(1200, replacement), seed=4, **CURRENT)
    assert made.n_edges == 1200
    assert (len(set(edges(made))) == 1200) != replacement
    share = 1 / 40
    spread = 1200 * share * (1 - share) * (1 if replacement else (2400 - 1200) / 2399)
    total = ((made.in_degrees - 30) ** 2).sum() / spread
    assert abs(total - 39) < 4 * math.sqrt(2 * 39)


def test_a_total_is_the_same_for_any_chunk(monkeypatch):
    whole = connect(A, B, Total(500), seed=4, **CURRENT)
    monkeypatch.setattr(building, "CHUNK_EDGES", 1)
    assert edges(connect(A, B, Total(500), seed=4, n_jobs=2, **CURRENT)) == edges(whole)


def test_all_to_all_and_one_to_one():
    assert connect(A, B, AllToAll(), **CURRENT).n_edges == 60 * 40
    assert connect(A, A, AllToAll(), **CURRENT).n_edges == 60 * 59
    made = connect(A, A, OneToOne(), loops=True, **CURRENT)
    assert edges(made) == [(i, i) for i in range(60)]
    with pytest.raises(DataError, match="60 sources and 40 targets"):
        connect(A, B, OneToOne(), **CURRENT)


def test_a_list_is_taken_as_it_is():
    made = connect(A, B, Pairs([5, 1, 1, 5], [3, 0, 3, 3]), **CURRENT)
    assert edges(made) == [(1, 0), (1, 3), (5, 3), (5, 3)]
    many = connect(A, B, Pairs([5, 1], [3, 0], n_synapses=[2, 9]), **CURRENT)
    assert many.n_synapses.tolist() == [9, 2]
    with pytest.raises(DataError, match="source 60 of pair 1 is out of range"):
        connect(A, B, Pairs([0, 60], [0, 0]), **CURRENT)


@pytest.mark.parametrize("rule", [OneToOne(), Pairs([0, 4], [1, 4])])
def test_a_cell_named_with_itself_is_refused_unless_it_may_be(rule):
    with pytest.raises(DataError, match="with itself"):
        connect(A, A, rule, **CURRENT)
    assert connect(A, A, rule, loops=True, **CURRENT).n_edges > 0
    assert connect(A, B, Pairs([4], [4]), **CURRENT).n_edges == 1


@pytest.mark.parametrize("number", [2.5, -1, math.nan, math.inf])
def test_a_function_that_returns_no_number_of_synapses_is_refused(number):
    with pytest.raises(DataError, match="whole number, 0 or None"):
        connect(A, B, PerPair(lambda source, target: number), **CURRENT)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (InDegree(60), "60 of 59 sources"),
        (InDegree(-1), "-1 of 59"),
        (InDegree([1, 2]), "one per node"),
        (InDegree("size"), "no column 'size'"),
        (Total(10_000, replacement=False), "3540 pairs"),
        (Pairs([1], [1, 2]), "as long as each other"),
    ],
)
def test_what_cannot_be_fulfilled_is_refused(rule, message):
    with pytest.raises(DataError, match=message):
        connect(A, A, rule, **CURRENT)


def distance_rule(source, target, reach):
    """Return the number of synapses, as BMTK's rules do; None for no connection."""
    away = abs(source["x"] - target["x"])
    return int(1 + away // 10) if away < reach else None


WANTED = [
    (source, target, abs(source - target) + 1)
    for target in range(40)
    for source in range(60)
    if abs(source - target) * 10 < 35
]


@pytest.mark.parametrize(
    ("iterator", "function"),
    [
        ("one_to_one", distance_rule),
        ("all_to_one", lambda all_, one, reach: [distance_rule(s, one, reach) for s in all_]),
        ("one_to_all", lambda one, all_, reach: [distance_rule(one, t, reach) for t in all_]),
    ],
)
def test_functions_of_cells_are_called_as_bmtk_calls_them(iterator, function):
    made = connect(A, B, PerPair(function, iterator, {"reach": 35}), **CURRENT)
    found = zip(made.sources.tolist(), made.targets.tolist(), made.n_synapses, strict=True)
    assert [(s, t, int(n)) for s, t, n in found] == WANTED
    same = connect(A, A, PerPair(function, iterator, {"reach": 1}), **CURRENT)
    assert same.n_edges == 0


def test_a_cell_shows_its_row():
    seen = []
    connect(B, B, PerPair(lambda s, t: seen.append((dict(s), s.node_id, s["node_id"]))), **CURRENT)
    assert seen[41] == ({"x_um": 10.0, "y_um": 0.0, "model": 0}, 1, 1)


def test_a_function_that_miscounts_is_refused():
    with pytest.raises(DataError, match="returned 1 numbers for 60 pairs"):
        connect(A, B, PerPair(lambda sources, target: [1], "all_to_one"), **CURRENT)
    with pytest.raises(DataError, match="iterator must be one of"):
        PerPair(distance_rule, "all_to_all")


def test_synapses_of_a_rule_go_through_classes():
    halves = population("halves", 20, cell_class=["x", "y"] * 10)
    rule = PerPair(lambda s, t: 3)
    both = ByClass({("x", "y"): rule, ("y", "y"): rule})
    made = connect(halves, halves, both, **CURRENT)
    assert made.n_edges == 10 * 10 + 10 * 9
    assert (made.n_synapses == 3).all()
    mixed = ByClass({("x", "y"): rule, ("y", "y"): AllToAll()})
    with pytest.raises(DataError, match="let all or none"):
        connect(halves, halves, mixed, **CURRENT)
