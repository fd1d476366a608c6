"""The free numbers of a model as a vector in which all steps matter about alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.models import GLIFParameters
from allentk.models.glif import ASC_LEVELS, RESET_LEVELS

__all__ = ["Coordinates", "embedded", "free_names", "n_estimated", "values_of"]

Array = NDArray[np.float64]

#: A step of 1 changes a positive number by this factor.
STEP = math.log(1.5)
#: A step of 1 changes the slope and the offset of the reset, and the threshold's step, by as much.
SLOPE, OFFSET_MV, RAISED_MV = 0.15, 2.0, 1.0
#: A step of 1 changes the part of a steady voltage that the threshold follows by as much.
PART = 0.1
#: Longest refractory time, time constant and fastest decay rate.
LONGEST_S, SLOWEST_S, FASTEST_PER_S = 0.02, 1.0, 2000.0

_ALWAYS = ("th_inf_mv", "R_mohm", "C_pf", "t_ref_s")
_CURRENTS = ("asc_amp_pa_1", "asc_amp_pa_2", "asc_tau_s_1", "asc_tau_s_2")
_RESET = ("reset_a", "reset_b_mv", "th_spike_a_mv", "th_spike_b_per_s")
_VOLTAGE = ("th_voltage_a_per_s", "th_voltage_b_per_s")


def free_names(level: int) -> tuple[str, ...]:
    """Return the names of the numbers that the refinement of a level moves."""
    return (
        *_ALWAYS,
        *(_CURRENTS if level in ASC_LEVELS else ()),
        *(_RESET if level in RESET_LEVELS else ()),
        *(_VOLTAGE if level == 5 else ()),
    )


def values_of(model: GLIFParameters) -> dict[str, float]:
    """Return the free numbers of a model by name, and its resting potential."""
    out = {"E_L_mv": model.E_L_mv}
    for name in free_names(model.level):
        field, _, place = name.rpartition("_")
        out[name] = (
            getattr(model, field)[int(place) - 1] if place.isdigit() else getattr(model, name)
        )
    return out


def n_estimated(model: GLIFParameters) -> int:
    """Return how many numbers were estimated: the free ones, E_L, and the escape's width.

    What is switched off, such as after-spike currents of 0, does not count.
    """
    off = 2 * sum(amp == 0 for amp in model.asc_amp_pa)
    if model.level in RESET_LEVELS:
        off += 2 * (model.reset_a == 0 and model.reset_b_mv == 0) + 2 * (model.th_spike_a_mv == 0)
    if model.level == 5:
        off += 2 * (model.th_voltage_a_per_s == 0)
    return len(free_names(model.level)) + 2 - off


def embedded(lower: GLIFParameters, own: GLIFParameters) -> GLIFParameters:
    """Return a lower level as a model of the level of `own` that fires the same spikes.

    What the lower level does not have is switched off; rates and time constants of what is off are
    those of `own`, where a search may begin.
    """
    extra: dict[str, Any] = {}
    if own.level in ASC_LEVELS and lower.level not in ASC_LEVELS:
        extra |= {"asc_amp_pa": (0.0,) * len(own.asc_amp_pa), "asc_tau_s": own.asc_tau_s}
        extra["asc_r"] = own.asc_r
    if own.level in RESET_LEVELS and lower.level not in RESET_LEVELS:
        extra["th_spike_b_per_s"] = own.th_spike_b_per_s
    if own.level == 5 and lower.level != 5:
        extra["th_voltage_b_per_s"] = own.th_voltage_b_per_s
    return replace(lower, level=own.level, **extra)


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Moves about a model; the origin is the model itself.

    Parameters
    ----------
    start : GLIFParameters
        The model at the origin.
    current_pa : float
        What a step of 1 adds to an after-spike current at the most.
    """

    start: GLIFParameters
    current_pa: float

    @property
    def size(self) -> int:
        """How many numbers move."""
        return len(free_names(self.start.level))

    def model(self, x: Array) -> GLIFParameters:
        """Return the model at `x`."""
        start = self.start
        step = dict(zip(free_names(start.level), x.tolist(), strict=True))
        moved: dict[str, Any] = {
            name: getattr(start, name) * math.exp(STEP * step[name]) for name in _ALWAYS
        }
        moved["t_ref_s"] = min(moved["t_ref_s"], LONGEST_S)
        if start.level in ASC_LEVELS:
            moved |= self._currents(step)
        if start.level in RESET_LEVELS:
            moved |= self._reset(step)
        if start.level == 5:
            moved |= self._voltage(step)
        return replace(start, **moved)

    def _currents(self, step: dict[str, float]) -> dict[str, Any]:
        amp = tuple(
            old + STEP * self.current_pa * step[name]
            for old, name in zip(self.start.asc_amp_pa, _CURRENTS[:2], strict=True)
        )
        tau = tuple(
            min(old * math.exp(STEP * step[name]), SLOWEST_S)
            for old, name in zip(self.start.asc_tau_s, _CURRENTS[2:], strict=True)
        )
        return {"asc_amp_pa": amp, "asc_tau_s": tau}

    def _reset(self, step: dict[str, float]) -> dict[str, Any]:
        start = self.start
        return {
            "reset_a": start.reset_a + SLOPE * step["reset_a"],
            "reset_b_mv": start.reset_b_mv + OFFSET_MV * step["reset_b_mv"],
            "th_spike_a_mv": max(start.th_spike_a_mv + RAISED_MV * step["th_spike_a_mv"], 0.0),
            "th_spike_b_per_s": _rate(start.th_spike_b_per_s, step["th_spike_b_per_s"]),
        }

    def _voltage(self, step: dict[str, float]) -> dict[str, Any]:
        start = self.start
        rate = _rate(start.th_voltage_b_per_s, step["th_voltage_b_per_s"])
        part = start.th_voltage_a_per_s / start.th_voltage_b_per_s
        part = max(part + PART * step["th_voltage_a_per_s"], 0.0)
        return {"th_voltage_a_per_s": part * rate, "th_voltage_b_per_s": rate}


def _rate(old: float, step: float) -> float:
    return min(old * math.exp(STEP * step), FASTEST_PER_S)
