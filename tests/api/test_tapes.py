"""Recording and replaying."""

import json

import pytest

from allentk.api import Record, Replay
from allentk.api.cassette import read_cassette, write_body, write_index
from allentk.api.exchange import Patience
from allentk.errors import FormatError, IntegrityError, OfflineError

URL = "https://api.brain-map.org/api/v2/data/query.json?q=model::Cell%5Bid$eq5%5D"


@pytest.fixture
def folder(tmp_path):
    """A cassette with one interaction."""
    where = tmp_path / "tiny"
    heard = write_body(where, URL, [b"abc", b"def"], name="bodies/a.json", headers={"ETag": '"1"'})
    write_index(where, [heard], description="SYNTHETIC", synthetic=True)
    return where


def spoil(folder, **changes):
    index = folder / "index.json"
    document = json.loads(index.read_text())
    document["interactions"][0] |= changes
    index.write_text(json.dumps(document))


def test_what_was_recorded_is_replayed(loopback, says, request_of, tmp_path):
    from allentk.api import Live

    loopback.script["/a"] = [says(200, b"one" * 50_000, ETag='"1"', Content_Type="text/x")]
    loopback.script["/b"] = [says(404, b"no")]
    record = Record(Live(), tmp_path / "tape", description="two answers")
    a, b = request_of(loopback.url("/a")), request_of(loopback.url("/b"))
    with record.get(a) as response:
        assert response.read(10**6) == b"one" * 50_000
    with record.get(b) as response:
        assert response.status == 404
    loopback.server.shutdown()

    replay = Replay(tmp_path / "tape")
    with replay.get(a) as response:
        assert response.read(10**6) == b"one" * 50_000
        assert response.headers == {
            "content-type": "text/x",
            "etag": '"1"',
            "content-length": "150000",
        }
    with replay.get(b) as response:
        assert (response.status, response.read(10)) == (404, b"no")
    assert loopback.paths() == ["/a", "/b"]
    assert not replay.synthetic
    assert replay.source == "tape cassette (recorded)"
    assert (record.source, record.namespace) == ("https://api.brain-map.org", "")


def test_recording_goes_on_where_it_stopped(replies, request_of, folder):
    replies.bodies = {"https://x/1": b"1", "https://x/2": b"2"}
    for url in replies.bodies:
        record = Record(replies, folder, description="more")
        with record.get(request_of(url)) as response:
            assert response.read(5) == replies.bodies[url]
    assert set(read_cassette(folder).interactions) == {URL, *replies.bodies}
    assert record.synthetic


def test_what_it_does_not_hold(folder, request_of):
    request = request_of("https://api.brain-map.org/other", command="allentk fetch 9")
    with pytest.raises(OfflineError) as caught:
        Replay(folder).get(request)
    for part in (request.url, str(folder), "tiny cassette (synthetic)", "allentk fetch 9"):
        assert part in str(caught.value)


def test_another_version_has_another_namespace(folder):
    before = Replay(folder).namespace
    assert before.startswith("tiny-")
    spoil(folder, status=201)
    assert Replay(folder).namespace not in ("", before)


def test_a_tampered_body(folder, request_of):
    (folder / "bodies" / "a.json").write_bytes(b"abcdeX")
    with pytest.raises(IntegrityError, match="expected sha256"):
        Replay(folder).get(request_of(URL))


def test_a_cut_body(folder, request_of):
    (folder / "bodies" / "a.json").write_bytes(b"abc")
    with pytest.raises(IntegrityError, match="expected 6 bytes, got 3"):
        Replay(folder).get(request_of(URL))


def test_a_missing_body(folder, request_of):
    (folder / "bodies" / "a.json").unlink()
    with pytest.raises(IntegrityError, match="no such file"):
        Replay(folder).get(request_of(URL))


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "bodies/../../secret", "..", "bodies\\x", "", "a/.hidden"]
)
def test_a_body_outside_the_folder(folder, name):
    spoil(folder, file=name)
    with pytest.raises(FormatError, match="a file inside the folder"):
        Replay(folder)


def test_a_link_out_of_the_folder(folder, request_of, tmp_path):
    (tmp_path / "secret").write_bytes(b"abcdef")
    (folder / "bodies" / "a.json").unlink()
    (folder / "bodies" / "a.json").symlink_to(tmp_path / "secret")
    with pytest.raises(FormatError, match="outside the cassette"):
        Replay(folder).get(request_of(URL))


def test_writing_outside_the_folder_is_refused(tmp_path):
    with pytest.raises(FormatError, match="a file inside the folder"):
        write_body(tmp_path / "tape", URL, b"x", name="../x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"method": "POST"}, "method GET"),
        ({"status": "200"}, "'status' a int"),
        ({"status": 9}, "an HTTP status"),
        ({"size": -1}, "a size"),
        ({"sha256": "abc"}, "a sha256"),
        ({"headers": {"A": 1}}, "headers to be text"),
        ({"url": None}, "'url' a str"),
    ],
)
def test_an_interaction_that_is_none(folder, changes, expected):
    spoil(folder, **changes)
    with pytest.raises(FormatError, match=expected):
        Replay(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "expected JSON"),
        ("[]", "an object"),
        ('{"format": "other"}', "allentk-cassette-1"),
        ('{"format": "allentk-cassette-1", "synthetic": "yes"}', "true or false"),
        ('{"format": "allentk-cassette-1", "synthetic": true}', "'description'"),
        (
            '{"format": "allentk-cassette-1", "synthetic": true, "description": ""}',
            "'interactions'",
        ),
        (
            '{"format": "allentk-cassette-1", "synthetic": true, "description": "", '
            '"interactions": [3]}',
            "interaction 0: expected an object",
        ),
    ],
)
def test_an_index_that_is_none(folder, text, expected):
    (folder / "index.json").write_text(text)
    with pytest.raises(FormatError, match=expected):
        Replay(folder)


def test_a_url_that_occurs_twice(folder):
    document = json.loads((folder / "index.json").read_text())
    document["interactions"] *= 2
    (folder / "index.json").write_text(json.dumps(document))
    with pytest.raises(FormatError, match="every URL once"):
        Replay(folder)


def test_no_cassette_at_all(tmp_path):
    with pytest.raises(FormatError, match="no such file; expected a cassette"):
        Replay(tmp_path)


def test_the_index_is_sorted_whatever_the_order(tmp_path):
    def write(where, urls):
        heard = [write_body(where, url, b"x", name=f"bodies/{url[-1]}") for url in urls]
        return write_index(where, heard, description="", synthetic=True).read_bytes()

    urls = ["https://x/b", "https://x/a"]
    assert write(tmp_path / "1", urls) == write(tmp_path / "2", urls[::-1])


def test_a_part_is_recorded_as_the_whole(replies, request_of, tmp_path):
    replies.bodies["https://x/1"] = b"12345"
    replies.patience = Patience(tries=9)
    asked = []
    record = Record(replies, tmp_path / "tape", description="whole")
    get, replies.get = replies.get, lambda request: (asked.append(request), get(request))[1]
    headers = {"Range": "bytes=2-", "if-range": "x", "X-Other": "kept"}
    with record.get(request_of("https://x/1", headers=headers)) as response:
        assert (response.status, response.read(9)) == (200, b"12345")
    assert asked[0].headers == {"X-Other": "kept"}
    assert record.patience.tries == 9
