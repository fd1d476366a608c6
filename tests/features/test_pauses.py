"""Pauses of trains written by hand; the counts against the reference are in benchmarks/train_parity."""

import math

import numpy as np
import pytest

from allentk.errors import FeatureError
from allentk.features.pauses import Pauses, pauses


def train(intervals, types):
    return {
        "threshold_t": 0.1 + np.concatenate([[0.0], np.cumsum(intervals)]),
        "isi_type": [*types, "nan"],
    }


@pytest.mark.parametrize("definition", ["allen", "allentk"])
def test_one_long_detour_is_a_pause(definition):
    types = ["direct"] * 4 + ["detour"] + ["direct"] * 3
    spikes = train([0.05, 0.052, 0.049, 0.05, 0.4, 0.051, 0.05, 0.05], types)
    found = pauses(spikes, start_s=0.0, end_s=2.0, definition=definition)
    assert (found.n, found.indices) == (1, (4,))
    assert found.fraction_of_time == pytest.approx(0.4 / 2.0)


def test_without_a_window_the_fraction_is_of_the_train():
    spikes = train([0.05, 0.05, 0.3, 0.05], ["direct", "direct", "detour", "direct"])
    assert pauses(spikes).fraction_of_time == pytest.approx(0.3 / 0.45)


def test_a_direct_interval_is_a_pause_beyond_three_medians():
    intervals = [0.05, 0.051, 0.05, 0.05, 0.05, 0.4, 0.05]
    assert pauses(train(intervals, ["direct"] * 7)).indices == (5,)
    intervals[5] = 0.149
    assert pauses(train(intervals, ["direct"] * 7)).n == 0


def test_a_train_of_detours_alone_has_no_pause():
    assert pauses(train([0.05, 0.5, 0.05, 0.05], ["detour"] * 4)).n == 0


def test_clipped_intervals_are_no_candidates():
    assert pauses(train([0.05, 0.4, 0.05, 0.05], ["direct", "nan", "direct", "direct"])).n == 0


def test_regular_firing_has_no_pause():
    rng = np.random.default_rng(0)
    types = ["direct", "detour"] * 8
    assert pauses(train(rng.normal(0.05, 0.002, 16), types)).n == 0


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_spikes_have_no_pause(n):
    spikes = {"threshold_t": [0.1, 0.15, 0.9][:n], "isi_type": ["direct", "detour", "nan"][:n]}
    assert pauses(spikes, start_s=0.0, end_s=1.0) == Pauses(0, 0.0, ())


def test_no_spike_and_no_window_has_no_fraction():
    assert math.isnan(pauses({"threshold_t": [], "isi_type": []}).fraction_of_time)


def test_the_worth_of_leaving_out_is_that_of_the_formula():
    """Two pauses in order: the second is taken up because the worth of both exceeds that of the first."""
    isi = np.array([0.05, 0.4, 0.052, 0.048, 0.3, 0.05])
    rest = isi[[0, 2, 3, 5]]
    gain = isi.std() / isi.mean() - rest.std() / rest.mean()
    price = rest.std() * (1 / (0.4 - rest.mean()) + 1 / (0.3 - rest.mean()))
    types = ["direct", "detour", "direct", "direct", "detour", "direct"]
    assert pauses(train(isi, types), cost_weight=0.99 * gain / price).indices == (1, 4)
    assert pauses(train(isi, types), cost_weight=1.01 * gain / price).n == 0


def test_a_short_detour_is_a_pause_only_as_published():
    """The published search goes on through negative worth; here one true pause brings in the rest."""
    isi = [0.4, 0.03, 0.052, 0.07, 0.03, 0.07, 0.05]
    types = ["detour", "direct", "detour", "direct", "direct", "direct", "direct"]
    assert pauses(train(isi, types)).indices == (0, 2)
    assert pauses(train(isi, types), definition="allentk").indices == (0,)


def test_planted_pauses_are_found():
    rng = np.random.default_rng(4)
    for _ in range(20):
        isi, types = rng.normal(0.05, 0.004, 20), rng.choice(["direct", "detour"], 20)
        where = np.sort(rng.choice(20, 2, replace=False))
        isi[where], types[where] = rng.uniform(0.3, 0.5, 2), "detour"
        assert pauses(train(isi, types), definition="allentk").indices == tuple(where)


def test_equal_intervals_cost_nothing():
    spikes = train([0.05, 0.05, 0.2, 0.05], ["direct", "direct", "detour", "direct"])
    assert pauses(spikes, cost_weight=1e6).indices == (2,)


def test_an_interval_as_long_as_the_mean_of_the_others_is_no_pause():
    spikes = train([2.0, 1.0, 3.0, 1.0, 3.0], ["detour"] + ["direct"] * 4)
    assert pauses(spikes).n == 0


@pytest.mark.parametrize(
    ("spikes", "message"),
    [
        ({"threshold_t": [0.1]}, "no column 'isi_type'"),
        ({"threshold_t": [0.2, 0.1], "isi_type": ["direct", "nan"]}, "must rise"),
        ({"threshold_t": [0.2, math.nan], "isi_type": ["direct", "nan"]}, "must rise"),
        ({"threshold_t": [0.2, 0.3], "isi_type": ["direct"]}, r"\(2,\) and \(1,\)"),
    ],
)
def test_what_is_no_spike_table_is_refused(spikes, message):
    with pytest.raises(FeatureError, match=message):
        pauses(spikes)


def test_a_window_ends_after_its_start():
    with pytest.raises(FeatureError, match="must end after"):
        pauses(train([0.05], ["direct"]), start_s=1.0, end_s=1.0)


def test_an_unknown_definition_is_refused():
    with pytest.raises(FeatureError, match="definition"):
        pauses(train([0.05], ["direct"]), definition="ipfx")
