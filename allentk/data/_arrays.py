"""Read-only arrays, so that a value stays the value it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["frozen"]


def frozen(values: Any, dtype: DTypeLike = float) -> NDArray[Any]:
    """Return `values` as a read-only array; a writeable one is copied, never locked in place."""
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.copy() if array is values or array.base is not None else array
        array.flags.writeable = False
    return array
