"""What a candidate costs: how far the responses of its model are from the targets.

Every feature counts by its deviation in tolerances. Steps fall into groups that weigh alike however
many features they have: shape and timing of spikes at the largest step, how many there are at each
current, when they come at the others, silence below rheobase, and the voltage there. A candidate is
turned away early, at a cost above that of any other, where it fires at rest, stays silent at the largest
step, or is blocked there; the cost says how far it is from doing better, so that an optimizer finds the
way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FitError
from allentk.fitting.biophysical.cell_objective import CellObjective, RestingError
from allentk.fitting.biophysical.evaluation import (
    BLOCK_MV,
    BLOCK_PA,
    BLOCK_S,
    LINEAR_Z,
    MISSING_Z,
    Evaluation,
    Measured,
    blocked_s,
    compressed,
    turned_away,
)
from allentk.fitting.biophysical.measured import COUNT, measure
from allentk.fitting.biophysical.runner import Clock, Runner
from allentk.fitting.biophysical.stepped import during, sweep_of
from allentk.fitting.biophysical.targets import StepTarget
from allentk.models import BiophysicalParameters
from allentk.models.frozen import Frozen

__all__ = ["WEIGHTS", "Objective"]

Array = NDArray[np.float64]

#: Groups of features, and how much each counts.
WEIGHTS: Mapping[str, float] = Frozen(
    {"shape": 2.0, "counts": 1.0, "timing": 1.0, "silence": 1.0, "subthreshold": 1.0}
)
#: How much coarser the time steps are that show at a glance what fails.
COARSE = 5
#: What a block above the largest step costs, twice at most.
BLOCK_COST = 5.0
#: Features of the largest step that other groups or features tell.
_NO_SHAPE = (COUNT, "v_baseline", "v_steady", "v_deflected")
#: Features of the other steps with spikes that count beside how many there are.
_TIMING = ("latency", "first_isi", "mean_isi", "isi_cv", "adapt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective(CellObjective[Runner]):
    """The cost of candidates: points of the unit cube, folded in at its walls where outside.

    Parameters
    ----------
    genes, targets, build, clock
        As of `CellObjective`; the runner is a `Runner`.
    weights : mapping
        Group -> weight; groups of `WEIGHTS`.
    block_check : bool
        Whether a candidate must also not be blocked 10 pA above the largest step.

    Raises
    ------
    FitError
        Where there is nothing to train on, or what there is has no weight.
    """

    weights: Mapping[str, float] = WEIGHTS
    block_check: bool = True

    def __post_init__(self) -> None:
        if not self.targets.training:
            raise FitError(f"{self.targets!r}: choose training amplitudes first")
        unknown = sorted(set(self.weights) - set(WEIGHTS))
        if unknown:
            raise FitError(f"unknown groups {unknown}; there are {', '.join(WEIGHTS)}")
        if any(not (weight >= 0 and math.isfinite(weight)) for weight in self.weights.values()):
            raise FitError(f"weights are finite and not negative, got {dict(self.weights)}")
        *others, largest = self.targets.chosen()
        there = {group for _, group in _grouped(largest, shaped=True)}
        there |= {group for step in others for _, group in _grouped(step, shaped=False)}
        if not sum(self.weights.get(group, 0.0) for group in there) > 0:
            raise FitError(
                f"{self.targets!r}: no feature counts: weights {dict(self.weights)}, and the training "
                f"steps tell {', '.join(sorted(there)) or 'nothing'}; give one of these a weight"
            )

    def about(self) -> dict[str, Any]:
        """Return what identifies the objective, as plain JSON types."""
        return {
            # not super(): a dataclass with slots is another class than the one that super() closes over
            **CellObjective.about(self),
            "weights": dict(self.weights),
            "block_check": self.block_check,
            "constants": [LINEAR_Z, MISSING_Z, COARSE, BLOCK_MV, BLOCK_S, BLOCK_PA, BLOCK_COST],
        }

    def _judged(self, runner: Runner, parameters: BiophysicalParameters) -> Evaluation:
        steps = self.targets.chosen()
        largest = steps[-1]
        above = replace(largest, amplitude_pa=largest.amplitude_pa + BLOCK_PA)
        # What coarse steps show well enough: what fails, most candidates far from a good one among
        # them, and voltages far below threshold.
        coarse = replace(self.clock, dt_s=COARSE * self.clock.dt_s)
        slow = [s for s in steps[:-1] if s.role == "subthreshold" and s.amplitude_pa < 0]
        seen = [largest, *slow, *([above] if self.block_check else [])]
        glance = _traces(runner, parameters, seen, coarse)
        found = self._turned_away(glance[largest.amplitude_pa], largest, coarse)
        if found is not None:
            return found
        fast = [step for step in steps if step not in slow]
        traces = _traces(runner, parameters, fast, self.clock)
        found = self._turned_away(traces[largest.amplitude_pa], largest, self.clock)
        if found is not None:
            return found
        measured: list[Measured] = []
        for step in steps:
            held, clock = (glance, coarse) if step in slow else (traces, self.clock)
            voltage = held[step.amplitude_pa]
            measured += self._compare(voltage, step, clock, shaped=step is largest)
        found = self._sum(measured)
        return (
            _checked(found, glance[above.amplitude_pa], above, coarse)
            if self.block_check
            else found
        )

    def _turned_away(self, voltage: Array, step: StepTarget, clock: Clock) -> Evaluation | None:
        """Return the cost of a model that is depolarised at rest, or fails at the largest step."""
        lead, stepped = voltage[: clock.n(clock.lead_s)], during(voltage, step, clock)
        blocked = _blocked(stepped, clock)
        return turned_away(lead, stepped, blocked=blocked, fires=step.role == "spiking")

    def _compare(
        self, voltage: Array, step: StepTarget, clock: Clock, *, shaped: bool
    ) -> Iterator[Measured]:
        """Yield the features of a response that count."""
        named = dict(_grouped(step, shaped=shaped))
        found = measure(sweep_of(voltage, step, clock), named)
        for name, group in named.items():
            yield Measured(step.amplitude_pa, group, name, step.features[name], found[name])

    def _sum(self, measured: list[Measured]) -> Evaluation:
        """Return the weighted mean over the groups there are."""
        groups = {}
        for group in WEIGHTS:
            deviations = [compressed(one.z) for one in measured if one.group == group]
            if deviations:
                groups[group] = sum(deviations) / len(deviations)
        weight = sum(self.weights.get(group, 0.0) for group in groups)
        cost = sum(self.weights.get(g, 0.0) * value for g, value in groups.items()) / weight
        return Evaluation(cost, "", groups, tuple(measured))


def _traces(
    runner: Runner, parameters: BiophysicalParameters, steps: Sequence[StepTarget], clock: Clock
) -> dict[float, Array]:
    """Return the response to every step."""
    traces: dict[float, Array] = {}
    for same in _by_duration(steps):
        amplitudes = [step.amplitude_pa for step in same]
        found = runner.run(parameters, amplitudes, same[0].duration_s, clock)
        if found.rest_spikes:
            raise RestingError(found.rest_spikes)
        traces.update(zip(amplitudes, found.voltage_mv, strict=True))
    return traces


def _checked(found: Evaluation, voltage: Array, above: StepTarget, clock: Clock) -> Evaluation:
    """Return what a candidate costs once it was seen above the largest step."""
    blocked = _blocked(during(voltage, above, clock), clock)
    if not blocked:
        return found
    cost = found.cost + BLOCK_COST * (1.0 + blocked)
    return replace(found, cost=cost, rejected="blocked above the largest step")


def _blocked(stepped: Array, clock: Clock) -> float:
    """Return the part of a step that its longest block takes, 0 where there is none."""
    return blocked_s(stepped, clock.dt_s) / (stepped.size * clock.dt_s)


def _by_duration(steps: Sequence[StepTarget]) -> Iterator[list[StepTarget]]:
    """Yield steps that last equally long."""
    for duration in dict.fromkeys(step.duration_s for step in steps):
        yield [step for step in steps if step.duration_s == duration]


def _grouped(step: StepTarget, *, shaped: bool) -> Iterator[tuple[str, str]]:
    """Yield the features of a step that count, and the group of each."""
    if step.role == "spiking":
        if COUNT in step.features:
            yield COUNT, "counts"
        for name in step.features:
            if shaped and name not in _NO_SHAPE:
                yield name, "shape"
            elif not shaped and name in _TIMING:
                yield name, "timing"
        return
    for name in step.features:
        yield name, "silence" if name == COUNT else "subthreshold"
