"""Several models against one reference."""

import numpy as np
import pandas as pd
import pytest

from allentk import registry
from allentk.benchmark import Benchmark, Comparison, compare
from allentk.benchmark.comparison import COMPARED, DIFFERENCES
from allentk.errors import DataError


def cells(shift, seed, n=150, populations=("L4 Exc", "L4 PV")):
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame(
            {
                "population": name,
                "peak_rate_hz": rng.lognormal(1 + shift, 0.8, n),
                "osi_vector": rng.beta(2, 5, n),
            }
        )
        for name in populations
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(reference=cells(0.0, 0), bootstrap=200)


@pytest.fixture(scope="module")
def comparison(benchmark):
    return compare({"near": cells(0.1, 1), "far": cells(1.5, 2), "twin": cells(0.1, 3)}, benchmark)


def test_the_better_model_is_named_where_the_interval_leaves_zero_out(comparison):
    found = comparison.differences.set_index(["metric", "population", "model_a", "model_b"])
    for population in ("L4 Exc", "L4 PV"):
        row = found.loc[("peak_rate_hz", population, "near", "far")]
        assert row["better"] == "near"
        assert 0 < row["low"] < row["difference"] < row["high"]
        assert found.loc[("peak_rate_hz", population, "far", "twin"), "better"] == "twin"
        same = found.loc[("peak_rate_hz", population, "near", "twin")]
        assert same["better"] == ""
        assert same["low"] < 0 < same["high"]
    assert (found.loc["osi_vector"]["better"] == "").sum() >= 5


def test_the_tables_hold_each_models_scores(comparison, benchmark):
    assert tuple(comparison.table.columns) == COMPARED
    assert list(comparison.differences.columns) == list(DIFFERENCES)
    alone = benchmark.score(cells(1.5, 2)).table.set_index(["metric", "population"])
    far = comparison.table[comparison.table["model"] == "far"].set_index(["metric", "population"])
    for name in ("S", "S_low", "S_high", "ks", "n_model"):
        pd.testing.assert_series_equal(far[name], alone[name])
    assert comparison.table["model"].tolist()[:3] == ["near", "far", "twin"]
    assert len(comparison.table) == 2 * 2 * 3
    assert comparison.reference is benchmark.reference
    assert comparison.to_dataframe() is not comparison.table
    assert "3 models" in repr(comparison)


def test_means_over_classes(comparison):
    means = comparison.summary().set_index(["metric", "model_a", "model_b"])
    row = means.loc[("peak_rate_hz", "near", "far")]
    pairs = comparison.differences.set_index(["metric", "model_a", "model_b"]).sort_index()
    of = pairs.loc[("peak_rate_hz", "near", "far")]
    assert row["n_classes"] == 2
    assert row["difference"] == pytest.approx(of["difference"].mean())
    assert row["better"] == "near"
    assert row["high"] - row["low"] < (of["high"] - of["low"]).mean()


def test_common_data_make_the_difference_surer():
    data = Benchmark(reference=cells(0.0, 0, n=30), bootstrap=200)
    models = {"a": cells(0.5, 1, n=800), "b": cells(0.55, 2, n=800)}
    found = compare(models, data)
    row = found.differences[found.differences["metric"] == "peak_rate_hz"].iloc[0]
    own = found.table[found.table["metric"] == "peak_rate_hz"].iloc[:2]
    widths = (own["S_high"] - own["S_low"]).to_numpy()
    assert row["high"] - row["low"] < 0.6 * np.hypot(*widths)


def test_the_order_of_models_changes_only_the_sign(benchmark):
    a, b = cells(0.1, 1), cells(1.5, 2)
    one = compare({"a": a, "b": b}, benchmark).differences
    two = compare({"b": b, "a": a}, benchmark).differences
    assert one["difference"].to_numpy() == pytest.approx(-two["difference"].to_numpy())
    assert one["low"].to_numpy() == pytest.approx(-two["high"].to_numpy())
    assert one["better"].tolist() == two["better"].tolist()


def test_a_class_without_a_score_in_one_model_has_no_difference(benchmark):
    small = cells(0.1, 1, n=10)
    both = compare({"small": small, "whole": cells(0.1, 2)}, benchmark)
    row = both.differences.iloc[0]
    assert not row["scored"]
    assert row["reason"] == "small: the model has 10 cells, fewer than 15"
    assert np.isnan(row["difference"])
    assert row["better"] == ""
    assert both.summary()["n_classes"].tolist() == [0, 0]


def test_results_may_be_given_and_must_be_of_the_same_reference(benchmark):
    result = benchmark.score(cells(0.1, 1))
    found = compare({"a": result, "b": cells(0.2, 2)}, benchmark)
    assert isinstance(found, Comparison)
    assert found.results["a"] is result
    other = Benchmark(reference=cells(0.0, 5)).score(cells(0.1, 1))
    with pytest.raises(DataError, match="'a' is against"):
        compare({"a": other, "b": cells(0.2, 2)}, benchmark)
    for wrong in ({"a": result}, [result, result], {}):
        with pytest.raises(DataError, match="at least two models"):
            compare(wrong, benchmark)


def test_without_draws_there_is_no_verdict():
    plain = Benchmark(reference=cells(0.0, 0), bootstrap=0)
    found = compare({"a": cells(0.1, 1), "b": cells(2.0, 2)}, plain).differences
    assert found["scored"].all()
    assert found["low"].isna().all()
    assert (found["better"] == "").all()


def test_to_html_calls_the_writer(monkeypatch, tmp_path, comparison):
    called = []
    monkeypatch.setattr(registry, "call", lambda *args: called.append(args) or "written")
    assert comparison.to_html(tmp_path / "page.html") == "written"
    assert called == [("comparison.to_html", comparison, tmp_path / "page.html")]


def test_a_model_is_never_better_than_itself():
    """All cells beyond the data: the draws have no spread, and chance must not judge."""
    far = pd.DataFrame(
        {"population": "L4 Exc", "peak_rate_hz": 500.0, "osi_vector": np.linspace(0, 0.01, 20)}
    )
    found = compare({"one": far, "same": far.copy()}, Benchmark())
    scored = found.differences[found.differences["scored"]]
    assert len(scored) == 2
    assert (scored["difference"] == 0).all()
    assert (scored["better"] == "").all()
    assert (found.summary()["better"] == "").all()
