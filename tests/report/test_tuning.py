"""Aligned curves and traces of cells whose tuning is known."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.report.tuning import aligned_curves, aligned_trace, examples, preferred_curve
from tests.report.conftest import gratings, tuned


def test_curves_are_turned_to_the_preferred_direction():
    table = gratings()
    of = aligned_curves(tuned(table, [0.0, 90.0, 315.0]), table, [0, 1, 2])
    assert of.split
    assert of.offset_deg.tolist() == [-180, -135, -90, -45, 0, 45, 90, 135]
    assert of.curves == pytest.approx(np.tile([2, 1, 1, 4, 10, 4, 1, 1], (3, 1)))
    assert of.mean[4] == pytest.approx(10)
    assert of.sem == pytest.approx(np.zeros(8), abs=1e-12)


def test_noise_alone_makes_no_peak():
    table = gratings(n_repeats=4)
    rng = np.random.default_rng(3)
    trains = [np.sort(rng.uniform(0, table.duration_s, 400)) for _ in range(300)]
    of = aligned_curves(SpikeTrains.from_lists(trains), table, range(300))
    assert of.mean[4] < of.mean.mean() + 3 * of.sem.mean()
    once = aligned_curves(SpikeTrains.from_lists(trains), gratings(n_repeats=1), range(300))
    assert not once.split
    assert once.mean[4] > once.mean.mean() + 10 * once.sem.mean()


def test_one_cell_has_no_spread():
    table = gratings()
    of = aligned_curves(tuned(table, [0.0]), table, [0])
    assert of.sem.tolist() == [0.0] * 8


def test_uneven_directions_are_not_aligned():
    rows = gratings().table
    uneven = StimulusTable(rows[rows["orientation_deg"] != 45.0])
    assert aligned_curves(tuned(gratings(), [0.0]), uneven, [0]) is None


def test_cells_without_responses_are_not_aligned():
    table = gratings()
    time = np.arange(0, table.duration_s, 0.1)
    traces = Traces(np.full((1, time.size), np.nan), time, [5])
    assert aligned_curves(traces, table, [5]) is None
    curve, _, direction = preferred_curve(traces, table, 5)
    assert np.isnan(direction)
    assert len(curve) == 8


def test_the_curve_is_that_of_the_preferred_frequency():
    rows = gratings().table
    slow, fast = rows.copy(), rows.copy()
    fast["temporal_frequency_hz"] = 4.0
    fast[["start_s", "stop_s"]] += rows["stop_s"].max() + 1
    table = StimulusTable(pd.concat([slow, fast]))
    only_fast = StimulusTable(fast)
    curve, frequency, direction = preferred_curve(tuned(only_fast, [90.0]), table, 0)
    assert (frequency, direction) == (4.0, 90.0)
    assert curve["mean"].max() == 10


def test_a_table_without_frequencies():
    table = StimulusTable(gratings().table.drop(columns="temporal_frequency_hz"))
    curve, frequency, direction = preferred_curve(tuned(table, [90.0]), table, 0)
    assert np.isnan(frequency)
    assert direction == 90.0
    assert len(curve) == 8


def test_traces_are_cut_about_the_onset(observatory):
    traces, table = observatory.traces, observatory.stimulus_table
    time, trials, duration = aligned_trace(traces, table, 102, before_s=0.4, after_s=0.3)
    assert duration == pytest.approx(1.0)
    assert time == pytest.approx(np.arange(-4, 14) * 0.1)
    onsets = table.table.loc[table.table["orientation_deg"] == 45.0, "start_s"]
    first = np.round(onsets.to_numpy() * 10).astype(int) - 4
    dff = traces.to_dataframe()[102].to_numpy()
    assert trials == pytest.approx(np.array([dff[at : at + 18] for at in first]))


def test_frames_outside_the_recording_are_nan(observatory):
    _, trials, _ = aligned_trace(observatory.traces, observatory.stimulus_table, 101)
    assert np.isnan(trials[0, :10]).all()  # the first grating starts with the first frame
    assert np.isfinite(trials[1]).all()


def test_examples_spread_over_selectivity():
    metrics = pd.DataFrame(
        {
            "cell": range(11),
            "osi_vector": np.arange(11) / 10,
            "peak_rate_hz": [0.0] * 5 + [5.0] * 6,
        }
    )
    assert examples(metrics)["cell"].tolist() == [9, 5, 1]
    assert examples(metrics, min_peak=0.5)["cell"].min() >= 5
    assert len(examples(metrics.assign(osi_vector=np.nan))) == 0
