"""An all-active fit from the recording to the result."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from allentk.data import Morphology, Sweep, SweepSet
from allentk.fitting.biophysical.all_active import Fitted, StagedFit, fit_stages
from allentk.fitting.biophysical.all_active_bounds import choose_all_active_style
from allentk.fitting.biophysical.all_active_stages import all_active_targets
from allentk.fitting.biophysical.outcome_result import generations, result_of
from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.result import Reason
from allentk.models import BiophysicalParameters

__all__ = ["fit_all_active", "staged_result"]


def fit_all_active(
    sweeps: SweepSet | Sweep | Iterable[Sweep] | Targets,
    morphology: Morphology,
    *,
    search: StagedFit,
    style: str = "auto",
    dendrite_type: str | None = None,
    human: bool = False,
    start: BiophysicalParameters | None = None,
) -> BiophysicalFitResult:
    """Fit channels in every section to the long squares of a recording, or to targets.

    Parameters
    ----------
    sweeps : SweepSet, Sweep, iterable of Sweep, or Targets
        The recording, or what was measured on it.
    morphology : Morphology
        The reconstruction; its axon is replaced by a stub, which the model's ``axon`` says.
    search : StagedFit
        How the stages are searched.
    style : str
        One of `allentk.fitting.biophysical.all_active_bounds.STYLES`; ``"auto"`` goes by dendrites and
        spike width.
    dendrite_type : {"spiny", "aspiny", "sparsely spiny"}, optional
        As in the database.
    human : bool
        Whether the cell is of a human.
    start : BiophysicalParameters, optional
        See `fit_stages`.

    Raises
    ------
    ConfigError
        On an unknown style, or a history of another fit.
    FitError
        Where nothing can be measured, there is no step below rheobase to fit the membrane to, or none
        has a spike.
    """
    targets = sweeps if isinstance(sweeps, Targets) else all_active_targets(sweeps)
    if style == "auto":
        style = choose_all_active_style(dendrite_type, _width_s(targets), human=human)
    stages = fit_stages(targets, morphology, style=style, search=search, start=start)
    return staged_result(stages, morphology, style=style)


def _width_s(targets: Targets) -> float:
    """Return the width of the spikes in s; NaN where no target says it."""
    for step in targets.steps:
        if "AP_width" in step.features:
            return 1e-3 * step.features["AP_width"].mean
    return math.nan


def staged_result(
    stages: Sequence[Fitted], morphology: Morphology, *, style: str
) -> BiophysicalFitResult:
    """Return what a staged fit brings home: the last stage's models, and the history of all.

    Parameters
    ----------
    stages : sequence of Fitted
        What `fit_stages` returns.
    morphology : Morphology
        The reconstruction.
    style : str
        Which channels and bounds.
    """
    last = stages[-1]
    # A step that any stage saw is not held out.
    trained = {pa for one in stages for pa in one.objective.targets.training}
    targets = last.objective.targets.trained_on(trained)
    result = result_of(
        last.outcome,
        last.objective,
        morphology,
        targets=targets,
        style=style,
        plan=last.plan,
        notes=[*targets.notes, *_notes(stages)],
    )
    history = [generations(one.outcome).assign(stage=one.stage.number) for one in stages]
    return replace(
        result,
        history=pd.concat(history, ignore_index=True),
        evaluations=sum(one.outcome.evaluations for one in stages),
    )


def _notes(stages: Sequence[Fitted]) -> list[str]:
    """Return which of the earlier stages had no time to end."""
    return [
        f"stage {one.stage.number} ({one.stage.name}) ended when its time was used up, after "
        f"{one.outcome.evaluations} of {one.plan.max_evaluations} evaluations"
        for one in stages[:-1]
        if one.outcome.reason is Reason.TIME and one.outcome.evaluations < one.plan.max_evaluations
    ]
