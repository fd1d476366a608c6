"""Synthetic sweeps from smooth formulas, so that every rate samples the same voltage."""

import math

import numpy as np

from allentk.data import Sweep

BASE_MV, HEIGHT_MV, WIDTH_S = -70.0, 95.0, 0.00025
START_S, STOP_S, LASTS_S = 0.3, 0.8, 1.2
#: Peak times; none is a sample, or half a sample, of a rate used here.
TIMES_S = (0.350003, 0.412341, 0.523457, 0.701233)


def _step(clock, depth_mv, tau_s=0.01):
    """Charging from `START_S`, discharging from `STOP_S`; its own first derivative is smooth."""
    on, off = (np.clip(clock - edge, 0, None) / tau_s for edge in (START_S, STOP_S))
    charged = [1 - (1 + x) * np.exp(-x) for x in (on, off)]
    return depth_mv * (charged[0] - charged[1])


def voltage_mv(clock, times=TIMES_S, *, depth_mv=8.0, height_mv=HEIGHT_MV, width_s=WIDTH_S):
    """Spikes that are Gaussians of 95 mV, each with an afterhyperpolarisation of 9 mV, on a step."""
    made = BASE_MV + _step(clock, depth_mv)
    for time in times:
        near = np.abs(clock - time) < 12 * width_s
        made[near] += height_mv * np.exp(-(((clock[near] - time) / width_s) ** 2) / 2)
        after = np.clip(clock - time, 0, None) / 0.003
        made -= 9.0 * (math.e / 2 * after) ** 2 * np.exp(-after)
    return made


def current_pa(clock, amplitude):
    inside = (clock > START_S - 1e-9) & (clock < STOP_S - 1e-9)
    return np.where(inside, float(amplitude), 0.0)


def recording(rate, times=TIMES_S, *, amplitude=100.0, depth_mv=8.0, voltage=None, **fields):
    """A long square from 0.3 to 0.8 s with spikes at `times`."""
    clock = np.arange(round(LASTS_S * rate)) / rate
    made = voltage_mv(clock, times, depth_mv=depth_mv) if voltage is None else voltage(clock)
    defaults = {
        "stimulus": "Long Square",
        "amplitude_pa": amplitude,
        "start_s": START_S,
        "stop_s": STOP_S,
        "source": "synthetic",
    }
    return Sweep(made, current_pa(clock, amplitude), rate, **(defaults | fields))


def subthreshold(rate, amplitude, number, **fields):
    """A hyperpolarising step onto 200 MOhm, with 10 uV of noise and no spike."""
    noise = 0.01 * np.random.default_rng(number).standard_normal(round(LASTS_S * rate))
    return recording(
        rate,
        (),
        amplitude=amplitude,
        voltage=lambda clock: voltage_mv(clock, (), depth_mv=0.2 * amplitude) + noise,
        number=number,
        **fields,
    )


def changed(change, rate=1e4, **fields):
    """Return the usual sweep after `change` was done to its voltage and current."""
    usual = recording(rate)
    voltage, current = np.array(usual.voltage_mv), np.array(usual.current_pa)
    change(voltage, current)
    made = {"stimulus": usual.stimulus, "start_s": usual.start_s, "stop_s": usual.stop_s} | fields
    return Sweep(voltage, current, rate, **made)
