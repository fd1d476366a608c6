"""Moving all free numbers of a model at once, where the training spikes reward it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.coordinates import Coordinates
from allentk.fitting.objectives import SIGMA_S
from allentk.fitting.optimizers import CMAES
from allentk.fitting.result import Reason
from allentk.fitting.search import Found, search
from allentk.fitting.trains import Scorer
from allentk.models import GLIFParameters

__all__ = ["PULLS", "Refined", "refine"]

Array = NDArray[np.float64]

#: Explained variance that moving one number by one step costs, strongest first.
PULLS = (0.03, 0.01, 0.003, 0.001)
#: Smoothing of the score, and the part of the evaluations, while the strongest pull holds.
ANNEALED = ((0.040, 0.25), (0.020, 0.25), (SIGMA_S, 0.5))
#: Part of the evaluations for each weaker pull.
WEAKER = ((SIGMA_S, 0.5),)
#: First step of the optimizer.
STEP = 0.3
#: Generations that the first search has at the least; more candidates than the optimizer asks for by
#: itself go into larger generations, which rugged scores lead astray less.
GENERATIONS = 50


@dataclass(frozen=True, slots=True)
class Refined:
    """Where the search stood when it had settled under one pull; `rows` are of the history."""

    pull: float
    model: GLIFParameters
    reason: Reason
    rows: tuple[tuple[int, float], ...]


def refine(
    scorer: Scorer,
    coordinates: Coordinates,
    *,
    seed: int,
    max_evaluations: int,
    pulls: Sequence[float] = PULLS,
) -> list[Refined]:
    """Search under ever weaker pulls towards the origin, each search from where the last one ended.

    The first search smooths spikes with 40, 20 and then 10 ms. A search ends in the optimizer's centre,
    or, where that costs more than where it began, in the best candidate.

    Parameters
    ----------
    scorer : Scorer
        Scores candidates.
    coordinates : Coordinates
        What moves, and the model that is pulled to.
    seed : int
        Draws the candidates.
    max_evaluations : int
        Candidates of the first search; each weaker pull has half as many.
    pulls : sequence of float
        Explained variance that a move of one step costs; strongest first.

    Returns
    -------
    list of Refined
        One per pull.
    """
    x, out, rows = np.zeros(coordinates.size), [], []
    for place, pull in enumerate(pulls):
        for phase, (sigma, part) in enumerate(ANNEALED if place == 0 else WEAKER):
            before = scorer.evaluations
            found = _search(
                scorer,
                coordinates,
                x,
                pull=pull,
                sigma_s=sigma,
                seed=seed + 10 * place + phase,
                max_evaluations=max(round(part * max_evaluations), 1),
                population=max(
                    4 + int(3 * math.log(coordinates.size)), max_evaluations // GENERATIONS
                ),
            )
            if sigma == SIGMA_S:
                rows += [
                    (before + count, pull * float(best @ best) - cost)
                    for count, best, cost in found.history
                ]
            x = _settled(scorer, coordinates, x, found, pull, sigma)
        model = coordinates.model(x)
        last = (scorer.evaluations + 1, scorer.ratio(model))
        out.append(Refined(pull, model, found.reason, (*rows, last)))
    return out


def _cost(scorer: Scorer, coordinates: Coordinates, x: Array, pull: float, sigma_s: float) -> float:
    return pull * float(x @ x) - scorer.ratio(coordinates.model(x), sigma_s)


def _search(
    scorer: Scorer,
    coordinates: Coordinates,
    x: Array,
    *,
    pull: float,
    sigma_s: float,
    seed: int,
    max_evaluations: int,
    population: int,
) -> Found:
    return search(
        lambda candidate: _cost(scorer, coordinates, candidate, pull, sigma_s),
        CMAES(x, STEP, seed=seed, population=population),
        start=x,
        max_evaluations=max_evaluations,
    )


def _settled(
    scorer: Scorer, coordinates: Coordinates, x: Array, found: Found, pull: float, sigma_s: float
) -> Array:
    """Return the centre of a search, or its best candidate where the centre is worse than the start."""
    began = -_cost(scorer, coordinates, x, pull, sigma_s)
    ended = -_cost(scorer, coordinates, found.centre, pull, sigma_s)
    return found.centre if math.isfinite(ended) and ended >= began else found.best
