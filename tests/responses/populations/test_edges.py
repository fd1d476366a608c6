"""Statistics of populations at their edges: rounding, nothing to measure, arguments that fit nothing."""

import warnings

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.binned import binned_counts
from allentk.responses.populations import (
    autocorrelation_timescale,
    contrast_classes,
    cortical_amplification,
    cycle_average,
    f1_f0,
    f1_f0_of_current,
    first_spike_latency,
    fit_rate_decay,
    flash_peaks,
    oscillation_spectrum,
    pair_correlations,
    signal_correlations,
    tuning_widths,
)

SPIKES = SpikeTrains([0.1, 0.6, 1.1, 1.2], [0] * 4, 1)


def scenes(n, start=None, length_s=1.0, images=3):
    start = np.arange(float(n)) if start is None else start
    rows = {"start_s": start, "stop_s": start + length_s, "stimulus": "natural_scenes"}
    return StimulusTable(pd.DataFrame(rows | {"frame": np.arange(n) % images}))


def test_spikes_at_the_edges_are_in_their_bins_late_in_a_session_too():
    # The times are written with three decimals, the edges are added up: they differ in the last digit.
    rng = np.random.default_rng(0)
    for onset in rng.uniform(0, 9000, 100).round(3):
        times = np.array([float(f"{onset + k * 0.001:.3f}") for k in range(50)])
        spikes = SpikeTrains(times, np.zeros(50, int), 1)
        assert (binned_counts(spikes, [onset], 50, 0.001) == 1).all(), onset


def test_chosen_cells_are_counted_in_their_order():
    spikes = SpikeTrains.from_lists([[0.05], [0.05, 0.15], [0.15]])
    every = binned_counts(spikes, [0.0], 2, 0.1)
    some = binned_counts(spikes, [0.0], 2, 0.1, cells=np.array([2, 1, 2]))
    assert every[:, 0].tolist() == [[1, 0], [1, 1], [0, 1]]
    assert (some == every[[2, 1, 2]]).all()


def test_counts_that_do_not_change_are_not_correlated_by_their_rounding():
    start = (
        np.arange(30) * 0.1
    )  # lengths differ in the last digit, and so do the rates of one spike
    shown = scenes(30, start, 0.1)
    each = SpikeTrains(
        np.sort(np.concatenate([start + 0.02, start + 0.05])), np.tile([0, 1], 30), 2
    )
    found = pair_correlations(each, shown, by="frame")
    assert found[["signal_correlation", "noise_correlation"]].isna().all(axis=None)


def test_presentations_after_the_recording_do_not_take_the_correlations_away():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 110))
    longer = Traces(values, np.arange(110) * 0.1, [1, 2])
    with pytest.warns(UserWarning, match="1 of 12 presentations lie outside"):
        found = pair_correlations(longer, scenes(12), by="frame")
    wanted = pair_correlations(longer, scenes(11), by="frame")
    assert np.isfinite(wanted["signal_correlation"][0])
    pd.testing.assert_frame_equal(found, wanted)


def test_nothing_shown_is_no_correlation():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(signal_correlations(np.empty((2, 0)), [])).all()
    with pytest.raises(DataError, match=r"StimulusTable\(frame\)"):
        pair_correlations(SPIKES, scenes(3).table)
    with pytest.raises(DataError, match=r"StimulusTable\(frame\)"):
        contrast_classes(SPIKES, scenes(3).table)


def test_a_cell_with_one_spike_has_no_time_constant():
    # Its spike meets no other: what a Fourier transform leaves of that must not be fitted.
    found = autocorrelation_timescale(SpikeTrains([1.1], [0], 1), np.arange(10.0))
    assert found["tau_ms"].isna().all()
    assert found["notes"].tolist() == ["no decay to fit"]


def test_what_fits_nothing_is_refused_in_words():
    frame = pd.DataFrame({0: np.ones(1000), 1: np.ones(1000)}, index=np.arange(1000) / 1000)
    with pytest.raises(DataError, match=r"baseline_pa: expected one number or 2, got shape \(3,\)"):
        cortical_amplification(frame, frame, [1], [[0, 1]], baseline_pa=[1, 2, 3])
    with pytest.raises(DataError, match=r"baseline_pa: expected one number or 2, got shape \(3,\)"):
        f1_f0_of_current(frame, [[0, 1]], 2.0, baseline_pa=[1, 2, 3])
    with pytest.raises(DataError, match="one rate per time"):
        fit_rate_decay([0, 1, 2, 3, 4.0], [1, 2, 3.0], 0.0)
    with pytest.raises(DataError, match="times that rise"):
        fit_rate_decay([0, 1, 1, 1, 1.0], [1, 2, 3.0, 4, 5], 0.0)
    with pytest.raises(DataError, match="seed must be a whole number"):
        pair_correlations(SpikeTrains([], [], 2), scenes(3), by="frame", split_seed=-1)
    for values, n_bins in ((np.ones(10), 0), (np.ones(8), 1)):
        with pytest.raises(DataError, match="one value per time, and a bin or more"):
            cycle_average(np.arange(10.0), values, [[0, 9]], 1.0, n_bins=n_bins)
    with pytest.raises(DataError, match="must be pairs"):
        f1_f0(SPIKES, [[0, 1], [2]], 1.0)
    with pytest.raises(DataError, match="must be positive, got inf"):
        f1_f0(SPIKES, [[0, 1]], np.inf)
    with pytest.raises(DataError, match="last 2 ms or more"):
        oscillation_spectrum(SPIKES, [[0, 0.0005]])
    with pytest.raises(DataError, match="need as many ids, got 2"):
        tuning_widths([np.arange(8.0)], np.arange(0, 360, 45.0), cells=[1, 2])


def test_windows_of_first_spikes_and_peaks_are_pairs_of_times():
    with pytest.raises(DataError, match="must end after its start"):
        first_spike_latency(SPIKES, [0.0], window_s=(0.2, 0.1))
    with pytest.raises(DataError, match=r"shape \(n, 2\)"):
        first_spike_latency(SPIKES, [0.0], window_s=(0.1,))
    assert flash_peaks(SPIKES, [0.0], windows_s=(0.0, 0.2))["peak_1_hz"].tolist() == [500.0]
    with pytest.raises(DataError, match="got 0 cells and 1 onsets"):
        flash_peaks(SpikeTrains([], [], 0), [0.0], together=True)
