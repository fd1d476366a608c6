"""The model's voltage when it is made to fire the recorded spikes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.fitting.membrane import at_place, free_response, place_of, since_reset, spike_ends
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
    live : tuple of ndarray of bool
        For every trial, which of its bins are in no refractory time.
    ends : tuple of ndarray
        For every trial, the places between bins where refractory times have ended.
    """

    voltage_mv: Array
    fired: NDArray[np.bool_]
    used: NDArray[np.bool_]
    live: tuple[NDArray[np.bool_], ...]
    ends: tuple[Array, ...]

    def spike_trace(self, rate_per_s: float) -> Array:
        """Return what every spike raises by 1 at the end of its refractory time, decaying always."""
        traces = [
            basis(live.size, ends, rate_per_s)[live]
            for live, ends in zip(self.live, self.ends, strict=True)
        ]
        return np.concatenate(traces)

    def voltage_trace(self, rate_per_s: float) -> Array:
        """Return the integral of the voltage in mV s, forgotten at `rate_per_s`, held while silent."""
        step = math.exp(-rate_per_s * BIN_S)
        gain = (1 - step) / rate_per_s if rate_per_s > 0 else BIN_S
        out, start = np.empty(self.voltage_mv.size), 0
        for live in self.live:
            part = slice(start, start + int(live.sum()))
            out[part] = signal.lfilter([0.0, gain], [1.0, -step], self.voltage_mv[part])
            start = part.stop
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
    at = place_of(trial.spike_times_s[: ends.size])
    at_spike, at_end = at_place(free, at), at_place(free, ends)
    apart, left = np.empty(ends.size), 0.0
    for k in range(ends.size):
        before = at_spike[k] + (left * p ** max(at[k] - ends[k - 1], 0.0) if k else 0.0)
        apart[k] = left = model.reset_a * before + model.reset_b_mv - at_end[k]
    which, since = since_reset(n, ends)
    return free + np.where(which >= 0, apart[np.maximum(which, 0)], 0.0) * p**since


def forced(trials: Sequence[Trial], model: GLIFParameters) -> Forced:
    """Run the model through trials with their recorded spikes."""
    voltages: list[Array] = []
    fired: list[NDArray[np.bool_]] = []
    live: list[NDArray[np.bool_]] = []
    for trial in trials:
        n = trial.voltage_mv.size
        hit = np.zeros(n, dtype=np.bool_)
        hit[trial.spike_bins] = True
        live.append(_live(n, trial.spike_bins, spike_ends(trial, model.t_ref_s)))
        voltages.append(forced_voltage(trial, model)[live[-1]])
        fired.append(hit[live[-1]])
    return Forced(
        np.concatenate(voltages),
        np.concatenate(fired),
        np.concatenate([trial.kept[alive] for trial, alive in zip(trials, live, strict=True)]),
        tuple(live),
        tuple(spike_ends(trial, model.t_ref_s) for trial in trials),
    )


def _live(n_bins: int, spikes: NDArray[np.int64], ends: Array) -> NDArray[np.bool_]:
    """Return which bins are in no refractory time; the bin of a spike itself is in none."""
    change = np.zeros(n_bins + 1, dtype=np.int64)
    first = np.ceil(ends).astype(np.int64)
    np.add.at(change, spikes + 1, 1)
    np.add.at(change, np.append(first, np.full(spikes.size - first.size, n_bins)), -1)
    return np.asarray(np.cumsum(change[:-1]) <= 0)
