"""Whole or not at all."""

import errno
import hashlib
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from allentk.api import Cache, Live, checks
from allentk.api import download as downloading
from allentk.api.cache import Record
from allentk.api.download import Action, Origin, Sink, decide, download, obtain
from allentk.errors import ConfigError, IntegrityError, OfflineError, ServiceError

HDF5 = b"\x89HDF\r\n\x1a\n"
NAME = "cell_types/specimen_5/ephys.nwb"


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def fetch(cache, replies, request_of):
    """Download NAME from the scripted transport."""

    def ask(body=None, *, transport=None, url="https://x/file", check=checks.nwb, refresh=False):
        if body is not None:
            replies.bodies[url] = body
        return download(
            cache,
            NAME,
            lambda: request_of(url, what="recording of specimen 5"),
            transport or replies,
            check=check,
            what="recording of specimen 5",
            refresh=refresh,
            progress=False,
        )

    return ask


def files(cache):
    """Everything in the cache but records and locks."""
    return [
        path.relative_to(cache.folder).as_posix()
        for path in sorted(cache.folder.rglob("*"))
        if path.is_file() and path.relative_to(cache.folder).parts[0] not in (".records", ".locks")
    ]


RECORD = Record("u", 5, "h", "t")


@pytest.mark.parametrize(
    ("refresh", "size", "record", "action"),
    [
        (False, 5, RECORD, Action.KEEP),
        (True, 5, RECORD, Action.FETCH_ASKED),
        (False, None, RECORD, Action.FETCH_MISSING),
        (False, None, None, Action.FETCH_MISSING),
        (False, 5, None, Action.FETCH_UNKNOWN),
        (False, 4, RECORD, Action.FETCH_CUT),
    ],
)
def test_the_decision(refresh, size, record, action):
    assert decide(refresh=refresh, size=size, record=record) is action


def test_a_file_is_fetched_once_and_recorded(cache, fetch, replies):
    body = HDF5 + b"x" * 1000
    path = fetch(body)
    assert path.read_bytes() == body
    assert fetch() == path
    assert replies.asked == ["https://x/file"]
    record = cache.record(NAME)
    assert (record.url, record.size) == ("https://x/file", len(body))
    assert record.sha256 == hashlib.sha256(body).hexdigest()
    assert (record.etag, record.source) == ('"7"', "the test's own service")
    assert cache.verify() == {NAME: "ok"}
    assert files(cache) == [NAME]


def test_a_cut_or_unknown_file_is_fetched_again(cache, fetch, replies):
    path = fetch(HDF5 + b"x")
    path.write_bytes(HDF5)
    assert fetch().read_bytes() == HDF5 + b"x"
    cache.forget(NAME)
    fetch()
    assert len(replies.asked) == 3


def test_a_refresh_that_fails_leaves_the_old_file(cache, fetch):
    path = fetch(HDF5 + b"old")
    with pytest.raises(IntegrityError):
        fetch(b"<html>sorry</html>", refresh=True)
    assert path.read_bytes() == HDF5 + b"old"
    assert cache.verify() == {NAME: "ok"}
    assert fetch(HDF5 + b"newer", refresh=True).read_bytes() == HDF5 + b"newer"
    assert cache.verify() == {NAME: "ok"}


def test_a_refresh_cut_off_before_its_record_is_done_again(cache, fetch, monkeypatch):
    def cut_off(self, name, record):
        raise KeyboardInterrupt

    fetch(HDF5 + b"old")
    with monkeypatch.context() as patch:
        patch.setattr(Cache, "write_record", cut_off)
        with pytest.raises(KeyboardInterrupt):
            fetch(HDF5 + b"new", refresh=True)
    assert fetch(HDF5 + b"now").read_bytes() == HDF5 + b"now"
    assert cache.verify() == {NAME: "ok"}


@pytest.mark.parametrize(
    ("check", "body", "page"),
    [
        (checks.nwb, b"<!DOCTYPE html><html>out of order</html>", True),
        (checks.nwb, b"", False),
        (checks.nwb, b'{"success": false}', False),
        (checks.swc, b"\n<html>out of order</html>", True),
        (checks.swc, b"# only\n# comments\n", False),
        (checks.swc, b"1 2 3\n", False),
        (checks.swc, b"one two three four five six seven\n", False),
        (checks.json_object, b"<html></html>", True),
        (checks.json_object, b"[1]", False),
        (checks.json_object, b'{"success": false, "msg": "no"}', False),
        (checks.json_object, b"[" * 100_000, False),
    ],
)
def test_what_is_not_of_its_kind_is_not_kept(cache, fetch, check, body, page):
    with pytest.raises(
        IntegrityError, match=r"recording of specimen 5: expected .*not kept"
    ) as bad:
        fetch(body, check=check)
    assert ("a web page" in str(bad.value)) is page
    assert files(cache) == []
    assert cache.entries() == []


@pytest.mark.parametrize(
    ("check", "body"),
    [
        (checks.swc, b"# a comment\n\n 1\t1 0 0 0 5.5 -1 # soma\n"),
        (checks.json_object, b'{"type": "GLIF"}'),
    ],
)
def test_what_is_of_its_kind_is_kept(fetch, check, body):
    assert fetch(body, check=check).read_bytes() == body


def test_a_short_body_is_not_kept(cache, fetch, loopback, says):
    loopback.script["/f"] = [says(200, HDF5 + b"12", length=100)]
    with pytest.raises(IntegrityError, match="nothing was kept"):
        fetch(transport=Live(), url=loopback.url("/f"))
    assert files(cache) == []


def test_a_transport_that_lies_about_the_length(cache, fetch, replies):
    class Short(type(replies)):
        def get(self, request):
            response = super().get(request)
            response.headers = {"content-length": "99"}
            return response

    short = Short()
    short.bodies["https://x/file"] = HDF5
    with pytest.raises(IntegrityError, match="expected 99 bytes, got 8"):
        fetch(transport=short)
    assert files(cache) == []


def test_an_error_page_is_not_kept(cache, fetch, loopback, says):
    loopback.script["/f"] = [says(404, HDF5)]
    with pytest.raises(ServiceError, match="got 404"):
        fetch(transport=Live(), url=loopback.url("/f"))
    loopback.script["/page"] = [says(200, b"<html>hello</html>", Content_Type="text/html")]
    with pytest.raises(IntegrityError, match="a web page"):
        fetch(transport=Live(), url=loopback.url("/page"))
    assert files(cache) == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, OfflineError])
def test_an_interruption_leaves_nothing(cache, fetch, replies, kind):
    class Breaking(type(replies)):
        def get(self, request):
            response = super().get(request)

            def chunks():
                yield HDF5
                part = cache.path(NAME).with_name(".ephys.nwb.part")
                assert part.exists()
                assert not cache.path(NAME).exists()
                raise kind

            response.chunks = chunks()
            return response

    breaking = Breaking()
    breaking.bodies["https://x/file"] = HDF5 * 2
    with pytest.raises(kind):
        fetch(transport=breaking)
    assert files(cache) == []
    assert fetch(HDF5 * 2).read_bytes() == HDF5 * 2


def test_what_is_not_found_leaves_no_folder(cache, request_of, replies):
    def locate():
        raise OfflineError("nobody there")

    with pytest.raises(OfflineError):
        download(cache, NAME, locate, replies, check=checks.nwb, what="a file")
    assert not (cache.folder / "cell_types").exists()


def test_a_full_disk(cache, fetch, monkeypatch):
    def full(self, chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Sink, "write", full)
        with pytest.raises(ConfigError, match=r"the disk is full.*ALLENTK_CACHE_DIR"):
            fetch(HDF5)
    assert files(cache) == []
    assert fetch(HDF5).read_bytes() == HDF5


def test_a_disk_without_room_is_not_filled(cache, fetch, monkeypatch):
    class Usage:
        free = 7

    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda folder: Usage)
    with pytest.raises(ConfigError, match="has room for"):
        fetch(HDF5)
    assert files(cache) == []


def test_another_trouble_with_the_disk_is_not_hidden(cache, fetch, monkeypatch):
    def broken(self, chunk):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Sink, "write", broken)
    with pytest.raises(OSError, match="Input/output error"):
        fetch(HDF5)
    assert files(cache) == []


def test_an_empty_file_is_a_file_too(cache):
    path = obtain(cache, "empty", lambda sink: Origin("u", "s"), what="nothing")
    assert path.read_bytes() == b""
    assert cache.verify() == {"empty": "ok"}


SCRIPT = """
import sys
from allentk.api import Cache, Live, checks
from allentk.api.download import download
from allentk.api.exchange import Request

print("asking", flush=True)
request = Request(sys.argv[2], what="a file", command="-")
path = download(Cache(sys.argv[1]), sys.argv[3], lambda: request, Live(), check=checks.nwb, what="f")
print(path.stat().st_size, flush=True)
"""


@pytest.fixture
def process(cache, loopback):
    started = []

    def start(path):
        arguments = [str(cache.folder), loopback.url(path), NAME]
        begun = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, text=True
        )
        started.append(begun)
        assert begun.stdout.readline() == "asking\n"
        return begun

    yield start
    for begun in started:
        begun.kill()
        begun.communicate()


HALF = HDF5.ljust(2**17, b"x")


def half_then_wait(go):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(2 * len(HALF)))
        handler.end_headers()
        handler.wfile.write(HALF)
        go.wait(60)
        with suppress(ConnectionError):  # the process that asked may have been killed
            handler.wfile.write(HALF)

    return answer


def until(true):
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within 30 s")


def test_two_processes_fetch_a_file_once(cache, loopback, process):
    go = threading.Event()
    loopback.script["/f"] = [half_then_wait(go)]
    first = process("/f")
    until(lambda: loopback.hits)
    second = process("/f")
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(0.5)
    go.set()
    for begun in (first, second):
        assert begun.communicate(timeout=60)[0] == f"{2 * len(HALF)}\n"
        assert begun.returncode == 0
    assert loopback.paths() == ["/f"]
    assert cache.verify() == {NAME: "ok"}


def test_a_killed_process_leaves_nothing_under_the_name(cache, loopback, process, fetch):
    go = threading.Event()
    loopback.script["/f"] = [half_then_wait(go)]
    begun = process("/f")
    until(lambda: any(cache.folder.rglob(".ephys.nwb.part")))
    begun.kill()
    begun.wait(60)
    go.set()
    assert not cache.path(NAME).exists()
    assert cache.entries() == []
    assert fetch(HDF5 + b"whole").read_bytes() == HDF5 + b"whole"
    assert files(cache) == [NAME]
