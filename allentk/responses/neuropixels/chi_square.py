"""Whether responses depend on where a stimulus was: a chi-square test against shuffled presentations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.responses.neuropixels.psth_kernels import add_shuffled

__all__ = ["shuffled_p"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def shuffled_p(
    counts: NDArray[np.int32],
    category: Ints,
    quirks: frozenset[str],
    *,
    n_shuffles: int = 1000,
    seed: int = 0,
) -> Floats:
    """Return p of a chi-square test of counts by category, one per cell.

    Parameters
    ----------
    counts : ndarray of int32, shape (n_presentations, n_cells)
        Spikes per presentation.
    category : ndarray of int, shape (n_presentations,)
        Number of the category of every presentation, from 0 on.
    quirks : frozenset of str
        ``"bootstrap_null"``: presentations are drawn with replacement, and p can be 0.
    n_shuffles : int
        How many shuffles, at least one; the least p is ``1 / (n_shuffles + 1)``.
    seed : int
        Seed; every cell meets the same shuffles, so that cells can be measured in any blocks.

    Raises
    ------
    DataError
        For less than one shuffle, or a seed below 0.

    Returns
    -------
    ndarray, shape (n_cells,)
        Share of shuffles with a chi-square as large; 1 for a cell without a spike.

    Examples
    --------
    >>> where = np.repeat([0, 1], 10)
    >>> float(shuffled_p((where[:, None] * 5).astype(np.int32), where, frozenset())[0]) < 0.01
    True
    """
    if n_shuffles < 1 or seed < 0:
        raise DataError(
            f"gabors: expected 1 shuffle or more and a seed from 0 on, got {n_shuffles} and {seed}"
        )
    rng = np.random.default_rng(seed)
    replaced = "bootstrap_null" in quirks
    per_category = np.bincount(category).astype(float)[:, None]
    n = category.size
    actual = _chi_square(counts, category, np.arange(n, dtype=np.int64), per_category)
    larger = np.zeros(counts.shape[1])
    for _ in range(n_shuffles):
        order = rng.integers(0, n, n) if replaced else rng.permutation(n).astype(np.int64)
        drawn = _chi_square(counts, category, order, per_category)
        # Sums of the same numbers in another order differ in their last digits.
        larger += actual < drawn if replaced else drawn >= actual * (1 - 1e-12)
    return larger / n_shuffles if replaced else (larger + 1) / (n_shuffles + 1)


def _chi_square(
    counts: NDArray[np.int32], category: Ints, order: Ints, per_category: Floats
) -> Floats:
    observed = np.zeros((per_category.size, counts.shape[1]))
    add_shuffled(counts, category, order, observed)
    expected = per_category * (observed.sum(axis=0) / category.size)
    apart = (observed - expected) ** 2
    parts = np.divide(apart, expected, out=np.zeros_like(apart), where=expected > 0)
    # Each cell's parts in a row of their own: ties between shuffles hang on the order of adding.
    total: Floats = np.ascontiguousarray(parts.T).sum(axis=1)
    return total
