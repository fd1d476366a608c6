"""The embedded demo: offline by construction, and apart from everything real."""

import socket
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from allentk.api import CellTypes, Replay, demo
from allentk.api.cassette import write_index
from allentk.api.embedded import demo_folder
from allentk.errors import FormatError, OfflineError


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the demo asked the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_the_demo_walks_from_ids_to_values(no_network, tmp_path):
    shown = demo(cache_dir=tmp_path)
    assert shown.synthetic
    assert shown.cells.source == "demo cassette (synthetic)"
    table = shown.cells.cells()
    assert table.attrs["synthetic"] is True
    specimen = int(table["id"].iloc[0])
    assert shown.cells.sweeps(specimen).metadata["synthetic"] is True
    assert len(shown.cells.sweep_table(specimen)) == len(shown.cells.sweeps(specimen))
    assert specimen in set(shown.cells.ephys_features()["specimen_id"])
    session = int(shown.observatory.sessions()["id"].iloc[0])
    assert shown.observatory.session(session).metadata["synthetic"] is True
    assert set(shown.cells.cache.verify().values()) == {"ok"}


def test_nothing_synthetic_lies_where_real_files_do(tmp_path):
    shown = demo(cache_dir=tmp_path)
    shown.cells.cells()
    real = CellTypes(cache_dir=tmp_path, offline=True)
    assert real.cache.folder == tmp_path
    assert real.cache.entries() == []
    assert shown.cells.cache.folder.parent == tmp_path
    assert shown.cells.cache.folder.name.startswith("demo-")
    with pytest.raises(OfflineError):
        real.cells()


def test_a_real_cell_is_not_in_the_demo(tmp_path):
    with pytest.raises(OfflineError, match=r"demo cassette \(synthetic\).*allentk fetch 464212183"):
        demo(cache_dir=tmp_path).cells.sweeps(464212183)


def test_every_body_of_the_cassette_is_what_the_index_says(request_of):
    replay = Replay(demo_folder())
    assert "SYNTHETIC" in replay.cassette.description
    for url, interaction in replay.cassette.interactions.items():
        with replay.get(request_of(url)) as response:
            assert len(response.read(10**9)) == interaction.size


def test_a_cassette_that_is_not_synthetic_is_no_demo(tmp_path, monkeypatch):
    write_index(tmp_path / "demo", [], description="", synthetic=False)
    monkeypatch.setattr(resources, "files", lambda name: tmp_path)
    with pytest.raises(FormatError, match="must be a synthetic cassette"):
        demo()


def test_a_package_that_was_not_installed_finds_it_beside(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(resources, "files", missing)
    assert demo_folder() == Path(__file__).resolve().parents[2] / "cassettes" / "demo"


@pytest.mark.parametrize("module", ["allentk.api", "allentk.api.cache", "allentk.api.transport"])
def test_listing_the_cache_loads_nothing_heavy(module):
    heavy = ("numpy", "pandas", "requests", "h5py", "filelock", "tqdm")
    check = f"import {module}, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_names_of_the_room(monkeypatch):
    import allentk.api as room

    assert set(room.__all__) <= set(dir(room))
    assert callable(room.demo)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = room.nothing
