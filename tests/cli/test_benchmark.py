"""allentk benchmark run and references."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import Benchmark, load_reference, reference_names
from allentk.cli.benchmark import DEFINITIONS
from allentk.responses.definitions import definitions_of


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "population": ["L4 Exc"] * 40 + ["L4 PV"] * 5,
            "peak_rate_hz": np.linspace(0, 20, 45),
            "osi_vector": np.linspace(0, 1, 45),
        }
    )


@pytest.fixture
def metrics(table, tmp_path):
    path = tmp_path / "metrics.csv"
    table.to_csv(path, index=False)
    return path


def test_scores_are_the_librarys(run, metrics, table):
    result = run("benchmark", "run", metrics, "--json")
    assert result.exit_code == 0
    rows = {(r["metric"], r["population"]): r for r in json.loads(result.stdout)}
    expected = Benchmark().score(table).table.set_index(["metric", "population"])
    row = rows["peak_rate_hz", "L4 Exc"]
    assert row["S"] == pytest.approx(expected.loc[("peak_rate_hz", "L4 Exc"), "S"])
    assert rows["peak_rate_hz", "L4 PV"]["S"] is None
    assert "Reference: " in result.stderr


def test_to_read(run, metrics):
    result = run("benchmark", "run", metrics)
    head, *rows = result.stdout.split("\n\n")[0].splitlines()
    assert head.split()[0] == "metric"
    assert {row.split()[0] for row in rows} == {"peak_rate_hz", "osi_vector"}
    assert "not scored:" in result.stdout
    assert "  peak_rate_hz, L4 PV: the model has 5 cells, fewer than 15\n" in result.stdout
    assert result.stdout.count("L2/3 Exc") == 1


@pytest.mark.parametrize("name", ["metrics.csv", "network_metrics.csv"])
def test_a_folder(run, metrics, tmp_path, name):
    metrics.rename(tmp_path / name)
    assert run("benchmark", "run", tmp_path, "--csv").exit_code == 0


def test_a_folder_without_a_table(run, tmp_path):
    result = run("benchmark", "run", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path}: expected metrics.csv, or spikes.h5" in result.stderr
    assert "allentk network run writes" in result.stderr


def test_nothing_there(run, tmp_path):
    result = run("benchmark", "run", tmp_path / "net")
    assert result.exit_code == 1
    assert "there is no such file or folder" in result.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"a\n1,2\n3,4,5\n"])
def test_no_table(run, tmp_path, content):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    result = run("benchmark", "run", path)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in result.stderr


def test_a_parquet_table(run, table, tmp_path):
    table.to_parquet(tmp_path / "m.parquet")
    found = json.loads(run("benchmark", "run", tmp_path / "m.parquet", "--json", "-q").stdout)
    table.to_csv(tmp_path / "m.csv", index=False)
    same = json.loads(run("benchmark", "run", tmp_path / "m.csv", "--json", "-q").stdout)
    # Before its third release pandas reads the last digit of a number in CSV otherwise.
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(same), rtol=1e-14)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    assert "expected a Parquet table" in run("benchmark", "run", tmp_path / "bad.parquet").stderr


def test_an_unknown_reference(run, metrics):
    result = run("benchmark", "run", metrics, "--reference", "v2")
    assert result.exit_code == 1
    assert "no reference 'v2'" in result.stderr


def test_synthetic_is_said(run, table, tmp_path):
    table.assign(synthetic=True).to_csv(tmp_path / "metrics.csv", index=False)
    assert "SYNTHETIC" in run("benchmark", "run", tmp_path).stderr


def test_the_report_goes_where_it_should(run, metrics, tmp_path, monkeypatch):
    from allentk.benchmark import BenchmarkResult

    written = []
    monkeypatch.setattr(BenchmarkResult, "to_html", lambda self, path: written.append(path))
    result = run("benchmark", "run", metrics, "--report", tmp_path / "report.html")
    assert written == [tmp_path / "report.html"]
    assert f"Report: {tmp_path / 'report.html'}." in result.stderr


def test_two_models_are_compared(run, metrics, table, tmp_path):
    table.assign(peak_rate_hz=table["peak_rate_hz"] * 3).to_csv(tmp_path / "b.csv", index=False)
    models = ("--model", f"slow={metrics}", "--model", f"fast={tmp_path / 'b.csv'}")
    result = run("benchmark", "run", *models, "--metric", "peak_rate_hz", "--json")
    assert result.exit_code == 0, result.stderr
    rows = [row for row in json.loads(result.stdout) if row["scored"]]
    assert [row["model"] for row in rows] == ["slow", "fast"]
    alone = Benchmark(metrics=["peak_rate_hz"]).score(table).table.set_index("population")
    assert rows[0]["S"] == pytest.approx(alone.loc["L4 Exc", "S"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a table"),
        (("--model", "x"), "expected NAME=PATH"),
        (("--model", "a=x.csv", "--model", "a=y.csv"), "'a' is there twice"),
    ],
)
def test_models_are_named(run, arguments, told):
    result = run("benchmark", "run", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_definition_is_for_spikes(run, metrics):
    result = run("benchmark", "run", metrics, "--definition", "neuropixels")
    assert result.exit_code == 1
    assert "a table is taken as it was measured" in result.stderr
    of_traces = run("benchmark", "run", metrics, "--definition", "warehouse")
    assert of_traces.exit_code == 2
    assert "'trial-mean', 'neuropixels', 'layer4', 'v1-2026'" in of_traces.stderr
    assert definitions_of("spikes") == DEFINITIONS
    quiet = ("--reference", "v1-spontaneous", "--definition", "neuropixels")
    result = run("benchmark", "run", metrics, *quiet)
    assert result.exit_code == 1
    assert "does not measure spikes of spontaneous; these do: trial-mean, layer4" in result.stderr


def test_references_are_the_librarys(run):
    rows = json.loads(run("benchmark", "references", "--json").stdout)
    assert [row["name"] for row in rows] == list(reference_names())
    of = load_reference("v1-neuropixels")
    row = next(row for row in rows if row["name"] == "v1-neuropixels")
    assert row["source"] == of.source
    assert (row["classes"], row["metrics"]) == (len(of.classes), len(of.metrics))
