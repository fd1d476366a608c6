"""The network, and its absence; the only door to requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from allentk._version import __version__
from allentk.api.background import begun
from allentk.api.exchange import (
    LONGEST_PAUSE_S,
    BodyLostError,
    Deadline,
    Patience,
    Request,
    Response,
    expect_time,
    out_of_time,
)
from allentk.api.rma import BASE
from allentk.api.unpack import unpacked
from allentk.config import TIME_LIMIT_S
from allentk.errors import OfflineError, ServiceError

if TYPE_CHECKING:
    import requests

__all__ = ["Live", "Offline"]

log = logging.getLogger(__name__)

_CHUNK = 2**16
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_TIMER_S = threading.TIMEOUT_MAX


@dataclass(frozen=True, slots=True)
class Offline:
    """Refuses every request."""

    source: str = f"{BASE} (offline)"
    synthetic: bool = False
    namespace: str = ""

    def get(self, request: Request) -> Response:
        """Refuse.

        Raises
        ------
        OfflineError
            Names what was wanted and what would fetch it.
        """
        raise OfflineError(
            f"{request.what}: not in the cache, and allentk is offline (offline=True, or "
            f"ALLENTK_OFFLINE). Where there is a network, fetch it by: {request.command} "
            f"(from {request.url})"
        )


class Live:
    """The network.

    Parameters
    ----------
    tries : int
        How often to ask before giving up on lost connections, 429 and 5xx; at least 1.
    timeouts_s : tuple of float
        The longest wait for a connection, and for the next piece of an answer, in seconds.
    limit_s : float
        The longest that a request may take where it has no deadline of its own, in seconds.
    sleep : callable
        Waits so many seconds.

    Notes
    -----
    Between tries it waits 0.5, 1, 2... s, or as long as ``Retry-After`` says up to a minute. A
    redirect is followed only to the same scheme, so that nothing asked for by https comes by http.
    A request ends when its time is up, whatever the service does: one that sends a byte a second,
    or never ends its headers, is cut off.
    """

    source = BASE
    synthetic = False
    namespace = ""

    def __init__(
        self,
        *,
        tries: int = 4,
        timeouts_s: tuple[float, float] = (10.0, 60.0),
        limit_s: float = TIME_LIMIT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        connect_s, read_s = timeouts_s
        self.patience = Patience(tries, connect_s, read_s, limit_s, sleep)
        self._session: requests.Session | None = None

    def get(self, request: Request) -> Response:
        """Ask for a URL.

        Raises
        ------
        OfflineError
            Where no connection can be made, or it is lost, or the time is up; also while the body
            is read (`BodyLostError` where asking for the rest may help).
        ServiceError
            On a redirect without end or to another scheme, and on an address that is none.
        """
        deadline = request.deadline or Deadline.after(self.patience.limit_s)
        request = replace(request, deadline=deadline)
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._ask(url, request)
            location = answer.headers.get("location")
            if answer.status_code not in _REDIRECTS or location is None:
                return _response(answer, url, request)
            answer.close()
            url = _followed(url, location, request)
        raise ServiceError(
            f"{request.what}: more than {_MOST_REDIRECTS} redirects from {request.url}, the last to "
            f"{url}; try again later"
        )

    def _ask(self, url: str, request: Request) -> requests.Response:
        """Return an answer worth reading, or the last there was."""
        import requests

        tried = 0
        while True:
            tried += 1
            left_s = expect_time(request)
            try:
                answer = _promptly(lambda: self._once(url, request), left_s)
            except (requests.ConnectionError, requests.Timeout, TimeoutError) as error:
                expect_time(request)
                if tried >= self.patience.tries or isinstance(error, requests.exceptions.SSLError):
                    raise _unreachable(url, request, tried, error) from error
                pause_s = self.patience.backoff_s(tried)
            except (requests.RequestException, ValueError) as error:
                raise ServiceError(
                    f"{request.what}: cannot ask {url!r}: {error}. Is the address right? Then try again: "
                    f"{request.command}"
                ) from error
            else:
                wanted_s = _pause_s(answer, self.patience, tried)
                if wanted_s is None or tried >= self.patience.tries or wanted_s >= left_s:
                    return answer
                answer.close()
                pause_s = wanted_s
            log.info("%s: asking %s again in %.1f s", request.what, url, pause_s)
            self.patience.sleep(min(pause_s, expect_time(request)))

    def _once(self, url: str, request: Request) -> requests.Response:
        if self._session is None:
            self._session = _session()
            self._session.headers["User-Agent"] = f"allentk/{__version__}"
            self._session.headers["Accept-Encoding"] = "gzip"
        left_s = max(expect_time(request), 0.001)
        return self._session.get(
            url,
            headers=dict(request.headers),
            timeout=(min(self.patience.connect_s, left_s), min(self.patience.read_s, left_s)),
            allow_redirects=False,
            stream=True,
        )


def _session() -> requests.Session:
    """Return a session that never looks at a redirect, whose body would be read whole."""
    import requests

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
            return None

    return Session()


def _promptly(ask: Callable[[], requests.Response], left_s: float) -> requests.Response:
    """Return an answer, or raise TimeoutError; an answer that comes later is closed unread.

    Names are looked up, handshakes made and headers read without a timeout of the whole, so a thread
    does it and can be left behind.
    """
    promise = begun(ask, (OSError, ValueError))
    taken = False
    try:
        answer = promise.result(min(left_s, _LONGEST_TIMER_S))
        taken = True
    finally:
        if not taken:
            promise.add_done_callback(_close_unread)
    return answer


def _close_unread(promise: Future[requests.Response]) -> None:
    if promise.exception() is None:
        promise.result().close()


def _pause_s(answer: requests.Response, patience: Patience, tried: int) -> float | None:
    """Return how long to wait before asking again; None where that would not help."""
    if answer.status_code != 429 and answer.status_code < 500:
        return None
    asked_s = _retry_after_s(answer.headers.get("retry-after", ""))
    if asked_s is None:
        return patience.backoff_s(tried)
    return max(asked_s, 0.0) if asked_s <= LONGEST_PAUSE_S else None


def _retry_after_s(written: str) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for, given in seconds or as a date."""
    if written.isascii() and written.isdecimal():
        return float(written)
    try:
        until = parsedate_to_datetime(written)
        zoned = until if until.tzinfo else until.replace(tzinfo=UTC)
        return (zoned - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None


def _followed(url: str, location: str, request: Request) -> str:
    """Return where a redirect leads; only to the same scheme."""
    try:
        target = urljoin(url, location)
    except ValueError as error:
        raise ServiceError(
            f"{request.what}: {url} leads to {location[:80]!r}, which is no address ({error}). Try again "
            f"later: {request.command}"
        ) from error
    if urlsplit(target).scheme != urlsplit(url).scheme:
        raise ServiceError(
            f"{request.what}: {url} redirects to {target}, which is another scheme; it was not "
            f"followed, because what comes that way can be changed on its way. Try again later"
        )
    return target


def _response(answer: requests.Response, url: str, request: Request) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    body = _body(answer, request)
    encoding = headers.get("content-encoding", "").strip().lower()

    def close() -> None:
        body.close()
        answer.close()

    return Response(answer.status_code, headers, url, unpacked(body, encoding, request), close)


def _body(answer: requests.Response, request: Request) -> Generator[bytes]:
    """Yield the body as it comes, piece by piece."""
    from urllib3.exceptions import HTTPError

    n_bytes = 0
    with _cut_off(answer, request) as late:
        try:
            while chunk := answer.raw.read1(_CHUNK, decode_content=False):
                n_bytes += len(chunk)
                yield chunk
        except (HTTPError, OSError, ValueError) as error:
            if not late.is_set():
                raise _lost(request, n_bytes, error) from error
        if late.is_set():
            raise out_of_time(request)


@contextmanager
def _cut_off(answer: requests.Response, request: Request) -> Iterator[threading.Event]:
    """Cut the connection off when the time is up; the event says that it was."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        # It may have ended in the same moment; then there is nothing to cut.
        with suppress(OSError, ValueError, RuntimeError):
            answer.raw.shutdown()

    timer = threading.Timer(min(expect_time(request), _LONGEST_TIMER_S), cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _lost(request: Request, n_bytes: int, error: Exception) -> BodyLostError:
    return BodyLostError(
        f"{request.what}: the answer broke off or the connection was lost after {n_bytes} bytes "
        f"({error}), from {request.url}; nothing was kept under its name. Ask again: "
        f"{request.command}"
    )


def _reason(error: Exception) -> str:
    """Return what went wrong at the bottom, without the connections it is wrapped in."""
    inner = getattr(error.args[0], "reason", None) if error.args else None
    text = str(inner or error)
    return text.partition("): ")[2] or text


def _unreachable(url: str, request: Request, tried: int, error: Exception) -> OfflineError:
    return OfflineError(
        f"{request.what}: {urlsplit(url).hostname} cannot be reached ({tried} tries; {_reason(error)}). Is "
        f"there a network? Then ask again: {request.command} (from {url}). What is in the cache "
        f"stays usable, and allentk.demo() works without a network"
    )
