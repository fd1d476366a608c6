"""Waveform of the first action potential under a short square, at rheobase and under a ramp."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.data.ontology import protocol
from allentk.errors import AllenTKError, FeatureError
from allentk.features.detect import Criteria
from allentk.features.filters import cutoff_hz, dvdt
from allentk.features.measure import amplitude_pa
from allentk.features.short_square import LEAST_FRACTION, ONSET_S, OVER_CHARGING, OVER_END
from allentk.features.spike_table import spikes
from allentk.features.vector_layout import AP_RATE_HZ, AP_SAMPLES
from allentk.features.vector_steps import Step, spiking

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ramp_ap", "rheobase_ap", "short_square_ap", "waveform"]

Array = NDArray[np.float64]

#: Spikes of short squares count this long after the pulse, and not in its first 0.2 ms.
AFTER_S, REJECT_S = 0.05, 0.0002
#: What is kept of a short square before its pulse, and after the last spike that counts.
MARGIN_S = 0.05


def waveform(recorded: Sweep, threshold: int) -> Array | None:
    """Return 3 ms from the sample `threshold` on, in mV at 50 kHz; None where the recording is shorter.

    At a multiple of 50 kHz so many samples are averaged; other rates are interpolated linearly.
    """
    v, ratio = recorded.voltage_mv, recorded.sampling_rate_hz / AP_RATE_HZ
    times = round(ratio)
    if times >= 1 and math.isclose(ratio, times, rel_tol=1e-6):
        part = v[threshold : threshold + AP_SAMPLES * times]
        if part.size < AP_SAMPLES * times:
            return None
        out = part.reshape(AP_SAMPLES, times).mean(axis=1)
    else:
        at = threshold + np.arange(AP_SAMPLES) * ratio
        last = math.ceil(at[-1]) + 1
        if last > v.size:
            return None
        out = np.interp(at, np.arange(threshold, last), v[threshold:last])
    return out if np.isfinite(out).all() else None


def _mean(waveforms: list[Array | None], what: str) -> Array:
    whole = [one for one in waveforms if one is not None]
    if not waveforms:
        raise FeatureError(f"there is no {what} that could be measured")
    if not whole:
        raise FeatureError(f"none of {len(waveforms)} {what}s has 3 ms of a first spike")
    mean: Array = np.mean(whole, axis=0)
    return mean


def _numbers(sweeps: SweepSet, kind: str) -> list[int]:
    return sweeps.where(stimulus=lambda name: protocol(name) == kind, clamp="current").numbers


def rheobase_ap(sweeps: SweepSet, steps: list[Step]) -> Array:
    """Return the first action potential of the lowest spiking long square."""
    lowest = min(spiking(steps), key=lambda step: step.amplitude_pa)
    first = int(lowest.spikes["threshold_index"].iloc[0])
    return _mean([waveform(sweeps.sweep(lowest.number), first)], "rheobase step")


def ramp_ap(sweeps: SweepSet, failed: dict[int, str]) -> Array:
    """Return the mean first action potential of the ramps."""
    waveforms: list[Array | None] = []
    for number in _numbers(sweeps, "ramp"):
        try:
            recorded = sweeps.sweep(number)
            start_s = recorded.start_s if recorded.has_window else None
            found = spikes(recorded, start_s=start_s)
        except AllenTKError as error:
            failed[number] = str(error)
            continue
        first = found["threshold_index"]
        waveforms.append(waveform(recorded, int(first.iloc[0])) if len(first) else None)
    return _mean(waveforms, "ramp")


def _around_pulse(recorded: Sweep) -> Sweep:
    """Return the sweep from shortly before its pulse to shortly after its last spike that counts."""
    if not recorded.has_window or recorded.stop_s <= recorded.start_s:
        raise FeatureError(f"{recorded.label}: a short square needs its stimulus window")
    first = recorded.index(recorded.start_s - MARGIN_S)
    last = recorded.index(recorded.stop_s + AFTER_S + MARGIN_S)
    shift = first / recorded.sampling_rate_hz
    return dataclasses.replace(
        recorded,
        voltage_mv=recorded.voltage_mv[first:last],
        current_pa=recorded.current_pa[first:last],
        amplitude_pa=amplitude_pa(recorded),
        start_s=recorded.start_s - shift,
        stop_s=recorded.stop_s - shift,
    )


def _spikes(pulse: Sweep, criteria: Criteria) -> pd.DataFrame:
    return spikes(pulse, start_s=pulse.start_s, end_s=pulse.stop_s + AFTER_S, criteria=criteria)


def _criteria(pulses: list[Sweep]) -> Criteria:
    """Return the criteria that tell spikes of short squares from the charging by the pulse.

    As `short_square.adjusted`, but without its floor of 20 V/s: dV/dt must reach 1.1 times the median
    of the steepest charging in the pulse's first millisecond; the threshold is where it was 1.2 times
    its median at the end of that millisecond, at least 10 % of the mean upstroke.
    """
    steepest, at_end = [], []
    for pulse in pulses:
        slope = dvdt(pulse.voltage_mv, pulse.sampling_rate_hz, cutoff_hz(pulse.sampling_rate_hz))
        first = min(pulse.index(pulse.start_s), slope.size - 2)
        last = min(max(pulse.index(pulse.start_s + ONSET_S), first + 1), slope.size - 1)
        steepest.append(float(slope[first:last].max()))
        at_end.append(float(slope[last]))
    cutoff = OVER_CHARGING * float(np.median(steepest))
    base = Criteria(reject_at_start_s=REJECT_S, thresh_frac=LEAST_FRACTION)
    base = dataclasses.replace(base, dv_cutoff=cutoff if cutoff > 0 else base.dv_cutoff)
    upstrokes = np.concatenate([_spikes(p, base)["upstroke"].to_numpy(float) for p in pulses])
    if not upstrokes.size:
        return base
    fraction = OVER_END * float(np.median(at_end)) / float(upstrokes.mean())
    return dataclasses.replace(base, thresh_frac=max(LEAST_FRACTION, fraction))


def short_square_ap(sweeps: SweepSet, failed: dict[int, str]) -> Array:
    """Return the mean first action potential of short squares of the amplitude that fires most often.

    Of amplitudes that fire equally often the lowest counts; they are compared in whole pA.
    """
    pulses = []
    for number in _numbers(sweeps, "short_square"):
        try:
            pulse = _around_pulse(sweeps.sweep(number))
            _spikes(pulse, Criteria())
            pulses.append(pulse)
        except AllenTKError as error:
            failed[number] = str(error)
    if not pulses:
        return _mean([], "short square")
    criteria = _criteria(pulses)
    by_level: dict[float, list[Array | None]] = {}
    for pulse in pulses:
        found = _spikes(pulse, criteria)["threshold_index"]
        if len(found):
            level = float(np.rint(pulse.amplitude_pa))
            by_level.setdefault(level, []).append(waveform(pulse, int(found.iloc[0])))
    if not by_level:
        raise FeatureError(f"none of {len(pulses)} short squares has a spike")
    usual = min(by_level, key=lambda level: (-len(by_level[level]), level))
    return _mean(by_level[usual], "short square")
