"""What every transport takes and gives: a request, a response, and what may be wrong with one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from allentk.config import TIME_LIMIT_S
from allentk.errors import IntegrityError, OfflineError, ServiceError

__all__ = [
    "LONGEST_PAUSE_S",
    "BodyLostError",
    "Deadline",
    "Patience",
    "Request",
    "Response",
    "Transport",
    "expect_ok",
    "expect_time",
    "out_of_time",
    "patience_of",
    "read_whole",
]

#: Nobody waits for longer than this between two tries, in seconds.
LONGEST_PAUSE_S = 60.0


class BodyLostError(OfflineError, IntegrityError):
    """A body that broke off on its way; asking again, or for the rest, may help."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a call must have ended.

    Parameters
    ----------
    limit_s : float
        What the call was allowed, in seconds.
    at_s : float
        The moment, on the clock of `time.monotonic`.

    Examples
    --------
    >>> Deadline.after(math.inf).left_s()
    inf
    """

    limit_s: float
    at_s: float

    @classmethod
    def after(cls, limit_s: float) -> Deadline:
        """Return the deadline of a call that begins now."""
        return cls(limit_s, time.monotonic() + limit_s)

    def left_s(self) -> float:
        """Return the seconds that are left; 0 where it has passed."""
        return max(self.at_s - time.monotonic(), 0.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, and how often, a transport tries.

    Parameters
    ----------
    tries : int
        How often to ask before giving up; at least 1.
    connect_s, read_s : float
        The longest wait for a connection, and for the next piece of an answer, in seconds.
    limit_s : float
        The longest that one request may take, all tries together, in seconds.
    sleep : callable
        Waits so many seconds.
    """

    tries: int = 4
    connect_s: float = 10.0
    read_s: float = 60.0
    limit_s: float = TIME_LIMIT_S
    sleep: Callable[[float], None] = time.sleep

    def backoff_s(self, tried: int) -> float:
        """Return the pause after so many tries: 0.5, 1, 2... s, up to a minute."""
        return min(0.5 * 2.0 ** min(tried - 1, 10), LONGEST_PAUSE_S)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, and what to tell a person when it cannot be had.

    Parameters
    ----------
    url : str
        Where it is.
    what : str
        What it is, in words: ``"recording of specimen 464212183"``.
    command : str
        What fetches it where there is a network: ``"allentk fetch 464212183"``.
    headers : mapping
        Further headers to send.
    deadline : Deadline, optional
        When the answer, its body included, must have come; by default as the transport says.
    """

    url: str
    what: str
    command: str
    headers: Mapping[str, str] = field(default_factory=dict)
    deadline: Deadline | None = None


@dataclass(slots=True)
class Response:
    """An answer whose body comes in pieces; leave it by ``with``.

    Parameters
    ----------
    status : int
        HTTP status.
    headers : mapping
        Names in lower case.
    url : str
        Where the answer came from in the end.
    chunks : iterator of bytes
        The body; can be read once.
    close : callable
        Gives the connection or the file back.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    chunks: Iterator[bytes]
    close: Callable[[], None]

    @property
    def encoded(self) -> bool:
        """Whether the body was packed on its way, so that its length says nothing."""
        return self.headers.get("content-encoding", "identity") not in ("", "identity")

    @property
    def length(self) -> int | None:
        """Bytes of the body where the answer says so and sends them as they are."""
        given = self.headers.get("content-length", "")
        return int(given) if _is_count(given) and not self.encoded else None

    @property
    def ends_by_itself(self) -> bool:
        """Whether a body that was cut short cannot pass for a whole one."""
        chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        return self.length is not None or self.encoded or chunked

    def read(self, most_bytes: int) -> bytes:
        """Return the whole body.

        Raises
        ------
        ServiceError
            Where it is longer than `most_bytes`.
        BodyLostError
            Where it is not as long as the answer said.
        """
        body = bytearray()
        for chunk in self.chunks:
            body += chunk
            if len(body) > most_bytes:
                raise ServiceError(
                    f"{self.url}: expected at most {most_bytes} bytes, and more came; nothing was "
                    f"kept. Is this the right address?"
                )
        self.expect_whole(len(body))
        return bytes(body)

    def expect_whole(self, n_bytes: int) -> None:
        """Raise where the body was not as long as the answer said.

        Raises
        ------
        BodyLostError
            Names both lengths.
        """
        if self.length is not None and n_bytes != self.length:
            raise BodyLostError(
                f"{self.url}: expected {self.length} bytes, got {n_bytes}; nothing was kept. Ask "
                f"again"
            )

    def __enter__(self) -> Response:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Transport(Protocol):
    """How a client asks."""

    @property
    def source(self) -> str:
        """Where answers come from, in words."""

    @property
    def synthetic(self) -> bool:
        """Whether the answers are made up."""

    @property
    def namespace(self) -> str:
        """Folder of the cache that keeps its files apart; empty for the service itself."""

    def get(self, request: Request) -> Response:
        """Ask for a URL."""


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def patience_of(transport: Transport) -> Patience:
    """Return how long a transport tries; one that does not say has the default."""
    found = getattr(transport, "patience", None)
    return found if isinstance(found, Patience) else Patience()


def expect_time(request: Request) -> float:
    """Return the seconds that are left for a request.

    Raises
    ------
    OfflineError
        Where its deadline has passed; names the limit and how to allow more.
    """
    left_s = math.inf if request.deadline is None else request.deadline.left_s()
    if left_s <= 0:
        raise out_of_time(request)
    return left_s


def out_of_time(request: Request) -> OfflineError:
    """Return the error to raise where a request's deadline has passed."""
    limit_s = math.nan if request.deadline is None else request.deadline.limit_s
    return OfflineError(
        f"{request.what}: not done within the {limit_s:g} s that it was allowed (from "
        f"{request.url}). Ask again: {request.command}; or allow more by limit_s=, or by "
        f"ALLENTK_TIME_LIMIT_S"
    )


def read_whole(transport: Transport, request: Request, most_bytes: int) -> bytes:
    """Return the body of a good answer, asking again where it breaks off.

    Raises
    ------
    OfflineError
        Where it cannot be had, or broke off every time.
    ServiceError
        Where the answer is an error, or longer than `most_bytes`.
    """
    patience = patience_of(transport)
    for tried in range(1, max(patience.tries, 1)):
        try:
            return _read(transport, request, most_bytes)
        except BodyLostError:
            patience.sleep(min(patience.backoff_s(tried), expect_time(request)))
    return _read(transport, request, most_bytes)


def _read(transport: Transport, request: Request, most_bytes: int) -> bytes:
    with transport.get(request) as response:
        expect_ok(response, request)
        return response.read(most_bytes)


def expect_ok(response: Response, request: Request) -> None:
    """Raise where an answer is an error.

    Raises
    ------
    ServiceError
        Names the status and the next step.
    """
    if response.status == 200:
        return
    step = "try again later: the service may be down or busy"
    if 400 <= response.status < 500 and response.status != 429:
        step = "the service has nothing under this address: is the id right?"
    raise ServiceError(
        f"{request.what}: expected HTTP status 200, got {response.status} from {response.url}; {step}"
    )
