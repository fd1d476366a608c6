"""Live, against a server at 127.0.0.1."""

import gzip
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from allentk.api import Live, Offline
from allentk.api.exchange import Deadline, expect_ok, read_whole
from allentk.errors import IntegrityError, OfflineError, ServiceError


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def live(pauses):
    return Live(tries=4, timeouts_s=(5.0, 5.0), sleep=pauses.append)


def test_a_body_comes_in_pieces_with_its_headers(loopback, says, live, request_of):
    body = bytes(range(256)) * 1000
    loopback.script["/file"] = [says(200, body, ETag='"abc"')]
    with live.get(request_of(loopback.url("/file"), headers={"X-Asked": "yes"})) as response:
        chunks = list(response.chunks)
    assert b"".join(chunks) == body
    assert len(chunks) > 1
    assert response.length == len(body)
    assert response.headers["etag"] == '"abc"'
    sent = loopback.hits[0][1]
    assert sent["X-Asked"] == "yes"
    assert sent["User-Agent"].startswith("allentk/")


def test_a_busy_service_is_asked_again_when_it_says(loopback, says, live, pauses, request_of):
    loopback.script["/busy"] = [says(503, Retry_After="7"), says(503), says(429), says(200, b"ok")]
    with live.get(request_of(loopback.url("/busy"))) as response:
        assert response.read(10) == b"ok"
    assert pauses == [7.0, 1.0, 2.0]


def test_retry_after_may_be_a_date(loopback, says, live, pauses, request_of):
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    loopback.script["/busy"] = [says(503, Retry_After=soon), says(200, b"ok")]
    with live.get(request_of(loopback.url("/busy"))) as response:
        assert response.status == 200
    assert 20 < pauses[0] <= 30


@pytest.mark.parametrize(
    ("written", "pause"), [("nonsense", 0.5), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)]
)
def test_a_retry_after_that_says_nothing_new(
    loopback, says, live, pauses, request_of, written, pause
):
    loopback.script["/busy"] = [says(503, Retry_After=written), says(200)]
    with live.get(request_of(loopback.url("/busy"))):
        assert pauses == [pause]


def test_it_stops_after_its_bound(loopback, says, live, pauses, request_of):
    loopback.script["/down"] = [says(500, b"out of order")]
    request = request_of(loopback.url("/down"), what="table of cells")
    with live.get(request) as response, pytest.raises(ServiceError) as caught:
        expect_ok(response, request)
    assert loopback.paths() == ["/down"] * 4
    assert pauses == [0.5, 1.0, 2.0]
    assert "table of cells: expected HTTP status 200, got 500" in str(caught.value)
    assert "try again later" in str(caught.value)


def test_a_wait_of_hours_is_not_waited_for(loopback, says, live, pauses, request_of):
    loopback.script["/later"] = [says(503, Retry_After="7200")]
    with live.get(request_of(loopback.url("/later"))) as response:
        assert response.status == 503
    assert pauses == []


def test_what_is_not_there_is_not_asked_for_again(loopback, says, live, request_of):
    loopback.script["/none"] = [says(404)]
    request = request_of(loopback.url("/none"))
    with live.get(request) as response, pytest.raises(ServiceError, match="is the id right"):
        expect_ok(response, request)
    assert loopback.paths() == ["/none"]


def test_nobody_there(loopback, live, pauses, request_of):
    url = loopback.url("/x")
    loopback.server.shutdown()
    loopback.server.server_close()
    with pytest.raises(OfflineError, match=r"cannot be reached \(4 tries.*allentk fetch 5"):
        live.get(request_of(url))
    assert pauses == [0.5, 1.0, 2.0]


def test_a_service_that_never_answers(loopback, request_of):
    done = threading.Event()
    loopback.script["/silent"] = [lambda handler: done.wait(30)]
    live = Live(tries=2, timeouts_s=(5.0, 0.05), sleep=lambda _: None)
    with pytest.raises(OfflineError, match=r"2 tries.*Read timed out"):
        live.get(request_of(loopback.url("/silent")))
    done.set()
    assert loopback.paths() == ["/silent"] * 2


def test_a_service_that_stops_in_the_middle(loopback, request_of):
    done = threading.Event()

    def half(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(2**17))
        handler.end_headers()
        handler.wfile.write(bytes(2**16))
        done.wait(30)

    loopback.script["/half"] = [half]
    live = Live(tries=1, timeouts_s=(5.0, 0.1))
    with (
        live.get(request_of(loopback.url("/half"))) as response,
        pytest.raises(OfflineError, match="lost after 65536 bytes"),
    ):
        list(response.chunks)
    done.set()


def test_a_body_that_breaks_off(loopback, says, live, request_of):
    loopback.script["/short"] = [says(200, b"12345", length=10)]
    with (
        live.get(request_of(loopback.url("/short"))) as response,
        pytest.raises(IntegrityError, match="broke off"),
    ):
        response.read(100)


def test_a_body_that_goes_on(loopback, says, live, request_of):
    loopback.script["/long"] = [says(200, b"x" * 1000)]
    with (
        live.get(request_of(loopback.url("/long"))) as response,
        pytest.raises(ServiceError, match="at most 100 bytes"),
    ):
        response.read(100)


def test_a_compressed_body_is_unpacked_and_its_length_not_believed(
    loopback, says, live, request_of
):
    body = gzip.compress(b"rows " * 1000)
    loopback.script["/gz"] = [says(200, body, Content_Encoding="gzip")]
    with live.get(request_of(loopback.url("/gz"))) as response:
        assert response.length is None
        assert response.read(10_000) == b"rows " * 1000


def test_a_redirect_is_followed(loopback, says, live, request_of):
    loopback.script["/old"] = [says(302, Location="/new")]
    loopback.script["/new"] = [says(200, b"here")]
    with live.get(request_of(loopback.url("/old"))) as response:
        assert response.read(10) == b"here"
    assert response.url == loopback.url("/new")


@pytest.mark.parametrize("target", ["https://127.0.0.1/new", "ftp://127.0.0.1/new", "file:///etc"])
def test_a_redirect_to_another_scheme_is_refused(loopback, says, live, request_of, target):
    loopback.script["/old"] = [says(301, Location=target)]
    with pytest.raises(ServiceError, match=r"redirects to .* another scheme"):
        live.get(request_of(loopback.url("/old")))
    assert loopback.paths() == ["/old"]


def test_the_body_of_a_redirect_stays_unread(loopback, says, live, request_of):
    """Unpacked it would fill the memory: 200 MB of zeros travel as 200 kB."""
    bomb = gzip.compress(bytes(200_000_000), compresslevel=9)
    loopback.script["/old"] = [says(302, bomb, Location="/new", Content_Encoding="gzip")]
    loopback.script["/new"] = [says(200, b"here")]
    tracemalloc.start()
    try:
        with live.get(request_of(loopback.url("/old"))) as response:
            assert response.read(10) == b"here"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_redirects_without_end(loopback, says, live, request_of):
    loopback.script["/round"] = [says(302, Location="/round")]
    with pytest.raises(ServiceError, match="more than 5 redirects"):
        live.get(request_of(loopback.url("/round")))
    assert len(loopback.hits) == 6


@pytest.mark.parametrize("url", ["no url", "ftp://127.0.0.1/x", "http://[bad/x"])
def test_an_address_that_is_none(live, request_of, url):
    with pytest.raises(ServiceError, match="cannot ask"):
        live.get(request_of(url))


def test_offline_refuses_and_says_what_would_fetch_it(request_of):
    request = request_of(what="recording of specimen 464212183", command="allentk fetch 464212183")
    with pytest.raises(OfflineError) as caught:
        Offline().get(request)
    for part in ("recording of specimen 464212183", "allentk fetch 464212183", request.url):
        assert part in str(caught.value)


def test_a_body_without_a_length_is_not_whole_because_time_is_up(loopback, live, request_of):
    done = threading.Event()

    def half(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"12345")
        done.wait(30)

    loopback.script["/half"] = [half]
    request = request_of(loopback.url("/half"), deadline=Deadline.after(0.2))
    with (
        live.get(request) as response,
        pytest.raises(OfflineError, match=r"not done within the 0\.2 s"),
    ):
        response.read(100)
    done.set()


def test_a_limit_of_the_transports_own(loopback, request_of):
    done = threading.Event()
    loopback.script["/silent"] = [lambda handler: done.wait(30)]
    live = Live(limit_s=0.2)
    with pytest.raises(OfflineError, match=r"not done within the 0\.2 s.*again: allentk fetch 5"):
        live.get(request_of(loopback.url("/silent")))
    done.set()


def test_a_table_that_broke_off_is_asked_for_again(loopback, says, live, pauses, request_of):
    loopback.script["/t"] = [says(200, b"123", length=9)] * 2 + [says(200, b"123456789")]
    assert read_whole(live, request_of(loopback.url("/t")), 100) == b"123456789"
    assert pauses == [0.5, 1.0]
    loopback.script["/t"] = [says(200, b"123", length=9)]
    with pytest.raises(OfflineError, match="lost after 3 bytes"):
        read_whole(live, request_of(loopback.url("/t")), 100)
    assert loopback.paths() == ["/t"] * 7


def test_only_gzip_is_asked_for(loopback, says, live, request_of):
    loopback.script["/t"] = [says(200, b"")]
    live.get(request_of(loopback.url("/t"))).close()
    assert loopback.hits[0][1]["Accept-Encoding"] == "gzip"


def test_a_packed_table_that_would_fill_the_memory(loopback, says, live, request_of):
    bomb = gzip.compress(bytes(2**24))
    loopback.script["/t"] = [says(200, bomb, Content_Encoding="gzip")]
    with pytest.raises(ServiceError, match="at most 1000 bytes"):
        read_whole(live, request_of(loopback.url("/t")), 1000)
