"""Decoding: separable responses are told apart, inseparable ones are at the level of chance."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark.decoding import DECODERS, decode, decode_stimuli
from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError


def population(distance, n_cells=8, n_conditions=4, repeats=15, seed=0):
    rng = np.random.default_rng(seed)
    shown = rng.permutation(np.repeat(np.arange(n_conditions), repeats))
    tuning = rng.normal(size=(n_cells, n_conditions)) * distance
    return tuning[:, shown] + rng.normal(size=(n_cells, shown.size)), shown


@pytest.mark.parametrize("decoder", DECODERS)
def test_separable_responses_are_decoded_and_shuffled_ones_are_not(decoder):
    trials, shown = population(5.0)
    found = decode(trials, shown, n_cells=[8], decoder=decoder, n_folds=3, n_shuffles=4).iloc[0]
    assert found["accuracy"] > 0.95
    assert found["chance"] == pytest.approx(0.25, abs=0.12)
    assert found["chance_95"] < 0.5
    assert (found["n_conditions"], found["n_trials"]) == (4, 60)


def test_responses_without_tuning_stay_at_chance():
    trials, shown = population(0.0)
    found = decode(trials, shown, n_cells=[8], decoder="neighbours", n_shuffles=6).iloc[0]
    assert abs(found["accuracy"] - 0.25) < 0.15
    assert found["accuracy"] <= found["chance_95"] + 0.1


def test_two_gaussians_are_told_apart_as_often_as_they_can_be():
    # Means 2 standard deviations apart: the best rule is right with probability Phi(1) = 0.8413.
    rng = np.random.default_rng(1)
    shown = np.repeat(["left", "right"], 1500)
    trials = rng.normal(size=(1, 3000)) + 2.0 * (shown == "right")
    found = decode(trials, shown, decoder="discriminant", n_shuffles=0)
    assert found["accuracy"][0] == pytest.approx(0.8413, abs=0.02)


def test_more_cells_are_better_and_seeds_repeat():
    trials, shown = population(0.7, n_cells=20)
    a, b = (
        decode(
            trials,
            shown,
            n_cells=[1, 5, 20],
            decoder="neighbours",
            n_folds=3,
            n_draws=4,
            n_shuffles=1,
            seed=3,
        )
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(a, b)
    assert a["accuracy"].is_monotonic_increasing
    assert np.isnan(a["sd"][2])
    assert a["sd"][0] > 0


def test_spikes_and_traces_go_the_same_way():
    start = np.arange(40.0)
    frame = np.arange(40) % 2
    rows = pd.DataFrame({"start_s": start, "stop_s": start + 1, "stimulus": "natural_scenes"})
    rows["frame"] = np.where(start == 39, np.nan, frame)
    table = StimulusTable(rows)
    spikes = SpikeTrains(start + 0.5, frame, 2)
    values = np.stack([frame == 0, frame == 1]).astype(float)
    traces = Traces(values, start + 0.5, [1, 2])
    options = {"by": ["frame"], "n_cells": [2], "n_shuffles": 1, "decoder": "neighbours"}
    one, other = (decode_stimuli(r, table, **options) for r in (spikes, traces))
    pd.testing.assert_frame_equal(one, other)
    assert one["accuracy"][0] == 1.0
    assert one["n_trials"][0] == 39


def test_bad_input_is_named():
    trials, shown = population(1.0)
    with pytest.raises(DataError, match="no decoder 'x'"):
        decode(trials, shown, decoder="x")
    with pytest.raises(DataError, match="9 cells were asked for"):
        decode(trials, shown, n_cells=[9])
    with pytest.raises(DataError, match="two trials or more"):
        decode(trials[:, :4], [0, 0, 1, 2])
    with pytest.raises(DataError, match="3 conditions"):
        decode(trials, [0, 1, 2])
    trials[0, 0] = np.nan
    assert decode(trials, shown, n_cells=[8], n_shuffles=0)["n_trials"][0] == 59


def test_scikit_learn_is_loaded_on_use():
    code = "import sys, allentk.benchmark.decoding as d; raise SystemExit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_missing_conditions_and_empty_choices_are_refused():
    trials, shown = population(1.0)
    with pytest.raises(DataError, match="1 trials have no condition"):
        decode(trials, np.where(np.arange(len(shown)) == 3, np.nan, shown))
    for wrong in ({"n_folds": 1}, {"n_draws": 0}, {"n_shuffles": -1}):
        with pytest.raises(DataError, match="expected 2 folds"):
            decode(trials, shown, **wrong)


def test_numbers_of_cells_are_whole_and_some():
    trials, shown = population(1.0)
    for wrong, words in (
        (2.5, "2.5 cells were"),
        ([], "no number of cells"),
        ([0], "0 cells were"),
    ):
        with pytest.raises(DataError, match=words):
            decode(trials, shown, n_cells=wrong)
    assert decode(trials, shown, n_cells=8, n_shuffles=0)["n_cells"].tolist() == [8]
    with pytest.raises(DataError, match="a seed from 0 on"):
        decode(trials, shown, seed=-1)
    with pytest.raises(DataError, match="decode: trials: expected numbers"):
        decode([["a", "b"]], [0, 1])


def test_the_discriminant_needs_more_trials_than_conditions():
    trials = np.arange(8.0).reshape(2, 4) ** 2
    with pytest.raises(DataError, match="got 2 of 4 trials, 2 conditions and 2 folds"):
        decode(trials, [0, 0, 1, 1], decoder="discriminant")
    more = np.arange(12.0).reshape(2, 6) ** 2  # four of six to learn from
    decode(more, [0, 0, 0, 1, 1, 1], decoder="discriminant", n_cells=2, n_shuffles=1)
    five = np.random.default_rng(0).normal(size=(2, 5))
    with pytest.raises(DataError, match="two trials or more"):
        decode(five, [0, 0, 0, 0, 1], decoder="discriminant")


def test_stimuli_that_share_a_column_are_not_one():
    rows = pd.DataFrame({"start_s": np.arange(8.0), "stop_s": np.arange(8.0) + 0.5})
    rows = rows.assign(stimulus=["natural_scenes", "natural_movie_one"] * 4, frame=[0, 0, 1, 1] * 2)
    spikes = SpikeTrains(rows["start_s"] + 0.1, rows["frame"], 2)
    table = StimulusTable(rows)
    with pytest.raises(DataError, match=r"'natural_movie_one', 'natural_scenes'\] have values"):
        decode_stimuli(spikes, table, by="frame")
    options = {"n_cells": 2, "n_shuffles": 0, "decoder": "neighbours"}
    one = decode_stimuli(spikes, table.where(stimulus="natural_scenes"), by="frame", **options)
    assert one["n_conditions"].tolist() == [2]
    both = decode_stimuli(spikes, table, by=["frame", "stimulus"], **options)
    assert both["n_conditions"].tolist() == [4]
