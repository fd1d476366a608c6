"""Archives that a service hands out."""

import io
import tarfile
import zipfile

import pytest

from allentk.api import archives
from allentk.api.archives import Member, members, read_member
from allentk.errors import DataError, IntegrityError

TABLE = b"id,name\n" + b"1,a\n" * 1000


def zipped(path, files, *, link=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
        if link is not None:
            info = zipfile.ZipInfo("link")
            info.create_system = 3
            info.external_attr = 0o120777 << 16
            archive.writestr(info, link)
    return path


def tarred(path, files, *, mode="w:gz", extra=()):
    with tarfile.open(path, mode) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def packed(path, files):
    """An archive of the kind that the ending says."""
    kinds = {".zip": zipped, ".gz": tarred, ".tar": lambda p, f: tarred(p, f, mode="w:")}
    return kinds[path.suffix](path, files)


KINDS = ["a.zip", "a.tar.gz", "a.tar"]


@pytest.mark.parametrize("kind", KINDS)
def test_members_are_listed_and_read(tmp_path, kind):
    files = [("cell_metrics.csv", TABLE), ("modfiles/Kv.mod", b"NEURON {}"), ("empty", b"")]
    path = packed(tmp_path / kind, files)
    assert members(path) == [Member(name, len(content)) for name, content in files]
    assert [read_member(path, name) for name, _ in files] == [content for _, content in files]
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "a/../../x", "a\\b", "C:x", "a//b", "./a", "con", "a/NUL.txt", "a\nb"],
)
def test_names_that_lead_elsewhere(tmp_path, kind, name):
    path = packed(tmp_path / kind, [("good", b"1"), (name, b"2")])
    for ask in (members, lambda where: read_member(where, "good")):
        with pytest.raises(IntegrityError, match=r"plain, relative.*nothing was unpacked"):
            ask(path)


@pytest.mark.parametrize("kind", ["a.tar.gz", "a.tar"])
def test_a_name_twice(tmp_path, kind):
    path = packed(tmp_path / kind, [("a", b"1"), ("A", b"2")])
    with pytest.raises(IntegrityError, match="there once"):
        members(path)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar(tmp_path, kind):
    path = tarred(tmp_path / "a.tar.gz", [("a", b"1")], extra=[special("b", kind, "/etc/passwd")])
    with pytest.raises(IntegrityError, match=r"'b', a link or a device"):
        members(path)


def test_links_in_a_zip(tmp_path):
    path = zipped(tmp_path / "a.zip", [("a", b"1")], link="/etc/passwd")
    with pytest.raises(IntegrityError, match=r"'link', a link or a device"):
        members(path)


def test_folders_are_no_members(tmp_path):
    path = zipped(tmp_path / "a.zip", [("modfiles/", b""), ("modfiles/a", b"1")])
    assert members(path) == [Member("modfiles/a", 1)]
    folder = special("modfiles", tarfile.DIRTYPE)
    path = tarred(tmp_path / "a.tar", [("modfiles/a", b"1")], mode="w:", extra=[folder])
    assert members(path) == [Member("modfiles/a", 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_bombs(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(archives, "_SMALL_BYTES", 10_000)
    monkeypatch.setattr(archives, "_MOST_RATIO", 20 if kind != "a.tar" else 0)
    path = packed(tmp_path / kind, [("a", bytes(10**6))])
    with pytest.raises(IntegrityError, match=r"at most \d+ bytes"):
        members(path)


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MOST_MEMBERS", 5)
    for kind in KINDS:
        path = packed(tmp_path / kind, [(f"n{number}", b"") for number in range(6)])
        with pytest.raises(IntegrityError, match="at most 5 files"):
            members(path)


def test_a_member_that_is_too_large(tmp_path):
    path = zipped(tmp_path / "a.zip", [("a", b"12345")])
    with pytest.raises(IntegrityError, match="at most 4 bytes, got 5"):
        read_member(path, "a", most_bytes=4)


def test_a_member_that_is_not_there(tmp_path):
    path = zipped(tmp_path / "a.zip", [("a", b"12345")])
    with pytest.raises(DataError, match=r"no file 'b' in it; there are: a"):
        read_member(path, "b")


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"PK\3\4", b"\x1f\x8b\x08 nonsense"])
def test_what_is_no_archive(tmp_path, body):
    path = tmp_path / "a.zip"
    path.write_bytes(body)
    with pytest.raises(IntegrityError, match=r"expected a zip or tar archive.*fetch it again"):
        members(path)


@pytest.mark.parametrize("kind", ["a.zip", "a.tar.gz"])
def test_damage_and_cuts_are_found(tmp_path, kind):
    content = bytes(range(256)) * 40
    path = packed(tmp_path / kind, [("a", content)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntegrityError):
        read_member(path, "a")
    middle = 100
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    with pytest.raises(IntegrityError):
        read_member(path, "a")


def test_a_member_without_a_name_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", [("a", b"1")])
    whole = bytearray(path.read_bytes())
    entry = whole.index(b"PK\x01\x02")
    # The name's byte is made one of the extra field's.
    whole[entry + 28], whole[entry + 30] = 0, 1
    path.write_bytes(whole)
    with pytest.raises(IntegrityError, match="every name is plain"):
        members(path)
