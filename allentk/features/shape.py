"""What follows a spike: trough, fast trough, afterdepolarisation, slow trough, and its width."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.features.definition import Definition
from allentk.features.detect import Found

__all__ = ["Shape", "shapes"]

Array = NDArray[np.float64]

#: Part of the steepest dV/dt downwards that is left where a spike has ended: the fast trough.
TERMINATION = 0.01
#: An afterdepolarisation rises faster than this, in V/s, so soon after the fast trough, in s.
ADP_SLOPE, ADP_WITHIN_S = 0.5, 0.002
#: It comes so late at most, in s, and so high above the fast trough at most, in mV.
ADP_MAX_DELAY_S, ADP_MAX_RISE_MV = 0.005, 10.0
#: A voltage that falls by less than this has not fallen, in mV.
TOLERANCE_MV = 0.5


@dataclass(slots=True)
class Shape:
    """Samples that describe one spike, None where there is no such sample; the width in samples."""

    clipped: bool = False
    trough: int | None = None
    downstroke: int | None = None
    isi_type: str | None = None
    fast_trough: int | None = None
    adp: int | None = None
    slow_trough: int | None = None
    width: float | None = None


def _samples(time_s: float, rate: float) -> int:
    return math.ceil(time_s * rate)


def _falling(v: Array, slope: Array, peak: int, stop: int) -> Shape:
    """Return what is between a peak and its fast trough."""
    trough = peak + int(v[peak:stop].argmin())
    shape = Shape(trough=trough)
    steepest = peak + int(slope[peak:stop].argmin())
    if trough > peak:
        whole = trough > steepest
        shape.downstroke = steepest if whole else peak + int(slope[peak:trough].argmin())
    shape.fast_trough = _first(slope[steepest:stop] >= TERMINATION * slope[steepest], steepest)
    shape.clipped = shape.fast_trough is None
    return shape


def _first(there: NDArray[np.bool_], offset: int) -> int | None:
    """Return where it is first true, counted from `offset`; None where it is nowhere."""
    at = int(there.argmax()) if there.size else 0
    return offset + at if there.size and there[at] else None


def _followed(fast: list[int], rate: float, size: int) -> list[tuple[int, int]]:
    """Return where an afterdepolarisation could be: until it would come too late, runs joined."""
    runs: list[tuple[int, int]] = []
    for first in fast:
        last = min(first + _samples(ADP_MAX_DELAY_S, rate) + 1, size)
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _adp(v: Array, heavy: Array, fast: int, stop: int, rate: float) -> tuple[int, int] | None:
    """Afterdepolarisation and the minimum after it, where there is one."""
    cross = _first(heavy[fast : min(fast + _samples(ADP_WITHIN_S, rate), stop)] >= ADP_SLOPE, fast)
    if cross is None:
        return None
    late = min(fast + _samples(ADP_MAX_DELAY_S, rate) + 1, stop)
    adp = _first(heavy[cross:late] <= 0, cross)
    if adp is None:
        return None
    lowest = adp + int(v[adp:stop].argmin())
    accepted = (
        v[adp] - v[lowest] >= TOLERANCE_MV
        and v[adp] - v[fast] <= ADP_MAX_RISE_MV
        and (adp - fast) / rate <= ADP_MAX_DELAY_S
    )
    return (adp, lowest) if accepted else None


def _interval(v: Array, heavy: Array, stop: int, rate: float, shape: Shape) -> None:
    """Fill in what is between a fast trough and the next threshold."""
    fast, trough = shape.fast_trough, shape.trough
    if fast is None or trough is None:
        return
    adp = _adp(v, heavy, fast, stop, rate)
    if adp is not None:
        shape.adp, shape.slow_trough = adp
        shape.isi_type = "detour"
        return
    lowest = trough if trough >= fast else fast + int(v[fast:stop].argmin())
    if v[fast] - v[lowest] >= TOLERANCE_MV:
        shape.isi_type, shape.slow_trough = "detour", lowest
    else:
        shape.isi_type = "direct"


def _width(v: Array, threshold: int, peak: int, fast: int, definition: Definition) -> float | None:
    """Return the samples between the half levels; the half to the fast trough, or to the threshold."""
    level = (v[peak] + v[fast]) / 2
    if level < v[threshold]:
        level = (v[peak] + v[threshold]) / 2
    back = _first(v[peak:threshold:-1] <= level, 0)
    fall = _first(v[peak:fast] <= level, peak)
    if back is None or fall is None:
        return None
    rise = peak - back
    if definition == "allen" or rise == peak:
        return float(fall - rise)
    up = rise + (level - v[rise]) / (v[rise + 1] - v[rise])
    down = fall - (level - v[fall]) / (v[fall - 1] - v[fall])
    return float(down - up)


def shapes(
    v: Array,
    slope: Array,
    heavy_in: Callable[[list[tuple[int, int]]], Array],
    rate: float,
    last: int,
    found: Found,
    definition: Definition = "allen",
) -> list[Shape]:
    """Return one `Shape` per spike of `found`.

    The afterdepolarisation and the slow trough of the last spike stay empty: what follows it is no
    interval between spikes.

    Parameters
    ----------
    v, slope : ndarray
        Voltage in mV, and dV/dt in V/s of the whole sweep.
    heavy_in : callable
        Returns dV/dt after the heavier low-pass; of the whole sweep, but right only in the runs of
        samples it is given.
    rate : float
        Samples per second.
    last : int
        Last sample of the window.
    found : Found
        The spikes.
    definition : {"allen", "allentk"}
        Whose rules, where the published ones have a quirk.
    """
    thresholds, peaks = found.threshold.tolist(), found.peak.tolist()
    stops = [*thresholds[1:], last]
    out = [
        Shape(clipped=True) if clipped or stop <= peak else _falling(v, slope, peak, stop)
        for peak, stop, clipped in zip(peaks, stops, found.clipped.tolist(), strict=True)
    ]
    fast = [shape.fast_trough for shape in out if shape.fast_trough is not None]
    heavy = heavy_in(_followed(fast, rate, slope.size))
    for threshold, peak, stop, shape in zip(thresholds, peaks, stops, out, strict=True):
        _interval(v, heavy, stop, rate, shape)
        if shape.fast_trough is not None:
            shape.width = _width(v, threshold, peak, shape.fast_trough, definition)
    if out:
        out[-1].adp = out[-1].slow_trough = None
    return out
