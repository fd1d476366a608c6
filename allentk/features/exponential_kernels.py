"""Compiled: the sums from which an exponential is fitted to a trace."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["exponential_sums"]

Sums = tuple[float, float, float, float, float, float, float]

#: Samples after which the product of decays is begun anew, so that rounding does not pile up.
_ANEW = 1024


@njit(cache=True, fastmath={"contract"})
def exponential_sums(v: NDArray[np.float64], decay: float) -> Sums:
    """Return the sums over samples k of a trace that an exponential ``e = exp(-decay * k)`` needs.

    Parameters
    ----------
    v : ndarray, shape (n,)
        The trace.
    decay : float
        Decay per sample.

    Returns
    -------
    tuple of float
        Sums of ``e``, ``e * e``, ``k * e``, ``k * e * e``, ``k * k * e * e``, ``v * e`` and ``v * k * e``.
    """
    ratio = math.exp(-decay)
    e = se = see = ske = skee = skkee = sve = svke = 0.0
    for k in range(v.size):
        if k % _ANEW == 0:
            e = math.exp(-decay * k)
        ke = k * e
        se += e
        see += e * e
        ske += ke
        skee += ke * e
        skkee += ke * ke
        sve += v[k] * e
        svke += v[k] * ke
        e *= ratio
    return se, see, ske, skee, skkee, sve, svke
