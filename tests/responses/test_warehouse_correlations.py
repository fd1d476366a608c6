"""Signal and noise correlations against scipy, pair by pair."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import warehouse

METHODS = {"spearman": stats.spearmanr, "pearson": stats.pearsonr}


def table_of(stimulus, axes, n_repeats, seed=0):
    """Every combination of parameters, and one without any, in random order."""
    rows = [*itertools.product(*axes.values()), (np.nan,) * len(axes)]
    order = np.random.default_rng(seed).permutation(len(rows) * n_repeats) % len(rows)
    table = pd.DataFrame([rows[i] for i in order], columns=list(axes))
    start = 40 + 90 * np.arange(len(table))
    length = 60 if stimulus == "drifting_gratings" else 7
    times = {"start_frame": start, "stop_frame": start + length}
    seconds = {"start_s": start / 30, "stop_s": (start + length) / 30}
    name = np.where(table.isna().any(axis=1), "blank", stimulus)
    return StimulusTable(table.assign(**times, **seconds, stimulus=name))


def fluorescence(table, n_cells, seed=1):
    rng = np.random.default_rng(seed)
    n = int(table.table["stop_frame"].max()) + 70
    values = 200 + 20 * np.cumsum(rng.normal(size=(n_cells, n // 20 + 1)), axis=1) % 90
    values = np.repeat(values, 20, axis=1)[:, :n] + rng.normal(size=(n_cells, n))
    return Traces(values, np.arange(n) / 30, 100 + np.arange(n_cells), "F")


DIRECTIONS, HALF = np.arange(0.0, 360, 45), np.arange(0.0, 180, 30)
TABLES = {
    "drifting_gratings": table_of(
        "drifting_gratings",
        {"orientation_deg": DIRECTIONS, "temporal_frequency_hz": (1.0, 2.0, 4.0)},
        5,
    ),
    "static_gratings": table_of(
        "static_gratings",
        {"orientation_deg": HALF, "spatial_frequency_cpd": (0.04, 0.08), "phase": (0.0, 0.5)},
        4,
    ),
    "natural_scenes": table_of("natural_scenes", {"frame": range(6)}, 8),
}


def agrees(found, rows, method):
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            r, p = METHODS[method](a, b)
            assert found.r[i, j] == pytest.approx(r, abs=1e-12)
            assert found.p[i, j] == pytest.approx(p, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("stimulus", TABLES)
def test_signal_and_similarity_are_scipys(stimulus, method):
    table = TABLES[stimulus]
    traces = fluorescence(table, 4)
    by = warehouse.condition_responses(traces, table, stimulus)
    means = by.mean.reshape(4, -1)
    if stimulus == "natural_scenes":
        means = np.column_stack([by.blank_mean, means])
    agrees(warehouse.signal_correlation(traces, table, stimulus, method=method), means, method)
    found = warehouse.representational_similarity(traces, table, stimulus, method=method)
    assert found.r.shape == (means.shape[1],) * 2
    agrees(type(found)(found.r[:5, :5], found.p[:5, :5]), means.T[:5], method)


@pytest.mark.parametrize("method", METHODS)
def test_noise_is_scipys(method):
    table = TABLES["drifting_gratings"]
    traces = fluorescence(table, 3)
    found = warehouse.noise_correlation(traces, table, method=method)
    assert found.r.shape == found.p.shape == (3, 3, 8, 3)
    rows = table.table
    trials = np.array(
        [
            [v[s : s + 60].mean() / v[s - 30 : s].mean() for s in rows["start_frame"]]
            for v in np.array(traces.values)
        ]
    )
    of = ((rows["orientation_deg"] == 90) & (rows["temporal_frequency_hz"] == 4)).to_numpy()
    agrees(warehouse.Correlations(found.r[:, :, 2, 2], found.p[:, :, 2, 2]), trials[:, of], method)
    agrees(found.blank, trials[:, rows["orientation_deg"].isna()], method)


def test_noise_of_scenes_has_the_blank_first():
    table = TABLES["natural_scenes"]
    found = warehouse.noise_correlation(fluorescence(table, 3), table, "natural_scenes")
    assert found.r.shape == (3, 3, 7)
    assert found.blank is None


def test_half_of_the_p_values_is_missing_where_asked():
    table = TABLES["drifting_gratings"]
    traces = fluorescence(table, 3)
    plain = warehouse.noise_correlation(traces, table)
    half = warehouse.noise_correlation(traces, table, quirks="noise_p_one_triangle")
    assert (plain.p == plain.p.swapaxes(0, 1)).all()
    assert (half.p[2, 0] == 0).all()
    assert (half.p[0, 2] == plain.p[0, 2]).all()
    assert (half.blank.p[2, 1], half.blank.p[1, 2]) == (0, plain.blank.p[1, 2])
    assert (half.r == plain.r).all()


def test_a_cell_with_gaps_and_another_method():
    table = TABLES["drifting_gratings"]
    traces = fluorescence(table, 3)
    values = np.array(traces.values)
    values[1] = np.nan
    found = warehouse.signal_correlation(Traces(values, traces.time_s, traces.ids, "F"), table)
    assert np.isnan(found.r[1]).all()
    assert np.isfinite(found.r[0, 2])
    with pytest.raises(DataError, match="method is"):
        warehouse.signal_correlation(traces, table, method="kendall")


@pytest.mark.parametrize("method", METHODS)
def test_a_cell_that_answers_all_images_alike_has_no_correlation(method):
    table = TABLES["natural_scenes"]
    traces = fluorescence(table, 3)
    values = np.array(traces.values)
    values[1] = 100.0
    for start in table.table["start_frame"]:
        values[1, start : start + 2] += 0.7
    alike = warehouse.TrialArray(
        np.stack([[row[s - 2 : s + 14] for s in table.table["start_frame"]] for row in values]),
        2,
        1 / 30,
        traces.ids,
    )
    means = warehouse.condition_responses(alike, table, "natural_scenes").mean[1]
    assert means[0] > 0
    assert np.ptp(means) < 1e-12
    found = warehouse.signal_correlation(alike, table, "natural_scenes", method=method)
    assert np.isnan(found.r[1]).all()
    assert np.isnan(found.p[:, 1]).all()
    assert np.isfinite(found.r[[0, 2, 0], [2, 0, 0]]).all()
