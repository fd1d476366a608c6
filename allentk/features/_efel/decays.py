"""Time constants of the voltage's decay."""

from __future__ import annotations

import numpy as np

from allentk.features._efel.parts import Values, one
from allentk.features._efel.subthreshold import sag_amplitude, steady_voltage
from allentk.features._efel.trace import Array, Trace

__all__ = ["after_stimulus", "membrane", "sag"]

#: A voltage that falls slower than this is flat, in mV/ms.
FLAT = 5e-3
#: How long the fall goes on at least before it is the decay, and the samples that make a fit.
FALLING_SAMPLES, FITTED_SAMPLES = 5, 10
#: A transient at the start of the stimulus is left out.
TRANSIENT_SAMPLES = 10
#: How long the voltage is flat on average after the decay, in ms.
FLAT_MS = 70.0
#: Samples that the slope of five points lacks at its start.
STENCIL = 2
GOLDEN = (5**0.5 - 1) / 2


def _product(x: Array, y: Array) -> float:
    """Return the inner product, without waking the threads of the linear algebra library."""
    return float((x * y).sum())


def _slope(times: Array, heights: Array) -> float:
    """Return the slope of log height against time; NaN where a height is not positive."""
    if times.size < 2 or (heights <= 0).any():
        return float("nan")
    x, y = times - times.mean(), np.log(heights)
    return _product(x, y - y.mean()) / _product(x, x)


def after_stimulus(trace: Trace) -> Values:
    """Return the time constant of the decay after the stimulus."""
    settings, end = trace.settings, trace.end_ms
    first, last = trace.at(end + settings.decay_start_ms), trace.at(end + settings.decay_end_ms)
    start = trace.at(trace.start_ms)
    if start >= trace.v.size:
        return None
    slope = _slope(np.arange(first, last) * trace.dt, np.abs(trace.v[first:last] - trace.v[start]))
    return one(abs(1.0 / slope)) if slope and np.isfinite(slope) else None


def sag(trace: Trace) -> Values:
    """Return the time constant from the bottom of the sag to nine tenths of the way to the steady state."""
    height, steady = sag_amplitude(trace), steady_voltage(trace)
    if height is None or steady is None:
        return None
    part = trace.stimulus
    bottom = int(part.argmin())
    up = np.flatnonzero(part[bottom + 1 :] >= steady[0] - 0.1 * height[0])
    if not up.size:
        return None
    top = bottom + 1 + int(up[0])
    if top - bottom < FITTED_SAMPLES:
        return None
    slope = _slope(np.arange(bottom, top) * trace.dt, np.abs(part[bottom:top] - part[top]))
    return one(abs(1.0 / slope)) if slope and np.isfinite(slope) else None


def membrane(trace: Trace) -> Values:
    """Return the time constant of the fall at the start of the stimulus."""
    start = trace.at(trace.start_ms) + TRANSIENT_SAMPLES
    v = trace.v[start : trace.at((trace.start_ms + trace.end_ms) / 2)]
    if v.size < 5:
        return None
    slope = _five_points(v, trace.dt)
    first = _falling(slope)
    if first is None:
        return None
    last = _flat(slope, first, round(FLAT_MS / trace.dt))
    if last is None or last - first < FITTED_SAMPLES:
        return None
    times = np.arange(last - first) * trace.dt
    first, last = first + STENCIL, last + STENCIL
    return _fitted(times, np.abs(v[first:last] - v[last]))


def _five_points(v: Array, dt: float) -> Array:
    return (v[:-4] - 8 * v[1:-3] + 8 * v[3:-1] - v[4:]) / (12 * dt)


def _falling(slope: Array) -> int | None:
    flat = np.append(-1, np.flatnonzero(slope > -FLAT))
    long = np.flatnonzero(np.diff(flat) > FALLING_SAMPLES)
    return int(flat[long[0]]) + 1 if long.size else None


def _flat(slope: Array, first: int, span: int) -> int | None:
    sums = np.concatenate(([0.0], np.cumsum(slope)))
    for at in first + np.flatnonzero(slope[first:] > -FLAT):
        if at + span > slope.size:
            return None
        if (sums[at + span] - sums[at]) / span > -FLAT:
            return int(at)
    return None


def _fitted(times: Array, heights: Array) -> Values:
    """Return the time constant of the best exponential with an offset, found by golden sections."""
    x = times - times.mean()
    power = _product(x, x)

    def misfit(offset: float) -> float:
        y = np.log(np.maximum(heights + offset, 1e-300))
        y = y - y.mean()
        left = y - x * (_product(x, y) / power)
        return _product(left, left) / float(np.ptp(y)) ** 2

    low, high = 0.0, FLAT * 1000
    for _ in range(60):
        a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, b) if misfit(a) < misfit(b) else (a, high)
    slope = _slope(times, heights + (low + high) / 2)
    return one(-1.0 / slope) if slope and np.isfinite(slope) else None
