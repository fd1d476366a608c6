"""What a fit aims at: features of the responses to steps of current, with tolerances.

Voltages are the model's: recorded ones plus the liquid junction potential (-14 mV in the Cell Types
Database). A feature without spread over repeats has a tolerance: a floor in its own unit for what was
measured on sweeps, 5 % of the mean for published tables, as the two published pipelines have it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allentk.errors import AllenTKError, DataError, FormatError
from allentk.fitting.biophysical.measured import COUNT, check_names
from allentk.models.biophysical import JUNCTION_MV
from allentk.models.frozen import Frozen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FLOORS", "JUNCTION_MV", "StepTarget", "Target", "Targets", "tolerance"]

#: Smallest tolerances, in the unit of the feature (Gouwens et al. 2018; a sub-threshold voltage is
#: held to 1 mV, since it says nothing but the resistance).
FLOORS: Mapping[str, float] = Frozen(
    {
        COUNT: 0.5,
        "avg_rate": 0.5,
        "adapt": 0.001,
        "latency": 0.005,
        "isi_cv": 0.1,
        "mean_isi": 0.0005,
        "first_isi": 0.001,
        "width": 0.0001,
        "upstroke": 5.0,
        "downstroke": 5.0,
        **dict.fromkeys(("peak_v", "trough_v", "fast_trough_v", "threshold_v", "v_baseline"), 2.0),
        **dict.fromkeys(("v_steady", "v_deflected", "v_mean"), 1.0),
    }
)
#: The shortest and the longest step that are simulated, in s: a file of targets may say anything.
SHORTEST_S, LONGEST_S = 0.001, 60.0
#: A file of targets is no larger than this: a step takes a thousand bytes.
LARGEST_BYTES = 10_000_000
#: Tolerance of a published feature, of its mean, and that of a mean of zero.
RELATIVE, OF_ZERO = 0.05, 0.05


def tolerance(name: str, mean: float) -> float:
    """Return the tolerance of a feature that was measured once, in its own unit.

    Its floor, and 5 % of the mean for a number of spikes or where it has no floor.

    Examples
    --------
    >>> tolerance("v_steady", -80.0), tolerance("AP_width", 1.5), tolerance("n_spikes", 20.0)
    (1.0, 0.07500000000000001, 1.0)
    """
    floor = FLOORS.get("v_mean" if name.startswith("v_mean_") else name)
    relative = RELATIVE * abs(mean) or OF_ZERO
    if floor is None:
        return relative
    return max(floor, relative) if name == COUNT else floor


@dataclass(frozen=True, slots=True)
class Target:
    """Mean of a feature over repeats, and the tolerance that a deviation is measured in.

    Raises
    ------
    DataError
        Where the mean is not finite or the tolerance not positive.

    Examples
    --------
    >>> Target(17.0, 0.5).z(18.0)
    2.0
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean) or not (self.sd > 0 and math.isfinite(self.sd)):
            raise DataError(
                f"a target needs a finite mean and a positive tolerance, got {self.mean} +- {self.sd}"
            )

    def z(self, value: float) -> float:
        """Return how many tolerances a value is off; NaN of NaN."""
        return abs(value - self.mean) / self.sd


@dataclass(frozen=True, slots=True)
class StepTarget:
    """What a step of current should do.

    Parameters
    ----------
    amplitude_pa : float
        Current of the step in pA.
    features : mapping of str to Target
        By the names of `allentk.fitting.biophysical.measured.measure`.
    start_s, duration_s : float
        Onset of the step after the beginning of the sweep, and its length, in s.
    n_sweeps : int
        Sweeps that the means are over.
    sweeps : tuple of int
        Their numbers, where known.

    Raises
    ------
    DataError
        On a step without features, shorter than 1 ms or longer than 60 s, or an amplitude that is not
        finite.
    FeatureError
        On an unknown feature.

    Examples
    --------
    >>> StepTarget(100.0, {"n_spikes": Target(8.0, 0.5)}).role
    'spiking'
    """

    amplitude_pa: float
    features: Mapping[str, Target]
    start_s: float = 1.02
    duration_s: float = 1.0
    n_sweeps: int = 1
    sweeps: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        # A whole number would be told from the same one read from a file.
        for name in ("amplitude_pa", "start_s", "duration_s"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not math.isfinite(self.amplitude_pa):
            raise DataError(f"amplitude_pa must be finite, got {self.amplitude_pa!r}")
        if not (SHORTEST_S <= self.duration_s <= LONGEST_S and 0 <= self.start_s < math.inf):
            raise DataError(
                f"{self.amplitude_pa:g} pA: a step starts at 0 s or later and lasts {SHORTEST_S:g} to "
                f"{LONGEST_S:g} s, got start_s={self.start_s}, duration_s={self.duration_s}; times are "
                f"in seconds"
            )
        if not self.features:
            raise DataError(f"{self.amplitude_pa:g} pA: a target needs a feature")
        check_names(self.features)
        object.__setattr__(self, "features", Frozen(self.features))

    @property
    def n_spikes(self) -> float:
        """Mean number of spikes; NaN where it is no target."""
        return self.features[COUNT].mean if COUNT in self.features else math.nan

    @property
    def role(self) -> str:
        """``"spiking"`` or ``"subthreshold"``."""
        return "spiking" if self.n_spikes > 0 else "subthreshold"

    def to_dict(self) -> dict[str, Any]:
        """Return the target as plain JSON types."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in _STEP}
        plain["sweeps"] = list(self.sweeps)
        plain["features"] = {name: [one.mean, one.sd] for name, one in self.features.items()}
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StepTarget:
        """Build the target from what ``to_dict`` returned."""
        features = {name: Target(*map(float, pair)) for name, pair in values["features"].items()}
        given = {name: values[name] for name in _STEP if name in values}
        return cls(**{**given, "features": features, "sweeps": tuple(values.get("sweeps", ()))})


_STEP = ("amplitude_pa", "start_s", "duration_s", "n_sweeps")


@dataclass(frozen=True, slots=True, repr=False)
class Targets:
    """Targets of a cell: one step each, and which of them a fit may see.

    Parameters
    ----------
    steps : tuple of StepTarget
        Sorted by amplitude in the end.
    training : tuple of float
        Amplitudes in pA to fit to, sorted and each once in the end; empty until they are chosen.
    junction_potential_mv : float
        What was added to recorded voltages.
    source : str
        Where the numbers come from.
    notes : tuple of str
        What was left out, a sentence each.

    Raises
    ------
    DataError
        Where there is no step, an amplitude comes twice, one is trained on that is not there, or the
        junction potential is not finite.

    Examples
    --------
    >>> steps = [StepTarget(i, {"n_spikes": Target(n, 0.5)}) for i, n in ((50.0, 0.0), (70.0, 3.0))]
    >>> targets = Targets(tuple(steps)).trained_on([70.0])
    >>> targets.held_out, targets.rheobase_pa
    ((50.0,), 70.0)
    """

    steps: tuple[StepTarget, ...]
    training: tuple[float, ...] = ()
    junction_potential_mv: float = JUNCTION_MV
    source: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        steps = tuple(sorted(self.steps, key=lambda step: step.amplitude_pa))
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "training", tuple(sorted({float(x) for x in self.training})))
        there = [step.amplitude_pa for step in steps]
        if not math.isfinite(self.junction_potential_mv):
            raise DataError(
                f"{self._where}: junction_potential_mv must be finite, got "
                f"{self.junction_potential_mv!r}; -14 in the database, 0 for corrected voltages"
            )
        if not there:
            raise DataError(f"{self._where}: a fit needs the response to a step, got none")
        if len(set(there)) < len(there):
            raise DataError(f"{self._where}: an amplitude comes twice in {there} pA")
        missing = sorted(set(self.training) - set(there))
        if missing:
            raise DataError(
                f"{self._where}: no step of {missing} pA to train on; there are {there}"
            )

    @property
    def _where(self) -> str:
        return self.source or "targets"

    @property
    def held_out(self) -> tuple[float, ...]:
        """Amplitudes that a fit does not see, in pA."""
        return tuple(x.amplitude_pa for x in self.steps if x.amplitude_pa not in self.training)

    @property
    def rheobase_pa(self) -> float:
        """Lowest amplitude at which the cell fired at least every other time; NaN where it never did."""
        fired = [step.amplitude_pa for step in self.steps if step.n_spikes >= 0.5]
        return fired[0] if fired else math.nan

    @property
    def v_rest_mv(self) -> float:
        """Mean voltage in mV before the training steps.

        Before all steps where those do not tell it or are not chosen yet; NaN where no step does.
        """
        names = ("v_baseline", "voltage_base")
        for steps in (self.chosen(), self.steps):
            found = [step.features[n].mean for step in steps for n in names if n in step.features]
            if found:
                return sum(found) / len(found)
        return math.nan

    def step(self, amplitude_pa: float) -> StepTarget:
        """Return the target of an amplitude.

        Raises
        ------
        DataError
            Where there is none.
        """
        for one in self.steps:
            if one.amplitude_pa == amplitude_pa:
                return one
        there = [one.amplitude_pa for one in self.steps]
        raise DataError(f"{self._where}: no step of {amplitude_pa:g} pA; there are {there}")

    def chosen(self) -> tuple[StepTarget, ...]:
        """Return the targets to train on."""
        return tuple(step for step in self.steps if step.amplitude_pa in self.training)

    def trained_on(self, amplitudes_pa: Iterable[float]) -> Targets:
        """Return the same targets with other training amplitudes."""
        return replace(self, training=tuple(amplitudes_pa))

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per feature: amplitude_pa, role, use, n_sweeps, feature, mean, sd."""
        import pandas as pd

        rows = [
            {
                "amplitude_pa": step.amplitude_pa,
                "role": step.role,
                "use": "training" if step.amplitude_pa in self.training else "held out",
                "n_sweeps": step.n_sweeps,
                "feature": name,
                "mean": target.mean,
                "sd": target.sd,
            }
            for step in self.steps
            for name, target in step.features.items()
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the targets as plain JSON types."""
        return {
            "steps": [step.to_dict() for step in self.steps],
            "training": list(self.training),
            "junction_potential_mv": self.junction_potential_mv,
            "source": self.source,
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Targets:
        """Build the targets from what ``to_dict`` returned.

        Raises
        ------
        FormatError
            Where something is missing or is no number.
        """
        try:
            return cls(
                steps=tuple(StepTarget.from_dict(one) for one in values["steps"]),
                training=tuple(values.get("training", ())),
                junction_potential_mv=float(values.get("junction_potential_mv", JUNCTION_MV)),
                source=str(values.get("source", "")),
                notes=tuple(values.get("notes", ())),
            )
        except AllenTKError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            raise FormatError(
                f"targets: expected what to_dict returned ({type(error).__name__}: {error})"
            ) from error

    def save(self, path: str | Path) -> Path:
        """Write the targets as JSON and return the path."""
        from allentk.atomic import write_json

        return write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> Targets:
        """Read what ``save`` wrote.

        Raises
        ------
        FormatError
            Where the file is no JSON of targets, or too large for one.
        DataError
            Where there is no such file.
        """
        file = Path(path)
        if not file.is_file():
            raise DataError(f"{file}: there is no such file; name a JSON file of targets")
        if (size := file.stat().st_size) > LARGEST_BYTES:
            raise FormatError(
                f"{file}: no file of targets, it has {size} bytes, more than {LARGEST_BYTES}"
            )
        try:
            return cls.from_dict(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{file}: no file of targets ({error})") from error

    def digest(self) -> str:
        """Return a hash of the steps and of what is trained on, 16 hexadecimal digits."""
        plain = self.to_dict()
        told = {name: plain[name] for name in ("steps", "training", "junction_potential_mv")}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return (
            f"<Targets: {len(self.steps)} steps, {self.steps[0].amplitude_pa:g} to "
            f"{self.steps[-1].amplitude_pa:g} pA, trained on {len(self.training)}>"
        )
