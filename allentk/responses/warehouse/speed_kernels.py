"""Compiled: sums of traces over bins of speed, for many shuffles at once."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_to_bins"]


@njit(cache=True)
def add_to_bins(
    values: NDArray[np.float64], labels: NDArray[np.int16], sums: NDArray[np.float64]
) -> None:
    """Add frames to the bins that every shuffle gives them.

    Parameters
    ----------
    values : ndarray, shape (n_frames, n_cells)
        Some frames of some cells; cells side by side, so that they are added together.
    labels : ndarray of int16, shape (n_shuffles, n_frames)
        Bin of every frame; -1 for none.
    sums : ndarray, shape (n_shuffles, n_bins, n_cells)
        What is added to.
    """
    n_cells = values.shape[1]
    for s in range(labels.shape[0]):
        for f in range(labels.shape[1]):
            at = labels[s, f]
            if at >= 0:
                for c in range(n_cells):
                    sums[s, at, c] += values[f, c]
