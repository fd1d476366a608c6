"""What every transport takes and gives: a request, a response, and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from allentk.errors import IntegrityError, ServiceError

__all__ = ["Request", "Response", "Transport", "expect_ok"]


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
    """

    url: str
    what: str
    command: str
    headers: Mapping[str, str] = field(default_factory=dict)


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
    def length(self) -> int | None:
        """Bytes of the body where the answer says so and sends them as they are."""
        given = self.headers.get("content-length", "")
        encoded = self.headers.get("content-encoding", "identity") != "identity"
        return int(given) if given.isdecimal() and not encoded else None

    def read(self, most_bytes: int) -> bytes:
        """Return the whole body.

        Raises
        ------
        ServiceError
            Where it is longer than `most_bytes`.
        IntegrityError
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
        IntegrityError
            Names both lengths.
        """
        if self.length is not None and n_bytes != self.length:
            raise IntegrityError(
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
