"""Vectors of steps without a spike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FeatureError
from allentk.features.vector_layout import EXTENT_S, SUBTHRESHOLD_PA, VOLTAGE_BIN_S
from allentk.features.vector_steps import Step

__all__ = ["step_subthresh", "subthresh_depol_norm", "subthresh_norm"]

Array = NDArray[np.float64]

#: How far an amplitude may lie from the one wanted, in pA.
TOLERANCE_PA = 5.0
#: Amplitude that ``subthresh_norm`` looks for, in pA.
NORM_PA = -101.0

_BEFORE = round(EXTENT_S / VOLTAGE_BIN_S)


def _silent(steps: list[Step], sign: int) -> dict[float, Step]:
    """Return the steps without a spike by amplitude; the last of those with the same."""
    found = {
        step.amplitude_pa: step
        for step in steps
        if not len(step.spikes) and step.amplitude_pa * sign > 0
    }
    if not found:
        way = "de" if sign > 0 else "hyper"
        raise FeatureError(f"no {way}polarising long square without a spike among {len(steps)}")
    return found


def _scaled(neighbours: list[Step], target_pa: float) -> Array:
    """Scale the deflection of the neighbours' mean to another amplitude, as the reference does.

    Before the step nothing is scaled; after it only what comes from a single neighbour.
    """
    out: Array = np.mean([step.binned_mv for step in neighbours], axis=0)
    amplitude = float(np.mean([step.amplitude_pa for step in neighbours]))
    before = out[:_BEFORE]
    base = float(before[np.isfinite(before)].mean()) if np.isfinite(before).any() else np.nan
    last = out.size - _BEFORE if len(neighbours) == 2 else out.size
    out[_BEFORE:last] = (out[_BEFORE:last] - base) * (target_pa / amplitude) + base
    return out


def _response(silent: list[Step], target_pa: float) -> Array:
    nearest = min(silent, key=lambda step: abs(step.amplitude_pa - target_pa))
    if abs(nearest.amplitude_pa - target_pa) <= TOLERANCE_PA:
        return nearest.binned_mv
    below = [step for step in silent if step.amplitude_pa < target_pa]
    above = [step for step in silent if step.amplitude_pa > target_pa]
    neighbours = [max(below, key=_amplitude)] if below else []
    neighbours += [min(above, key=_amplitude)] if above else []
    return _scaled(neighbours, target_pa)


def _amplitude(step: Step) -> float:
    return step.amplitude_pa


def step_subthresh(steps: list[Step]) -> Array:
    """Return voltages (mV) at -90, -70, -50, -30 and -10 pA, one after the other.

    The nearest step within 5 pA counts. One that was not recorded is the mean of its neighbours on
    both sides, or else of the one there is, with its deflection scaled to the amplitude.
    """
    silent = list(_silent(steps, -1).values())
    return np.concatenate([_response(silent, target) for target in SUBTHRESHOLD_PA])


def _over(values: Array, scale_mv: float, what: str) -> Array:
    if scale_mv == 0 or not np.isfinite(scale_mv):
        raise FeatureError(f"{what} is {scale_mv:g} mV: nothing to divide by")
    return values / scale_mv


def subthresh_norm(steps: list[Step]) -> Array:
    """Return the response nearest to -101 pA: 0 at baseline, -1 at its peak deflection."""
    silent = _silent(steps, -1).values()
    step = min(silent, key=lambda one: abs(one.amplitude_pa - NORM_PA))
    return _over(
        step.binned_mv - step.baseline_mv, step.baseline_mv - step.peak_mv, "the deflection"
    )


def subthresh_depol_norm(steps: list[Step]) -> Array:
    """Return the largest depolarising response without a spike: 0 at baseline, 1 at steady state."""
    silent = _silent(steps, 1)
    step = silent[max(silent)]
    return _over(
        step.binned_mv - step.baseline_mv, step.steady_mv - step.baseline_mv, "the steady state"
    )
