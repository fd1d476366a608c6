"""Between which limits a recording counts as good, and how a measured value is judged by them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from allentk.errors import FeatureError

__all__ = ["UNITS", "Judgement", "QualityLimits", "judged"]

Range = tuple[float, float]

#: Unit of every criterion that has limits.
UNITS = {
    "pre_noise_rms_mv": "mV",
    "post_noise_rms_mv": "mV",
    "slow_noise_rms_mv": "mV",
    "vm_delta_mv": "mV",
    "blowout_mv": "mV",
    "electrode_0_pa": "pA",
    "seal_gohm": "GOhm",
    "initial_access_resistance_mohm": "MOhm",
    "input_access_resistance_ratio": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """Least and largest value of every criterion, itself allowed; the defaults are Allen's v1.1.

    Parameters
    ----------
    pre_noise_rms_mv, post_noise_rms_mv : (float, float)
        RMS of the voltage about its mean over 1.5 ms, before the stimulus and at the end, mV.
    slow_noise_rms_mv : (float, float)
        The same over 0.5 s before the stimulus, mV.
    vm_delta_mv : (float, float)
        How far the mean voltage of the last 0.5 s is from that before the stimulus, mV.
    blowout_mv : (float, float)
        Voltage of the electrode after it was blown out, mV.
    electrode_0_pa : (float, float)
        Current of the open electrode in the bath, pA.
    seal_gohm, initial_access_resistance_mohm : (float, float)
        Resistance of the seal, GOhm, and of the access after break-in, MOhm.
    input_access_resistance_ratio : (float, float)
        Access resistance over input resistance.
    test_pulse : bool
        Whether a sweep without a test pulse fails, as published. Recordings of other houses that
        have none want False.

    Raises
    ------
    FeatureError
        Where limits are no pair of numbers in order.

    References
    ----------
    Allen Cell Types Database, Electrophysiology: "Ephys QC Criteria v1.1".

    Examples
    --------
    >>> QualityLimits(vm_delta_mv=(0, 2)).vm_delta_mv
    (0, 2)
    """

    pre_noise_rms_mv: Range = (0.0, 0.07)
    post_noise_rms_mv: Range = (0.0, 0.07)
    slow_noise_rms_mv: Range = (0.0, 0.5)
    vm_delta_mv: Range = (0.0, 1.0)
    blowout_mv: Range = (-10.0, 10.0)
    electrode_0_pa: Range = (-200.0, 200.0)
    seal_gohm: Range = (1.0, math.inf)
    initial_access_resistance_mohm: Range = (1.0, 20.0)
    input_access_resistance_ratio: Range = (0.0, 0.15)
    test_pulse: bool = True

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self) if field.name in UNITS):
            pair = getattr(self, name)
            if not (isinstance(pair, tuple) and len(pair) == 2 and pair[0] <= pair[1]):
                raise FeatureError(
                    f"QualityLimits: {name} must be a tuple (least, largest) of two numbers in "
                    f"order, got {pair!r}; math.inf leaves a side open"
                )


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of a quality table; `number` is None where it is about the whole recording."""

    number: int | None
    criterion: str
    value: float
    unit: str
    low: float
    high: float
    passed: bool | None
    reason: str


def judged(
    number: int | None,
    criterion: str,
    value: float,
    limits: QualityLimits,
    *,
    note: str = "",
    missing: bool | None = False,
) -> Judgement:
    """Judge a value by its limits; one that is NaN counts as `missing` says, and `note` says why."""
    low, high = getattr(limits, criterion)
    if math.isnan(value):
        return Judgement(number, criterion, value, UNITS[criterion], low, high, missing, note)
    reason = f"{_comparison(value, low, high, UNITS[criterion])}{', ' if note else ''}{note}"
    passed = bool(low <= value <= high)
    return Judgement(number, criterion, value, UNITS[criterion], low, high, passed, reason)


def _comparison(value: float, low: float, high: float, unit: str) -> str:
    if value > high:
        return f"{_apart(value, high, unit)} is above the limit of {_said(high, unit)}"
    if value < low:
        return f"{_apart(value, low, unit)} is below the limit of {_said(low, unit)}"
    if math.isinf(high):
        return f"{_said(value, unit)} is not below the limit of {_said(low, unit)}"
    if low == 0 or math.isinf(low):
        return f"{_said(value, unit)} is not above the limit of {_said(high, unit)}"
    return f"{_said(value, unit)} is within {_said(low, '')} to {_said(high, unit)}"


def _said(value: float, unit: str, digits: int = 3) -> str:
    return f"{value:.{digits}g} {unit}".strip()


def _apart(value: float, limit: float, unit: str) -> str:
    """Say a value with as many digits as tell it from the limit."""
    digits = next(n for n in (3, 6, 17) if f"{value:.{n}g}" != f"{limit:.{n}g}")
    return _said(value, unit, digits)
