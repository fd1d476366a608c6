"""Reconstructions: what is read, what is refused with which line, and the way back."""

import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io import read_swc, write_swc

GOOD = "# made here\n1 1 0 0 0 5 -1\n2 3 0 10 0 1 1\n3 3 0 20 0 0.5 2\n4 4 3 4 0 1 1\n"


@pytest.fixture
def swc(tmp_path):
    def write(text, name="cell.swc"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_reads_nodes_lengths_and_lines(swc):
    cell = read_swc(swc(GOOD))
    assert cell.n_nodes == 4
    assert cell.total_length_um == pytest.approx(25.0)
    assert cell.parent.tolist() == [-1, 0, 1, 0]
    assert cell.line.tolist() == [2, 3, 4, 5]
    assert cell.radius_um.tolist() == [5, 1, 0.5, 1]


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace(" ", "\t"),
        GOOD.replace(" ", "   "),
        "\n\n  " + GOOD.replace("\n", "\n\n  "),
        GOOD.replace("5 -1", "5 -1 # soma"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("1 1 0", "1 1.0 0"),
    ],
)
def test_any_blank_and_comment_will_do(swc, text):
    assert read_swc(swc(text)).total_length_um == pytest.approx(25.0)


@pytest.mark.parametrize(
    "written",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.split("\n", 1)[1].encode(),
        GOOD.replace("# made", "# made\u2028here\u0085and\x0b").encode(),
        GOOD.replace("\n", "\r").encode(),
    ],
)
def test_marks_and_line_ends_of_other_programs(tmp_path, written):
    path = tmp_path / "cell.swc"
    path.write_bytes(written)
    assert read_swc(path).total_length_um == pytest.approx(25.0)


def test_the_largest_id_is_kept(swc):
    assert read_swc(swc(f"{2**53 - 1} 1 0 0 0 5 -1\n")).id.tolist() == [2**53 - 1]


def test_nodes_are_sorted_parents_first(swc):
    cell = read_swc(swc("3 3 0 20 0 1 2\n2 3 0 10 0 1 1\n1 1 0 0 0 5 -1\n4 3 9 0 0 1 1\n"))
    assert (cell.parent < np.arange(4)).all()
    assert cell.id[0] == 1
    assert sorted(zip(cell.id.tolist(), cell.line.tolist(), strict=True)) == [
        (1, 3),
        (2, 2),
        (3, 1),
        (4, 4),
    ]
    assert cell.to_dataframe().set_index("id")["parent_id"].to_dict() == {1: -1, 2: 1, 3: 2, 4: 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 1 0 0 0 5 -1\n2 3 0 10 0 1\n", r"cell\.swc, line 2: expected 7 columns.* got 6"),
        ("1,1,0,0,0,5,-1\n", r"line 1: expected 7 columns.* got 1"),
        ("1 1 0 0 0 5 -1\n2 3 0 ten 0 1 1\n", r"line 2: the y must be a number, got 'ten'"),
        ("1 1.5 0 0 0 5 -1\n", r"line 1: the type must be a whole number, got '1.5'"),
        ("1 1 0 0 0 5 -1\n1 3 0 9 0 1 1\n", r"line 2: the id 1 occurs twice, first in line 1"),
        ("1 1 0 0 0 5 -1\n\n2 3 0 9 0 1 8\n", r"line 3: the parent 8 of node 2 is not in the file"),
        ("1 1 0 0 0 5 -1\n2 3 0 9 0 1 -1\n", r"line 2: a second root; the first is at .*line 1"),
        ("1 1 0 0 0 5 -1\n2 3 0 9 0 1 3\n3 3 0 8 0 1 2\n", r"line 2: .*\(a loop\); 2 nodes"),
        ("1 1 0 0 0 5 2\n2 3 0 9 0 1 1\n", r"line 1: .*\(a loop\)"),
        ("1 3 0 0 0 5 -1\n", r"cell\.swc: no soma"),
        ("1 1 0 0 0 0 -1\n", r"line 1: .*a radius positive"),
        ("1 1 0 nan 0 5 -1\n", r"line 1: a position must be finite"),
        ("# nothing\n", r"cell\.swc: no node in 1 lines"),
        (
            "1 1 0 0 0 5 -1\n9007199254740993 3 0 9 0 1 1\n",
            r"line 2: the id must lie within 2\*\*53",
        ),
        ("1 1 0 0 0 5 -1\n2 3 0 9 0 1 99999999999999999999999\n", r"line 2: the parent must lie"),
    ],
)
def test_a_fault_names_its_line(swc, text, said):
    with pytest.raises(FormatError, match=said):
        read_swc(swc(text))


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(FormatError, match=r"none\.swc: there is no such file.*SWC"):
        read_swc(tmp_path / "none.swc")
    with pytest.raises(FormatError, match=r"got a folder"):
        read_swc(tmp_path)


def test_what_is_written_reads_back_exactly(swc, tmp_path):
    text = "7 1 0.1 1e-7 123456.789012345 5 -1\n9 3 0 10 0.30000000000000004 1 7\n"
    cell = read_swc(swc(text))
    again = read_swc(write_swc(cell, tmp_path / "deeper" / "copy.swc"))
    assert again.id.tolist() == [7, 9]
    assert np.array_equal(again.xyz_um, cell.xyz_um)
    assert np.array_equal(again.parent, cell.parent)
    assert [p.name for p in (tmp_path / "deeper").iterdir()] == ["copy.swc"]


def test_a_failed_write_leaves_the_old_file(swc, monkeypatch):
    path = swc(GOOD)
    cell = read_swc(path)

    def full(*_args):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_swc(cell, path)
    assert path.read_text() == GOOD
    assert [p.name for p in path.parent.iterdir()] == ["cell.swc"]
