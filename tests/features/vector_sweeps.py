"""Sweeps of a passive membrane with spikes pasted in, for the feature vectors."""

from functools import lru_cache

import numpy as np

from allentk.data import Sweep, SweepSet

RATE = 50_000.0
START_S, TAU_S, R_GOHM = 0.3, 0.02, 0.1


def pulse_of(height_mv, rate):
    """A spike from -45 mV: up in 0.5 ms, down in 1 ms to -60 mV, back in 1 ms; rounded by its corners."""
    up = np.linspace(-45, height_mv, round(0.0005 * rate), endpoint=False)
    down = np.linspace(height_mv, -60, round(0.001 * rate), endpoint=False)
    return np.concatenate([up, down, np.linspace(-60, -45, round(0.001 * rate))])


def step(
    amplitude,
    number,
    spikes_s=(),
    *,
    heights_mv=None,
    step_s=1.0,
    start_s=START_S,
    rate=RATE,
    **said,
):
    """A passive membrane under a step; at `spikes_s` after its start spikes on a plateau of -45 mV."""
    t = np.arange(round((start_s + step_s + 0.4) * rate)) / rate
    first, last = round(start_s * rate), round((start_s + step_s) * rate)
    current = np.zeros(t.size)
    current[first:last] = amplitude
    v = np.full(t.size, -70.0)
    rise = R_GOHM * amplitude * (1 - np.exp(-(t[first:] - t[first]) / TAU_S))
    v[first:] += rise
    v[last:] -= R_GOHM * amplitude * (1 - np.exp(-(t[last:] - t[last]) / TAU_S))
    if len(spikes_s):
        v[first:last] = -45.0
    for at, height in zip(spikes_s, heights_mv or [30.0] * len(spikes_s), strict=True):
        shape = pulse_of(height, rate)
        v[first + round(at * rate) :][: shape.size] = shape
    said = {"stimulus": "Long Square", "amplitude_pa": amplitude} | said
    return Sweep(v, current, rate, number=number, start_s=start_s, stop_s=start_s + step_s, **said)


def hyperpolarising(amplitudes=(-110, -90, -70, -50, -30, -10, 50)):
    return [step(float(a), n) for n, a in enumerate(amplitudes)]


def short_square(amplitude, number, *, fires=True, height_mv=30.0):
    """A 3 ms pulse that charges the membrane; the spike comes 1.5 ms after its start."""
    v = np.full(20_000, -70.0)
    first = 5000
    v[first : first + 150] += np.linspace(0, 10, 150)
    v[first + 150 :] += 10 * np.exp(-np.arange(v.size - first - 150) / 1000)
    if fires:
        v[first + 75 : first + 200] = pulse_of(height_mv, RATE)[:125]
        v[first + 200 :] = -62
    current = np.zeros(v.size)
    current[first : first + 150] = amplitude
    said = {"stimulus": "Short Square", "amplitude_pa": amplitude, "start_s": 0.1, "stop_s": 0.103}
    return Sweep(v, current, RATE, number=number, **said)


def ramp(number):
    v = np.linspace(-70, -45, 50_000)
    shape = pulse_of(35.0, RATE)
    v[30_000 : 30_000 + shape.size] = shape
    current = np.linspace(0, 100, v.size)
    said = {"stimulus": "Ramp", "start_s": 0.0, "stop_s": 0.9}
    return Sweep(v, current, RATE, number=number, **said)


TRAINS = [
    (100, (0.105, 0.305, 0.505, 0.705, 0.905)),
    (120, np.arange(0.025, 1, 0.1)),
    (140, np.arange(0.025, 1, 0.05)),
    (160, np.arange(0.0225, 0.99, 0.04)),
    (180, np.arange(0.0225, 0.99, 0.032)),
    (200, np.arange(0.0225, 0.99, 0.025)),
]


def trains(amplitudes):
    held = dict(TRAINS)
    return [step(float(a), 100 + n, held.get(a, held[200])) for n, a in enumerate(amplitudes)]


@lru_cache(maxsize=1)
def cell():
    """Return a cell with every protocol but the chirp."""
    sweeps = [*hyperpolarising(), *trains([amplitude for amplitude, _ in TRAINS])]
    return SweepSet([*sweeps, short_square(600.0, 300), ramp(400)])
