"""Resting potential, resistance and capacitance by regression."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FitError
from allentk.fitting.recording import BIN_S, Trial

__all__ = ["Passive", "between_spikes", "fit_passive"]

Array = NDArray[np.float64]

#: Left out around a spike: its own rise, and what follows until the membrane is passive again.
BEFORE_S, AFTER_S = 0.002, 0.02


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
    """Return which bins lie outside ``[spike - before_s, spike + after_s]``."""
    n = trial.voltage_mv.size
    edges = np.zeros(n + 1)
    first = np.clip(((trial.spike_times_s - before_s) / BIN_S).astype(int), 0, n)
    last = np.clip(((trial.spike_times_s + after_s) / BIN_S).astype(int) + 1, 0, n)
    np.add.at(edges, first, 1)
    np.add.at(edges, last, -1)
    return np.asarray(np.cumsum(edges[:-1]) == 0)


def fit_passive(trials: list[Trial]) -> Passive:
    """Regress every binned voltage on the one before it and on the current.

    ``V[k+1] = p V[k] + q (I[k] + I[k+1]) / 2 + s`` outside spikes, all sweeps together; then
    ``tau = -dt / ln p``, ``R = q / (1 - p)`` and ``E_L = s / (1 - p)``. Where the sweeps have a rest
    before the stimulus, E_L is the mean voltage there.

    Raises
    ------
    FitError
        Where the current does not vary, or the regression gives no passive membrane.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, methods.
    """
    rows, targets = [], []
    for trial in trials:
        quiet = between_spikes(trial, BEFORE_S, AFTER_S)
        keep = quiet[:-1] & quiet[1:]
        v, i = trial.voltage_mv, trial.current_pa
        rows.append(np.column_stack([v[:-1], (i[:-1] + i[1:]) / 2, np.ones(v.size - 1)])[keep])
        targets.append(v[1:][keep])
    design, target = np.concatenate(rows), np.concatenate(targets)
    if design.shape[0] < 100 or np.ptp(design[:, 1]) < 1.0:
        raise FitError(
            f"sweeps {[trial.number for trial in trials]}: {design.shape[0]} bins outside spikes with a "
            f"current that varies by {np.ptp(design[:, 1]) if len(design) else 0:.1f} pA; the passive "
            f"membrane cannot be told from that"
        )
    p, q, s = np.linalg.lstsq(design, target, rcond=None)[0]
    if not (0 < p < 1 and q > 0):
        raise FitError(
            f"sweeps {[trial.number for trial in trials]}: the regression gives p = {p:.4f} and "
            f"q = {q:.4g} mV/pA, which no passive membrane has; is the current in pA and the voltage "
            f"in mV?"
        )
    r_mohm = q / (1 - p) * 1e3
    tau_s = -BIN_S / math.log(p)
    rests = np.array([trial.rest_mv for trial in trials])
    rest = np.nanmean(rests) if np.isfinite(rests).any() else s / (1 - p)
    return Passive(float(rest), float(r_mohm), float(tau_s / r_mohm * 1e6))
