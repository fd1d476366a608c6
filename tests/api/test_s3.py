"""Addresses and listings of buckets, against one in memory and hostile XML."""

from urllib.parse import parse_qs, urlsplit

import pytest

from allentk.api import Live
from allentk.api.s3 import Bucket, listing
from allentk.errors import DataError, OfflineError, ServiceError
from tests.buckets import FakeBucket, answer, listing_xml

BUCKET = Bucket("some-data")


def listed(transport, prefix="p/", bucket=BUCKET):
    return listing(transport, bucket, prefix, what="list of files", command="allentk.x()")


def test_addresses():
    assert BUCKET.base == "https://some-data.s3.us-west-2.amazonaws.com"
    assert BUCKET.url("a/b c+d.csv") == f"{BUCKET.base}/a/b%20c%2Bd.csv"
    version = BUCKET.url("a", version_id="x.y/z=")
    assert parse_qs(urlsplit(version).query) == {"versionId": ["x.y/z="]}
    page = urlsplit(BUCKET.list_url("p/ q", token="1/a+b="))
    assert parse_qs(page.query) == {
        "list-type": ["2"],
        "prefix": ["p/ q"],
        "continuation-token": ["1/a+b="],
    }


@pytest.mark.parametrize("name", ["", "a", "Some", "a.b/../c", "host/path", "-ab", "x" * 64])
def test_a_name_that_no_bucket_has(name):
    with pytest.raises(DataError, match="a bucket's name"):
        Bucket(name)


def test_all_pages_are_listed():
    bucket = FakeBucket(BUCKET.base, page=2)
    for number in range(7):
        bucket.put(f"p/file {number} & <more>.nwb", b"x" * number)
    bucket.put("q/other", b"")
    found = listed(bucket)
    assert [one.key for one in found] == [f"p/file {n} & <more>.nwb" for n in range(7)]
    assert [one.size for one in found] == list(range(7))
    assert found[0].last_modified == "2020-01-01T00:00:00.000Z"
    assert len(bucket.asked) == 4


def test_over_http(loopback, says):
    bucket = Bucket("some-data", base=loopback.url("/some-data"))
    first = listing_xml({"p/1": 5}, token="go on+/=")
    path = f"/some-data/?{urlsplit(bucket.list_url('p/')).query}"
    second = f"/some-data/?{urlsplit(bucket.list_url('p/', token='go on+/=')).query}"
    loopback.script[path] = [says(200, first)]
    loopback.script[second] = [says(200, listing_xml({"p/2": 7}))]
    found = listed(Live(tries=1), bucket=bucket)
    assert [(one.key, one.size) for one in found] == [("p/1", 5), ("p/2", 7)]


class Says:
    """A transport that says the same thing again and again, or one thing after the other."""

    source, synthetic, namespace = "-", True, ""

    def __init__(self, *bodies, status=200):
        self.bodies = list(bodies)
        self.status = status

    def get(self, request):
        body = self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]
        return answer(self.status, body, request.url)


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>&b;</Key><Size>1</Size></Contents>
</ListBucketResult>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><ListBucketResult>&f;
</ListBucketResult>"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (LAUGHS, "declares a document type"),
        (OUTSIDE, "declares a document type"),
        (LAUGHS.decode().encode("utf-16"), "not UTF-8"),
        (b"<html>out of order", "no XML"),
        (b"", "no XML"),
        (b"<html></html>", "its root is 'html'"),
        (listing_xml({"p/1": "many"}), "the size 'many'"),
        (listing_xml({"p/1": "9" * 5000}), "the size '9"),
        (listing_xml({"p/1": "-1"}), "the size '-1'"),
        (listing_xml({"": 1}), "has the name ''"),
        (listing_xml({"p/1": 1}).replace(b">false<", b">true<"), "where it goes on is ''"),
        (listing_xml({"elsewhere": 1}), "got 'elsewhere'"),
    ],
)
def test_what_is_no_listing(body, said):
    with pytest.raises(ServiceError, match=said) as caught:
        listed(Says(body))
    assert "list of files" in str(caught.value)


def test_a_page_without_end():
    huge = listing_xml({"p/1": 1}, extra="<Owner>" + "x" * 2**23 + "</Owner>")
    with pytest.raises(ServiceError, match="at most 8388608 bytes"):
        listed(Says(huge))


def test_pages_in_a_circle():
    pages = (listing_xml({"p/1": 1}, token="a"), listing_xml({"p/2": 1}, token="a"))
    with pytest.raises(ServiceError, match="where it goes on is 'a'"):
        listed(Says(*pages))


def test_pages_without_end(monkeypatch):
    class Endless:
        source, synthetic, namespace, n = "-", True, "", 0

        def get(self, request):
            self.n += 1
            return answer(200, listing_xml({f"p/{self.n}": 1}, token=f"t{self.n}"), request.url)

    monkeypatch.setattr("allentk.api.s3._MOST_PAGES", 20)
    transport = Endless()
    with pytest.raises(ServiceError, match="20 pages and no end"):
        listed(transport)
    assert transport.n == 20


def test_an_error_of_the_bucket():
    with pytest.raises(ServiceError, match="expected HTTP status 200, got 403"):
        listed(Says(b"<Error/>", status=403))


def test_nobody_there():
    bucket = FakeBucket(BUCKET.base)
    bucket.reachable = False
    with pytest.raises(OfflineError, match="list of files"):
        listed(bucket)
