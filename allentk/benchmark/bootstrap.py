"""How sure a score is: the cells of both sides are drawn again, with replacement."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.benchmark.distribution import Distribution, rounded
from allentk.errors import DataError

__all__ = ["interval", "resampled_scores", "streams"]

Array = NDArray[np.float64]

#: Numbers held at once.
_BLOCK = 1_000_000


def streams(
    seed: int, metric: str, population: str, model: str = ""
) -> tuple[np.random.Generator, np.random.Generator]:
    """Return the generators that draw the model's cells, and the data's.

    They depend on nothing but the arguments, so that no row of a table changes another's interval. The
    data's does not depend on `model`: models are compared on the same draws of the data.
    """
    row = zlib.crc32(f"{metric}|{population}".encode())
    data = np.random.default_rng([seed, row, 0])
    return np.random.default_rng([seed, row, 1, zlib.crc32(model.encode())]), data


def resampled_scores(
    samples: ArrayLike,
    reference: Distribution,
    model_rng: np.random.Generator,
    data_rng: np.random.Generator,
    *,
    draws: int = 300,
) -> Array:
    """Return S = 1 - KS for cells drawn again on both sides.

    Parameters
    ----------
    samples : array_like
        Finite values of the model's cells.
    reference : Distribution
        Of ``reference.n`` cells: drawn from the cells where it is exact, else from its quantiles.
    model_rng, data_rng : Generator
        See ``streams``.
    draws : int
        Number of draws.

    Returns
    -------
    ndarray, shape (draws,)
        Their quantiles are an interval of S, and those of a difference of two such arrays, drawn with
        the same `data_rng`, one of the difference.

    Notes
    -----
    KS is the largest of many differences: chance makes it larger than it is, and drawing again adds as
    much once more. So the draws spread as the difference of the two cumulative distributions does at the
    one value where it is largest, and their middle is moved by what drawing again adds. Measured on
    normal samples of 60 to 2000 cells, the 95 % interval holds the truth in 88 to 93 of 100 cases, and in
    85 where both sides are the same: there the noise floor says more.
    """
    values = np.sort(rounded(samples).ravel())
    knots, of_cell = _knots(values, reference)
    chance = _chances(knots, reference)
    n_steps = 2 * knots.size + 1
    sides = _sides(knots, reference)
    apart = _shares(of_cell[None, :], n_steps)[0] - chance
    # Of bounds that all hold, the one that is nearest to failing.
    at = int((np.abs(apart) if sides is None else apart * sides).argmax())
    side = np.sign(apart[at]) if sides is None else sides[at]
    largest, there = np.empty(draws), np.empty(draws)
    for part in _blocks(draws, max(values.size, reference.n, n_steps)):
        rows = part.stop - part.start
        model = of_cell[model_rng.integers(values.size, size=(rows, values.size))]
        data = np.searchsorted(chance, data_rng.random((rows, reference.n)), side="right")
        found = _shares(model, n_steps) - _shares(data, n_steps)
        largest[part] = _far(found, sides).max(axis=1)
        there[part] = found[:, at] * side
    corrected: Array = 1 - there + largest.mean() - _far(apart, sides)[at]
    return corrected


def _blocks(draws: int, size: int) -> Iterator[slice]:
    """Yield runs of draws of about a million numbers each."""
    step = max(1, _BLOCK // size)
    for start in range(0, draws, step):
        yield slice(start, min(start + step, draws))


def _knots(values: Array, reference: Distribution) -> tuple[Array, NDArray[np.int64]]:
    """Return where KS can be largest, and on which step each cell of the model stands.

    These are the model's values, or the few quantiles that are known. Steps 0, 2, 4... lie left of
    them, 1, 3, 5... are the knots themselves, and the last lies beyond them.
    """
    knots = reference.bounds()[0] if reference.partial else np.unique(values)
    step = 2 * np.searchsorted(knots, values, side="left")
    step[values == knots[np.minimum(step // 2, knots.size - 1)]] += 1
    return knots, step


def _sides(knots: Array, reference: Distribution) -> Array | None:
    """Return on which side a difference of shares counts at each step; None where it does on both.

    A few quantiles bound the reference's share: from above left of one, from below at it.
    """
    return np.tile([1.0, -1.0], knots.size) if reference.partial else None


def _far(differences: Array, sides: Array | None) -> Array:
    """Return how far apart shares are, at least."""
    return np.abs(differences) if sides is None else np.maximum(differences * sides, 0.0)


def _chances(knots: Array, reference: Distribution) -> Array:
    """Return the reference's cumulative probability just left of every knot and at it, in turn."""
    if reference.partial:
        return np.stack(reference.bounds()[1:], axis=1).ravel()
    return np.stack([reference.cdf(knots, "left"), reference.cdf(knots)], axis=1).ravel()


def _shares(steps: NDArray[np.int64], n_steps: int) -> Array:
    """Return the share of each row's cells up to each step but the last, which is beyond all knots."""
    rows, cells = steps.shape
    flat = (steps + n_steps * np.arange(rows)[:, None]).ravel()
    counts = np.bincount(flat, minlength=rows * n_steps).reshape(rows, n_steps)
    shares: Array = np.cumsum(counts, axis=1)[:, :-1] / cells
    return shares


def interval(
    resampled: Array, *, level: float = 0.95, within: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, float]:
    """Return the interval that resampled values give: their quantiles, within the bounds.

    Examples
    --------
    >>> low, high = interval(np.linspace(0.5, 1.5, 101))
    >>> round(low, 3), high
    (0.525, 1.0)
    """
    if not 0 < level < 1:
        raise DataError(f"interval: level must lie between 0 and 1, got {level!r}")
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return float(np.clip(low, *within)), float(np.clip(high, *within))
