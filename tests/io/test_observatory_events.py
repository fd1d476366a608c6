"""Files of events: numpy archives of the shape of the session."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io.observatory_events import read_event_values


@pytest.fixture
def events(tmp_path):
    def write(**arrays):
        path = tmp_path / "101_events.npz"
        np.savez_compressed(path, **arrays)
        return path

    return write


@pytest.mark.parametrize(
    ("given", "kept"), [("f4", "float32"), ("f8", "float64"), ("i4", "float64"), (">f4", "float32")]
)
def test_events_as_the_file_has_them(events, given, kept):
    held = np.arange(12).reshape(3, 4).astype(given)
    values = read_event_values(events(ev=held), (3, 4))
    assert (values == held).all()
    assert values.dtype == kept
    assert not values.flags.writeable


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"ev": np.zeros((2, 4))}, r"3 cells by 4 frames, as the session's dF/F, got .*\(2, 4\)"),
        ({"ev": np.zeros((4, 3))}, r"got float64 of shape \(4, 3\)"),
        ({"ev": np.full((3, 4), "x")}, r"expected 'ev' of 3 cells"),
        ({"events": np.zeros((3, 4))}, r"expected an array 'ev', and there is none"),
        ({"ev": np.array([[1, None]] * 6, dtype=object).reshape(3, 4)}, r"got object of shape"),
    ],
)
def test_events_of_another_kind(events, arrays, said):
    with pytest.raises(FormatError, match=said):
        read_event_values(events(**arrays), (3, 4))


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "events.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ev.npy", pickle.dumps(Bomb()))
    with pytest.raises(FormatError, match="cannot be read"):
        read_event_values(path, (3, 4))


def test_an_array_that_claims_more_than_it_has(events):
    path = events(ev=np.zeros((3, 4)))
    header = io.BytesIO()
    claimed = {"shape": (10**9, 10**9), "fortran_order": False, "descr": "<f8"}
    np.lib.format.write_array_header_1_0(header, claimed)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ev.npy", header.getvalue())
    with pytest.raises(FormatError, match=r"3 cells by 4 frames.*shape \(1000000000, 1000000000\)"):
        read_event_values(path, (3, 4))


def test_a_format_of_numpy_that_is_not_known(tmp_path):
    path = tmp_path / "events.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ev.npy", b"\x93NUMPY\x07\x00")
    with pytest.raises(FormatError, match=r"cannot be read \(version \(7, 0\)"):
        read_event_values(path, (3, 4))


def test_a_file_that_is_cut_or_is_none(events, tmp_path):
    path = events(ev=np.random.default_rng(0).random((3, 4)))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FormatError, match=r"cannot be read \(File is not a zip file\)\. Delete it"):
        read_event_values(path, (3, 4))
    path.write_bytes(b"<html>")
    with pytest.raises(FormatError, match="cannot be read"):
        read_event_values(path, (3, 4))
    with pytest.raises(FormatError, match="no such file; expected a file of events"):
        read_event_values(tmp_path / "none.npz", (3, 4))


def test_a_damaged_array(events):
    path = events(ev=np.random.default_rng(0).random((3, 4)))
    body = bytearray(path.read_bytes())
    body[100] ^= 255
    path.write_bytes(body)
    with pytest.raises(FormatError, match="cannot be read"):
        read_event_values(path, (3, 4))
