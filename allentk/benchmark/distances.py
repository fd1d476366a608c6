"""Distances between a model's cells and a reference distribution.

The score of a class is S = 1 - KS, as in Billeh et al. 2020, Neuron 106:388.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.benchmark.distribution import MIN_CELLS, Distribution, rounded
from allentk.errors import DataError

__all__ = ["ks_distance", "split_half", "wasserstein_distance"]

Array = NDArray[np.float64]


def _sorted(samples: ArrayLike, reference: Distribution) -> Array:
    values = np.sort(rounded(samples).ravel())
    if not values.size or not np.isfinite(values).all():
        raise DataError("distance: the samples must be finite and at least one; drop NaN first")
    if not reference.values.size:
        raise DataError(
            f"distance: the reference of {reference.n} cells is too small to have quantiles"
        )
    return values


def ks_distance(samples: ArrayLike, reference: Distribution) -> float:
    """Return the Kolmogorov-Smirnov distance between samples and a reference.

    Parameters
    ----------
    samples : array_like
        Finite values of the model's cells.
    reference : Distribution
        Exact, or in quantiles; then the distance errs by at most ``reference.quantile_error``. Where no
        more than a few quantiles are known (``reference.partial``) it is taken at these alone: the
        distance is at least so large.

    Returns
    -------
    float
        The largest difference of the two cumulative distributions, 0 to 1.

    Raises
    ------
    DataError
        For no samples, samples that are not finite, or a reference without values.

    Examples
    --------
    >>> ks_distance([0, 0, 1, 1], Distribution.from_samples([0, 1, 1, 1]))
    0.25
    """
    values = _sorted(samples, reference)
    if reference.partial:
        places, below, upto = reference.bounds()
        over = np.searchsorted(values, places, side="left") / values.size - below
        under = upto - np.searchsorted(values, places, side="right") / values.size
        return float(max(over.max(), under.max(), 0.0))
    # Between two samples the model's curve is flat and the reference's rises: the largest difference
    # lies at a sample, just left of it or on it.
    left = np.searchsorted(values, values, side="left") / values.size
    right = np.searchsorted(values, values, side="right") / values.size
    on_left = np.abs(left - reference.cdf(values, "left"))
    on_right = np.abs(right - reference.cdf(values, "right"))
    return float(max(on_left.max(), on_right.max()))


def _steps(values: Array, p: Array) -> Array:
    """Return the quantile function of samples at the middles `p` of its steps."""
    at: Array = values[np.minimum((p * values.size).astype(np.int64), values.size - 1)]
    return at


def wasserstein_distance(samples: ArrayLike, reference: Distribution) -> float:
    """Return the first Wasserstein distance, in the unit of the metric.

    Parameters and errors as in ``ks_distance``. It is the mean shift that would turn one distribution
    into the other; NaN where the tails of the reference are not known (``reference.partial``).

    Examples
    --------
    >>> wasserstein_distance([1.0, 2.0], Distribution.from_samples([2.0, 3.0]))
    1.0
    """
    values = _sorted(samples, reference)
    if reference.partial:
        return float("nan")
    knots = reference.probabilities
    exact = knots is None
    if knots is None:
        knots = np.arange(reference.values.size + 1) / reference.values.size
    p = np.unique(np.concatenate([np.arange(values.size + 1) / values.size, knots]))
    width, middle = np.diff(p), (p[1:] + p[:-1]) / 2
    model = _steps(values, middle)
    if exact:
        return float((np.abs(model - _steps(reference.values, middle)) * width).sum())
    data = np.interp(p, knots, reference.values)
    a, b = data[:-1] - model, data[1:] - model
    total = np.abs(a) + np.abs(b)
    crossing = np.divide(a**2 + b**2, total, out=np.zeros(total.shape), where=total > 0)
    return float((np.where(a * b < 0, crossing, total) * width / 2).sum())


def split_half(
    samples: ArrayLike, rng: np.random.Generator, *, draws: int = 200
) -> tuple[float, float]:
    """Return how well random halves of the samples agree.

    Parameters
    ----------
    samples : array_like
        Finite values of the cells.
    rng : Generator
        Draws the halves.
    draws : int
        Number of random divisions, at least 1.

    Returns
    -------
    ceiling, noise_floor : float
        Mean of 1 - KS, and 95th percentile of KS, over the draws; NaN where a half has fewer than 15
        cells.

    Raises
    ------
    DataError
        For less than one division.
    """
    if not isinstance(draws, int | np.integer) or draws < 1:
        raise DataError(f"split_half: draws must be at least 1, got {draws!r}; 200 are usual")
    values = rounded(samples).ravel()
    half = values.size // 2
    if half < MIN_CELLS:
        return float("nan"), float("nan")
    places, codes = np.unique(values, return_inverse=True)
    whole = np.bincount(codes, minlength=places.size)
    distances = np.empty(draws)
    for draw in range(draws):
        first = np.bincount(rng.permutation(codes)[:half], minlength=places.size)
        apart = np.cumsum(first / half - (whole - first) / (values.size - half))
        distances[draw] = np.abs(apart).max()
    return 1 - float(distances.mean()), float(np.quantile(distances, 0.95))
