"""The passive side of a hyperpolarising step, drawn: baseline, peak, steady state, and the fit of tau."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk import features
from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features.definition import Definition
from allentk.features.subthreshold import BASELINE_S
from allentk.report.figures import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Step", "fit_of", "mark_levels", "measured_step", "onset_panel"]

Array = NDArray[np.float64]

_FIT = "fit of the time constant"

#: Points of an onset and of a fitted curve.
_POINTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A hyperpolarising step as it was measured; voltages in mV, times in s, sag a fraction."""

    base_mv: float
    steady_mv: float
    peak_mv: float
    peak_s: float
    sag: float
    tau_s: float


def measured_step(sweep: Sweep, definition: Definition = "allen") -> Step | None:
    """Measure a hyperpolarising step; None where the sweep is none or cannot be measured."""
    if sweep.clamp != "current" or not sweep.has_window:
        return None
    try:
        row = features.sweep(sweep, definition=definition)
    except FeatureError:
        return None
    if math.isnan(row["sag"]):
        return None
    peak, at = features.deflection(sweep, sweep.start_s, sweep.stop_s)
    return Step(
        base_mv=float(row["v_baseline"]),
        steady_mv=float(row["v_steady"]),
        peak_mv=peak,
        peak_s=at / sweep.sampling_rate_hz,
        sag=float(row["sag"]),
        tau_s=float(row["tau"]),
    )


def fit_of(sweep: Sweep, tau_s: float) -> tuple[Array, Array]:
    """Return the exponential with this time constant that lies best on the step's onset.

    From 10 % of the deflection to its peak, as ``features.time_constant`` fits it; empty where there is
    no time constant. Times in s, voltages in mV.
    """
    if not math.isfinite(tau_s):
        return np.empty(0), np.empty(0)
    peak, at = features.deflection(sweep, sweep.start_s, sweep.stop_s)
    base = features.baseline(sweep, sweep.start_s)
    first = sweep.index(sweep.start_s)
    past = np.abs(sweep.voltage_mv[first:at] - base) >= 0.1 * abs(peak - base)
    first += int(past.argmax())
    t = np.arange(first, at) / sweep.sampling_rate_hz
    basis = np.column_stack([np.ones(t.size), np.exp(-(t - t[0]) / tau_s)])
    best, *_ = np.linalg.lstsq(basis, sweep.voltage_mv[first:at], rcond=None)
    return t, basis @ best


def mark_levels(axes: Axes, sweep: Sweep, step: Step) -> None:
    """Draw baseline, peak and steady state where they were measured, and the fit of tau."""
    start, stop = sweep.start_s, sweep.stop_s
    levels = (
        (start - BASELINE_S, start, step.base_mv, "blue", "baseline"),
        (stop - BASELINE_S, stop, step.steady_mv, "purple", "steady state"),
    )
    for left, right, level, colour, name in levels:
        line: Any = {"color": COLOURS[colour], "lw": 3.5, "solid_capstyle": "butt", "zorder": 4}
        axes.plot([left, right], [level, level], label=name, **line)
        axes.axhline(level, color=COLOURS[colour], lw=0.7, ls=":")
    axes.plot(
        step.peak_s, step.peak_mv, "v", color=COLOURS["vermilion"], ms=6, label="peak deflection"
    )
    _draw_fit(axes, sweep, step.tau_s, _FIT)


def _draw_fit(
    axes: Axes, sweep: Sweep, tau_s: float, label: str, zero_s: float = 0.0, per_s: float = 1.0
) -> None:
    t, v = fit_of(sweep, tau_s)
    if t.size:
        stride = max(t.size // _POINTS, 1)
        x, v = (t[::stride] - zero_s) * per_s, v[::stride]
        axes.plot(x, v, color=COLOURS["orange"], lw=1.8, ls="--", label=label, zorder=4)


def onset_panel(axes: Axes, sweeps: list[tuple[Sweep, float]], name: str) -> None:
    """Draw the onset of steps, and on each the exponential of its time constant in s."""
    taus = [tau for _, tau in sweeps if math.isfinite(tau)]
    after_s = min(6 * max(taus, default=0.03), min(s.stop_s - s.start_s for s, _ in sweeps))
    for sweep, _ in sweeps:
        first = sweep.index(sweep.start_s - 0.1 * after_s)
        last = sweep.index(sweep.start_s + after_s)
        stride = max((last - first) // _POINTS, 1)
        v = sweep.voltage_mv[first:last:stride]
        t = (first + stride * np.arange(v.size)) / sweep.sampling_rate_hz - sweep.start_s
        axes.plot(t * 1e3, v, color=COLOURS["grey"], lw=0.9)
    for k, (sweep, tau) in enumerate(sweeps):
        _draw_fit(axes, sweep, tau, "_" if k else _FIT, sweep.start_s, 1e3)
    axes.set_xlim(-100 * after_s, 1e3 * after_s)
    axes.set(title=name, xlabel="time from onset (ms)", ylabel="voltage (mV)")
