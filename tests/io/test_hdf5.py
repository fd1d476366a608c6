"""What an HDF5 file may not do: lead to another file."""

import h5py
import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io.hdf5 import dataset, member, members, text

ELSEWHERE = "points at another file; it was not read"


@pytest.fixture
def file(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"x" * 24)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["inner/values"] = np.arange(3)
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["inner/values"] = np.arange(3)
        file["soft"] = h5py.SoftLink("/inner/values")
        file["linked"] = h5py.ExternalLink("other.h5", "/inner")
        file["by_way"] = h5py.SoftLink("/linked/values")
        file.create_dataset("raw", (3,), "f8", external=[(str(secret), 0, 24)])
        layout = h5py.VirtualLayout((3,), "i8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "inner/values", (3,))
        file.create_virtual_dataset("virtual", layout)
    with h5py.File(tmp_path / "t.h5", "r") as file:
        yield file


@pytest.mark.parametrize("path", ["linked", "linked/values", "by_way", "raw", "virtual"])
def test_another_file_is_not_followed(file, path):
    with pytest.raises(FormatError, match=ELSEWHERE):
        member(file, path)
    with pytest.raises(FormatError, match=ELSEWHERE):
        text(dataset(file, path, "t.h5"))


def test_links_inside_the_file_are(file):
    assert dataset(file, "soft", "t.h5")[()].tolist() == [0, 1, 2]
    assert [name for name, _ in members(file["inner"])] == ["values"]
    with pytest.raises(FormatError, match=ELSEWHERE):
        list(members(file))
