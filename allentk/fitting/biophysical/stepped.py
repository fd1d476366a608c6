"""Cutting what a model does under a step: the response as a sweep, the step alone, its longest stretch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.fitting.biophysical.runner import Clock
from allentk.fitting.biophysical.targets import StepTarget

__all__ = ["during", "longest_run", "sweep_of"]

Array = NDArray[np.float64]


def sweep_of(voltage_mv: Array, step: StepTarget, clock: Clock) -> Sweep:
    """Return lead, step and tail as a sweep whose window is the step."""
    return Sweep(
        voltage_mv=voltage_mv,
        current_pa=np.zeros(voltage_mv.size),
        sampling_rate_hz=1.0 / clock.dt_s,
        amplitude_pa=step.amplitude_pa,
        start_s=clock.lead_s,
        stop_s=clock.lead_s + step.duration_s,
    )


def during(voltage_mv: Array, step: StepTarget, clock: Clock) -> Array:
    """Return the voltage during a step in mV, of lead, step and tail."""
    first = clock.n(clock.lead_s)
    return voltage_mv[first : first + clock.n(step.duration_s)]


def longest_run(mask: NDArray[np.bool_]) -> int:
    """Return the length of the longest stretch of true values.

    Examples
    --------
    >>> longest_run(np.array([True, False, True, True, False]))
    2
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
