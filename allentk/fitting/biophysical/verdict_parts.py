"""What a verdict is made of: one value per step, the rheobase, the block check, the noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from allentk.fitting.biophysical.evaluation import BLOCK_S, Measured
from allentk.fitting.biophysical.measured import COUNT

__all__ = [
    "HELD_OUT",
    "STEADY",
    "TRAINING",
    "USES",
    "Block",
    "NoiseScore",
    "Rheobase",
    "StepVerdict",
    "UseVerdict",
]

HELD_OUT, TRAINING = "held out", "training"
#: What steps were used for; what a fit did not see comes first.
USES = (HELD_OUT, TRAINING)
#: The voltage that a sub-threshold step settles at, by what was measured of it, best first.
STEADY = ("v_steady", "steady_state_voltage", "steady_state_voltage_stimend")


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """A step: what the cell did, and what the model does.

    Parameters
    ----------
    amplitude_pa : float
        Current of the step.
    use : {"held out", "training"}
        Whether the model was fitted to it.
    n_recorded : float
        Mean number of recorded spikes; NaN where nobody counted.
    n_model : int
        Spikes of the model.
    features : tuple of Measured
        Every feature beside its target.
    """

    amplitude_pa: float
    use: str
    n_recorded: float
    n_model: int
    features: tuple[Measured, ...]

    @property
    def fires(self) -> bool:
        """Whether the cell or the model fires, where the cell's spikes were counted."""
        return math.isfinite(self.n_recorded) and (self.n_recorded > 0 or self.n_model > 0)

    @property
    def count_error(self) -> float:
        """Spikes of the model less those of the cell."""
        return self.n_model - self.n_recorded

    @property
    def _steady(self) -> Measured | None:
        found = {one.feature: one for one in self.features}
        names = [name for name in STEADY if name in found]
        names += [name for name in found if name.startswith("v_mean_")]
        silent = self.n_model == 0 and not self.n_recorded > 0
        return found[names[0]] if names and silent else None

    @property
    def steady_recorded_mv(self) -> float:
        """Voltage the cell settles at, corrected; NaN where it or the model fires."""
        return math.nan if self._steady is None else self._steady.target.mean

    @property
    def steady_model_mv(self) -> float:
        """Voltage the model settles at; NaN where it or the cell fires."""
        return math.nan if self._steady is None else self._steady.value

    @property
    def z(self) -> float:
        """Mean deviation of the features but the number of spikes, in tolerances; NaN without any."""
        found = [one.z for one in self.features if one.feature != COUNT]
        return sum(found) / len(found) if found else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return the step as one row of the table."""
        return {
            "amplitude_pa": self.amplitude_pa,
            "use": self.use,
            "n_recorded": self.n_recorded,
            "n_model": self.n_model,
            "steady_recorded_mv": self.steady_recorded_mv,
            "steady_model_mv": self.steady_model_mv,
            "z": self.z,
        }


@dataclass(frozen=True, slots=True)
class UseVerdict:
    """The steps of one use, summed up.

    Parameters
    ----------
    n_steps : int
        Steps.
    n_fired : int
        Those at which cell or model fires, which the next three are over.
    count_error : float
        Mean of the absolute error of the number of spikes.
    count_recorded : float
        Mean number of recorded spikes.
    count_error_percent : float
        The one as a part of the other.
    n_subthreshold : int
        Steps at which both stay silent and the voltage was measured.
    subthreshold_mv : float
        Mean absolute difference of the voltage at their ends.
    z : float
        Mean deviation of all features of spiking steps but the number of spikes, in tolerances.
    """

    n_steps: int
    n_fired: int
    count_error: float
    count_recorded: float
    count_error_percent: float
    n_subthreshold: int
    subthreshold_mv: float
    z: float

    @classmethod
    def of(cls, steps: Iterable[StepVerdict]) -> UseVerdict:
        """Sum up steps; what there is none of is NaN."""
        held = list(steps)
        fired = [step for step in held if step.fires]
        error = _mean(abs(step.count_error) for step in fired)
        recorded = _mean(step.n_recorded for step in fired)
        off = [abs(step.steady_model_mv - step.steady_recorded_mv) for step in held]
        off = [one for one in off if math.isfinite(one)]
        return cls(
            n_steps=len(held),
            n_fired=len(fired),
            count_error=error,
            count_recorded=recorded,
            count_error_percent=100.0 * error / recorded if recorded > 0 else math.nan,
            n_subthreshold=len(off),
            subthreshold_mv=_mean(off),
            z=_mean(_deviations(held)),
        )


def _deviations(steps: Iterable[StepVerdict]) -> Iterator[float]:
    for step in steps:
        if step.n_recorded > 0:
            yield from (one.z for one in step.features if one.feature != COUNT)


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return sum(held) / len(held) if held else math.nan


@dataclass(frozen=True, slots=True)
class Rheobase:
    """The lowest current that makes spikes.

    Parameters
    ----------
    recorded_pa : float
        Lowest recorded amplitude at which the cell fires at least every other time.
    silent_pa : float
        Highest recorded amplitude below it: the cell's own rheobase lies between the two.
    model_pa : float
        Of the model, found to 1 pA.
    model_on_steps_pa : float
        Lowest recorded amplitude at which the model fires, to compare with `recorded_pa`.
    """

    recorded_pa: float
    silent_pa: float
    model_pa: float
    model_on_steps_pa: float

    @property
    def error_pa(self) -> float:
        """How far the model's is from where the cell's can be; 0 within, NaN where one never fires.

        Examples
        --------
        >>> Rheobase(120.0, 110.0, 131.0, 140.0).error_pa, Rheobase(120.0, 110.0, 114.0, 120.0).error_pa
        (11.0, 0.0)
        """
        if math.isnan(self.recorded_pa) or math.isnan(self.model_pa):
            return math.nan
        above = max(self.model_pa - self.recorded_pa, 0.0)
        below = self.silent_pa - self.model_pa
        return below if below > 0 else above


@dataclass(frozen=True, slots=True)
class Block:
    """Whether the model is blocked at the largest step, or 10 pA above it.

    Parameters
    ----------
    amplitude_pa : float
        The higher of the two.
    longest_s : float
        Longest time above -50 mV, of both.
    """

    amplitude_pa: float
    longest_s: float

    @property
    def blocked(self) -> bool:
        """Whether that is more than 50 ms."""
        return self.longest_s > BLOCK_S


@dataclass(frozen=True, slots=True)
class NoiseScore:
    """How well a model predicts when the cell spikes on a noise.

    Parameters
    ----------
    stimulus : str
        Name of the noise.
    sweeps : tuple of int
        Its repeats.
    ratio : float
        Explained variance by the model over that by the repeats' mean, at 10 ms; see
        `allentk.fitting.score_trains`.
    reliability : float
        The same for one repeat by another.
    n_recorded : float
        Mean number of recorded spikes.
    n_model : int
        Spikes of the model.
    """

    stimulus: str
    sweeps: tuple[int, ...]
    ratio: float
    reliability: float
    n_recorded: float
    n_model: int

    def to_dict(self) -> dict[str, Any]:
        """Return the score as plain types."""
        return {**asdict(self), "sweeps": list(self.sweeps)}
