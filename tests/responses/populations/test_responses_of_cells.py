"""Decay, latency, flashes, F1/F0, contrast classes, tuning widths, amplification."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses.populations import (
    contrast_class,
    contrast_classes,
    cortical_amplification,
    cortical_decay,
    cycle_average,
    double_gaussian,
    f1_f0,
    f1_f0_of_current,
    first_spike_latency,
    fit_rate_decay,
    flash_peaks,
    sine_fit,
    tuning_widths,
)
from allentk.responses.populations.contrast_class import _cost


def test_the_decay_of_a_population_comes_back():
    rng, tau = np.random.default_rng(0), 0.025
    trains = []
    for _ in range(400):
        steady = rng.uniform(0, 1.3, rng.poisson(1.3 * 2))
        before = rng.uniform(0, 1.0, rng.poisson(20))
        falling = 1.0 + rng.exponential(tau, rng.poisson(20 * tau))
        trains.append(np.sort(np.concatenate([steady, before, falling])))
    found = cortical_decay(SpikeTrains.from_lists(trains), 1.0, stop_s=0.25)
    assert found.tau_s == pytest.approx(tau, rel=0.15)
    assert found.f_min_hz == pytest.approx(2, abs=0.4)
    assert found.f_max_hz == pytest.approx(20, rel=0.15)


def test_a_rate_that_does_not_change_has_no_time_constant():
    found = fit_rate_decay([0, 1, 2, 3, 4.0], [3.0] * 5, 0.0)
    assert (found.f_min_hz, found.f_max_hz) == (3.0, 0.0)
    assert np.isnan(found.tau_s)
    with pytest.raises(DataError, match="four finite rates"):
        fit_rate_decay([0, 1, 2, 3, 4.0], [3.0] * 5, 3.0)


def test_the_first_spike_is_the_median_over_trials_in_the_window():
    trains = [[0.010, 0.052, 0.090, 1.0701, 2.0412, 3.9], [0.15, 1.14, 2.16], []]
    found = first_spike_latency(SpikeTrains.from_lists(trains), [0, 1, 2, 3.0])
    assert found["first_spike_s"].tolist()[:2] == [pytest.approx(0.052), pytest.approx(0.15)]
    assert found["n_trials"].tolist() == [3, 3, 0]
    assert found["included"].tolist() == [True, False, False]
    assert found["notes"][2] == "no spike in the window"


def test_flash_peaks_are_the_highest_bins():
    trains = [[0.051, 0.0515, 1.051, 0.25, 1.2505], [0.011]]
    spikes = SpikeTrains.from_lists(trains)
    found = flash_peaks(spikes, [0.0, 1.0])
    assert found["peak_1_hz"].tolist() == [3 / 2 / 0.002, 1 / 2 / 0.002]
    assert found["peak_time_1_s"].tolist() == [pytest.approx(0.051), pytest.approx(0.011)]
    assert found["peak_2_hz"].tolist() == [500.0, 0.0]
    assert np.isnan(found["peak_time_2_s"][1])
    both = flash_peaks(spikes, [0.0, 1.0], together=True)
    assert both["peak_1_hz"].tolist() == [375.0]
    assert flash_peaks(spikes, [0.0, 1.0], cells=[1])["cell"].tolist() == [1]


@pytest.mark.parametrize("depth", [0.0, 0.5, 1.0])
def test_f1_f0_of_a_sine_rate_is_its_depth(depth):
    rng = np.random.default_rng(1)
    t = rng.uniform(0, 500, 60_000)
    kept = t[rng.random(t.size) < (1 + depth * np.sin(2 * np.pi * 2 * t + 0.7)) / 2]
    found = f1_f0(SpikeTrains(np.sort(kept), np.zeros(kept.size, int), 2), [[0, 500.0]], 2.0)
    assert found["f1_f0"][0] == pytest.approx(depth, abs=0.03)
    if depth:
        assert found["phase_deg"][0] == pytest.approx(np.rad2deg(0.7), abs=4)
    assert np.isnan(found["f1_f0"][1])


def test_trials_are_cut_to_whole_cycles():
    spikes = SpikeTrains([0.1, 0.6, 1.1, 1.2], [0] * 4, 1)
    found = f1_f0(spikes, [[0, 1.3]], 2.0).iloc[0]
    assert found["f0_hz"] == 2.0
    with pytest.raises(DataError, match="a cycle of 2 Hz"):
        f1_f0(spikes, [[0, 0.3]], 2.0)


def test_a_sine_is_fitted_as_least_squares_does():
    rng = np.random.default_rng(2)
    y = rng.normal(size=(20, 3))
    x = (np.arange(20) + 0.5) / 20 * 2 * np.pi
    a = np.column_stack([np.ones(20), np.sin(x), np.cos(x)])
    wanted = np.linalg.lstsq(a, y, rcond=None)[0]
    mean, amplitude, phase = sine_fit(y)
    assert mean == pytest.approx(wanted[0])
    assert amplitude == pytest.approx(np.hypot(wanted[1], wanted[2]))
    assert phase == pytest.approx(np.rad2deg(np.arctan2(wanted[2], wanted[1])) % 360)


def test_currents_have_f1_from_peak_to_peak():
    t = np.arange(0, 3, 0.001)
    current = -20 - 6 * np.sin(2 * np.pi * 4 * (t - 0.5))
    frame = pd.DataFrame({3: current, 8: np.full(t.size, -5.0)}, index=t)
    found = f1_f0_of_current(frame, [[0.5, 2.6]], 4.0, baseline_pa=[-5.0, -5.0])
    assert found["f1_pa"][0] == pytest.approx(12, rel=0.01)
    assert found["f0_pa"][0] == pytest.approx(15, rel=1e-6)
    assert found["f1_f0"][0] == pytest.approx(0.8, rel=0.01)
    assert np.isnan(found["f1_f0"][1])
    assert cycle_average(t, current, [[0.5, 2.5]], 4.0).mean() == pytest.approx(-20)
    with pytest.raises(DataError, match="hold no sample"):
        cycle_average(t, current, [[0.5, 0.75]], 4.0, n_bins=1000)


CONTRASTS = np.repeat([0.04, 0.08, 0.13, 0.2, 0.35, 0.6, 1.0], 15)


def sigmoid(x):
    return 1 / (1 + np.exp(-10 * x))


@pytest.mark.parametrize(
    ("kind", "rate", "c50"),
    [
        ("high", 1 + 10 * sigmoid(CONTRASTS - 0.4), 0.4),
        ("low", 1 + 10 * sigmoid(0.4 - CONTRASTS), 0.4),
        ("band", 0.5 + 40 * sigmoid(CONTRASTS - 0.25) * sigmoid(0.45 - CONTRASTS), 0.25),
    ],
)
def test_planted_contrast_classes_come_back(kind, rate, c50):
    rng = np.random.default_rng(3)
    found = contrast_class(rng.poisson(rate), CONTRASTS)
    assert found["contrast_class"] == kind
    # "band" holds the others nearly whole, with one number more: 2 is all that they can be better by.
    assert found["aic_difference"] > 1
    assert found["c50"] == pytest.approx(c50, abs=0.15)


def test_the_likelihood_of_contrast_models_is_that_of_scipy():
    rng = np.random.default_rng(6)
    counts, mean, k = rng.poisson(3, 20), rng.uniform(0.5, 6, 20), 2.3
    wanted = -stats.nbinom.logpmf(counts, k, k / (k + mean)).sum()
    assert _cost(counts, mean, np.log(k)) == pytest.approx(wanted)


def test_without_spikes_or_contrasts_there_is_no_class():
    assert contrast_class(np.zeros(105), CONTRASTS)["contrast_class"] == ""
    assert contrast_class([1, 2, 3], [0.1, 0.2, 0.5])["contrast_class"] == ""
    with pytest.raises(DataError, match="contrasts in"):
        contrast_class([1, 2], [10, 20])


def test_classes_of_cells_are_at_their_preferred_direction():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame(
        [(d, c) for d in (0.0, 90.0) for c in CONTRASTS], columns=["orientation_deg", "contrast"]
    ).sample(frac=1, random_state=0, ignore_index=True)
    rows["start_s"] = np.arange(len(rows)) + 1.0
    rows["stop_s"], rows["stimulus"] = rows["start_s"] + 0.5, "drifting_gratings_contrast"
    times = []
    for row in rows.itertuples():
        low = 8 * sigmoid(0.3 - row.contrast)
        rate = 1 + 12 * sigmoid(row.contrast - 0.3) if row.orientation_deg else low / 4
        times.append(row.start_s + 0.5 * rng.random(rng.poisson(rate)))
    spikes = SpikeTrains.from_lists([np.sort(np.concatenate(times)), []])
    found = contrast_classes(spikes, StimulusTable(rows))
    assert found["preferred_direction_deg"][0] == 90
    assert found["contrast_class"].tolist() == ["high", ""]
    assert found["notes"][1].startswith("no spikes")
    assert len(contrast_classes(spikes, StimulusTable(rows), cells=[])) == 0


def test_planted_widths_come_back_and_the_larger_peak_is_preferred():
    theta = np.arange(0, 360, 22.5)
    curves = [
        double_gaussian(theta, 2, 10, 4, 350, 20),
        double_gaussian(theta, 1, 3, 8, 60, 35),
        np.full(16, 3.0),
    ]
    found = tuning_widths(curves, theta, cells=[5, 6, 7])
    assert found["preferred_direction_deg"].tolist()[:2] == [
        pytest.approx(350, abs=0.1),
        pytest.approx(240, abs=0.1),
    ]
    assert found["sigma_deg"].tolist()[:2] == [
        pytest.approx(20, rel=0.01),
        pytest.approx(35, rel=0.01),
    ]
    assert found["half_width_deg"][0] == pytest.approx(20 * np.sqrt(2 * np.log(2)), rel=0.01)
    assert found["r_squared"].to_numpy()[:2] == pytest.approx(1, abs=1e-4)
    assert found["amplitude"][1] > found["opposite_amplitude"][1]
    assert found["notes"].tolist() == ["", "", "no curve: equal or missing responses"]
    with pytest.raises(DataError, match="six directions"):
        tuning_widths([[1, 2, 3, 4.0]], [0, 90, 180, 270])


def test_amplification_is_the_ratio_at_the_strongest_grating():
    time = np.arange(0, 4, 0.001)
    total = np.select([time < 1, time < 2, time < 3], [-30.0, -50.0, -34.0], -46.0)
    every = pd.DataFrame({1: total, 2: np.full(time.size, -10.0)}, index=time)
    alone = pd.DataFrame({2: np.full(time.size, -10.0), 1: -10 + (total + 10) / 4}, index=time)
    windows = [[0.2, 1], [1.2, 2], [2.2, 3], [3.2, 4]]
    found = cortical_amplification(
        every, alone, ["a", "b", "a", "b"], windows, baseline_pa=[-10.0, -10.0]
    )
    assert found["cell"].tolist() == [1, 2]
    assert found["strongest"][0] == "b"
    assert found["total_pa"][0] == pytest.approx(-38)
    assert found["lgn_contribution"][0] == pytest.approx(0.25)
    assert found["amplification"][0] == pytest.approx(4)
    assert np.isnan(found["amplification"][1])
    assert found["notes"][1] == "no current above the baseline"
    with pytest.raises(DataError, match="no sample"):
        cortical_amplification(every, alone, ["a"], [[8.0, 9.0]])
    with pytest.raises(DataError, match="recorded in both"):
        cortical_amplification(every[[1]], alone[[2]], ["a"], [[0.0, 1.0]])


def test_classes_need_known_cells_and_finite_numbers():
    shown = {"start_s": [0.0, 1.0], "stop_s": [0.5, 1.5], "stimulus": "drifting_gratings"}
    rows = pd.DataFrame(shown | {"contrast": [0.1, 0.8], "orientation_deg": 0.0})
    with pytest.raises(DataError, match="no cell with id -1"):
        contrast_classes(SpikeTrains([0.1], [0], 1), StimulusTable(rows), cells=[-1])
    with pytest.raises(DataError, match=r"contrasts in 0\.\.1"):
        contrast_class([1, np.nan, 2, 3], [0.1, 0.2, 0.4, 0.8])


def test_an_onset_must_be_a_time():
    with pytest.raises(DataError, match="onset 0 is nan s"):
        first_spike_latency(SpikeTrains([0.1], [0], 1), [np.nan])
