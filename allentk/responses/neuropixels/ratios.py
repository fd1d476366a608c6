"""Quotients that are NaN where they mean nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ratio"]


def ratio(over: ArrayLike, under: ArrayLike, where: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return ``over / under``; NaN where `under` is not above 0, or `where` is false.

    Examples
    --------
    >>> ratio([1, 1], [2, 0]).tolist()
    [0.5, nan]
    """
    above, below = np.asarray(over, dtype=float), np.asarray(under, dtype=float)
    fits = below > 0 if where is None else np.asarray(where, dtype=bool)
    out: NDArray[np.float64] = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=fits)
    return out
