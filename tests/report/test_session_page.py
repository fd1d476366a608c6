"""Pages of a session's cells: what is drawn against loops, and what the page says."""

# ruff: noqa: PD011 (traces are no table)

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.report import SessionPage, figures, write_session_report
from allentk.report.response_maps import conditions_of, field_maps, movie_trials, trials_of
from allentk.responses.definition import Metric
from tests.report.test_write_report import decoded, read

FRAME_S = 0.1


def shown(stimulus, rows, *, start_s=0.0, duration_s=0.5, gap_s=0.5):
    """Return presentations one after another."""
    table = pd.DataFrame(rows)
    table["start_s"] = start_s + np.arange(len(table)) * (duration_s + gap_s)
    table["stop_s"] = table["start_s"] + duration_s
    table["stimulus"] = (
        np.where(table.pop("blank"), "blank", stimulus) if "blank" in table else stimulus
    )
    return StimulusTable(table)


@pytest.fixture(scope="module")
def page():
    rng = np.random.default_rng(3)
    static = [
        {"orientation_deg": o, "spatial_frequency_cpd": f, "phase": p}
        for o in (0.0, 30, 60)
        for f in (0.02, 0.04)
        for p in (0.0, 0.5)
        for _ in range(2)
    ]
    scenes = [{"frame": float(k)} for k in (-1, 0, 1, 2) for _ in range(3)]
    movie = [{"frame": float(k)} for _ in range(3) for k in range(5)]
    noise = [{"frame": float(k)} for k in range(20)]
    start = 0.0
    stimuli = {}
    for name, rows, gap in (
        ("static_gratings", static, 0.5),
        ("natural_scenes", scenes, 0.5),
        ("natural_movie_one", movie, 0.0),
        ("locally_sparse_noise", noise, 0.5),
        ("spontaneous", [{}], 0.0),
    ):
        rows = rows if rows != [{}] else pd.DataFrame(index=[0])
        table = shown(
            name, rows, start_s=start, duration_s=5.0 if name == "spontaneous" else 0.5, gap_s=gap
        )
        stimuli[name] = table
        start = table.duration_s + 1.0
    time = np.arange(0.0, start + 1, FRAME_S)
    values = rng.normal(0, 0.01, (2, time.size)).astype(np.float32)
    template = rng.choice([0, 127, 255], (20, 4, 6)).astype(np.uint8)
    traces = Traces(values, time, [11, 12])
    metrics = pd.DataFrame(
        {"cell": [11, 12], "osi_vector": [0.25, np.nan], "notes": ["", "no variance"]}
    )
    metric = Metric(
        "static_gratings", "osi_vector", "warehouse", "1", "one minus x", source="a paper"
    )
    return SessionPage(
        {"session_id": 777, "synthetic": True, "donor": "<b>x</b>"},
        "warehouse",
        "corrected fluorescence",
        traces,
        stimuli,
        {"static_gratings": metrics},
        metrics.add_suffix("_sg"),
        (11, 12),
        {"static_gratings": {"osi_vector": metric}},
        {"locally_sparse_noise": template},
        {"spontaneous": "no such metrics"},
        ("static_gratings: 1 presentation left out",),
    )


@pytest.fixture(scope="module")
def written(page, tmp_path_factory):
    return read(write_session_report(page, tmp_path_factory.mktemp("page") / "cells.html"))


def test_means_of_conditions_are_those_of_a_loop(page):
    table = page.stimuli["static_gratings"]
    of = conditions_of(page.traces, table, "static_gratings", 11)
    assert len(of.table) == 12
    means = []
    for row in of.table.to_dict("records"):
        same = table.table[
            (table.table["orientation_deg"] == row["orientation_deg"])
            & (table.table["spatial_frequency_cpd"] == row["spatial_frequency_cpd"])
            & (table.table["phase"] == row["phase"])
        ]
        trials = [
            page.traces.values[
                0, (page.traces.time_s >= a - 1e-7) & (page.traces.time_s < b - 1e-7)
            ].mean()
            for a, b in same[["start_s", "stop_s"]].to_numpy()
        ]
        means.append(np.mean(trials))
    np.testing.assert_allclose(of.table["mean"], means, rtol=1e-5)
    best = of.table.loc[int(np.argmax(means))]
    rows = table.table.iloc[of.best]
    assert set(rows["orientation_deg"]) == {best["orientation_deg"]}
    assert len(rows) == 2
    x, y, grid = of.grid()
    assert (x.tolist(), y.tolist()) == ([0, 30, 60], [0.02, 0.04])
    assert grid.shape == (2, 3)
    assert np.nanmax(grid) == pytest.approx(max(means))


def test_blanks_are_no_image(page):
    of = conditions_of(page.traces, page.stimuli["natural_scenes"], "natural_scenes", 12)
    assert sorted(of.table["frame"]) == [0, 1, 2]
    assert np.isfinite(of.blank)
    assert of.label.startswith("image ")


def test_maps_are_those_of_a_loop(page):
    table, template = page.stimuli["locally_sparse_noise"], page.templates["locally_sparse_noise"]
    white, black, best, label = field_maps(page.traces, table, template, 11)
    responses = [
        page.traces.values[
            0, (page.traces.time_s >= a - 1e-7) & (page.traces.time_s < b - 1e-7)
        ].mean()
        for a, b in table.intervals_s
    ]
    for y in range(4):
        for x in range(6):
            for gray, found in ((255, white), (0, black)):
                at = [
                    r for r, frame in zip(responses, template, strict=True) if frame[y, x] == gray
                ]
                expected = np.mean(at) if at else np.nan
                assert found[y, x] == pytest.approx(expected, rel=1e-4, nan_ok=True)
    kind = "white" if np.nanmax(white) >= np.nanmax(black) else "black"
    y, x = np.unravel_index(np.nanargmax({"white": white, "black": black}[kind]), white.shape)
    assert label == f"{kind} at row {y}, column {x}"
    assert (template[best, y, x] == (255 if kind == "white" else 0)).all()


def test_a_frame_that_the_template_lacks(page):
    template = page.templates["locally_sparse_noise"][:5]
    with pytest.raises(DataError, match=r"frames 0 to 19, its template 0 to 4"):
        field_maps(page.traces, page.stimuli["locally_sparse_noise"], template, 11)


def test_showings_of_a_movie(page):
    table = page.stimuli["natural_movie_one"]
    trials = movie_trials(page.traces, table, 11)
    assert trials.values.shape == (3, 26)
    assert trials.duration_s == pytest.approx(2.5)
    first = int(np.searchsorted(page.traces.time_s, table.intervals_s[0, 0] - 1e-7))
    np.testing.assert_array_equal(trials.values[0], page.traces.values[0, first : first + 26])


def test_frames_outside_the_recording_are_missing(page):
    trials = trials_of(page.traces, np.array([0.0]), 11, duration_s=0.5, before_s=0.3, after_s=0.2)
    assert np.isnan(trials.values[0, :3]).all()
    assert np.isfinite(trials.values[0, 3:]).all()
    assert np.isnan(trials.mean[:3]).all()


def test_the_page(written, page):
    assert written.titles == [
        "Summary",
        "Cell 11",
        "Cell 12",
        "Tables to download",
        "Provenance and definitions",
    ]
    assert len(written.of("img")) == 10
    assert all(len(attrs["alt"]) > 40 for attrs in written.of("img"))
    assert "SYNTHETIC" in written.texts["title"][0]
    assert sum("synthetic" in text for text in written.texts["h3"]) == 10
    assert "measured by the definition “warehouse” of corrected fluorescence" in written.text
    assert "Not measured: Spontaneous (no such metrics)." in written.text
    assert "1 presentation left out" in written.text
    assert "One minus x" in written.text
    assert "a paper" in written.text
    assert "No variance" in written.text
    assert not written.of("b")
    assert not written.of("script")


def test_the_table_in_the_page(written, page):
    saved = {a["download"]: a["href"] for a in written.of("a") if "download" in a}
    document = json.loads(decoded(saved["session_777_warehouse_metrics.json"]))
    assert document["synthetic"] is True
    assert document["cells"][1] == {"cell_sg": 12, "osi_vector_sg": None, "notes_sg": "no variance"}


def test_a_stimulus_that_cannot_be_drawn_costs_that_figure(page, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "_svg", lambda _: b"<svg/>")
    late = replace(
        page, traces=Traces(page.traces.values[:, :50], page.traces.time_s[:50], [11, 12])
    )
    text = read(write_session_report(late, tmp_path / "c.html")).text
    assert "Not drawn: " in text


def test_no_cell_and_a_folder(page, tmp_path):
    with pytest.raises(DataError, match="no cell 99 among the traces"):
        write_session_report(replace(page, cells=(99,)), tmp_path / "c.html")
    with pytest.raises(DataError, match="is a folder"):
        write_session_report(page, tmp_path)
