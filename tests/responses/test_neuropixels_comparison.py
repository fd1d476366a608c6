"""Rules of inclusion, and of comparing spikes with fluorescence."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses.neuropixels import RULES, Rule, comparison, included, units_table


def test_the_published_rules():
    assert [str(rule) for rule in RULES["siegle2021"]] == [
        "p_value_rf < 0.01",
        "area_rf < 2500",
        "snr > 1",
        "firing_rate_dg > 0.1",
    ]
    good = {"p_value_rf": 0.0, "area_rf": 900.0, "snr": 2.0, "firing_rate_dg": 1.0}
    bad = {"p_value_rf": 0.01, "area_rf": 2500.0, "snr": 1.0, "firing_rate_dg": 0.1}
    units = pd.DataFrame(
        [good] + [{**good, name: bad[name]} for name in good] + [{**good, "snr": np.nan}]
    )
    assert included(units).tolist() == [True] + [False] * 5


def test_rules_say_what_they_lack():
    with pytest.raises(DataError, match="needs a column 'p_value_rf'"):
        included(pd.DataFrame({"snr": [1.0]}))
    with pytest.raises(DataError, match="no rules 'mine'"):
        included(pd.DataFrame(), "mine")
    with pytest.raises(DataError, match="compare must be one of"):
        Rule("snr", "=", 1.0)


def test_tables_join_under_allens_names():
    fields = pd.DataFrame({"cell": [1, 2], "p_value": [0.001, 0.5], "area_deg2": [100.0, 200.0]})
    gratings = pd.DataFrame({"cell": [2, 1], "firing_rate_hz": [5.0, 7.0], "notes": ""})
    units = pd.DataFrame({"cell": [1, 2], "snr": [2.0, 3.0]})
    joined = units_table({"gabors": fields, "drifting_gratings": gratings, "units": units})
    assert joined.set_index("cell")["firing_rate_dg"].to_dict() == {1: 7.0, 2: 5.0}
    assert included(joined).tolist() == [True, False]
    with pytest.raises(DataError, match="no names for 'spots'"):
        units_table({"spots": fields})


def test_tables_of_several_populations_are_not_joined():
    two = pd.DataFrame({"cell": [0, 1, 0], "population": ["a", "a", "b"], "fano": 1.0})
    with pytest.raises(DataError, match="one population at a time"):
        units_table({"flashes": two, "gabors": two})
    with pytest.raises(DataError, match="needs a column 'cell'"):
        units_table({"flashes": two.drop(columns="cell")})


def test_responsive_cells():
    rng = np.random.default_rng(0)
    quiet = rng.poisson(1.0, (2, 400))
    assert np.percentile(quiet, 95, axis=1).tolist() == [3.0, 3.0]
    trials = [[9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0], [9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
    assert comparison.responsive_fraction(trials, quiet).tolist() == [1 / 3, 1 / 4]
    assert comparison.responsive(trials, quiet).tolist() == [True, False]  # over a quarter
    assert np.isnan(comparison.responsive_fraction([[np.nan]], [[1]])[0])
    assert comparison.responsive_fraction([[3, 4]], [[0, np.nan]]).tolist() == [1.0]
    assert np.isnan(comparison.responsive_fraction([[3, 4]], [[np.nan, np.nan]])).all()
    with pytest.raises(DataError, match="same cells"):
        comparison.responsive_fraction(trials, quiet[:1])
    with pytest.raises(DataError, match="no window"):
        comparison.responsive_fraction(trials, np.zeros((2, 0)))


def test_spontaneous_windows_lie_end_to_end():
    rows = {"start_s": [0.0, 2.0], "stop_s": [2.0, 4.6], "stimulus": ["flashes", "spontaneous"]}
    table = StimulusTable(pd.DataFrame(rows))
    train = SpikeTrains([1.0, 2.0, 2.9, 3.1, 4.5], [0] * 5, 1)
    assert comparison.spontaneous_counts(train, table, 1.0).tolist() == [[2, 1]]
    tenths = StimulusTable(table.table.assign(start_s=[0.0, 2.0], stop_s=[2.0, 2.3]))
    assert 2.3 - 2.0 < 0.3
    assert comparison.spontaneous_counts(train, tenths, 0.3).tolist() == [[1]]
    with pytest.raises(DataError, match="must be above 0"):
        comparison.spontaneous_counts(train, table, np.nan)
    with pytest.raises(DataError, match="as long as a window"):
        comparison.spontaneous_counts(train, table, 3.0)


def test_jensen_shannon_by_hand():
    # Halves in two bins against one of them: M = (3/4, 1/4).
    a, b = [0.05, 0.15], [0.05, 0.05]
    divergence = 0.5 * (0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)) + 0.5 * np.log(
        1 / 0.75
    )
    assert comparison.jensen_shannon(a, b) == pytest.approx(np.sqrt(divergence))
    assert comparison.jensen_shannon([0.05], [0.95]) == pytest.approx(np.sqrt(np.log(2)))
    assert comparison.jensen_shannon([0.05], [0.95], offset=0.01) < np.sqrt(np.log(2))
    assert np.isnan(comparison.jensen_shannon([np.nan], [0.5]))
    with pytest.raises(DataError, match=r"must lie in 0\.\.1"):
        comparison.jensen_shannon([1.2], [0.5])
    with pytest.raises(DataError, match="divide"):
        comparison.jensen_shannon([0.2], [0.5], width=0.3)


def test_the_null_of_one_sample_is_seeded_and_small():
    values = np.random.default_rng(1).uniform(0, 1, 400)
    null = comparison.jensen_shannon_null(values, n_draws=50)
    np.testing.assert_array_equal(null, comparison.jensen_shannon_null(values, n_draws=50))
    assert 0 < np.median(null) < 0.2 < comparison.jensen_shannon(values, values**3)


def test_layers_are_matched():
    a = ["L4"] * 10 + ["L5"] * 3 + ["L6"] * 9
    b = ["L4"] * 4 + ["L5"] * 8 + ["L6"] * 9 + ["L2/3"]
    rows_a, rows_b = comparison.layer_matched(a, b)
    assert pd.Series(a)[rows_a].value_counts().to_dict() == {"L4": 4, "L5": 3}
    assert pd.Series(b)[rows_b].value_counts().to_dict() == {"L4": 4, "L5": 3}
    assert np.unique(rows_a).size == 7
    again = comparison.layer_matched(a, b)
    np.testing.assert_array_equal(rows_a, again[0])
    assert [rows.size for rows in comparison.layer_matched(["L6"], ["L6"])] == [0, 0]


def test_a_cell_without_a_layer_is_not_matched():
    rows_a, rows_b = comparison.layer_matched(["L4", np.nan, None], [None, "L4", "nan", np.nan])
    assert (rows_a.tolist(), rows_b.tolist()) == ([0], [1])


def test_sessions_are_paired_by_running():
    first, second = comparison.running_matched([0.10, 0.14, 0.9], [0.11, 0.06])
    assert dict(zip(first.tolist(), second.tolist(), strict=True)) == {0: 1, 1: 0}
    assert [rows.size for rows in comparison.running_matched([], [0.5])] == [0, 0]


def test_shares_of_running_lie_in_zero_to_one():
    for wrong in ([40.0], [np.nan]):
        with pytest.raises(DataError, match=r"must lie in 0\.\.1"):
            comparison.running_matched(wrong, [0.5])
