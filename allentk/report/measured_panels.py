"""Panels of what was measured: f-I curve, resistance and sag, time constant, first spikes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.features.filters import dvdt
from allentk.report.cell_summary import FirstSpike, Summary
from allentk.report.figures import COLOURS
from allentk.report.passive_panel import onset_panel
from allentk.report.sweep_traces import amount, empty, headroom
from allentk.report.text import fixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["fi_panel", "overlay_panel", "phase_panel", "resistance_panel", "tau_panel"]

Array = NDArray[np.float64]

#: What is drawn of a first spike about its threshold, in s, and what is filtered with it.
_BEFORE_S, _AFTER_S, _PAD_S = 0.001, 0.004, 0.01

_MAX_ONSETS = 5
_NO_DOWN = "there is no hyperpolarising long square without a spike"

_NO_SPIKE = "no long square, short square or ramp made a spike"

#: Colour, line and stimulus of the protocols: told apart without colour too.
_LINES = {
    "rheobase": ("vermilion", "-", "Long Square"),
    "short square": ("blue", "--", "Short Square"),
    "ramp": ("green", ":", "Ramp"),
}


def fi_panel(axes: Axes, cell: Summary) -> None:
    """Draw the rate against the amplitude, with rheobase, hero and the fitted slope."""
    up = cell.steps[cell.steps["amplitude_pa"] > 0]
    if not len(up):
        why = "there is no depolarising long square" if len(cell.steps) else cell.no_steps
        empty(axes, "f–I curve", why)
        return
    x, y = up["amplitude_pa"].to_numpy(float), up["avg_rate"].to_numpy(float)
    axes.plot(x, y, "o", color=COLOURS["black"], ms=4.5, label="long squares", zorder=3)
    slope = cell.value("f_i_curve_slope")
    spiking = cell.spiking[cell.spiking["amplitude_pa"] > 0]
    if not math.isnan(slope) and len(spiking):
        i, rate = (spiking[name].to_numpy(float) for name in ("amplitude_pa", "avg_rate"))
        ends = np.array([i.min(), i.max()])
        label = f"slope {fixed(slope, 3)} Hz/pA"
        line = rate.mean() + slope * (ends - i.mean())
        axes.plot(ends, line, "--", color=COLOURS["blue"], label=label)
    _ring(axes, cell, cell.value("rheobase_sweep_number"), "s", "vermilion", "rheobase")
    if cell.named_hero and cell.hero is not None:
        _ring(axes, cell, cell.hero.number, "D", "green", "hero")
    axes.set(title="f–I curve", xlabel="current (pA)", ylabel="rate (Hz)")
    axes.margins(x=0.09)
    axes.set_ylim(-0.08 * max(y.max(), 1), 1.75 * max(y.max(), 1))
    axes.legend(loc="upper left", handletextpad=0.4)


def _ring(
    axes: Axes, cell: Summary, sweep_number: float, symbol: str, colour: str, name: str
) -> None:
    row = cell.steps[cell.steps["number"] == sweep_number]
    if not len(row):
        return
    x, y = float(row["amplitude_pa"].iloc[0]), float(row["avg_rate"].iloc[0])
    axes.plot(
        [x],
        [y],
        symbol,
        mfc="none",
        mec=COLOURS[colour],
        mew=1.5,
        ms=10,
        ls="none",
        label=f"{name}, {amount(x)} pA",
        zorder=4,
    )


def resistance_panel(axes: Axes, cell: Summary) -> None:
    """Draw peak and steady state against the current, with the line of the input resistance."""
    down = cell.hyperpolarising
    if not len(down):
        empty(axes, "Resistance and sag", _NO_DOWN if len(cell.steps) else cell.no_steps)
        return
    i, peak = down["amplitude_pa"].to_numpy(float), down["peak_deflect"].to_numpy(float)
    steady = down["v_steady"].to_numpy(float)
    axes.plot(i, peak, "v", color=COLOURS["vermilion"], ms=5, label="peak", zorder=3)
    axes.plot(i, steady, "_", color=COLOURS["purple"], ms=10, mew=2, label="steady state")
    # Whose slope the resistance is: of the peaks as published, else of the steady states.
    _resistance(axes, cell, i, peak if cell.definition == "allen" else steady)
    axes.set(title="Resistance and sag", xlabel="current (pA)", ylabel="voltage (mV)")
    sag = cell.value("sag")
    if not math.isnan(sag):
        at = fixed(cell.value("vm_for_sag"), 1)
        axes.plot([], [], " ", label=f"sag {fixed(sag, 3)} at {at} mV")
    headroom(axes, 0.55)
    axes.legend(loc="upper left", handletextpad=0.4)


def _resistance(axes: Axes, cell: Summary, i: Array, v: Array) -> None:
    """Draw a line of the cell's resistance through the middle of the points."""
    slope = 1e-3 * cell.value("ri")
    if math.isnan(slope) or np.isnan(v).all():
        return
    ends = np.array([i.min(), 0.0])
    line = np.nanmedian(v - slope * i) + slope * ends
    axes.plot(ends, line, "--", color=COLOURS["blue"], label=f"{fixed(1e3 * slope, 0)} MΩ")


def tau_panel(axes: Axes, cell: Summary) -> None:
    """Draw the onsets of the smallest steps that have a time constant, and the fits."""
    down = cell.hyperpolarising
    used = down[down["tau"].notna()].tail(_MAX_ONSETS)
    if not len(used):
        why = "no step gave a time constant" if len(down) else _NO_DOWN
        empty(axes, "Time constant", why if len(cell.steps) else cell.no_steps)
        return
    onsets = [
        (cell.sweeps.sweep(int(at)), float(tau))
        for at, tau in zip(used["number"], used["tau"], strict=True)
    ]
    onset_panel(axes, onsets, f"Time constant {fixed(cell.value('tau'), 1)} ms")
    headroom(axes, 0.15)
    axes.legend(loc="upper right")


def overlay_panel(axes: Axes, cell: Summary, spikes: Sequence[FirstSpike]) -> None:
    """Draw the first spike of every protocol over each other, aligned at threshold."""
    name = "First spikes, aligned"
    if not spikes:
        empty(axes, name, _NO_SPIKE)
        return
    for spike in spikes:
        t, v, _ = _about(spike)
        colour, line, _ = _LINES[spike.protocol]
        axes.plot(t, v, line, color=COLOURS[colour], lw=1.4, label=spike.protocol)
    for protocol, (_, _, stimulus) in _LINES.items():
        if protocol not in {spike.protocol for spike in spikes}:
            why = "no spike" if cell.recorded(stimulus) else "not recorded"
            axes.plot([], [], " ", label=f"{protocol}: {why}")
    axes.set(title=name, xlabel="time from threshold (ms)", ylabel="voltage (mV)")
    headroom(axes, 0.45)
    axes.legend(loc="upper right")


def phase_panel(axes: Axes, spikes: Sequence[FirstSpike]) -> None:
    """Draw dV/dt of the first spikes against their voltage."""
    if not spikes:
        empty(axes, "Phase plane", _NO_SPIKE)
        return
    for spike in spikes:
        _, v, slope = _about(spike)
        colour, line, _ = _LINES[spike.protocol]
        axes.plot(v, slope, line, color=COLOURS[colour], lw=1.4)
    axes.axhline(0, color=COLOURS["grey"], lw=0.7)
    axes.set(title="Phase plane", xlabel="voltage (mV)", ylabel="dV/dt (V/s)")


def _about(spike: FirstSpike) -> tuple[Array, Array, Array]:
    """Return time in ms from threshold, voltage in mV and dV/dt in V/s of a spike."""
    sweep, rate = spike.sweep, spike.sweep.sampling_rate_hz
    first = sweep.index(spike.threshold_s - _BEFORE_S - _PAD_S)
    last = sweep.index(spike.threshold_s + _AFTER_S + _PAD_S)
    v = sweep.voltage_mv[first:last]
    v = v[np.isfinite(v)]
    slope = dvdt(v, rate, spike.filter_hz)
    t = (first + np.arange(slope.size)) / rate - spike.threshold_s
    inside = (t >= -_BEFORE_S) & (t <= _AFTER_S)
    return t[inside] * 1e3, v[:-1][inside], slope[inside]
