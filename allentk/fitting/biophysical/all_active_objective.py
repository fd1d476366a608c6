"""What a candidate of a stage of an all-active fit costs.

Every feature of every step counts alike, by its deviation in tolerances. At steps with spikes two more
are looked at, which a cell has or has not: no depolarisation block, also 10 pA above the largest step,
and spikes that begin in the axon; what is measured is the part of the step, or of the spikes, that is
as it should be, so that an optimizer finds the way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.biophysical.cell_objective import CellObjective, RestingError
from allentk.fitting.biophysical.evaluation import (
    BLOCK_PA,
    LINEAR_Z,
    Evaluation,
    Measured,
    blocked_s,
    compressed,
    turned_away,
)
from allentk.fitting.biophysical.measured import COUNT, measure
from allentk.fitting.biophysical.runner import Clock
from allentk.fitting.biophysical.stepped import during, sweep_of
from allentk.fitting.biophysical.targets import StepTarget, Target
from allentk.fitting.biophysical.tree_runner import Stepped, TreeRunner
from allentk.models import BiophysicalParameters

__all__ = ["StageObjective", "begun_in_axon"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

#: What a cell does or does not: all of it, within 5 %.
WHOLLY = Target(1.0, 0.05)
#: A spike of the soma belongs to the last of the axon that is not older, in s.
SAME_SPIKE_S = 0.003


def begun_in_axon(soma: Ints, axon: Ints, dt_s: float) -> float:
    """Return the part of the soma's spikes that the axon had first.

    Parameters
    ----------
    soma, axon : array of int
        Samples at which each spikes, in order.
    dt_s : float
        Interval of the samples.

    Returns
    -------
    float
        0 to 1; NaN where the soma does not fire.

    Examples
    --------
    >>> begun_in_axon(np.array([10, 500]), np.array([8, 502]), 5e-5)
    0.5
    """
    if not soma.size:
        return math.nan
    last = np.searchsorted(axon, soma, side="right") - 1
    gap = soma - np.where(last >= 0, axon[last] if axon.size else 0, -(10**9))
    return float(np.mean(gap * dt_s <= SAME_SPIKE_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class StageObjective(CellObjective[TreeRunner]):
    """The cost of candidates of one stage: points of the unit cube, folded in at its walls.

    Parameters
    ----------
    genes, targets, build, clock
        As of `CellObjective`; the runner is a `TreeRunner`.
    features : mapping of float to tuple of str
        Amplitude -> features that count.
    spiking : bool
        Whether the stage is about spikes.
    """

    features: Mapping[float, tuple[str, ...]]
    spiking: bool

    def about(self) -> dict[str, Any]:
        """Return what identifies the objective, as plain JSON types."""
        return {
            # not super(): a dataclass with slots is another class than the one that super() closes over
            **CellObjective.about(self),
            "features": [[pa, *names] for pa, names in self.features.items()],
            "linear_z": LINEAR_Z,
        }

    def _judged(self, runner: TreeRunner, parameters: BiophysicalParameters) -> Evaluation:
        rested = runner.rest(parameters, self.clock)
        if rested.spikes:
            raise RestingError(rested.spikes)

        def ran(step: StepTarget, clock: Clock = self.clock) -> Stepped:
            return runner.step(parameters, step.amplitude_pa, step.duration_s, clock, rested.state)

        *others, largest = self.targets.chosen()
        response = ran(largest)
        found = self._turned_away(response.voltage_mv, largest) if self.spiking else None
        if found is not None:
            return found
        measured = list(self._compare(response, largest))
        for step in others:
            measured += self._compare(ran(step), step)
        if self.spiking:
            above = replace(largest, amplitude_pa=largest.amplitude_pa + BLOCK_PA)
            until_the_end = replace(self.clock, tail_s=0.0)
            measured.append(self._unblocked(ran(above, until_the_end).voltage_mv, above))
        return _summed(measured)

    def _turned_away(self, voltage: Array, step: StepTarget) -> Evaluation | None:
        """Return the cost of a model that is depolarised at rest, or fails at the largest step."""
        lead = voltage[: self.clock.n(self.clock.lead_s)]
        stepped = during(voltage, step, self.clock)
        return turned_away(lead, stepped, blocked=1.0 - self._free(voltage, step), fires=True)

    def _compare(self, response: Stepped, step: StepTarget) -> Iterator[Measured]:
        """Yield the features of a response that count."""
        names, pa = self.features[step.amplitude_pa], step.amplitude_pa
        found = measure(sweep_of(response.voltage_mv, step, self.clock), names)
        for name in names:
            yield Measured(pa, _group(name), name, step.features[name], found[name])
        if self.spiking and step.role == "spiking":
            yield self._unblocked(response.voltage_mv, step)
            begun = begun_in_axon(response.soma, response.axon, self.clock.dt_s)
            yield Measured(pa, "checks", "check_AISInitiation", WHOLLY, begun)

    def _unblocked(self, voltage: Array, step: StepTarget) -> Measured:
        free = self._free(voltage, step)
        return Measured(step.amplitude_pa, "checks", "depol_block", WHOLLY, free)

    def _free(self, voltage: Array, step: StepTarget) -> float:
        """Return the part of a step beside its longest block."""
        return 1.0 - blocked_s(during(voltage, step, self.clock), self.clock.dt_s) / step.duration_s


def _group(name: str) -> str:
    if name in (COUNT, "Spikecount", "mean_frequency"):
        return "counts"
    if name.startswith(("voltage_", "decay_", "sag_", "steady_")):
        return "subthreshold"
    return "shape"


def _summed(measured: Sequence[Measured]) -> Evaluation:
    """Return the mean over all features; the means of their groups are there to be read."""
    groups: dict[str, list[float]] = {}
    for one in measured:
        groups.setdefault(one.group, []).append(compressed(one.z))
    every = [z for values in groups.values() for z in values]
    means = {group: sum(values) / len(values) for group, values in groups.items()}
    return Evaluation(sum(every) / len(every), "", means, tuple(measured))
