"""Times of a spike between samples, so that they do not hang on the sampling rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["between_samples"]

Array = NDArray[np.float64]


def between_samples(
    spikes: Mapping[str, Array], v: Array, slope: Array, rate: float, target: Array
) -> dict[str, Array]:
    """Return the columns of a spike table that change where times lie between samples.

    ``slope[k]`` is that of the voltage half way between samples k and k + 1; published times are those of
    sample k. A threshold is where the slope crosses `target`, and stays at its sample where it does
    not.

    Parameters
    ----------
    spikes : mapping of ndarray
        Columns of ``features.spikes``.
    v, slope : ndarray
        Voltage in mV, and dV/dt in V/s of the whole sweep.
    rate : float
        Samples per second.
    target : ndarray, shape (n_spikes,)
        The dV/dt that is the threshold of each spike, in V/s.
    """
    k = spikes["threshold_index"].astype(np.int64)
    after = np.minimum(k + 1, slope.size - 1)
    low, high = slope[k], slope[after]
    crosses = (low <= target) & (high > target)
    part = np.where(crosses, (target - low) / np.where(crosses, high - low, 1.0), 0.0)
    sample = np.where(crosses, k + 0.5 + part, k)
    whole = np.minimum(sample.astype(np.int64), v.size - 2)
    return {
        "threshold_t": sample / rate,
        "threshold_v": v[whole] + (sample - whole) * (v[whole + 1] - v[whole]),
        "upstroke_t": (spikes["upstroke_index"] + 0.5) / rate,
        "downstroke_t": (spikes["downstroke_index"] + 0.5) / rate,
    }
