"""Explained variance against the sum over a fine grid, and against what it must be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allentk.errors import FitError
from allentk.fitting import explained_variance, reliability, score_trains, train_covariance

DURATION, DT = 4.0, 1e-4


def on_a_grid(a, b, sigma):
    """Smooth both trains on a grid longer than the recording and take moments."""
    edge = 10 * sigma
    clock = np.arange(-edge, DURATION + edge, DT)

    def smooth(times):
        return sum(np.exp(-0.5 * ((clock - t) / sigma) ** 2) for t in times) / (
            sigma * math.sqrt(2 * math.pi)
        )

    product = (smooth(a) * smooth(b)).sum() * DT / DURATION
    return product - len(a) * len(b) / DURATION**2


def trains(seed, n=2):
    rng = np.random.default_rng(seed)
    return [np.sort(rng.uniform(0, DURATION, 20)) for _ in range(n)]


@pytest.mark.parametrize("sigma", [0.004, 0.01, 0.1])
def test_covariance_is_that_of_the_smoothed_trains(sigma):
    a, b = trains(1)
    assert train_covariance(a, b, DURATION, sigma_s=sigma) == pytest.approx(
        on_a_grid(a, b, sigma), rel=1e-6
    )


@given(st.lists(st.floats(0.0, DURATION), min_size=1, max_size=15))
def test_a_train_explains_itself(times):
    times = np.sort(times)
    assert explained_variance(times, times, DURATION) == pytest.approx(1.0)


@given(st.integers(0, 1000))
def test_it_does_not_matter_which_comes_first(seed):
    a, b = trains(seed)
    assert explained_variance(a, b, DURATION) == pytest.approx(explained_variance(b, a, DURATION))


def test_far_jitter_explains_nothing():
    a, _ = trains(3)
    scores = [explained_variance(a, *trains(seed, 1), DURATION) for seed in range(100, 160)]
    assert abs(np.mean(scores)) < 0.05


def test_scores_of_trials():
    a, b = trains(5)
    score = score_trains(a, [a, a], DURATION)
    assert score["ratio"] == pytest.approx(1.0)
    assert score["reliability"] == pytest.approx(1.0)
    apart = score_trains(a, [a, b], DURATION)
    p = explained_variance(a, b, DURATION)
    assert apart["pairwise"] == pytest.approx(p)
    assert apart["model"] == pytest.approx((1 + p) / 2)
    assert apart["n_trials"] == 2


def test_data_explained_by_their_own_mean():
    three = trains(7, 3)
    cross = np.array([[train_covariance(x, y, DURATION) for y in three] for x in three])
    mean_var = cross.mean()
    expected = np.mean([2 * cross[i].mean() / (cross[i, i] + mean_var) for i in range(3)])
    assert reliability(three, DURATION)["data"] == pytest.approx(expected)


@pytest.mark.parametrize("wrong", [{"duration_s": 0.0}, {"sigma_s": 0.0}, {"sigma_s": -0.01}])
def test_no_duration_and_no_sigma_are_refused(wrong):
    with pytest.raises(FitError, match="positive duration and at a positive sigma"):
        explained_variance([0.1], [0.1], **({"duration_s": 1.0} | wrong))


def test_silent_trials_have_no_reliability():
    empty = np.empty(0)
    silent = reliability([empty, empty], 1.0)
    assert [math.isnan(silent[key]) for key in ("data", "pairwise", "reliability")] == [True] * 3
    one = score_trains([0.1], [[0.1], []], 1.0)
    assert one["data"] == pytest.approx(reliability([np.array([0.1]), empty], 1.0)["data"])
    assert one["model"] == pytest.approx(0.5)


def test_nothing_to_score_says_so():
    with pytest.raises(FitError, match="none with a spike"):
        score_trains([0.1], [[], []], 1.0)
    assert math.isnan(explained_variance([], [], 1.0))
    assert math.isnan(reliability([np.array([0.1])], 1.0)["pairwise"])


def test_the_order_of_the_spikes_does_not_matter():
    shuffled = score_trains([0.9, 0.1, 0.5], [[0.9, 0.5, 0.1], [0.5, 0.12, 0.9]], 1.0)
    assert shuffled == score_trains([0.1, 0.5, 0.9], [[0.1, 0.5, 0.9], [0.12, 0.5, 0.9]], 1.0)
