"""The summary of a cell on one page: what was recorded, what was measured, how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from allentk.data import Morphology, SweepSet
from allentk.features.definition import Definition
from allentk.report.cell_summary import Summary, first_spikes, span_of, summary_of
from allentk.report.figures import COLOURS, Figure, canvas, marked, styled
from allentk.report.measured_panels import (
    fi_panel,
    overlay_panel,
    phase_panel,
    resistance_panel,
    tau_panel,
)
from allentk.report.quality_panel import quality_panel
from allentk.report.ranges import FEATURES
from allentk.report.recording_panels import family_panel, hero_panel, shape_panel
from allentk.report.spike_panel import spike_panel
from allentk.report.sweep_traces import empty, spikes_of
from allentk.report.text import fixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["feature_figure"]

#: Inches of the lines above the last: recording, steps, spikes.
_HEIGHTS = (3.4, 2.5, 2.5)


@styled
def feature_figure(
    sweeps: SweepSet,
    *,
    features: pd.Series[Any] | None = None,
    quality: pd.DataFrame | None = None,
    morphology: Morphology | None = None,
    synthetic: bool = False,
    definition: Definition = "allen",
) -> Figure:
    """Draw the summary of a cell on one page.

    Long squares up to rheobase, the hero sweep with its spikes and instantaneous rate, the shape; f-I
    curve, input resistance and sag, time constant; the first spike with every feature marked, the first
    spikes of all protocols over each other and in the phase plane; the quality control; the main
    features with their units. A panel whose protocol was not recorded says so.

    Parameters
    ----------
    sweeps : SweepSet
        The recording.
    features : Series, optional
        What ``features.cell`` returns; measured here where not given.
    quality : DataFrame, optional
        What the quality control returns: columns ``criterion``, ``value``, ``unit``, ``low``, ``high``
        and ``passed``. Without it there is no such panel.
    morphology : Morphology, optional
        The cell's shape. Without it there is no such panel.
    synthetic : bool
        Mark the figure.
    definition : {"allen", "allentk"}
        Whose rules, where `features` is not given; else its own count.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown; ``figure.savefig(path)`` writes it.

    Examples
    --------
    >>> figure = feature_figure(sweeps)  # doctest: +SKIP
    >>> figure.savefig("cell.png")  # doctest: +SKIP
    """
    cell = summary_of(sweeps, features, definition=definition)
    heights = (*_HEIGHTS, 1.7 if quality is None else 3.1)
    figure, axes = canvas(9.6, sum(heights))
    axes[0, 0].remove()
    lines: Any = figure.subfigures(4, 1, height_ratios=heights)
    recorded, steps, spikes, judged = lines
    _recorded(recorded, cell, morphology)
    measured = (fi_panel, resistance_panel, tau_panel)
    for panel, place in zip(measured, steps.subplots(1, 3), strict=True):
        panel(place, cell)
    _spikes(spikes.subplots(1, 3), cell)
    if quality is None:
        _feature_table(judged.subplots(), cell, columns=3)
    else:
        left, right = judged.subfigures(1, 2, width_ratios=[6.4, 3.2])
        quality_panel(left.subplots(), quality)
        _feature_table(right.subplots(), cell, columns=1)
    return marked(figure, synthetic)


def _recorded(figure: Any, cell: Summary, morphology: Morphology | None) -> None:
    widths = [4, 4] if morphology is None else [4, 4, 2]
    axes = figure.subplots(
        2, len(widths), width_ratios=widths, height_ratios=[2.6, 1], sharex="col"
    )
    family_panel(axes[0, 0], axes[1, 0], cell)
    hero_panel(axes[0, 1], axes[1, 1], cell)
    if morphology is not None:
        grid = axes[0, 2].get_gridspec()
        for unused in axes[:, 2]:
            unused.remove()
        shape_panel(figure.add_subplot(grid[:, 2]), morphology)


def _spikes(axes: Any, cell: Summary) -> None:
    first, overlay, phase = axes
    _rheobase_spike(first, cell)
    spikes = first_spikes(cell)
    overlay_panel(overlay, cell, spikes)
    phase_panel(phase, spikes)


def _rheobase_spike(axes: Axes, cell: Summary) -> None:
    name, sweep = "First spike at rheobase", cell.rheobase
    spikes = pd.DataFrame()
    if sweep is not None:
        spikes = spikes_of(sweep, span_of(sweep), definition=cell.definition)
    if sweep is None or not len(spikes):
        empty(axes, name, "no long square made a spike" if len(cell.steps) else cell.no_steps)
        return
    spike_panel(axes, sweep, spikes, 0, name)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.2, borderpad=0.0)


def _feature_table(axes: Axes, cell: Summary, *, columns: int) -> None:
    """Write the main features with their units, in so many columns."""
    axes.set_axis_off()
    axes.set_title("Features")
    lines = [
        (name, f"{fixed(cell.value(key), decimals)}", unit)
        for key, (name, unit, decimals) in FEATURES.items()
    ]
    per_column = -(-len(lines) // columns)
    for k, (name, value, unit) in enumerate(lines):
        column, row = divmod(k, per_column)
        left, y = column / columns, 1 - (row + 0.5) / per_column
        middle = left + (0.68 if columns == 1 else 0.6) / columns
        axes.text(left, y, name, va="center_baseline")
        axes.text(middle, y, value, va="center_baseline", ha="right", fontweight="bold")
        axes.text(middle + 0.02, y, unit, va="center_baseline", color="#555555")
        axes.plot([left, left + 0.94 / columns], np.full(2, y - 0.5 / per_column), **_RULE)
    axes.set(xlim=(0, 1), ylim=(-0.02, 1))


_RULE: Any = {"color": COLOURS["pale"], "lw": 0.6}
