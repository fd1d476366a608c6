"""Synthetic GLIF cells of every level, and small networks of them."""

import math

import numpy as np
import pandas as pd

from allentk.data import SpikeTrains
from allentk.models import GLIFParameters
from allentk.network import Population, Replay

BASE = {"C_pf": 100.0, "R_mohm": 200.0, "E_L_mv": -70.0, "th_inf_mv": 20.0, "t_ref_s": 0.003}
ASC = {"asc_amp_pa": (-30.0, -200.0), "asc_tau_s": (0.1, 0.003), "asc_r": (1.0, 0.5)}
RESET = {"reset_a": 0.3, "reset_b_mv": -2.0, "th_spike_a_mv": 4.0, "th_spike_b_per_s": 80.0}
VOLTAGE = {"th_voltage_a_per_s": 8.0, "th_voltage_b_per_s": 30.0}
LEVELS = {1: {}, 2: RESET, 3: ASC, 4: RESET | ASC, 5: RESET | ASC | VOLTAGE}
CELLS = {level: GLIFParameters(level=level, **BASE, **more) for level, more in LEVELS.items()}
#: It never fires.
PASSIVE = GLIFParameters(level=1, **(BASE | {"th_inf_mv": 1e6}))


def slow_noise(n):
    """A current in pA of many spikes in any of these cells, at steps of 5e-5 s."""
    rng = np.random.default_rng(5)
    return 140.0 + 600.0 * np.convolve(rng.normal(size=n), np.ones(200) / 200, mode="same")


def population(name, n=1, models=(CELLS[1],), **columns):
    return Population(name, models, pd.DataFrame(columns, index=range(n)))


def given(times, ids=None, n=1, name="in"):
    """Virtual nodes that spike at times in seconds."""
    ids = [0] * len(times) if ids is None else ids
    return Population(name, (), pd.DataFrame(index=range(n)), Replay(SpikeTrains(times, ids, n)))


def alpha_psp(time, weight, tau_m, tau, resistance):
    """Voltage after an alpha current of peak `weight`, by variation of constants."""
    a, b, time = 1 / tau_m, 1 / tau, np.maximum(time, 0.0)
    ramp = (time * (a - b) - 1) * np.exp(-b * time) + np.exp(-a * time)
    return resistance * 1e-3 * weight * math.e * b * a * ramp / (a - b) ** 2
