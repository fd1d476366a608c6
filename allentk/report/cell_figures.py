"""Figures of one cell: its sweeps, its spikes, its shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk import features
from allentk.data import Morphology, Sweep, SweepSet
from allentk.data.morphology import APICAL, AXON, BASAL
from allentk.errors import FeatureError
from allentk.report.figures import COLOURS, Figure, canvas, marked, styled, thinned
from allentk.report.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cell_figure", "sweep_figure"]

Array = NDArray[np.float64]

#: Marks of a spike: column, symbol, colour, name.
_MARKS = (
    ("threshold", "^", "green", "threshold"),
    ("peak", "o", "vermilion", "peak"),
    ("trough", "v", "blue", "trough"),
)
_MAX_FAMILY, _ZOOMED_SPIKES = 10, 6

#: Pieces of a thinned trace: a panel is no more pixels wide.
_BINS = 450


@styled
def sweep_figure(sweep: Sweep, spikes: pd.DataFrame | None = None) -> Figure:
    """Draw a sweep: voltage with its spikes' thresholds, peaks and troughs, and the current.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    spikes : DataFrame, optional
        What ``features.spikes`` returns. Found in the whole sweep where not given; an empty table marks
        nothing.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown; ``figure.savefig(path)`` writes it.

    Examples
    --------
    >>> figure = sweep_figure(Sweep([-70.0] * 5000, [0.0] * 5000, 50_000.0, stimulus="Long Square"))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['voltage (mV)', 'current (pA)']
    """
    if spikes is None:
        spikes = _spikes(sweep, None)
    figure, axes = canvas(9.6, 4.2, 2, 1, sharex=True, heights=[3, 1])
    voltage, current = axes[:, 0]
    _trace(axes[:, 0], sweep, (0.0, sweep.duration_s))
    if len(spikes):
        _mark_spikes(voltage, spikes)
        _headroom(voltage)
        voltage.legend(loc="upper right", ncols=3)
    voltage.set(title=_title(sweep), ylabel="voltage (mV)")
    current.set(xlabel="time (s)", ylabel="current (pA)")
    return figure


@styled
def cell_figure(
    sweeps: SweepSet,
    *,
    rheobase_pa: float = math.nan,
    hero: int | None = None,
    morphology: Morphology | None = None,
    synthetic: bool = False,
) -> Figure:
    """Draw the long square family, the spikes of one sweep, and the cell's shape where there is one.

    Parameters
    ----------
    sweeps : SweepSet
        The recording.
    rheobase_pa : float
        Steps up to this amplitude are in the family.
    hero : int, optional
        Number of the suprathreshold sweep; by default the largest step.
    morphology : Morphology, optional
        The cell's shape.
    synthetic : bool
        Mark the figure.
    """
    n = 2 if morphology is None else 3
    figure, axes = canvas(9.6, 3.6, 2, n, heights=[3, 1], widths=[4, 4, 2][:n], sharex="col")
    steps = _steps(sweeps)
    _family(axes[:, 0], steps, rheobase_pa)
    _suprathreshold(axes[:, 1], _hero(steps, hero))
    if morphology is not None:
        grid = axes[0, 2].get_gridspec()
        for unused in axes[:, 2]:
            unused.remove()
        _shape(figure.add_subplot(grid[:, 2]), morphology)
    return marked(figure, synthetic)


def _steps(sweeps: SweepSet) -> SweepSet:
    """Return the long squares by amplitude; where there is none, all current-clamp sweeps."""
    clamped = sweeps.where(clamp="current")
    long = clamped.where(stimulus="Long Square")
    chosen = long if len(long) else clamped
    table = chosen.table.sort_values("amplitude_pa", kind="stable")
    return SweepSet(table, chosen.sweep, source=sweeps.source, metadata=sweeps.metadata)


def _hero(steps: SweepSet, number: int | None) -> Sweep | None:
    if not len(steps):
        return None
    return steps.sweep(number) if number in steps.numbers else steps[len(steps) - 1]


def _around(sweep: Sweep) -> tuple[float, float]:
    """Return the part of a sweep worth showing: the step with a little on both sides."""
    if not sweep.has_window:
        return 0.0, sweep.duration_s
    margin = 0.15 * max(sweep.stop_s - sweep.start_s, 0.05)
    return max(sweep.start_s - margin, 0.0), min(sweep.stop_s + margin, sweep.duration_s)


def _part(sweep: Sweep, span: tuple[float, float], values: Any) -> tuple[Any, Any]:
    first, last = sweep.index(span[0]), sweep.index(span[1])
    return thinned(np.arange(first, last) / sweep.sampling_rate_hz, values[first:last], _BINS)


def _trace(
    axes: Sequence[Axes], sweep: Sweep, span: tuple[float, float], colour: str = "black"
) -> None:
    """Draw the voltage on the first axes and the current on the second."""
    for axis, values in zip(axes, (sweep.voltage_mv, sweep.current_pa), strict=True):
        axis.plot(*_part(sweep, span, values), color=COLOURS[colour], lw=0.9)


def _title(sweep: Sweep) -> str:
    amplitude = "" if math.isnan(sweep.amplitude_pa) else f", {sweep.amplitude_pa:g} pA"
    return f"Sweep {sweep.number}: {sweep.stimulus or 'unknown stimulus'}{amplitude}"


def _family(axes: Sequence[Axes], steps: SweepSet, rheobase_pa: float) -> None:
    voltage, current = axes
    shown = steps.table
    if not math.isnan(rheobase_pa):
        shown = shown[shown["amplitude_pa"] <= rheobase_pa]
    shown = shown.drop_duplicates("amplitude_pa")
    spread = np.unique(np.linspace(0, len(shown) - 1, min(len(shown), _MAX_FAMILY)).round())
    for number, amplitude in shown.iloc[spread.astype(int)][["number", "amplitude_pa"]].to_numpy():
        sweep = steps.sweep(int(number))
        _trace(axes, sweep, _around(sweep), "vermilion" if amplitude == rheobase_pa else "grey")
    if not math.isnan(rheobase_pa):
        voltage.plot([], [], color=COLOURS["vermilion"], label=f"rheobase, {rheobase_pa:g} pA")
        _headroom(voltage)
        voltage.legend(loc="upper right")
    voltage.set(title="Long squares up to rheobase", ylabel="voltage (mV)")
    current.set(xlabel="time (s)", ylabel="current (pA)")


def _suprathreshold(axes: Sequence[Axes], sweep: Sweep | None) -> None:
    voltage, current = axes
    voltage.set(title="No step to show", ylabel="voltage (mV)")
    current.set(xlabel="time (s)", ylabel="current (pA)")
    if sweep is None:
        return
    span = _around(sweep)
    found = _spikes(sweep, span)
    amplitude = "" if math.isnan(sweep.amplitude_pa) else f", {sweep.amplitude_pa:g} pA"
    title = f"Sweep {sweep.number}{amplitude}: {counted(len(found), 'spike')}"
    if len(found) > _ZOOMED_SPIKES:
        last = found.iloc[_ZOOMED_SPIKES - 1]["trough_t"]
        found = found.head(_ZOOMED_SPIKES)
        span = (span[0], min(float(last) + 0.1 * (float(last) - span[0]), span[1]))
        span = (max(span[0], sweep.start_s - 0.1 * (span[1] - sweep.start_s)), span[1])
        title = f"{title}, the first {_ZOOMED_SPIKES}"
    _trace(axes, sweep, span)
    if len(found):
        _mark_spikes(voltage, found)
        _headroom(voltage)
        voltage.legend(loc="upper center", ncols=3, columnspacing=1.0, handletextpad=0.2)
    voltage.set_title(title)


def _headroom(axes: Axes) -> None:
    """Make room for a legend above the traces."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.2 * (high - low))


def _spikes(sweep: Sweep, span: tuple[float, float] | None) -> pd.DataFrame:
    if sweep.clamp != "current":
        return pd.DataFrame()
    start, end = span or (None, None)
    try:
        return features.spikes(sweep, start_s=start, end_s=end)
    except FeatureError:
        # A sweep that cannot be measured can still be looked at.
        return pd.DataFrame()


def _mark_spikes(axes: Axes, spikes: pd.DataFrame) -> None:
    for name, symbol, colour, label in _MARKS:
        axes.plot(
            spikes[f"{name}_t"].to_numpy(float),
            spikes[f"{name}_v"].to_numpy(float),
            symbol,
            color=COLOURS[colour],
            ms=4,
            label=label,
            zorder=4,
        )


def _shape(axes: Axes, morphology: Morphology) -> None:
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
