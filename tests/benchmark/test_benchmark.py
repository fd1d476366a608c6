"""The score of a model, and why a class has none."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk import registry
from allentk.benchmark import Benchmark, Reference, load_reference, reference_names
from allentk.benchmark.benchmark import RESULT_COLUMNS
from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import DataError


def cells(n=200, populations=("L4 Exc", "L4 PV"), seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame(
            {
                "population": name,
                "peak_rate_hz": rng.lognormal(1.0 + i + shift, 0.8, n),
                "mean_rate_hz": rng.lognormal(0.5 + i, 0.8, n),
                "spontaneous_rate_hz": rng.exponential(2.0, n),
                "osi_vector": rng.beta(2, 5, n),
                "dsi_vector": rng.beta(1, 6, n),
            }
        )
        for i, name in enumerate(populations)
    ]
    return pd.concat(parts, ignore_index=True)


def row(result, metric, population):
    table = result.table
    return table[(table["metric"] == metric) & (table["population"] == population)].iloc[0]


def test_the_reference_that_comes_with_allentk():
    reference = load_reference("v1-neuropixels")
    assert reference_names() == ("v1-neuropixels",)
    assert reference.stimulus == "drifting_gratings"
    assert reference.metrics == (
        "peak_rate_hz",
        "mean_rate_hz",
        "spontaneous_rate_hz",
        "osi_vector",
        "dsi_vector",
    )
    assert len(reference.classes) == 17
    assert "BSD-3" in reference.license
    assert "v1-neuropixels" in repr(reference)
    summary = reference.summary().set_index(["metric", "population"])
    # Published medians of the table's units.
    assert summary.loc[("peak_rate_hz", "L2/3 Exc"), "median"] == pytest.approx(1.4467, abs=1e-4)
    assert summary.loc[("spontaneous_rate_hz", "L5 PV"), "median"] == pytest.approx(
        8.9457, abs=1e-4
    )
    assert summary.loc[("osi_vector", "L2/3 Exc"), "n"] == 163
    assert len(summary) == 85


def test_quantiles_run_up_and_are_indexed_by_probability():
    quantiles = load_reference().quantiles("dsi_vector", "L5 Exc")
    assert quantiles.index[[0, -1]].tolist() == [0.0, 1.0]
    assert quantiles.is_monotonic_increasing
    assert quantiles.between(0, 1).all()
    assert load_reference().quantiles("dsi_vector", "L4 VIP").empty


def test_unknown_names_are_answered_with_the_known_ones():
    reference = load_reference()
    with pytest.raises(DataError, match="v1-neuropixels"):
        load_reference("v2")
    with pytest.raises(DataError, match="L2/3 Exc"):
        reference.quantiles("osi_vector", "L7 Exc")
    with pytest.raises(DataError, match="dsi_vector"):
        reference.quantiles("osi_pair", "L4 Exc")
    with pytest.raises(DataError, match="no metric 'osi_pair'"):
        Benchmark(metrics=["osi_pair"])
    with pytest.raises(DataError, match="'static_gratings'"):
        Benchmark("static_gratings")
    with pytest.raises(DataError, match="format"):
        Reference.from_dict({"format": "other"})


def test_scores_against_a_table_are_scipys():
    data, model = cells(seed=1), cells(seed=2, shift=0.4)
    result = Benchmark(reference=data).score(model)
    assert list(result.table.columns) == list(RESULT_COLUMNS)
    assert result.table["scored"].all()
    for metric in ("peak_rate_hz", "osi_vector"):
        least = 0.0 if metric == "peak_rate_hz" else 0.5
        a, b = (
            t[(t["population"] == "L4 PV") & (t["peak_rate_hz"] >= least)][metric]
            for t in (model, data)
        )
        got = row(result, metric, "L4 PV")
        assert got["ks"] == pytest.approx(stats.ks_2samp(a, b).statistic)
        assert got["S"] == pytest.approx(1 - got["ks"])
        assert got["wasserstein"] == pytest.approx(stats.wasserstein_distance(a, b), abs=1e-8)
        assert got["S_over_ceiling"] == pytest.approx(got["S"] / got["ceiling"])
        assert got[["n_model", "n_data"]].tolist() == [a.size, b.size]
        assert got["median_model"] == pytest.approx(a.median())
        assert got["q75_data"] == pytest.approx(b.quantile(0.75))


def test_the_data_score_about_their_ceiling_and_lie_within_the_noise():
    both = cells(n=600, seed=3)
    halves = [both.iloc[k::2] for k in (0, 1)]
    result = Benchmark(reference=halves[0]).score(halves[1])
    summary = result.summary()
    assert (summary["n_scored"] == 2).all()
    assert summary["S_mean"].between(0.85, 1).all()
    assert summary["n_within_noise"].sum() >= 9


def test_a_small_class_is_not_scored_and_says_why():
    model = pd.concat([cells(30, ("L4 Exc",)), cells(14, ("L4 PV",)), cells(50, ("L4 SST",))])
    result = Benchmark().score(model)
    assert row(result, "peak_rate_hz", "L4 Exc")["scored"]
    pv = row(result, "peak_rate_hz", "L4 PV")
    assert not pv["scored"]
    assert pv["reason"] == "the model has 14 cells, fewer than 15"
    assert np.isnan(pv["S"])
    assert np.isfinite(pv["median_model"])
    assert row(result, "peak_rate_hz", "L4 SST")["reason"] == "the data have 9 cells, fewer than 15"
    assert row(result, "peak_rate_hz", "L5 Exc")["reason"] == "the model has 0 cells, fewer than 15"


def test_nan_is_dropped_and_quiet_cells_leave_selectivity_both_counted():
    model = cells(100, ("L4 Exc",)).assign(peak_rate_hz=5.0)
    model.loc[:9, "osi_vector"] = np.nan
    model.loc[5:29, "peak_rate_hz"] = 0.4
    got = row(Benchmark().score(model), "osi_vector", "L4 Exc")
    assert got[["n_model", "n_dropped", "n_excluded"]].tolist() == [70, 10, 20]
    rate = row(Benchmark().score(model), "peak_rate_hz", "L4 Exc")
    assert rate[["n_model", "n_dropped", "n_excluded"]].tolist() == [100, 0, 0]


def test_missing_columns_are_not_scored_and_say_why():
    model = cells(50, ("L4 Exc",)).drop(columns=["mean_rate_hz", "peak_rate_hz"])
    result = Benchmark().score(model)
    assert "no column mean_rate_hz" in row(result, "mean_rate_hz", "L4 Exc")["reason"]
    assert "peak_rate_hz, by which" in row(result, "osi_vector", "L4 Exc")["reason"]
    assert row(result, "spontaneous_rate_hz", "L4 Exc")["scored"]


def test_an_unknown_population_is_refused():
    with pytest.raises(DataError, match=r"no population 'granule'.*L2/3 Exc"):
        Benchmark().score(cells(20, ("granule",)))
    with pytest.raises(DataError, match="no population 'nan'"):
        Benchmark().score(cells(20, ("L4 Exc",)).assign(population=np.nan))
    with pytest.raises(DataError, match="'population'"):
        Benchmark().score(cells().drop(columns="population"))
    with pytest.raises(DataError, match="population"):
        Benchmark(reference=cells().drop(columns="population"))
    with pytest.raises(DataError, match="some are NaN"):
        Benchmark(reference=cells().assign(population=np.nan))


def test_metrics_may_be_chosen_and_references_given():
    reference = Reference.from_table(cells(), name="mine", min_peak_rate_hz=0.0)
    result = Benchmark(reference=reference, metrics=["osi_vector"]).score(cells(seed=5))
    assert set(result.table["metric"]) == {"osi_vector"}
    assert "mine" in repr(result)
    assert "osi_vector" in result._repr_html_()
    assert result.reference is reference
    assert result.to_dataframe() is not result.table


def test_a_reference_survives_json_without_its_cells():
    data = cells(120, ("L4 Exc",))
    reference = Reference.from_table(data, title="Test", filters=["none"])
    text = json.dumps(reference.to_dict(), allow_nan=False)
    back = Reference.from_dict(json.loads(text))
    assert back.filters == ("none",)
    assert back.min_peak_rate_hz == 0.5
    pd.testing.assert_frame_equal(
        back.summary().drop(columns="quantile_error"),
        reference.summary().drop(columns="quantile_error"),
        atol=1e-5,
    )
    assert len(back.quantiles("peak_rate_hz", "L4 Exc")) == 101


def test_the_same_seed_gives_the_same_ceiling():
    first, second, third = (Reference.from_table(cells(), seed=s).summary() for s in (0, 0, 1))
    pd.testing.assert_frame_equal(first, second)
    assert not first["ceiling"].equals(third["ceiling"])


def test_a_network_is_measured_and_scored():
    directions = np.tile(np.arange(0.0, 360, 45), 4)
    start = 0.5 + 2.5 * np.arange(directions.size)
    shown = StimulusTable(
        pd.DataFrame(
            {
                "start_s": start,
                "stop_s": start + 2,
                "stimulus": "drifting_gratings",
                "orientation_deg": directions,
                "temporal_frequency_hz": 2.0,
            }
        )
    )
    rng = np.random.default_rng(8)
    n = 20_000
    trains = SpikeTrains(np.sort(rng.uniform(0, shown.duration_s, n)), rng.integers(0, 40, n), 40)
    nodes = pd.DataFrame({"cell_class": ["L4 Exc"] * 25 + ["L4 PV"] * 15})
    response = NetworkResponse({"v1": trains}, shown.duration_s, shown, {"v1": nodes})
    result = Benchmark().score(response)
    assert result.table["scored"].sum() == 8
    assert "no finite" not in " ".join(result.table["reason"])
    assert row(result, "spontaneous_rate_hz", "L4 Exc")["n_dropped"] == 25
    assert len(result.model_table) == 40


def test_to_html_calls_the_writer(monkeypatch, tmp_path):
    called = []
    monkeypatch.setattr(registry, "call", lambda *args: called.append(args) or "written")
    result = Benchmark(reference=cells()).score(cells())
    assert result.to_html(tmp_path / "report.html") == "written"
    assert called == [("benchmark.to_html", result, tmp_path / "report.html")]
