"""Downloads that break off: the rest is fetched, or all of it again, and never a mix."""

import gzip
import hashlib
import os
import time
from dataclasses import replace

import pytest

from allentk.api import Live, checks
from allentk.api.download import download
from allentk.api.exchange import Deadline, Request, Response
from allentk.api.expected import Expected
from allentk.api.partial import Part, Version, version_of
from allentk.api.wish import Wish
from allentk.errors import ConfigError, IntegrityError, OfflineError, ServiceError
from tests.api.conftest import hdf5_like
from tests.api.misbehaving import Act, File

BODY = hdf5_like(50_000, b"first")
OTHER = hdf5_like(50_000, b"other")
TAGGED = File(BODY, etag='"1"')
NAME = "a.nwb"


@pytest.fixture
def fetch(cache, server):
    def ask(*, tries=4, limit_s=60.0, check=checks.nwb, **options):
        live = Live(tries=tries, timeouts_s=(5.0, 0.2), sleep=lambda s: None)
        request = Request(server.url(), what="a recording", command="allentk fetch 5")
        return download(
            cache,
            Wish(NAME, "a recording", check, **options),
            lambda: request,
            live,
            deadline=Deadline.after(limit_s),
            progress=False,
        ).path.read_bytes()

    return ask


def left(cache):
    return Part(cache.path(NAME))


@pytest.mark.parametrize(
    "file",
    [TAGGED, File(BODY, date="Wed, 01 Oct 2025 07:28:00 GMT"), File(BODY, 'W/"1"', "Wed, 01 Oct")],
)
@pytest.mark.parametrize("kind", ["cut", "reset", "stall"])
def test_only_the_rest_is_fetched(server, fetch, file, kind):
    server.reset(file, acts=[Act(kind, 0.5), Act(kind, 0.5)])
    assert fetch() == BODY
    assert server.sent == len(BODY)
    assert [head.count("Range: bytes=") for head in server.asked] == [0, 1, 1]
    assert f"If-Range: {file.etag if file.etag[:1] == chr(34) else file.date}" in server.asked[1]


def test_what_came_before_the_whole_call_failed_is_not_fetched_again(server, cache, fetch):
    server.reset(TAGGED, acts=[Act("cut", 0.75), *[Act("cut", 0.0)] * 3])
    with pytest.raises(OfflineError, match="lost after 0 bytes") as caught:
        fetch()
    assert isinstance(caught.value, IntegrityError)
    assert not cache.path(NAME).exists()
    assert left(cache).path.stat().st_size == int(0.75 * len(BODY))
    assert fetch() == BODY
    assert server.sent == len(BODY)
    assert not left(cache).path.exists()
    assert cache.record(NAME).sha256 == hashlib.sha256(BODY).hexdigest()


def test_tries_that_bring_something_are_not_counted(server, fetch):
    big = hdf5_like(6 * 2**20)
    server.reset(File(big, etag='"1"'), acts=[Act("cut", 0.3)] * 2)
    assert fetch(tries=1) == big
    assert len(server.asked) == 3


def test_tries_that_bring_nothing_are_bounded(server, fetch):
    server.reset(TAGGED, acts=[Act("cut", 0.0)] * 100)
    with pytest.raises(OfflineError):
        fetch(tries=3)
    assert len(server.asked) == 3


def test_a_file_that_changed_is_fetched_from_its_beginning(server, fetch):
    server.reset(TAGGED, File(OTHER, etag='"2"'), [Act("cut", 0.5), Act("change", 1.0)])
    assert fetch() == OTHER
    assert server.sent == int(0.5 * len(BODY)) + len(OTHER)


@pytest.mark.parametrize("at", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_another_part_than_the_rest_is_thrown_away(server, fetch, at):
    server.reset(TAGGED, acts=[Act("cut", 0.5), Act("wrong_range", at, 3)])
    assert fetch() == BODY
    assert "Range: bytes=" not in server.asked[2]


def test_a_server_without_ranges_sends_all_of_it_again(server, fetch):
    server.reset(TAGGED, acts=[Act("cut", 0.5)], ranges=False)
    assert fetch() == BODY
    assert server.sent == int(0.5 * len(BODY)) + len(BODY)


def test_without_a_version_the_rest_is_not_trusted_unless_a_hash_was_published(server, fetch):
    server.reset(File(BODY), acts=[Act("cut", 0.5)])
    assert fetch() == BODY
    assert "Range: bytes=" not in server.asked[1]
    server.reset(File(BODY), acts=[Act("cut", 0.5)])
    wanted = Expected(len(BODY), "sha256", hashlib.sha256(BODY).hexdigest())
    assert fetch(refresh=True, expected=wanted) == BODY
    assert "Range: bytes=" in server.asked[1]
    assert "If-Range" not in server.asked[1]


def test_a_rest_of_another_file_is_found_by_the_published_hash(server, cache, fetch):
    server.reset(File(BODY), File(OTHER), [Act("cut", 0.5), Act("change", 1.0)])
    wanted = Expected(len(BODY), "sha256", hashlib.sha256(BODY).hexdigest())
    with pytest.raises(IntegrityError, match="as published"):
        fetch(expected=wanted)
    assert not left(cache).path.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda part, version: part.note(replace(version, url="https://elsewhere/file")),
        lambda part, version: part.note(replace(version, etag='"0"')),
        lambda part, version: part.note(replace(version, total=7)),
        lambda part, version: part.path.with_name(f"{part.path.name}.json").write_text("{"),
        lambda part, version: part.path.with_name(f"{part.path.name}.json").write_text("[]"),
        lambda part, version: part.path.with_name(f"{part.path.name}.json").write_text(
            '{"total": "7"}'
        ),
        lambda part, version: part.path.with_name(f"{part.path.name}.json").unlink(),
        lambda part, version: part.path.unlink(),
        lambda part, version: part.path.write_bytes(b""),
        lambda part, version: os.utime(part.path, (0, 0)),  # from before the machine started
    ],
)
def test_what_cannot_be_trusted_is_not_gone_on_with(server, cache, fetch, spoil):
    server.reset(TAGGED, acts=[Act("cut", 0.5), *[Act("cut", 0.0)] * 3])
    with pytest.raises(OfflineError):
        fetch()
    part = left(cache)
    spoil(part, part.noted())
    server.reset(TAGGED)
    assert fetch() == BODY
    assert server.sent == len(BODY)


def test_what_is_there_whole_is_not_asked_for(server, cache, fetch):
    part = left(cache)
    part.begin()
    part.write(BODY)
    part.close()
    part.note(Version(server.url(), etag='"1"', total=len(BODY)))
    server.reset(TAGGED)
    assert fetch() == BODY
    assert server.asked == []


def test_damage_in_what_was_left_does_not_last(server, cache, fetch):
    server.reset(TAGGED, acts=[Act("cut", 0.5), *[Act("cut", 0.0)] * 3])
    wanted = Expected(len(BODY), "sha256", hashlib.sha256(BODY).hexdigest())
    with pytest.raises(OfflineError):
        fetch(expected=wanted)
    with left(cache).path.open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    with pytest.raises(IntegrityError, match="as published"):
        fetch(expected=wanted)
    assert fetch(expected=wanted) == BODY


def test_a_rest_of_the_wrong_length_in_all(server, cache, fetch):
    """What was left is longer than what is published now."""
    server.reset(TAGGED, acts=[Act("cut", 0.5), *[Act("cut", 0.0)] * 3])
    with pytest.raises(OfflineError):
        fetch()
    short = hdf5_like(100)
    server.reset(File(short, etag='"1"'))
    assert fetch(expected=Expected(len(short))) == short


def test_a_stop_ends_at_the_limit(server, fetch):
    server.reset(TAGGED, acts=[Act("trickle")] * 3)
    began = time.monotonic()
    with pytest.raises(OfflineError, match=r"not done within the 0\.3 s.*ALLENTK_TIME_LIMIT_S"):
        fetch(limit_s=0.3)
    assert time.monotonic() - began < 10
    server.release()


def test_headers_without_end_end_at_the_limit(server, fetch):
    server.reset(TAGGED, acts=[Act("endless_headers")] * 3)
    with pytest.raises(OfflineError, match=r"not done within the 0\.3 s"):
        fetch(limit_s=0.3)
    server.release()


def test_a_bomb_does_not_go_off(server, cache, fetch, monkeypatch):
    from allentk.api import transfer

    server.reset(TAGGED, acts=[Act("bomb", n=30)] * 3)  # a straggler of another test may take one
    monkeypatch.setattr(transfer, "_MOST_UNPACKED", 2**20)
    with pytest.raises(IntegrityError, match=f"at most {2**20} bytes, and more came"):
        fetch()
    assert not left(cache).path.exists()


def test_a_packed_file_is_unpacked(loopback, says, cache, request_of):
    packed = gzip.compress(BODY)
    loopback.script["/f"] = [says(200, packed, Content_Encoding="gzip", ETag='"1"')]
    wish = Wish(NAME, "a recording", checks.nwb)
    request = request_of(loopback.url("/f"))
    found = download(cache, wish, lambda: request, Live(), progress=False)
    assert found.path.read_bytes() == BODY


def test_a_packed_file_that_broke_off_is_fetched_from_its_beginning(
    loopback, says, cache, request_of
):
    packed = gzip.compress(os.urandom(10_000) + BODY)
    plain = gzip.compress(BODY)
    cut = says(200, packed[:8000], length=len(packed), Content_Encoding="gzip", ETag='"1"')
    loopback.script["/f"] = [cut, says(200, plain, Content_Encoding="gzip", ETag='"1"')]
    wish, request = Wish(NAME, "a recording", checks.nwb), request_of(loopback.url("/f"))
    live = Live(sleep=lambda s: None)
    found = download(cache, wish, lambda: request, live, progress=False)
    assert found.path.read_bytes() == BODY
    assert "Range" not in loopback.hits[1][1]


def test_a_body_without_a_length_is_taken_only_where_its_end_can_be_seen(server, cache, fetch):
    server.reset(TAGGED, acts=[Act("no_length", 1.0)])
    assert fetch() == BODY
    server.reset(TAGGED, acts=[Act("no_length", 0.9)])
    with pytest.raises(IntegrityError, match="cut short"):
        fetch(refresh=True)
    server.reset(TAGGED, acts=[Act("no_length", 1.0)])
    with pytest.raises(IntegrityError, match="does not say how long it is"):
        fetch(refresh=True, check=checks.nonempty)
    assert cache.path(NAME).read_bytes() == BODY


def test_a_part_that_nobody_asked_for(loopback, says, cache, request_of):
    loopback.script["/f"] = [says(206, BODY, Content_Range="bytes 0-1/2")]
    wish, request = Wish(NAME, "a recording", checks.nwb), request_of(loopback.url("/f"))
    with pytest.raises(ServiceError, match="expected HTTP status 200, got 206"):
        download(cache, wish, lambda: request, Live(), progress=False)


def test_another_process_takes_the_part_over(tmp_path):
    """Where locks do not hold, the one who was overtaken notices."""
    mine, other = Part(tmp_path / "a"), Part(tmp_path / "a")
    mine.write(b"12345")
    other.write(b"67")
    mine.write(b"89")
    with pytest.raises(OfflineError, match="another process has taken over"):
        mine.finish("a file")
    other.finish("a file")
    assert other.path.read_bytes() == b"67"
    gone = Part(tmp_path / "b")
    gone.write(b"1")
    gone.path.unlink()
    with pytest.raises(OfflineError, match="another process"):
        gone.finish("a file")


def test_two_that_go_on_with_the_same_part_write_the_same(tmp_path):
    begun = Part(tmp_path / "a")
    begun.write(b"012")
    begun.note(Version("u", etag='"1"', total=10))
    begun.close()
    one, two = Part(tmp_path / "a"), Part(tmp_path / "a")
    assert one.take_up("u") == two.take_up("u") == Version("u", etag='"1"', total=10)
    one.write(b"345")
    two.write(b"34567")
    one.write(b"6789")
    two.close()
    one.finish("a file")
    assert one.path.read_bytes() == b"0123456789"


def test_the_version_of_an_answer():
    headers = {"etag": 'W/"1"', "content-length": "5"}
    version = version_of(Response(200, headers, "u", iter(()), lambda: None), "u")
    assert version == Version("u", 'W/"1"', total=5)
    assert version.validator == ""
    assert version.rest(3) == {"Range": "bytes=3-"}


def test_a_link_in_the_place_of_a_part_is_not_followed(server, cache, fetch, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(BODY[:1000])
    part = left(cache)
    part.note(Version(server.url(), etag='"1"', total=len(BODY)))
    part.path.symlink_to(victim)
    server.reset(TAGGED)
    assert fetch() == BODY
    assert server.sent == len(BODY)
    assert victim.read_bytes() == BODY[:1000]


def test_a_disk_without_room_for_the_rest_keeps_what_has_come(server, cache, fetch, monkeypatch):
    from allentk.api import download as downloading

    class Usage:
        free = 100

    server.reset(TAGGED, acts=[Act("cut", 0.5), *[Act("cut", 0.0)] * 3])
    with pytest.raises(OfflineError):
        fetch()
    with monkeypatch.context() as patch:
        patch.setattr(downloading.shutil, "disk_usage", lambda folder: Usage)
        with pytest.raises(ConfigError, match="has room for"):
            fetch()
    assert fetch() == BODY
    assert server.sent <= len(BODY) + 65536


def test_a_redirect_to_no_address(server, fetch):
    server.reset(TAGGED, acts=[Act("redirect", 0.99)])
    with pytest.raises(ServiceError, match=r"is no address .*Invalid.*Try again"):
        fetch()
