"""The cache: names, records, verification."""

import hashlib
import json
from pathlib import Path

import pytest

from allentk.api import Cache
from allentk.api.cache import Record
from allentk.errors import ConfigError, DataError


def put(cache, name, body):
    path = cache.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    record = Record(
        url=f"https://x/{name}",
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        fetched="2026-11-24T00:00:00+00:00",
    )
    cache.write_record(name, record)
    return record


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def test_entries_are_what_was_recorded(cache):
    put(cache, "cell_types/specimen_5/ephys.nwb", b"12345")
    put(cache, "cell_types/cells.json", b"{}")
    (cache.folder / "stray.txt").write_text("not ours")
    entries = cache.entries()
    assert [entry.name for entry in entries] == [
        "cell_types/cells.json",
        "cell_types/specimen_5/ephys.nwb",
    ]
    assert entries[1].path == cache.folder / "cell_types" / "specimen_5" / "ephys.nwb"
    assert (entries[1].size, entries[1].url) == (5, "https://x/cell_types/specimen_5/ephys.nwb")
    assert entries[1].sha256 == hashlib.sha256(b"12345").hexdigest()
    assert entries[1].fetched == "2026-11-24T00:00:00+00:00"


def test_verify_finds_a_flipped_byte(cache):
    for name in ("whole", "flipped", "cut", "gone"):
        put(cache, name, b"0123456789")
    cache.path("flipped").write_bytes(b"0123456780")
    cache.path("cut").write_bytes(b"01234")
    cache.path("gone").unlink()
    assert cache.verify(progress=False) == {
        "cut": "changed",
        "flipped": "changed",
        "gone": "missing",
        "whole": "ok",
    }


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../x", "", "a//b", ".records/a", "a\\b", "a/.", "C:/x"]
)
def test_names_that_leave_the_folder(cache, name):
    for ask in (cache.path, cache.record, cache.forget):
        with pytest.raises(DataError, match="a name inside the cache"):
            ask(name)
    with pytest.raises(DataError), cache.lock(name):
        pass
    assert not cache.folder.exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"size": "5"}', '{"size": 5, "url": 3}', "[" * 100_000]
)
def test_a_damaged_record_counts_for_nothing(cache, text):
    put(cache, "a", b"x")
    (cache.folder / ".records" / "a.json").write_text(text)
    assert cache.record("a") is None
    assert cache.entries() == []


def test_a_record_comes_back(cache):
    assert cache.record("a") is None
    record = put(cache, "a", b"x")
    assert cache.record("a") == record
    assert json.loads((cache.folder / ".records" / "a.json").read_text())["size"] == 1
    cache.forget("a")
    assert cache.record("a") is None


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"something else stands.*ALLENTK_CACHE_DIR"):
        Cache(tmp_path / "file").write_record("a", Record("u", 1, "h", "t"))
    with pytest.raises(ConfigError), Cache(tmp_path / "file").lock("a"):
        pass


def test_a_folder_that_may_not_be_written_to(cache, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(ConfigError, match=r"no permission.*cache_dir="):
        cache.write_record("a", Record("u", 1, "h", "t"))
    assert cache.entries() == []


def test_an_empty_cache(cache):
    assert cache.entries() == []
    assert cache.verify() == {}
    assert str(cache.folder) in repr(cache)
