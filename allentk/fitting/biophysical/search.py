"""The search: points spread evenly, then optimizers that race from the best of them.

All run for a while, then the better half goes on, until one or two are left: a start that leads nowhere
costs little, and the best has most. Candidates may lie outside the unit cube; objectives fold them in at
its walls.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import ConfigError
from allentk.fitting.biophysical.journal import Generation, Journal, check_sum
from allentk.fitting.biophysical.workers import Costs, Evaluate, evaluator
from allentk.fitting.optimizers import (
    CMAES,
    FEWEST,
    DifferentialEvolution,
    Draws,
    Genetic,
    Optimizer,
    mirrored,
)
from allentk.fitting.result import Reason
from allentk.progress import bar

__all__ = ["OPTIMIZERS", "Member", "Outcome", "Plan", "run_search"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

OPTIMIZERS = ("cma-es", "de", "ga")
CMA_POPULATION = 24
#: What ends a search at once.
_OVER = (Reason.BUDGET, Reason.TIME)
#: Cost of a candidate that has none.
WORST = 1e9
#: Two candidates whose numbers differ by less, root mean square over the unit cube, are one.
DISTINCT = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a search goes about it.

    Parameters
    ----------
    n_dimensions : int
        Numbers to search; every one lies between 0 and 1.
    seed : int
        Draws everything; 0 or more.
    optimizer : {"cma-es", "de", "ga"}
        What goes on from the first points.
    max_evaluations : int
        Candidates in all; a generation that has begun is finished.
    restarts : int
        Optimizers that race for what the first points leave; see the module.
    draws : int
        First points, a quarter of the evaluations at most.
    population : int, optional
        Candidates per generation, 4 or more; 24 of CMA-ES where not given.
    sigma : float
        First step size, of the way between the bounds.
    tolerance : float
        An optimizer has settled where costs differ by less.
    hall_of_fame : int
        Candidates kept.

    Raises
    ------
    ConfigError
        On a number that makes no sense.
    """

    n_dimensions: int
    seed: int = 0
    optimizer: str = "cma-es"
    max_evaluations: int = 60_000
    restarts: int = 12
    draws: int = 1024
    population: int | None = None
    sigma: float = 0.25
    tolerance: float = 1e-3
    hall_of_fame: int = 10

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ConfigError(
                f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}"
            )
        for name in ("n_dimensions", "max_evaluations", "restarts", "draws", "hall_of_fame"):
            self._whole(name, 1)
        if self.population is not None:
            self._whole("population", FEWEST)
        if self.seed < 0 or not self.sigma > 0:
            raise ConfigError(
                f"seed must be 0 or more and sigma positive, got {self.seed}, {self.sigma}"
            )

    def _whole(self, name: str, least: int) -> None:
        """Keep a number as an int, 24.0 as well as 24; refuse one that is none, or too small."""
        value = getattr(self, name)
        whole = isinstance(value, Integral) or (isinstance(value, float) and value.is_integer())
        if not whole or value < least:
            raise ConfigError(f"{name} must be a whole number, {least} or more, got {value!r}")
        object.__setattr__(self, name, int(value))

    def about(self) -> dict[str, Any]:
        """Return what decides the course of the search, as plain JSON types."""
        plain = asdict(self)
        return {name: plain[name] for name in plain if name != "hall_of_fame"}


@dataclass(frozen=True, slots=True)
class Member:
    """A candidate of the hall of fame, its cost, and the restart that found it."""

    point: Array
    cost: float
    restart: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found.

    Parameters
    ----------
    hall_of_fame : tuple of Member
        The best distinct candidates, best first.
    per_restart : tuple of Member
        The best of every restart, in order.
    reason : Reason
        Why it stopped.
    evaluations : int
        Candidates evaluated.
    generations : tuple of Generation
        How it went.
    """

    hall_of_fame: tuple[Member, ...]
    per_restart: tuple[Member, ...]
    reason: Reason
    evaluations: int
    generations: tuple[Generation, ...]

    @property
    def best(self) -> Member:
        """The best candidate."""
        return self.hall_of_fame[0]


def run_search(
    objective: Costs,
    plan: Plan,
    *,
    max_seconds: float | None = None,
    n_jobs: int = 1,
    history: str | os.PathLike[str] | None = None,
    about: dict[str, Any] | None = None,
    progress: bool | None = None,
) -> Outcome:
    """Search the unit cube.

    Parameters
    ----------
    objective : Costs
        What is minimised; a cost that is not finite counts as very bad.
    plan : Plan
        How.
    max_seconds : float, optional
        When to stop at the latest, with the time of earlier runs of the same history; a generation
        that has begun is finished, and the first is always run.
    n_jobs : int
        Processes; they change nothing but the time.
    history : path, optional
        File of the history; a search that finds its own goes on where it ended, and ends as one that
        was never interrupted.
    about : dict, optional
        What identifies the objective; a history of another one is refused.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Raises
    ------
    ConfigError
        Where the history belongs to another search, or processes cannot be started.
    FormatError
        Where the history is damaged.
    KeyboardInterrupt
        Where it is interrupted before the first generation has ended; later the best so far is
        returned, with the reason.
    """
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(history, {**plan.about(), **(about or {})}))
        evaluate = stack.enter_context(evaluator(objective, n_jobs))
        shown = stack.enter_context(
            bar("fitting", total=plan.max_evaluations, unit="model", progress=progress)
        )
        run = _Run(plan, journal, evaluate, shown.update)
        return run.to_the_end(math.inf if max_seconds is None else max_seconds)


@dataclass(slots=True)
class _Run:
    """A search under way."""

    plan: Plan
    journal: Journal
    evaluate: Evaluate
    advance: Callable[[int], object]
    evaluations: int = 0
    best: list[Member] = field(default_factory=list)
    leaders: dict[int, Member] = field(default_factory=dict)
    generations: list[Generation] = field(default_factory=list)

    def to_the_end(self, max_seconds: float) -> Outcome:
        """Run until something ends it."""
        try:
            reason = self._race(time.monotonic(), max_seconds)
        except KeyboardInterrupt:
            if not self.best:
                raise
            log.warning(
                "interrupted after %d candidates: the best so far is kept", self.evaluations
            )
            reason = Reason.INTERRUPTED
        return Outcome(
            hall_of_fame=tuple(self.best),
            per_restart=tuple(self.leaders[k] for k in sorted(self.leaders)),
            reason=reason,
            evaluations=self.evaluations,
            generations=tuple(self.generations),
        )

    def _race(self, began: float, max_seconds: float) -> Reason:
        """Run the first points, then rounds of optimizers, each with the better half of the last."""
        plan, kept = self.plan, iter(self.journal.kept)

        def run(restart: int, optimizer: Optimizer, until: int) -> Reason:
            return self._one(restart, optimizer, kept, until, began, max_seconds)

        n_draws = max(min(plan.draws, plan.max_evaluations // 4), 1)
        draws = Draws(plan.n_dimensions, n_draws, seed=plan.seed)
        reason = run(0, draws, plan.max_evaluations)
        racing = {
            k: _optimizer(plan, self.best[(k - 1) % len(self.best)].point, k)
            for k in range(1, plan.restarts + 1)
        }
        for rounds_left in range(plan.restarts.bit_length(), 0, -1):
            end = self.evaluations + (plan.max_evaluations - self.evaluations) // rounds_left
            for place, (restart, optimizer) in enumerate(racing.items()):
                if reason in _OVER:
                    return reason
                share = (end - self.evaluations) // (len(racing) - place)
                reason = run(restart, optimizer, self.evaluations + share)
            racing = self._better_half(racing)
        return reason if racing or reason in _OVER else Reason.CONVERGED

    def _better_half(self, racing: dict[int, Optimizer]) -> dict[int, Optimizer]:
        """Return the optimizers that go on: those that have not settled, the better half of them."""
        going = [restart for restart, optimizer in racing.items() if not optimizer.stop()]
        ranked = sorted(going, key=self._cost_of)
        return {restart: racing[restart] for restart in ranked[: -(-len(racing) // 2)]}

    def _cost_of(self, restart: int) -> float:
        return self.leaders[restart].cost if restart in self.leaders else math.inf

    def _one(
        self,
        restart: int,
        optimizer: Optimizer,
        kept: Iterator[Generation],
        until: int,
        began: float,
        max_seconds: float,
    ) -> Reason:
        """Run one optimizer until it settles or so many evaluations are used up."""
        while not optimizer.stop() and self.evaluations < until:
            candidates = optimizer.ask()
            told = next(kept, None)
            if told is None:
                if self.best and self._seconds(began) >= max_seconds:
                    return Reason.TIME
                told = self._told(restart, candidates, began)
            else:
                _check(told, restart, candidates)
            optimizer.tell(candidates, told.costs)
            self._keep(restart, candidates, told)
        spent = self.evaluations >= self.plan.max_evaluations
        return Reason.BUDGET if spent else Reason.CONVERGED

    def _seconds(self, began: float) -> float:
        """Return the time spent, with that of earlier runs of the same history."""
        earlier = self.journal.kept[-1].seconds if self.journal.kept else 0.0
        return earlier + time.monotonic() - began

    def _told(self, restart: int, candidates: Sequence[Array], began: float) -> Generation:
        costs = [_finite(cost) for cost in self.evaluate(candidates)]
        best = self.best[0].cost if self.best else math.inf
        told = Generation(
            restart=restart,
            evaluations=self.evaluations + len(candidates),
            seconds=round(self._seconds(began), 3),
            costs=costs,
            check=check_sum(candidates),
            best_cost=min(best, *costs),
        )
        self.journal.append(told)
        return told

    def _keep(self, restart: int, candidates: Sequence[Array], told: Generation) -> None:
        self.evaluations = told.evaluations
        self.generations.append(told)
        self.advance(len(candidates))
        for candidate, cost in zip(candidates, told.costs, strict=True):
            member = Member(mirrored(candidate), cost, restart)
            if restart not in self.leaders or cost < self.leaders[restart].cost:
                self.leaders[restart] = member
            self._admit(member)

    def _admit(self, member: Member) -> None:
        """Take a member into the hall of fame where it is among the best and unlike the better ones."""
        full = len(self.best) >= self.plan.hall_of_fame
        if full and member.cost >= self.best[-1].cost:
            return
        near = [one for one in self.best if _distance(one.point, member.point) < DISTINCT]
        if any(one.cost <= member.cost for one in near):
            return
        close = {id(one) for one in near}
        rest = [one for one in self.best if id(one) not in close]
        self.best = sorted([*rest, member], key=lambda one: one.cost)[: self.plan.hall_of_fame]


def _optimizer(plan: Plan, start: Array, restart: int) -> Optimizer:
    seed = plan.seed * 1000 + restart
    given: dict[str, Any] = {"seed": seed, "tolerance": plan.tolerance}
    if plan.population is not None:
        given["population"] = plan.population
    if plan.optimizer == "de":
        return DifferentialEvolution(start, **given)
    if plan.optimizer == "ga":
        return Genetic(start, **given)
    return CMAES(start, plan.sigma, **{"population": CMA_POPULATION, **given})


def _check(told: Generation, restart: int, candidates: Sequence[Array]) -> None:
    same = told.check == check_sum(candidates) and len(told.costs) == len(candidates)
    if told.restart != restart or not same:
        raise ConfigError(
            f"the history cannot be gone on with from generation {told.evaluations}: the optimizer draws "
            f"other candidates here, so it was written by other versions or on another machine; name "
            f"another file, or remove it to begin anew"
        )


def _distance(first: Array, second: Array) -> float:
    return float(np.sqrt(np.mean((first - second) ** 2)))


def _finite(cost: float) -> float:
    return float(cost) if math.isfinite(cost) else WORST
