"""What is wanted of a file, and what to do about it: the decision, without any effect."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from allentk.api.cache import Record
from allentk.api.checks import Check
from allentk.api.expected import Expected

__all__ = ["Action", "Wish", "decide"]


class Action(Enum):
    """What to do about a file; the value says why."""

    KEEP = "it is in the cache"
    FETCH_ASKED = "a fresh one was asked for"
    FETCH_MISSING = "it is not in the cache"
    FETCH_UNKNOWN = "it lies in the cache without a record of what it should be"
    FETCH_CUT = "it is not as long as it was when it was fetched"
    FETCH_OTHER = "what is in the cache is not the file that was published"
    FETCH_OLD = "it is older than max_age_days"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a file.

    Parameters
    ----------
    name : str
        Its name in the cache.
    what : str
        What it is, in words; used in messages.
    check : callable, optional
        Looks at a new file before it gets its name.
    expected : Expected
        What was published of it.
    refresh : bool
        A fresh one, even where it is there; the old one stays until the new one is whole.
    max_age_days : float
        The age from which on a fresh one is asked for.
    synthetic : bool
        Whether it is made up; a real file is no answer to that, and the other way round.
    """

    name: str
    what: str
    check: Check | None = None
    expected: Expected = field(default_factory=Expected)
    refresh: bool = False
    max_age_days: float = math.inf
    synthetic: bool = False

    def is_old(self, record: Record) -> bool:
        """Whether a file with this record is too old."""
        return self.max_age_days != math.inf and record.age_days() > self.max_age_days


def decide(
    *,
    refresh: bool,
    size: int | None,
    record: Record | None,
    fits: bool = True,
    old: bool = False,
) -> Action:
    """Return what to do about a file.

    Parameters
    ----------
    refresh : bool
        Whether a fresh one was asked for.
    size : int or None
        Bytes on the disk; None where there is no file.
    record : Record or None
        What is known of it.
    fits : bool
        Whether it is the published one, as far as anything was published.
    old : bool
        Whether it is too old.

    Examples
    --------
    >>> decide(refresh=False, size=None, record=None)
    <Action.FETCH_MISSING: 'it is not in the cache'>
    """
    if refresh:
        return Action.FETCH_ASKED
    if size is None:
        return Action.FETCH_MISSING
    if record is None:
        return Action.FETCH_UNKNOWN
    if record.size != size:
        return Action.FETCH_CUT
    if not fits:
        return Action.FETCH_OTHER
    return Action.FETCH_OLD if old else Action.KEEP
