"""Analysis files: tables in the layout of pandas and PyTables, written here by h5py alone."""

import pickle

import h5py
import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError, FormatError
from allentk.io.observatory_analysis import read_analysis
from allentk.io.observatory_tables import read_frame


def axis(group, name, values):
    held = group.create_dataset(name, data=np.asarray(values))
    kind = {"S": b"string", "i": b"integer", "f": b"float"}[held.dtype.kind]
    held.attrs.update({"kind": kind, "name": b"N.", "transposed": 1})
    group.attrs[f"{name}_variety"] = b"regular"


def block(group, number, names, values):
    axis(group, f"block{number}_items", names)
    held = group.create_dataset(f"block{number}_values", data=values)
    held.attrs["transposed"] = 1
    return held


def pickled(group, number, names, value):
    """Write a block as PyTables writes objects: one row of bytes, a pickle."""
    axis(group, f"block{number}_items", names)
    held = group.create_dataset(f"block{number}_values", (1,), h5py.vlen_dtype(np.uint8))
    held[0] = np.frombuffer(pickle.dumps(value), np.uint8)
    held.attrs["PSEUDOATOM"] = b"object"


def frame(file, name, columns, index, n_blocks):
    group = file.create_group(name)
    group.attrs.update({"pandas_type": b"frame", "pandas_version": b"0.15.2", "ndim": 2})
    group.attrs["nblocks"] = n_blocks
    axis(group, "axis0", columns)
    axis(group, "axis1", index)
    return group


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "101_three_session_A_analysis.h5"
    with h5py.File(path, "w") as file:
        columns = [b"osi_dg", b"ori_dg", b"sex", b"cell_specimen_id"]
        peak = frame(file, "analysis/peak", columns, [0, 1], 3)
        block(peak, 0, [b"osi_dg"], [[0.5], [np.nan]])
        block(peak, 1, [b"ori_dg", b"cell_specimen_id"], np.array([[3, 517], [5, 600]]))
        pickled(peak, 2, [b"sex"], Bomb())
        sweeps = frame(file, "analysis/sweep_response_dg", [b"0", b"dx"], [0, 1, 2], 1)
        pickled(sweeps, 0, [b"0", b"dx"], Bomb())
        mean = frame(file, "analysis/mean_sweep_response_dg", [b"0", b"1", b"dx"], [4, 5], 1)
        block(mean, 0, [b"0", b"1", b"dx"], np.arange(6.0).reshape(2, 3))
        file["analysis/response_dg"] = np.arange(24.0).reshape(2, 3, 2, 2)
        file["analysis/locally_sparse_noise/0/on/rts/data"] = np.ones((16, 28))
        file["analysis/words"] = np.array([b"a", b"b"])
    return path


def test_what_an_analysis_holds(path):
    found = pickle.loads(pickle.dumps(read_analysis(path)))
    kinds = found.contents().set_index("name")
    assert kinds["kind"].to_dict() == {
        "locally_sparse_noise": "folder",
        "mean_sweep_response_dg": "table",
        "peak": "table",
        "response_dg": "array",
        "sweep_response_dg": "table",
        "words": "array",
    }
    assert kinds.loc["peak", "shape"] == (2, 4)
    assert kinds.loc["response_dg", "shape"] == (2, 3, 2, 2)
    assert repr(found).startswith("<SessionAnalysis 101_three_session_A_analysis.h5: locally_")


def test_a_table_without_its_pickled_columns(path):
    peak = read_analysis(path).table()
    assert peak.columns.tolist() == ["osi_dg", "ori_dg", "cell_specimen_id"]
    assert peak["osi_dg"].fillna(-1).tolist() == [0.5, -1]
    assert peak["cell_specimen_id"].tolist() == [517, 600]
    assert peak["ori_dg"].dtype == "int64"
    assert peak.attrs["left_out"] == ["sex"]


def test_tables_and_arrays_by_name(path):
    found = read_analysis(path)
    mean = found.table("mean_sweep_response_dg")
    assert mean.index.tolist() == [4, 5]
    assert mean["dx"].tolist() == [2.0, 5.0]
    assert found.array("response_dg")[1, 2, 1].tolist() == [22.0, 23.0]
    assert found.folder("locally_sparse_noise") == ["locally_sparse_noise/0"]
    assert found.array("locally_sparse_noise/0/on/rts/data").sum() == 16 * 28


@pytest.mark.parametrize(
    ("ask", "kind", "said"),
    [
        (lambda a: a.table("sweep_response_dg"), FormatError, "all of this table is pickled"),
        (lambda a: a.table("response_dg"), DataError, "'array'.*mean_sweep_response_dg, peak"),
        (lambda a: a.table("peaks"), DataError, "no table 'peaks' in this file; there are mean"),
        (lambda a: a.array("peak"), DataError, r"of the kind 'table'\); there are response_dg"),
        (lambda a: a.array("../nothing"), DataError, "no array"),
        (lambda a: a.array("words"), FormatError, "expected numbers"),
        (lambda a: a.folder("peak"), DataError, "there are locally_sparse_noise"),
    ],
)
def test_what_is_not_there_or_not_read(path, ask, kind, said):
    with pytest.raises(kind, match=said):
        ask(read_analysis(path))


def test_a_file_of_another_kind(tmp_path):
    other = tmp_path / "session.nwb"
    with h5py.File(other, "w") as file:
        file["processing/x"] = 1
    with pytest.raises(
        FormatError, match=r"no /analysis \(the file holds processing\).*read_session"
    ):
        read_analysis(other)


def change(group, what):
    if what == "a block is missing":
        group.attrs["nblocks"] = 2
    elif what == "no number of blocks":
        group.attrs["nblocks"] = b"two"
    elif what == "too few rows":
        del group["block0_values"]
        group["block0_values"] = np.zeros((1, 1))
    elif what == "several levels":
        group.attrs["axis0_variety"] = b"multi"
    elif what == "other layout":
        group.attrs["pandas_type"] = b"frame_table"
    elif what == "pickled index":
        del group["axis1"]
        group.create_dataset("axis1", (1,), h5py.vlen_dtype(np.uint8))
    elif what == "two dimensions":
        del group["axis1"]
        group["axis1"] = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("a block is missing", "4 columns, but 3 in the blocks"),
        ("no number of blocks", "the number of blocks in 'nblocks', got .*two"),
        ("too few rows", r"expected shape \(2, 1\), got \(1, 1\)"),
        ("several levels", r"axis0 has several levels \(multi\)"),
        ("other layout", "layout 'fixed', got 'frame_table'"),
        ("pickled index", "axis1 is pickled"),
        ("two dimensions", "axis1: expected one dimension"),
    ],
)
def test_a_table_that_does_not_fit_itself(path, what, said):
    with h5py.File(path, "a") as file:
        change(file["analysis/peak"], what)
    with pytest.raises(FormatError, match=said):
        read_analysis(path).table("peak")


def test_other_types_of_columns(tmp_path):
    with h5py.File(tmp_path / "types.h5", "w") as file:
        group = frame(file, "t", [b"flag", b"when", b"old"], [0, 1], 3)
        axis(group, "block0_items", [b"flag"])
        # PyTables keeps truth values as a bit field, which h5py reads and cannot make by itself.
        h5py.h5d.create(
            group.id, b"block0_values", h5py.h5t.STD_B8LE, h5py.h5s.create_simple((2, 1))
        ).write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([[1], [0]], np.uint8), h5py.h5t.STD_B8LE)
        group["block0_values"].attrs["transposed"] = 1
        days = np.array(["2016-01-01", "2016-01-02"], "datetime64[ns]")
        block(group, 1, [b"when"], days.astype("i8")[:, None]).attrs["value_type"] = b"datetime64"
        block(group, 2, [b"old"], np.array([[7.0, 8.0]])).attrs["transposed"] = 0
        table = read_frame(group, "made up")
    assert table["flag"].tolist() == [True, False]
    assert table["flag"].dtype == bool
    assert table["when"].tolist() == [pd.Timestamp("2016-01-01"), pd.Timestamp("2016-01-02")]
    assert table["old"].tolist() == [7.0, 8.0]


def test_a_table_without_rows_and_a_table_of_dates(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        empty = frame(file, "empty", [b"a"], [0.0], 1)
        empty["axis1"].attrs["shape"] = b"(I0\ntp0\n."
        held = block(empty, 0, [b"a"], [[0.0]])
        held.attrs["shape"] = b"(I1\nI0\ntp0\n."
        assert read_frame(empty, "made up").shape == (0, 1)
        dated = frame(file, "dated", [b"a"], [0], 1)
        dated["axis1"].attrs["kind"] = b"datetime64"
        block(dated, 0, [b"a"], [[1.0]])
        assert read_frame(dated, "made up").index[0] == pd.Timestamp("1970-01-01")


def test_one_column(tmp_path):
    with h5py.File(tmp_path / "series.h5", "w") as file:
        group = file.create_group("s")
        group.attrs.update({"pandas_type": b"series", "name": b"area"})
        axis(group, "index", [4, 5])
        group["values"] = [1.5, 2.5]
        assert read_frame(group, "made up")["area"].to_dict() == {4: 1.5, 5: 2.5}
        group.attrs["name"] = b"N."
        assert read_frame(group, "made up").columns.tolist() == ["value"]
        del group["values"]
        group.create_dataset("values", (1,), h5py.vlen_dtype(np.uint8))
        with pytest.raises(FormatError, match="this column is pickled"):
            read_frame(group, "made up")
