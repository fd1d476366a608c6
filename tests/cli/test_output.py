"""Tables, CSV and JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.cli.output import Output, plain, text_table

FRAME = pd.DataFrame(
    {
        "id": [485909730, 7],
        "name": ["Rorb;Ai14", ""],
        "rate_hz": [1.23456789, np.nan],
        "whole": [3.0, 485909730.0],
        "good": [True, False],
    }
)


def test_a_table_to_read():
    assert text_table(FRAME).splitlines() == [
        "       id  name       rate_hz      whole  good",
        "485909730  Rorb;Ai14   1.2346          3   yes",
        "        7  -                -  485909730    no",
    ]


def test_an_empty_table_shows_its_columns():
    assert text_table(FRAME.iloc[:0]).split() == list(FRAME.columns)


def test_json_loses_no_digit_and_has_no_nan(capsys):
    Output("json").table(FRAME)
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {
        "id": 485909730,
        "name": "Rorb;Ai14",
        "rate_hz": 1.23456789,
        "whole": 3.0,
        "good": True,
    }
    assert rows[1]["rate_hz"] is None


def test_csv_comes_back(capsys, tmp_path):
    Output("csv").table(FRAME)
    file = tmp_path / "table.csv"
    file.write_text(capsys.readouterr().out)
    again = pd.read_csv(file, keep_default_na=False, na_values={"rate_hz": [""]})
    pd.testing.assert_frame_equal(again, FRAME, check_dtype=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(2.5), 2.5),
        (np.inf, None),
        (np.bool_(True), True),
        (np.arange(3), [0, 1, 2]),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2020-01-02"), "2020-01-02 00:00:00"),
        ({1: (np.int64(1), None)}, {"1": [1, None]}),
    ],
)
def test_plain(value, expected):
    got = plain(value)
    assert got == expected
    assert type(got) is type(expected)


def test_what_has_no_end_is_shown():
    assert text_table(pd.DataFrame({"tau": [np.inf, 2.0]})).splitlines() == ["tau", "inf", "  2"]
