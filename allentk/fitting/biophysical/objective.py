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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import AllenTKError, FitError
from allentk.fitting.biophysical.genes import GeneSet
from allentk.fitting.biophysical.measured import COUNT, SPIKE_MV, measure
from allentk.fitting.biophysical.runner import CLOCK, Clock, Runner
from allentk.fitting.biophysical.stepped import during, longest_run, sweep_of
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets
from allentk.fitting.optimizers import mirrored
from allentk.models import BiophysicalParameters
from allentk.models.frozen import Frozen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GROUPS", "WEIGHTS", "Evaluation", "Measured", "Objective", "compressed", "turned_away"]

Array = NDArray[np.float64]

#: Groups of features, and how much each counts.
WEIGHTS: Mapping[str, float] = Frozen(
    {"shape": 2.0, "counts": 1.0, "timing": 1.0, "silence": 1.0, "subthreshold": 1.0}
)
GROUPS = tuple(WEIGHTS)
#: Deviation of a feature that cannot be measured, and where larger ones begin to count less.
MISSING_Z, LINEAR_Z = 250.0, 20.0
#: A voltage above this for so long is a depolarisation block.
BLOCK_MV, BLOCK_S = -50.0, 0.05
#: How much coarser the time steps are that show at a glance what fails.
COARSE = 5
#: The block check runs this much above the largest step, and a block there costs this, twice at most.
BLOCK_PA, BLOCK_COST = 10.0, 5.0
#: Costs of candidates that are turned away begin here; no other reaches it.
FIRES_AT_REST, BLOCKED, SILENT, BROKEN = 300.0, 200.0, 100.0, 1000.0
#: Above that: what a block of the whole step costs, and how far below a spike costs 1.
_WHOLLY_BLOCKED, _SHORT_MV = 20.0, 10.0


#: Features of the largest step that other groups or features tell.
_NO_SHAPE = (COUNT, "v_baseline", "v_steady", "v_deflected")
#: Features of the other steps with spikes that count beside how many there are.
_TIMING = ("latency", "first_isi", "mean_isi", "isi_cv", "adapt")


class _RestingError(Exception):
    """A model fires without a current."""

    def __init__(self, spikes: int) -> None:
        super().__init__(f"{spikes} spikes at rest")
        self.spikes = spikes


def compressed(z: float) -> float:
    """Return a deviation as it counts: itself up to 20, from there on growing as its logarithm.

    Examples
    --------
    >>> compressed(2.0), round(compressed(50.0), 2)
    (2.0, 38.33)
    """
    if not z <= MISSING_Z:
        z = MISSING_Z
    return z if z <= LINEAR_Z else LINEAR_Z * (1.0 + math.log(z / LINEAR_Z))


@dataclass(frozen=True, slots=True)
class Measured:
    """One feature of a candidate beside its target."""

    amplitude_pa: float
    group: str
    feature: str
    target: Target
    value: float

    @property
    def z(self) -> float:
        """Deviation in tolerances; `MISSING_Z` at most, and where there is nothing to measure."""
        z = self.target.z(self.value)
        return min(z, MISSING_Z) if math.isfinite(z) else MISSING_Z


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A candidate and what it costs.

    Parameters
    ----------
    cost : float
        Lower is better.
    rejected : str
        Why it was turned away; empty where it was not.
    groups : mapping of str to float
        Mean deviation of every group, as it counts.
    measured : tuple of Measured
        Every feature.
    """

    cost: float
    rejected: str = ""
    groups: Mapping[str, float] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per feature: amplitude_pa, group, feature, target, sd, value, z."""
        import pandas as pd

        columns = ["amplitude_pa", "group", "feature", "target", "sd", "value", "z"]
        rows = [
            (m.amplitude_pa, m.group, m.feature, m.target.mean, m.target.sd, m.value, m.z)
            for m in self.measured
        ]
        return pd.DataFrame(rows, columns=columns)


def turned_away(lead: Array, stepped: Array, *, blocked: float, fires: bool) -> Evaluation | None:
    """Return the cost of a model that is depolarised at rest, or fails at the largest step.

    Parameters
    ----------
    lead, stepped : array
        Voltage before the step and during it, in mV.
    blocked : float
        Part of the step that its longest block takes, 0 where there is none.
    fires : bool
        Whether the cell fires there, so that a silent model is turned away.

    Returns
    -------
    Evaluation or None
        None where the model is worth a closer look.
    """
    if lead.max() >= BLOCK_MV:
        return Evaluation(FIRES_AT_REST, "depolarised at rest")
    if blocked:
        return Evaluation(BLOCKED + _WHOLLY_BLOCKED * blocked, "blocked at the largest step")
    if fires and stepped.max() < SPIKE_MV:
        missing = (SPIKE_MV - float(stepped.max())) / _SHORT_MV
        return Evaluation(SILENT + missing, "silent at the largest step")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """The cost of candidates: points of the unit cube, folded in at its walls where outside.

    Parameters
    ----------
    genes : GeneSet
        What a point stands for.
    targets : Targets
        Those it is trained on count.
    build : callable
        Returns the `Runner`; called once in every process that evaluates, so it must pickle.
    weights : mapping
        Group -> weight; groups of `WEIGHTS`.
    clock : Clock
        How candidates are run.
    block_check : bool
        Whether a candidate must also not be blocked 10 pA above the largest step.

    Raises
    ------
    FitError
        Where there is nothing to train on.
    """

    genes: GeneSet
    targets: Targets
    build: Callable[[], Runner]
    weights: Mapping[str, float] = WEIGHTS
    clock: Clock = CLOCK
    block_check: bool = True
    _built: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.targets.training:
            raise FitError(f"{self.targets!r}: choose training amplitudes first")
        unknown = sorted(set(self.weights) - set(WEIGHTS))
        if unknown:
            raise FitError(f"unknown groups {unknown}; there are {', '.join(WEIGHTS)}")
        if any(not (weight >= 0 and math.isfinite(weight)) for weight in self.weights.values()):
            raise FitError(f"weights are finite and not negative, got {dict(self.weights)}")

    def __getstate__(self) -> dict[str, Any]:
        held = {name: getattr(self, name) for name in self.__slots__}
        return {**held, "_built": {}}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    @property
    def runner(self) -> Runner:
        """The cell that candidates run on."""
        if "runner" not in self._built:
            self._built["runner"] = self.build()
        runner: Runner = self._built["runner"]
        return runner

    def about(self) -> dict[str, Any]:
        """Return what identifies the objective, as plain JSON types."""
        return {
            "targets": self.targets.digest(),
            "genes": self.genes.digest(),
            "names": list(self.genes.names),
            "weights": dict(self.weights),
            "clock": asdict(self.clock),
            "block_check": self.block_check,
            "constants": [LINEAR_Z, MISSING_Z, COARSE, BLOCK_MV, BLOCK_S, BLOCK_PA, BLOCK_COST],
        }

    def costs(self, candidates: Sequence[Array]) -> list[float]:
        """Return the cost of every candidate, lower is better."""
        return [self.evaluate(candidate).cost for candidate in candidates]

    def evaluate(self, candidate: ArrayLike) -> Evaluation:
        """Return what a candidate costs, and why."""
        return self.judge(self.genes.decode(mirrored(np.asarray(candidate, dtype=float))))

    def judge(self, parameters: BiophysicalParameters) -> Evaluation:
        """Return what a model costs, and why."""
        runner = self.runner  # a cell that nothing can run is no fault of the candidate
        try:
            return self._judged(runner, parameters)
        except _RestingError as error:
            return Evaluation(FIRES_AT_REST + error.spikes, "fires at rest")
        except AllenTKError as error:
            return Evaluation(BROKEN, f"cannot be run: {error}")

    def _judged(self, runner: Runner, parameters: BiophysicalParameters) -> Evaluation:
        steps = self.targets.chosen()
        largest = steps[-1]
        above = replace(largest, amplitude_pa=largest.amplitude_pa + BLOCK_PA)
        # What coarse steps show well enough: what fails, most candidates far from a good one among
        # them, and voltages far below threshold.
        coarse = replace(self.clock, dt_s=COARSE * self.clock.dt_s)
        slow = [step for step in steps if step.role == "subthreshold" and step.amplitude_pa < 0]
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
        if not weight > 0:
            raise FitError(
                f"no feature counts: weights {dict(self.weights)}, groups {sorted(groups)}"
            )
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
            raise _RestingError(found.rest_spikes)
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
    longest = longest_run(stepped > BLOCK_MV) * clock.dt_s
    return longest / (stepped.size * clock.dt_s) if longest > BLOCK_S else 0.0


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
