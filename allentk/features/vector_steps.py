"""Long squares, each reduced to what the feature vectors need of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.data.ontology import protocol
from allentk.errors import AllenTKError, FeatureError
from allentk.features.definition import Definition
from allentk.features.detect import Criteria
from allentk.features.measure import amplitude_pa
from allentk.features.spike_table import spikes
from allentk.features.subthreshold import baseline, deflection, steady_state
from allentk.features.vector_layout import EXTENT_S, LEVELS_PA, VOLTAGE_BIN_S, bin_means, n_bins

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Step", "levels", "long_squares", "spiking"]

Array = NDArray[np.float64]

#: The vectors want a higher peak than the published table does.
CRITERIA = Criteria(min_peak_mv=-25.0)
#: What is added to rheobase once where only one amplitude is there, in pA.
SHIFT_PA = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A long square: its spikes, and its voltage in 10 ms bins from 0.2 s before to 0.2 s after."""

    number: int
    amplitude_pa: float
    first: int
    last: int
    rate: float
    spikes: pd.DataFrame
    binned_mv: Array
    baseline_mv: float
    peak_mv: float
    steady_mv: float

    @property
    def duration_s(self) -> float:
        """Length of the step in seconds."""
        return (self.last - self.first) / self.rate

    @property
    def level_pa(self) -> float:
        """The amplitude in whole pA: a measured current is never twice the same."""
        return float(np.rint(self.amplitude_pa))


def _step(recorded: Sweep, definition: Definition) -> Step:
    if not recorded.has_window or recorded.stop_s <= recorded.start_s:
        raise FeatureError(f"{recorded.label}: a long square needs its stimulus window")
    amplitude = amplitude_pa(recorded)
    if not np.isfinite(amplitude):
        raise FeatureError(f"{recorded.label}: the amplitude of this long square is not known")
    rate = recorded.sampling_rate_hz
    first, last = recorded.index(recorded.start_s), recorded.index(recorded.stop_s)
    start_s, stop_s = recorded.start_s, recorded.stop_s
    count = n_bins((last - first) / rate + 2 * EXTENT_S, VOLTAGE_BIN_S)
    before = first - round(EXTENT_S * rate)
    return Step(
        number=recorded.number,
        amplitude_pa=amplitude,
        first=first,
        last=last,
        rate=rate,
        spikes=spikes(
            recorded, start_s=start_s, end_s=stop_s, criteria=CRITERIA, definition=definition
        ),
        binned_mv=bin_means(recorded.voltage_mv, before, VOLTAGE_BIN_S * rate, count),
        baseline_mv=baseline(recorded, start_s),
        peak_mv=deflection(recorded, start_s, stop_s)[0],
        steady_mv=steady_state(recorded, start_s, stop_s),
    )


def long_squares(
    sweeps: SweepSet, failed: dict[int, str], definition: Definition = "allen"
) -> list[Step]:
    """Measure the long squares of a recording, in its order.

    Reasons for which a sweep is left out go into `failed`; among them a step of another length than
    most have.
    """
    steps = []
    for number in sweeps.where(
        stimulus=lambda name: protocol(name) == "long_square", clamp="current"
    ).numbers:
        try:
            steps.append(_step(sweeps.sweep(number), definition))
        except AllenTKError as error:
            failed[number] = str(error)
    lengths = Counter(round(step.duration_s, 3) for step in steps)
    usual = lengths.most_common(1)[0][0] if lengths else 0.0
    for step in steps:
        if round(step.duration_s, 3) != usual:
            failed[step.number] = (
                f"sweep {step.number}: a step of {step.duration_s:g} s, most have {usual:g} s"
            )
    return [step for step in steps if step.number not in failed]


def spiking(steps: list[Step]) -> list[Step]:
    """Return the depolarising steps with spikes; FeatureError where there is none."""
    found = [step for step in steps if len(step.spikes) and step.amplitude_pa > 0]
    if not found:
        raise FeatureError(f"none of {len(steps)} long squares has a spike")
    return found


def levels(steps: list[Step]) -> list[Step | None]:
    """Return the spiking steps at rheobase and 20, 40, 60, 80, 100 pA above it; None where there is none.

    Where only one of these was recorded, 10 pA are added to rheobase once.

    Raises
    ------
    FeatureError
        Where fewer than two were recorded even so.
    """
    by_level: dict[float, Step] = {}
    for step in spiking(steps):
        by_level.setdefault(step.level_pa, step)
    rheobase = min(by_level)
    for lowest in (rheobase, rheobase + SHIFT_PA):
        found = [by_level.get(lowest + above) for above in LEVELS_PA]
        if sum(step is not None for step in found) > 1:
            return found
    raise FeatureError(
        f"fewer than two spiking long squares at rheobase ({rheobase:g} pA) + 0 to 100 pA by 20; "
        f"spikes came at {', '.join(f'{level:g}' for level in sorted(by_level))} pA"
    )
