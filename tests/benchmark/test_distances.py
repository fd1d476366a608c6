"""Distances against scipy's, exact and in quantiles."""

import numpy as np
import pytest
from scipy import stats

from allentk.benchmark import Distribution, ks_distance, wasserstein_distance
from allentk.benchmark.distances import split_half
from allentk.errors import DataError

SAMPLES = {
    "apart": (lambda g: g.normal(0, 1, 300), lambda g: g.normal(0.7, 1.5, 500)),
    "same": (lambda g: g.lognormal(0, 1, 1000), lambda g: g.lognormal(0, 1, 800)),
    "ties": (lambda g: g.integers(0, 8, 200) / 30, lambda g: g.integers(1, 12, 150) / 30),
    "mass at zero": (
        lambda g: np.maximum(g.normal(0, 1, 400), 0),
        lambda g: np.maximum(g.normal(0.3, 1, 600), 0),
    ),
    "few": (lambda g: g.uniform(0, 1, 15), lambda g: g.uniform(0, 2, 16)),
    "disjoint": (lambda g: g.uniform(0, 1, 20), lambda g: g.uniform(2, 3, 120)),
}


@pytest.fixture(params=SAMPLES)
def pair(request):
    rng = np.random.default_rng(3)
    model, data = SAMPLES[request.param]
    return model(rng), data(rng)


def test_exact_distances_are_scipys(pair):
    model, data = pair
    exact = Distribution.from_samples(data)
    assert ks_distance(model, exact) == pytest.approx(
        stats.ks_2samp(model, data).statistic, abs=1e-12
    )
    assert wasserstein_distance(model, exact) == pytest.approx(
        stats.wasserstein_distance(model, data), abs=1e-8
    )


def test_quantiles_err_by_no_more_than_they_say(pair):
    model, data = pair
    exact = Distribution.from_samples(data)
    coarse = exact.in_quantiles()
    error = abs(ks_distance(model, coarse) - ks_distance(model, exact))
    assert error <= coarse.quantile_error + 1e-12
    assert coarse.quantile_error < (0.03 if data.size >= 100 else 0.2)
    spread = np.ptp(data)
    assert wasserstein_distance(model, coarse) == pytest.approx(
        wasserstein_distance(model, exact), abs=0.03 * spread
    )


def test_large_samples_in_quantiles_agree_with_scipy():
    rng = np.random.default_rng(4)
    model, data = rng.gamma(2, 3, 20_000), rng.gamma(2, 4, 30_000)
    coarse = Distribution.from_samples(data).in_quantiles()
    assert ks_distance(model, coarse) == pytest.approx(
        stats.ks_2samp(model, data).statistic, abs=0.002
    )
    assert wasserstein_distance(model, coarse) == pytest.approx(
        stats.wasserstein_distance(model, data), rel=0.01
    )


def test_ks_of_a_line_against_a_line():
    uniform = Distribution(values=[0.0, 1.0], probabilities=[0.0, 1.0], n=1000)
    assert ks_distance([0.5], uniform) == pytest.approx(0.5)
    assert ks_distance(np.linspace(0, 1, 1001) / 2, uniform) == pytest.approx(0.5, abs=0.001)
    assert wasserstein_distance([0.5], uniform) == pytest.approx(0.25)


def test_a_jump_is_seen_from_both_sides():
    half_zero = Distribution(values=[0.0, 0.0, 1.0], probabilities=[0.0, 0.5, 1.0], n=100)
    assert half_zero.cdf([-1.0, 0.0, 0.5, 1.0, 2.0]).tolist() == [0, 0.5, 0.75, 1, 1]
    assert half_zero.cdf([0.0, 1.0], "left").tolist() == [0, 1]
    assert ks_distance([0.0], half_zero) == pytest.approx(0.5)
    assert ks_distance([0.0, 1.0], half_zero) == pytest.approx(0.5)


def test_one_value_only():
    same = Distribution.from_samples([2.0] * 200)
    for reference in (same, same.in_quantiles()):
        assert ks_distance([2.0] * 20, reference) == 0.0
        assert ks_distance([1.0] * 20, reference) == 1.0
        assert wasserstein_distance([3.0] * 20, reference) == pytest.approx(1.0)


def test_no_samples_no_distance():
    exact = Distribution.from_samples([1.0, 2.0])
    for samples in ([], [np.nan, 1.0]):
        with pytest.raises(DataError, match="finite and at least one"):
            ks_distance(samples, exact)
    with pytest.raises(DataError, match="too small"):
        ks_distance([1.0], exact.in_quantiles())


def test_quantiles_of_a_class_tell_no_cell():
    rng = np.random.default_rng(5)
    counts = {
        n: Distribution.from_samples(rng.normal(size=n)).in_quantiles()
        for n in (4, 14, 15, 60, 100)
    }
    assert [d.values.size for d in counts.values()] == [0, 0, 7, 30, 101]
    assert np.isnan(counts[4].median)
    assert np.isfinite(counts[14].median)
    whole = counts[60]
    assert whole.in_quantiles() is whole


def test_a_distribution_survives_json():
    rng = np.random.default_rng(6)
    d = Distribution.from_samples(rng.normal(size=150))
    back = Distribution.from_dict(d.to_dict())
    assert back.values == pytest.approx(d.in_quantiles().values)
    assert back.n == 150
    assert np.isnan(back.ceiling)
    assert d.to_dict()["ceiling"] is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"values": [2.0, 1.0], "n": 2}, "sorted"),
        ({"values": [1.0, np.nan], "n": 2}, "finite"),
        ({"values": [1.0, 2.0], "n": 50}, "one value per cell"),
        ({"values": [1.0, 2.0], "probabilities": [0.0], "n": 2}, "one per quantile"),
        ({"values": [1.0, 2.0], "probabilities": [0.0, 0.0], "n": 2}, "must rise"),
        ({"values": [1.0, 2.0], "probabilities": [0.1, 1.0], "n": 2}, "from 0 to 1"),
    ],
)
def test_impossible_distributions_are_refused(fields, message):
    with pytest.raises(DataError, match=message):
        Distribution(**fields)


def test_halves_of_many_cells_agree_better():
    rng = np.random.default_rng(7)
    few, floor_few = split_half(rng.normal(size=40), np.random.default_rng(0))
    many, floor_many = split_half(rng.normal(size=1000), np.random.default_rng(0))
    assert 0.7 < few < many < 1
    assert floor_few > floor_many > 1 - many
    again = split_half(rng.normal(size=29), np.random.default_rng(0))
    assert np.isnan(again).all()
