"""A file that is fetched where it is read: which bytes, how often, and how it fails."""

import io
import os
import pickle

import h5py
import numpy as np
import pytest

from allentk.errors import DataError, FormatError
from allentk.io import RangedFile, read_ecephys_session
from allentk.io.remote import open_place
from tests.nwb2_files import UNITS, write_ecephys

BLOCK = 2**18


class Body:
    """Bytes with a note of what was fetched."""

    def __init__(self, body):
        self.body = body
        self.fetched = []

    def __call__(self, start, stop):
        self.fetched.append((start, stop))
        return self.body[start:stop]

    def file(self):
        return RangedFile("https://example.org/x.nwb", len(self.body), self)

    @property
    def n_bytes(self):
        return sum(stop - start for start, stop in self.fetched)


@pytest.fixture
def random():
    return Body(np.random.default_rng(0).bytes(5 * BLOCK + 1234))


def test_it_reads_like_a_file_in_memory(random):
    file, plain = random.file(), io.BytesIO(random.body)
    places = np.random.default_rng(1).integers(0, len(random.body) + 100, size=60)
    for number, place in enumerate(places.tolist()):
        assert file.seek(place) == plain.seek(place)
        n_bytes = (1, 100, BLOCK, 3 * BLOCK)[number % 4]
        assert file.read(n_bytes) == plain.read(n_bytes)
        assert file.tell() == plain.tell()
    assert file.seek(-10, os.SEEK_END) == len(random.body) - 10
    assert file.seek(4, os.SEEK_CUR) == len(random.body) - 6
    assert file.read() == random.body[-6:]
    assert file.read(5) == b""
    assert file.seekable()
    assert file.readable()


def test_what_was_fetched_is_kept(random):
    file = random.file()
    file.read(10)
    file.seek(5)
    file.read(100)
    assert random.fetched == [(0, BLOCK)]


def test_a_long_piece_comes_at_once(random):
    file = random.file()
    file.seek(BLOCK + 5)
    file.read(2 * BLOCK)
    assert random.fetched == [(BLOCK, 4 * BLOCK)]


def test_one_block_after_the_other_is_read_ahead(random):
    file = random.file()
    for _ in range(6):
        file.read(BLOCK)
    assert len(random.fetched) == 3
    assert random.n_bytes == len(random.body)


def test_only_so_much_is_kept(random, monkeypatch):
    monkeypatch.setattr("allentk.io.remote._KEPT_BLOCKS", 2)
    file = random.file()
    for place in (0, 2 * BLOCK, 4 * BLOCK, 0):
        file.seek(place)
        file.read(1)
    assert [start for start, _ in random.fetched] == [0, 2 * BLOCK, 4 * BLOCK, 0]


def test_a_server_that_gives_less_than_there_is(random):
    file = RangedFile("https://example.org/x", len(random.body), lambda start, stop: b"short")
    with pytest.raises(FormatError, match=r"example\.org/x: expected 262144 bytes from byte 0 on"):
        file.read(1)


def test_one_unit_of_many_costs_few_bytes(tmp_path):
    path = write_ecephys(tmp_path / "big.nwb")
    times = np.sort(np.random.default_rng(0).uniform(0, 3600, 2_000_000))
    with h5py.File(path, "a") as file:
        group = file["units"]
        del group["spike_times"], group["spike_times_index"]
        group["spike_times"] = times
        group["spike_times_index"] = np.array([1_000_000, 1_000_100, 2_000_000], dtype="u4")
    body = Body(path.read_bytes())
    session = read_ecephys_session(body.file())
    assert session.spike_times_s(UNITS[1]) == pytest.approx(times[1_000_000:1_000_100])
    assert body.n_bytes < 0.1 * len(body.body)


def test_what_is_no_hdf5(random):
    with (
        pytest.raises(FormatError, match=r"x\.nwb: expected a session, but this is not an HDF5"),
        open_place(random.file(), "a session"),
    ):
        pass


def test_hdf5_that_is_damaged(tmp_path):
    path = write_ecephys(tmp_path / "session.nwb")
    body = bytearray(path.read_bytes())
    body[64:4096] = bytes(4032)
    with pytest.raises(FormatError, match="the HDF5 inside cannot be read"):
        read_ecephys_session(Body(bytes(body)).file())


def test_it_cannot_be_pickled(random):
    with pytest.raises(DataError, match="download it, and pickle what reads it"):
        pickle.dumps(random.file())
