"""Whether a recording says that it is made up: by one word of its description."""

from __future__ import annotations

__all__ = ["is_synthetic"]


def is_synthetic(description: str) -> bool:
    """Return whether the ``session_description`` of an NWB file has the word "synthetic".

    Examples
    --------
    >>> is_synthetic("SYNTHETIC. No cell was recorded"), is_synthetic("Patch-clamp recording")
    (True, False)
    """
    return "synthetic" in description.lower()
