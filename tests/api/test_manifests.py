"""Manifests: versions, checks of what a server wrote, and what differs between two."""

import json

import pytest

from allentk.api.manifests import compare, manifest_key, read_manifest, versions_in
from allentk.api.s3 import Bucket
from allentk.errors import DataError, FormatError
from tests.buckets import FakeBucket, blake2b, put_release

PROJECT = "visual-behavior-ophys"
BUCKET = Bucket("visual-behavior-ophys-data")
FILES = {0: ("experiments/one.nwb", b"1"), 7: ("experiments/two.nwb", b"2")}


@pytest.fixture
def written(tmp_path):
    """Write a manifest with changes and return its path."""

    def write(version="1.0.0", *, files=FILES, tables=None, **changes):
        manifest = put_release(
            FakeBucket(BUCKET.base),
            PROJECT,
            version,
            tables={"cells": "id\n1\n"} if tables is None else tables,
            files=files,
            changes=changes,
        )
        path = tmp_path / f"{version}.json"
        path.write_text(json.dumps(manifest))
        return path

    return write


def read(path, version="1.0.0"):
    return read_manifest(path, PROJECT, version, BUCKET)


def test_versions_by_number_not_by_letter():
    names = [manifest_key(PROJECT, v) for v in ("1.0.0", "0.3.0", "1.10.0", "1.9.12", "1.9.2")]
    others = ["x", f"{PROJECT}/manifests/{PROJECT}_project_manifest_v2.json", "other_v9.9.9.json"]
    longer = [manifest_key(f"{PROJECT}-more", "9.0.0")]
    found = versions_in([*others, *names, *longer, names[0].rpartition("/")[2]], PROJECT)
    assert found == ["1.10.0", "1.9.12", "1.9.2", "1.0.0", "0.3.0"]


@pytest.mark.parametrize("version", ["1.0", "1.0.0.0", "latest", "../1.0.0", "1.0.0\n", "١.0.0"])
def test_what_is_no_version(version):
    with pytest.raises(DataError, match="three numbers"):
        manifest_key(PROJECT, version)


def test_what_a_release_holds(written):
    manifest = read(written())
    file = manifest.files[7]
    assert file.path == "experiments/two.nwb"
    assert file.url == f"{BUCKET.base}/{PROJECT}/experiments/two.nwb?versionId=v1.0.0"
    assert file.expected.published == f"blake2b:{blake2b(b'2')}"
    assert manifest.cache_name(file) == f"{PROJECT}-1.0.0/experiments/two.nwb"
    assert manifest.tables["cells"].path == "project_metadata/cells.csv"
    assert manifest.pipeline == "made up 1"
    assert repr(manifest) == f"<Manifest {PROJECT} 1.0.0: 1 tables, 2 files>"


def one(url, *, digest=None):
    return {"5": {"url": url, "version_id": "v", "file_hash": digest or blake2b(b"")}}


GOOD = f"{BUCKET.base}/{PROJECT}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"project_name": "other"}, "expected project_name 'visual-behavior-ophys', got 'other'"),
        ({"manifest_version": "1.0.1"}, "expected manifest_version '1.0.0', got '1.0.1'"),
        ({"metadata_files": []}, "'metadata_files' to be an object"),
        ({"data_files": None}, "'data_files' to be an object"),
        ({"data_files": {"x": {}}}, "file ids to be whole numbers"),
        ({"data_files": {"01": {}}}, "file ids to be whole numbers, without leading zeros"),
        ({"data_files": {"9" * 5000: {}}}, "file ids to be whole numbers"),
        ({"data_files": {"5": one(f"{GOOD}/a")["5"] | {"version_id": ""}}}, "is not empty"),
        ({"data_files": {"5": "x"}}, "every file to have url"),
        (
            {"data_files": {"5": {"url": 5, "version_id": "v", "file_hash": ""}}},
            "every file to have",
        ),
        ({"data_files": one(f"{GOOD}/a.nwb", digest="abc")}, "hash of 128 hexadecimal digits"),
        ({"data_files": one(f"{GOOD}/../../etc/passwd")}, "expected plain names of files"),
        ({"data_files": one(f"{GOOD}/%2e%2e/%2e%2e/etc/passwd")}, "expected plain names of files"),
        ({"data_files": one(f"{GOOD}/..%2f..%2fetc")}, "expected plain names of files"),
        ({"data_files": one(f"{GOOD}/a\\..\\b.nwb")}, "expected plain names of files"),
        ({"data_files": one(f"{GOOD}//etc/passwd")}, "expected plain names of files"),
        ({"data_files": one(f"{GOOD}/a.nwb?x=1")}, "expected plain names of files"),
        (
            {"data_files": one("https://evil.example/visual-behavior-ophys/a.nwb")},
            "that begin with",
        ),
        ({"data_files": one(f"{BUCKET.base}.evil.example/{PROJECT}/a.nwb")}, "that begin with"),
        ({"data_files": one(f"{BUCKET.base}/other-project/a.nwb")}, "that begin with"),
        ({"data_files": one("file:///etc/passwd")}, "that begin with"),
    ],
)
def test_what_is_refused(written, changes, said):
    with pytest.raises(FormatError, match=said) as caught:
        read(written(**changes))
    assert "1.0.0.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "not json", "[" * 100_000])
def test_what_is_no_manifest(tmp_path, text):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"m\.json: expected (JSON|an object)"):
        read(path)


def test_one_that_is_too_large(written, monkeypatch):
    path = written()
    monkeypatch.setattr("allentk.api.manifests._MOST_BYTES", 100)
    with pytest.raises(FormatError, match="at most 100 bytes"):
        read(path)


def test_a_manifest_without_a_pipeline(written):
    assert read(written(data_pipeline=None)).pipeline == ""


def test_what_differs(written):
    old = read(written("1.0.0", tables={"cells": "id\n1\n", "gone": "a\n"}))
    files = {
        3: ("experiments/one.nwb", b"1 again"),
        4: ("moved/two.nwb", b"2"),
        5: ("new.nwb", b"3"),
    }
    new = read(written("1.1.0", files=files), "1.1.0")
    table = compare(old, new).set_index("path")
    assert table["change"].to_dict() == {
        "experiments/one.nwb": "changed",
        "moved/two.nwb": "moved",
        "new.nwb": "added",
        "project_metadata/gone.csv": "removed",
    }
    assert table.loc["moved/two.nwb", "old_path"] == "experiments/two.nwb"
    assert compare(old, old).empty


def test_a_copy_is_no_move(written):
    old = read(written("1.0.0"))
    files = {**FILES, 9: ("copy.nwb", b"1")}
    table = compare(old, read(written("1.1.0", files=files), "1.1.0"))
    assert table[["path", "change"]].to_numpy().tolist() == [["copy.nwb", "added"]]
