"""Parsed tables on the disk."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from allentk.api import column_store
from allentk.api.column_store import load_table, save_table, table_key
from allentk.api.tables import Field, frame
from allentk.errors import ConfigError

COLUMNS = {
    "id": Field("id", "id"),
    "count": Field("count", "int"),
    "depth": Field("a.depth", "float"),
    "tuned": Field("tuned", "bool"),
    "name": Field("name", "text"),
    "place": Field("x", "list", take=lambda row: [row["x"], None]),
}
ROWS = [
    {"id": 2**60, "count": 3, "a": {"depth": 0.1}, "tuned": True, "name": "Größe\ud800", "x": 1.5},
    {"id": 2, "count": None, "a": None, "tuned": None, "name": None, "x": None},
    {"id": 3, "count": -1, "a": {"depth": 1e308}, "tuned": "f", "name": "b", "x": "text"},
    {"id": 4, "count": 0, "a": {}, "tuned": False, "name": "b", "x": [1]},
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".tables" / "cells.npz"


@pytest.mark.parametrize("n_rows", [4, 1, 0])
def test_a_table_comes_back_as_it_was_parsed(path, n_rows):
    table = frame(ROWS[:n_rows], COLUMNS, what="a table")
    save_table(path, table, COLUMNS, "key")
    back = load_table(path, COLUMNS, "key")
    pd.testing.assert_frame_equal(back, table)
    assert list(back["place"]) == list(table["place"])


def test_all_missing(path):
    rows = [{"id": 1, "count": None, "a": None, "tuned": None, "name": None, "x": None}] * 3
    table = frame(rows, COLUMNS, what="a table")
    save_table(path, table, COLUMNS, "key")
    pd.testing.assert_frame_equal(load_table(path, COLUMNS, "key"), table)


def test_a_table_of_another_answer_counts_for_nothing(path):
    save_table(path, frame(ROWS, COLUMNS, what="a table"), COLUMNS, "key")
    assert load_table(path, COLUMNS, "another key") is None
    assert load_table(path.with_name("none.npz"), COLUMNS, "key") is None


def test_the_key_is_of_the_answer_and_of_what_is_taken_from_it():
    def changed(**fields):
        return table_key("hash", {**COLUMNS, **fields})

    keys = {
        changed(),
        table_key("another hash", COLUMNS),
        changed(more=Field("more", "int")),
        changed(id=Field("id", "float")),
        changed(id=Field("other_id", "id")),
    }
    assert len(keys) == 5
    assert changed() == changed(id=Field("id", "id", unit="um", meaning="a comment"))


def test_the_key_is_of_the_code(monkeypatch):
    before = table_key("hash", COLUMNS)
    column_store._code.cache_clear()
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + b"#" * (path.name == "cell_columns.py")
    )
    after = table_key("hash", COLUMNS)
    monkeypatch.undo()
    column_store._code.cache_clear()
    assert after != before
    assert table_key("hash", COLUMNS) == before


@pytest.mark.parametrize("keep", [0, 10, 200, -1])
def test_a_damaged_table_counts_for_nothing(path, keep):
    save_table(path, frame(ROWS, COLUMNS, what="a table"), COLUMNS, "key")
    path.write_bytes(path.read_bytes()[:keep])
    assert load_table(path, COLUMNS, "key") is None


def test_a_flipped_byte_anywhere_is_found_or_harmless(path):
    table = frame(ROWS, COLUMNS, what="a table")
    save_table(path, table, COLUMNS, "key")
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        back = load_table(path, COLUMNS, "key")
        if back is not None:
            pd.testing.assert_frame_equal(back, table)


def test_nothing_is_unpickled(path, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    path.parent.mkdir()
    key = np.frombuffer(b"key", np.uint8)
    np.savez(path, key=key, values0=np.array([Trap()], dtype=object))
    assert load_table(path, {"id": COLUMNS["id"]}, "key") is None
    assert not (tmp_path / "sprung").exists()


def test_where_it_cannot_be_kept(path, monkeypatch, caplog):
    def refuse(target):
        raise ConfigError("the disk is full")

    monkeypatch.setattr(column_store, "whole", refuse)
    caplog.set_level("INFO")
    save_table(path, frame(ROWS, COLUMNS, what="a table"), COLUMNS, "key")
    assert "the disk is full" in caplog.text
    assert not path.exists()
