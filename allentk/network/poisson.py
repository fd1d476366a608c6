"""Random spikes of given rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["poisson_spikes"]

Array = NDArray[np.float64]


def poisson_spikes(
    rates_hz: Array, bin_s: float, start_s: float, rng: np.random.Generator
) -> tuple[Array, NDArray[np.int64]]:
    """Draw inhomogeneous Poisson trains of rates that are constant within bins.

    All trains are drawn as one: spikes fall uniformly on the expected counts laid end to end.

    Parameters
    ----------
    rates_hz : ndarray, shape (n, n_bins)
        Rates in Hz, not negative.
    bin_s, start_s : float
        Length of a bin, and begin of the first, seconds.

    Returns
    -------
    times_s : ndarray, shape (n_spikes,)
        Sorted.
    ids : ndarray of int, shape (n_spikes,)
        Row of `rates_hz` that every spike belongs to.

    Examples
    --------
    >>> times, ids = poisson_spikes(np.full((2, 1000), 50.0), 1e-3, 0.0, np.random.default_rng(0))
    >>> 60 < times.size < 140, sorted(set(ids.tolist()))
    (True, [0, 1])
    """
    expected = rates_hz.ravel() * bin_s
    ends = np.cumsum(expected)
    total = float(ends[-1]) if ends.size else 0.0
    at = rng.random(rng.poisson(total)) * total
    # Rounding could place a spike at the very end, behind the last bin.
    place = np.minimum(np.searchsorted(ends, at, side="right"), ends.size - 1)
    ids, column = np.divmod(place, max(rates_hz.shape[1], 1))
    before = ends[place] - expected[place]
    within = np.divide(
        at - before, expected[place], out=np.zeros(at.size), where=expected[place] > 0
    )
    times = start_s + (column + np.clip(within, 0.0, 1.0)) * bin_s
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]
