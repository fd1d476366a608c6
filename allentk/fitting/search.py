"""The loop around an optimizer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.optimizers import Optimizer
from allentk.fitting.result import Reason

__all__ = ["Found", "search"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """Best candidate of a search, its cost, and how the search went.

    `centre` is where the optimizer stood at the end. `history` has the
    evaluations so far, the best candidate of them and its cost.
    """

    best: Array
    cost: float
    centre: Array
    reason: Reason
    evaluations: int
    history: list[tuple[int, Array, float]]


def search(
    cost: Callable[[Array], float],
    optimizer: Optimizer,
    *,
    start: Array,
    max_evaluations: int,
) -> Found:
    """Ask, evaluate and tell until the optimizer settles or the evaluations are used up.

    Parameters
    ----------
    cost : callable
        ``cost(candidate) -> float``, lower is better; one that is not finite counts as very bad.
    optimizer : Optimizer
        Where candidates come from.
    start : ndarray
        Evaluated first, so that a search never ends worse than it began.
    max_evaluations : int
        When to stop at the latest; a generation that has begun is finished.
    """
    best, best_cost = start, _finite(cost(start))
    evaluations, history, reason = 1, [(1, best, best_cost)], Reason.BUDGET
    while evaluations < max_evaluations:
        candidates = optimizer.ask()
        costs = [_finite(cost(candidate)) for candidate in candidates]
        optimizer.tell(candidates, costs)
        evaluations += len(candidates)
        leader = int(np.argmin(costs))
        if costs[leader] < best_cost:
            best, best_cost = candidates[leader], costs[leader]
        history.append((evaluations, best, best_cost))
        if optimizer.stop():
            reason = Reason.CONVERGED
            break
    centre = optimizer.centre() if evaluations > 1 else start
    return Found(best, best_cost, centre, reason, evaluations, history)


def _finite(cost: float) -> float:
    return cost if math.isfinite(cost) else 1e6
