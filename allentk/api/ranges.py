"""Parts of a file on a server: what a file that is not downloaded is read through."""

from __future__ import annotations

from dataclasses import replace

from allentk.api.exchange import (
    BodyLostError,
    Request,
    Response,
    Transport,
    expect_ok,
    patience_of,
)
from allentk.api.partial import CONTENT_RANGE
from allentk.errors import IntegrityError, ServiceError
from allentk.io import RangedFile

__all__ = ["open_remote"]

#: What a server says when the signature in an address is no longer good.
_EXPIRED = frozenset({401, 403, 410})
_PARTIAL = 206
_FIRST_BYTES = 8


class _Parts:
    """Asks for parts of one file, and sees that it stays the same file.

    A server may send on to an address that is good for a while only. Later parts are asked for there;
    where it has expired, the first address is asked again.
    """

    def __init__(self, transport: Transport, request: Request) -> None:
        self._transport = transport
        self._request = request
        self._address = request.url
        self._version: str | None = None
        self.size: int | None = None

    def __call__(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to the one before `stop`, asking again where they break off."""
        patience = patience_of(self._transport)
        for tried in range(1, max(patience.tries, 1)):
            try:
                return self._part(start, stop)
            except BodyLostError:
                patience.sleep(patience.backoff_s(tried))
        return self._part(start, stop)

    def _part(self, start: int, stop: int) -> bytes:
        response = self._ask(start, stop, self._address)
        if response.status in _EXPIRED and self._address != self._request.url:
            response.close()
            response = self._ask(start, stop, self._request.url)
        with response:
            self._expect(response, start)
            body = response.read(stop - start)
            self._address = response.url
        return body

    def _ask(self, start: int, stop: int, address: str) -> Response:
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        return self._transport.get(
            replace(self._request, url=address, headers={**self._request.headers, **headers})
        )

    def _expect(self, response: Response, start: int) -> None:
        """Raise where an answer is not the part asked for, or is one of another file."""
        what = self._request.what
        if response.status == 200:
            raise ServiceError(
                f"{what}: {response.url} gives the whole file only, and no parts of it; download it "
                f"(remote=False)"
            )
        if response.status != _PARTIAL:
            expect_ok(response, self._request)
        written = response.headers.get("content-range", "")
        said = CONTENT_RANGE.fullmatch(written)
        if said is None or int(said[1]) != start:
            raise ServiceError(
                f"{what}: asked {response.url} for bytes from {start} on, got {written!r}; download it "
                f"(remote=False)"
            )
        size, version = int(said[3]), _version(response)
        if self.size is not None and (size, version) != (self.size, self._version):
            raise IntegrityError(
                f"{what}: {self._request.url} changed while it was read: expected {self.size} bytes, "
                f"version {self._version or 'unknown'}, got {size}, version {version or 'unknown'}. "
                f"Open it again"
            )
        self.size, self._version = size, version


def _version(response: Response) -> str:
    return response.headers.get("etag") or response.headers.get("last-modified", "")


def open_remote(transport: Transport, request: Request) -> RangedFile:
    """Return a file on a server, to be read where it is looked at.

    Parameters
    ----------
    transport : Transport
        How to ask.
    request : Request
        Where it is, and what it is called in messages.

    Raises
    ------
    OfflineError
        Where nobody can be asked.
    ServiceError
        Where there is no such file, or the server does not give parts of it.
    IntegrityError
        Later, where the file changes while it is read.
    """
    parts = _Parts(transport, request)
    # Any part will do: with it comes the size, or the answer that there are no parts.
    parts(0, _FIRST_BYTES)
    return RangedFile(request.url, parts.size or 0, parts)
