"""The staged fit of an all-active model: the membrane first, then Ih, then all channels.

Every stage is a search of its own, with its own history. What a stage has fitted may go half its value
up or down in the next, within its bounds; the rest begins between its whole bounds.

References
----------
Nandi et al. 2022, Cell Reports 40:111176; its stages took 512 x 50, 512 x 50 and 4 x 512 x 200 models.
"""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from allentk.data import Morphology
from allentk.errors import ConfigError
from allentk.fitting.biophysical.all_active_bounds import all_active_template, stage_genes
from allentk.fitting.biophysical.all_active_objective import StageObjective
from allentk.fitting.biophysical.all_active_stages import STAGES, Stage, stage_targets
from allentk.fitting.biophysical.search import Outcome, Plan, run_search
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.tree_runner import build_tree_runner
from allentk.fitting.result import Reason
from allentk.models import BiophysicalParameters

__all__ = ["Fitted", "StagedFit", "fit_stages", "shares"]

log = logging.getLogger(__name__)

#: Where a model begins if nobody measured the resting voltage: as the published ones do.
V_INIT_MV = -80.0


@dataclass(frozen=True, slots=True)
class StagedFit:
    """How the stages of an all-active fit are searched.

    Parameters
    ----------
    seed : int
        Draws everything.
    optimizer : {"cma-es", "de", "ga"}
        What searches.
    evaluations : tuple of int
        Models of every stage, the membrane's first.
    restarts : int
        Optimizers that share those of the last stage; the others have one.
    population : int, optional
        Models per generation, 4 or more.
    max_seconds : float, optional
        When to stop at the latest, shared out by what the stages take; what one leaves goes to the next.
    n_jobs : int
        Processes.
    history : path, optional
        ``fit.jsonl`` stands for ``fit.stage0.jsonl``, ``fit.stage1.jsonl``, ``fit.stage2.jsonl``.
    progress : bool, optional
        Show a progress bar for every stage.
    """

    seed: int = 0
    optimizer: str = "cma-es"
    evaluations: tuple[int, ...] = (2_000, 2_000, 12_000)
    restarts: int = 3
    population: int | None = None
    max_seconds: float | None = None
    n_jobs: int = 1
    history: str | os.PathLike[str] | None = None
    progress: bool | None = None

    def __post_init__(self) -> None:
        if len(self.evaluations) != len(STAGES) or min(self.evaluations) < 1:
            raise ConfigError(
                f"an all-active fit has {len(STAGES)} stages of 1 evaluation or more, got "
                f"{self.evaluations!r}"
            )

    def plan(self, stage: Stage, n_dimensions: int) -> Plan:
        """Return the plan of a stage."""
        return Plan(
            n_dimensions=n_dimensions,
            seed=self.seed,
            optimizer=self.optimizer,
            max_evaluations=self.evaluations[stage.number],
            restarts=stage.restarts or self.restarts,
            population=self.population,
        )

    def path(self, stage: Stage) -> Path | None:
        """Return the file of a stage's history."""
        if self.history is None:
            return None
        whole = Path(self.history)
        return whole.with_name(f"{whole.stem}.stage{stage.number}{whole.suffix}")

    def seconds(self, stage: Stage, spent: float) -> float | None:
        """Return how long a stage may take where the earlier ones took so long."""
        if self.max_seconds is None:
            return None
        weights = [one.cost * n for one, n in zip(STAGES, self.evaluations, strict=True)]
        left = max(self.max_seconds - spent, 0.0)
        return left * weights[stage.number] / sum(weights[stage.number :])


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a stage found: its objective and the outcome of its search."""

    stage: Stage
    objective: StageObjective
    plan: Plan
    outcome: Outcome

    @property
    def best(self) -> BiophysicalParameters:
        """The best model."""
        return self.objective.genes.decode(self.outcome.best.point)

    @property
    def seconds(self) -> float:
        """Time it took, with that of earlier runs of the same history."""
        return self.outcome.generations[-1].seconds


def shares(max_evaluations: int) -> tuple[int, ...]:
    """Return how many evaluations every stage gets.

    Examples
    --------
    >>> shares(16_000)
    (2000, 2000, 12000)
    """
    return tuple(max(round(stage.share * max_evaluations), 1) for stage in STAGES)


def fit_stages(
    targets: Targets,
    morphology: Morphology,
    *,
    style: str,
    search: StagedFit,
    start: BiophysicalParameters | None = None,
) -> tuple[Fitted, ...]:
    """Fit an all-active model stage by stage.

    Parameters
    ----------
    targets : Targets
        What `all_active_targets` measures, or published numbers by the same names and ``n_spikes``.
    morphology : Morphology
        The reconstruction; its axon is replaced by a stub.
    style : str
        One of `allentk.fitting.biophysical.all_active_bounds.STYLES`.
    search : StagedFit
        How.
    start : BiophysicalParameters, optional
        A membrane with Ih that was fitted elsewhere; only the last stage runs then.

    Returns
    -------
    tuple of Fitted
        What every stage found, the last one with all channels.

    Raises
    ------
    ConfigError
        On an unknown style, or a history of another fit.
    FitError
        Where there is no step to aim at.
    KeyboardInterrupt
        Where it is interrupted before the last stage has a model; a history is gone on with.

    Notes
    -----
    Models begin at the resting voltage of the recording (published ones at -80 mV) and are left alone
    for half a second before a step, so that the beginning does not matter.
    """
    begin = 0 if start is None else len(STAGES) - 1
    stages = STAGES[begin:]
    # All steps are looked for before anything is searched: the last stage may be hours away.
    aims = {stage.number: stage_targets(targets, stage) for stage in stages}
    base = start if start is not None else _template(targets, morphology)
    done: list[Fitted] = []
    for stage in stages:
        fitted = _names(style, stage.number - 1, base) if stage.number else ()
        genes = stage_genes(style, stage.number, base, fitted)
        aimed, features = aims[stage.number]
        objective = StageObjective(
            genes=genes,
            targets=aimed,
            features=features,
            spiking=stage.spiking,
            build=partial(build_tree_runner, genes.decode([0.5] * len(genes)), morphology),
            clock=stage.clock,
        )
        about = {"reconstruction": morphology.digest(), **objective.about()}
        spent = sum(one.seconds for one in done)
        done.append(_searched(stage, objective, search, spent, about))
        base = done[-1].best
        log.info("stage %d (%s): cost %.3f", stage.number, stage.name, done[-1].outcome.best.cost)
    return tuple(done)


def _template(targets: Targets, morphology: Morphology) -> BiophysicalParameters:
    rest = targets.v_rest_mv
    return all_active_template(
        morphology,
        v_init_mv=V_INIT_MV if math.isnan(rest) else rest,
        junction_potential_mv=targets.junction_potential_mv,
    )


def _names(style: str, number: int, base: BiophysicalParameters) -> tuple[str, ...]:
    """Return the genes of a stage that was fitted."""
    return stage_genes(style, number, base).names


def _searched(
    stage: Stage,
    objective: StageObjective,
    search: StagedFit,
    spent: float,
    about: dict[str, Any],
) -> Fitted:
    plan = search.plan(stage, len(objective.genes))
    max_seconds = search.seconds(stage, spent)
    last = stage is STAGES[-1]
    if not last and _begun(search.path(STAGES[stage.number + 1])):
        # The next stage stands on what this one found when it ended: it is not gone on with.
        max_seconds = 0.0
    outcome = run_search(
        objective,
        plan,
        max_seconds=max_seconds,
        n_jobs=search.n_jobs,
        history=search.path(stage),
        about={"stage": stage.name, **about},
        progress=search.progress,
    )
    if outcome.reason is Reason.INTERRUPTED and not last:
        raise KeyboardInterrupt
    return Fitted(stage, objective, plan, outcome)


def _begun(path: Path | None) -> bool:
    return path is not None and path.exists() and path.stat().st_size > 0
