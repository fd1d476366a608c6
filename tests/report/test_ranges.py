"""Published ranges: the file that comes with the package, and the script that makes it."""

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError
from allentk.features import CELL_COLUMNS
from allentk.report.cells import cells_section, feature_places, features_section, value_of
from allentk.report.ranges import FEATURES, Range, Ranges, load_ranges
from tests.report.conftest import cell_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def maker():
    path = ROOT / "benchmarks" / "make_published_ranges.py"
    spec = importlib.util.spec_from_file_location("make_published_ranges", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_whole():
    ranges = load_ranges()
    assert set(FEATURES) <= set(CELL_COLUMNS)
    assert ranges.n_cells == {"aspiny": 921, "sparsely spiny": 107, "spiny": 892}
    for kind, of in ranges.of.items():
        assert list(of) == list(FEATURES)
        for values in of.values():
            assert values.q05 < values.q50 < values.q95
            assert 50 <= values.n <= ranges.n_cells[kind]
    assert "Allen Institute" in ranges.license
    assert ranges.source


def test_fast_cells_and_pyramids_differ_as_known():
    # Aspiny cells have shorter time constants and more symmetric spikes (Gouwens et al. 2019).
    of = load_ranges().of
    assert of["aspiny"]["tau"].q50 < of["spiny"]["tau"].q50
    ratio = "upstroke_downstroke_ratio_long_square"
    assert of["aspiny"][ratio].q50 < of["spiny"][ratio].q50


def test_places():
    of = Range(100, -80.0, -70.0, -60.0)
    assert [of.place(x) for x in (-80.1, -80.0, -60.0, -59.9, math.nan)] == [
        "below",
        "in range",
        "in range",
        "above",
        "",
    ]


def test_another_format_is_refused():
    with pytest.raises(DataError, match="expected the format"):
        Ranges.from_dict({"format": "else"})


def test_the_script_takes_quantiles_of_mouse_cells(maker):
    n = 60
    rng = np.random.default_rng(0)
    ephys = pd.DataFrame({name: rng.normal(50, 5, 2 * n + 2) for name in FEATURES})
    ephys.loc[0, "tau"] = math.nan
    ephys["specimen_id"] = np.arange(len(ephys))
    specimens = pd.DataFrame(
        {
            "specimen__id": ephys["specimen_id"],
            "donor__species": ["Mus musculus"] * n + ["Homo Sapiens"] * n + ["Mus musculus"] * 2,
            "tag__dendrite_type": ["spiny"] * 2 * n + ["aspiny"] * 2,
        }
    )
    content = maker.make(ephys, specimens)
    assert list(content["dendrite_types"]) == ["spiny"]
    expected = np.quantile(ephys["tau"][1:n], [0.05, 0.5, 0.95])
    made = content["dendrite_types"]["spiny"]["features"]["tau"]
    assert made["n"] == n - 1
    assert [made["q05"], made["q50"], made["q95"]] == pytest.approx(expected, rel=1e-3)
    assert json.loads(maker.dumps(content)) == content
    assert Ranges.from_dict(content).n_cells == {"spiny": n}


def test_the_table_marks_what_is_outside():
    page = cell_page(
        features=pd.Series({"vrest": -75.0, "tau": 500.0, "sag": -0.5, "ri": None}, dtype=object)
    )
    assert math.isnan(value_of(page, "ri"))
    assert math.isnan(value_of(page, "latency"))
    assert feature_places([page]) == (1, 3)
    table = features_section([page]).blocks[-1]
    rows = {row[0].text: row for row in table.rows}
    assert table.columns[-1] == "SYNTHETIC-cell"
    assert (rows["resting potential (mV)"][2].text, rows["resting potential (mV)"][2].mark) == (
        "−75.0",
        "good",
    )
    assert rows["time constant (ms)"][2].text == "500.0\u00a0↑"
    assert rows["sag (fraction)"][2].text == "−0.500\u00a0↓"
    assert rows["sag (fraction)"][2].mark == "bad"
    assert rows["latency (s)"][2].text == "–"
    spiny = load_ranges().of["spiny"]["vrest"]
    assert f"{spiny.q50:.1f}".replace("-", "−") in rows["resting potential (mV)"][1].text


def test_cells_of_unknown_type_are_shown_without_a_range():
    pages = [cell_page(dendrite_type="")]
    blocks = features_section(pages).blocks
    assert "1 cell of unknown dendrite type cannot be compared." in blocks[0].text
    assert blocks[-1].caption == "Cells without a range"
    assert len(blocks) == 2
    assert feature_places(pages) == (0, 0)


def test_many_cells_are_spread_over_tables():
    pages = [cell_page(name=f"cell {k}") for k in range(8)]
    tables = features_section(pages).blocks[2:]
    assert [len(table.columns) for table in tables] == [8, 4]


def test_the_facts_of_a_cell():
    facts = cells_section([cell_page()]).blocks[2].text
    assert "Specimen 1 · spiny dendrites · 7 sweeps: 4 Long Square, 2 Noise 2, 1 Noise 1" in facts
