"""Image selectivity as the Allen Institute's programs count it, level by level."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["N_LEVELS", "selectivity_by_levels"]

Array = NDArray[np.float64]

#: Levels from the smallest response to just below the largest.
N_LEVELS = 1000


def selectivity_by_levels(
    means: ArrayLike, n_counted: int | None = None, *, flat: float = 1.0
) -> Array:
    """Return ``1 - 2 a``, `a` the mean over 1000 levels of the share of images above the level.

    Parameters
    ----------
    means : array_like, shape (n_cells, n_images)
        Mean response to every image, in any unit.
    n_counted : int, optional
        How many of the images, from the first on, are counted; the levels are those of all.
    flat : float
        Of a cell whose responses are all equal, for none of which is above the smallest.

    Returns
    -------
    ndarray, shape (n_cells,)
        NaN where a response is not finite, or there is none.

    Notes
    -----
    An image is above as many levels as lie below its response: one search, whatever the number of levels.

    References
    ----------
    Quian Quiroga et al. 2007, Journal of Neurophysiology 98:1997; de Vries et al. 2020, Nature
    Neuroscience 23:138.

    Examples
    --------
    >>> selectivity_by_levels([[0.0, 0.0, 0.0, 1.0]]).tolist()
    [0.5]
    """
    r = np.asarray(means, dtype=float)
    counted = r[:, :n_counted]
    out = np.full(len(r), np.nan)
    if not counted.shape[1]:
        return out
    for cell in np.flatnonzero(np.isfinite(r).all(axis=1)):
        spread = np.ptp(r[cell])
        if spread == 0:
            out[cell] = flat
            continue
        levels = r[cell].min() + np.arange(N_LEVELS) * (spread / N_LEVELS)
        above = np.searchsorted(levels, counted[cell], side="left").sum()
        out[cell] = 1 - 2 * above / (N_LEVELS * counted.shape[1])
    return out
