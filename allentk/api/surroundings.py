"""What there is besides the cache: other places, how long things stay good, how long to wait."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from allentk.api.allensdk import AllenSDKFolder
from allentk.api.cache import Cache
from allentk.api.checks import Check
from allentk.api.exchange import Deadline, Request, Transport, expect_ok
from allentk.api.obtain import Outage
from allentk.api.places import AllenSDKPlace, SharedPlace
from allentk.api.transport import Offline
from allentk.config import Settings
from allentk.errors import OfflineError

__all__ = ["Surroundings"]

#: How long the service may take to say how long a file is.
_LENGTH_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is besides the cache.

    Parameters
    ----------
    settings : Settings
        What the user chose.
    transport : Transport
        How to ask.
    cache : Cache
        The own cache.
    outage : Outage
        When the service could not be reached.
    """

    settings: Settings
    transport: Transport
    cache: Cache
    outage: Outage = field(default_factory=Outage)

    def deadline(self, limit_s: float | None = None) -> Deadline:
        """Return when a call that begins now must have ended."""
        return Deadline.after(self.settings.time_limit_s if limit_s is None else limit_s)

    @property
    def max_age_days(self) -> float:
        """The age from which on a table is asked for again; what nobody can renew does not age."""
        fixed = isinstance(self.transport, Offline) or bool(self.transport.namespace)
        return math.inf if fixed else self.settings.max_age_days

    def before(self) -> list[SharedPlace]:
        """Return the places to look before the cache."""
        return [
            SharedPlace(Cache(folder / self.transport.namespace), self.cache)
            for folder in self.settings.shared_cache
        ]

    def behind(
        self, *, locate: Callable[[], Request] | None = None, check: Check | None = None
    ) -> list[AllenSDKPlace]:
        """Return the places to look behind the cache; none where answers are made up."""
        if self.transport.namespace or self.transport.synthetic:
            return []
        length = None if locate is None else (lambda: self._length(locate))
        return [
            AllenSDKPlace(AllenSDKFolder(folder), self.cache, length, check)
            for folder in self.settings.allensdk_cache
        ]

    def _length(self, locate: Callable[[], Request]) -> int | None:
        """Return how long the service says a file is; None where it cannot be asked."""
        if self.outage.lasts or isinstance(self.transport, Offline):
            return None
        try:
            request = replace(locate(), deadline=Deadline.after(_LENGTH_LIMIT_S))
            with self.transport.get(request) as response:
                expect_ok(response, request)
                return response.length
        except OfflineError:
            self.outage.begin()
            raise
