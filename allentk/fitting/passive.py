"""Resting potential, resistance and capacitance by regression."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.errors import FitError
from allentk.fitting.recording import BIN_S, Trial

__all__ = ["RATES_PER_S", "Passive", "basis", "between_spikes", "fit_passive"]

Array = NDArray[np.float64]

#: Left out around a spike: its own rise, and what follows until the membrane is passive again.
BEFORE_S, AFTER_S = 0.002, 0.01
#: Part of the way from rest to threshold that counts as passive; the next where one is not.
PASSIVE_PARTS = (0.8, 0.5, 0.3)
#: Decay rates of after-spike currents, as published.
RATES_PER_S = (3.0, 10.0, 30.0, 100.0, 300.0)


@dataclass(frozen=True, slots=True)
class Passive:
    """A passive membrane."""

    E_L_mv: float
    R_mohm: float
    C_pf: float

    @property
    def tau_s(self) -> float:
        """Membrane time constant."""
        return self.R_mohm * self.C_pf * 1e-6


def between_spikes(trial: Trial, before_s: float, after_s: float) -> NDArray[np.bool_]:
    """Return which bins may be used and lie outside ``[spike - before_s, spike + after_s]``."""
    n = trial.voltage_mv.size
    edges = np.zeros(n + 1)
    first = np.clip(((trial.spike_times_s - before_s) / BIN_S).astype(int), 0, n)
    last = np.clip(((trial.spike_times_s + after_s) / BIN_S).astype(int) + 1, 0, n)
    np.add.at(edges, first, 1)
    np.add.at(edges, last, -1)
    return np.asarray(np.cumsum(edges[:-1]) == 0) & trial.kept


def basis(n_bins: int, resets: Array, rate_per_s: float) -> Array:
    """Return what is raised by 1 at each reset and decays with this rate, in bins.

    Resets are places between the bins' centres; the first bin after one has decayed already.
    """
    kicks, first = np.zeros(n_bins), np.ceil(resets).astype(np.int64)
    inside = first < n_bins
    size = np.exp(-rate_per_s * BIN_S * (first - resets)[inside])
    np.add.at(kicks, first[inside], size)
    current: Array = signal.lfilter([1.0], [1.0, -math.exp(-rate_per_s * BIN_S)], kicks)
    return current


def _ceiling_mv(trial: Trial, thresholds_mv: Array, part: float) -> float:
    """Return the voltage up to which the membrane counts as passive."""
    rest = (
        trial.rest_mv
        if math.isfinite(trial.rest_mv)
        else np.percentile(trial.voltage_mv[trial.kept], 5)
    )
    if not thresholds_mv.size:
        return math.inf
    return float(rest + part * (thresholds_mv.mean() - rest))


def fit_passive(trials: list[Trial]) -> Passive:
    """Regress every binned voltage on the one before it and on the current.

    ``V[k+1] = p V[k] + q (I[k] + I[k+1]) / 2 + s`` and exponentials since each spike, outside spikes
    and clear of threshold, all sweeps together; then ``tau = -dt / ln p``, ``R = q / (1 - p)`` and
    ``E_L = s / (1 - p)``. Where the sweeps have a rest before the stimulus, E_L is the mean voltage
    there.

    Raises
    ------
    FitError
        Where the current does not vary, or the regression gives no passive membrane.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, methods.
    """
    best: tuple[float, float, float] | None = None
    for part in PASSIVE_PARTS:
        p, q, s = _regress(trials, part)
        if 0 < p < 1 and q > 0:
            best = p, q, s
            break
    if best is None:
        raise FitError(
            f"sweeps {[trial.number for trial in trials]}: the regression gives p = {p:.4f} and "
            f"q = {q:.4g} mV/pA, which no passive membrane has; is the current in pA and the voltage "
            f"in mV?"
        )
    p, q, s = best
    r_mohm = q / (1 - p) * 1e3
    tau_s = -BIN_S / math.log(p)
    rests = np.array([trial.rest_mv for trial in trials])
    rest = np.nanmean(rests) if np.isfinite(rests).any() else s / (1 - p)
    return Passive(float(rest), float(r_mohm), float(tau_s / r_mohm * 1e6))


def _regress(trials: list[Trial], part: float) -> tuple[float, float, float]:
    """Return p, q and s of the regression over bins in the lower `part` of the way to threshold."""
    thresholds = np.concatenate([trial.threshold_mv for trial in trials])
    rows, targets = [], []
    for trial in trials:
        v, i = trial.voltage_mv, trial.current_pa
        quiet = between_spikes(trial, BEFORE_S, AFTER_S)
        keep = quiet[:-1] & quiet[1:] & (v[:-1] < _ceiling_mv(trial, thresholds, part))
        resets = np.ceil((trial.spike_times_s + AFTER_S) / BIN_S)
        bases = [basis(v.size, resets, rate)[1:] for rate in RATES_PER_S]
        mean_current = (i[:-1] + i[1:]) / 2
        rows.append(np.column_stack([v[:-1], mean_current, np.ones(v.size - 1), *bases])[keep])
        targets.append(v[1:][keep])
    design, target = np.concatenate(rows), np.concatenate(targets)
    if design.shape[0] < 100 or np.ptp(design[:, 1]) < 1.0:
        raise FitError(
            f"sweeps {[trial.number for trial in trials]}: {design.shape[0]} bins outside spikes with a "
            f"current that varies by {np.ptp(design[:, 1]) if len(design) else 0:.1f} pA; the passive "
            f"membrane cannot be told from that"
        )
    p, q, s = np.linalg.lstsq(design, target, rcond=None)[0][:3]
    return float(p), float(q), float(s)
