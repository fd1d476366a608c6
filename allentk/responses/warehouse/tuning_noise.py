"""How far responses to a parameter differ, against the noise of the trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.responses.warehouse.indices import discrimination_index

__all__ = ["frequency_selectivity"]

Array = NDArray[np.float64]


def frequency_selectivity(
    means: Array, squares: Array, n: Array, *, around_all_trials: bool
) -> Array:
    """Return ``range / (range + 2 sqrt(SSE / degrees of freedom))`` over a grating's frequencies.

    Parameters
    ----------
    means, squares, n : ndarray, shape (n_cells, n_frequencies)
        Mean, sum of squared deviations from it, and number of trials, at the other preferred parameters.
    around_all_trials : bool
        Take deviations from the mean of all these trials, and 5 degrees of freedom less than trials, as
        published; else from each mean, and one less per frequency.
    """
    total = n.sum(axis=1)
    if not around_all_trials:
        return discrimination_index(means, squares.sum(axis=1), total - (n > 0).sum(axis=1))
    with np.errstate(all="ignore"):
        grand = (n * means).sum(axis=1) / total
    apart = (n * (means - grand[:, None]) ** 2).sum(axis=1)
    return discrimination_index(means, squares.sum(axis=1) + apart, total - 5)
