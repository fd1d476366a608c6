"""allentk benchmark."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import Benchmark


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
    result = run("benchmark", metrics, "--json")
    assert result.exit_code == 0
    rows = {(r["metric"], r["population"]): r for r in json.loads(result.stdout)}
    expected = Benchmark().score(table).table.set_index(["metric", "population"])
    row = rows["peak_rate_hz", "L4 Exc"]
    assert row["S"] == pytest.approx(expected.loc[("peak_rate_hz", "L4 Exc"), "S"])
    assert rows["peak_rate_hz", "L4 PV"]["S"] is None
    assert "Reference: " in result.stderr


def test_to_read(run, metrics):
    result = run("benchmark", metrics)
    head, *rows = result.stdout.split("\n\n")[0].splitlines()
    assert head.split()[0] == "metric"
    assert {row.split()[0] for row in rows} == {"peak_rate_hz", "osi_vector"}
    assert "not scored:" in result.stdout
    assert "  peak_rate_hz, L4 PV: the model has 5 cells, fewer than 15\n" in result.stdout
    assert result.stdout.count("L2/3 Exc") == 1


@pytest.mark.parametrize("name", ["metrics.csv", "network_metrics.csv"])
def test_a_folder(run, metrics, tmp_path, name):
    metrics.rename(tmp_path / name)
    assert run("benchmark", tmp_path, "--csv").exit_code == 0


def test_a_folder_without_a_table(run, tmp_path):
    result = run("benchmark", tmp_path)
    assert result.exit_code == 1
    assert "metrics.csv: there is no such file" in result.stderr
    assert "allentk network run writes one" in result.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b'a,b\n1,2\n"3', b"a\n1,2\n3,4,5\n"])
def test_no_table(run, tmp_path, content):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    result = run("benchmark", path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {path}: expected a CSV table")


def test_an_unknown_reference(run, metrics):
    result = run("benchmark", metrics, "--reference", "v2")
    assert result.exit_code == 1
    assert "no reference 'v2'" in result.stderr


def test_synthetic_is_said(run, table, tmp_path):
    table.assign(synthetic=True).to_csv(tmp_path / "metrics.csv", index=False)
    assert "SYNTHETIC" in run("benchmark", tmp_path).stderr


def test_the_report_goes_where_it_should(run, metrics, tmp_path, monkeypatch):
    from allentk.benchmark import BenchmarkResult

    written = []
    monkeypatch.setattr(BenchmarkResult, "to_html", lambda self, path: written.append(path))
    result = run("benchmark", metrics, "--out", tmp_path / "report.html")
    assert written == [tmp_path / "report.html"]
    assert f"Report: {tmp_path / 'report.html'}." in result.stderr
