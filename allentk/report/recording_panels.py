"""Panels of what was recorded: the family of steps, the hero sweep and its rate, the cell's shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.data import Morphology
from allentk.data.morphology import APICAL, AXON, BASAL
from allentk.report.cell_summary import Summary, span_of
from allentk.report.figures import COLOURS
from allentk.report.spike_panel import MARKS, mark_spikes
from allentk.report.sweep_traces import (
    PANEL_BINS,
    amount,
    around,
    draw,
    empty,
    headroom,
    part,
    spikes_of,
    step_of,
)
from allentk.report.text import counted, fixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["family_panel", "hero_panel", "shape_panel"]

Array = NDArray[np.float64]

#: Steps that are drawn of a family, and points that are marked on the hero sweep.
_MAX_FAMILY = 10
_ON_HERO = ("threshold", "peak", "trough")


def family_panel(voltage: Axes, current: Axes, cell: Summary) -> None:
    """Draw the long squares up to rheobase, and that at rheobase apart."""
    name = "Long squares up to rheobase"
    shown = cell.steps
    if not len(shown):
        empty(voltage, name, cell.no_steps)
        current.set_axis_off()
        return
    rheobase = cell.value("threshold_i_long_square")
    if not math.isnan(rheobase):
        shown = shown[shown["amplitude_pa"] <= rheobase]
    shown = shown.drop_duplicates("amplitude_pa")
    spread = np.unique(np.linspace(0, len(shown) - 1, min(len(shown), _MAX_FAMILY)).round())
    for at, amplitude in shown.iloc[spread.astype(int)][["number", "amplitude_pa"]].to_numpy():
        sweep = cell.sweeps.sweep(int(at))
        colour = "vermilion" if amplitude == rheobase else "grey"
        draw((voltage, current), sweep, around(sweep), colour, PANEL_BINS)
    if not math.isnan(rheobase):
        label = f"rheobase, {amount(rheobase)} pA"
        voltage.plot([], [], color=COLOURS["vermilion"], label=label)
        headroom(voltage)
        voltage.legend(loc="upper right")
    voltage.set(title=name, ylabel="voltage (mV)")
    current.set(xlabel="time (s)", ylabel="current (pA)")


def hero_panel(voltage: Axes, rate: Axes, cell: Summary) -> None:
    """Draw the hero sweep with its spikes marked, and below it the instantaneous rate."""
    sweep = cell.hero
    if sweep is None:
        empty(voltage, "Hero sweep", cell.no_steps)
        rate.set_axis_off()
        return
    spikes = spikes_of(sweep, span_of(sweep), definition=cell.definition)
    voltage.plot(
        *part(sweep, around(sweep), sweep.voltage_mv, PANEL_BINS), color=COLOURS["black"], lw=0.9
    )
    mark_spikes(voltage, spikes, marks=[m for m in MARKS if m.column in _ON_HERO], scale=0.75)
    kind = "Hero sweep" if cell.named_hero else "Largest step: sweep"
    title = f"{kind} {sweep.number}{step_of(sweep)}: {counted(len(spikes), 'spike')}"
    voltage.set(title=title, ylabel="voltage (mV)")
    if len(spikes):
        headroom(voltage)
        voltage.legend(loc="upper right", ncols=3, columnspacing=1.0, handletextpad=0.1)
    _rate(rate, spikes["threshold_t"].to_numpy(float) if len(spikes) else np.empty(0), cell)


def _rate(axes: Axes, times_s: Array, cell: Summary) -> None:
    """Draw 1 / interval at the end of every interval."""
    axes.set(xlabel="time (s)", ylabel="1 / ISI (Hz)")
    if times_s.size < 2:
        axes.set_ylim(0, 1)
        axes.text(0.5, 0.5, "fewer than two spikes", ha="center", transform=axes.transAxes)
        return
    rate = 1 / np.diff(times_s)
    axes.plot(times_s[1:], rate, "o-", color=COLOURS["blue"], ms=3, lw=0.8)
    axes.set_ylim(0, 1.2 * rate.max())
    if cell.named_hero:
        said = (
            f"adaptation {fixed(cell.value('adaptation'), 3)}, "
            f"latency {fixed(1e3 * cell.value('latency'), 1)} ms"
        )
        axes.text(0.99, 0.06, said, ha="right", transform=axes.transAxes, fontsize=8)


def shape_panel(axes: Axes, morphology: Morphology) -> None:
    """Draw the neurites from the side, the soma as a dot."""
    from_, to = morphology.parent[morphology.parent >= 0], np.flatnonzero(morphology.parent >= 0)
    x, y = morphology.xyz_um[:, 0], morphology.xyz_um[:, 1]
    kinds = ((AXON, "sky", "axon"), (BASAL, "blue", "basal"), (APICAL, "vermilion", "apical"))
    for kind, colour, label in kinds:
        of = morphology.type[to] == kind
        if not of.any():
            continue
        gap = np.full(int(of.sum()), np.nan)
        lines = [np.column_stack([v[from_[of]], v[to[of]], gap]).ravel() for v in (x, y)]
        axes.plot(*lines, color=COLOURS[colour], lw=0.8, label=label)
    axes.plot(x[morphology.root], y[morphology.root], "o", color=COLOURS["black"], ms=6)
    axes.set_aspect("equal", adjustable="datalim")
    # In Allen's reconstructions y grows away from the pia.
    axes.invert_yaxis()
    axes.set(title="Shape", xlabel="x (µm)", ylabel="y (µm)")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="best", handlelength=1.0)
