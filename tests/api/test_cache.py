"""The cache: names, records, verification."""

import errno
import hashlib
import json
import math
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from allentk.api import Cache
from allentk.api.cache import Record
from allentk.atomic import room
from allentk.errors import ConfigError, DataError, OfflineError


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


@pytest.mark.parametrize("error", ["EROFS", "ENOENT", "ESTALE", "EIO", "ENAMETOOLONG"])
def test_whatever_a_disk_refuses_is_said_with_a_next_step(tmp_path, error):
    number = getattr(errno, error)
    with pytest.raises(ConfigError, match=re.escape(os.strerror(number))), room(tmp_path / "a"):
        raise OSError(number, os.strerror(number))


def test_what_is_not_of_the_disk_stays_as_it_is(tmp_path):
    with pytest.raises(OfflineError), room(tmp_path / "a"):
        raise OfflineError("no network")
    with pytest.raises(ConnectionResetError), room(tmp_path / "a"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_a_long_name_can_be_held(tmp_path):
    cache = Cache(tmp_path)
    names = ["/".join([first * 150, "b" * 150]) for first in "xy"]
    with cache.lock(names[0], wait_s=0), cache.lock(names[1], wait_s=0):
        assert len(list((tmp_path / ".locks").iterdir())) == 2


def test_a_stray_file_among_the_records(tmp_path, caplog):
    cache = Cache(tmp_path)
    cache.write_record("a.json", Record("u", 1, "h", "t"))
    (tmp_path / ".records" / "a copy.json").write_text("{}")
    assert [entry.name for entry in cache.entries()] == ["a.json"]
    assert "a copy" in caplog.text


def test_a_date_in_the_future_is_no_date():
    ahead = [datetime.now(UTC) + timedelta(days=days) for days in (0.5, 2)]
    ages = [Record("u", 1, "h", when.isoformat()).age_days() for when in ahead]
    assert ages == [pytest.approx(-0.5, abs=0.01), math.inf]
