"""The page of several models."""

import io

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import Benchmark, Reference, compare
from allentk.errors import DataError
from allentk.report import figures, write_comparison
from tests.report.test_write_report import decoded, read


@pytest.fixture(scope="module")
def comparison():
    rng = np.random.default_rng(1)

    def cells(scale, n=60):
        return pd.DataFrame(
            {
                "population": np.repeat(["L4 Exc", "L4 PV"], n),
                "peak_rate_hz": scale * rng.gamma(2.0, 5.0, 2 * n),
                "osi_vector": rng.uniform(0, 1, 2 * n),
            }
        )

    reference = Reference.from_table(
        cells(1.0, 90), title="Made-up data", source="nowhere", draws=5
    )
    benchmark = Benchmark(reference=reference, bootstrap=40)
    return compare({"near <i>": cells(1.0), "far": cells(5.0)}, benchmark)


@pytest.fixture(scope="module")
def page(comparison, tmp_path_factory):
    return read(comparison.to_html(tmp_path_factory.mktemp("page") / "c.html"))


def test_the_summary_says_which_is_closer(page, comparison):
    judged = comparison.differences[comparison.differences["scored"]]
    near = int((judged["better"] == "near <i>").sum())
    assert near >= 2
    assert f"near <i> is closer to the data in {near}" in page.text
    assert page.titles[0] == "Summary"
    for row in comparison.table.to_dict("records"):
        assert f"{row['S']:.2f}" in page.text


def test_figures_have_texts_and_names_are_text(page):
    assert len(page.of("img")) == 3
    assert all(len(attrs["alt"]) > 40 for attrs in page.of("img"))
    assert not page.of("i")
    assert page.open == []


def test_the_tables_are_the_comparisons(page, comparison):
    saved = {a["download"]: a["href"] for a in page.of("a") if "download" in a}
    found = pd.read_csv(io.BytesIO(decoded(saved["differences.csv"])), keep_default_na=False)
    np.testing.assert_allclose(
        found["difference"], comparison.differences["difference"], rtol=1e-12
    )
    assert "cells_near__i_.csv" in saved


def test_what_cannot_be_compared_is_said(comparison, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "_svg", lambda _: b"<svg/>")
    few = {name: of.model_table.head(3) for name, of in comparison.results.items()}
    found = compare(few, Benchmark(reference=comparison.reference, bootstrap=5))
    text = read(write_comparison(found, tmp_path / "c.html")).text
    assert "no class could be compared" in text
    assert "not compared, " in text


def test_a_folder_is_no_file(comparison, tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        write_comparison(comparison, tmp_path)
