"""allentk observatory, on the demo's synthetic session."""

import json

import pandas as pd
import pytest

from allentk.api import demo
from allentk.responses import drifting_gratings

SESSION = "900100001"
BY = ("--definition", "trial-mean", "--stimulus", "drifting_gratings")


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return demo(cache_dir=tmp_path_factory.mktemp("cache")).observatory.session(int(SESSION))


@pytest.fixture
def observatory(run, tmp_path):
    """Run a verb on the demo with a cache of its own."""

    def ran(verb, *arguments):
        return run("observatory", verb, "--demo", *arguments, "--cache-dir", tmp_path / "cache")

    return ran


def test_sessions_and_cells_are_the_services(observatory, tmp_path):
    service = demo(cache_dir=tmp_path / "cache").observatory
    rows = json.loads(observatory("sessions", "--json").stdout)
    assert [row["id"] for row in rows] == service.sessions()["id"].tolist()
    assert all(row["synthetic"] is True for row in rows)
    cells = json.loads(observatory("cells", "--cell", "900200003", "--json").stdout)
    (cell,) = cells
    expected = service.cell_metrics(cell_specimen_id=900200003).iloc[0]
    assert cell["osi_dg"] == pytest.approx(expected["osi_dg"])
    assert cell["synthetic"] is True


def test_a_filter_that_nothing_meets_says_what_there_is(observatory):
    result = observatory("sessions", "--area", "VISx")
    assert result.exit_code == 1
    assert "VISp" in result.stderr
    assert (
        observatory("sessions", "--area", "VISp", "--stimulus", "drifting_gratings").exit_code == 0
    )


def test_metrics_are_the_librarys(observatory, session, tmp_path):
    out = tmp_path / "table.csv"
    result = observatory("metrics", SESSION, *BY, "--out", out, "--csv")
    assert result.exit_code == 0, result.stderr
    assert "SYNTHETIC" in result.stderr
    table = pd.read_csv(out)
    assert result.stdout == out.read_text()
    assert table["synthetic"].all()
    expected = drifting_gratings(session.dff(), session.stimulus_table("drifting_gratings"))
    assert table["cell"].tolist() == expected["cell"].tolist()
    for name in ("osi_vector", "peak_response", "preferred_direction_deg"):
        assert table[f"{name}_dg"].to_numpy() == pytest.approx(expected[name].to_numpy())


def test_metrics_to_read_are_quartiles(observatory):
    result = observatory("metrics", SESSION, *BY)
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["stimulus", "metric", "cells", "q25", "median", "q75"]
    assert any("osi_vector" in row for row in rows)


def test_a_file_needs_no_service(run, session, tmp_path):
    result = run("observatory", "metrics", session.path, *BY, "--json")
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)) == 40


def test_a_stimulus_that_was_not_shown(observatory):
    result = observatory("metrics", SESSION, "--stimulus", "natural_scenes")
    assert result.exit_code == 1
    assert "no stimulus 'natural_scenes', which was not shown; shown were drifting" in result.stderr


def test_events_of_a_file_are_asked_for(run, session):
    result = run("observatory", "metrics", session.path, "--definition", "paper2020")
    assert result.exit_code == 1
    assert "--events FILE" in result.stderr


def test_an_ending_that_cannot_be_written(observatory):
    result = observatory("metrics", SESSION, *BY, "--out", "table.xlsx")
    assert result.exit_code == 1
    assert ".csv, .json, .parquet" in result.stderr


def test_a_page_of_cells(observatory, tmp_path):
    out = tmp_path / "page.html"
    result = observatory("plot", SESSION, *BY, "--cell", "900200002", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{out}\n"
    text = out.read_text()
    assert "Cell 900200002" in text
    assert "SYNTHETIC" in text
    assert "Cell 900200003" not in text


def test_an_unknown_cell(observatory, tmp_path):
    result = observatory("plot", SESSION, *BY, "--cell", "5", "--out", tmp_path / "page.html")
    assert result.exit_code == 1
    assert "no cell 5; the 40 cells begin with 900200000" in result.stderr
    assert not (tmp_path / "page.html").exists()
