"""Marker files of reconstructions."""

import pytest

from allentk.errors import FormatError
from allentk.io import read_markers
from allentk.io.markers import MARKERS

HEADER = "##x,y,z,radius,shape,name,comment, color_r,color_g,color_b\n"


def test_kinds_and_places(tmp_path):
    path = tmp_path / "reconstruction.marker"
    path.write_text(
        HEADER
        + "100.1144,200.1144,30.28,0,1,10,,255,0,0\n\n"
        + "1.1144, 2.1144, 3.28, 0, 1, 20, , 0, 0, 0\n5,6,7,0,1,30,,0,0,0\n"
    )
    table = read_markers(path)
    assert list(table.columns) == list(MARKERS)
    assert table["name"].tolist() == [10, 20, 30]
    assert table["kind"].tolist() == ["cut dendrite", "no reconstruction", "30"]
    # one pixel of the image is taken off
    assert table.loc[0, ["x_um", "y_um", "z_um"]].tolist() == pytest.approx([100, 200, 30])
    assert table.loc[1, ["x_um", "y_um", "z_um"]].tolist() == pytest.approx([1, 2, 3])
    assert table.attrs["source"] == str(path)


def test_no_markers(tmp_path):
    path = tmp_path / "reconstruction.marker"
    path.write_text(HEADER)
    table = read_markers(path)
    assert table.empty
    assert list(table.columns) == list(MARKERS)
    assert table["x_um"].dtype == float


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"1 1 0 0 0 5 -1\n", r"line 1: expected x, y, z, radius"),
        (b"1,2,3,0,1,\n", "expected numbers for x, y, z and name"),
        (b"1,2,far,0,1,10,,0,0,0\n", "expected numbers"),
        (b"1,2,nan,0,1,10,,0,0,0\n", "expected finite x, y, z"),
        (b"\xff\xfe\x00", "got no text"),
    ],
)
def test_what_is_no_marker_file(tmp_path, body, why):
    path = tmp_path / "reconstruction.marker"
    path.write_bytes(body)
    with pytest.raises(FormatError, match=why):
        read_markers(path)
