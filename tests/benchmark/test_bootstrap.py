"""Intervals of S from resampled cells, against truths known in closed form."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.benchmark import Benchmark, Distribution, ks_distance
from allentk.benchmark.bootstrap import interval, resampled_scores, streams
from allentk.benchmark.distances import split_half
from allentk.errors import DataError


def draw(samples, reference, seed=0, draws=200):
    return resampled_scores(samples, reference, *streams(seed, "m", "p"), draws=draws)


def slow_scores(samples, data, draws):
    """Plain resampling with scipy's distance: its spread is what ours must not fall short of."""
    rng = np.random.default_rng(1)
    return [
        1 - stats.ks_2samp(rng.choice(samples, samples.size), rng.choice(data, data.size)).statistic
        for _ in range(draws)
    ]


def test_the_middle_of_the_draws_takes_off_what_resampling_adds():
    rng = np.random.default_rng(2)
    model, data = rng.normal(0, 1, 150), rng.normal(0.8, 1, 120)
    exact = Distribution.from_samples(data)
    score = 1 - ks_distance(model, exact)
    slow = np.mean(slow_scores(model, data, 400))
    ours = draw(model, exact, draws=2000)
    assert slow < score  # resampled cells lie further apart than the cells
    assert ours.mean() == pytest.approx(2 * score - slow, abs=0.012)
    at = stats.ks_2samp(model, data).statistic_location
    shares = [(values <= at).mean() for values in (model, data)]
    sd = np.sqrt(sum(p * (1 - p) / n for p, n in zip(shares, (150, 120), strict=True)))
    assert ours.std() == pytest.approx(
        sd, rel=0.1
    )  # binomial, at the value of the largest distance


@pytest.mark.parametrize("shift", [0.25, 1.0])
def test_intervals_hold_the_truth(shift):
    truth = 1 - (2 * stats.norm.cdf(shift / 2) - 1)
    inside, width = 0, []
    for k in range(60):
        rng = np.random.default_rng(k)
        model, data = rng.normal(0, 1, 150), rng.normal(shift, 1, 150)
        low, high = interval(draw(model, Distribution.from_samples(data), seed=k, draws=150))
        inside += low <= truth <= high
        width.append(high - low)
    assert inside >= 48  # 95 % aimed at; near S = 1 the true share is nearer to 90 %
    assert np.mean(width) < 0.25


def test_a_score_lies_in_its_own_interval():
    """Of two samples of one distribution the draws' middle may leave the score out."""
    for k in (26, 41, 232):
        rng = np.random.default_rng(k)
        model, data = (
            pd.DataFrame({"population": "a", "fano": rng.normal(size=n)}) for n in (60, 90)
        )
        row = Benchmark(reference=data, bootstrap=60).score(model).table.iloc[0]
        assert row["S_low"] <= row["S"] <= row["S_high"]


def test_quantiles_give_the_interval_of_the_cells():
    rng = np.random.default_rng(3)
    model, data = rng.gamma(2, 2, 400), rng.gamma(2, 3, 500)
    exact = Distribution.from_samples(data)
    wide = interval(draw(model, exact, draws=800))
    assert interval(draw(model, exact.in_quantiles(), draws=800)) == pytest.approx(wide, abs=0.03)


def test_ties_are_resampled_on_both_sides_of_a_value():
    same = Distribution.from_samples([2.0] * 50)
    assert (draw(np.full(30, 2.0), same) == 1.0).all()
    assert (draw(np.full(30, 1.0), same) == 0.0).all()
    shares = Distribution.from_samples([0.0] * 50 + [1.0] * 50)
    drawn = draw(np.array([0.0] * 75 + [1.0] * 25), shares, draws=2000)
    assert drawn.mean() == pytest.approx(0.75, abs=0.01)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 / 100 + 0.1875 / 100), rel=0.1)


def test_the_data_are_drawn_alike_for_all_models_and_rows_do_not_touch_each_other():
    first, second = (streams(0, "m", "p", name)[1].random(5) for name in ("a", "b"))
    assert (first == second).all()
    assert (streams(0, "m", "p", "a")[0].random(5) != streams(0, "m", "p", "b")[0].random(5)).all()
    assert (streams(0, "m", "q")[1].random(5) != first).all()
    assert (streams(1, "m", "p")[1].random(5) != first).all()


def test_draws_do_not_depend_on_how_many_are_held_at_once(monkeypatch):
    rng = np.random.default_rng(4)
    model, data = rng.normal(size=90), Distribution.from_samples(rng.normal(size=70))
    whole = draw(model, data)
    monkeypatch.setattr("allentk.benchmark.bootstrap._BLOCK", 1000)
    assert draw(model, data) == pytest.approx(whole, abs=1e-12)


def test_the_noise_floor_is_kolmogorovs():
    ceiling, floor = split_half(np.arange(400.0), np.random.default_rng(0), draws=2000)
    assert floor == pytest.approx(stats.kstwobign.ppf(0.95) * np.sqrt(2 / 200), rel=0.05)
    assert 1 - ceiling == pytest.approx(stats.kstwobign.mean() * np.sqrt(2 / 200), rel=0.05)
    few = Distribution.from_published([1.0, 2.0], [0.25, 0.75], 400)
    assert few.noise_floor == pytest.approx(stats.kstwobign.ppf(0.95) * np.sqrt(2 / 200), rel=1e-4)
    assert 1 - few.ceiling == pytest.approx(stats.kstwobign.mean() * np.sqrt(2 / 200), rel=1e-4)


def test_a_level_is_a_share():
    with pytest.raises(DataError, match="between 0 and 1"):
        interval(np.zeros(3), level=95)
