"""Figures of several models against one reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from allentk.benchmark import BenchmarkResult
from allentk.report.figures import COLOURS, Figure, canvas, cumulative, styled
from allentk.report.score_figures import model_values, reference_curve, scaled
from allentk.report.text import metric_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["compared_distributions", "compared_scores"]

#: Colour, marker and line of every model: told apart without colour too.
_MODELS = (
    ("blue", "o", "-"),
    ("vermilion", "s", "--"),
    ("green", "^", "-."),
    ("purple", "D", ":"),
    ("orange", "v", (0, (5, 1, 1, 1, 1, 1))),
    ("sky", "P", (0, (1, 1))),
    ("black", "X", (0, (8, 2))),
)
_ACROSS, _PANELS = 3, 4


@styled
def compared_scores(table: pd.DataFrame, models: Sequence[str]) -> Figure:
    """Draw S of every model, class and metric with its interval, and the ceiling.

    Parameters
    ----------
    table : DataFrame
        ``Comparison.table``.
    models : sequence of str
        In their order.
    """
    scored = table[table["scored"].astype(bool)]
    metrics = list(dict.fromkeys(scored["metric"]))
    classes = list(dict.fromkeys(scored["population"]))
    columns = min(max(len(metrics), 1), _ACROSS)
    lines = max(-(-len(metrics) // columns), 1)
    height = (0.17 * (len(models) + 1) * max(len(classes), 1) + 1.2) * lines + 0.3
    figure, axes = canvas(9.6, height, lines, columns, sharey=True)
    for axis, metric in zip(axes.ravel(), metrics, strict=False):
        of = scored[scored["metric"] == metric]
        _panel(axis, of, models, classes)
        axis.set(xlim=(0, 1.03), title=metric_name(metric, unit=False), xlabel="S")
        axis.set_yticks(np.arange(len(classes)), classes)
        axis.set_ylim(len(classes) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
    for unused in axes.ravel()[len(metrics) :]:
        unused.set_axis_off()
    handles, labels = axes.ravel()[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4)
    return figure


def _panel(axis: Axes, of: pd.DataFrame, models: Sequence[str], classes: Sequence[str]) -> None:
    rows = np.arange(len(classes))
    ceiling = of.groupby("population")["ceiling"].max().reindex(classes).to_numpy(float)
    axis.barh(rows, ceiling, height=0.8, color=COLOURS["pale"], zorder=1, label="ceiling")
    offsets = np.linspace(-0.28, 0.28, len(models)) if len(models) > 1 else [0.0]
    for k, (model, offset) in enumerate(zip(models, offsets, strict=True)):
        colour, marker, _ = _MODELS[k % len(_MODELS)]
        mine = of[of["model"] == model].set_index("population").reindex(classes)
        low, high = mine["S_low"].to_numpy(float), mine["S_high"].to_numpy(float)
        axis.hlines(rows + offset, low, high, color=COLOURS[colour], lw=1.2, zorder=3)
        axis.plot(
            mine["S"].to_numpy(float),
            rows + offset,
            marker,
            color=COLOURS[colour],
            ms=5,
            zorder=4,
            label=model,
        )


@styled
def compared_distributions(results: Mapping[str, BenchmarkResult], metric: str) -> Figure:
    """Draw the cumulative distributions of a metric in every model and in the data, class by class."""
    there = [
        row["population"]
        for row in next(iter(results.values())).table.to_dict("records")
        if row["metric"] == metric
        and any(row["population"] in set(of.model_table["population"]) for of in results.values())
    ]
    columns = min(max(len(there), 2), _PANELS)
    lines = max(-(-len(there) // columns), 1)
    figure, axes = canvas(9.6, 2.4 * lines + 0.5, lines, columns, sharey=True)
    for axis, population in zip(axes.ravel(), there, strict=False):
        _curves(axis, results, metric, population)
        axis.set(title=population, ylim=(0, 1.02))
    right = max(float(axis.get_xlim()[1]) for axis in axes.ravel())
    for axis in axes.ravel():
        scaled(axis, metric, right)
    for unused in axes.ravel()[len(there) :]:
        unused.set_axis_off()
    for line in axes[:, 0]:
        line.set_ylabel("share of cells")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4)
    return figure


def _curves(
    axis: Axes, results: Mapping[str, BenchmarkResult], metric: str, population: str
) -> None:
    first = next(iter(results.values()))
    quantiles = reference_curve(first, metric, population)
    axis.plot(
        quantiles.to_numpy(), quantiles.index, color=COLOURS["grey"], lw=2.6, label="data", zorder=1
    )
    for k, (name, of) in enumerate(results.items()):
        colour, _, line = _MODELS[k % len(_MODELS)]
        values = model_values(of, metric, population)
        axis.step(
            *cumulative(values), where="post", color=COLOURS[colour], ls=line, lw=1.4, label=name
        )
