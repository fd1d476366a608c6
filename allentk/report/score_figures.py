"""Figures of scores: distributions of model and data, and scores under their ceilings."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.benchmark import BenchmarkResult
from allentk.benchmark.reference import measured
from allentk.report.figures import COLOURS, Figure, canvas, cumulative, styled
from allentk.report.text import metric_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "distribution_figure",
    "model_values",
    "reference_curve",
    "scaled",
    "score_figure",
]

Array = NDArray[np.float64]

_COLUMNS = 4

#: Metrics side by side in the figure of scores.
_ACROSS = 5


@styled
def score_figure(table: pd.DataFrame) -> Figure:
    """Draw S of every scored class and metric, its interval, the ceiling, and where the noise begins.

    Parameters
    ----------
    table : DataFrame
        ``BenchmarkResult.table``.
    """
    scored = table[table["scored"].astype(bool)]
    metrics = list(dict.fromkeys(scored["metric"]))
    classes = list(dict.fromkeys(scored["population"]))
    columns = min(max(len(metrics), 1), _ACROSS)
    lines = max(-(-len(metrics) // columns), 1)
    figure, axes = canvas(9.6, (0.34 * len(classes) + 1.25) * lines, lines, columns, sharey=True)
    for axis, metric in zip(axes.ravel(), metrics, strict=False):
        of = scored[scored["metric"] == metric].set_index("population").reindex(classes)
        _bars(axis, of)
        axis.set(xlim=(0, 1.03), title=metric_name(metric, unit=False), xlabel="S")
        axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axis.set_yticks(np.arange(len(classes)), classes)
        axis.set_ylim(len(classes) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
    for unused in axes.ravel()[len(metrics) :]:
        unused.set_axis_off()
    return figure


def _bars(axis: Axes, of: pd.DataFrame) -> None:
    rows, score = np.arange(len(of)), of["S"].to_numpy(float)
    axis.barh(rows, of["ceiling"].to_numpy(float), height=0.62, color=COLOURS["pale"], zorder=1)
    noise = 1 - of["noise_floor"].to_numpy(float)
    axis.plot(noise, rows, "|", color=COLOURS["black"], ms=11, mew=1.4, zorder=2)
    if {"S_low", "S_high"} <= set(of.columns):
        low, high = of["S_low"].to_numpy(float), of["S_high"].to_numpy(float)
        axis.hlines(rows, low, high, color=COLOURS["blue"], lw=1.6, zorder=3)
    axis.plot(score, rows, "o", color=COLOURS["blue"], ms=6, zorder=4)


@styled
def distribution_figure(result: BenchmarkResult, metric: str) -> Figure:
    """Draw the cumulative distributions of a metric in the model's classes and in the data.

    All panels have one range.

    Parameters
    ----------
    result : BenchmarkResult
        What was scored.
    metric : str
        Which metric; rates are drawn on a scale that is linear up to 1 Hz and logarithmic above.
    """
    of = result.table[(result.table["metric"] == metric) & (result.table["n_model"] > 0)]
    n = len(of)
    columns = min(max(n, 2), _COLUMNS)
    lines = -(-n // columns)
    figure, axes = canvas(9.6, 2.55 * lines + 0.3, lines, columns, sharey=True)
    for axis, row in zip(axes.ravel(), of.to_dict("records"), strict=False):
        quantiles = reference_curve(result, metric, row["population"])
        _panel(axis, model_values(result, metric, row["population"]), quantiles, row)
    right = max(float(axis.get_xlim()[1]) for axis in axes.ravel())
    for axis in axes.ravel():
        scaled(axis, metric, right)
    for unused in axes.ravel()[n:]:
        unused.set_axis_off()
    for line in axes[:, 0]:
        line.set_ylabel("share of cells")
    axes[0, 0].legend(loc="lower right")
    return figure


def _score(row: Mapping[Hashable, Any]) -> str:
    if not row["scored"]:
        return "unscored"
    if math.isnan(row["ceiling"]):
        return f"S {row['S']:.2f}"
    return f"S {row['S']:.2f} of {row['ceiling']:.2f}"


def scaled(axes: Axes, metric: str, right: float) -> None:
    """Name the axis of a metric, and scale it: rates linear up to 1 Hz, logarithmic above."""
    axes.set_xlabel(metric_name(metric))
    if metric.endswith("_vector"):
        axes.set_xlim(0, 1)
    elif metric.endswith("rate_hz"):
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(0, right)
        axes.xaxis.set_major_formatter("{x:g}")


def model_values(result: BenchmarkResult, metric: str, population: str) -> Array:
    """Return the sorted values of the model's cells that count."""
    cells = result.model_table[result.model_table["population"] == population]
    values, _, _ = measured(cells, metric, result.reference.min_peak_rate_hz)
    return np.sort(values.to_numpy(float))


def reference_curve(result: BenchmarkResult, metric: str, population: str) -> pd.Series[float]:
    """Return the quantiles of the data, indexed by probability; empty where there are none."""
    if metric not in result.reference.distributions[population]:
        return pd.Series(dtype=float)
    return result.reference.quantiles(metric, population)


def _panel(
    axes: Axes, values: Array, quantiles: pd.Series[float], row: Mapping[Hashable, Any]
) -> None:
    axes.plot(quantiles.to_numpy(), quantiles.index, color=COLOURS["grey"], lw=2.2, label="data")
    scored = bool(row["scored"])
    axes.step(
        *cumulative(values),
        where="post",
        color=COLOURS["blue"],
        lw=1.6 if scored else 1.0,
        ls="-" if scored else ":",
        label="model",
    )
    for median, colour in ((row["median_data"], "grey"), (row["median_model"], "blue")):
        axes.plot([median], [0.5], "D", color=COLOURS[colour], ms=5, mec="white", zorder=4)
    axes.set_title(f"{row['population']}: {_score(row)}")
    axes.set_ylim(0, 1.02)
