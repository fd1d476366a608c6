"""Random connections by distance and tuning, and what an edge's delay and weight follow from.

References
----------
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (layer 4: like-to-like by orientation, weights
``exp(-(d / 50)^2)``); Billeh et al. 2020, Neuron 106:388 (Gaussian fall-off with distance).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.ends import angles_deg, places_um
from allentk.network.population import Population
from allentk.network.spatial import difference_deg

__all__ = [
    "Edges",
    "connect",
    "delays_s",
    "like_to_like",
    "lognormal",
    "probability",
]

#: Pairs looked at together; the result does not depend on it.
CHUNK_PAIRS = 1 << 22

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Edges:
    """Connected pairs, sorted by target, and how far apart they are.

    ``distance_um`` is in the plane of the cortex; ``tuning_difference_deg`` is 0 to 90, NaN where one of
    the two has no tuning.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    distance_um: Array
    tuning_difference_deg: Array

    def __len__(self) -> int:
        return self.sources.size

    def __repr__(self) -> str:
        return f"<Edges: {len(self)}>"


def probability(
    distance_um: Array,
    tuning_difference_deg: Array,
    *,
    peak: float,
    sigma_um: float,
    tuning_ratio: float = 1.0,
) -> Array:
    """Return the probability of a connection.

    ``peak exp(-(distance / sigma)^2)``, times a line that falls from 1 at the same orientation to
    `tuning_ratio` at 90 degrees; a pair without tuning has the mean of that line.

    Examples
    --------
    >>> probability(np.array([100.0]), np.array([90.0]), peak=0.4, sigma_um=100.0, tuning_ratio=0.5)
    array([0.07357589])
    """
    line = 1.0 - (1.0 - tuning_ratio) * tuning_difference_deg / 90.0
    line = np.where(np.isnan(line), (1.0 + tuning_ratio) / 2, line)
    chance: Array = peak * np.exp(-((distance_um / sigma_um) ** 2)) * line
    return chance


def connect(
    source: Population,
    target: Population,
    *,
    peak: float,
    sigma_um: float,
    tuning_ratio: float = 1.0,
    seed: int | np.random.SeedSequence = 0,
    chunk_pairs: int = CHUNK_PAIRS,
) -> Edges:
    """Connect pairs of cells at random, each with the chance given by ``probability``.

    Parameters
    ----------
    source, target : Population
        With ``x_um`` and ``y_um``; ``tuning_angle_deg`` counts where both have it. No cell is connected to
        itself.
    peak : float
        Probability at distance 0 and equal tuning.
    sigma_um : float
        Width of the fall-off with distance, micrometres.
    tuning_ratio : float
        Probability at 90 degrees of orientation difference over that at 0.
    seed : int or SeedSequence
        Every pair has a random number of its own, so the edges depend on nothing else.
    chunk_pairs : int
        Pairs looked at together, for the memory.

    Returns
    -------
    Edges

    Raises
    ------
    DataError
        On a probability outside 0 to 1, a width that is not positive, or a population without positions.
    """
    if not (0 <= peak <= 1 and 0 <= tuning_ratio <= 1 and sigma_um > 0):
        raise DataError(
            f"connect: peak and tuning_ratio must lie in 0..1 and sigma_um be positive, got {peak}, "
            f"{tuning_ratio} and {sigma_um}"
        )
    rng = np.random.default_rng(seed)
    here, there = places_um(source, "xy"), places_um(target, "xy")
    tuned = [angles_deg(source), angles_deg(target)]
    parts: list[tuple[NDArray[Any], ...]] = []
    rows = max(1, chunk_pairs // len(source))
    for first in range(0, len(target), rows):
        some = slice(first, min(first + rows, len(target)))
        away = there[some, None, :] - here[None, :, :]
        distance = np.hypot(away[..., 0], away[..., 1])
        apart = difference_deg(tuned[1][some, None], tuned[0][None, :], 180.0)
        chance = probability(
            distance, apart, peak=peak, sigma_um=sigma_um, tuning_ratio=tuning_ratio
        )
        hit = rng.random(chance.shape) < chance
        if source.name == target.name:
            hit[np.arange(hit.shape[0]), np.arange(some.start, some.stop)] = False
        row, column = np.nonzero(hit)
        parts.append((column, row + first, distance[row, column], apart[row, column]))
    return Edges(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def delays_s(edges: Edges, *, synapse_s: float, speed_um_per_s: float) -> Array:
    """Return the delay of every edge: that of the synapse, and conduction along the distance.

    Raises
    ------
    DataError
        Where a number is not positive.
    """
    if not (synapse_s > 0 and speed_um_per_s > 0):
        raise DataError(
            f"delays: synapse_s and speed_um_per_s must be positive, got {synapse_s} and "
            f"{speed_um_per_s}"
        )
    return synapse_s + edges.distance_um / speed_um_per_s


def like_to_like(tuning_difference_deg: Array, *, sigma_deg: float = 50.0) -> Array:
    """Return ``exp(-(difference / sigma)^2)``, and its mean over all orientations without tuning."""
    mean = sigma_deg / 90.0 * math.sqrt(math.pi) / 2 * math.erf(90.0 / sigma_deg)
    factor: Array = np.exp(-((tuning_difference_deg / sigma_deg) ** 2))
    return np.where(np.isnan(factor), mean, factor)


def lognormal(n: int, *, sigma: float, rng: np.random.Generator) -> Array:
    """Return `n` lognormal factors of mean 1; `sigma` is the standard deviation of their logarithm."""
    return rng.lognormal(-0.5 * sigma**2, sigma, n)
