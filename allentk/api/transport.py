"""The network, and its absence; the only door to requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from allentk._version import __version__
from allentk.api.exchange import Request, Response
from allentk.errors import IntegrityError, OfflineError, ServiceError

if TYPE_CHECKING:
    import requests

__all__ = ["Live", "Offline"]

log = logging.getLogger(__name__)

_SOURCE = "https://api.brain-map.org"
_CHUNK = 2**16
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Offline:
    """Refuses every request."""

    source: str = f"{_SOURCE} (offline)"
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
    sleep : callable
        Waits so many seconds.

    Notes
    -----
    Between tries it waits 0.5, 1, 2... s, or as long as ``Retry-After`` says up to a minute. A
    redirect is followed only to the same scheme, so that nothing asked for by https comes by http.
    """

    source = _SOURCE
    synthetic = False
    namespace = ""

    def __init__(
        self,
        *,
        tries: int = 4,
        timeouts_s: tuple[float, float] = (10.0, 60.0),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tries = tries
        self._timeouts_s = timeouts_s
        self._sleep = sleep
        self._session: requests.Session | None = None

    def get(self, request: Request) -> Response:
        """Ask for a URL.

        Raises
        ------
        OfflineError
            Where no connection can be made, or it is lost.
        ServiceError
            On a redirect without end or to another scheme, and on an address that is none.
        IntegrityError
            While the body is read, where it breaks off.
        """
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._ask(url, request)
            location = answer.headers.get("location")
            if answer.status_code not in _REDIRECTS or location is None:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                chunks = _body(answer, request)
                return Response(answer.status_code, headers, url, chunks, answer.close)
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
            try:
                answer = self._once(url, request)
            except (requests.ConnectionError, requests.Timeout) as error:
                if tried >= self._tries or isinstance(error, requests.exceptions.SSLError):
                    raise _unreachable(url, request, tried, error) from error
                pause_s = _backoff_s(tried)
            except (requests.RequestException, ValueError) as error:
                raise ServiceError(f"{request.what}: cannot ask {url!r}: {error}") from error
            else:
                wanted_s = _pause_s(answer, tried)
                if wanted_s is None or tried >= self._tries:
                    return answer
                answer.close()
                pause_s = wanted_s
            log.info("%s: asking %s again in %.1f s", request.what, url, pause_s)
            self._sleep(pause_s)

    def _once(self, url: str, request: Request) -> requests.Response:
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = f"allentk/{__version__}"
        return self._session.get(
            url,
            headers=dict(request.headers),
            timeout=self._timeouts_s,
            allow_redirects=False,
            stream=True,
        )


def _backoff_s(tried: int) -> float:
    return min(0.5 * 2.0 ** (tried - 1), _LONGEST_PAUSE_S)


def _pause_s(answer: requests.Response, tried: int) -> float | None:
    """Return how long to wait before asking again; None where that would not help."""
    if answer.status_code != 429 and answer.status_code < 500:
        return None
    asked_s = _retry_after_s(answer.headers.get("retry-after", ""))
    if asked_s is None:
        return _backoff_s(tried)
    return max(asked_s, 0.0) if asked_s <= _LONGEST_PAUSE_S else None


def _retry_after_s(written: str) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for, given in seconds or as a date."""
    if written.isdecimal():
        return float(written)
    try:
        until = parsedate_to_datetime(written)
    except ValueError:
        return None
    zoned = until if until.tzinfo else until.replace(tzinfo=UTC)
    return (zoned - datetime.now(UTC)).total_seconds()


def _followed(url: str, location: str, request: Request) -> str:
    """Return where a redirect leads; only to the same scheme."""
    target = urljoin(url, location)
    if urlsplit(target).scheme != urlsplit(url).scheme:
        raise ServiceError(
            f"{request.what}: {url} redirects to {target}, which is another scheme; it was not "
            f"followed, because what comes that way can be changed on its way. Try again later"
        )
    return target


def _body(answer: requests.Response, request: Request) -> Iterator[bytes]:
    import requests

    n_bytes = 0
    try:
        for chunk in answer.iter_content(_CHUNK):
            n_bytes += len(chunk)
            yield chunk
    except (
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    ) as error:
        raise IntegrityError(
            f"{request.what}: the answer broke off or is damaged after {n_bytes} bytes ({error}); "
            f"nothing was kept. Ask again: {request.command}"
        ) from error
    except requests.RequestException as error:
        raise OfflineError(
            f"{request.what}: the connection was lost after {n_bytes} bytes ({error}); nothing was "
            f"kept. Ask again: {request.command}"
        ) from error


def _unreachable(url: str, request: Request, tried: int, error: Exception) -> OfflineError:
    return OfflineError(
        f"{request.what}: {urlsplit(url).hostname} cannot be reached ({tried} tries; {error}). Is "
        f"there a network? Then ask again: {request.command} (from {url}). What is in the cache "
        f"stays usable, and allentk.demo() works without a network"
    )
