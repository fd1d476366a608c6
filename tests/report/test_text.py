"""Numbers, names and tables for people."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.report.text import (
    counted,
    fixed,
    frame_table,
    header,
    listed,
    metric_name,
    metric_title,
    number,
    shown,
    table_of_facts,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123456, "0.0123"),
        (-77.051, "−77.1"),
        (1234.5, "1,234"),
        (1200, "1,200"),
        (np.int64(7), "7"),
        (np.float64(2.0), "2.00"),
        (0.0, "0"),
        (1.5e-7, "1.50e−07"),
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        ("text", "text"),
    ],
)
def test_number(value, text):
    assert number(value) == text


def test_fixed_has_no_negative_zero():
    assert fixed(-0.0001, 3) == "0.000"
    assert fixed(-1.25, 1) == "−1.2"
    assert fixed(math.nan, 2) == "–"


def test_words():
    assert counted(1, "cell") == "1 cell"
    assert counted(2000, "class", "classes") == "2,000 classes"
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", 3]) == "a, b and 3"


def test_names_of_columns_and_metrics():
    assert header("median_weight_pa") == "median weight (pA)"
    assert header("n_edges") == "edges"
    assert header("s") == "s"
    assert metric_name("osi_vector") == "OSI (vector)"
    assert metric_name("fano_hz") == "fano (Hz)"
    assert metric_name("fano_hz", unit=False) == "fano"
    assert metric_title("peak_rate_hz") == "Peak rate (Hz)"
    assert metric_title("dsi_pair") == "Direction selectivity, DSI (pair)"
    assert metric_title("fano") == "Fano"


def test_values_of_any_kind():
    assert shown({"a": [1, 2.50, None], "b": True}) == "a: 1, 2.5, –; b: yes"
    assert shown(100.0) == "100"
    assert shown(123456.7) == "123,457"
    assert shown(False) == "no"


def test_a_frame_has_its_text_first_and_its_rest_counted():
    frame = pd.DataFrame({"n_cells": [1200, 5], "name": ["a", None], "mean_rate_hz": [1.234, 20.0]})
    table = frame_table(frame, "Cells", note="A note.", max_rows=1)
    assert table.columns == ("name", "cells", "mean rate (Hz)")
    assert table.n_text == 1
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "1,200", "1.23"]]
    assert table.note == "A note. The first 1 of 2 rows."


def test_facts_have_no_header():
    table = table_of_facts("Facts", {"wall_s": 1.5, "engine": "x"})
    assert not any(table.columns)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["wall (s)", "1.5"],
        ["engine", "x"],
    ]


def test_what_is_missing_is_a_dash():
    frame = pd.DataFrame({"n_cells": pd.array([1, pd.NA], dtype="Int64"), "good": [np.True_, None]})
    rows = [[cell.text for cell in row] for row in frame_table(frame, "Cells").rows]
    assert rows == [["yes", "1"], ["–", "–"]]
    assert (number(pd.NA), shown(pd.NaT), shown({"a": pd.NA})) == ("–", "–", "a: –")
