"""A cell to be judged whose every number is known: ohmic, firing in proportion to its current."""

import math

import numpy as np

from allentk.data import Sweep
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets

RATE = 20_000.0
BEFORE_S, AFTER_S = 0.2, 0.1
REST = -80.0
#: The recorded cell: 100 MOhm, 0.1 spikes/s per pA above 100 pA.
RECORDED = {"rheobase_pa": 100.0, "rate_per_pa": 0.1, "r_mohm": 100.0}


class Ohmic:
    """Steps to ``REST + R I``, and fires ``floor(rate (I - rheobase) T + 0.5)`` spikes, evenly."""

    engine = "a stand-in"

    def __init__(self, rheobase_pa=100.0, rate_per_pa=0.1, r_mohm=100.0, blocked_pa=math.inf):
        self.rheobase_pa, self.rate_per_pa, self.r_mohm = rheobase_pa, rate_per_pa, r_mohm
        self.blocked_pa = blocked_pa
        self.asked = []

    def step(self, amplitude_pa, duration_s):
        self.asked.append(amplitude_pa)
        first, n = round(BEFORE_S * RATE), round(duration_s * RATE)
        voltage = np.full(first + n + round(AFTER_S * RATE), REST)
        during = voltage[first : first + n]
        if amplitude_pa >= self.blocked_pa:
            during[:] = -30.0
        else:
            during += min(1e-3 * self.r_mohm * amplitude_pa, 25.0)
            self._paint(during, amplitude_pa, duration_s)
        current = np.zeros(voltage.size)
        return Sweep(voltage, current, RATE, start_s=BEFORE_S, stop_s=BEFORE_S + duration_s)

    def _paint(self, during, amplitude_pa, duration_s):
        rate = (amplitude_pa - self.rheobase_pa) * self.rate_per_pa
        up = np.linspace(-60.0, 20.0, 10)
        shape = np.concatenate([up, up[::-1], np.linspace(-60.0, -70.0, 20)])
        for k in range(math.floor(max(rate, 0.0) * duration_s + 0.5)):
            at = round((k + 0.5) / rate * RATE)
            until = min(at + shape.size, during.size)
            during[at:until] = shape[: until - at]

    def play(self, current_pa, sampling_rate_hz):
        """Fire where the current rises through 100 pA."""
        above = np.asarray(current_pa) >= 100.0
        return (np.flatnonzero(above[1:] & ~above[:-1]) + 1) / sampling_rate_hz


def step_target(amplitude_pa, n_spikes, **features):
    found = {"n_spikes": Target(float(n_spikes), 0.5)}
    found |= {name: Target(*pair) for name, pair in features.items()}
    return StepTarget(amplitude_pa, found)


def recorded():
    """Return what the cell of `RECORDED` did, trained on -100, 50, 150 and 300 pA."""
    silent = [
        step_target(pa, 0, v_steady=(REST + 0.1 * pa, 1.0), v_baseline=(REST, 2.0))
        for pa in (-100.0, -50.0, 50.0, 100.0)
    ]
    firing = [
        step_target(pa, 0.1 * (pa - 100.0), peak_v=(20.0, 2.0), v_baseline=(REST, 2.0))
        for pa in (150.0, 200.0, 250.0, 300.0)
    ]
    steps = Targets((*silent, *firing), source="a stand-in (synthetic)")
    return steps.trained_on([-100.0, 50.0, 150.0, 300.0])


class OnStandin:
    """A model on the stand-in for a simulator that fits are tested on."""

    engine = "a stand-in"

    def __init__(self, model, *_):
        self.parameters = model.parameters

    def step(self, amplitude_pa, duration_s):
        from allentk.fitting.biophysical.runner import CLOCK
        from tests.fitting.biophysical.standin import Runner

        ran = Runner().run(self.parameters, [amplitude_pa], duration_s, CLOCK)
        voltage = ran.voltage_mv[0]
        start = CLOCK.n(CLOCK.lead_s) * CLOCK.dt_s
        window = {"start_s": start, "stop_s": start + duration_s}
        return Sweep(voltage, np.zeros(voltage.size), 1.0 / CLOCK.dt_s, **window)
