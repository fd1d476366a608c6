"""The page: what is in it, what must not be in it, and how it is written."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import Benchmark
from allentk.data import SweepSet
from allentk.errors import DataError
from allentk.report import figures, html, write_report
from tests.report.conftest import cell_page, recording

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """Tags with their attributes, texts by tag, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts = [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.handle_data(" ")

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def titles(self):
        return [re.sub(r"^\d+", "", text.strip()).strip() for text in self.texts["h2"]]

    @property
    def text(self):
        return " ".join(self.texts["body"][0].split())


def read(path):
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are made, but not drawn: for tests of the text."""
    monkeypatch.setattr(figures, "_svg", lambda _: b"<svg/>")


@pytest.fixture(scope="module")
def full(result, cell, network, observatory, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "made" / "report.html"
    provenance = {"sources": {"cells": "a demo"}, "licence": "BSD-3-Clause", "made": "today"}
    given = {"cells": [cell], "network": network, "observatory": observatory}
    assert write_report(result, path, **given, provenance=provenance) == path
    return path


def test_the_sections_in_order(full):
    assert read(full).titles == [
        "Summary",
        "Cells",
        "Features against published ranges",
        "Fits",
        "Network",
        "Observatory session",
        "Model against Observatory",
        "Tables to download",
        "Provenance",
    ]


def test_the_contents_lead_to_the_sections(full):
    page = read(full)
    there = [attrs["id"] for attrs in page.of("section")]
    assert [attrs["href"] for attrs in page.of("a")][: len(there)] == [f"#{name}" for name in there]
    assert page.open == []


def test_nothing_is_loaded_from_outside(full):
    page = read(full)
    names = {name for name, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base", "video"}
    assert all(attrs["src"].startswith("data:image/") for attrs in page.of("img"))
    saved = [attrs for attrs in page.of("a") if "download" in attrs]
    assert all(attrs["href"].startswith("data:") for attrs in saved)
    links = [
        attrs["href"] for attrs in page.of("a") if not attrs["href"].startswith(("#", "data:"))
    ]
    assert links
    assert all(link.startswith("https://doi.org/") for link in links)
    style = "".join(page.texts["style"])
    assert "url(" not in style
    assert "@import" not in style
    policy = next(m for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert page.tags[2] == ("meta", {"charset": "utf-8"})


def test_every_image_has_a_text_and_every_table_a_caption(full):
    page = read(full)
    assert len(page.of("img")) >= 10
    assert all(len(attrs["alt"]) > 20 for attrs in page.of("img"))
    assert len(page.of("caption")) == len(page.of("table")) >= 10
    assert all(text.strip() for text in page.texts["caption"])


def test_what_is_synthetic_is_said(full):
    page = read(full)
    banner = next(text for text in page.texts["div"] if "SYNTHETIC" in text)
    assert "SYNTHETIC-cell" in banner
    assert "Observatory session 555" in banner
    assert "SYNTHETIC" in page.texts["title"][0]
    headings = [text for text in page.texts["h3"] if "synthetic" in text]
    assert [h.split()[0] for h in headings] == ["SYNTHETIC-cell", "SYNTHETIC-cell", "Session"]


def test_what_is_recorded_is_not_called_synthetic(undrawn, result, tmp_path):
    page = cell_page(name="a cell", sweeps=recording(), fits={}, published={})
    text = write_report(result, tmp_path / "r.html", cells=[page]).read_text(encoding="utf-8")
    assert "none is marked as synthetic" in text
    assert "SYNTHETIC" not in text
    assert 'class="banner"' not in text


@pytest.mark.parametrize("said", ["the network", ["the network"], True])
def test_the_provenance_may_say_what_is_synthetic(undrawn, result, tmp_path, said):
    path = write_report(result, tmp_path / "r.html", provenance={"synthetic": said})
    banner = next(text for text in read(path).texts["div"] if "SYNTHETIC" in text)
    assert ("the network" if said is not True else "as its provenance says") in banner


def test_numbers_of_the_parts_are_there(full, network, result):
    text = read(full).text
    assert "26 cells in 2 populations" in text
    assert "4321" in text  # seed of the simulation
    assert "GLIF3 0.66 0.77 0.80 40.0 44.5 2 400 7 budget" in text
    assert "budget: the evaluations were used up" in text
    assert "BSD-3-Clause" in text
    assert "today" in text
    assert "cell.nwb" in text
    assert "/somewhere" not in text
    row = result.table[result.table["scored"]].iloc[0]
    assert f"{row['S']:.2f}" in text
    assert "published GLIF3" in text


def test_classes_that_are_too_small_are_unscored(full):
    page = read(full)
    assert "L4 PV has too few cells to be scored." in page.text
    assert "L4 PV: unscored, the model has 6 cells, fewer than 15." in page.text
    (fold,) = page.texts["details"]
    assert "L4 SST" in fold
    assert "unscored: the model has no such cells" in fold


def test_only_a_result(undrawn, result, tmp_path):
    page = read(result.to_html(tmp_path / "r.html"))
    assert page.titles == [
        "Summary",
        "Model against Observatory",
        "Tables to download",
        "Provenance",
    ]
    assert len(page.of("img")) == 3


def test_only_cells(undrawn, tmp_path):
    page = read(write_report(None, tmp_path / "r.html", cells=[cell_page(fits={}, scores={})]))
    assert page.titles == ["Summary", "Cells", "Features against published ranges", "Provenance"]
    assert "were not fitted" not in page.text


def test_only_network_or_observatory(undrawn, network, observatory, tmp_path):
    first = read(write_report(None, tmp_path / "n.html", network=network))
    assert first.titles == ["Summary", "Network", "Provenance"]
    second = read(write_report(None, tmp_path / "o.html", observatory=observatory, title="A title"))
    assert second.titles == ["Summary", "Observatory session", "Provenance"]
    assert second.texts["h1"] == ["A title"]


def test_a_network_without_gratings(undrawn, network, tmp_path):
    blind = replace(network.response, presentations=None, nodes={}, provenance={})
    table = pd.DataFrame({"population": ["e4"], "n_cells": [20]})
    page = replace(network, network_summary=table, response=blind)
    text = read(write_report(None, tmp_path / "n.html", network=page)).text
    assert "Populations and edges" in text
    assert "Tuning" not in text


def test_hostile_names_are_text(result, network, tmp_path):
    bad = "<script>alert(1)</script>\"'$\\frac$"
    page = cell_page(name=bad, dendrite_type=bad)
    named = network.metrics.assign(population=bad)
    shown = replace(
        network, network_summary={bad: network.metrics.head(1)[["cell"]], "x": bad}, metrics=named
    )
    path = write_report(
        result,
        tmp_path / "r.html",
        cells=[page],
        network=shown,
        provenance={bad: bad, "synthetic": bad},
        title=bad,
    )
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    parsed = read(path)
    assert parsed.texts["h1"] == [bad]
    assert any(bad in attrs["alt"] for attrs in parsed.of("img"))


def test_fits_without_a_holdout_say_so(undrawn, tmp_path):
    whole = recording()
    sweeps = SweepSet([s for s in whole if s.stimulus != "Noise 2"], metadata={"synthetic": True})
    page = cell_page(sweeps=sweeps)
    text = read(write_report(None, tmp_path / "r.html", cells=[page])).text
    assert "No stimulus was held out for SYNTHETIC-cell" in text
    assert "were not fitted to, the models" not in text


def test_a_result_without_any_score(undrawn, network, tmp_path):
    few = network.metrics.head(3)
    result = Benchmark().score(few)
    text = read(write_report(result, tmp_path / "r.html")).text
    assert "L4 Exc has too few cells to be scored." in text
    assert "Best:" not in text


def test_a_metric_the_model_lacks_is_named(undrawn, network, tmp_path):
    cells = network.metrics.drop(columns="spontaneous_rate_hz")
    text = read(write_report(Benchmark().score(cells), tmp_path / "r.html")).text
    assert "Spontaneous rate (Hz): unscored, the model's table has no column" in text


def test_data_of_few_cells_have_no_ceiling(undrawn, tmp_path):
    cells = pd.DataFrame({"population": "L5 SST", "peak_rate_hz": np.linspace(0, 20, 30)})
    text = read(write_report(Benchmark().score(cells), tmp_path / "r.html")).text
    assert "L5 SST has too few cells in the data to say." in text
    assert "no ceiling" in text
    assert not re.search(r"\bnan\b", text)


def test_several_dendrite_types_and_no_name_of_a_session(undrawn, observatory, tmp_path):
    pages = [cell_page(name="a"), cell_page(name="b", dendrite_type="aspiny", published={})]
    named = replace(observatory, session="SYNTHETIC session of a test")
    text = read(write_report(None, tmp_path / "r.html", cells=pages, observatory=named)).text
    assert "Aspiny cells beside the published range" in text
    assert "the Observatory session SYNTHETIC session of a test" in text
    nameless = replace(observatory, session={"synthetic": False})
    text = read(write_report(None, tmp_path / "r.html", observatory=nameless)).text
    assert "Session session" in text
    assert "Made up" not in text


def test_quiet_cells_are_counted(undrawn, network, tmp_path):
    cells = network.metrics.assign(peak_rate_hz=0.1, osi_vector=[np.nan, *[0.5] * 25])
    text = read(write_report(Benchmark().score(cells), tmp_path / "r.html")).text
    assert "19 cells too quiet for selectivity" in text
    assert "1 cell without a value" in text


def test_pages_tell_what_they_hold(cell, network, observatory):
    assert repr(cell) == "<CellPage SYNTHETIC-cell: 7 sweeps, GLIF levels [3]>"
    assert repr(network).startswith("<NetworkPage: <NetworkResponse: 2 populations")
    assert repr(observatory).startswith("<ObservatoryPage 555: <Traces: dF/F of 3 cells")


def test_nothing_to_report(tmp_path):
    with pytest.raises(DataError, match="nothing to report"):
        write_report(None, tmp_path / "r.html")


def test_a_folder_is_no_file(result, tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        write_report(result, tmp_path)


def test_an_error_leaves_the_old_file_and_nothing_else(undrawn, result, tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("old")

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(html.Path, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write_report(result, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.html"]
    assert path.read_text() == "old"


def test_the_same_input_gives_the_same_page(result, tmp_path):
    paths = [
        write_report(result, tmp_path / f"{k}.html", provenance={"made": "now"}) for k in (1, 2)
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_mode & 0o777 != 0o600


def test_the_tables_in_the_page_are_the_results(undrawn, result, tmp_path):
    page = read(write_report(result, tmp_path / "r.html"))
    saved = {attrs["download"]: attrs["href"] for attrs in page.of("a") if "download" in attrs}
    assert sorted(saved) == ["model_cells.csv", "reference.csv", "scores.csv", "scores.json"]
    scores = pd.read_csv(io.BytesIO(decoded(saved["scores.csv"])), keep_default_na=False)
    assert scores["population"].tolist() == result.table["population"].tolist()
    of = pd.to_numeric(scores["S"], errors="coerce").to_numpy()
    np.testing.assert_array_equal(of, result.table["S"].to_numpy(float))
    cells = pd.read_csv(io.BytesIO(decoded(saved["model_cells.csv"])))
    np.testing.assert_array_equal(cells["peak_rate_hz"], result.model_table["peak_rate_hz"])
    document = json.loads(decoded(saved["scores.json"]))
    assert document["reference"]["title"] == "Made-up reference"
    assert document["scores"][0]["S"] == pytest.approx(result.table["S"].iloc[0])


def decoded(uri):
    assert uri.startswith("data:")
    return base64.b64decode(uri.partition(";base64,")[2])


def test_the_response_that_was_scored_is_drawn(undrawn, network, tmp_path):
    result = Benchmark().score(network.response)
    page = read(result.to_html(tmp_path / "r.html"))
    assert page.titles[:2] == ["Summary", "Network"]
    assert any("Spikes of e4 and i4" in attrs["alt"] for attrs in page.of("img"))


def test_the_summary_says_ceiling_and_noise(undrawn, network, tmp_path):
    result = Benchmark().score(pd.concat([network.metrics] * 3))
    text = read(result.to_html(tmp_path / "r.html")).text
    judged = result.table[result.table["scored"] & result.table["ceiling"].notna()]
    judged = judged[judged["population"].isin(network.metrics["population"])]
    within = int((judged["ks"] <= judged["noise_floor"]).sum())
    assert f"{within} of {len(judged)} scores lie within that noise" in text
    assert f"at least {1 - judged['noise_floor'].max():.2f} (the noise floor" in text


def test_models_of_synthetic_recordings_are_said(undrawn, network, tmp_path):
    result = Benchmark().score(network.metrics.assign(synthetic=True))
    text = read(result.to_html(tmp_path / "r.html")).text
    assert "fitted to synthetic recordings" in text
