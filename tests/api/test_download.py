"""Whole or not at all."""

import errno
import hashlib
import math
import threading
from dataclasses import replace

import pytest

from allentk.api import Cache, Live, checks
from allentk.api import download as downloading
from allentk.api.background import begun
from allentk.api.cache import Record
from allentk.api.download import download
from allentk.api.exchange import Deadline, Patience
from allentk.api.expected import Expected
from allentk.api.obtain import Origin, obtain
from allentk.api.partial import Part
from allentk.api.wish import Action, Wish, decide
from allentk.errors import ConfigError, IntegrityError, OfflineError, ServiceError

NAME = "cell_types/specimen_5/ephys.nwb"
RECORD = Record("u", 5, "h", "t")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def fetch(cache, replies, request_of):
    """Download NAME from the scripted transport, or another one."""

    def ask(body=None, *, transport=None, url="https://x/file", check=checks.nwb, **options):
        if body is not None:
            replies.bodies[url] = body
        limit_s = options.pop("limit_s", math.inf)
        wish = Wish(NAME, "recording of specimen 5", check, **options)
        return download(
            cache,
            wish,
            lambda: request_of(url, what="recording of specimen 5"),
            transport or replies,
            deadline=Deadline.after(limit_s),
            progress=False,
        ).path

    return ask


def files(cache):
    """Everything in the cache but records and locks."""
    return [
        path.relative_to(cache.folder).as_posix()
        for path in sorted(cache.folder.rglob("*"))
        if path.is_file() and path.relative_to(cache.folder).parts[0] not in (".records", ".locks")
    ]


@pytest.mark.parametrize(
    ("situation", "action"),
    [
        ({"size": 5, "record": RECORD}, Action.KEEP),
        ({"size": 5, "record": RECORD, "refresh": True}, Action.FETCH_ASKED),
        ({"size": None, "record": RECORD}, Action.FETCH_MISSING),
        ({"size": None, "record": None}, Action.FETCH_MISSING),
        ({"size": 5, "record": None}, Action.FETCH_UNKNOWN),
        ({"size": 4, "record": RECORD}, Action.FETCH_CUT),
        ({"size": 5, "record": RECORD, "fits": False}, Action.FETCH_OTHER),
        ({"size": 5, "record": RECORD, "fits": False, "old": True}, Action.FETCH_OTHER),
        ({"size": 5, "record": RECORD, "old": True}, Action.FETCH_OLD),
    ],
)
def test_the_decision(situation, action):
    assert decide(**{"refresh": False, **situation}) is action


def test_a_file_is_fetched_once_and_recorded(cache, fetch, replies, hdf5):
    body = hdf5(1000)
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


def test_a_cut_or_unknown_file_is_fetched_again(cache, fetch, replies, hdf5):
    body = hdf5(10)
    path = fetch(body)
    path.write_bytes(body[:-1])
    assert fetch().read_bytes() == body
    cache.forget(NAME)
    fetch()
    assert len(replies.asked) == 3


def test_a_refresh_that_fails_leaves_the_old_file(cache, fetch, hdf5):
    old, newer = hdf5(10), hdf5(11)
    path = fetch(old)
    with pytest.raises(IntegrityError):
        fetch(b"<html>sorry</html>", refresh=True)
    assert path.read_bytes() == old
    assert cache.verify() == {NAME: "ok"}
    assert fetch(newer, refresh=True).read_bytes() == newer
    assert cache.verify() == {NAME: "ok"}


def test_a_refresh_cut_off_before_its_record_is_done_again(cache, fetch, monkeypatch, hdf5):
    def cut_off(self, name, record):
        raise KeyboardInterrupt

    fetch(hdf5(1))
    with monkeypatch.context() as patch:
        patch.setattr(Cache, "write_record", cut_off)
        with pytest.raises(KeyboardInterrupt):
            fetch(hdf5(2), refresh=True)
    assert fetch(hdf5(3)).read_bytes() == hdf5(3)
    assert cache.verify() == {NAME: "ok"}


def test_what_is_not_of_its_kind_is_not_kept(cache, fetch):
    with pytest.raises(
        IntegrityError, match=r"recording of specimen 5, from https://x/file: expected .*not kept"
    ):
        fetch(b"1 2 3\n", check=checks.swc)
    assert files(cache) == []
    assert cache.entries() == []


def test_a_transport_that_lies_about_the_length(cache, fetch, replies, hdf5):
    class Short(type(replies)):
        def get(self, request):
            response = super().get(request)
            response.headers = {"content-length": "99999"}
            return response

    short = Short()
    short.patience = Patience(sleep=lambda _: None)
    short.bodies["https://x/file"] = hdf5(1)
    with pytest.raises(IntegrityError, match=f"expected 99999 bytes, got {len(hdf5(1))}"):
        fetch(transport=short)
    assert files(cache) == []
    assert len(short.asked) == 4


def test_an_error_page_is_not_kept(cache, fetch, loopback, says, hdf5):
    loopback.script["/f"] = [says(404, hdf5(1))]
    with pytest.raises(ServiceError, match="got 404"):
        fetch(transport=Live(), url=loopback.url("/f"))
    loopback.script["/page"] = [says(200, b"<html>hello</html>", Content_Type="text/html")]
    with pytest.raises(IntegrityError, match="a web page"):
        fetch(transport=Live(), url=loopback.url("/page"))
    assert files(cache) == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, OfflineError])
def test_an_interruption_keeps_what_can_be_gone_on_with(cache, fetch, replies, kind, hdf5):
    body = hdf5(1000)

    class Breaking(type(replies)):
        def get(self, request):
            response = super().get(request)

            def chunks():
                yield body[:100]
                assert Part(cache.path(NAME)).path.exists()
                assert not cache.path(NAME).exists()
                raise kind

            response.chunks = chunks()
            return response

    breaking = Breaking()
    breaking.bodies["https://x/file"] = body
    with pytest.raises(kind):
        fetch(transport=breaking)
    assert [name.rsplit("/", 1)[1] for name in files(cache)] == [
        ".ephys.nwb.part",
        ".ephys.nwb.part.json",
    ]
    assert cache.entries() == []
    assert fetch(body).read_bytes() == body
    assert files(cache) == [NAME]


def test_what_is_not_found_leaves_no_folder(cache, replies):
    def locate():
        raise OfflineError("nobody there")

    with pytest.raises(OfflineError):
        download(cache, Wish(NAME, "a file", checks.nwb), locate, replies)
    assert not (cache.folder / "cell_types").exists()


def test_a_full_disk(cache, fetch, monkeypatch, hdf5):
    def full(self, chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Part, "write", full)
        with pytest.raises(ConfigError, match=r"the disk is full.*ALLENTK_CACHE_DIR"):
            fetch(hdf5(1))
    assert files(cache) == []
    assert fetch(hdf5(1)).read_bytes() == hdf5(1)


def test_a_disk_without_room_is_not_filled(cache, fetch, monkeypatch, hdf5):
    class Usage:
        free = 7

    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda folder: Usage)
    with pytest.raises(ConfigError, match="has room for"):
        fetch(hdf5(1))
    assert files(cache) == []


def test_another_trouble_with_the_disk_is_not_hidden(cache, fetch, monkeypatch, hdf5):
    def broken(self, chunk):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Part, "write", broken)
    with pytest.raises(ConfigError, match="Input/output error"):
        fetch(hdf5(1))
    assert files(cache) == []


def test_a_disk_that_swallows_bytes(cache, fetch, monkeypatch, hdf5):
    finish = Part.finish

    def swallow(self, what):
        finish(self, what)
        with self.path.open("r+b") as file:
            file.truncate(50)

    monkeypatch.setattr(Part, "finish", swallow)
    with pytest.raises(IntegrityError, match=r"wrote .* bytes .* and 50 lie there"):
        fetch(hdf5(1))
    assert files(cache) == []


def test_an_empty_file_is_a_file_too(cache):
    found = obtain(cache, Wish("empty", "nothing"), lambda part: Origin("u", "s"))
    assert found.path.read_bytes() == b""
    assert cache.verify() == {"empty": "ok"}


def published(body, algorithm="sha256"):
    digest = hashlib.new(algorithm, body, usedforsecurity=False).hexdigest()
    return Expected(len(body), algorithm, digest)


@pytest.mark.parametrize("algorithm", ["sha256", "blake2b", "md5"])
def test_a_published_hash_is_asked_for_and_remembered(cache, fetch, replies, hdf5, algorithm):
    body = hdf5(100)
    wanted = published(body, algorithm)
    assert fetch(body, expected=wanted).read_bytes() == body
    assert cache.record(NAME).published == f"{algorithm}:{wanted.digest}"
    fetch(expected=wanted)
    assert len(replies.asked) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda right: replace(right, digest="0" * 128),
        lambda right: replace(right, size=right.size - 1),
        lambda right: replace(right, size=right.size + 1),
    ],
)
def test_another_file_than_the_published_one(cache, fetch, hdf5, wrong):
    body = hdf5(100)
    with pytest.raises(IntegrityError, match=r"as published.*the bytes were discarded"):
        fetch(body, expected=wrong(published(body, "blake2b")))
    assert files(cache) == []


def test_another_version_is_published(cache, fetch, replies, hdf5):
    first, second = hdf5(100), hdf5(100, b"2")
    assert len(first) == len(second)
    fetch(first)
    fetch(expected=published(first, "blake2b"))
    assert len(replies.asked) == 1  # it was hashed, not fetched
    assert cache.record(NAME).published.startswith("blake2b:")
    assert fetch(second, expected=published(second, "blake2b")).read_bytes() == second
    assert fetch(expected=published(second)).read_bytes() == second
    assert len(replies.asked) == 2


def test_waiting_for_another_process_ends(cache, fetch, hdf5):
    with cache.lock(NAME), pytest.raises(OfflineError, match=r"another process.*delete .*\.lock"):
        fetch(hdf5(1), limit_s=0.1)
    assert fetch(hdf5(1), limit_s=60).read_bytes() == hdf5(1)


def test_a_hash_that_cannot_be_noted_is_made_again(cache, fetch, replies, monkeypatch, hdf5):
    def refuse(self, name, record):
        raise ConfigError("read-only")

    fetch(hdf5(5))
    monkeypatch.setattr(Cache, "write_record", refuse)
    assert fetch(expected=published(hdf5(5), "md5")).read_bytes() == hdf5(5)
    assert len(replies.asked) == 1


def test_two_threads_fetch_a_file_once(cache, replies, request_of, hdf5):
    go, asked = threading.Event(), threading.Event()

    class Slow(type(replies)):
        def get(self, request):
            asked.set()
            go.wait(30)
            return super().get(request)

    slow = Slow()
    slow.bodies["https://x/file"] = hdf5(5)
    wish = Wish(NAME, "a file", checks.nwb)

    def ask():
        return download(cache, wish, lambda: request_of("https://x/file"), slow, progress=False)

    promises = [begun(ask, (OfflineError,)) for _ in range(3)]
    assert asked.wait(30)
    go.set()
    assert {promise.result(30).path for promise in promises} == {cache.path(NAME)}
    assert slow.asked == ["https://x/file"]
