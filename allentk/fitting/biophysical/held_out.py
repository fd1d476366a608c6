"""How a fitted model does on steps that its fit did not see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from allentk.errors import FitError
from allentk.fitting.biophysical.measured import COUNT

if TYPE_CHECKING:
    from allentk.fitting.biophysical.result import BiophysicalFitResult
    from allentk.fitting.biophysical.targets import Targets

__all__ = ["count_error"]


def count_error(result: BiophysicalFitResult, targets: Targets) -> float:
    """Return the mean error of the spike count over held-out steps where cell or model fires.

    Parameters
    ----------
    result : BiophysicalFitResult
        The fit; steps within 1 pA of its training amplitudes are left out, unless there are no others.
    targets : Targets
        Steps with ``n_spikes`` among their features.

    Returns
    -------
    float
        As in `allentk.fitting.biophysical.verdict.verdict`; 0 where neither cell nor model fires.

    Raises
    ------
    FitError
        Where no step has a number of spikes.
    """
    from allentk.fitting.biophysical.verdict import verdict
    from allentk.fitting.biophysical.verdict_parts import HELD_OUT

    counted = [step for step in targets.steps if COUNT in step.features]
    if not counted:
        raise FitError(f"{targets!r}: no step has a number of spikes to compare with")
    judged = verdict(result, targets)
    unseen = any(s.use == HELD_OUT and math.isfinite(s.n_recorded) for s in judged.steps)
    found = judged.held_out if unseen else judged.training
    return 0.0 if math.isnan(found.count_error) else found.count_error
