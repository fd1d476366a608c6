"""Ways to a level's model, and cross-validation between them."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FitError
from allentk.fitting.coordinates import Coordinates, embedded
from allentk.fitting.recording import Group
from allentk.fitting.refine import PULLS, Refined, refine
from allentk.fitting.result import Reason
from allentk.fitting.spans import Fold
from allentk.fitting.stages import Part, or_worst, prepared
from allentk.fitting.trains import Scorer
from allentk.fitting.triples import Recovery
from allentk.models import GLIFParameters

__all__ = ["NESTED", "Chosen", "Recording", "Route", "choose_route", "lineage"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

#: Levels whose models are models of a level too, with something switched off.
NESTED: Mapping[int, tuple[int, ...]] = {1: (), 2: (1,), 3: (1,), 4: (2, 3), 5: (4,)}
#: The pull where there is nothing to choose it by.
DEFAULT_PULL = PULLS[1]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a model starts, the level itself (0) or one nested in it, and the pull; None leaves it."""

    origin: int
    pull: float | None

    def __str__(self) -> str:
        start = f"GLIF{self.origin}" if self.origin else "its own regressions"
        return f"{start}, " + ("not refined" if self.pull is None else f"pull {self.pull:g}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A level's model of the whole training recording, and those of the folds it was chosen by."""

    route: Route
    model: GLIFParameters
    folds: tuple[GLIFParameters, ...]
    scores: Array
    reason: Reason
    rows: tuple[tuple[str, int, float], ...]


@dataclass(slots=True)
class Recording:
    """The training recording as a whole and by folds."""

    whole: Part
    folds: list[tuple[Part, Scorer]]

    @classmethod
    def of(
        cls, groups: Sequence[Group], folds: Sequence[Fold], recovery: Recovery | None
    ) -> Recording:
        """Prepare the whole and every fold; one whose rest cannot be fitted is left out.

        Raises
        ------
        FitError
            Where the whole cannot be fitted.
        """
        everything = [((0.0, group.duration_s),) for group in groups]
        whole, there = prepared(groups, everything, recovery), []
        for number, fold in enumerate(folds, start=1):
            try:
                part = prepared(groups, fold.train, recovery)
            except FitError as error:
                log.warning("part %d of %d is not held out: %s", number, len(folds), error)
            else:
                there.append((part, Scorer(groups, fold.held_out)))
        return cls(whole, there if len(there) > 1 else [])

    @property
    def evaluations(self) -> int:
        """Simulations run so far."""
        return self.whole.scorer.evaluations + sum(
            part.scorer.evaluations + held.evaluations for part, held in self.folds
        )


def lineage(levels: Sequence[int]) -> tuple[int, ...]:
    """Return the levels and all that are nested in them, lowest first."""
    out = set(levels)
    for level in sorted(NESTED, reverse=True):
        if level in out:
            out |= set(NESTED[level])
    return tuple(sorted(out))


def choose_route(
    recording: Recording,
    level: int,
    lower: Mapping[int, Chosen],
    *,
    seed: int,
    max_evaluations: int,
) -> Chosen:
    """Fit a level on every fold along all routes, choose one, and go it with the whole recording.

    The plainest route is taken that does as well on what was held out as the best, to within one
    standard error of the difference; the plainest of all is to keep a nested level as it is.
    """
    below = {k: lower[k] for k in NESTED[level] if k in lower}
    route, models, scores = _by_folds(recording, level, below, seed, max_evaluations)
    if route.pull is None and route.origin:
        kept = below[route.origin]
        model = embedded(kept.model, recording.whole.start(level).scanned)
        return Chosen(route, model, models, scores, Reason.NESTED, kept.rows)
    start = recording.whole.start(level)
    scorer = recording.whole.scorer
    rows = [
        ("regression", 1, scorer.ratio(start.model)),
        ("threshold", scorer.evaluations, scorer.ratio(start.scanned)),
    ]
    if route.pull is None:
        return Chosen(route, start.scanned, models, scores, Reason.DIRECT, tuple(rows))
    at = _start(recording.whole, level, route.origin, below, None)
    pulls = PULLS[: PULLS.index(route.pull) + 1]
    last = _path(recording.whole, level, at, seed, max_evaluations, pulls)[-1]
    rows += [("refinement", count, score) for count, score in last.rows]
    return Chosen(route, last.model, models, scores, last.reason, tuple(rows))


def _start(
    part: Part, level: int, origin: int, below: Mapping[int, Chosen], fold: int | None
) -> GLIFParameters:
    own = part.start(level).scanned
    if not origin:
        return own
    chosen = below[origin]
    return embedded(chosen.model if fold is None else chosen.folds[fold], own)


def _path(
    part: Part,
    level: int,
    start: GLIFParameters,
    seed: int,
    max_evaluations: int,
    pulls: Sequence[float] = PULLS,
) -> list[Refined]:
    size = max((abs(amp) for amp in part.start(level).model.asc_amp_pa), default=0.0)
    return refine(
        part.scorer,
        Coordinates(start, size),
        seed=1000 * seed + 100 * level,
        max_evaluations=max_evaluations,
        pulls=pulls,
    )


def _by_folds(
    recording: Recording, level: int, below: Mapping[int, Chosen], seed: int, max_evaluations: int
) -> tuple[Route, tuple[GLIFParameters, ...], Array]:
    """Return the chosen route, its models and its scores on what was held out."""
    if not recording.folds:
        return _unchecked(recording, level, below, max_evaluations), (), np.empty(0)
    models: dict[Route, list[GLIFParameters]] = {}
    scores: dict[Route, list[float]] = {}
    for fold, (part, held) in enumerate(recording.folds):
        for origin in (0, *below):
            start = _start(part, level, origin, below, fold)
            ways = [(Route(origin, None), start)]
            if max_evaluations:
                path = _path(part, level, start, seed + 1 + fold, max_evaluations)
                ways += [(Route(origin, step.pull), step.model) for step in path]
            for route, model in ways:
                models.setdefault(route, []).append(model)
                scores.setdefault(route, []).append(or_worst(held.ratio(model)))
    table = {route: np.array(values) for route, values in scores.items()}
    route = best_route(table)
    return route, tuple(models[route]), table[route]


def best_route(table: Mapping[Route, Array]) -> Route:
    """Return the plainest route that does as well as the best, to one error of the difference.

    Plainer is a nested level as it is, then the level's own start, then a start from a nested level;
    and no refinement before a strong pull before a weak one.
    """
    best = max(table, key=lambda route: float(table[route].mean()))
    as_good = [route for route in table if _no_worse(table[route], table[best])]
    kept = [route for route in as_good if route.origin and route.pull is None]
    if kept:
        return max(kept, key=lambda route: float(table[route].mean()))
    return min(as_good, key=lambda route: (route.origin > 0, -(route.pull or math.inf)))


def _no_worse(scores: Array, best: Array) -> bool:
    """Whether scores are within one standard error of what the best has more, fold by fold."""
    gain = best - scores
    return float(gain.mean()) <= float(gain.std(ddof=1)) / math.sqrt(gain.size)


def _unchecked(
    recording: Recording, level: int, below: Mapping[int, Chosen], max_evaluations: int
) -> Route:
    """Return a route where nothing can be held out: the start that fits best, gently refined."""
    part = recording.whole
    starts = {origin: _start(part, level, origin, below, None) for origin in (0, *below)}
    origin = max(starts, key=lambda k: or_worst(part.scorer.ratio(starts[k])))
    return Route(origin, DEFAULT_PULL if max_evaluations else None)
