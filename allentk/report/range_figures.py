"""The figure of features against published ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.report.figures import COLOURS, Figure, canvas, marked, styled
from allentk.report.ranges import FEATURES, Range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["range_figure"]

Array = NDArray[np.float64]

#: Features beside each other.
_PER_LINE = 5


@styled
def range_figure(
    values: Mapping[str, Mapping[str, float]],
    kinds: Mapping[str, str],
    ranges: Mapping[str, Mapping[str, Range]],
    *,
    synthetic: bool = False,
) -> Figure:
    """Draw every feature: the published range of each dendrite type as a bar, the cells as dots.

    Parameters
    ----------
    values : mapping
        Features by cell name.
    kinds : mapping of str to str
        Dendrite type by cell name.
    ranges : mapping
        Ranges by dendrite type and feature.
    synthetic : bool
        Mark the figure.
    """
    shown = [kind for kind in ranges if kind in set(kinds.values())]
    lines = math.ceil((len(FEATURES) + 1) / _PER_LINE)
    height = (0.3 * len(shown) + 0.85) * lines + 0.1
    figure, axes = canvas(9.6, height, lines, _PER_LINE, sharey="row")
    for axis, (feature, (name, unit, _)) in zip(axes.ravel(), FEATURES.items(), strict=False):
        axis.set(title=name, xlabel=unit)
        axis.locator_params(axis="x", nbins=4)
        axis.set_yticks(range(len(shown)), shown)
        axis.set_ylim(len(shown) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        for row, kind in enumerate(shown):
            _bar(axis, row, ranges[kind][feature])
            cells = [values[cell][feature] for cell in values if kinds.get(cell) == kind]
            _dots(axis, row, ranges[kind][feature], np.array(cells, dtype=float))
    for unused in axes.ravel()[len(FEATURES) :]:
        unused.set_axis_off()
    _range_legend(axes.ravel()[len(FEATURES)])
    return marked(figure, synthetic)


def _bar(axes: Axes, row: int, of: Range) -> None:
    axes.plot([of.q05, of.q95], [row, row], color=COLOURS["pale"], lw=9, solid_capstyle="butt")
    axes.plot([of.q50, of.q50], [row - 0.3, row + 0.3], color=COLOURS["black"], lw=1.5)


def _dots(axes: Axes, row: int, of: Range, cells: Array) -> None:
    inside = np.array([of.place(x) == "in range" for x in cells], dtype=bool)
    for mask, symbol, colour in ((inside, "o", "blue"), (~inside, "D", "vermilion")):
        y = np.full(int(mask.sum()), row)
        axes.plot(cells[mask], y, symbol, color=COLOURS[colour], ms=5, mec="white", mew=0.6)


def _range_legend(axes: Axes) -> None:
    axes.plot([], [], color=COLOURS["pale"], lw=9, label="published, 5 to 95 %")
    axes.plot([], [], color=COLOURS["black"], lw=1.5, label="published median")
    axes.plot([], [], "o", color=COLOURS["blue"], label="cell in range")
    axes.plot([], [], "D", color=COLOURS["vermilion"], label="cell outside")
    axes.legend(loc="center left")
