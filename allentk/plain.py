"""Values in JSON's own types: what documents, pages and the command line write."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return `value` in JSON's own types; what is not a finite number becomes null.

    Examples
    --------
    >>> plain({"rate_hz": float("nan"), 3: (1.5, True)})
    {'rate_hz': None, '3': [1.5, True]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    text = str(value)
    return None if text in ("<NA>", "NaT") else text
