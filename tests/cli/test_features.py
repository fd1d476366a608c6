"""allentk features."""

import json
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from allentk import features
from allentk.cli.features import DEFINITIONS
from allentk.data import SweepSet
from allentk.features.definition import Definition
from allentk.io import write_nwb
from allentk.workflow import feature_batch
from allentk.workflow.feature_tables import FEATURE_COLUMNS


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
    assert "low-pass 4 kHz" in result.stdout.splitlines()[0]


def test_patterns_are_shown_where_they_are_measured(run, cells):
    assert "has_burst" not in run("features", "--demo", "485909730").stdout
    mended = run("features", "--demo", "485909730", "--definition", "allentk").stdout
    assert all(name in mended for name in ("has_burst", "has_delay", "has_pause"))


def test_json_has_the_published_columns_and_more(run, cells, recording):
    row = json.loads(run("features", "--demo", "485909730", "--json").stdout)
    assert set(features.CELL_COLUMNS) <= set(row)
    assert row["ri"] == features.cell(recording)["ri"]
    assert row["threshold_t_ramp"] is None
    assert row["sweep_errors"] == []
    assert row["synthetic"] is True
    assert (row["definition"], row["filter_hz"]) == ("allen", 4e3)


def test_csv_is_one_row(run, cells):
    head, row = run("features", "--demo", "485909730", "--csv").stdout.splitlines()
    assert head.split(",") == [*features.CELL_COLUMNS, "filter_hz", "synthetic"]
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


@pytest.fixture(scope="module")
def file(recording, tmp_path_factory):
    """Write the known cell to a file."""
    return write_nwb(recording, tmp_path_factory.mktemp("cell") / "known.nwb")


@pytest.fixture
def folder(file, tmp_path):
    """The known cell beside a file that is cut off."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    whole = file.read_bytes()
    (folder / "known.nwb").write_bytes(whole)
    (folder / "broken.nwb").write_bytes(whole[:2000])
    return folder


def test_the_definitions_are_those_of_the_library():
    assert get_args(Definition) == DEFINITIONS


def test_the_definition_is_passed_on(run, cells, monkeypatch):
    asked = []
    for name in ("cell", "table"):
        real = getattr(features, name)

        def measured(sweeps, *, definition, real=real):
            asked.append(definition)
            return real(sweeps)

        monkeypatch.setattr(features, name, measured)
    run("features", "--demo", "485909730")
    run("features", "--demo", "485909730", "--definition", "allentk")
    run("features", "--demo", "485909730", "--definition", "allentk", "--sweeps")
    assert asked[0] == "allen"
    assert {asked[1], asked[-1]} == {"allentk"}
    assert run("features", "--demo", "1", "--definition", "other").exit_code == 2


def test_a_folder_to_read(run, folder, recording):
    result = run("features", folder, "--jobs", "1")
    assert result.exit_code == 0, result.stderr
    head, row = result.stdout.splitlines()
    assert "rheobase_pa" in head.split()
    assert row.split()[0] == "485909730"
    assert f"{features.cell(recording)['ri']:.5g}" in row.split()
    assert f"Not measured, {folder / 'broken.nwb'}: " in result.stderr
    assert "1 cell measured (synthetic)." in result.stderr
    assert "1 of 2 cells not measured." in result.stderr


def test_files_are_named_where_no_cell_is(run, file, recording, tmp_path):
    nameless = SweepSet(
        recording.table, recording.sweep, metadata={"session_description": "synthetic steps"}
    )
    write_nwb(nameless, file.with_name("nameless.nwb"))
    result = run("features", file, file.with_name("nameless.nwb"), "--jobs", "1")
    assert [line.split()[1] for line in result.stdout.splitlines()[1:]] == [
        "known.nwb",
        "nameless.nwb",
    ]
    far = write_nwb(nameless, tmp_path / "far.nwb")
    result = run("features", file, far, "--jobs", "1")
    assert str(file) in result.stdout
    assert str(far) in result.stdout


def test_a_table_is_written_and_gone_on_with(run, folder, tmp_path):
    out = tmp_path / "features.csv"
    result = run("features", folder, "--out", out, "--jobs", "1")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(out), str(tmp_path / "features_errors.csv")]
    assert list(pd.read_csv(out).columns) == list(FEATURE_COLUMNS)
    again = run("features", folder, "--out", out, "--jobs", "1", "--csv")
    assert "1 cell measured (synthetic), 1 of them by an earlier run." in again.stderr
    assert again.stdout == out.read_text()
    anew = run("features", folder, "--out", out, "--jobs", "1", "--no-resume")
    assert "earlier" not in anew.stderr


def test_one_file_with_out_is_a_table(run, file, tmp_path):
    result = run("features", file, "--out", tmp_path / "one.json", "--quiet", "--jobs", "1")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert json.loads((tmp_path / "one.json").read_text())["n_cells"] == 1


def test_json_of_several_is_one_document(run, folder):
    document = json.loads(run("features", folder, "--json", "--jobs", "1").stdout)
    assert [row["specimen_id"] for row in document["features"]] == [485909730]
    assert document["errors"][0]["recording"] == str(folder / "broken.nwb")
    assert document["synthetic"] is True


def test_no_cell_measured(run, folder):
    (folder / "known.nwb").unlink()
    result = run("features", folder, "--jobs", "1")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.endswith("Error: no cell was measured; 1 failed\n")


def test_many_failures_are_in_the_file(run, file, tmp_path):
    files = [tmp_path / f"{n}.nwb" for n in range(12)]
    result = run("features", file, *files, "--out", tmp_path / "f.csv", "--jobs", "1")
    assert result.exit_code == 0
    assert result.stderr.count("Not measured, ") == 10
    assert "... and 2 more" in result.stderr
    assert len(pd.read_csv(tmp_path / "f_errors.csv")) == 12


def test_a_sweep_that_fails_is_told(run, recording, tmp_path):
    from allentk.data import Sweep

    good = recording.sweep(4)
    voltage = np.array(good.voltage_mv)
    voltage[3] = np.nan
    bad = Sweep(
        voltage,
        good.current_pa,
        good.sampling_rate_hz,
        number=9,
        stimulus="Long Square",
        amplitude_pa=190.0,
        start_s=good.start_s,
        stop_s=good.stop_s,
    )
    steps = SweepSet([*recording, bad], metadata=recording.metadata)
    path = write_nwb(steps, tmp_path / "bad.nwb")
    result = run("features", path, "--out", tmp_path / "f.csv", "--jobs", "1")
    assert result.exit_code == 0
    assert "bad.nwb: sweep 9: " in result.stderr
    assert pd.read_csv(tmp_path / "f_sweep_errors.csv")["number"].tolist() == [9]


def test_specimens_come_from_the_service(run, cells, file, monkeypatch):
    asked = []

    def fetch(specimen_id, *, what):
        asked.append(specimen_id)
        return {"sweeps": file}

    monkeypatch.setattr(cells, "fetch", fetch)
    result = run("features", "--demo", "485909730", file, "--csv", "--jobs", "1")
    assert result.exit_code == 0, result.stderr
    assert asked == [485909730]
    assert len(result.stdout.splitlines()) == 3


def test_options_that_do_not_go_together(run, file):
    result = run("features", file, file, "--sweeps")
    assert result.exit_code == 2
    assert "--sweeps is of one recording" in result.stderr
    for arguments in ((file, "--quality"), (file, file, "--vectors")):
        result = run("features", *arguments)
        assert result.exit_code == 2
        assert "written beside --out" in result.stderr


def test_an_interrupted_table_says_how_to_go_on(run, file, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(feature_batch, "extract", interrupted)
    result = run("features", file, "--out", tmp_path / "f.csv")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "Interrupted. The same command goes on from here."
    assert "goes on" not in run("features", file, file).stderr
