"""How quiet and how steady one current-clamp sweep is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.data.ontology import protocol
from allentk.features.quality_epochs import Epochs, epochs
from allentk.features.quality_limits import Judgement, QualityLimits, judged

__all__ = ["integrity", "judge_sweep", "kind_of"]

Array = NDArray[np.float64]

NOISE_S = 0.0015  # over which fast noise is measured
STEADY_S = 0.5  # over which slow noise and resting voltages are, before and after the stimulus
_RAMP = "not judged: a ramp leaves no time to recover"
_NOTHING_BEFORE = "could not be measured: nothing was recorded before the stimulus"


def kind_of(stimulus: str, code: str) -> str:
    """Return the protocol that a sweep's name means, or else its code."""
    named = protocol(stimulus)
    return protocol(code) if named == "unknown" else named


def judge_sweep(sweep: Sweep, limits: QualityLimits) -> list[Judgement]:
    """Return the judgements on a current-clamp sweep; on one that is not whole, only what it lacks."""
    ramp = kind_of(sweep.stimulus, sweep.code) == "ramp"
    found = epochs(sweep)
    problems = _problems(sweep, found, ramp, limits)
    if problems:
        return [integrity(sweep.number, problem) for problem in problems]
    before, after = _before(sweep, found), {} if ramp else _after(sweep, found)
    values = before | after
    values["vm_delta_mv"] = abs(values["pre_vm_mv"] - values.get("post_vm_mv", math.nan))
    rows = []
    for name in ("pre_noise_rms_mv", "post_noise_rms_mv", "slow_noise_rms_mv", "vm_delta_mv"):
        skipped = ramp and name in ("post_noise_rms_mv", "vm_delta_mv")
        value = values.get(name, math.nan)
        note = "" if math.isfinite(value) else _RAMP if skipped else _NOTHING_BEFORE
        missing = None if skipped else False
        rows.append(judged(sweep.number, name, value, limits, note=note, missing=missing))
    return rows


def integrity(number: int, problem: str) -> Judgement:
    """Return the judgement on a sweep that cannot be measured."""
    return Judgement(number, "integrity", math.nan, "", math.nan, math.nan, False, problem)


def _problems(sweep: Sweep, found: Epochs, ramp: bool, limits: QualityLimits) -> list[str]:
    rate = sweep.sampling_rate_hz
    if found.recorded == 0:
        return ["the voltage was not recorded"]
    problems = [
        f"the {name} is not finite at {int(bad.argmax()) / rate:.6g} s ({int(bad.sum())} samples)"
        for name, trace in (("current", sweep.current_pa), ("voltage", sweep.voltage_mv))
        if (bad := ~np.isfinite(trace[: found.recorded])).any()
    ]
    if found.test is None and limits.test_pulse:
        problems.append("there is no test pulse before the stimulus")
    if found.stimulus is None:
        problems.append("there is no stimulus")
    elif not ramp and found.recorded < found.stimulus.stop + round(STEADY_S * rate):
        problems.append(
            f"the recording ends at {found.recorded / rate:.6g} s, before "
            f"{found.stimulus.stop / rate + STEADY_S:.6g} s, {STEADY_S:g} s after the stimulus"
        )
    return problems


def _before(sweep: Sweep, found: Epochs) -> dict[str, float]:
    """Measure before the stimulus, but not within the test epoch."""
    assert found.stimulus is not None
    rate, first = sweep.sampling_rate_hz, found.stimulus.first
    steady = round(STEADY_S * rate)
    begin = max(first - steady, found.test_end)
    noise = sweep.voltage_mv[begin : min(begin + round(NOISE_S * rate), first)]
    slow = sweep.voltage_mv[max(first - 1 - steady, found.test_end) : max(first - 1, 0)]
    return {
        "pre_noise_rms_mv": _rms(noise),
        "slow_noise_rms_mv": _rms(slow),
        "pre_vm_mv": float(slow.mean()) if slow.size else math.nan,
    }


def _after(sweep: Sweep, found: Epochs) -> dict[str, float]:
    """Measure at the end of the recording; its last sample does not count."""
    last, rate = found.recorded - 1, sweep.sampling_rate_hz
    return {
        "post_noise_rms_mv": _rms(sweep.voltage_mv[last - round(NOISE_S * rate) : last]),
        "post_vm_mv": float(sweep.voltage_mv[last - round(STEADY_S * rate) : last].mean()),
    }


def _rms(part: Array) -> float:
    return float(part.std()) if part.size else math.nan
