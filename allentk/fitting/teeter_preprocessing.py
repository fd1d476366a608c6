"""The published GLIF preprocessing: membrane, spike cutting and reset, after-spike currents.

Everything here is described by Teeter et al. 2018, Nature Communications 9:709, methods, and in the
programs published with it; the published rules are kept where better ones are known.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FitError
from allentk.fitting.passive import RATES_PER_S
from allentk.fitting.teeter_traces import Terms, Trace

__all__ = [
    "Currents",
    "Cut",
    "Membrane",
    "fit_currents",
    "fit_cut",
    "fit_membrane",
]

Array = NDArray[np.float64]

#: The membrane is measured from the start of the stimulus to here; no spike may come before the other.
PASSIVE_UNTIL_S, SILENT_UNTIL_S = 6.0, 8.0
#: Left out around spikes where there is no silent stretch.
BEFORE_S, AFTER_S = 0.002, 0.010
#: Limits of the length of a spike, and how much of the sweep must follow it.
CUT_FIRST_S, CUT_LAST_S, WINDOW_S = 0.001, 0.010, 0.015
#: How long an after-spike current lasts.
BASIS_S = 0.4


@dataclass(frozen=True, slots=True)
class Membrane:
    """Resting potential, resistance and capacitance, and the last two by sweep."""

    rest_mv: float
    R_mohm: float
    C_pf: float
    r_mohm_by_sweep: tuple[float, ...]
    c_pf_by_sweep: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """How long a spike lasts, and the voltage after it from that at its threshold (above rest)."""

    t_ref_s: float
    slope: float
    intercept_mv: float


@dataclass(frozen=True, slots=True)
class Currents:
    """Two after-spike currents, their size at the threshold crossing, and the resistance beside them."""

    amp_pa: tuple[float, float]
    rate_per_s: tuple[float, float]
    R_mohm: float


def fit_membrane(noise: list[Trace], terms: Terms) -> Membrane:
    """Regress ``V[t+1] = p V[t] + q I[t] + s`` sweep by sweep before the first spike.

    ``C = dt / q`` and ``R = q / (1 - p)``, means over sweeps; the rest is the mean voltage before the
    stimulus. Where a recording has no silent beginning, samples outside spikes are taken.

    Raises
    ------
    FitError
        Where a regression gives no membrane; under strict terms where there is no silent beginning.
    """
    if all(_begins_silent(trace) for trace in noise):
        chosen = [_beginning(trace) for trace in noise]
    else:
        terms.replaced(
            "the noise has no subthreshold beginning (a known start and no spike before 8 s)",
            "the membrane is regressed on the samples outside spikes",
        )
        chosen = [np.flatnonzero(trace.outside_spikes(BEFORE_S, AFTER_S)[:-1]) for trace in noise]
    found = [_regress(trace, keep) for trace, keep in zip(noise, chosen, strict=True)]
    r_mohm, c_pf, level = (tuple(row[i] for row in found) for i in range(3))
    rests = [trace.rest_mv for trace in noise]
    if not all(map(math.isfinite, rests)):
        terms.replaced(
            "the noise has no rest before the stimulus", "the rest is that of the regression"
        )
        rests = list(level)
    return Membrane(
        float(np.mean(rests)), float(np.mean(r_mohm)), float(np.mean(c_pf)), r_mohm, c_pf
    )


def _begins_silent(trace: Trace) -> bool:
    started = trace.sweep.has_window and trace.sweep.start_s < PASSIVE_UNTIL_S < trace.duration_s
    first = trace.spikes[0] * trace.dt_s if trace.spikes.size else math.inf
    return started and bool(first >= SILENT_UNTIL_S)


def _beginning(trace: Trace) -> NDArray[np.int64]:
    return np.arange(trace.step(trace.sweep.start_s), trace.step(PASSIVE_UNTIL_S) - 1)


def _regress(trace: Trace, at: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return resistance, capacitance and resting potential."""
    v, i = trace.voltage_mv, trace.current_pa
    if at.size < 100 or float(np.ptp(i[at])) < 1.0:
        raise FitError(
            f"{trace.sweep.label}: {at.size} samples of subthreshold noise, and a current that varies by "
            f"less than 1 pA in them, do not tell the membrane"
        )
    design = np.column_stack([v[at], i[at], np.ones(at.size)])
    p, q, s = np.linalg.lstsq(design, v[at + 1], rcond=None)[0].tolist()
    if not (0 < p < 1 and q > 0):
        raise FitError(
            f"{trace.sweep.label}: the regression gives p = {p:.6f} and q = {q:.4g} mV/pA, which no "
            f"passive membrane has; is the current in pA and the voltage in mV?"
        )
    return q / (1 - p) * 1e3, trace.dt_s / q * 1e3, s / (1 - p)


def fit_cut(noise: list[Trace], rest_mv: float, terms: Terms) -> Cut:
    """Find where the voltage after a spike is best told by a line from that at its threshold.

    Spikes are aligned at threshold; of the ends from 1 ms to 10 ms, or to the shortest interval, the one
    with the smallest sum of absolute residuals is the end of the spike. The published program also
    looked at the intervals of the hold-out noise, which is not done here. Where the rule ends the spike
    above its threshold, near the peak, the best end below is taken, but under strict terms not.

    Raises
    ------
    FitError
        Where fewer than three spikes can be followed, or the shortest interval is below 1 ms.
    """
    dt_s = noise[0].dt_s
    intervals = np.concatenate([np.diff(trace.spikes) for trace in noise])
    longest = int(min(intervals.min(initial=round(CUT_LAST_S / dt_s)), round(CUT_LAST_S / dt_s)))
    ends = np.arange(round(CUT_FIRST_S / dt_s), longest + 1)
    rows = [_aftermath(trace, ends) for trace in noise]
    before, after = (np.concatenate(part) - rest_mv for part in zip(*rows, strict=True))
    if before.size < 3 or not ends.size:
        raise FitError(
            f"sweeps {[trace.number for trace in noise]}: {before.size} spikes, the nearest "
            f"{longest * dt_s * 1e3:.2f} ms apart, do not tell how long a spike lasts"
        )
    design = np.column_stack([before, np.ones(before.size)])
    lines = np.linalg.lstsq(design, after, rcond=None)[0]
    best = _best_end(np.abs(after - design @ lines).sum(axis=0), before, after, terms)
    return Cut(float(ends[best] * dt_s), float(lines[0, best]), float(lines[1, best]))


def _best_end(residuals: Array, before: Array, after: Array, terms: Terms) -> int:
    best = int(residuals.argmin())
    below = after.mean(axis=0) < before.mean()
    if below[best] or terms.strict or not below.any():
        return best
    terms.notes.append(
        "By the published rule a spike ends above its threshold, near its peak: the best end below the "
        "threshold is taken."
    )
    return int(np.where(below, residuals, np.inf).argmin())


def _aftermath(trace: Trace, ends: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the voltages at the thresholds, and after them, of shape ``(n_spikes, n_ends)``."""
    followed = trace.spikes[trace.spikes + round(WINDOW_S / trace.dt_s) < trace.voltage_mv.size]
    return trace.voltage_mv[followed], trace.voltage_mv[followed[:, None] + ends]


def fit_currents(noise: list[Trace], membrane: Membrane, t_ref_s: float) -> Currents:
    """Regress ``dV/dt - I/C`` outside spikes on every pair of after-spike currents and the leak.

    The capacitance is fixed; the leak's coefficient gives the resistance. The pair with the largest mean
    log-likelihood over sweeps is taken, amplitudes and resistance are means over sweeps.

    Raises
    ------
    FitError
        Where the leak comes out without a resistance, or no sweep has a spike.
    """
    spiking = [trace for trace in noise if trace.spikes.size]
    moments = [_moments(trace, membrane, t_ref_s) for trace in spiking]
    best: tuple[float, tuple[int, int], Array] | None = None
    for pair in itertools.combinations(range(len(RATES_PER_S)), 2):
        fits = [_solve(*moment, np.array([*pair, len(RATES_PER_S)])) for moment in moments]
        likelihood = float(np.mean([fit[0] for fit in fits]))
        if best is None or likelihood > best[0]:
            best = likelihood, pair, np.array([fit[1] for fit in fits])
    assert best is not None
    _, (i, j), found = best
    leak = found[:, 2]
    if not (leak > 0).all():
        raise FitError(
            f"sweeps {[trace.number for trace in spiking]}: beside after-spike currents the leak is "
            f"{leak.min():.3g} of the one before; fit a level without them"
        )
    amp_pa = found[:, :2].mean(axis=0) * membrane.C_pf * 1e-3
    return Currents(
        (float(amp_pa[0]), float(amp_pa[1])),
        (RATES_PER_S[i], RATES_PER_S[j]),
        float((membrane.R_mohm / leak).mean()),
    )


def _moments(trace: Trace, membrane: Membrane, t_ref_s: float) -> tuple[Array, Array, float, int]:
    """Return Gram matrix, moments, power and number of samples of a sweep's regression."""
    v, dt_s = trace.voltage_mv, trace.dt_s
    keep = trace.outside_spikes(0.0, t_ref_s)[:-1]
    target = (np.diff(v) / dt_s - trace.current_pa[:-1] / membrane.C_pf * 1e3)[keep]
    leak = -(v - membrane.rest_mv) / (membrane.R_mohm * membrane.C_pf * 1e-6)
    columns = [_since_spikes(trace, rate) for rate in RATES_PER_S]
    design = np.column_stack([column[:-1][keep] for column in (*columns, leak)])
    return design.T @ design, design.T @ target, float(target @ target), target.size


def _since_spikes(trace: Trace, rate_per_s: float) -> Array:
    """Return the sum over spikes of an exponential of unit size that ends after `BASIS_S`."""
    shape = np.exp(-rate_per_s * trace.dt_s * np.arange(round(BASIS_S / trace.dt_s)))
    out = np.zeros(trace.voltage_mv.size)
    for spike in trace.spikes.tolist():
        span = out[spike : spike + shape.size]
        span += shape[: span.size]
    return out


def _solve(
    gram: Array, moment: Array, power: float, n: int, chosen: NDArray[np.int64]
) -> tuple[float, Array]:
    """Return the Gaussian log-likelihood and the coefficients of the chosen columns."""
    found = np.asarray(
        np.linalg.lstsq(gram[np.ix_(chosen, chosen)], moment[chosen], rcond=None)[0], dtype=float
    )
    left = max(power - float(found @ moment[chosen]), 1e-12 * power) or 1e-300
    return -n / 2 * (math.log(2 * math.pi * left / n) + 1), found
