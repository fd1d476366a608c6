"""Pruning a cache, and taking in what another folder has."""

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from allentk.api import Cache
from allentk.api.cache import Record
from allentk.api.imports import import_folder
from allentk.api.partial import Part, Version
from allentk.api.upkeep import prune
from allentk.atomic import whole
from allentk.errors import DataError


def put(cache, name, body, *, days=0.0):
    path = cache.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    when = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    cache.write_record(name, Record("u", len(body), hashlib.sha256(body).hexdigest(), when))
    return path


def cut_off(cache, name):
    part = Part(cache.path(name))
    part.write(b"12345")
    part.note(Version("u", total=10))
    part.close()
    return part.path


def left(cache):
    return {
        path.relative_to(cache.folder).as_posix()
        for path in cache.folder.rglob("*")
        if path.is_file() and ".locks" not in path.parts
    }


@pytest.fixture
def cache(tmp_path):
    cache = Cache(tmp_path / "cache")
    put(cache, "a/new.nwb", b"1")
    put(cache, "a/old.nwb", b"22", days=100)
    put(cache, "a/gone.nwb", b"333").unlink()
    cut_off(cache, "a/cut.nwb")
    for name in ("a/new.nwb", "a/gone.nwb"):
        stored = cache.folder / ".tables" / f"{name}.npz"
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(b"4444")
    return cache


WHOLE = {
    "a/new.nwb",
    "a/old.nwb",
    ".records/a/new.nwb.json",
    ".records/a/old.nwb.json",
    ".tables/a/new.nwb.npz",
}


def test_what_is_of_no_use_goes(cache):
    gone = prune(cache)
    assert [(one.path.relative_to(cache.folder).as_posix(), one.why) for one in gone] == [
        ("a/.cut.nwb.part", "partial"),
        ("a/.cut.nwb.part.json", "partial"),
        (".records/a/gone.nwb.json", "left over"),
        (".tables/a/gone.nwb.npz", "left over"),
    ]
    assert gone[0].size == 5
    assert left(cache) == WHOLE
    assert prune(cache) == []


def test_a_dry_run_only_says_so(cache):
    before = left(cache)
    would = prune(cache, older_than_days=50, dry_run=True)
    assert left(cache) == before
    assert would == prune(cache, older_than_days=50)
    assert left(cache) == {name for name in WHOLE if "old" not in name}


def test_only_partial_downloads(cache):
    assert {one.why for one in prune(cache, partial=True)} == {"partial"}
    assert left(cache) == WHOLE | {".records/a/gone.nwb.json", ".tables/a/gone.nwb.npz"}


def test_a_download_under_way_stays(cache):
    with cache.lock("a/cut.nwb"):
        assert prune(cache, partial=True) == []
    assert (cache.folder / "a" / ".cut.nwb.part").exists()


def test_nameless_leftovers_go_when_they_are_old(cache):
    prune(cache)
    stray = cache.folder / ".records" / "a" / ".x.json.abc123.part"
    stray.write_bytes(b"{")
    assert prune(cache) == []
    os.utime(stray, (1, 1))
    assert [one.path for one in prune(cache)] == [stray]


def test_a_file_that_is_being_written_stays(cache):
    prune(cache)
    with whole(cache.path("a/table.json")):
        assert prune(cache, partial=True) == []
    assert cache.path("a/table.json").exists()


def test_an_old_file_that_another_one_holds_stays(cache):
    with cache.lock("a/old.nwb"):
        assert "old" not in {one.why for one in prune(cache, older_than_days=50)}
    assert cache.found("a/old.nwb") is not None


def test_an_old_file_that_was_fetched_again_meanwhile_stays(cache, monkeypatch):
    lock = Cache.lock

    def renewed(self, name, **options):
        put(cache, name, b"22")
        return lock(self, name, **options)

    monkeypatch.setattr(Cache, "lock", renewed)
    assert "old" not in {one.why for one in prune(cache, older_than_days=50)}
    assert cache.found("a/old.nwb") is not None


def test_a_cache_inside_the_cache_is_left_alone(cache):
    inner = Cache(cache.folder / "demo-123")
    put(inner, "b.nwb", b"1")
    part = cut_off(inner, "c.nwb")
    prune(cache, older_than_days=0)
    assert part.exists()
    assert inner.found("b.nwb") is not None


def test_an_age_that_is_none(cache):
    for days in (-1, float("nan")):
        with pytest.raises(DataError, match="at least 0 days"):
            prune(cache, older_than_days=days)


@pytest.fixture
def own(tmp_path):
    return Cache(tmp_path / "own")


def states(found):
    return {one.name: one.state for one in found}


@pytest.mark.parametrize("link", [False, True])
def test_what_is_as_recorded_is_taken_in(cache, own, link):
    cache.path("a/old.nwb").write_bytes(b"2?")
    found = import_folder(own, cache.folder, link=link, progress=False)
    assert states(found) == {
        "a/gone.nwb": "missing",
        "a/new.nwb": "imported",
        "a/old.nwb": "changed since it was fetched",
    }
    assert [one.ok for one in found] == [False, True, False]
    assert own.verify(progress=False) == {"a/new.nwb": "ok"}
    assert own.record("a/new.nwb") == cache.record("a/new.nwb")
    assert left(own) == {"a/new.nwb", ".records/a/new.nwb.json"}
    same = os.path.samefile(own.path("a/new.nwb"), cache.path("a/new.nwb"))
    assert same is link
    again = import_folder(own, cache.folder, progress=False)
    assert states(again)["a/new.nwb"] == "there already"


def test_a_link_that_cannot_be_made_becomes_a_copy(cache, own, monkeypatch):
    def refuse(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    import_folder(own, cache.folder, link=True, progress=False)
    assert own.path("a/new.nwb").read_bytes() == b"1"


def test_an_import_drops_what_a_download_left(cache, own):
    part = cut_off(own, "a/new.nwb")
    import_folder(own, cache.folder, progress=False)
    assert not part.exists()
    assert Part(own.path("a/new.nwb")).noted() is None


def test_files_of_allensdk_are_looked_at(own, tmp_path, hdf5):
    folder = tmp_path / "boc"
    (folder / "ophys_experiment_data").mkdir(parents=True)
    whole = hdf5(100)
    (folder / "ophys_experiment_data" / "1.nwb").write_bytes(whole)
    (folder / "ophys_experiment_data" / "2.nwb").write_bytes(whole[:-1])
    (folder / "ophys_experiments.json").write_text("[]")
    found = states(import_folder(own, folder, progress=False))
    assert found["observatory/ophys_experiment_data/1.nwb"] == "imported"
    assert "cut short" in found["observatory/ophys_experiment_data/2.nwb"]
    assert len(found) == 2
    record = own.record("observatory/ophys_experiment_data/1.nwb")
    assert record.sha256 == hashlib.sha256(whole).hexdigest()
    assert record.source == f"AllenSDK cache {folder}"
    assert own.verify(progress=False) == {"observatory/ophys_experiment_data/1.nwb": "ok"}


def test_a_folder_that_is_none(own, tmp_path):
    with pytest.raises(DataError, match="Is it the right folder"):
        import_folder(own, Path(__file__).parent, progress=False)
    with pytest.raises(DataError, match="the cache itself"):
        import_folder(own, tmp_path / "own" / ".." / "own", progress=False)


def test_what_another_cache_says_of_its_files_is_not_believed(cache, own):
    new, old = cache.record("a/new.nwb"), cache.record("a/old.nwb")
    cache.write_record("a/new.nwb", replace(new, published="md5:" + "a" * 32))
    cache.write_record("a/old.nwb", replace(old, synthetic=True))
    found = states(import_folder(own, cache.folder, progress=False))
    assert "synthetic" in found["a/old.nwb"]
    assert not own.path("a/old.nwb").exists()
    assert own.record("a/new.nwb") == new


def test_an_age_in_days():
    record = Record("u", 1, "h", (datetime.now(UTC) - timedelta(days=2)).isoformat())
    assert record.age_days() == pytest.approx(2, abs=0.01)
    assert replace(record, fetched="?").age_days() == float("inf")
