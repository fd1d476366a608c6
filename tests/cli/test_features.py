"""allentk features."""

import json

import pandas as pd
import pytest

from allentk import features
from allentk.data import SweepSet


@pytest.fixture
def unnamed(recording, monkeypatch):
    """Hand out the long squares without their names."""
    from allentk.cli import source

    steps = recording.where(stimulus="Long Square")
    table = steps.table.assign(stimulus="")
    monkeypatch.setattr(
        source.Source, "sweeps", lambda *_: SweepSet(table, steps.sweep, source="steps.nwb")
    )


def test_a_cell_to_read(run, cells, recording):
    result = run("features", "--demo", "485909730")
    assert result.exit_code == 0
    expected = features.cell(recording)
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert result.stdout.startswith("synthetic recording a known cell")
    assert lines["ri"].split()[1] == f"{expected['ri']:.5g}"
    assert lines["ri"].endswith("input resistance from hyperpolarising long squares, MOhm")
    assert "short_square" in result.stdout.partition("not measured:")[2]
    assert "tau" not in result.stdout.partition("not measured:")[2]


def test_json_has_the_published_columns_and_more(run, cells, recording):
    row = json.loads(run("features", "--demo", "485909730", "--json").stdout)
    assert set(features.CELL_COLUMNS) <= set(row)
    assert row["ri"] == features.cell(recording)["ri"]
    assert row["threshold_t_ramp"] is None
    assert row["sweep_errors"] == []
    assert row["synthetic"] is True


def test_csv_is_one_row(run, cells):
    head, row = run("features", "--demo", "485909730", "--csv").stdout.splitlines()
    assert head.split(",") == [*features.CELL_COLUMNS, "synthetic"]
    assert len(row.split(",")) == len(head.split(","))


def test_by_sweep(run, cells, recording, tmp_path):
    result = run("features", "--demo", "485909730", "--sweeps", "--csv")
    assert result.exit_code == 0
    (tmp_path / "table.csv").write_text(result.stdout)
    table = pd.read_csv(tmp_path / "table.csv")
    expected = features.table(recording)
    assert table["n_spikes"].tolist() == expected["n_spikes"].tolist()
    assert table["synthetic"].all()


def test_a_file_measured_by_sweep_lists_what_could_not_be(run, nwb1):
    result = run("features", nwb1(), "--sweeps")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 4
    assert "Not measured, sweep 0: a voltage-clamp sweep has no spikes" in result.stderr


def test_without_protocol_names_by_sweep(run, unnamed):
    result = run("features", "steps.nwb")
    assert result.exit_code == 0
    assert "Note: steps.nwb names no Long Square, Short Square or Ramp" in result.stderr
    assert len(result.stdout.splitlines()) == 6
    assert "avg_rate_hz" in result.stdout


def test_voltage_clamp_alone_says_why(run, nwb1):
    result = run("features", nwb1(sweeps=()))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "none of the 1 sweeps was recorded in current clamp" in result.stderr


def test_no_file(run):
    result = run("features", "nowhere.nwb")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: nowhere.nwb: there is no such file")


def test_no_sweep_measured(run, recording, monkeypatch):
    from allentk.cli import source

    voltage_clamp = recording.table.assign(clamp="voltage")
    monkeypatch.setattr(
        source.Source, "sweeps", lambda *_: SweepSet(voltage_clamp, recording.sweep, source="x.nwb")
    )
    result = run("features", "x.nwb", "--sweeps", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)) == len(recording)
    assert result.stderr.endswith("Error: x.nwb: none of the 9 sweeps could be measured\n")
