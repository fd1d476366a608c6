"""Published scores and ceilings, from the published tables themselves; and references made of them."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import (
    Benchmark,
    Reference,
    compare,
    load_reference,
    open_reference,
    read_cells,
)
from allentk.errors import DataError

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
METRICS = {
    "max_mean_rate(Hz)": "peak_rate_hz",
    "Ave_Rate(Hz)": "mean_rate_hz",
    "OSI": "osi_vector",
    "DSI": "dsi_vector",
    "Spont_Rate(Hz)": "spontaneous_rate_hz",
}


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "observatory"


@pytest.fixture(scope="module")
def column(folder):
    return read_cells(folder / "billeh_column_V1_OSI_DSI_DF.csv.gz").table


@pytest.fixture(scope="module")
def exact(folder, column):
    return Benchmark(reference=folder / "OSI_DSI_neuropixels_v4.csv").score(column)


def of(result, metric):
    table = result.table
    return table[table["metric"] == METRICS[metric]].set_index("population")


def protocol(folder):
    """Yield each metric with the scores published for it, and their mean."""
    published = pd.read_csv(folder / "billeh_column_S_protocol2026.csv").set_index("metric")
    for metric, row in published.iterrows():
        yield metric, row.drop(["n_types", "S_mean", "S_median"]).dropna().astype(float), row


def test_scores_of_the_protocol_within_a_two_hundredth(folder, exact):
    n = 0
    for metric, wanted, row in protocol(folder):
        got = of(exact, metric).loc[wanted.index]
        assert got["scored"].all()
        assert len(got) == row["n_types"]
        assert np.abs(got["S"] - wanted).max() < 0.005
        assert got["S"].mean() == pytest.approx(row["S_mean"], abs=0.005)
        assert got["S"].median() == pytest.approx(row["S_median"], abs=0.005)
        assert ((got["S_low"] <= got["S"]) & (got["S"] <= got["S_high"])).all()
        n += len(got)
    assert n == 38


def test_similarities_without_the_rule_of_exclusion(folder, column):
    units = read_cells(folder / "OSI_DSI_neuropixels_v4.csv").table
    published = pd.read_csv(folder / "billeh_column_vs_neuropixels_similarity.csv").set_index(
        "cell_type"
    )
    every = Reference.from_table(units, min_peak_rate_hz=0.0, draws=2)
    result = Benchmark(reference=every, bootstrap=0).score(column)
    n = 0
    for metric in list(METRICS)[:4]:
        got = of(result, metric).loc[published.index]
        scored = got["scored"].astype(bool)
        assert (got["n_model"] == published["n_model"]).all()
        error = np.abs(got["S"] - published[f"sim_{metric}"])[scored]
        assert error.max() < 0.005
        n += int(scored.sum())
    assert n == 38  # as many as in the protocol: small classes are shown, not scored


def test_carried_quantiles_score_as_the_cells(folder, column):
    result = Benchmark(reference="v1-neuropixels", bootstrap=0).score(column)
    for metric, wanted, _ in protocol(folder):
        got = of(result, metric).loc[wanted.index]
        error = np.abs(got["S"] - wanted)
        large = got["n_data"] >= 100
        assert error[large].max() < 0.02
        assert error[~large].max() < 0.05


def test_ceilings_of_the_published_table(folder, exact):
    published = pd.read_csv(folder / "neuropixels_split_half_ceiling.csv")
    assert len(published) == 40
    for reference in (exact.reference, load_reference()):
        for row in published.itertuples():
            d = reference.distribution(METRICS[row.metric], row.cell_type)
            assert d.n == row.n
            assert d.ceiling == pytest.approx(row.ceiling_mean, abs=0.02)


def test_metrics_that_the_model_lacks_are_said(exact):
    spontaneous = of(exact, "Spont_Rate(Hz)")
    assert not spontaneous["scored"].any()
    assert spontaneous["reason"].str.contains("no column spontaneous_rate_hz").all()


def test_the_column_against_itself_with_other_rates(folder, column):
    halved = column.assign(peak_rate_hz=column["peak_rate_hz"] / 2)
    bench = Benchmark(metrics=["peak_rate_hz"], bootstrap=100)
    found = compare({"published": column, "halved": halved}, bench).differences
    l6 = found.set_index("population").loc["L6 Exc"]
    assert l6["better"] == "published"
    assert found.set_index("population").loc["L2/3 Exc", "better"] == "halved"


def test_shipped_area_references_are_made_of_the_tables(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import make_area_references as maker

    made = maker.make(folder)
    assert len(made) == 3
    for name, reference in made.items():
        assert (maker.OUTPUT / name).read_text(encoding="utf-8") == maker.dumps(reference)
    for name in ("make_area_references", "make_v1_reference"):
        sys.modules.pop(name, None)


def test_two_photon_tables_by_line_and_layer(folder):
    lines = open_reference(folder / "swdb_dg_table.csv", by="cre")
    assert lines.definition == "paper2020"
    table = pd.read_csv(folder / "swdb_dg_table.csv")
    cux = table[table["tld1_name"] == "Cux2-CreERT2"]
    assert lines.distribution("g_osi", "Cux2-CreERT2").n == len(cux) == 11362
    assert lines.distribution("g_osi", "Cux2-CreERT2").median == pytest.approx(
        cux["g_osi_dg"].median()
    )
    share = lines.distribution("responsive", "Cux2-CreERT2")
    assert 1 - share.cdf(0.0) == pytest.approx(cux["responsive_dg"].mean())
    static = open_reference(
        folder / "swdb_sg_table.csv", stimulus="static_gratings", by="cre+layer"
    )
    assert static.distribution("g_osi", "Rorb-IRES2-Cre L4").n == 3147
    assert "left out 11703 cells" in static.notes[0]


def test_one_containers_cell_metrics(folder):
    reference = open_reference(folder / "apicam_cell_metrics_511510753.csv", by="area")
    assert reference.classes == ("VISpm",)
    assert reference.distribution("g_osi", "VISpm").median == pytest.approx(0.775, abs=0.001)
    assert reference.distribution("g_dsi", "VISpm").median == pytest.approx(0.564, abs=0.001)
    responsive = reference.distribution("responsive", "VISpm")
    assert 47 * (1 - responsive.cdf(0.0)) == pytest.approx(30)
    assert responsive.n == 47
    # events are not fluorescence: the same name of the other definition is not compared
    events = read_cells(folder / "swdb_dg_table.csv", by="cre").table
    events = events.assign(population="VISpm").head(200)
    events.attrs["definition"] = "paper2020"
    rows = Benchmark(reference=reference).score(events).table.set_index("metric")
    assert not rows.loc["g_osi", "scored"]
    assert "'warehouse'" in rows.loc["g_osi", "reason"]
    assert rows.loc["preferred_tf_hz", "scored"]


def test_recordings_of_layer_four(folder):
    reference = open_reference(folder / "l4_exp")
    n = {name: d["peak_rate_hz"].n for name, d in reference.distributions.items()}
    assert n == {
        "Inh, anaesthetised": 10,
        "Inh, awake": 47,
        "L4 Exc, anaesthetised": 39,
        "L4 Exc, awake": 12,
    }
    assert any("AWL4Exc.csv: 19 rows but 12 distinct" in note for note in reference.notes)
    assert any("AWInh.csv: 51 rows but 47 distinct" in note for note in reference.notes)
    exc = reference.distributions["L4 Exc, anaesthetised"]
    summary = pd.read_csv(folder / "l4_experiment_summary.csv")
    summary = summary[summary["group"] == "AnL4E"].set_index("metric")
    names = {"Spont": "spontaneous_rate_hz", "Rmax": "peak_rate_hz", "CV_ori": "osi_vector"}
    for theirs, ours in {**names, "DSI": "dsi_pair", "F1F0": "f1_f0"}.items():
        assert exc[ours].median == pytest.approx(summary.loc[theirs, "median"], abs=1e-4)
    awake = open_reference(folder / "l4_exp", by="awake")
    assert awake.classes == ("Inh", "L4 Exc")


def test_a_units_table_without_metrics_is_told_apart(shared):
    with pytest.raises(DataError, match="needs the column 'population'"):
        read_cells(shared / "neuropixels" / "visual_units_session_737581020.csv")
