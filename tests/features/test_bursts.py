"""Bursts of trains written by hand; the counts against the reference are in benchmarks/train_parity."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.errors import FeatureError
from allentk.features.bursts import Bursts, bursts

NONE = Bursts(0.0, 0, (), ())


def train(intervals, types, *, slow_v=-60.0, threshold_v=-40.0, fraction=0.5):
    """A train whose slow troughs lie at this fraction of an interval after the fast ones."""
    intervals = np.asarray(intervals, dtype=float)
    t = np.concatenate([[0.0], np.cumsum(intervals)])
    detour = np.append(np.array(types) == "detour", False)
    fast = t + 0.001
    slow = fast + np.append(intervals, 0.0) * fraction
    return {
        "threshold_t": t,
        "threshold_v": np.full(t.size, threshold_v),
        "isi_type": [*types, "nan"],
        "fast_trough_t": fast,
        "slow_trough_t": np.where(detour, slow, math.nan),
        "slow_trough_v": np.where(detour, slow_v, math.nan),
    }


D, T = "direct", "detour"


def apart(spikes, **kwargs):
    """The bursts of a train in which nothing is a pause: a price that no pause can pay."""
    return bursts(spikes, pause_cost=1e6, **kwargs)


def test_a_burst_at_the_start_ends_at_the_first_detour():
    found = apart(train([0.01, 0.012, 0.1, 0.11, 0.1], [D, D, T, T, T]))
    assert (found.n, found.ranges) == (1, ((0, 2),))
    assert found.max_index == pytest.approx((100 - 10) / (100 + 10))


def test_each_burst_is_compared_with_what_follows_it():
    spikes = train([0.01, 0.1, 0.08, 0.02, 0.05, 0.09], [D, T, T, D, T, T])
    found = apart(spikes)
    assert found.ranges == ((0, 1), (3, 4))
    after = [(100 - 12.5) / 112.5, (50 - 20) / 70]
    assert found.indices == pytest.approx(after)
    assert found.max_index == pytest.approx(after[0])


def test_the_last_burst_is_compared_with_what_comes_before_it():
    found = apart(train([0.1, 0.08, 0.02], [T, T, D]))
    assert found.ranges == ((2, 3),)
    assert found.max_index == pytest.approx((50 - 12.5) / 62.5)


@pytest.mark.parametrize(("below", "ranges"), [(0.4, ((0, 3),)), (0.6, ((0, 1), (2, 3)))])
def test_a_shallow_detour_does_not_end_a_burst(below, ranges):
    spikes = train([0.01, 0.02, 0.011, 0.1, 0.1], [D, T, D, T, T])
    spikes["slow_trough_v"][1] = -40.0 - below
    assert apart(spikes).ranges == ranges


def test_the_tolerance_is_ours_to_choose():
    spikes = train([0.01, 0.02, 0.011, 0.1, 0.1], [D, T, D, T, T])
    spikes["slow_trough_v"][1] = -40.6
    assert apart(spikes, tolerance_mv=0.7).ranges == ((0, 3),)


def test_the_worst_burst_goes():
    """The second is hardly faster than what lies around it, and twice as slow to leave it."""
    spikes = train([0.01, 0.1, 0.1, 0.098, 0.1], [D, T, T, D, T])
    assert apart(spikes).ranges == ((0, 1),)


def test_what_is_slower_than_the_rest_is_no_burst():
    assert apart(train([0.1, 0.05, 0.05], [D, T, T])) == NONE


def test_length_costs_a_tenth_for_each_further_interval():
    """Scores by hand: 1/3 less 0.1 an interval; four stay above zero and five do not."""
    rest = [0.02, 0.02]
    for n, there in ((4, True), (5, False)):
        fast = 0.01 + 1e-5 * np.arange(n)
        found = apart(train([*fast, *rest], [D] * n + [T, T], fraction=0.9))
        assert bool(found.n) == there


def test_a_short_rise_to_the_slow_trough_costs_more():
    kinds = [D, T, T]
    assert apart(train([0.05, 0.1, 0.1], kinds, fraction=0.1)).n == 1
    assert apart(train([0.05, 0.1, 0.1], kinds, fraction=0.01)).n == 0


def test_pauses_take_no_part():
    """The long detour at 3 is a pause: what follows it does not begin a burst."""
    isi = [0.05, 0.05, 0.05, 1.0, 0.05, 0.05, 0.051, 0.05]
    assert bursts(train(isi, [D, D, D, T, D, D, D, D])) == NONE


def test_a_border_without_a_slow_trough():
    """As published one such border undoes all; else it costs nothing."""
    spikes = train([0.01, 0.011, 0.1, 0.1, 0.1, 0.11], [D, D, T, T, T, T])
    spikes["slow_trough_t"][2] = math.nan
    assert apart(spikes) == NONE
    assert apart(spikes, definition="allentk").ranges == ((0, 2),)


@pytest.mark.parametrize("types", [[D] * 4, [T] * 4])
def test_both_kinds_of_intervals_are_needed(types):
    assert bursts(train([0.01, 0.1, 0.01, 0.1], types)) == NONE


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_spikes_have_no_burst(n):
    spikes = {name: values[:n] for name, values in train([0.01, 0.1], [D, T]).items()}
    assert bursts(spikes) == NONE


def test_a_burst_of_the_whole_train_is_none():
    assert bursts(train([0.01, 0.011, 0.01], [D, T, D], slow_v=-40.0)) == NONE


def test_a_table_will_do():
    spikes = train([0.01, 0.012, 0.1, 0.11, 0.1], [D, D, T, T, T])
    assert bursts(pd.DataFrame(spikes)) == bursts(spikes)


def test_a_missing_column_is_named():
    spikes = train([0.01, 0.1], [D, T])
    del spikes["slow_trough_v"]
    with pytest.raises(FeatureError, match="no column 'slow_trough_v'"):
        bursts(spikes)


def test_an_unknown_definition_is_refused():
    with pytest.raises(FeatureError, match="definition"):
        bursts(train([0.01, 0.1], [D, T]), definition="ipfx")
