"""Optimizers that are asked and told."""

import numpy as np
import pytest

from allentk.errors import ConfigError
from allentk.fitting.optimizers import CMAES, DifferentialEvolution, Draws, Genetic, mirrored


@pytest.mark.parametrize("kind", [CMAES, DifferentialEvolution, Genetic])
def test_a_population_of_three_is_refused(kind):
    with pytest.raises(ConfigError, match="population must be 4 or more, got 3"):
        kind([0.5, 0.5], 0.2, seed=0, population=3)


def made(kind, seed=3):
    start = np.array([0.2, 0.8, 0.4, 0.6])
    if kind is CMAES:
        return CMAES(start, 0.2, seed=seed, population=12)
    return kind(start, seed=seed, population=12)


def cost(x):
    return float(np.sum((mirrored(x) - 0.55) ** 2))


def run(optimizer, n):
    told = []
    for _ in range(n):
        points = optimizer.ask()
        costs = [cost(x) for x in points]
        optimizer.tell(points, costs)
        told.append((points, costs))
    return told


KINDS = [CMAES, DifferentialEvolution, Genetic]


@pytest.mark.parametrize("kind", KINDS)
def test_it_finds_the_bottom(kind):
    optimizer = made(kind)
    run(optimizer, 150)
    assert cost(optimizer.centre()) < 5e-3


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_and_leaves_others_generators_alone(kind):
    first = run(made(kind), 20)
    np.random.default_rng(9).random(100)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    second = run(made(kind), 20)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(first, second, strict=True))
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    other = run(made(kind, seed=4), 20)
    assert not np.array_equal(first[1][0], other[1][0])


@pytest.mark.parametrize("kind", KINDS)
def test_told_again_it_stands_where_it_stood(kind):
    optimizer = made(kind)
    told = run(optimizer, 12)
    again = made(kind)
    for points, costs in told:
        assert np.array_equal(again.ask(), points)
        again.tell(points, costs)
    assert np.array_equal(again.ask(), optimizer.ask())


@pytest.mark.parametrize("kind", [DifferentialEvolution, Genetic])
def test_candidates_stay_in_the_cube(kind):
    for points, _ in run(made(kind), 30):
        assert np.min(points) >= 0.0
        assert np.max(points) <= 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_it_settles_on_a_plain(kind):
    optimizer = made(kind)
    generations = 0
    while not optimizer.stop():
        points = optimizer.ask()
        optimizer.tell(points, [1.0] * len(points))
        generations += 1
        assert generations < 500
    assert generations >= 1


@pytest.mark.parametrize("kind", [DifferentialEvolution, Genetic])
def test_the_best_is_never_lost(kind):
    optimizer = made(kind)
    best = np.inf
    for _, costs in run(optimizer, 40):
        best = min(best, *costs)
    assert cost(optimizer.centre()) == best


def test_first_points_are_spread_over_every_axis():
    points = np.concatenate([p for p, _ in run(Draws(5, 32, seed=1, block=8), 4)])
    assert points.shape == (32, 5)
    for axis in points.T:
        assert sorted((axis * 32).astype(int)) == list(range(32))


def test_first_points_remember_the_best():
    draws = Draws(2, 16, seed=0)
    told = run(draws, 1)
    assert cost(draws.centre()) == min(told[0][1])
    assert draws.stop()
