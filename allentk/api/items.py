"""Files at plain addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from allentk.api.checks import Check
from allentk.api.exchange import Request
from allentk.api.expected import Expected
from allentk.errors import ServiceError

__all__ = ["AS_IT_IS", "Item"]

#: Files are asked for as they are, so that their length can be checked.
AS_IT_IS = {"Accept-Encoding": "identity"}
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Item:
    """A file at a plain address.

    Parameters
    ----------
    name : str
        Name in the cache.
    url : str
        Where it is: https, or http on this machine.
    what, command : str
        What it is, and what fetches it; used in messages.
    check : callable, optional
        Looks at the file before it is kept.
    expected : Expected
        What was published of it.
    """

    name: str
    url: str
    what: str
    command: str
    check: Check | None = None
    expected: Expected = field(default_factory=Expected)

    def request(self) -> Request:
        """Return what is to be asked.

        Raises
        ------
        ServiceError
            Where the address is none that could be trusted.
        """
        try:
            parts = urlsplit(self.url)
            here = parts.scheme == "http" and parts.hostname in _HERE
            safe = here or (parts.scheme == "https" and bool(parts.hostname))
        except ValueError:
            safe = False
        if not safe:
            raise ServiceError(
                f"{self.what}: expected an address that begins with https://, got "
                f"{self.url[:200]!r}; it was not asked. Where a service gave it, tell the service"
            )
        return Request(self.url, what=self.what, command=self.command, headers=AS_IT_IS)
