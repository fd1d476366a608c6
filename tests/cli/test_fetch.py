"""allentk fetch."""

import json

import pytest


def test_files_are_listed(run, cells, tmp_path):
    result = run("fetch", "--demo", "485909730", "--what", "glif, sweeps", "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [row["what"] for row in rows] == ["glif", "sweeps"]
    assert rows[0]["bytes"] == 5
    assert rows[0]["path"] == str(tmp_path / "file")
    assert "2 files of 1 cell." in result.stderr


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_cell_that_fails_costs_that_cell(run, cells, jobs):
    result = run("fetch", "--demo", "7", "485909730", "8", "--csv", "--jobs", jobs)
    assert result.exit_code == 1
    assert result.stdout.count("485909730") == 1
    assert "Error: cell 7: there is no cell 7" in result.stderr
    assert result.stderr.endswith("Error: 2 of 3 cells not fetched: 7, 8\n")


def test_an_unknown_kind(run, cells):
    result = run("fetch", "--demo", "485909730", "--what", "sweeps,everything")
    assert result.exit_code == 2
    assert "expected some of sweeps, morphology, glif, sweep_table" in result.stderr


def test_an_id_is_a_number(run):
    assert run("fetch", "cell.nwb").exit_code == 2


def test_a_morphology_may_be_missing_where_nobody_asked_for_it(run, cells):
    result = run("fetch", "--demo", "485909730", "--csv")
    assert result.exit_code == 0
    assert [line.split(",")[1] for line in result.stdout.splitlines()] == ["what", "sweeps"]
    assert "Note: no reconstruction" in result.stderr


def test_a_morphology_that_was_asked_for_is_missed(run, cells):
    result = run("fetch", "--demo", "485909730", "--what", "sweeps,morphology", "--csv")
    assert result.exit_code == 1
    assert "sweeps" in result.stdout
    assert result.stderr.endswith("1 of 1 cell not fetched: 485909730\n")


def test_where_nothing_came_there_is_no_table(run, cells):
    assert run("fetch", "--demo", "7").stdout == ""
    assert json.loads(run("fetch", "--demo", "7", "--json").stdout) == []
