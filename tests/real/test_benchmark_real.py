"""The reference and the published scores of a V1 model, from the units' own table."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import Benchmark, Reference, load_reference

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = {
    "max_mean_rate(Hz)": "peak_rate_hz",
    "Ave_Rate(Hz)": "mean_rate_hz",
    "OSI": "osi_vector",
    "DSI": "dsi_vector",
    "Spont_Rate(Hz)": "spontaneous_rate_hz",
}
KINDS = {"Pvalb": "PV", "Sst": "SST", "Htr3a": "VIP"}
LAYERS = {"1": "L1", "23": "L2/3", "4": "L4", "5": "L5", "6": "L6"}


@pytest.fixture(scope="module")
def maker():
    path = ROOT / "benchmarks" / "make_v1_reference.py"
    spec = importlib.util.spec_from_file_location("make_v1_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "observatory"


@pytest.fixture(scope="module")
def units(folder, maker):
    return maker.read(folder / maker.NAME)


def population(name):
    digits = "".join(c for c in name[1:4] if c.isdigit())[: 2 if name[1:3] == "23" else 1]
    kind = name[1 + len(digits) :]
    if name == "i1Htr3a":
        return "L1 Htr3a"
    return f"{LAYERS[digits]} {'Exc' if name[0] == 'e' else KINDS[kind]}"


@pytest.fixture(scope="module")
def column(folder):
    table = pd.read_csv(folder / "billeh_column_V1_OSI_DSI_DF.csv.gz", sep=" ")
    return table.assign(population=table["pop_name"].map(population)).rename(columns=PUBLISHED)


def scores(table, metric):
    of = table[table["metric"] == metric]
    return of.set_index("population")


def test_the_shipped_reference_is_made_of_the_table(folder, maker):
    made = maker.make(folder / maker.NAME)
    shipped = maker.OUTPUT.read_text(encoding="utf-8")
    assert maker.dumps(made) == shipped


def test_medians_and_counts_are_the_published_ones(folder, units):
    published = pd.read_csv(folder / "neuropixels_v1_summary.csv")
    published["metric"] = published["metric"].map(PUBLISHED)
    every = Reference.from_table(units, min_peak_rate_hz=0.0, draws=2).summary()
    both = every.merge(
        published, left_on=["metric", "population"], right_on=["metric", "cell_type"]
    )
    assert len(both) == len(published) == 85
    assert (both["n_x"] == both["n_y"]).all()
    for name in ("median", "q25", "q75"):
        large = both["n_x"] >= 5
        assert np.abs(both[f"{name}_x"] - both[f"{name}_y"])[large].max() < 6e-5


def test_ceilings_are_those_measured_before(folder):
    published = pd.read_csv(folder / "neuropixels_split_half_ceiling.csv")
    published["metric"] = published["metric"].map(PUBLISHED)
    both = (
        load_reference()
        .summary()
        .merge(published, left_on=["metric", "population"], right_on=["metric", "cell_type"])
    )
    assert len(both) == len(published) == 40
    assert (both["n_x"] == both["n_y"]).all()
    assert np.abs(both["ceiling"] - both["ceiling_mean"]).max() < 0.012
    assert np.abs(1 - both["noise_floor"] - both["ceiling_p05"]).max() < 0.05


def test_no_quantile_list_is_the_units_own_values(units):
    for name, of in load_reference().distributions.items():
        for metric, d in of.items():
            mine = units.loc[units["population"] == name, metric].dropna()
            quantiles = load_reference().quantiles(metric, name)
            assert quantiles.size <= max(mine.size // 2, 101)
            assert quantiles.size in (0, d.n // 2, 101)
            assert d.n >= 15 or not quantiles.size


def test_published_scores_of_the_column_with_the_exclusion_rule(folder, units, column):
    published = pd.read_csv(folder / "billeh_column_S_protocol2026.csv").set_index("metric")
    exact = Benchmark(reference=Reference.from_table(units, draws=2)).score(column).table
    shipped = Benchmark(reference="v1-neuropixels").score(column).table
    for metric, name in list(PUBLISHED.items())[:4]:
        wanted = published.loc[metric].drop(["n_types", "S_mean", "S_median"]).dropna()
        got = scores(exact, name).loc[wanted.index]
        assert got["scored"].all()
        assert np.abs(got["S"] - wanted).max() < 6e-4  # published to three places
        assert got["S"].mean() == pytest.approx(published.loc[metric, "S_mean"], abs=6e-4)
        coarse = scores(shipped, name).loc[wanted.index]
        error = np.abs(coarse["S"] - got["S"])
        assert (error <= coarse["quantile_error"] + 1e-9).all()
        assert error[coarse["n_data"] >= 100].max() < 0.007
        assert error.max() < 0.035
        assert coarse["S"].mean() == pytest.approx(published.loc[metric, "S_mean"], abs=0.008)


def test_published_scores_of_the_column_without_the_exclusion_rule(folder, units, column):
    published = pd.read_csv(folder / "billeh_column_vs_neuropixels_similarity.csv")
    published = published.set_index("cell_type")
    every = Reference.from_table(units, min_peak_rate_hz=0.0, draws=2)
    table = Benchmark(reference=every).score(column).table
    for metric, name in list(PUBLISHED.items())[:4]:
        got = scores(table, name).loc[published.index]
        assert (got["n_model"] == published["n_model"]).all()
        assert np.abs(got["median_model"] - published[f"med_model_{metric}"]).max() < 6e-4
        scored = got["scored"]
        assert scored.sum() >= 8
        error = np.abs(got["S"] - published[f"sim_{metric}"])[scored]
        assert error.max() < 6e-4
