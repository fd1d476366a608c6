"""After-spike currents by regression on the voltage between spikes."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.fitting.passive import RATES_PER_S, Passive, basis, between_spikes
from allentk.fitting.recording import BIN_S, Trial

__all__ = ["AfterSpike", "fit_afterspike", "forced_response"]

Array = NDArray[np.float64]

#: A spike's own upstroke is left out of the comparison.
BEFORE_S = 0.002


@dataclass(frozen=True, slots=True)
class AfterSpike:
    """Two exponential currents, their size at the end of the refractory time."""

    amp_pa: tuple[float, float]
    tau_s: tuple[float, float]
    residual_mv: float
    residual_without_mv: float


def _ends(trial: Trial, t_ref_s: float) -> NDArray[np.int64]:
    """Bins in which the refractory time of a spike has ended."""
    ends = np.ceil((trial.spike_times_s + t_ref_s) / BIN_S).astype(np.int64)
    return ends[ends < trial.voltage_mv.size]


def forced_response(current_pa: Array, passive: Passive, resets: NDArray[np.int64]) -> Array:
    """Return the voltage above rest in mV of a membrane that is set to rest at the bins `resets`."""
    p = math.exp(-BIN_S / passive.tau_s)
    gain = (1 - p) * passive.R_mohm * 1e-3
    middle = np.concatenate([[0.0], (current_pa[:-1] + current_pa[1:]) / 2])
    out = np.empty(current_pa.size)
    for first, last in itertools.pairwise([0, *resets.tolist(), current_pa.size]):
        drive = middle[first:last].copy()
        if drive.size:
            drive[0] = 0.0
            out[first:last] = signal.lfilter([gain], [1.0, -p], drive)
    return out


def fit_afterspike(trials: list[Trial], passive: Passive, t_ref_s: float) -> AfterSpike | None:
    """Find the two after-spike currents that explain the voltage best.

    The model runs with the recorded spikes: it is set to rest at the end of each refractory time. Its
    voltage is linear in the amplitudes, which are therefore regressed, for each pair of
    `RATES_PER_S`; the pair with the smallest residual is kept. Amplitudes hold at the end of the
    refractory time, where the model applies them.

    Returns
    -------
    AfterSpike or None
        None where there are fewer than three spikes.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, who regress dV/dt at the recorded voltage.
    """
    if sum(trial.spike_times_s.size for trial in trials) < 3:
        return None
    target, bases = [], []
    for trial in trials:
        resets = _ends(trial, t_ref_s)
        keep = between_spikes(trial, BEFORE_S, t_ref_s)
        silent = forced_response(trial.current_pa, passive, resets)
        target.append((trial.voltage_mv - passive.E_L_mv - silent)[keep])
        responses = [
            forced_response(basis(trial.voltage_mv.size, resets, rate), passive, resets)[keep]
            for rate in RATES_PER_S
        ]
        bases.append(np.column_stack(responses))
    wanted, design = np.concatenate(target), np.concatenate(bases)
    gram, moment, power = design.T @ design, design.T @ wanted, float(wanted @ wanted)
    best: tuple[float, tuple[int, int], Array] | None = None
    for pair in itertools.combinations(range(len(RATES_PER_S)), 2):
        chosen = np.array(pair)
        amp = np.linalg.lstsq(gram[np.ix_(chosen, chosen)], moment[chosen], rcond=None)[0]
        left = power - float(amp @ moment[chosen])
        if best is None or left < best[0]:
            best = (left, pair, amp)
    assert best is not None
    left, pair, amp = best
    return AfterSpike(
        (float(amp[0]), float(amp[1])),
        (1 / RATES_PER_S[pair[0]], 1 / RATES_PER_S[pair[1]]),
        math.sqrt(max(left, 0.0) / wanted.size),
        math.sqrt(power / wanted.size),
    )
