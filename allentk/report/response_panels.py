"""Figures of one cell and one stimulus, in panels: map, tuning, trials, average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.report.figures import COLOURS, Figure, canvas, marked, styled, thinned
from allentk.report.response_maps import Conditions, Trials
from allentk.report.text import counted, header

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["conditions_figure", "field_figure", "movie_figure", "trace_figure"]

Array = NDArray[np.float64]

#: Dark to bright in steps that are even to any eye, and in print.
_MAP = "cividis"

_WIDTH, _HEIGHT = 9.6, 2.55


@styled
def conditions_figure(
    of: Conditions, trials: Trials, unit: str, *, synthetic: bool = False
) -> Figure:
    """Draw responses to all conditions, the tuning, and the trials of the preferred condition."""
    two = len(of.axes) > 1
    figure, axes = canvas(_WIDTH, _HEIGHT, 1, 4 if two else 3)
    panels = list(axes[0])
    if two:
        _grid(figure, panels.pop(0), of, unit)
    _curve(panels[0], of, unit)
    _trials(figure, panels[1], trials, unit)
    _average(panels[2], trials, unit)
    return marked(figure, synthetic)


@styled
def field_figure(
    white: Array, black: Array, trials: Trials, unit: str, *, synthetic: bool = False
) -> Figure:
    """Draw the maps of white and of black pixels, and the trials of the strongest pixel."""
    figure, axes = canvas(_WIDTH, _HEIGHT, 1, 4)
    low = float(np.nanmin([white, black]))
    high = float(np.nanmax([white, black]))
    for axis, values, title in zip(
        axes[0], (white, black), ("White pixels (on)", "Black pixels (off)"), strict=False
    ):
        drawn = axis.imshow(values, cmap=_MAP, vmin=low, vmax=high, origin="upper", aspect="equal")
        axis.set(title=title, xlabel="column")
    axes[0, 0].set_ylabel("row")
    bar = figure.colorbar(
        drawn, ax=list(axes[0, :2]), shrink=0.9, orientation="horizontal", aspect=40
    )
    bar.set_label(f"mean {unit}")
    _trials(figure, axes[0, 2], trials, unit)
    _average(axes[0, 3], trials, unit)
    return marked(figure, synthetic)


@styled
def movie_figure(trials: Trials, unit: str, *, synthetic: bool = False) -> Figure:
    """Draw every showing of a movie, and their average."""
    figure, axes = canvas(_WIDTH, 3.1, 2, 1, sharex=True, heights=[1.2, 1])
    _trials(figure, axes[0, 0], trials, unit, onset=False)
    axes[0, 0].set(xlabel="", ylabel="showing", title="Every showing")
    _average(axes[1, 0], trials, unit)
    axes[1, 0].set(xlabel="time in the movie (s)")
    axes[1, 0].set_title("Average over showings")
    return marked(figure, synthetic)


@styled
def trace_figure(time_s: Array, values: Array, unit: str, *, synthetic: bool = False) -> Figure:
    """Draw a trace as it is."""
    figure, axes = canvas(_WIDTH, 1.9, 1, 1)
    axis = axes[0, 0]
    axis.plot(*thinned(time_s, values), color=COLOURS["green"], lw=0.8)
    axis.axhline(0, color=COLOURS["grey"], lw=0.7)
    axis.set(xlabel="time (s)", ylabel=unit)
    axis.margins(x=0.01)
    return marked(figure, synthetic)


def _grid(figure: Figure, axis: Axes, of: Conditions, unit: str) -> None:
    x, y, means = of.grid()
    drawn = axis.imshow(means, cmap=_MAP, origin="lower", aspect="auto")
    axis.set_xticks(np.arange(x.size)[:: 2 if x.size > 6 else 1])
    axis.set_xticklabels([f"{value:g}" for value in x[:: 2 if x.size > 6 else 1]])
    axis.set_yticks(np.arange(y.size), [f"{value:g}" for value in y])
    axis.set(xlabel=_axis(of.axes[0]), ylabel=_axis(of.axes[1]), title="Mean response")
    figure.colorbar(drawn, ax=axis, aspect=30, pad=0.03).set_label(f"mean {unit}")


def _axis(column: str) -> str:
    return {"orientation_deg": "direction (°)"}.get(column, header(column))


def _curve(axis: Axes, of: Conditions, unit: str) -> None:
    table = of.at_best(of.axes[:1])
    if of.axes == ("frame",):
        table = table.sort_values("mean", ascending=False, kind="stable")
        axis.plot(np.arange(1, len(table) + 1), table["mean"], color=COLOURS["green"], lw=1.4)
        axis.set(xlabel="rank of the image", title="All images")
    else:
        axis.errorbar(
            table[of.axes[0]].to_numpy(float),
            table["mean"].to_numpy(float),
            table["sem"].fillna(0.0).to_numpy(float),
            color=COLOURS["green"],
            marker="o",
            ms=3.5,
            capsize=2,
        )
        step = 90 if table[of.axes[0]].max() > 180 else 30
        axis.set_xticks(np.arange(0, table[of.axes[0]].max() + 1, step))
        axis.set(xlabel=_axis(of.axes[0]), title="Tuning")
    axis.axhline(of.blank, color=COLOURS["grey"], ls="--", lw=0.9)
    axis.set_ylabel(f"mean {unit}")


def _trials(figure: Figure, axis: Axes, trials: Trials, unit: str, *, onset: bool = True) -> None:
    time, n = trials.time_s, len(trials.values)
    # The strongest hundredth would leave the rest in the dark.
    known = trials.values[np.isfinite(trials.values)]
    low, high = np.quantile(known, [0.01, 0.99]) if known.size else (0.0, 1.0)
    drawn = axis.imshow(
        trials.values,
        cmap="Greys",
        vmin=low,
        vmax=max(high, low + 1e-12),
        aspect="auto",
        interpolation="nearest",
        extent=(time[0], time[-1], n + 0.5, 0.5),
    )
    axis.locator_params(axis="y", integer=True, nbins=5)
    if onset:
        for edge in (0.0, trials.duration_s):
            axis.axvline(edge, color=COLOURS["vermilion"], lw=0.9)
    axis.set(xlabel="time from onset (s)", ylabel="trial", title=counted(n, "trial"))
    figure.colorbar(drawn, ax=axis, aspect=30, pad=0.03).set_label(unit)


def _average(axis: Axes, trials: Trials, unit: str) -> None:
    time, mean, sem = trials.time_s, trials.mean, trials.sem
    axis.axvspan(0, trials.duration_s, color="#f3efe2", zorder=0, lw=0)
    axis.axhline(0, color=COLOURS["grey"], lw=0.7)
    axis.fill_between(time, mean - sem, mean + sem, color=COLOURS["green"], alpha=0.3, lw=0)
    axis.plot(time, mean, color=COLOURS["green"], lw=1.4)
    axis.set(xlabel="time from onset (s)", ylabel=unit, title="Average")
    axis.margins(x=0)
