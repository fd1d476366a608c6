"""allentk cache."""

import hashlib
import json

import pytest

from allentk.api.cache import Cache, Record


@pytest.fixture
def folder(tmp_path):
    """A cache with two files."""
    cache = Cache(tmp_path / "cache")
    for name, content in (("cell_types/cells.json", b"[]"), ("cell_types/a.nwb", b"12345")):
        path = cache.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        record = Record(
            url=f"https://example.org/{name}",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            fetched="2025-01-02T03:04:05+00:00",
        )
        cache.write_record(name, record)
    return cache.folder


def test_path_is_the_setting_or_what_is_given(run, tmp_path, monkeypatch):
    monkeypatch.setenv("ALLENTK_CACHE_DIR", str(tmp_path / "set"))
    assert run("cache", "path").stdout == f"{tmp_path / 'set'}\n"
    assert run("cache", "path", "--cache-dir", tmp_path).stdout == f"{tmp_path}\n"


def test_ls(run, folder):
    result = run("cache", "ls", "--cache-dir", folder, "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [(row["name"], row["size"]) for row in rows] == [
        ("cell_types/a.nwb", 5),
        ("cell_types/cells.json", 2),
    ]
    assert rows[0]["path"] == str(folder / "cell_types" / "a.nwb")
    assert "2 files, 0.0 MB in " in result.stderr


def test_ls_of_nothing(run, tmp_path):
    result = run("cache", "ls", "--cache-dir", tmp_path / "none")
    assert result.exit_code == 0
    assert result.stdout.split() == ["name", "size", "fetched", "url"]
    assert result.stderr.startswith("0 files")
    assert not (tmp_path / "none").exists()


def test_verify_a_good_cache(run, folder):
    result = run("cache", "verify", "--cache-dir", folder)
    assert result.exit_code == 0
    assert result.stdout.split("\n")[1].split() == ["cell_types/a.nwb", "ok"]
    assert result.stderr == "2 files as fetched.\n"


def test_verify_a_damaged_cache(run, folder):
    (folder / "cell_types" / "a.nwb").write_bytes(b"1234!")
    (folder / "cell_types" / "cells.json").unlink()
    result = run("cache", "verify", "--cache-dir", folder, "--csv")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "name,state",
        "cell_types/a.nwb,changed",
        "cell_types/cells.json,missing",
    ]
    assert "2 files of 2 not as fetched" in result.stderr
    assert "fetch" in result.stderr


def test_prune(run, folder):
    part = folder / "cell_types" / ".b.nwb.part"
    part.write_bytes(b"123")
    result = run("cache", "prune", "--cache-dir", folder, "--dry-run", "--csv")
    assert result.stdout.splitlines() == ["why,size,path", f"partial,3,{part}"]
    assert result.stderr == "1 file, 0.0 MB would go.\n"
    assert part.exists()
    result = run("cache", "prune", "--cache-dir", folder, "--partial")
    assert result.stderr == "1 file, 0.0 MB taken away.\n"
    assert not part.exists()


def test_prune_what_is_old(run, folder):
    result = run("cache", "prune", "--cache-dir", folder, "--older-than", 30, "--json")
    assert [row["why"] for row in json.loads(result.stdout)] == ["old", "old", *["left over"] * 2]
    assert Cache(folder).entries() == []


def test_prune_one_or_the_other(run, folder):
    result = run("cache", "prune", "--cache-dir", folder, "--partial", "--older-than", 3)
    assert result.exit_code == 2
    assert "not both" in result.stderr
    assert run("cache", "prune", "--older-than", -1).exit_code == 2


def test_import(run, folder, tmp_path):
    result = run("cache", "import", folder, "--cache-dir", tmp_path / "own", "--csv")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == "cell_types/a.nwb,5,imported"
    assert result.stderr == "2 files imported, 0 there already.\n"
    again = run("cache", "import", folder, "--cache-dir", tmp_path / "own", "--link")
    assert again.stderr == "0 files imported, 2 there already.\n"


def test_import_of_a_damaged_cache(run, folder, tmp_path):
    (folder / "cell_types" / "a.nwb").write_bytes(b"1234!")
    result = run("cache", "import", folder, "--cache-dir", tmp_path / "own")
    assert result.exit_code == 1
    assert "changed since it was fetched" in result.stdout
    assert "1 file of 2 not taken" in result.stderr


def test_import_of_any_folder(run, tmp_path):
    result = run("cache", "import", tmp_path, "--cache-dir", tmp_path / "own")
    assert result.exit_code == 1
    assert "is it the right folder" in result.stderr.lower()
