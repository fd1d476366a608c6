"""The lowest current that makes a model fire."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.verdict_parts import Rheobase

__all__ = ["find_rheobase"]

#: How finely it is found, in pA; and how far above the largest step it is looked for.
NEAR_PA, BEYOND = 1.0, 2.0


def find_rheobase(
    targets: Targets, counts: Mapping[float, int], fires: Callable[[float], bool]
) -> Rheobase:
    """Return the rheobase of cell and model.

    Parameters
    ----------
    targets : Targets
        What was recorded.
    counts : mapping of float to int
        Amplitude -> spikes of the model on the recorded steps.
    fires : callable
        Whether the model fires at an amplitude in pA.
    """
    amplitudes = [step.amplitude_pa for step in targets.steps]
    recorded = targets.rheobase_pa
    below = [pa for pa in amplitudes if pa < recorded]
    on_steps = [pa for pa in amplitudes if counts.get(pa, 0) > 0]
    return Rheobase(
        recorded_pa=recorded,
        silent_pa=max([0.0, *below]) if math.isfinite(recorded) else math.nan,
        model_pa=_of_model(amplitudes, on_steps, fires),
        model_on_steps_pa=on_steps[0] if on_steps else math.nan,
    )


def _of_model(
    amplitudes: list[float], on_steps: list[float], fires: Callable[[float], bool]
) -> float:
    """Halve the gap between the highest silent and the lowest firing current."""
    if on_steps:
        high = on_steps[0]
    else:
        high = BEYOND * max(amplitudes[-1], 100.0)
        if not fires(high):
            return math.nan
    if high <= 0:
        return high
    low = max([0.0, *(pa for pa in amplitudes if pa < high)])
    if low == 0.0 and fires(0.0):
        return 0.0
    while high - low > NEAR_PA:
        middle = 0.5 * (low + high)
        if fires(middle):
            high = middle
        else:
            low = middle
    return high
