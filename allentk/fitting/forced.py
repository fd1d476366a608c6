"""The model's voltage when it is made to fire the recorded spikes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.fitting.membrane import free_response, since_reset, spike_ends
from allentk.fitting.passive import basis
from allentk.fitting.recording import BIN_S, Trial
from allentk.models import GLIFParameters

__all__ = ["Forced", "forced", "forced_voltage"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forced:
    """What a threshold is fitted to: bins outside refractory times, of all trials.

    Parameters
    ----------
    voltage_mv : ndarray, shape (n,)
        The model's voltage above rest.
    fired : ndarray of bool, shape (n,)
        Whether the cell fired in the bin.
    used : ndarray of bool, shape (n,)
        Whether the bin may be fitted; what may not still is history.
    sizes : tuple of int
        Bins of every trial, which follow each other.
    kicks : tuple of ndarray
        For every trial, the bin in which each refractory time has ended, counted from its first.
    t_ref_s : float
        The refractory time in seconds.
    """

    voltage_mv: Array
    fired: NDArray[np.bool_]
    used: NDArray[np.bool_]
    sizes: tuple[int, ...]
    kicks: tuple[NDArray[np.int64], ...]
    t_ref_s: float

    def spike_trace(self, rate_per_s: float) -> Array:
        """Return 1 per spike as of the end of its refractory time, decaying, frozen bins left out.

        It decays through the refractory times too, as the model's threshold does.
        """
        lost = math.exp(-rate_per_s * self.t_ref_s)
        step = math.exp(-rate_per_s * BIN_S)
        out = np.empty(self.voltage_mv.size)
        start = 0
        for size, kicks in zip(self.sizes, self.kicks, strict=True):
            state, first = 0.0, 0
            clock = step ** np.arange(size + 1)
            for kick in [*kicks.tolist(), size]:
                out[start + first : start + kick] = state * clock[: kick - first]
                state = state * float(clock[kick - first]) * lost + 1.0
                first = kick
            start += size
        return out

    def voltage_trace(self, rate_per_s: float) -> Array:
        """Return the integral of the voltage in mV s, forgotten at `rate_per_s`, held while silent."""
        step = math.exp(-rate_per_s * BIN_S)
        gain = (1 - step) / rate_per_s if rate_per_s > 0 else BIN_S
        out, start = np.empty(self.voltage_mv.size), 0
        for size in self.sizes:
            part = slice(start, start + size)
            out[part] = signal.lfilter([0.0, gain], [1.0, -step], self.voltage_mv[part])
            start += size
        return out


def forced_voltage(trial: Trial, model: GLIFParameters) -> Array:
    """Return the model's voltage above rest in mV in every bin, reset after every recorded spike.

    The reset rule takes the model's own voltage at the spike; bins of refractory times have no meaning.
    """
    ends, n = spike_ends(trial, model.t_ref_s), trial.voltage_mv.size
    p = math.exp(-BIN_S / model.tau_m_s)
    drive = trial.current_pa.copy()
    for amp, tau in zip(model.asc_amp_pa, model.asc_tau_s, strict=True):
        drive += amp * basis(n, ends, 1 / tau)
    free = free_response(drive, p, (1 - p) * model.R_mohm * 1e-3)
    if not ends.size:
        return free
    at = np.minimum((trial.spike_times_s[: ends.size] / BIN_S).astype(np.int64), n - 1)
    apart, last = np.empty(ends.size), -1
    for k, (spike, end) in enumerate(zip(at.tolist(), ends.tolist(), strict=True)):
        before = free[spike] + (apart[last] * p ** max(spike - ends[last], 0) if last >= 0 else 0.0)
        apart[k] = model.reset_a * before + model.reset_b_mv - free[end]
        last = k
    which, since = since_reset(n, ends)
    return free + np.where(which >= 0, apart[np.maximum(which, 0)], 0.0) * p**since


def forced(trials: Sequence[Trial], model: GLIFParameters) -> Forced:
    """Run the model through trials with their recorded spikes."""
    voltages, fired, used, sizes, kicks = [], [], [], [], []
    for trial in trials:
        n = trial.voltage_mv.size
        ends = spike_ends(trial, model.t_ref_s)
        spikes = np.minimum((trial.spike_times_s / BIN_S).astype(np.int64), n - 1)
        silent = np.zeros(n + 1, dtype=np.int64)
        np.add.at(silent, np.minimum(spikes + 1, n), 1)
        np.add.at(silent, np.append(ends, np.full(spikes.size - ends.size, n)), -1)
        live = np.cumsum(silent[:-1]) <= 0
        hit = np.zeros(n, dtype=np.bool_)
        hit[spikes] = True
        place = np.cumsum(live) - live
        voltages.append(forced_voltage(trial, model)[live])
        fired.append(hit[live])
        used.append(trial.kept[live])
        sizes.append(int(live.sum()))
        kicks.append(place[ends])
    return Forced(
        np.concatenate(voltages),
        np.concatenate(fired),
        np.concatenate(used),
        tuple(sizes),
        tuple(kicks),
        model.t_ref_s,
    )
