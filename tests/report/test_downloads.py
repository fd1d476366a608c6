"""Files inside a page."""

import base64
import gzip
import io
import json

import numpy as np
import pandas as pd

from allentk.report.downloads import MAX_URI, csv_file, downloads, json_file


def body(made):
    return base64.b64decode(made.uri.partition(";base64,")[2])


def test_a_table_keeps_every_digit():
    table = pd.DataFrame({"cell": ["a,b", 'q"'], "s": [0.1 + 0.2, np.nan]})
    made = csv_file("t", table, "A table")
    assert made.name == "t.csv"
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(body(made))), table)
    assert made.text == "A table: 2 rows, 2 columns"


def test_a_large_table_is_packed_and_the_same_each_time():
    table = pd.DataFrame({"x": np.random.default_rng(0).random(30_000)})
    made = csv_file("t", table, "A table")
    assert made.name == "t.csv.gz"
    assert made == csv_file("t", table, "A table")
    read = pd.read_csv(io.BytesIO(gzip.decompress(body(made))))
    pd.testing.assert_frame_equal(read, table)


def test_json_has_no_nan():
    made = json_file("t", {"s": [float("inf"), 1.5], "n": np.int64(3)}, "Values")
    assert json.loads(body(made)) == {"s": [None, 1.5], "n": 3}


def test_what_browsers_do_not_save_is_named():
    table = pd.DataFrame({"x": np.random.default_rng(0).random(250_000)})
    files = downloads([csv_file("small", table.head(3), "A"), csv_file("big", table, "B")])
    assert [one.name for one in files.files] == ["small.csv"]
    assert "big.csv.gz" in files.note
    assert all(len(one.uri) <= MAX_URI for one in files.files)
