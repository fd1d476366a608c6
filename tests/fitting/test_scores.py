"""Scores against closed forms, counts by hand, sums over a grid, and synthetic Poisson trains."""

import math

import numpy as np
import pytest
from scipy.signal import fftconvolve

from allentk.errors import FitError
from allentk.fitting import explained_variance, reliability, score_trains
from allentk.fitting.scores import (
    explained_variance_score,
    gamma_score,
    md_star_score,
    psth_explained_variance,
    scores,
)
from allentk.fitting.scores_coincidence import gamma_coincidence, md_star
from allentk.fitting.scores_rate import explained_by_others

DURATION = 4.0


def poisson(seed, n, rate_hz, duration=DURATION):
    """Synthetic trains of one rate, a number or a function of time that stays below 60 Hz."""
    rng = np.random.default_rng(seed)
    rate = rate_hz if callable(rate_hz) else lambda t: np.full(t.shape, float(rate_hz))
    out = []
    for _ in range(n):
        times = np.sort(rng.uniform(0, duration, rng.poisson(60 * duration)))
        out.append(times[rng.uniform(0, 60, times.size) < rate(times)])
    return out


def waves(phase, level=20.0):
    return lambda t: level * (1 + 0.9 * np.sin(2 * math.pi * 3 * t + phase))


def published(trials, model, sigma_s, dt_s):
    """N and D as published: trains on a grid, a Gaussian window of 10 sigma, by FFT."""
    n = round(DURATION / dt_s)

    def train(times):
        out = np.zeros(n)
        np.add.at(out, np.rint(np.asarray(times) / dt_s).astype(int), 1.0)
        return out

    clock = (np.arange(int(10 * sigma_s / dt_s)) - (int(10 * sigma_s / dt_s) - 1) / 2) * dt_s
    bell = np.exp(-0.5 * (clock / sigma_s) ** 2)

    def smooth(x, mode):
        return fftconvolve(x, bell / bell.sum(), mode=mode)

    def explained(x, y):
        return (x.var() + y.var() - (x - y).var()) / (x.var() + y.var())

    ons = [train(times) for times in trials]
    m = smooth(train(model), "same")
    mean = smooth(np.mean(ons, axis=0), "full")
    by_model = np.mean([explained(smooth(x, "same"), m) for x in ons])
    return by_model, np.mean([explained(smooth(x, "full"), mean) for x in ons])


@pytest.mark.parametrize("sigma", [0.004, 0.010, 0.020])
def test_explained_variance_is_that_on_a_grid(sigma):
    """Away from the ends, where the published code does not treat data and model alike."""
    dt = 5e-5
    rng = np.random.default_rng(8)
    base = np.sort(rng.uniform(0.5, 3.5, 40))
    jittered = [np.sort(np.rint((base + rng.normal(0, 0.004, 40)) / dt)) * dt for _ in range(4)]
    by_model, data = published(jittered[:3], jittered[3], sigma, dt)
    found = explained_variance_score(jittered[3], jittered[:3], DURATION, sigma_s=sigma)
    assert found.value == pytest.approx(by_model, abs=1e-6)
    # 'full' convolution makes the published recording a window longer, the mean rate lower.
    assert found.data == pytest.approx(data, abs=2.5e-4)


def test_shifted_trains_fall_off_as_a_gaussian():
    times, sigma, shift = np.arange(0.25, 3.9, 0.25), 0.01, 0.013
    chance = times.size**2 / DURATION**2
    height = times.size / DURATION / (2 * sigma * math.sqrt(math.pi))
    expected = (height * math.exp(-(shift**2) / (4 * sigma**2)) - chance) / (height - chance)
    assert explained_variance(times, times + shift, DURATION, sigma_s=sigma) == pytest.approx(
        expected, rel=1e-9
    )


def test_one_train_is_scored_as_score_trains_does():
    a, b, c = poisson(1, 3, 20)
    old = score_trains(a, [b, c], DURATION)
    new = explained_variance_score(a, [b, c], DURATION)
    assert (new.value, new.data, new.ratio) == (old["model"], old["data"], old["ratio"])
    assert new.trial == old["reliability"]
    assert (new.kind, new.n_model, new.n_trials) == ("deterministic", 1, 2)


# coincidences


def test_gamma_by_hand():
    # 1.000 meets 1.003, 2.000 meets 2.000; 3.0 and 3.5 are alone. c = 2 * 0.004 * 3 / 10.
    model, data = [1.0, 2.0, 3.0], [1.003, 2.0, 3.5, 6.0]
    chance = 0.0024
    expected = 2 / (1 - chance) * (2 - chance * 4) / 7
    assert gamma_coincidence(model, data, 10.0) == pytest.approx(expected, rel=1e-12)


def test_a_spike_coincides_once():
    # Three of the model's spikes crowd around one; the fourth has its own.
    found = gamma_coincidence([0.998, 1.0, 1.002, 2.0], [1.001, 2.002], 10.0)
    chance = 2 * 0.004 * 4 / 10
    assert found == pytest.approx(2 / (1 - chance) * (2 - chance * 2) / 6, rel=1e-12)


def test_as_many_coincidences_as_possible_are_counted():
    # Nearest first would pair 1.003 with 1.004 and leave two alone.
    chance = 2 * 0.004 * 2 / 10
    assert gamma_coincidence([1.000, 1.0035], [1.003, 1.0065], 10.0) == pytest.approx(1.0)
    assert gamma_coincidence([1.000, 1.0035], [1.003], 10.0) == pytest.approx(
        2 / (1 - chance) * (1 - chance) / 3
    )


@pytest.mark.parametrize(("shift", "expected"), [(0.0, 1.0), (0.0039, 1.0)])
def test_gamma_of_equal_and_nearly_equal_trains(shift, expected):
    times = np.arange(0.1, 3.9, 0.05)
    assert gamma_coincidence(times, times + shift, DURATION) == pytest.approx(expected)


def test_gamma_of_trains_that_never_meet_is_below_chance():
    times = np.arange(0.1, 3.9, 0.05)
    chance = 2 * 0.004 * times.size / DURATION
    assert gamma_coincidence(times, times + 0.02, DURATION) == pytest.approx(-chance / (1 - chance))


def test_gamma_of_independent_poisson_trains_is_nothing():
    a, b = poisson(3, 200, 10), poisson(4, 200, 10)
    found = [gamma_coincidence(x, y, DURATION) for x, y in zip(a, b, strict=True)]
    uncorrected = np.mean(found) + 0.08
    assert abs(np.mean(found)) < 0.01 < uncorrected


def test_gamma_is_symmetric_for_equal_counts():
    a, b = (np.sort(np.random.default_rng(s).uniform(0, DURATION, 40)) for s in (1, 2))
    assert gamma_coincidence(a, b, DURATION) == gamma_coincidence(b, a, DURATION)


def test_gamma_of_silence():
    assert math.isnan(gamma_coincidence([], [], 1.0))
    assert gamma_coincidence([], [0.5], 1.0) == 0.0
    assert gamma_coincidence([0.5], [], 1.0) == 0.0
    assert math.isnan(gamma_coincidence(np.arange(0, 1, 0.004), [0.5], 1.0))


def test_gamma_relative_to_the_reliability_of_the_cell():
    a, b = [0.5, 1.5, 2.5], [0.5, 1.5, 3.5]
    pair = gamma_coincidence(a, b, DURATION)
    found = gamma_score(a, [a, b], DURATION)
    assert found.value == pytest.approx((1 + pair) / 2)
    assert found.data == pytest.approx(pair)
    assert found.ratio == pytest.approx((1 + pair) / 2 / pair)
    assert found.trial == 1.0
    alone = gamma_score(a, [b], DURATION)
    assert math.isnan(alone.data)
    assert math.isnan(alone.ratio)


def grid_md_star(model, data, window_s, dt_s=1e-4):
    """Md* by counting on a grid, pair of trials by pair of trials."""
    half = round(window_s / dt_s)
    box = np.ones(2 * half + 1)

    def train(times):
        out = np.zeros(round(DURATION / dt_s) + 1)
        np.add.at(out, np.rint(times / dt_s).astype(int), 1.0)
        return out

    def dot(a, b):
        return float(np.convolve(a, box, mode="same") @ b)

    m, d = [train(x) for x in model], [train(x) for x in data]
    norm_m = np.mean([dot(x, y) for i, x in enumerate(m) for y in m[:i]])
    norm_d = np.mean([dot(x, y) for i, x in enumerate(d) for y in d[:i]])
    return 2 * np.mean([dot(x, y) for x in m for y in d]) / (norm_m + norm_d)


def test_md_star_is_that_on_a_grid():
    rounded = [np.rint(x / 1e-4) * 1e-4 for x in poisson(5, 7, waves(0.0))]
    # A window between two distances on the grid, so that none lies on its edge.
    found = md_star(rounded[:3], rounded[3:], window_s=0.00405)
    assert found == pytest.approx(grid_md_star(rounded[:3], rounded[3:], 0.004), rel=1e-12)


def test_md_star_by_hand():
    # <m, d> = (2 + 1) / 2, <d, d> = 1 of the one pair, <m, m> = 2 of the train itself.
    assert md_star([[0.1, 0.5]], [[0.101, 0.501], [0.1, 0.9]]) == pytest.approx(2 * 1.5 / 3)
    assert md_star([[0.1, 0.5]], [[0.101, 0.8], [0.1, 0.9]]) == pytest.approx(2 * 1 / 3)


def test_md_star_of_equal_trials_and_of_strangers():
    train = np.arange(0.1, 3.9, 0.05)
    assert md_star([train], [train, train]) == pytest.approx(1.0)
    assert md_star([train] * 5, [train] * 3) == pytest.approx(1.0)
    assert md_star([train + 0.02], [train, train]) == 0.0


def test_md_star_does_not_mind_which_comes_first():
    a, b = poisson(1, 3, waves(0.0)), poisson(2, 4, waves(1.0))
    assert md_star(a, b) == pytest.approx(md_star(b, a), rel=1e-12)


@pytest.mark.parametrize("phase", [0.0, 1.0])
@pytest.mark.parametrize("n", [2, 5])
def test_few_trials_do_not_bias_md_star(n, phase):
    """Two known rates: the overlap of the waves says what Md* must be for any number of trials."""
    found = [
        md_star(poisson(seed, n, waves(0.0)), poisson(1000 + seed, n, waves(phase)))
        for seed in range(150)
    ]
    expected = (1 + 0.9**2 / 2 * math.cos(phase)) / (1 + 0.9**2 / 2)
    error = np.std(found) / math.sqrt(len(found))
    assert np.mean(found) == pytest.approx(expected, abs=4 * error)
    assert error < 0.02
    # Norms from the means of all trials would hold every spike's coincidence with itself.
    self_pairs = 20 * DURATION / n
    overlap = 2 * 0.004 * DURATION * 20**2 * (1 + 0.9**2 / 2)
    assert expected * overlap / (overlap + self_pairs) < expected - 0.3


def test_md_star_without_what_it_needs():
    assert math.isnan(md_star([[0.1]], [[0.1]]))
    assert math.isnan(md_star([[]], [[0.1], [0.5]]))
    assert md_star([[]], [[0.1], [0.1]]) == 0.0
    with pytest.raises(FitError, match="0 of the model and 1 recorded"):
        md_star([], [[0.1]])


def test_a_trial_as_the_model_of_the_others():
    trials = poisson(3, 3, waves(0.0))
    found = md_star_score(trials[0] + 0, trials, DURATION)
    own = [md_star([trials[i]], [x for j, x in enumerate(trials) if j != i]) for i in range(3)]
    assert found.kind == "deterministic"
    assert found.data == pytest.approx(np.mean(own))
    assert math.isnan(md_star_score(trials[0], trials[:2], DURATION).data)


@pytest.mark.parametrize("wrong", [{"window_s": 0.0}, {"window_s": -1.0}, {"window_s": math.nan}])
def test_no_window_is_refused(wrong):
    with pytest.raises(FitError, match="positive window_s"):
        gamma_coincidence([0.1], [0.1], 1.0, **wrong)
    with pytest.raises(FitError, match="positive window_s"):
        md_star([[0.1]], [[0.1], [0.2]], **wrong)


# rates


def test_the_mean_of_the_trials_as_the_rate_reaches_d():
    trials = poisson(6, 4, waves(0.0))
    found = psth_explained_variance(trials, trials, DURATION)
    assert found.value == pytest.approx(reliability(trials, DURATION)["data"], abs=1e-4)
    assert found.kind == "psth"


@pytest.mark.parametrize("n", [2, 4])
def test_the_mean_of_the_others(n):
    trials = poisson(7, n, waves(0.0))
    found = explained_by_others(trials, DURATION, sigma_s=0.01)
    if n == 2:
        assert found == pytest.approx(explained_variance(*trials, DURATION))
        return
    for i in range(n):
        rest = [x for j, x in enumerate(trials) if j != i]
        by_rate = psth_explained_variance(rest, [trials[i]], DURATION).value
        assert found[i] == pytest.approx(by_rate, abs=1e-4)


def test_many_runs_are_the_rate_they_were_drawn_from():
    rate, dt = waves(0.0), 1e-3
    trials, runs = poisson(11, 3, rate), poisson(12, 400, rate)
    given = rate(np.arange(0.0, DURATION, dt) + dt / 2)
    by_runs = psth_explained_variance(runs, trials, DURATION, sigma_s=0.05)
    by_rate = psth_explained_variance(given, trials, DURATION, sigma_s=0.05, rate_dt_s=dt)
    assert by_runs.value == pytest.approx(by_rate.value, abs=0.01)
    assert (by_runs.n_model, by_rate.n_model) == (400, 0)


def test_explained_by_a_known_rate():
    """A sine of variance v under shot noise: expected covariance v, variance of a trial v + shot."""
    sigma, rate = 0.05, waves(0.0)
    trials = poisson(13, 150, rate)
    dt = 1e-3
    given = rate(np.arange(0.0, DURATION, dt) + dt / 2)
    damp = math.exp(-0.5 * (2 * math.pi * 3 * sigma) ** 2)
    v = (20 * 0.9 * damp) ** 2 / 2
    shot = 20 / (2 * sigma * math.sqrt(math.pi))
    found = psth_explained_variance(given, trials, DURATION, sigma_s=sigma, rate_dt_s=dt)
    assert found.value == pytest.approx(2 * v / (2 * v + shot), abs=0.02)


def test_a_rate_scores_above_its_trains():
    trials, runs = poisson(14, 4, waves(0.0)), poisson(15, 60, waves(0.0))
    psth = psth_explained_variance(runs, trials, DURATION, sigma_s=0.02)
    pairs = explained_variance_score(runs, trials, DURATION, sigma_s=0.02)
    assert psth.value > pairs.value + 0.1
    assert (psth.kind, pairs.kind) == ("psth", "pairwise")


def test_a_silent_rate_explains_nothing():
    a = poisson(1, 1, 20)[0]
    found = psth_explained_variance([[], []], [a, []], DURATION)
    assert found.value == 0.0
    assert math.isnan(psth_explained_variance([[], []], [a], DURATION).trial)


def test_what_is_no_rate_says_so():
    trials = poisson(1, 2, 20)
    with pytest.raises(FitError, match="rate of several runs, got 1"):
        psth_explained_variance(trials[0], trials, DURATION)
    with pytest.raises(FitError, match=r"40 bins of 0\.01 s"):
        psth_explained_variance(np.ones(40), trials, DURATION, rate_dt_s=0.01)
    with pytest.raises(FitError, match="0 Hz or more"):
        psth_explained_variance(-np.ones(400), trials, DURATION, rate_dt_s=0.01)
    with pytest.raises(FitError, match="0 Hz or more"):
        psth_explained_variance(np.full(400, np.nan), trials, DURATION, rate_dt_s=0.01)


# the table


def test_the_table_of_one_train():
    a, b, c = poisson(2, 3, waves(0.0))
    table = scores(a, [b, c], DURATION)
    assert len(table) == 7
    assert set(table["kind"]) == {"deterministic"}
    assert table["metric"].value_counts().to_dict() == {
        "explained_variance": 5,
        "gamma": 1,
        "md_star": 1,
    }
    row = table[(table["metric"] == "explained_variance") & (table["width_s"] == 0.01)].iloc[0]
    old = score_trains(a, [b, c], DURATION)
    assert (row["value"], row["data"], row["ratio"]) == (old["model"], old["data"], old["ratio"])


def test_the_table_of_many_trains_keeps_kinds_apart():
    runs, trials = poisson(2, 5, waves(0.0)), poisson(3, 3, waves(0.0))
    table = scores(runs, trials, DURATION, sigmas_s=(0.01, 0.1))
    assert table["kind"].tolist() == ["pairwise"] * 2 + ["psth"] * 2 + ["pairwise", "psth"]
    assert set(table["n_model"]) == {5}
    assert set(table["n_trials"]) == {3}
    assert table["value"].iloc[-1] == pytest.approx(md_star(runs, trials))


def test_equal_trains_are_one():
    a, b, c = poisson(2, 3, waves(0.0))
    once, thrice = scores([a], [b, c], DURATION), scores([a] * 3, [b, c], DURATION)
    assert once.equals(thrice)
    assert scores(a, [b, c], DURATION).equals(once)
    assert scores(a.tolist(), [b, c], DURATION).equals(once)


def test_perfect_models_and_silent_ones():
    a = poisson(2, 1, 20)[0]
    perfect = scores(a, [a, a, a], DURATION)
    assert perfect["ratio"].to_numpy() == pytest.approx(np.ones(7))
    silent = scores([[]], [a, a, a], DURATION)
    assert silent["value"].to_numpy() == pytest.approx(np.zeros(7))
    assert scores(np.empty(0), [a, a, a], DURATION).equals(silent)


def test_one_trial_has_no_reliability():
    a, b = poisson(2, 2, 20)
    table = scores(a, [b], DURATION)
    assert table["trial"].isna().all()
    ev = table[table["metric"] == "explained_variance"]
    assert ev["data"].to_numpy() == pytest.approx(np.ones(5))
    assert table[table["metric"] != "explained_variance"]["ratio"].isna().all()


@pytest.mark.parametrize(
    ("model", "trials", "message"),
    [
        ([], [[0.1]], "the model gave no spike train"),
        ([0.1], [], "the data gave no spike train"),
        ([0.1], [[], []], "2 trials, none with a spike"),
        ([100.0], [[0.1]], "outside the stimulus of 4.0 s"),
        ([0.1], [[0.1], [math.nan]], "the data, train 1: a spike at nan"),
        ([0.1], [[-0.1]], "a spike at -0.1 s"),
        ([[[0.1]]], [[0.1]], "expected a row of times"),
        ("0.1", [[0.1]], "got str"),
    ],
)
def test_trains_that_cannot_be_scored(model, trials, message):
    with pytest.raises(FitError, match=message):
        scores(model, trials, DURATION)


def test_no_duration_is_refused():
    with pytest.raises(FitError, match="positive duration"):
        scores([0.1], [[0.1]], 0.0)
