"""How good the seal, the access and the electrode of a whole recording were."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.errors import AllenTKError
from allentk.features.quality_epochs import Pulse, epochs, last_finite, pulses
from allentk.features.quality_limits import Judgement, QualityLimits, judged

__all__ = ["Resistance", "blowout_mv", "electrode_0_pa", "judge_cell", "resistance"]

Array = NDArray[np.float64]

BATH_S = 0.005  # of the sweep in the bath, over which the electrode's current is measured
LEVEL_S = 0.001  # over which a level before an edge of a pulse is measured


@dataclass(frozen=True, slots=True)
class Resistance:
    """Resistance at the end of test pulses (steady) and at the peak of their current, MOhm."""

    steady_mohm: float
    peak_mohm: float


@dataclass(frozen=True, slots=True)
class _Known:
    """A value and where it is from, or NaN and why there is none."""

    value: float
    note: str


def judge_cell(sweeps: SweepSet, limits: QualityLimits) -> list[Judgement]:
    """Return the judgements on the recording as a whole."""
    blowout = _measured(sweeps, "EXTPBLWOUT", "current", blowout_mv)
    electrode = _measured(sweeps, "EXTPINBATH", "voltage", electrode_0_pa)
    seal = _measured(sweeps, "EXTPCllATT", "voltage", lambda s: resistance(s).steady_mohm / 1e3)
    access = _measured(sweeps, "EXTPBREAKN", "voltage", lambda s: resistance(s).peak_mohm)
    whole = _measured(sweeps, "EXTPBREAKN", "voltage", lambda s: resistance(s).steady_mohm)
    electrode = _or_said(electrode, sweeps, "electrode_0_pa")
    seal = _or_said(seal, sweeps, "seal_gohm")
    access = _or_said(access, sweeps, "initial_access_resistance_mohm")
    ratio = _ratio(access, _or_said(whole, sweeps, "input_resistance_mohm"))
    rest = {
        "electrode_0_pa": electrode,
        "seal_gohm": seal,
        "initial_access_resistance_mohm": access,
        "input_access_resistance_ratio": ratio,
    }
    return [
        judged(None, "blowout_mv", blowout.value, limits, note=_optional(blowout), missing=True),
        *(judged(None, name, known.value, limits, note=known.note) for name, known in rest.items()),
    ]


def blowout_mv(sweep: Sweep) -> float:
    """Return the mean voltage after the test epoch, in mV."""
    after = sweep.voltage_mv[epochs(sweep).test_end :]
    after = after[np.isfinite(after)]
    return float(after.mean()) if after.size else math.nan


def electrode_0_pa(sweep: Sweep) -> float:
    """Return the mean current of the first 5 ms, in pA."""
    first = sweep.current_pa[: round(BATH_S * sweep.sampling_rate_hz)]
    return float(first.mean()) if first.size else math.nan


def resistance(sweep: Sweep) -> Resistance:
    """Return the resistances that a voltage-clamp sweep's test pulses show; NaN where none does.

    Levels are means over 1 ms, and end two samples before the pulse's onset and its end. The first
    pulse is another test and does not count where there are more. A pulse may go down as well as up;
    one that the sweep cuts off is left out.
    """
    stop = min(last_finite(sweep.current_pa), last_finite(sweep.voltage_mv))
    v, i = sweep.voltage_mv[:stop], sweep.current_pa[:stop]
    level = max(round(LEVEL_S * sweep.sampling_rate_hz), 1)
    found = pulses(v, sweep.sampling_rate_hz)
    whole = [p for p in found if p.first >= level + 2 and p.stop < stop]
    whole = [p for p in whole if p.stop - p.first >= level + 2]
    counted = [p for p in whole if p is not found[0]] or whole
    steady = [_slope(v, i, p, slice(p.stop - 2 - level, p.stop - 2), level) for p in counted]
    peak = [_slope(v, i, p, _peak(v, i, p, level), level) for p in counted]
    return Resistance(_mean(steady) * 1e3, _mean(peak) * 1e3)


def _base(trace: Array, pulse: Pulse, level: int) -> float:
    return float(trace[pulse.first - 2 - level : pulse.first - 2].mean())


def _peak(v: Array, i: Array, pulse: Pulse, level: int) -> slice:
    """Return the sample at which the current is farthest in the direction of the pulse."""
    up = v[pulse.first : pulse.stop].mean() >= _base(v, pulse, level)
    part = i[pulse.first : pulse.stop - 2]
    at = pulse.first + int(part.argmax() if up else part.argmin())
    return slice(at, at + 1)


def _slope(v: Array, i: Array, pulse: Pulse, where: slice, level: int) -> float:
    """Return the resistance between the level before the pulse and the samples `where`, GOhm."""
    change = float(i[where].mean()) - _base(i, pulse, level)
    return (float(v[where].mean()) - _base(v, pulse, level)) / change if change else math.nan


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _measured(sweeps: SweepSet, code: str, clamp: str, measure: Callable[[Sweep], float]) -> _Known:
    """Measure the last sweep of this code and clamp."""
    wanted = code.casefold()
    numbers = [
        int(row["number"])
        for row in sweeps.table.to_dict("records")
        if row["clamp"] == clamp and _begins(wanted, row["code"], row["stimulus"])
    ]
    if not numbers:
        return _Known(math.nan, f"no {clamp}-clamp sweep of {code}")
    where = f"sweep {numbers[-1]} ({code})"
    try:
        value = measure(sweeps.sweep(numbers[-1]))
    except AllenTKError as error:
        return _Known(math.nan, f"{where} cannot be read: {error}")
    if math.isfinite(value):
        return _Known(value, f"from {where}")
    return _Known(math.nan, f"{where} has nothing to measure it from")


def _begins(wanted: str, *labels: Any) -> bool:
    return any(str(label).strip().casefold().startswith(wanted) for label in labels)


def _or_said(measured: _Known, sweeps: SweepSet, name: str) -> _Known:
    """Return what was measured, or else what the recording's metadata say."""
    said = sweeps.metadata.get(name)
    if not math.isnan(measured.value) or not isinstance(said, Real) or not math.isfinite(said):
        return measured
    return _Known(float(said), f"as the recording's metadata say: {measured.note}")


def _optional(known: _Known) -> str:
    return f"{known.note}; not required" if math.isnan(known.value) else known.note


def _ratio(access: _Known, whole: _Known) -> _Known:
    for part, name in ((access, "access"), (whole, "input")):
        if math.isnan(part.value):
            return _Known(math.nan, f"the {name} resistance is not known: {part.note}")
    if whole.value == 0:
        return _Known(math.nan, "the input resistance is 0")
    said = f"access {access.value:.3g} MOhm ({access.note}) of input {whole.value:.3g} MOhm"
    return _Known(access.value / whole.value, f"{said} ({whole.note})")
