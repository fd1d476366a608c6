"""References of which a few quantiles are known, and those that are not carried."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import (
    Benchmark,
    Distribution,
    Reference,
    ks_distance,
    load_reference,
    reference_names,
    wasserstein_distance,
)
from allentk.benchmark.bootstrap import interval, resampled_scores, streams
from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses import drifting_gratings

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def test_the_distance_to_a_few_quantiles_is_a_lower_bound():
    rng = np.random.default_rng(0)
    data = rng.lognormal(1, 1, 4000)
    few = Distribution.from_published(np.quantile(data, LEVELS), LEVELS, 4000)
    whole = Distribution.from_samples(data)
    for shift in (0.0, 0.3, 1.0):
        model = rng.lognormal(1 + shift, 1.1, 3000)
        low, true = ks_distance(model, few), ks_distance(model, whole)
        assert low <= true + 1e-3 <= low + few.quantile_error
    assert ks_distance(np.full(20, 1e-6), few) == pytest.approx(0.95)
    assert np.isnan(wasserstein_distance([1.0], few))


def test_a_uniform_model_against_uniform_quartiles():
    few = Distribution.from_published([0.25, 0.5, 0.75], [0.25, 0.5, 0.75], 200)
    assert ks_distance(np.linspace(0, 1, 1001) / 2, few) == pytest.approx(0.5, abs=0.001)
    assert ks_distance(np.linspace(0, 1, 1001), few) == pytest.approx(0.0, abs=0.001)
    assert few.quantile_error == 0.25
    with pytest.raises(DataError, match="one per quantile"):
        Distribution.from_published([1.0, 2.0, 3.0], [0.25, 0.75], 200)
    assert (few.q25, few.median, few.q75) == (0.25, 0.5, 0.75)


def test_quantiles_of_one_value_only_bound_its_share():
    """Half to three quarters of the cells are silent: a model with 60 % silent cells fits."""
    few = Distribution.from_published([0, 0, 0, 1, 1], LEVELS, 1000)
    silent = {share: np.array([0.0] * share + [1.0] * (100 - share)) for share in (60, 80, 30)}
    assert ks_distance(silent[60], few) == 0.0
    assert ks_distance(silent[80], few) == pytest.approx(0.05)  # a quarter or more are at 1
    assert ks_distance(silent[30], few) == pytest.approx(0.2)
    assert ks_distance(np.full(100, 0.5), few) == pytest.approx(0.5)
    drawn = resampled_scores(silent[60], few, *streams(0, "m", "p"), draws=300)
    assert interval(drawn)[1] == 1.0
    # A bound that just holds does not hold for many draws, though another is farther from failing.
    near = np.array([0.0] * 51 + [1.0] * 49)
    drawn = resampled_scores(near, few, *streams(0, "m", "p"), draws=500)
    again = [
        1 - ks_distance((rng.random(100) > 0.51).astype(float), few)
        for rng in map(np.random.default_rng, range(500))
    ]
    assert interval(drawn)[0] == pytest.approx(np.quantile(again, 0.025), abs=0.04)
    apart = resampled_scores(silent[30], few, *streams(0, "m", "p"), draws=2000)
    assert apart.mean() == pytest.approx(0.8, abs=0.01)
    assert apart.std() == pytest.approx(np.sqrt(0.21 / 100 + 0.25 / 1000), rel=0.1)


def test_few_quantiles_survive_json():
    few = Distribution.from_published([1.0, 2.0, 3.0], [0.25, 0.5, 0.75], 50)
    back = Distribution.from_dict(json.loads(json.dumps(few.to_dict())))
    assert back.partial
    assert back.probabilities.tolist() == [0.25, 0.5, 0.75]
    assert back.n == 50


def test_areas_are_scored_with_a_bound():
    rng = np.random.default_rng(1)
    cells = pd.DataFrame({"population": "VISp", "peak_rate_hz": rng.lognormal(2, 1.2, 200)})
    result = Benchmark(reference="areas-neuropixels").score(cells)
    table = result.table.set_index(["metric", "population"])
    row = table.loc[("peak_rate_hz", "VISp")]
    assert row["scored"]
    assert row["S_low"] < row["S"] < row["S_high"]
    assert row["quantile_error"] == 0.25
    assert row["unit"] == "Hz"
    assert "no column" in table.loc[("osi_vector", "VISp"), "reason"]
    assert any("five quantiles" in note for note in result.notes)


@pytest.mark.parametrize("name", reference_names())
def test_values_that_are_carried_are_of_tables_that_may_be(name):
    reference = load_reference(name)
    assert "BSD-3" in reference.license or "MIT" in reference.license
    for table in ("time_to_first_spike.csv", "swdb", "AWL4Exc"):
        assert table not in reference.source
    if "timescale_metrics.csv" in reference.source:
        assert "only the names of the units' areas: timescale_metrics.csv" in reference.source
        assert set(reference.metrics) == {
            *("peak_rate_hz", "mean_rate_hz", "osi_vector", "dsi_vector"),
        }


def test_published_medians_of_areas():
    osi = load_reference("areas-neuropixels").distribution("osi_vector", "VISam")
    assert osi.n == 994
    assert osi.median == pytest.approx(0.19, abs=0.005)
    fc = load_reference("areas-neuropixels-fc")
    share = fc.distribution("responsive", "VISp")
    assert 1 - share.cdf(0.0) == pytest.approx(0.743, abs=0.01)
    assert load_reference("v1-spontaneous").distribution(
        "spontaneous_rate_hz", "L2/3 Exc"
    ).median == pytest.approx(0.27, abs=0.01)


def test_a_share_of_cells_is_compared_by_its_difference():
    fc = load_reference("areas-neuropixels-fc")
    half = pd.DataFrame({"population": "VISp", "responsive": [True, False] * 100})
    got = Benchmark(reference=fc, metrics=["responsive"]).score(half).table.iloc[0]
    assert got["ks"] == pytest.approx(0.743 - 0.5, abs=0.01)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("two-photon", "swdb"),
        ("layer4-recordings", "SI_5"),
        ("areas-timing", "time_to_first_spike"),
    ],
)
def test_what_may_not_be_carried_says_where_it_is_found(name, where):
    with pytest.raises(DataError, match=rf"{where}.*[Ll]icen[cs]e.*reference=PATH"):
        load_reference(name)


def test_definitions_of_one_name_are_not_mixed():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"population": "Cux2", "g_osi": rng.beta(2, 3, 60)})
    data.attrs["definition"] = "warehouse"
    reference = Reference.from_table(data)
    assert reference.definition == "warehouse"
    assert Reference.from_dict(reference.to_dict()).definition == "warehouse"
    same, other, silent = data.copy(), data.copy(), data.copy()
    other.attrs["definition"] = "paper2020"
    silent.attrs.clear()
    bench = Benchmark(reference=reference)
    assert bench.score(same).table["scored"].all()
    row = bench.score(other).table.iloc[0]
    assert not row["scored"]
    assert "'paper2020'" in row["reason"]
    assert "'warehouse'" in row["reason"]
    assert "does not name the definition of g_osi" in bench.score(silent).notes[0]
    assert bench.score(same).notes == ()


def test_a_vector_index_is_never_compared_with_that_of_a_pair():
    model = pd.DataFrame({"population": ["L4 Exc"] * 20, "dsi_pair": 0.5, "peak_rate_hz": 2.0})
    table = Benchmark(metrics=["dsi_vector"]).score(model).table.set_index("population")
    assert not table["scored"].any()
    assert "its dsi_pair is another definition" in table.loc["L4 Exc", "reason"]


def test_the_row_says_exclusion_and_definition():
    model = pd.DataFrame({"population": ["L4 Exc"] * 20, "osi_vector": 0.5, "peak_rate_hz": 2.0})
    table = Benchmark(bootstrap=0).score(model).table.set_index(["metric", "population"])
    osi = table.loc[("osi_vector", "L4 Exc")]
    assert osi["exclusion"] == "cells below 0.5 Hz at the preferred direction"
    assert "exp(2 i theta)" in osi["definition"]
    assert table.loc[("peak_rate_hz", "L4 Exc"), "exclusion"] == ""
    assert np.isnan(osi["S_low"])
    for wrong in (-1, 2.5, None):
        with pytest.raises(DataError, match="bootstrap must be a number"):
            Benchmark(bootstrap=wrong)


def test_measured_tables_say_whose_definition_they_are():
    spikes = SpikeTrains.from_lists([[0.2, 1.2], [0.3, 1.4]])
    shown = StimulusTable(
        pd.DataFrame(
            {
                "start_s": [0.0, 1.0],
                "stop_s": [0.5, 1.5],
                "stimulus": "drifting_gratings",
                "orientation_deg": [0.0, 90.0],
                "temporal_frequency_hz": 2.0,
            }
        )
    )
    assert drifting_gratings(spikes, shown).attrs["definition"] == "trial-mean"
    other = drifting_gratings(spikes, shown, definition="neuropixels")
    assert other.attrs["definition"] == "neuropixels"
