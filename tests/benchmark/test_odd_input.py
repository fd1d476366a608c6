"""Tables and references that are not as they should be: refused in words, or each cell counted once."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from allentk.benchmark import Benchmark, Distribution, Reference, compare, read_cells, text_files
from allentk.benchmark.classes import classes_of
from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import DataError, FormatError

UNITS = pd.DataFrame(
    {
        "ecephys_unit_id": range(40),
        "structure_acronym": "VISp",
        "firing_rate_dg": np.linspace(0, 8, 40),
        "f1_f0_dg": np.linspace(0, 2, 40),
    }
)


def cells(n=40, **more):
    rates = {"peak_rate_hz": np.linspace(0, 20, n)}
    return pd.DataFrame({"population": ["L4 Exc"] * n, **rates, **more})


def changed(**numbers):
    """A reference in JSON of which some numbers of a class were changed."""
    content = Reference.from_table(cells(), draws=2).to_dict()
    content["classes"]["L4 Exc"]["peak_rate_hz"].update(numbers)
    return json.loads(json.dumps(content))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"n": float("inf")}, "n must be a number of cells"),
        ({"n": -3}, "n must be a number of cells"),
        ({"n": 10**12}, "n must be a number of cells"),  # as many would be drawn for each interval
        ({"n": 15.5}, "n must be a number of cells"),
        ({"ceiling": 0.0}, "ceiling must lie in"),  # S is divided by it
        ({"noise_floor": 2.0}, "noise_floor must lie in"),
        ({"quantiles": [[0.0, 1.0], [1.0, 2.0]]}, "in one line"),
    ],
)
def test_numbers_of_a_reference_that_cannot_be(numbers, words):
    with pytest.raises(DataError, match=words):
        Reference.from_dict(changed(**numbers))


def test_a_whole_number_of_cells_may_be_a_float():
    back = Reference.from_dict(changed(n=40.0)).distributions["L4 Exc"]["peak_rate_hz"]
    assert (back.n, type(back.n)) == (40, int)
    assert Distribution.from_published([1, 2, 3], [0.25, 0.5, 0.75], np.float64(50)).n == 50


def test_a_metric_in_another_unit_is_refused():
    content = changed()
    content["metrics"]["peak_rate_hz"]["unit"] = "kHz"
    with pytest.raises(DataError, match="peak_rate_hz is in 'kHz', expected 'Hz'"):
        Reference.from_dict(content)


def test_a_reference_without_cells_or_metrics_is_refused():
    with pytest.raises(DataError, match="expected a metric of one class"):
        Benchmark(reference=cells().iloc[:0])
    with pytest.raises(DataError, match="no metric is asked for"):
        Benchmark(metrics=())


def test_what_a_row_says_survives_json():
    data = cells()
    data.attrs["definition"] = "trial-mean"
    reference = Reference.from_table(data, draws=2, quirks="published")
    back = Reference.from_dict(json.loads(json.dumps(reference.to_dict())))
    assert back.quirks == "published"
    of = [
        Benchmark(reference=r, bootstrap=0).score(data).table["definition"]
        for r in (reference, back)
    ]
    assert [said.tolist() for said in of] == [["trial-mean"], ["trial-mean"]]


@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(DataError, match="seed must be a whole number"):
        Benchmark(seed=seed)


def test_a_metric_named_twice_is_scored_once():
    twice = Benchmark(reference=cells(), metrics=["peak_rate_hz"] * 2)
    assert len(twice.score(cells()).table) == 1
    assert len(compare({"a": cells(), "b": cells()}, twice).differences) == 1


def test_a_column_that_is_there_twice_is_refused():
    table = cells()
    doubled = pd.concat([table, table[["peak_rate_hz"]]], axis=1)
    for ask in (Benchmark().score, read_cells, Reference.from_table):
        with pytest.raises(DataError, match="got 'peak_rate_hz' twice"):
            ask(doubled)


def test_classes_are_words_whatever_the_table_holds():
    numbered = cells().assign(population="4")
    mixed = cells().assign(population=[4] * 20 + ["4"] * 20)
    assert Benchmark(reference=numbered).score(mixed).table["n_model"].tolist() == [40]
    layers = pd.concat([cells().assign(population=layer) for layer in (23, 4, 5)])
    assert Reference.from_table(layers, draws=2).classes == ("4", "5", "23")
    unused = pd.Categorical(["L4 Exc"] * 40, categories=["L4 Exc", "granule"])
    assert Benchmark().score(cells().assign(population=unused)).notes == ()


def test_a_number_that_no_float_holds_is_told(tmp_path):
    rows = "".join(f"L4 Exc,{k}\n" for k in (*range(20), "9" * 400))
    (tmp_path / "cells.csv").write_text("population,peak_rate_hz\n" + rows)
    with pytest.raises(DataError, match=r"'peak_rate_hz', got one that is larger than any float"):
        Benchmark(reference=tmp_path / "cells.csv")


def test_large_numbers_stay_what_they_are():
    far = Benchmark(reference=cells(peak_rate_hz=1e300)).score(cells(peak_rate_hz=1e300))
    assert far.table["S"].tolist() == [1.0]


def test_files_that_are_damaged_missing_or_too_large(tmp_path, monkeypatch):
    packed = bytearray(gzip.compress(cells(5000).to_csv().encode()))
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "cells.csv.gz").write_bytes(packed)
    with pytest.raises(FormatError, match="cannot be opened"):
        read_cells(tmp_path / "cells.csv.gz")
    with pytest.raises(FormatError, match=r"AWL4Exc\.csv.*cannot be opened"):
        read_cells(tmp_path / "AWL4Exc.csv")
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(FormatError, match="in JSON"):
        Benchmark(reference=tmp_path / "deep.json")
    monkeypatch.setattr(text_files, "_MOST_BYTES", 100)
    (tmp_path / "small.csv.gz").write_bytes(gzip.compress(b"0," * 1000))
    with pytest.raises(FormatError, match="at most 100 bytes"):
        read_cells(tmp_path / "small.csv.gz")


def test_a_unit_counts_once():
    again = pd.concat([UNITS, UNITS[:5]], ignore_index=True)
    found = read_cells(again)
    assert len(found.table) == 40
    assert found.notes[0] == "left out 5 rows that repeat others"
    listed = again.assign(channels=[[1, 2]] * len(again))
    assert len(read_cells(listed).table) == 40
    other = pd.concat([UNITS, UNITS[:1].assign(firing_rate_dg=3.0)], ignore_index=True)
    with pytest.raises(DataError, match="two of ecephys_unit_id 0 with other values"):
        read_cells(other)
    nameless = again.drop(columns="ecephys_unit_id").rename(columns={"firing_rate_dg": "fano"})
    assert len(read_cells(nameless.assign(population="VISp")).table) == 45


def test_a_column_of_states_without_kinds_is_a_column():
    table = pd.DataFrame({"state": ["awake"], "awake": ["yes"]})
    assert classes_of(table, "awake").tolist() == ["yes"]


def test_a_network_is_measured_with_the_defects_of_the_tables_program():
    """F1/F0 at 1 Hz is measured at 0.5 Hz there: a cell that follows the grating has none."""
    start = 3.0 * np.arange(4)
    rows = {"start_s": start, "stop_s": start + 2, "stimulus": "drifting_gratings"}
    shown = StimulusTable(
        pd.DataFrame({**rows, "orientation_deg": [0.0, 90.0] * 2, "temporal_frequency_hz": 1.0})
    )
    once_a_cycle = SpikeTrains.from_lists([np.sort(np.r_[start + 0.5005, start + 1.5005])])
    response = NetworkResponse({"VISp": once_a_cycle}, 12.0, shown)
    benchmark = Benchmark(reference=UNITS)
    assert benchmark.measure(response)["f1_f0"][0] < 0.01
    assert "quirks='published'" in benchmark.reference.notes[-1]
    own = Reference.from_table(read_cells(UNITS).table, draws=2)
    assert Benchmark(reference=own).measure(response)["f1_f0"][0] == pytest.approx(2.0)


def test_a_distribution_of_no_cells_has_no_share():
    for none in (Distribution.from_samples([]), Distribution.from_samples([]).in_quantiles()):
        assert np.isnan(none.cdf([0.0, 1.0])).all()
    whole = Distribution.from_samples(np.arange(20.0))
    for some in (whole, whole.in_quantiles()):
        assert np.isnan(some.cdf([np.nan, 50.0])).tolist() == [True, False]
