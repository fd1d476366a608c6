"""Optimizers that are asked for candidates and told their costs; the loop stands outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CMAES", "Optimizer"]

Array = NDArray[np.float64]


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
        Candidates per generation.

    References
    ----------
    Hansen 2016, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772.
    """

    def __init__(
        self, start: ArrayLike, sigma: float, *, seed: int, population: int | None = None
    ) -> None:
        import cma

        # A generator of its own: cma would seed and use numpy's, which everybody shares.
        draws = np.random.RandomState((seed + 1) % 2**32)
        options: dict[str, Any] = {
            "seed": math.nan,
            "randn": draws.randn,
            "verbose": -9,
            "tolfun": 1e-5,
            "tolx": 1e-4,
        }
        if population is not None:
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
