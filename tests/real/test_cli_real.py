"""The command line on recordings of four laboratories."""

import json

import pytest
from click.testing import CliRunner

from allentk.cli.main import cli

# file: sweeps measured, spikes in all of them; none where there is no current clamp
RECORDINGS = {
    "FergusonEtAl2015_PYR2.nwb": 13,
    "LantyerEtAl2018_180817_ME_9_CC.nwb": 10,
    "ramp_human_IN1_2018_03_20_0005_a.nwb": 1,
}


def run(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)))


def test_the_table_above_is_complete(shared):
    files = {path.name for path in (shared / "recordings" / "nwb").glob("*.nwb")}
    assert files == {*RECORDINGS, "H18.03.315.11.11.01.05.nwb"}


@pytest.mark.parametrize("name", RECORDINGS)
def test_features_by_sweep(shared, name):
    result = run("features", shared / "recordings" / "nwb" / name, "--sweeps", "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert len(rows) == RECORDINGS[name]
    assert {row["error"] for row in rows} == {""}
    assert max(row["n_spikes"] for row in rows) > 0
    assert not any(row.get("synthetic") for row in rows)


@pytest.mark.parametrize(
    "name", ["FergusonEtAl2015_PYR2.nwb", "LantyerEtAl2018_180817_ME_9_CC.nwb"]
)
def test_steps_of_another_house_are_measured_by_sweep(shared, name):
    result = run("features", shared / "recordings" / "nwb" / name)
    assert result.exit_code == 0
    assert "names no Long Square, Short Square or Ramp" in result.stderr
    assert len(result.stdout.splitlines()) == RECORDINGS[name] + 1


def test_the_ramp_makes_a_row(shared):
    path = shared / "recordings" / "nwb" / "ramp_human_IN1_2018_03_20_0005_a.nwb"
    row = json.loads(run("features", path, "--json").stdout)
    assert row["peak_v_ramp"] == pytest.approx(59.5, abs=0.1)
    assert row["threshold_i_long_square"] is None
    assert row["synthetic"] is False


@pytest.mark.parametrize("verb", [("features",), ("features", "--sweeps"), ("fit", "glif")])
def test_a_recording_without_current_clamp_says_why(shared, verb):
    result = run(*verb, shared / "recordings" / "nwb" / "H18.03.315.11.11.01.05.nwb")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "none of the 1 sweeps was recorded in current clamp" in result.stderr
    assert "EXTPSMOKET180424" in result.stderr


@pytest.mark.parametrize("name", [*RECORDINGS, "H18.03.315.11.11.01.05.nwb"])
def test_sweeps_are_listed(shared, name):
    result = run("sweeps", shared / "recordings" / "nwb" / name, "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == RECORDINGS.get(name, 1)
