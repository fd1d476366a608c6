"""The result of a fit, made of what its search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from allentk.data import Morphology
from allentk.data._html import says_synthetic
from allentk.fitting.biophysical.cell_objective import CellObjective
from allentk.fitting.biophysical.result import BiophysicalFitResult, Kept
from allentk.fitting.biophysical.search import Member, Outcome, Plan
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.result import versions
from allentk.models import BiophysicalModel

__all__ = ["generations", "result_of"]


def result_of(
    outcome: Outcome,
    objective: CellObjective[Any],
    morphology: Morphology,
    *,
    targets: Targets,
    style: str,
    plan: Plan,
    notes: Sequence[str] = (),
) -> BiophysicalFitResult:
    """Return what a fit brings home.

    Parameters
    ----------
    outcome : Outcome
        What the search found.
    objective : CellObjective
        What it minimised.
    morphology : Morphology
        The reconstruction.
    targets : Targets
        What was aimed at.
    style : str
        Which channels and bounds.
    plan : Plan
        How it was searched.
    notes : sequence of str
        What could not be done as it should be.
    """
    genes = objective.genes
    trained = tuple(number for step in targets.chosen() for number in step.sweeps)

    made_up = says_synthetic(targets.source, morphology.synthetic)
    source = f"fitted by allentk{' to SYNTHETIC data' if made_up else ''}"

    def kept(member: Member) -> Kept:
        parameters = genes.decode(member.point)
        told = replace(parameters, training_sweeps=trained, source=source)
        return Kept(told, member.cost, member.restart)

    fame = tuple(kept(member) for member in outcome.hall_of_fame)
    best = fame[0].parameters
    evaluation = objective.evaluate(outcome.best.point)
    if evaluation.rejected:
        notes = [*notes, f"no candidate passed: the best one is {evaluation.rejected}"]
    values, told = genes.values(outcome.best.point), genes.to_dataframe()
    return BiophysicalFitResult(
        model=BiophysicalModel(best, morphology),
        cost=outcome.best.cost,
        evaluation=evaluation,
        targets=targets,
        reason=outcome.reason,
        history=generations(outcome),
        seed=plan.seed,
        evaluations=outcome.evaluations,
        hall_of_fame=fame,
        restarts=tuple(kept(member) for member in outcome.per_restart),
        spread=_spread([genes.values(m.point) for m in outcome.per_restart if m.restart]),
        genes=told.assign(value=[values[name] for name in told["name"]]),
        at_bounds=genes.at_bounds(best),
        style=style,
        notes=tuple(notes),
        versions=versions(),
    )


def generations(outcome: Outcome) -> pd.DataFrame:
    """Return one row per generation: restart, evaluations, seconds, cost, best."""
    rows = [
        (g.restart, g.evaluations, g.seconds, min(g.costs), g.best_cost)
        for g in outcome.generations
    ]
    return pd.DataFrame(rows, columns=["restart", "evaluations", "seconds", "cost", "best"])


def _spread(leaders: Sequence[dict[str, float]]) -> dict[str, tuple[float, float]]:
    """Return the least and largest value of every gene over the restarts."""
    names = tuple(leaders[0]) if leaders else ()
    return {name: (min(v[name] for v in leaders), max(v[name] for v in leaders)) for name in names}
