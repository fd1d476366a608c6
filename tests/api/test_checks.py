"""What a file must look like."""

import json
import zipfile

import h5py
import numpy as np
import pytest

from allentk.api import checks
from allentk.errors import IntegrityError


@pytest.fixture
def judged(tmp_path):
    """Look at bytes with a check; return the message, or None where they pass."""

    def look(check, body):
        path = tmp_path / "file"
        path.write_bytes(body)
        try:
            check(path, "a file")
        except IntegrityError as error:
            return str(error)
        return None

    return look


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
@pytest.mark.parametrize("userblock", [0, 512, 2048])
def test_hdf5_is_whole_or_refused(tmp_path, judged, libver, userblock):
    """Against HDF5 itself: what it opens passes, and what it refuses for its length does not."""
    path = tmp_path / "made.h5"
    versions = (libver, "latest") if libver == "v108" else libver
    with h5py.File(path, "w", userblock_size=userblock, libver=versions) as file:
        file["a"] = np.arange(1000)
        file.create_group("b").attrs["c"] = 5
    body = path.read_bytes()
    assert judged(checks.hdf5, body) is None
    assert judged(checks.nwb, body + b"more") is None
    for length in (len(body) - 1, len(body) // 2, userblock + 100):
        assert f"an HDF5 file of {len(body)} bytes" in judged(checks.hdf5, body[:length])
        path.write_bytes(body[:length])
        with pytest.raises(OSError, match="truncated file"):
            h5py.File(path)


@pytest.mark.parametrize(
    ("check", "body", "page"),
    [
        (checks.nwb, b"<!DOCTYPE html><html>out of order</html>", True),
        (checks.nwb, b"", False),
        (checks.nwb, b'{"success": false}', False),
        (checks.nwb, b"\x89HDF\r\n\x1a\n", False),
        (checks.nwb, b"\x89HDF\r\n\x1a\n" + b"x" * 1000, False),
        (checks.nwb, b"\x89HDF\r\n\x1a\n" + bytes(1000), False),
        (checks.nwb, b"\x89HDF\r\n\x1a\n\x02\x08\x08\0" + b"x" * 10, False),
        (checks.swc, b"\n<html>out of order</html>", True),
        (checks.swc, b"# only\n# comments\n", False),
        (checks.swc, b"1 2 3\n", False),
        (checks.swc, b"one two three four five six seven\n", False),
        (checks.json_object, b"<html></html>", True),
        (checks.json_object, b"[1]", False),
        (checks.json_object, b'{"success": false, "msg": "no"}', False),
        (checks.json_object, b"[" * 100_000, False),
        (checks.zip_archive, b"PK\x03\x04 and no more", False),
        (checks.zip_archive, b"<html></html>", True),
        (checks.npz, b"", False),
        (checks.nonempty, b"", False),
        (checks.nonempty, b"  <html>", True),
    ],
)
def test_what_is_not_of_its_kind(judged, check, body, page):
    message = judged(check, body)
    assert message.startswith("a file: expected ")
    assert "not kept. Try again later" in message
    assert ("a web page" in message) is page


@pytest.mark.parametrize(
    ("check", "body"),
    [
        (checks.swc, b"# a comment\n\n 1\t1 0 0 0 5.5 -1 # soma\n"),
        (checks.json_object, b'{"type": "GLIF"}'),
        (checks.nonempty, b"1,2,3"),
    ],
)
def test_what_is_of_its_kind(judged, check, body):
    assert judged(check, body) is None


def test_archives_by_their_directory(tmp_path, judged):
    np.savez(tmp_path / "a.npz", ev=np.arange(10))
    arrays = (tmp_path / "a.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("table.csv", "id\n1\n")
    table = (tmp_path / "a.zip").read_bytes()
    assert judged(checks.npz, arrays) is None
    assert judged(checks.zip_archive, arrays) is None
    assert "a zip archive" in judged(checks.npz, arrays[:-1])
    assert "NumPy archive" in judged(checks.npz, table)


def test_which_checks_see_a_cut(tmp_path, judged):
    """Those that say so refuse every beginning of a file of their kind."""
    np.savez(tmp_path / "a.npz", ev=np.arange(3))
    wholes = {
        checks.npz: (tmp_path / "a.npz").read_bytes(),
        checks.json_object: json.dumps({"id": 1}).encode(),
    }
    for check, whole in wholes.items():
        assert checks.sees_a_cut(check)
        assert judged(check, whole) is None
        assert all(judged(check, whole[:length]) for length in range(len(whole)))
    assert checks.sees_a_cut(checks.nwb)
    assert not checks.sees_a_cut(checks.swc)
    assert not checks.sees_a_cut(None)
