"""How a fitted model does on steps that its fit did not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from allentk.errors import FitError
from allentk.fitting.biophysical.measured import COUNT, crossings
from allentk.fitting.biophysical.runner import CLOCK

if TYPE_CHECKING:
    from allentk.fitting.biophysical.result import BiophysicalFitResult
    from allentk.fitting.biophysical.targets import Targets

__all__ = ["count_error"]


def count_error(result: BiophysicalFitResult, targets: Targets) -> float:
    """Return the mean error of the spike count over held-out steps where cell or model fires.

    Parameters
    ----------
    result : BiophysicalFitResult
        The fit; steps of its training amplitudes are left out, unless there are no others.
    targets : Targets
        Steps with ``n_spikes`` among their features.

    Raises
    ------
    FitError
        Where no step has a number of spikes.
    """
    from allentk.fitting.biophysical.reduced_runner import build_runner

    trained = result.targets.training
    counted = [step for step in targets.steps if COUNT in step.features]
    judged = [step for step in counted if step.amplitude_pa not in trained] or counted
    if not judged:
        raise FitError(f"{targets!r}: no step has a number of spikes to compare with")
    parameters = result.model.parameters
    runner = build_runner(parameters, result.model.morphology)
    first, errors = CLOCK.n(CLOCK.lead_s), []
    for step in judged:
        after = runner.run(parameters, [step.amplitude_pa], step.duration_s, CLOCK).voltage_mv
        if not after.size:
            raise FitError("the fitted model fires at rest; its count of spikes means nothing")
        fired = crossings(after[0, first : first + CLOCK.n(step.duration_s)]).size
        if fired or step.n_spikes > 0:
            errors.append(abs(fired - step.n_spikes))
    return float(np.mean(errors)) if errors else 0.0
