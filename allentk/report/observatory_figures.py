"""Figures of a two-photon session: aligned dF/F, tuning, selectivity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from allentk.data import StimulusTable, Traces
from allentk.report.figures import COLOURS, Figure, canvas, cumulative, marked, styled
from allentk.report.text import counted, metric_title
from allentk.report.tuning import aligned_trace, preferred_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["selectivity_figure", "session_figure"]


@styled
def session_figure(
    traces: Traces, table: StimulusTable, cells: pd.DataFrame, *, synthetic: bool = False
) -> Figure:
    """Draw the mean dF/F about the preferred grating, and the tuning curve, of a few cells.

    Parameters
    ----------
    traces : Traces
        dF/F.
    table : StimulusTable
        The gratings.
    cells : DataFrame
        Rows of the metrics of the cells to draw.
    synthetic : bool
        Mark the figure.
    """
    figure, axes = canvas(9.6, 4.6, 2, max(len(cells), 1), sharey="row")
    for (above, below), cell in zip(axes.T, cells.itertuples(), strict=True):
        _trace(above, traces, table, int(cell.cell))
        above.set_title(f"Cell {cell.cell}: OSI {cell.osi_vector:.2f}, DSI {cell.dsi_vector:.2f}")
        curve, frequency, _ = preferred_curve(traces, table, int(cell.cell))
        below.errorbar(
            curve["orientation_deg"].to_numpy(float),
            curve["mean"].to_numpy(float),
            curve["sem"].fillna(0.0).to_numpy(float),
            color=COLOURS["green"],
            marker="o",
            ms=3.5,
            capsize=2,
        )
        below.axhline(0, color=COLOURS["grey"], lw=0.7)
        suffix = "" if math.isnan(frequency) else f" at {frequency:g} Hz"
        below.set(title=f"Tuning{suffix}", xlabel="direction (°)")
        below.set_xticks(np.arange(0, 360, 90))
    axes[0, 0].set_ylabel(traces.unit)
    axes[1, 0].set_ylabel(f"mean {traces.unit}")
    return marked(figure, synthetic)


def _trace(axes: Axes, traces: Traces, table: StimulusTable, cell: int) -> None:
    time, trials, duration = aligned_trace(traces, table, cell)
    kept = trials[np.isfinite(trials).all(axis=1)]
    axes.axvspan(0, duration, color="#f3efe2", zorder=0, lw=0)
    axes.axhline(0, color=COLOURS["grey"], lw=0.7)
    for trial in kept:
        axes.plot(time, trial, color=COLOURS["grey"], lw=0.5, alpha=0.45)
    if len(kept):
        axes.plot(time, kept.mean(axis=0), color=COLOURS["green"], lw=1.6)
    axes.set_xlabel(f"time from onset (s), {counted(len(kept), 'trial')}")


@styled
def selectivity_figure(
    metrics: pd.DataFrame, names: Sequence[str], *, synthetic: bool = False
) -> Figure:
    """Draw the cumulative distribution of selectivity indices over the cells of a session."""
    figure, axes = canvas(9.6, 2.7, 1, max(len(names), 2), sharey=True)
    for axis, name in zip(axes[0], names, strict=False):
        values = metrics[name].dropna().to_numpy(float)
        axis.step(*cumulative(values), where="post", color=COLOURS["green"])
        title = counted(values.size, "cell")
        if values.size:
            median = float(np.median(values))
            axis.axvline(median, color=COLOURS["grey"], ls="--", lw=0.9)
            title = f"{title}, median {median:.2f}"
        axis.set(title=title, xlabel=metric_title(name), ylim=(0, 1.02))
        if name.endswith("_vector"):
            axis.set_xlim(0, 1)
    for unused in axes[0, len(names) :]:
        unused.set_axis_off()
    axes[0, 0].set_ylabel("share of cells")
    return marked(figure, synthetic)
