"""Correlations, Fano factors, time scales and spectra: closed forms and planted values."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.binned import binned_counts, whole_bins
from allentk.responses.populations import (
    METRICS,
    QUIRKS,
    autocorrelation_timescale,
    fano_distance,
    fit_decay,
    intrinsic_timescale,
    noise_correlations,
    oscillation_spectrum,
    pair_correlations,
    population_fano,
    signal_correlations,
)


def test_signal_and_noise_correlations_are_those_of_numpy():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(5), 12))
    trials = rng.normal(size=(6, 60)) + rng.normal(size=(6, 5))[:, labels]
    means = np.array([[r[labels == k].mean() for k in range(5)] for r in trials])
    assert signal_correlations(trials, labels) == pytest.approx(np.corrcoef(means))
    each = [np.corrcoef(trials[:, labels == k]) for k in range(5)]
    assert noise_correlations(trials, labels) == pytest.approx(np.mean(each, axis=0))


def test_planted_noise_correlation_comes_back_and_signal_stays_apart():
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(8), 200)
    shared, tuning = rng.normal(size=1600), rng.normal(size=8)
    own = rng.normal(size=(2, 1600))
    trials = np.sqrt(0.3) * shared + np.sqrt(0.7) * own + np.array([[3.0], [-3.0]]) * tuning[labels]
    assert noise_correlations(trials, labels)[0, 1] == pytest.approx(0.3, abs=0.05)
    assert signal_correlations(trials, labels)[0, 1] == pytest.approx(-1, abs=0.02)


def test_constant_cells_rare_conditions_and_nan_give_no_correlation():
    trials = np.array([[1.0, 2, 3, 4, 9], [5, 5, 5, 5, 5], [4, 3, np.nan, 1, 2]])
    labels = ["a", "a", "a", "a", "b"]
    found = noise_correlations(trials, labels)
    assert found[0, 0] == pytest.approx(1)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[0, 2])
    with pytest.raises(DataError, match="5 conditions"):
        noise_correlations(trials[:, :4], labels)


def test_halves_take_shared_noise_out_of_the_signal():
    rng = np.random.default_rng(2)
    frame = np.repeat(np.arange(40), 10)
    start = np.arange(400.0)
    table = pd.DataFrame({"start_s": start, "stop_s": start + 1, "stimulus": "natural_scenes"})
    noise = rng.normal(size=400)
    values = np.stack([noise + 0.1 * rng.normal(size=400), noise + 0.1 * rng.normal(size=400)])
    signal = rng.normal(size=(2, 40))[:, frame]
    traces = Traces(values + 0.3 * signal, start + 0.5, [10, 11])
    table = StimulusTable(table.assign(frame=frame))
    whole = pair_correlations(traces, table, by=["frame"]).iloc[0]
    split = pair_correlations(traces, table, by=["frame"], split_seed=0).iloc[0]
    assert whole[["cell_1", "cell_2"]].tolist() == [10, 11]
    assert whole["noise_correlation"] > 0.95
    # 40 means of 10 trials share the noise of 0.1 variance, on a signal of 0.09.
    assert whole["signal_correlation"] == pytest.approx(
        np.corrcoef((values + 0.3 * signal).reshape(2, 40, 10).mean(axis=2))[0, 1]
    )
    assert split["noise_correlation"] > 0.95
    assert split["signal_correlation"] != pytest.approx(whole["signal_correlation"])
    with pytest.raises(DataError, match="no column"):
        pair_correlations(traces, table, by=["colour"])


def poisson(rate_hz, n_cells, duration_s, seed=0):
    rng = np.random.default_rng(seed)
    n = rng.poisson(rate_hz * n_cells * duration_s)
    return SpikeTrains(np.sort(rng.uniform(0, duration_s, n)), rng.integers(0, n_cells, n), n_cells)


def test_the_fano_factor_of_poisson_cells_is_one_at_every_window():
    found = population_fano(poisson(5, 200, 100), [[0, 100]], n_samples=20)
    assert len(found) == 20
    # The standard error of a Fano factor of n windows is sqrt(2 / n); 20 samples of the same cells.
    error = np.sqrt(2 / (100 / found["window_s"]))
    assert (np.abs(found["fano"] - 1) < 3.5 * error).all()


def test_a_shared_rate_raises_the_fano_factor_as_its_variance_says():
    # Rate of 1000 or 3000 Hz of 50 cells together in seconds: Fano = 1 + var / mean of the counts.
    rng = np.random.default_rng(3)
    high = np.tile([0, 1], 100)
    n = rng.poisson(np.where(high, 3000, 1000))
    times = np.sort(np.concatenate([k + rng.random(m) for k, m in enumerate(n)]))
    spikes = SpikeTrains(times, rng.integers(0, 50, times.size), 50)
    found = population_fano(spikes, [[0, 200]], windows_s=[1.0], size=50, size_sd=0, n_samples=1)
    assert found["fano"][0] == pytest.approx(1 + 1000**2 / 2000, rel=0.05)


def test_windows_longer_than_half_an_interval_are_left_out_and_draws_repeat():
    spikes = poisson(5, 40, 4)
    a, b = (population_fano(spikes, [[0, 2.0], [2, 3.0]], seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(a, b)
    assert a["window_s"].max() <= 0.5
    other = population_fano(spikes, [[0, 2.0], [2, 3.0]], seed=5)
    assert not np.allclose(a["fano"], other["fano"])
    assert fano_distance(a, a["fano"]) == 0.0
    with pytest.raises(DataError, match="15 cells or more, got 3"):
        population_fano(spikes, [[0, 2]], cells=[0, 1, 2])
    with pytest.raises(DataError, match="no window"):
        population_fano(spikes, [[0, 0.001]])


def test_a_network_of_one_population_is_taken_and_of_two_asked_about():
    spikes = poisson(5, 40, 4)
    one = NetworkResponse({"v1": spikes}, 4.0)
    pd.testing.assert_frame_equal(population_fano(one, [[0, 4]]), population_fano(spikes, [[0, 4]]))
    two = NetworkResponse({"v1": spikes, "lgn": spikes}, 4.0)
    with pytest.raises(DataError, match=r"name one of \['v1', 'lgn'\]"):
        population_fano(two, [[0, 4]])
    assert len(population_fano(two, [[0, 4]], population="lgn"))


def test_bins_hold_what_lies_in_them():
    spikes = SpikeTrains([0.1, 0.2, 0.3, 0.3, 0.9], [0, 1, 0, 1, 0], 2)
    counts = binned_counts(spikes, [0.1, 0.0], 3, 0.1)
    assert counts[0].tolist() == [[1, 0, 1], [0, 1, 0]]
    assert counts[1].tolist() == [[0, 1, 1], [0, 0, 1]]
    with pytest.raises(DataError, match=r"2\*\*30"):
        binned_counts(SpikeTrains([], [], 10**6), np.arange(100.0), 1000, 0.1)


def flashes(rate_of, n_trials, n_cells, seed, stop_s=0.4):
    """Poisson spikes of a rate after every second's flash."""
    rng = np.random.default_rng(seed)
    step = 0.001
    t = np.arange(0, stop_s, step) + step / 2
    trains = []
    for _ in range(n_cells):
        fired = rng.random((n_trials, t.size)) < rate_of(t) * step
        trial, place = np.nonzero(fired)
        trains.append(np.sort(trial + t[place]))
    return SpikeTrains.from_lists(trains), np.arange(float(n_trials))


def test_the_decay_of_a_response_comes_back():
    tau = 0.030
    spikes, onsets = flashes(lambda t: 5 + 195 * np.exp(-(t - 0.04) / tau) * (t > 0.04), 200, 3, 0)
    found = autocorrelation_timescale(spikes, onsets)
    assert found["tau_ms"].to_numpy() == pytest.approx(30, abs=4)
    assert found["included"].all()
    longer = autocorrelation_timescale(spikes, onsets, stretched_lags=True)
    ratio = longer["tau_ms"] / found["tau_ms"]
    assert ratio.to_numpy() == pytest.approx(125 / 120, rel=1e-4)
    assert QUIRKS[0].name == "stretched-lags"


def test_a_silent_cell_has_no_time_scale():
    found = autocorrelation_timescale(SpikeTrains([0.05], [0], 2), [0.0, 1.0, 2.0])
    assert np.isnan(found["tau_ms"][1])
    assert found["notes"][1] == "no decay to fit"
    assert not found["included"].any()
    with pytest.raises(DataError, match="two trials"):
        autocorrelation_timescale(SpikeTrains([0.05], [0], 2), [0.0])


def test_the_time_constant_of_a_wandering_rate_comes_back():
    # log rate = an Ornstein-Uhlenbeck process: its correlation falls with exp(-lag / tau).
    rng, tau, step, n = np.random.default_rng(5), 0.08, 0.01, 100
    x = rng.normal(size=1500)
    counts = []
    for _ in range(n):
        counts.append(rng.poisson(2.0 + 0.6 * np.clip(x, -3, 3)))
        x = x * np.exp(-step / tau) + np.sqrt(1 - np.exp(-2 * step / tau)) * rng.normal(size=x.size)
    trial, place = [], []
    for k, row in enumerate(counts):
        trial.append(np.repeat(np.arange(1500), row))
        place.append(np.full(row.sum(), k))
    times = 2.0 * np.concatenate(trial) + 1.0 + (np.concatenate(place) + 0.5) * step
    spikes = SpikeTrains(np.sort(times), np.zeros(times.size, int), 1)
    found = intrinsic_timescale(spikes, 2.0 * np.arange(1500))
    assert found["tau_ms"][0] == pytest.approx(80, rel=0.15)
    assert found["included"][0]


def test_no_decay_is_no_number():
    assert np.isnan(fit_decay([0, 1, 2, 3, 4.0], np.ones(5))).all()
    assert np.isnan(fit_decay([0, 1, 2, 3.0], [1, 2, np.nan, 1])).all()


def test_a_regular_train_has_the_spectrum_of_its_comb():
    # 40 spikes in 1000 bins, each 1/40: amplitude 1 / 1000 at every multiple of 40 Hz, else 0.
    spikes = SpikeTrains(np.arange(40) / 40, np.zeros(40, int), 1)
    found = oscillation_spectrum(spikes, [[0, 1.0]], up_to_hz=200)
    comb = np.where(found["frequency_hz"] % 40 == 0, 1e-3, 0)
    assert found["amplitude"].to_numpy() == pytest.approx(comb, abs=1e-12)
    assert found["frequency_hz"].max() == 200


def test_far_cells_weigh_less_in_the_spectrum():
    both = SpikeTrains.from_lists([np.arange(20) / 20, np.arange(50) / 50])
    found = oscillation_spectrum(both, [[0, 1.0]], distances_um=[10, 40]).set_index("frequency_hz")
    alike = oscillation_spectrum(both, [[0, 1.0]]).set_index("frequency_hz")
    assert found.loc[20, "amplitude"] == pytest.approx(20 / 70 / 1000)
    assert found.loc[50, "amplitude"] == pytest.approx(50 / 4 / 70 / 1000)
    assert alike.loc[50, "amplitude"] == pytest.approx(50 / 70 / 1000)
    with pytest.raises(DataError, match="2 distances"):
        oscillation_spectrum(both, [[0, 1.0]], distances_um=[1.0])
    with pytest.raises(DataError, match="one length"):
        oscillation_spectrum(both, [[0, 1.0], [1, 3]])


def test_every_metric_has_a_formula_and_a_source():
    assert all(m.formula and m.source and m.definition == "population" for m in METRICS)
    assert len({(m.stimulus, m.name) for m in METRICS}) == len(METRICS)


REGULAR = SpikeTrains(np.arange(400) / 100, np.arange(400) % 20, 20)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("windows must be above 0 s", {"windows_s": [0.1, -0.1]}),
        ("windows must be above 0 s", {"windows_s": [0.1, np.nan]}),
        ("n_samples must be a whole number from 1", {"n_samples": 0}),
        ("n_samples must be a whole number from 1", {"n_samples": 2.5}),
        ("expected samples of size", {"size_sd": -1.0}),
        ("expected samples of size", {"size_sd": np.inf}),
        ("seed must be a whole number", {"seed": -1}),
        ("no cell with id 20", {"cells": np.arange(21)}),
    ],
)
def test_nonsense_windows_and_samples_are_refused(words, asked):
    with pytest.raises(DataError, match=words):
        population_fano(REGULAR, [[0, 4]], **asked)


def test_times_that_are_no_times_are_refused():
    with pytest.raises(DataError, match=r"both finite, got \[ 1\. inf\]"):
        population_fano(REGULAR, [[0, 1], [1, np.inf]])
    with pytest.raises(DataError, match="onset 1 is nan s"):
        autocorrelation_timescale(REGULAR, [0.0, np.nan, 2.0])
    with pytest.raises(DataError, match=r"bins of 0\.0 s"):
        whole_bins(1.0, 0.0)
    with pytest.raises(DataError, match=r"more than 2\*\*30 bins"):
        population_fano(REGULAR, [[0, 1e9]])
    with pytest.raises(DataError, match="negative or NaN"):
        oscillation_spectrum(REGULAR, [[0, 1]], distances_um=np.full(20, -5.0))


def test_one_cell_is_no_pair():
    shown = {"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "natural_scenes"}
    table = StimulusTable(pd.DataFrame(shown | {"frame": [0, 1]}))
    with pytest.raises(DataError, match="two cells, got 1"):
        pair_correlations(REGULAR, table, by=["frame"], ids=[3])


def test_no_window_in_common_is_no_distance():
    with pytest.raises(DataError, match="no window"):
        fano_distance(pd.DataFrame({"fano": [np.nan]}), [1.0])


def test_fano_is_one_by_slow_loops_too():
    rng = np.random.default_rng(5)
    spikes = SpikeTrains(np.sort(rng.uniform(0, 9, 900)), rng.integers(0, 20, 900), 20)
    asked = {"windows_s": [0.01, 0.3], "size": 100.0, "size_sd": 0.0}  # all cells in each sample
    found = population_fano(spikes, [[1.0, 8.0]], **asked)
    for window, fano in found[["window_s", "fano"]].to_numpy():
        starts = 1 + window * np.arange(int(7 / window + 1e-6))
        n = [((spikes.times_s >= a) & (spikes.times_s < a + window)).sum() for a in starts]
        assert fano == pytest.approx(np.var(n) / np.mean(n), rel=0.02)
