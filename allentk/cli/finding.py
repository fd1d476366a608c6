"""One thing that ``allentk doctor`` looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    what : str
        The thing.
    status : {"ok", "note", "problem"}
        Fine, worth knowing, or to be mended.
    found : str
        What was found.
    advice : str
        What to do; empty where there is nothing to do.

    Examples
    --------
    >>> Finding("numpy", "ok", "2.2.1").row()
    ('numpy', 'ok', '2.2.1', '')
    """

    what: str
    status: Literal["ok", "note", "problem"]
    found: str
    advice: str = ""

    COLUMNS: ClassVar[tuple[str, ...]] = ("what", "status", "found", "advice")

    def row(self) -> tuple[str, str, str, str]:
        """Return the finding as a row of `COLUMNS`."""
        return self.what, self.status, self.found, self.advice
