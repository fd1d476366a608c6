"""Membrane and after-spike currents together, by regression on the voltage between spikes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.fitting.passive import RATES_PER_S, Passive, basis, between_spikes
from allentk.fitting.recording import BIN_S, Trial
from allentk.fitting.refractory import Reset

__all__ = [
    "Membrane",
    "at_place",
    "fit_membrane",
    "free_response",
    "place_of",
    "since_reset",
    "spike_ends",
]

Array = NDArray[np.float64]

#: A spike's own upstroke is left out of the comparison.
BEFORE_S = 0.002
#: Spikes that after-spike currents are regressed on.
FEWEST = 3
#: Time constants tried, relative to that of the passive membrane.
TAUS = np.geomspace(0.55, 1.8, 9)


@dataclass(frozen=True, slots=True)
class Membrane:
    """A passive membrane, and two after-spike currents as of the end of the refractory time."""

    E_L_mv: float
    R_mohm: float
    C_pf: float
    amp_pa: tuple[float, ...]
    tau_s: tuple[float, ...]
    residual_mv: float
    residual_without_mv: float

    @classmethod
    def of(cls, passive: Passive) -> Membrane:
        """Return a passive membrane, without currents; what it leaves is not known."""
        return cls(passive.E_L_mv, passive.R_mohm, passive.C_pf, (), (), math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class _Fit:
    left: float
    tau_s: float
    weights: Array
    pair: tuple[int, ...]


def place_of(times_s: Array) -> Array:
    """Return where times lie between the centres of the bins."""
    return times_s / BIN_S - 0.5


def spike_ends(trial: Trial, t_ref_s: float) -> Array:
    """Return the places where the refractory time of a spike has ended."""
    ends = place_of(trial.spike_times_s + t_ref_s)
    return ends[ends <= trial.voltage_mv.size - 1]


def since_reset(n_bins: int, resets: Array) -> tuple[NDArray[np.int64], Array]:
    """Return for every bin which reset was the last, -1 for none, and the bins since it."""
    if not resets.size:
        return np.full(n_bins, -1), np.full(n_bins, np.inf)
    bins = np.arange(n_bins)
    last = np.searchsorted(resets, bins, side="right") - 1
    return last, np.where(last >= 0, bins - resets[np.maximum(last, 0)], np.inf)


def free_response(current_pa: Array, p: float, gain: float) -> Array:
    """Return the voltage above rest in mV of a membrane that decays by `p` a bin and never resets."""
    middle = np.concatenate([[0.0], (current_pa[:-1] + current_pa[1:]) / 2])
    free: Array = signal.lfilter([gain], [1.0, -p], middle)
    return free


def at_place(values: Array, places: Array) -> Array:
    """Return values between the bins' centres."""
    return np.asarray(np.interp(places, np.arange(values.size), values))


def _at_reset(free: Array, resets: Array, last: NDArray[np.int64]) -> Array:
    if not resets.size:
        return np.zeros(free.size)
    return np.where(last >= 0, at_place(free, resets)[np.maximum(last, 0)], 0.0)


def fit_membrane(
    trials: Sequence[Trial],
    passive: Passive,
    t_ref_s: float,
    *,
    reset: Reset | None = None,
    currents: bool = True,
) -> Membrane:
    """Find membrane and after-spike currents that explain the voltage between spikes best.

    The model runs with the recorded spikes: at the end of each refractory time it is set to rest, or by
    `reset` from the voltage at threshold. For a time constant of the membrane its voltage is then
    linear in E_L, in R and in the amplitudes of the currents, which are regressed together, for each
    pair of `RATES_PER_S`; the time constant and the pair of the smallest residual, which are those of
    the largest likelihood under Gaussian noise, are kept. Amplitudes hold at the end of the refractory
    time, where the model applies them.

    Parameters
    ----------
    trials : sequence of Trial
        Voltage, current and spikes.
    passive : Passive
        Where the search for the time constant begins.
    t_ref_s : float
        Refractory time.
    reset : Reset, optional
        The voltage after a spike; rest where not given.
    currents : bool
        Whether there are after-spike currents; with fewer than three spikes they are 0.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, who regress dV/dt at the recorded voltage.
    """
    n_spikes = sum(trial.spike_times_s.size for trial in trials)
    used = currents and n_spikes >= FEWEST
    wanted = _wanted(trials, t_ref_s)
    tried = [_regress(trials, passive.tau_s * float(f), t_ref_s, reset, used, wanted) for f in TAUS]
    best = min(tried, key=lambda fit: fit[0].left)
    at = tried.index(best)
    if 0 < at < len(tried) - 1:
        tau = _vertex([fit[0] for fit in tried[at - 1 : at + 2]])
        best = min(
            best, _regress(trials, tau, t_ref_s, reset, used, wanted), key=lambda fit: fit[0].left
        )
    found, without = best
    n_bins = max(sum(int(keep.sum()) for keep in wanted), 1)
    return _membrane(found, passive, currents, n_bins, without)


def _vertex(three: list[_Fit]) -> float:
    """Return the time constant at the lowest point of the parabola through three residuals."""
    x = np.log([fit.tau_s for fit in three])
    curve = np.polyfit(x, [fit.left for fit in three], 2)
    return math.exp(-curve[1] / (2 * curve[0])) if curve[0] > 0 else three[1].tau_s


def _wanted(trials: Sequence[Trial], t_ref_s: float) -> list[NDArray[np.bool_]]:
    return [between_spikes(trial, BEFORE_S, t_ref_s) for trial in trials]


def _regress(
    trials: Sequence[Trial],
    tau_s: float,
    t_ref_s: float,
    reset: Reset | None,
    currents: bool,
    wanted: list[NDArray[np.bool_]],
) -> tuple[_Fit, float]:
    """Return the best fit at one time constant, and the squares left without currents."""
    rates = RATES_PER_S if currents else ()
    size = 2 + len(rates)
    gram, moment, power = np.zeros((size, size)), np.zeros(size), 0.0
    for trial, keep in zip(trials, wanted, strict=True):
        design, target = _columns(trial, tau_s, t_ref_s, reset, rates)
        design, target = design[:, keep], target[keep]
        gram += design @ design.T
        moment += design @ target
        power += float(target @ target)
    fits = []
    for pair in itertools.combinations(range(len(rates)), 2) if rates else [()]:
        chosen = np.array([0, 1, *(2 + j for j in pair)])
        weights = np.linalg.lstsq(gram[np.ix_(chosen, chosen)], moment[chosen], rcond=None)[0]
        fits.append(_Fit(power - float(weights @ moment[chosen]), tau_s, weights, pair))
    plain = np.linalg.lstsq(gram[:2, :2], moment[:2], rcond=None)[0]
    return min(fits, key=lambda fit: fit.left), power - float(plain @ moment[:2])


def _columns(
    trial: Trial, tau_s: float, t_ref_s: float, reset: Reset | None, rates: Sequence[float]
) -> tuple[Array, Array]:
    """Return rows of E_L, current and after-spike currents, and the voltage they explain."""
    ends, n = spike_ends(trial, t_ref_s), trial.voltage_mv.size
    p = math.exp(-BIN_S / tau_s)
    last, since = since_reset(n, ends)
    decay = p**since
    drives = [trial.current_pa, *(basis(n, ends, rate) for rate in rates)]
    rows = [np.ones(n)]
    for drive in drives:
        free = free_response(drive, p, (1 - p) * 1e-3)
        rows.append(free - _at_reset(free, ends, last) * decay)
    target = trial.voltage_mv
    if reset is not None and ends.size:
        after = reset.slope * trial.threshold_mv[: ends.size] + reset.offset_mv
        rows[0] = 1.0 - decay
        target = target - after[np.maximum(last, 0)] * decay
    return np.stack(rows), target


def _membrane(fit: _Fit, passive: Passive, currents: bool, n_bins: int, without: float) -> Membrane:
    """Read the numbers off the weights; a membrane that cannot be is the passive one."""
    rest, R_mohm = float(fit.weights[0]), float(fit.weights[1])
    tau = fit.tau_s
    if R_mohm <= 0:
        rest, R_mohm, tau = passive.E_L_mv, passive.R_mohm, passive.tau_s
    amp: tuple[float, ...] = ()
    taus: tuple[float, ...] = ()
    if currents:
        slow = fit.pair or (1, 3)
        amp = tuple((fit.weights[2:] / R_mohm).tolist()) if fit.pair else (0.0, 0.0)
        taus = tuple(1 / RATES_PER_S[j] for j in slow)
    return Membrane(
        rest,
        R_mohm,
        tau / R_mohm * 1e6,
        amp,
        taus,
        math.sqrt(max(fit.left, 0.0) / n_bins),
        math.sqrt(max(without, 0.0) / n_bins),
    )
