"""What edges carry: weights, delays, numbers of synapses, by where their ends are and what they prefer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError
from allentk.network.counter_kernels import edge_uniforms
from allentk.network.ends import angles_deg, column_of, places_um
from allentk.network.keys import key_of
from allentk.network.population import Population
from allentk.network.rules import Difference
from allentk.network.spatial import difference_deg

__all__ = [
    "Conduction",
    "EdgeValue",
    "LikeToLike",
    "LogNormal",
    "PairBlock",
    "UniformCount",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PairBlock:
    """Connected pairs of some targets, for a function that gives each its value.

    Parameters
    ----------
    source, target : Population
        Both populations.
    sources, targets : ndarray of int, shape (n_edges,)
        Nodes of every pair, sorted by target, then by source.
    counts : ndarray of int64
        Pairs of the first target and of those that follow.
    first : int
        The first target.
    axes : str
        Along which distance counts.
    names : tuple of str
        With `seed`, the start of the random numbers.
    seed : int
        Draws all that is random.
    """

    source: Population
    target: Population
    sources: NDArray[np.int32]
    targets: NDArray[np.int64]
    counts: NDArray[np.int64]
    first: int
    axes: str
    names: tuple[str, ...]
    seed: int

    def __len__(self) -> int:
        return self.sources.size

    @property
    def distance_um(self) -> Array:
        """Distance along the axes of the rule, or else along those that both populations have.

        Raises
        ------
        DataError
            Where there is no such axis.
        """
        if not self.axes:
            raise DataError(
                f"connect: {self.source!r} and {self.target!r} have no axis of x_um, y_um and z_um in "
                f"common, so that there is no distance; give both populations places"
            )
        here, there = places_um(self.source, self.axes), places_um(self.target, self.axes)
        away = here[self.sources]
        away -= there[self.targets]
        distance: Array = np.sqrt(np.einsum("ij,ij->i", away, away))
        return distance

    def offset_um(self, axis: str) -> Array:
        """Return how far the source lies from the target along an axis, x, y or z."""
        name = f"{axis}_um"
        return self.of_source(name) - self.of_target(name)

    @property
    def orientation_difference_deg(self) -> Array:
        """How far the tuning differs in orientation, 0 to 90; NaN where one of the two has none."""
        return self._difference(180.0)

    @property
    def direction_difference_deg(self) -> Array:
        """How far the tuning differs in direction, 0 to 180; NaN where one of the two has none."""
        return self._difference(360.0)

    def _difference(self, period: float) -> Array:
        a, b = angles_deg(self.source)[self.sources], angles_deg(self.target)[self.targets]
        return difference_deg(a, b, period)

    def of_source(self, column: str) -> Array:
        """Return a column of numbers of the source's node table, for every pair."""
        values: Array = column_of(self.source, column)[self.sources]
        return values

    def of_target(self, column: str) -> Array:
        """Return a column of numbers of the target's node table, for every pair."""
        values: Array = column_of(self.target, column)[self.targets]
        return values

    def uniform(self, what: str) -> Array:
        """Return a random number in (0, 1) for every pair; other numbers under another name.

        They depend on the seed, the names, the target and the rank of the pair there, so on nothing that
        is chosen for speed.
        """
        key = key_of(self.seed, *self.names, what)
        drawn: Array = edge_uniforms(key, self.first, self.counts)
        return drawn

    def normal(self, what: str) -> Array:
        """Return a random normal number of deviation 1 for every pair."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(f"{what}: radius")))
        drawn: Array = radius * np.cos(2 * math.pi * self.uniform(f"{what}: angle"))
        return drawn


#: A value of every edge of a block.
EdgeValue = Callable[[PairBlock], ArrayLike]


@dataclass(frozen=True, slots=True)
class UniformCount:
    """Whole numbers from `low` to `high`, both included, all as likely.

    Examples
    --------
    >>> synapses = UniformCount(3, 7)
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.high <= 65535:
            raise DataError(
                f"UniformCount: expected 1 <= low <= high <= 65535, got {self.low}, {self.high}"
            )

    def __call__(self, pairs: PairBlock) -> Array:
        """Return a number for every pair."""
        drawn: Array = self.low + np.floor(pairs.uniform("count") * (self.high - self.low + 1))
        return drawn


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Lognormal values of a given mean.

    Parameters
    ----------
    mean : float
        Mean, in the unit of what it stands for, such as pA; negative for inhibition.
    sigma : float
        Standard deviation of the logarithm.

    Examples
    --------
    >>> weights_pa = LogNormal(20.0, 0.8)
    """

    mean: float
    sigma: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0 <= self.sigma < math.inf):
            raise DataError(
                f"LogNormal: mean must be finite and sigma 0 or more, got {self.mean}, {self.sigma}"
            )

    def __call__(self, pairs: PairBlock) -> Array:
        """Return a value for every pair."""
        drawn: Array = self.mean * np.exp(
            self.sigma * pairs.normal("lognormal") - self.sigma**2 / 2
        )
        return drawn


@dataclass(frozen=True, slots=True)
class LikeToLike:
    """``peak exp(-(difference / sigma)^2)`` of the tuning; its mean over all differences without tuning.

    Parameters
    ----------
    peak : float
        Value at equal tuning.
    sigma_deg : float
        Difference at which it is 1/e of that.
    of : {"orientation", "direction"}
        Difference that counts.

    Examples
    --------
    >>> weights_us = LikeToLike(64e-5, 50.0)
    """

    peak: float
    sigma_deg: float
    of: Difference = "orientation"

    def __post_init__(self) -> None:
        if self.of not in ("orientation", "direction") or not self.sigma_deg > 0:
            raise DataError(
                f"LikeToLike: sigma_deg must be positive and of orientation or direction, got "
                f"{self.sigma_deg} and {self.of!r}"
            )

    def __call__(self, pairs: PairBlock) -> Array:
        """Return a value for every pair."""
        oriented = self.of == "orientation"
        apart = pairs.orientation_difference_deg if oriented else pairs.direction_difference_deg
        share = self.sigma_deg / (90.0 if oriented else 180.0)
        mean = share * math.sqrt(math.pi) / 2 * math.erf(1 / share)
        factor = np.exp(-((apart / self.sigma_deg) ** 2))
        values: Array = self.peak * np.where(np.isnan(factor), mean, factor)
        return values


@dataclass(frozen=True, slots=True)
class Conduction:
    """Delay of the synapse and of the way to it.

    Parameters
    ----------
    synapse_s : float
        Delay at distance 0, seconds.
    speed_um_per_s : float
        Speed along the distance; 1 m/s is 1e6 um/s.
    step_s : float, optional
        Delays are rounded to whole steps, one at the least.

    Examples
    --------
    >>> delays_s = Conduction(0.001, 0.3e6)
    """

    synapse_s: float
    speed_um_per_s: float
    step_s: float | None = None

    def __post_init__(self) -> None:
        step = 1.0 if self.step_s is None else self.step_s
        if not (self.synapse_s >= 0 and self.speed_um_per_s > 0 and step > 0):
            raise DataError(
                f"Conduction: synapse_s must be 0 or more, speed_um_per_s and step_s positive, got "
                f"{self.synapse_s}, {self.speed_um_per_s} and {self.step_s}"
            )

    def __call__(self, pairs: PairBlock) -> Array:
        """Return a delay for every pair, seconds."""
        delay: Array = self.synapse_s + pairs.distance_um / self.speed_um_per_s
        if self.step_s is None:
            return delay
        return np.maximum(np.rint(delay / self.step_s), 1.0) * self.step_s
