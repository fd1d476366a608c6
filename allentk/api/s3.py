"""Public buckets of object stores: addresses and listings over plain https, without an account.

References
----------
Amazon S3 API Reference, "ListObjectsV2" and "GetObject".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from allentk.api.exchange import Request, Transport, read_whole
from allentk.errors import DataError, ServiceError

__all__ = ["Bucket", "Stored", "listing"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_SIZE = re.compile(r"\d{1,18}", re.ASCII)
#: A page lists at most 1000 objects, in less than a kilobyte each.
_MOST_BYTES = 2**23
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Bucket:
    """A public bucket.

    Parameters
    ----------
    name : str
        Its name.
    region : str
        Where it is.
    base : str
        Its address; by default Amazon's.

    Raises
    ------
    DataError
        Where `name` is none that a bucket can have.

    Examples
    --------
    >>> Bucket("allen-brain-observatory").url("visual-coding-2p/a b.json")
    'https://allen-brain-observatory.s3.us-west-2.amazonaws.com/visual-coding-2p/a%20b.json'
    """

    name: str
    region: str = "us-west-2"
    base: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DataError(
                f"a bucket's name has small letters, digits and hyphens, got {self.name!r}"
            )
        if not self.base:
            base = f"https://{self.name}.s3.{self.region}.amazonaws.com"
            object.__setattr__(self, "base", base)

    def url(self, key: str, *, version_id: str = "") -> str:
        """Return the address of an object.

        Parameters
        ----------
        key : str
            Its name in the bucket.
        version_id : str
            Which version of it; by default the newest.
        """
        version = f"?{urlencode({'versionId': version_id})}" if version_id else ""
        return f"{self.base}/{quote(key, safe='/')}{version}"

    def list_url(self, prefix: str, *, token: str = "") -> str:
        """Return the address of a page of the listing; `token` says which page."""
        asked = {"list-type": "2", "prefix": prefix}
        if token:
            asked["continuation-token"] = token
        return f"{self.base}/?{urlencode(asked, quote_via=quote, safe='')}"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object in a bucket.

    Parameters
    ----------
    key : str
        Its name.
    size : int
        Bytes.
    etag : str
        What changes with its content.
    last_modified : str
        When it was stored, as ISO 8601.
    """

    key: str
    size: int
    etag: str = ""
    last_modified: str = ""


def listing(
    transport: Transport, bucket: Bucket, prefix: str, *, what: str, command: str
) -> list[Stored]:
    """Return the objects whose names begin with `prefix`, from all pages, sorted by name.

    Parameters
    ----------
    transport : Transport
        How to ask.
    bucket : Bucket
        Where.
    prefix : str
        What their names begin with.
    what, command : str
        What is wanted, and what would fetch it; used in messages.

    Raises
    ------
    ServiceError
        Where an answer is an error or no listing, or pages do not end.
    OfflineError
        Where nobody could be asked.
    """
    found: dict[str, Stored] = {}
    for page in _pages(transport, bucket, prefix, what, command):
        for stored in page:
            if not stored.key.startswith(prefix):
                raise ServiceError(
                    f"{what}: asked {bucket.base} for names that begin with {prefix!r}, got "
                    f"{stored.key!r}; try again later"
                )
            found[stored.key] = stored
    return [found[key] for key in sorted(found)]


def _pages(
    transport: Transport, bucket: Bucket, prefix: str, what: str, command: str
) -> Iterator[list[Stored]]:
    token, seen = "", set()
    for _ in range(_MOST_PAGES):
        request = Request(bucket.list_url(prefix, token=token), what=what, command=command)
        root = _parsed(read_whole(transport, request, _MOST_BYTES), request)
        yield [_stored(entry, request) for entry in root.iterfind("{*}Contents")]
        if root.findtext("{*}IsTruncated", "false").strip() != "true":
            return
        token = root.findtext("{*}NextContinuationToken", "").strip()
        if not token or token in seen:
            raise _no_listing(request, f"more is promised, but where it goes on is {token!r}")
        seen.add(token)
    raise ServiceError(
        f"{what}: {bucket.base} gave {_MOST_PAGES} pages and no end; is {prefix!r} the right prefix?"
    )


def _parsed(body: bytes, request: Request) -> ElementTree.Element:
    """Return the root of a listing; a document that declares anything is refused unread.

    Entities are declared in a document type, which begins with ``<!``; no listing has one.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _no_listing(request, f"it is not UTF-8 ({error.reason})") from error
    if "<!" in text:
        raise _no_listing(request, "it declares a document type, and was not read")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - declarations, and so entities, are refused
    except (ElementTree.ParseError, ValueError) as error:
        raise _no_listing(request, f"it is no XML ({error}), beginning {text[:60]!r}") from error
    if root.tag.rpartition("}")[2] != "ListBucketResult":
        raise _no_listing(request, f"its root is {root.tag[:80]!r}")
    return root


def _stored(entry: ElementTree.Element, request: Request) -> Stored:
    size = entry.findtext("{*}Size", "").strip()
    key = entry.findtext("{*}Key", "")
    if not key or not _SIZE.fullmatch(size):
        raise _no_listing(
            request, f"an object has the name {key[:80]!r} and the size {size[:20]!r}"
        )
    return Stored(
        key=key,
        size=int(size),
        etag=entry.findtext("{*}ETag", "").strip(),
        last_modified=entry.findtext("{*}LastModified", "").strip(),
    )


def _no_listing(request: Request, why: str) -> ServiceError:
    return ServiceError(
        f"{request.what}: expected a listing of a bucket, but {why}. Nothing was kept; try again later, "
        f"or open it in a browser: {request.url}"
    )
