"""The score of a model, and why a class has none."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk import registry
from allentk.benchmark import Benchmark, Reference, load_reference, reference_names
from allentk.benchmark.result import RESULT_COLUMNS
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
    assert reference_names() == (
        *("areas-neuropixels", "areas-neuropixels-fc", "v1-neuropixels", "v1-spontaneous"),
    )
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
    with pytest.raises(DataError, match=r"no population 'granule' \(20 cells\).*L2/3 Exc"):
        Benchmark().score(cells(20, ("granule",)))
    with pytest.raises(DataError, match="no population 'nan'"):
        Benchmark().score(cells(20, ("L4 Exc",)).assign(population=np.nan))
    with pytest.raises(DataError, match="'population'"):
        Benchmark().score(cells().drop(columns="population"))
    with pytest.raises(DataError, match="population"):
        Benchmark(reference=cells().drop(columns="population"))
    with pytest.raises(DataError, match="some are NaN"):
        Benchmark(reference=cells().assign(population=np.nan))


def test_a_class_that_the_reference_lacks_is_said_and_the_rest_is_scored():
    model = pd.concat([cells(40, ("L4 Exc",)), cells(20, ("granule",))], ignore_index=True)
    model.loc[[0, 1, 2], "population"] = np.nan
    result = Benchmark().score(model)
    assert result.notes == (
        "the reference has no class 'nan' (3 cells), 'granule' (20 cells): these cells are not compared",
    )
    assert row(result, "peak_rate_hz", "L4 Exc")["n_model"] == 37
    assert "granule" not in set(result.table["population"])


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


def shown_at(frequencies=(2.0, 4.0), contrast=0.8, n_repeats=2):
    """Gratings of 2 s at every frequency, and as many blanks as gratings of one direction."""
    directions = [*np.arange(0.0, 360, 45), np.nan]
    pairs = [(d, f) for f in frequencies for d in directions] * n_repeats
    rows = pd.DataFrame(pairs, columns=["orientation_deg", "temporal_frequency_hz"])
    blank = rows["orientation_deg"].isna()
    rows.loc[blank, "temporal_frequency_hz"] = np.nan
    start = 0.5 + 2.5 * np.arange(len(rows))
    return StimulusTable(
        rows.assign(
            start_s=start,
            stop_s=start + 2,
            stimulus=np.where(blank, "blank", "drifting_gratings"),
            contrast=np.where(blank, np.nan, contrast),
        )
    )


def watching(shown, rates_hz={2.0: 5.0, 4.0: 15.0}, n_cells=30):  # noqa: B006
    """Untuned cells, all of one rate per temporal frequency, and of 1 Hz in blanks."""
    trains = []
    for row in shown.table.itertuples():
        n = round(2 * rates_hz.get(row.temporal_frequency_hz, 1.0))
        trains += list(row.start_s + (np.arange(n) + 0.5) * 2 / n)
    spikes = SpikeTrains.from_lists([trains] * n_cells)
    nodes = {"v1": pd.DataFrame({"cell_class": ["L4 Exc"] * n_cells})}
    return NetworkResponse({"v1": spikes}, shown.duration_s + 1, shown, nodes)


def test_the_reference_says_its_conditions():
    reference = load_reference()
    assert reference.conditions == {"temporal_frequency_hz": 2.0, "contrast": 0.8}
    assert reference.to_dict()["conditions"] == reference.conditions
    assert Reference.from_dict(reference.to_dict()).conditions == reference.conditions
    for conditions in ({"colour": 1.0}, {"contrast": np.nan}):
        with pytest.raises(DataError, match="temporal_frequency_hz"):
            Reference.from_table(cells(), conditions=conditions, draws=1)


def test_a_network_is_measured_under_the_conditions_of_the_reference():
    response = watching(shown_at())
    table = Benchmark().measure(response)
    assert table["peak_rate_hz"].unique().tolist() == [5.0]
    assert table["spontaneous_rate_hz"].unique().tolist() == [1.0]
    assert (table["n_trials"] == 16).all()
    result = Benchmark().score(response)
    pd.testing.assert_frame_equal(result.model_table, table)
    assert row(result, "peak_rate_hz", "L4 Exc")["median_model"] == 5.0
    assert result.measured_under == (
        "16 gratings with temporal_frequency_hz 2, contrast 0.8, and 4 blanks"
    )


def test_gratings_unlike_the_references_are_not_compared():
    with pytest.raises(DataError, match=r"temporal_frequency_hz 2, .*shown were .*_hz 4"):
        Benchmark().score(watching(shown_at(frequencies=(4.0,))))
    with pytest.raises(DataError, match=r"shown were temporal_frequency_hz 2, contrast 0\.1"):
        Benchmark().measure(watching(shown_at(contrast=0.1)))


def test_what_the_presentations_or_the_table_do_not_say_is_said():
    shown = shown_at(frequencies=(2.0,), contrast=np.nan)
    assert "contrast 0.8 (taken for granted" in Benchmark().score(watching(shown)).measured_under
    model = cells(20, ("L4 Exc",))
    assert Benchmark().score(model).measured_under == "a table, taken as it is given"
    two = Benchmark().score(model.assign(preferred_tf_hz=[2.0, 4.0] * 10))
    assert "prefer 4 Hz" in two.measured_under
    alike = Benchmark().score(model.assign(preferred_tf_hz=2.0))
    assert alike.measured_under == "a table, taken as it is given"


def test_a_reference_without_conditions_takes_all_gratings():
    result = Benchmark(reference=cells()).score(watching(shown_at()))
    assert result.model_table["peak_rate_hz"].unique().tolist() == [15.0]
    assert result.measured_under == "32 gratings of all conditions shown, and 4 blanks"


def test_a_network_is_measured_by_the_stimulus_of_the_reference():
    """Ten seconds of gray: rates are spikes by seconds, and what else was shown does not count."""
    rates = np.arange(1, 21)
    times = [np.sort((np.arange(10 * n) + 0.5) / n) for n in rates]
    spikes = SpikeTrains.from_lists([[*t, 10.5] for t in times])
    shown = StimulusTable(
        pd.DataFrame(
            {
                "start_s": [0.0, 10.0],
                "stop_s": [10.0, 11.0],
                "stimulus": ["spontaneous", "drifting_gratings"],
                "orientation_deg": [np.nan, 0.0],
            }
        )
    )
    response = NetworkResponse({"L4 Exc": spikes}, 11.0, shown)
    benchmark = Benchmark(reference="v1-spontaneous")
    result = benchmark.score(response)
    assert result.model_table["spontaneous_rate_hz"].tolist() == rates.tolist()
    assert row(result, "spontaneous_rate_hz", "L4 Exc")["scored"]
    assert "1 of spontaneous" in result.measured_under
    pd.testing.assert_frame_equal(benchmark.measure(response), result.model_table)


def test_a_stimulus_that_was_not_shown_or_is_none_is_told():
    other = Benchmark("flashes", reference=cells())
    with pytest.raises(DataError, match="flashes"):
        other.score(watching(shown_at()))
    unknown = Benchmark("opera", reference=cells())
    with pytest.raises(
        DataError, match=r"'opera' cannot be measured; these can: drifting_gratings"
    ):
        unknown.score(watching(shown_at()))
    with pytest.raises(DataError, match="expected a NetworkResponse"):
        Benchmark().measure(cells())


def test_spikes_are_measured_by_the_definition_of_the_reference():
    data = cells().assign(firing_rate_hz=1.0)
    data.attrs["definition"] = "neuropixels"
    measured = Benchmark(reference=data).measure(watching(shown_at()))
    assert measured.attrs["definition"] == "neuropixels"
    assert "firing_rate_hz" in measured
    data.attrs["definition"] = "warehouse"  # of fluorescence
    assert (
        Benchmark(reference=data).measure(watching(shown_at())).attrs["definition"] == "trial-mean"
    )


@pytest.mark.parametrize("name", ["decode", "decode_stimuli", "imaged", "to_fluorescence"])
def test_decoding_and_imaging_are_exported_and_loaded_on_use(name):
    from allentk import benchmark

    assert name in benchmark.__all__
    assert callable(getattr(benchmark, name))
    code = (
        "import sys, allentk.benchmark; "
        "print([m for m in sys.modules if m == 'sklearn' or m.endswith('benchmark.forward')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_network_of_no_cells_scores_nothing():
    nobody = NetworkResponse({"v1": SpikeTrains([], [], 0)}, 100.0, shown_at())
    assert not Benchmark().score(nobody).table["scored"].any()


def test_means_with_a_ceiling_are_over_the_classes_that_have_one():
    data = pd.concat([cells(200, ("L4 Exc",), seed=1), cells(20, ("L4 PV",), seed=2)])
    model = pd.concat([cells(200, ("L4 Exc",), seed=3), cells(200, ("L4 PV",), seed=4, shift=9.0)])
    result = Benchmark(reference=data, metrics=["peak_rate_hz"]).score(model)
    exc, pv = (row(result, "peak_rate_hz", name) for name in ("L4 Exc", "L4 PV"))
    got = result.summary().iloc[0]
    assert got[["n_scored", "n_with_ceiling", "n_within_noise"]].tolist() == [2, 1, 1]
    assert got["S_mean"] == pytest.approx((exc["S"] + pv["S"]) / 2)
    assert got["S_mean_with_ceiling"] == exc["S"]
    assert got["ceiling_mean"] == exc["ceiling"]
    assert got["S_over_ceiling_mean"] == pytest.approx(exc["S"] / exc["ceiling"])


def test_fluorescence_is_not_compared_with_rates():
    names = {name: name.replace("rate_hz", "response") for name in cells(1)}
    fluorescent = cells(50).rename(columns=names)
    result = Benchmark().score(fluorescent)
    assert not result.table["scored"].any()
    reason = "the model's responses are in dF/F, those of the reference in Hz"
    assert set(result.table["reason"]) == {reason}
    back = Benchmark(reference=fluorescent).score(cells(50))
    assert not back.table["scored"].any()
    assert Benchmark(reference=fluorescent).score(fluorescent).table["scored"].all()


def test_content_that_is_no_reference_is_refused():
    good = Reference.from_table(cells(), draws=1).to_dict()
    for wrong in ([1], None, {"format": "allentk-reference-1"}):
        with pytest.raises(DataError, match=r"Reference\.from_dict"):
            Reference.from_dict(wrong)
    for key in ("name", "conditions", "classes", "metrics"):
        with pytest.raises(DataError, match=rf"keys \['{key}'\] are missing"):
            Reference.from_dict({k: v for k, v in good.items() if k != key})
    parts = {"classes": {"L4 Exc": {"peak_rate_hz": {"n": 3}}}, "metrics": [], "filters": None}
    for key, value in parts.items():
        with pytest.raises(DataError, match=r"not what Reference\.to_dict writes"):
            Reference.from_dict({**good, key: value})
    strange = {"L4 Exc": {"hue": good["classes"]["L4 Exc"]["osi_vector"]}}
    with pytest.raises(DataError, match="no metric 'hue'"):
        Reference.from_dict({**good, "classes": strange})


def test_tables_that_make_no_reference_are_refused():
    with pytest.raises(DataError, match="draws must be at least 1"):
        Reference.from_table(cells(), draws=0)
    with pytest.raises(DataError, match="expected a DataFrame"):
        Reference.from_table([1.0])
    with pytest.raises(DataError, match="needs the column peak_rate_hz"):
        Reference.from_table(cells().drop(columns="peak_rate_hz"), min_peak_rate_hz=0.5)


def test_other_types_are_refused_with_what_is_expected():
    for wrong in ([1.0], None, SpikeTrains([], [], 0)):
        with pytest.raises(DataError, match="expected a DataFrame"):
            Benchmark().score(wrong)
    for reference in (3, None, [cells()]):
        with pytest.raises(DataError, match="a name, a Reference or a DataFrame"):
            Benchmark(reference=reference)
    for metrics in ("osi_vector", 3):
        with pytest.raises(DataError, match="sequence of names"):
            Benchmark(metrics=metrics)


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
    spontaneous = row(result, "spontaneous_rate_hz", "L4 Exc")  # there are no blanks
    assert spontaneous["n_dropped"] == 25
    assert spontaneous["reason"] == "the model has 0 cells, fewer than 15"
    assert len(result.model_table) == 40


def test_to_html_calls_the_writer(monkeypatch, tmp_path):
    called = []
    monkeypatch.setattr(registry, "call", lambda *args: called.append(args) or "written")
    result = Benchmark(reference=cells()).score(cells())
    assert result.to_html(tmp_path / "report.html") == "written"
    assert called == [("benchmark.to_html", result, tmp_path / "report.html")]
