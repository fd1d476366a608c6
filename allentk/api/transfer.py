"""A file's bytes onto the disk, in as many pieces as it takes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from allentk.api.exchange import (
    BodyLostError,
    Request,
    Response,
    Transport,
    expect_ok,
    expect_time,
    patience_of,
)
from allentk.api.expected import Expected
from allentk.api.partial import Part, Version, version_of
from allentk.errors import IntegrityError
from allentk.progress import bar

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Transfer"]

log = logging.getLogger(__name__)

#: A try that brings as much as this was worth it, and is not counted.
_WORTH_IT = 2**20
#: What a server answers that has no such rest: another part, a change, nothing behind the end.
_NOT_THE_REST = frozenset({206, 412, 416})
#: No file of the services is as long as this.
_MOST_BYTES = 2**40
#: What came packed is unpacked up to this, where nobody knows its size.
_MOST_UNPACKED = 2**33


@dataclass(slots=True)
class Transfer:
    """One file on its way.

    Where the body breaks off, the rest is asked for: of the same version of the file only, by its
    ETag or date. A server that answers with another version, or with the whole again, makes it begin
    again; two versions are never mixed.

    Parameters
    ----------
    request : Request
        Where it is.
    transport : Transport
        How to ask.
    part : Part
        Where the bytes go.
    expect_room : callable
        Raises where so many bytes would not fit on the disk.
    expected : Expected
        What was published of it.
    tells_its_end : bool
        Whether a body without a length is taken, because a file of its kind tells where it ends.
    """

    request: Request
    transport: Transport
    part: Part
    expect_room: Callable[[int], None]
    expected: Expected
    tells_its_end: bool = False

    def run(self, *, progress: bool | None = None) -> Version:
        """Fetch what is missing, and return which version came.

        Raises
        ------
        OfflineError
            Where it cannot be had, or the body breaks off every time, or the time is up.
        ServiceError
            Where the service answers with an error.
        IntegrityError
            Where more or less came than the server, or the publisher, said.
        """
        patience = patience_of(self.transport)
        version = self._taken_up()
        total = version.total if version is not None else self.expected.size
        reached, idle = self.part.size, 0
        with bar(self.request.what, total=total, unit="B", progress=progress) as shown:
            while True:
                try:
                    return self._piece(version, shown)
                except BodyLostError as error:
                    idle = 0 if self.part.size >= reached + _WORTH_IT else idle + 1
                    if idle >= patience.tries:
                        raise
                    log.info("%s; going on from byte %d", error, self.part.size)
                reached = max(reached, self.part.size)
                version = self.part.noted() if self.part.size else None
                left_s = expect_time(self.request)
                patience.sleep(min(patience.backoff_s(idle) if idle else 0.0, left_s))

    def _taken_up(self) -> Version | None:
        """Return the version of what an earlier call left, where it is of the file wanted now."""
        version = self.part.take_up(self.request.url)
        if version is not None and self.expected.size not in (None, version.total):
            self.part.drop()
            return None
        return version

    def _piece(self, version: Version | None, shown: tqdm[Any]) -> Version:
        """Ask for the file, or for its rest, and take what comes."""
        if version is not None and version.total == self.part.size:
            return version
        request = self.request
        if version is not None:
            headers = {**request.headers, **version.rest(self.part.size)}
            request = replace(request, headers=headers)
        with self.transport.get(request) as response:
            if version is None or not version.continues(response, self.part.size):
                self._expect_whole(response, resuming=version is not None)
                version = self._begun(response)
            else:
                self.expect_room(response.length or 0)
            self._take(response, version, shown)
        return version

    def _expect_whole(self, response: Response, *, resuming: bool) -> None:
        """Raise where an answer is not the whole file, which is all that is left to take."""
        if resuming and response.status in _NOT_THE_REST:
            self.part.drop()
            raise BodyLostError(
                f"{self.request.what}: asked for the rest of what had come, got status "
                f"{response.status} and {response.headers.get('content-range', 'no range')!r} from "
                f"{self.request.url}: another version, or no rest at all; what had come was thrown "
                f"away. Ask again: {self.request.command}"
            )
        expect_ok(response, self.request)
        length = response.length
        if self.expected.size is not None and length not in (None, self.expected.size):
            what = f"{self.request.what}, from {self.request.url}"
            raise self.expected.differs(what, f"{self.expected.size} bytes", f"{length}")
        if not (response.ends_by_itself or self.tells_its_end or self.expected.size is not None):
            raise IntegrityError(
                f"{self.request.what}: the answer from {self.request.url} does not say how long it is, "
                f"so nobody could tell a cut one from a whole one; it was not kept. Try again later"
            )

    def _begun(self, response: Response) -> Version:
        """Begin a new file, and write down its version where it could be gone on with later."""
        self.expect_room(response.length or self.expected.size or 0)
        version = version_of(response, self.request.url)
        self.part.begin()
        known = bool(version.validator or self.expected.digest)
        if known and version.total is not None:
            self.part.note(version)
        return version

    def _take(self, response: Response, version: Version, shown: tqdm[Any]) -> None:
        most = version.total if self.expected.size is None else self.expected.size
        if most is None:
            most = _MOST_UNPACKED if response.encoded else _MOST_BYTES
        shown.total = version.total or shown.total
        shown.update(self.part.size - shown.n)
        for chunk in response.chunks:
            if self.part.size + len(chunk) > most:
                raise IntegrityError(
                    f"{self.request.what}: expected at most {most} bytes, and more came from "
                    f"{self.request.url}; nothing was kept. Ask again: {self.request.command}"
                )
            self.part.write(chunk)
            shown.update(len(chunk))
        if version.total is not None and self.part.size != version.total:
            raise BodyLostError(
                f"{self.request.what}: expected {version.total} bytes, got {self.part.size} from "
                f"{self.request.url}; nothing was kept under its name. Ask again: "
                f"{self.request.command}"
            )
