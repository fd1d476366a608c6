"""NWB 2's tables: types, ragged columns, one row without the rest."""

import h5py
import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io.columns import Column, documented
from allentk.io.dynamic_table import (
    column,
    ragged_bounds,
    ragged_rows,
    read_table,
    row_ids,
    table_group,
)
from tests.nwb2_files import add_ragged, add_table


@pytest.fixture
def group(tmp_path):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        yield add_table(
            file,
            "t",
            {
                "words": ["a", "null", ""],
                "numbers": ["1.5", "null", "2"],
                "whole": [1, 2, 3],
                "truth": [True, False, True],
            },
        )


def test_types(group):
    table = read_table(group, "t.h5")
    assert list(table) == ["id", "words", "numbers", "whole", "truth"]
    assert table["words"].isna().tolist() == [False, True, True]
    assert table["numbers"].tolist()[::2] == [1.5, 2.0]
    assert table["numbers"].dtype == float
    assert table["whole"].dtype == np.int64
    assert table["truth"].dtype == bool


def test_small_unsigned_indices_do_not_run_over(group):
    add_ragged(group, "many", [np.arange(200), [], np.arange(50)], np.uint8)
    assert ragged_bounds(group, "many", 2, "t.h5") == (200, 250)
    assert [len(row) for row in ragged_rows(group, "many", "t.h5")] == [200, 0, 50]


def test_a_column_that_only_ends_like_an_index(group):
    group["local_index"] = np.array([7, 8, 9])
    add_ragged(group, "times", [[1.0], [2.0], []])
    table = read_table(group, "t.h5")
    assert table["local_index"].tolist() == [7, 8, 9]
    assert not {"times", "times_index"} & set(table)


def test_columns_that_hold_no_single_values(group):
    group["images"] = np.zeros((3, 4, 4))
    group["pairs"] = np.zeros(3, dtype=[("a", "i4"), ("b", "i4")])
    group.create_dataset("links", (3,), dtype=h5py.ref_dtype)
    assert list(read_table(group, "t.h5")) == ["id", "words", "numbers", "whole", "truth"]


def test_some_columns(group):
    table = read_table(group, "t.h5", names=("whole", "none such"), key="row")
    assert list(table) == ["row", "whole"]


def test_an_empty_column_of_text(tmp_path):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        empty = file.create_group("t")
        empty["id"] = np.empty(0, dtype=int)
        empty.create_dataset("words", (0,), dtype=h5py.string_dtype())
        assert read_table(empty, "t.h5").shape == (0, 2)


def test_what_is_no_table(group):
    with pytest.raises(FormatError, match="/none: expected a table of NWB 2, got nothing"):
        table_group(group.file, "none", "t.h5")
    with pytest.raises(FormatError, match="got no table"):
        table_group(group.file, "t/whole", "t.h5")
    with pytest.raises(FormatError, match="expected the dataset 'x_index'"):
        ragged_bounds(group, "x", 0, "t.h5")


def test_columns_written_as_text():
    found = documented(
        """
        snr | float | | signal to noise
        x   | int   | um | place
        """
    )
    assert found == {
        "snr": Column("float", "", "signal to noise"),
        "x": Column("int", "um", "place"),
    }


@pytest.mark.parametrize("name", ["id", "whole", "many_index", "many"])
def test_more_values_than_the_file_can_hold(group, name):
    add_ragged(group, "many", [[1.0], [2.0], []])
    del group[name]
    group.create_dataset(name, (10**12,), "i8", chunks=(1000,))
    if name == "whole":
        with pytest.raises(FormatError, match="claims 1000000000000 values"):
            column(group["whole"], 10**12, "t.h5")
    else:
        with pytest.raises(FormatError, match="claims 1000000000000 values"):
            (row_ids(group), ragged_rows(group, "many", "t.h5"))
