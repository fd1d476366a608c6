"""What a candidate is found to cost: its features beside their targets, or why it was turned away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.biophysical.measured import SPIKE_MV
from allentk.fitting.biophysical.stepped import longest_run
from allentk.fitting.biophysical.targets import Target

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Evaluation",
    "Measured",
    "blocked_s",
    "compressed",
    "depolarised_s",
    "turned_away",
]

Array = NDArray[np.float64]

#: Deviation of a feature that cannot be measured, and where larger ones begin to count less.
MISSING_Z, LINEAR_Z = 250.0, 20.0
#: A voltage above this for so long is a depolarisation block, which is looked for this much above the
#: largest step as well.
BLOCK_MV, BLOCK_S, BLOCK_PA = -50.0, 0.05, 10.0
#: Costs of candidates that are turned away begin here; no other reaches it.
FIRES_AT_REST, BLOCKED, SILENT, BROKEN = 300.0, 200.0, 100.0, 1000.0
#: Above that: what a block of the whole step costs, and how far below a spike costs 1.
_WHOLLY_BLOCKED, _SHORT_MV = 20.0, 10.0


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


def depolarised_s(voltage_mv: Array, dt_s: float) -> float:
    """Return the longest time that a voltage stays above -50 mV, in s.

    Examples
    --------
    >>> depolarised_s(np.array([0.0, -60.0, 0.0, 0.0]), 0.1)
    0.2
    """
    return longest_run(voltage_mv > BLOCK_MV) * dt_s


def blocked_s(stepped_mv: Array, dt_s: float) -> float:
    """Return how long the longest depolarisation block of a step lasts, in s; 0 where there is none.

    Examples
    --------
    >>> blocked_s(np.zeros(3), 0.02), blocked_s(np.zeros(2), 0.02)
    (0.06, 0.0)
    """
    longest = depolarised_s(stepped_mv, dt_s)
    return longest if longest > BLOCK_S else 0.0


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
