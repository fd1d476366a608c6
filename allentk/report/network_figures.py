"""Figures of a network's response: spikes, rates, tuning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import BLANK_NAMES, NetworkResponse, SpikeTrains, StimulusTable
from allentk.report.figures import COLOURS, Figure, canvas, styled
from allentk.report.text import counted
from allentk.report.tuning import Aligned, preferred_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["aligned_figure", "raster_figure", "raster_span", "tuning_figure"]

Array = NDArray[np.float64]

_CYCLE = ("vermilion", "blue", "green", "purple", "orange", "sky", "black")
#: Lines of populations beyond the colours.
_DASHES = ("-", "--", ":", "-.")
_BIN_S = 0.05
#: Cells of a population that are drawn, and of all together, but no fewer than some of each.
_MAX_ROWS, _ALL_ROWS, _LEAST_ROWS = 60, 400, 12
#: Names beside each other in a legend, panels beside each other.
_NAMES, _PANELS = 5, 4
N_PRESENTATIONS = 4


def colour(position: int) -> str:
    """Return the colour of the population at `position`."""
    return COLOURS[_CYCLE[position % len(_CYCLE)]]


def _rows_each(response: NetworkResponse) -> int:
    """Return how many cells of a population are drawn at most."""
    share = _ALL_ROWS // max(len(response.spikes), 1)
    return min(_MAX_ROWS, max(_LEAST_ROWS, share))


def raster_span(response: NetworkResponse) -> tuple[float, float]:
    """Return the stretch shown, in seconds: the first grating and the presentations that follow it."""
    shown = response.presentations
    if shown is None or not len(shown):
        return 0.0, min(response.duration_s, 3.0)
    gratings = np.flatnonzero(shown.table["orientation_deg"].notna().to_numpy())
    first = int(gratings[0]) if gratings.size else 0
    last = min(first + N_PRESENTATIONS, len(shown)) - 1
    start, stop = shown.intervals_s[first, 0], shown.intervals_s[last, 1]
    return max(float(start) - 0.25, 0.0), min(float(stop) + 0.25, response.duration_s)


@styled
def raster_figure(response: NetworkResponse) -> Figure:
    """Draw the spikes of a sample of every population for a few presentations, and the mean rates.

    At most 60 cells of a population are shown, fewer of each where there are many populations, by their
    preferred angle where the node table has ``tuning_angle_deg``.
    """
    span, most = raster_span(response), _rows_each(response)
    n_rows = sum(min(trains.n_cells, most) for trains in response.spikes.values())
    lines = -(-len(response.spikes) // _NAMES)
    heights = [max(1.5 + 0.026 * n_rows, 0.42 * len(response.spikes)), 1.4 + 0.2 * lines]
    figure, axes = canvas(9.6, sum(heights) + 0.4, 2, 1, sharex=True, heights=heights)
    raster, rates = axes[:, 0]
    ticks = _raster(raster, response, span)
    raster.set_yticks([at for at, _ in ticks], [name for _, name in ticks])
    for position, (name, trains) in enumerate(response.spikes.items()):
        time, rate = _rate(trains, span)
        dashes = _DASHES[position // len(_CYCLE) % len(_DASHES)]
        rates.plot(time, rate, color=colour(position), ls=dashes, label=name)
    for axis in (raster, rates):
        _presentations(axis, response.presentations, span, labels=axis is raster)
    rates.set(xlabel="time (s)", ylabel="mean rate (Hz)", xlim=span)
    # Room for the names above the lines.
    rates.set_ylim(0, rates.get_ylim()[1] * (1.05 + 0.22 * lines))
    rates.legend(loc="upper right", ncols=_NAMES)
    return figure


def _raster(
    axes: Axes, response: NetworkResponse, span: tuple[float, float]
) -> list[tuple[float, str]]:
    ticks, base = [], 0
    for position, (name, trains) in enumerate(response.spikes.items()):
        order = _order(trains, response.nodes.get(name), _rows_each(response))
        part = trains.subset(order)
        inside = (part.times_s >= span[0]) & (part.times_s < span[1])
        axes.plot(
            part.times_s[inside],
            base + part.ids[inside],
            "|",
            color=colour(position),
            ms=2.6,
            mew=0.7,
            rasterized=True,
        )
        ticks.append((base + (order.size - 1) / 2, f"{name}\n{order.size} of {trains.n_cells:,}"))
        base += order.size + 4
    axes.set_ylim(base - 2, -2)
    axes.tick_params(axis="y", length=0)
    return ticks


def _order(trains: SpikeTrains, nodes: pd.DataFrame | None, most: int) -> NDArray[np.int64]:
    """Return the cells to draw, evenly among all in their order."""
    order = np.arange(trains.n_cells)
    if nodes is not None and "tuning_angle_deg" in nodes and len(nodes) == trains.n_cells:
        order = np.argsort(nodes["tuning_angle_deg"].to_numpy(float), kind="stable")
    picks = np.linspace(0, order.size - 1, min(order.size, most)).round().astype(np.int64)
    return np.asarray(order[picks], dtype=np.int64)


def _rate(trains: SpikeTrains, span: tuple[float, float]) -> tuple[Array, Array]:
    edges = np.arange(span[0], span[1] + _BIN_S, _BIN_S)
    counts, _ = np.histogram(trains.times_s, edges)
    return (edges[:-1] + edges[1:]) / 2, counts / (_BIN_S * max(trains.n_cells, 1))


def _presentations(
    axes: Axes, table: StimulusTable | None, span: tuple[float, float], *, labels: bool
) -> None:
    if table is None:
        return
    for row in table.table.to_dict("records"):
        if row["stop_s"] <= span[0] or row["start_s"] >= span[1]:
            continue
        axes.axvspan(row["start_s"], row["stop_s"], color="#f3efe2", zorder=0, lw=0)
        if labels:
            middle = (max(row["start_s"], span[0]) + min(row["stop_s"], span[1])) / 2
            axes.annotate(
                _label(row),
                (middle, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
            )


def _label(row: Mapping[Any, Any]) -> str:
    if math.isnan(row["orientation_deg"]) or row["stimulus"] in BLANK_NAMES:
        return "blank" if row["stimulus"] == "drifting_gratings" else str(row["stimulus"])
    frequency = row["temporal_frequency_hz"]
    suffix = "" if math.isnan(frequency) else f", {frequency:g} Hz"
    return f"grating {row['orientation_deg']:g}°{suffix}"


@styled
def tuning_figure(
    chosen: Sequence[tuple[str, SpikeTrains, pd.DataFrame]], table: StimulusTable
) -> Figure:
    """Draw the tuning curves of example cells.

    Parameters
    ----------
    chosen : sequence of (title, SpikeTrains, DataFrame)
        One row of panels each: a class of cells, its trains, and the rows of the metrics that were chosen.
    table : StimulusTable
        What was shown.
    """
    columns = max(len(rows) for _, _, rows in chosen)
    figure, axes = canvas(9.6, 2.3 * len(chosen) + 0.2, len(chosen), columns, sharex=True)
    for row, (title, trains, cells) in enumerate(chosen):
        for axis in axes[row, len(cells) :]:
            axis.set_axis_off()
        for axis, cell in zip(axes[row], cells.itertuples(), strict=False):
            curve, frequency, _ = preferred_curve(trains, table, int(cell.cell))
            _curve(axis, curve, colour(row))
            suffix = "" if math.isnan(frequency) else f", {frequency:g} Hz"
            axis.set_title(f"{title}, cell {cell.cell}{suffix}: OSI {cell.osi_vector:.2f}")
            spontaneous = float(cell.spontaneous_rate_hz)
            if math.isfinite(spontaneous):
                axis.axhline(spontaneous, color=COLOURS["grey"], ls="--", lw=0.9)
        axes[row, 0].set_ylabel("rate (Hz)")
    for axis in axes[-1]:
        axis.set_xlabel("direction (°)")
    return figure


def _curve(axes: Axes, curve: pd.DataFrame, line: str) -> None:
    directions = curve["orientation_deg"].to_numpy(float)
    axes.errorbar(
        directions,
        curve["mean"].to_numpy(float),
        curve["sem"].fillna(0.0).to_numpy(float),
        color=line,
        marker="o",
        ms=3.5,
        capsize=2,
    )
    axes.set_xticks(np.arange(0, 360, 90))
    _from_zero(axes)


def _from_zero(axes: Axes) -> None:
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.locator_params(axis="y", nbins=5)


@styled
def aligned_figure(curves: Mapping[str, Aligned], unit: str) -> Figure:
    """Draw the mean tuning curve of every population about its cells' preferred directions."""
    columns = min(max(len(curves), 3), _PANELS)
    lines = max(-(-len(curves) // columns), 1)
    figure, axes = canvas(9.6, 2.5 * lines + 0.2, lines, columns)
    for position, (axis, (name, of)) in enumerate(zip(axes.ravel(), curves.items(), strict=False)):
        # The circle is closed: -180 degrees is 180 degrees.
        x = np.append(of.offset_deg, of.offset_deg[0] + 360.0)
        mean, sem = np.append(of.mean, of.mean[0]), np.append(of.sem, of.sem[0])
        line = colour(position)
        axis.fill_between(x, mean - sem, mean + sem, color=line, alpha=0.25, lw=0)
        axis.plot(x, mean, color=line, marker="o", ms=3.5)
        axis.set(
            title=f"{name}, {counted(len(of.curves), 'cell')}", xlabel="direction − preferred (°)"
        )
        axis.set_xticks([-180, -90, 0, 90, 180])
        _from_zero(axis)
        axis.set_ylim(top=1.15 * axis.get_ylim()[1])
    for line in axes[:, 0]:
        line.set_ylabel(unit)
    for unused in axes.ravel()[len(curves) :]:
        unused.set_axis_off()
    return figure
