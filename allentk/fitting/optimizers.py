"""Optimizers that are asked for candidates and told their costs; the loop stands outside.

Every optimizer draws from a generator of its own, so that asking and telling again what was told
before brings it to the same state: a search resumes from the costs alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import ConfigError

__all__ = ["CMAES", "DifferentialEvolution", "Draws", "Genetic", "Optimizer", "mirrored"]

Array = NDArray[np.float64]

#: Members of a population: a trial of differential evolution is made of three others.
FEWEST = 4


class Optimizer(Protocol):
    """What a search needs of an optimizer."""

    def ask(self) -> list[Array]:
        """Return the candidates of the next generation."""

    def tell(self, candidates: Sequence[Array], costs: Sequence[float]) -> None:
        """Take the costs of these candidates, lower is better."""

    def centre(self) -> Array:
        """Return where the search stands, which noise in the costs leads astray less than the best."""

    def stop(self) -> bool:
        """Say whether the search has settled."""


class CMAES:
    """Covariance matrix adaptation, the evolution strategy for a handful of numbers.

    Parameters
    ----------
    start : array_like, shape (n,)
        First centre of the search; scale the problem so that all numbers matter alike.
    sigma : float
        First step size.
    seed : int
        Draws the candidates; 0 or more.
    population : int, optional
        Candidates per generation, 4 or more.
    tolerance : float
        It has settled where the costs of late differ by less.

    References
    ----------
    Hansen 2016, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772.
    """

    def __init__(
        self,
        start: ArrayLike,
        sigma: float,
        *,
        seed: int,
        population: int | None = None,
        tolerance: float = 1e-5,
    ) -> None:
        import cma

        # A generator of its own: cma would seed and use numpy's, which everybody shares.
        draws = np.random.RandomState((seed + 1) % 2**32)
        options: dict[str, Any] = {
            "seed": math.nan,
            "randn": draws.randn,
            "verbose": -9,
            "tolfun": tolerance,
            "tolx": 1e-4,
        }
        if population is not None:
            if population < FEWEST:
                raise ConfigError(f"CMAES: population must be {FEWEST} or more, got {population!r}")
            options["popsize"] = population
        self._strategy = cma.CMAEvolutionStrategy(
            np.asarray(start, dtype=float).tolist(), sigma, options
        )

    def ask(self) -> list[Array]:
        """Return the candidates of the next generation."""
        return [np.asarray(candidate, dtype=float) for candidate in self._strategy.ask()]

    def tell(self, candidates: Sequence[Array], costs: Sequence[float]) -> None:
        """Take the costs of these candidates, lower is better."""
        self._strategy.tell(list(candidates), list(costs))

    def centre(self) -> Array:
        """Return the mean of the distribution that candidates are drawn from."""
        return np.asarray(self._strategy.result.xfavorite, dtype=float)

    def stop(self) -> bool:
        """Say whether the search has settled."""
        return bool(self._strategy.stop())


class Draws:
    """A Latin hypercube: where a search begins, not one that learns.

    Every coordinate of the points is spread evenly between 0 and 1.

    Parameters
    ----------
    n_dimensions : int
        Dimensions of the cube.
    n : int
        How many points; they come in blocks of `block`.
    seed : int
        Draws them; 0 or more.
    block : int
        Points per generation.

    Examples
    --------
    >>> draws = Draws(2, 5, seed=0, block=4)
    >>> sizes = []
    >>> while not draws.stop():
    ...     points = draws.ask()
    ...     draws.tell(points, [0.0] * len(points))
    ...     sizes.append(len(points))
    >>> sizes
    [4, 1]
    """

    def __init__(self, n_dimensions: int, n: int, *, seed: int, block: int = 64) -> None:
        rng = np.random.default_rng(seed)
        strata = np.stack([rng.permutation(n) for _ in range(n_dimensions)], axis=1)
        self._points: Array = (strata + rng.random(strata.shape)) / n
        self._block = block
        self._told = 0
        self._best: Array = self._points[0]
        self._cost = math.inf

    def ask(self) -> list[Array]:
        """Return the next block of points."""
        return list(self._points[self._told : self._told + self._block])

    def tell(self, candidates: Sequence[Array], costs: Sequence[float]) -> None:
        """Take the costs of a block."""
        self._told += len(candidates)
        leader = int(np.argmin(costs))
        if costs[leader] < self._cost:
            self._best, self._cost = candidates[leader], costs[leader]

    def centre(self) -> Array:
        """Return the best point so far."""
        return self._best

    def stop(self) -> bool:
        """Say whether all points have been told."""
        return self._told >= len(self._points)


class _Population:
    """Points in the unit cube with their costs, the first of them given or drawn."""

    def __init__(
        self, start: ArrayLike, spread: float, *, seed: int, population: int, tolerance: float
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._size = population
        self._tolerance = tolerance
        if population < FEWEST:
            raise ConfigError(
                f"{type(self).__name__}: population must be {FEWEST} or more, got {population!r}"
            )
        first = np.clip(np.asarray(start, dtype=float), 0.0, 1.0)
        drawn = first + spread * self._rng.standard_normal((population - 1, first.size))
        self._points: Array = np.vstack([first, mirrored(drawn)])
        self._costs: Array = np.full(population, math.inf)

    @property
    def _told(self) -> bool:
        return bool(np.isfinite(self._costs).any())

    def centre(self) -> Array:
        """Return the best point so far."""
        return np.asarray(self._points[int(np.argmin(self._costs))], dtype=float)

    def stop(self) -> bool:
        """Say whether all members cost the same."""
        return self._told and float(np.ptp(self._costs)) < self._tolerance


class DifferentialEvolution(_Population):
    """Differential evolution in the unit cube: members move by differences of two others.

    Strategy current-to-best/1 with binomial crossover; every generation draws its own weights.

    Parameters
    ----------
    start : array_like, shape (n,)
        First member, each value 0 to 1; the others are drawn around it.
    spread : float
        Standard deviation of the first members; outside the cube they are mirrored at its walls.
    seed : int
        Draws everything; 0 or more.
    population : int
        Members, 4 or more.
    tolerance : float
        It has settled where members' costs differ by less.

    References
    ----------
    Storn and Price 1997, Journal of Global Optimization 11:341.
    """

    def __init__(
        self,
        start: ArrayLike,
        spread: float = 0.3,
        *,
        seed: int,
        population: int = 40,
        tolerance: float = 1e-5,
    ) -> None:
        super().__init__(start, spread, seed=seed, population=population, tolerance=tolerance)

    def ask(self) -> list[Array]:
        """Return one trial for every member; the members themselves at first."""
        if not self._told:
            return list(self._points)
        return [self._trial(k) for k in range(self._size)]

    def _trial(self, k: int) -> Array:
        rng, points = self._rng, self._points
        others = np.delete(np.arange(self._size), k)
        first, second = rng.choice(others, 2, replace=False)
        weight, crossed = rng.uniform(0.4, 0.9), rng.uniform(0.5, 1.0)
        moved = (
            points[k]
            + weight * (self.centre() - points[k])
            + weight * (points[first] - points[second])
        )
        taken = rng.random(moved.size) < crossed
        taken[rng.integers(moved.size)] = True
        trial: Array = np.where(taken, mirrored(moved), points[k])
        return trial

    def tell(self, candidates: Sequence[Array], costs: Sequence[float]) -> None:
        """Take the costs; a trial that is no worse replaces its member."""
        new = np.asarray(costs, dtype=float)
        better = new <= self._costs
        self._points = np.where(better[:, None], np.asarray(candidates), self._points)
        self._costs = np.where(better, new, self._costs)


class Genetic(_Population):
    """A genetic algorithm in the unit cube, as the published perisomatic fits had it.

    Simulated binary crossover, bounded polynomial mutation of every child, and the best of parents
    and children live on.

    Parameters
    ----------
    start : array_like, shape (n,)
        First member, each value 0 to 1; the others are drawn around it.
    spread : float
        Standard deviation of the first members; outside the cube they are mirrored at its walls.
    seed : int
        Draws everything; 0 or more.
    population : int
        Members, and children per generation; 4 or more.
    tolerance : float
        It has settled where members' costs differ by less.
    crossover, mutation : float
        Chance that a pair is crossed, and that a gene of a child is mutated.
    eta : float
        How near children stay to their parents, a number without unit.

    References
    ----------
    Deb and Agrawal 1995, Complex Systems 9:115; Gouwens et al. 2018, Nature Communications 9:710.
    """

    def __init__(
        self,
        start: ArrayLike,
        spread: float = 0.3,
        *,
        seed: int,
        population: int = 60,
        tolerance: float = 1e-5,
        crossover: float = 0.1,
        mutation: float = 0.35,
        eta: float = 10.0,
    ) -> None:
        super().__init__(start, spread, seed=seed, population=population, tolerance=tolerance)
        self._crossover, self._mutation, self._eta = crossover, mutation, eta

    def ask(self) -> list[Array]:
        """Return the children of the members; the members themselves at first."""
        if not self._told:
            return list(self._points)
        parents = self._points[self._rng.permutation(self._size)].copy()
        for k in range(0, self._size - 1, 2):
            if self._rng.random() < self._crossover:
                parents[k : k + 2] = self._crossed(parents[k], parents[k + 1])
        return [self._mutated(parent) for parent in parents]

    def _crossed(self, first: Array, second: Array) -> Array:
        u = self._rng.random(first.size)
        power = 1 / (self._eta + 1)
        beta = np.where(u < 0.5, (2 * u) ** power, (1 / (2 * (1 - u))) ** power)
        half, middle = beta * (second - first) / 2, (first + second) / 2
        return np.clip(np.stack([middle - half, middle + half]), 0.0, 1.0)

    def _mutated(self, parent: Array) -> Array:
        u, power = self._rng.random(parent.size), 1 / (self._eta + 1)
        # The further a wall, the further a gene may go: Deb's bounded polynomial.
        low = (2 * u + (1 - 2 * u) * (1 - parent) ** (self._eta + 1)) ** power - 1
        high = 1 - (2 * (1 - u) + (2 * u - 1) * parent ** (self._eta + 1)) ** power
        moved = parent + np.where(u < 0.5, low, high)
        taken = self._rng.random(parent.size) < self._mutation
        return np.clip(np.where(taken, moved, parent), 0.0, 1.0)

    def tell(self, candidates: Sequence[Array], costs: Sequence[float]) -> None:
        """Take the costs; the best of members and children live on."""
        if not self._told:
            self._points, self._costs = np.asarray(candidates), np.asarray(costs, dtype=float)
            return
        points = np.vstack([self._points, np.asarray(candidates)])
        costs_all = np.concatenate([self._costs, np.asarray(costs, dtype=float)])
        best = np.argsort(costs_all, kind="stable")[: self._size]
        self._points, self._costs = points[best], costs_all[best]


def mirrored(points: Array) -> Array:
    """Return points folded into the unit cube at its walls.

    Examples
    --------
    >>> mirrored(np.array([-0.25, 0.5, 1.25])).tolist()
    [0.25, 0.5, 0.75]
    """
    folded = np.abs(np.asarray(points, dtype=float)) % 2.0
    inside: Array = np.where(folded > 1.0, 2.0 - folded, folded)
    return inside
