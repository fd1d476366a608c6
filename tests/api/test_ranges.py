"""Files that are read where they lie, against a server at 127.0.0.1."""

import re
import threading

import pytest

from allentk.api import Live
from allentk.api.exchange import Request
from allentk.api.ranges import open_remote
from allentk.errors import IntegrityError, OfflineError, ServiceError
from allentk.io import read_ecephys_session, read_ophys_experiment
from tests.buckets import FakeBucket, answer
from tests.nwb2_files import CELLS, SPIKES, UNITS, write_ecephys, write_ophys

BASE = "https://some-data.s3.us-west-2.amazonaws.com"


@pytest.fixture
def body(tmp_path):
    return write_ecephys(tmp_path / "session.nwb").read_bytes()


def parts_of(body, *, etag='"1"', status=206):
    """Answer requests for parts of a body, as a server does."""

    def respond(handler):
        first, last = map(
            int, re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"]).groups()
        )
        piece = body[first : last + 1]
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(piece)))
        handler.send_header("Content-Range", f"bytes {first}-{first + len(piece) - 1}/{len(body)}")
        handler.send_header("ETag", etag)
        handler.end_headers()
        handler.wfile.write(piece)

    return respond


def remote(loopback, path="/file.nwb", transport=None):
    request = Request(loopback.url(path), what="session 5", command="allentk.x()")
    return open_remote(transport or Live(tries=1), request)


def test_a_session_is_read_without_being_downloaded(loopback, body):
    loopback.script["/file.nwb"] = [parts_of(body)]
    session = read_ecephys_session(remote(loopback))
    assert session.spike_times_s(UNITS[2]).tolist() == sorted(SPIKES[2])
    assert session.path == loopback.url("/file.nwb")
    assert session.units()["unit_id"].tolist() == list(UNITS)
    assert all(headers["Range"].startswith("bytes=") for _, headers in loopback.hits)
    assert all(headers["Accept-Encoding"] == "identity" for _, headers in loopback.hits)


def test_an_experiment_too(loopback, tmp_path):
    body = write_ophys(tmp_path / "experiment.nwb").read_bytes()
    loopback.script["/file.nwb"] = [parts_of(body)]
    experiment = read_ophys_experiment(remote(loopback))
    assert experiment.dff(ids=[CELLS[1]]).values[0, 7] == pytest.approx(1.007)


def test_a_signed_address_is_kept_and_asked_for_again_when_it_expires(loopback, body, says):
    sent_on = says(302, Location="/signed-1")
    again = says(302, Location="/signed-2")
    loopback.script["/file.nwb"] = [sent_on, again]
    expired = threading.Event()

    def signed(handler):
        (says(403, b"<Error>Request has expired</Error>") if expired.is_set() else parts_of(body))(
            handler
        )

    loopback.script["/signed-1"] = [signed]
    loopback.script["/signed-2"] = [parts_of(body)]
    file = remote(loopback)
    assert file.read(8) == body[:8]
    assert loopback.paths() == ["/file.nwb", "/signed-1", "/signed-1"]
    expired.set()
    file.seek(len(body) - 5)
    file._blocks.clear()
    assert file.read(5) == body[-5:]
    assert loopback.paths()[3:] == ["/signed-1", "/file.nwb", "/signed-2"]
    file.seek(0)
    file._blocks.clear()
    file.read(1)
    assert loopback.paths()[6:] == ["/signed-2"]


def test_an_address_that_is_refused_for_good(loopback, says):
    loopback.script["/file.nwb"] = [says(403)]
    with pytest.raises(ServiceError, match=r"session 5: expected HTTP status 200, got 403"):
        remote(loopback)
    assert loopback.paths() == ["/file.nwb"]


def test_a_server_that_gives_whole_files_only(loopback, says, body):
    loopback.script["/file.nwb"] = [says(200, body)]
    with pytest.raises(ServiceError, match=r"gives the whole file only.*remote=False"):
        remote(loopback)


def test_a_part_that_breaks_off_is_asked_for_again(loopback, body):
    def half(handler):
        handler.send_response(206)
        handler.send_header("Content-Length", "8")
        handler.send_header("Content-Range", f"bytes 0-7/{len(body)}")
        handler.send_header("ETag", '"1"')
        handler.end_headers()
        handler.wfile.write(body[:3])

    loopback.script["/file.nwb"] = [half, parts_of(body)]
    pauses = []
    file = remote(loopback, transport=Live(tries=2, sleep=pauses.append))
    assert file.read(8) == body[:8]
    assert pauses == [0.5]
    assert loopback.paths() == ["/file.nwb"] * 3


def test_a_file_that_changes_on_the_way(loopback, body):
    loopback.script["/file.nwb"] = [parts_of(body), parts_of(body, etag='"2"')]
    file = remote(loopback)
    with pytest.raises(
        IntegrityError, match=r'changed while it was read.*version "1".*version "2"'
    ):
        file.read(10)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content_range": f"bytes 0-7/{'9' * 5000}"},
        {"content_range": "bytes 5-8/100"},
        {"content_range": "bytes 0-8/*"},
    ],
)
def test_an_answer_that_is_another_part(headers):
    class Wrong:
        source, synthetic, namespace = "-", True, ""

        def get(self, request):
            return answer(206, b"x" * 8, request.url, **headers)

    with pytest.raises(ServiceError, match="for bytes from 0 on, got"):
        open_remote(Wrong(), Request(f"{BASE}/x", what="x", command="x"))


def test_a_file_without_a_version_that_is_newer_later():
    class Replaced:
        source, synthetic, namespace = "-", True, ""
        asked = 0

        def get(self, request):
            self.asked += 1
            first, last = map(int, re.findall(r"\d+", request.headers["Range"]))
            headers = {
                "content_range": f"bytes {first}-{last}/100",
                "last_modified": f"Mon, 0{self.asked} Jan 2024 00:00:00 GMT",
            }
            return answer(206, b"x" * (last + 1 - first), request.url, **headers)

    file = open_remote(Replaced(), Request(f"{BASE}/x", what="x", command="x"))
    with pytest.raises(IntegrityError, match=r"version Mon, 01 Jan.*version Mon, 02 Jan"):
        file.read(10)


def test_more_than_was_asked_for():
    class Flood:
        source, synthetic, namespace = "-", True, ""

        def get(self, request):
            return answer(206, b"x" * 2**20, request.url, content_range="bytes 0-1048575/1048576")

    with pytest.raises(ServiceError, match="at most 8 bytes"):
        open_remote(Flood(), Request(f"{BASE}/x", what="x", command="x"))


def test_a_network_that_goes_away_is_not_taken_for_a_damaged_file(body):
    bucket = FakeBucket(BASE)
    bucket.put("x.nwb", body)
    place = open_remote(bucket, Request(f"{BASE}/x.nwb", what="session 5", command="x"))
    session = read_ecephys_session(place)
    place._blocks.clear()
    bucket.reachable = False
    for ask in (session.units, session.running_speed, lambda: session.spike_times_s(UNITS[0])):
        with pytest.raises(OfflineError, match="session 5: nobody answers"):
            ask()
    bucket.reachable = True
    assert len(session.units()) == 3
