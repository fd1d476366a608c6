"""Where a voltage rises through a level: what counts as a spike of cells with compartments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SPIKE_MV", "crossings"]

#: A spike is the first sample at or above this after one below, in mV; as the published models have it.
SPIKE_MV = -20.0


def crossings(voltage_mv: NDArray[np.float64], level_mv: float = SPIKE_MV) -> NDArray[np.int64]:
    """Return the first samples at or above a level after one below it, shape ``(n_spikes,)``.

    Parameters
    ----------
    voltage_mv : array, shape (n_samples,)
        Voltage in mV; a sample that is no number is neither above nor below.
    level_mv : float
        The level in mV.

    Examples
    --------
    >>> crossings(np.array([-70.0, -20.0, 10.0, -70.0, 0.0])).tolist()
    [1, 4]
    """
    found = (voltage_mv[1:] >= level_mv) & (voltage_mv[:-1] < level_mv)
    return np.flatnonzero(found).astype(np.int64) + 1
