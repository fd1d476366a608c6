"""Panels of the search: how the cost fell, and where the parameters lie within their bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.report.figures import COLOURS
from allentk.report.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bounds_panel", "convergence_panel", "position", "scaled"]

_RESTARTS = ("blue", "orange", "green", "purple", "sky", "vermilion")


def convergence_panel(axes: Axes, result: BiophysicalFitResult) -> None:
    """Draw the lowest cost of every restart as it went on; of a staged fit in its last stage."""
    history, told = result.history, "How the search went"
    if "stage" in history:
        history = history[history["stage"] == history["stage"].max()]
        told = "How the last stage went"
    for restart, rows in history.groupby("restart"):
        first = restart == 0
        axes.plot(
            rows["evaluations"],
            np.minimum.accumulate(rows["cost"].to_numpy(float)),
            color=COLOURS["grey" if first else _RESTARTS[(int(restart) - 1) % len(_RESTARTS)]],
            marker="." if len(rows) < 30 else "",
            drawstyle="steps-post",
            label="first points" if first else f"restart {restart}",
        )
    axes.set_yscale("log")
    ticks = _ticks(*axes.get_ylim())
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set(title=told, xlabel="models evaluated", ylabel="lowest training cost")
    # Costs fall, so that the lower left is free.
    axes.legend(loc="lower left")


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers in a range: costs lie within a decade or two, where powers say little.

    Examples
    --------
    >>> _ticks(0.9, 6.0), _ticks(3.4, 6.1), _ticks(9.5, 11.2)
    ([1.0, 2.0, 5.0], [4.0, 5.0, 6.0], [9.5, 10.0, 10.5, 11.0])
    """
    found = [float(f"{m}e{k}") for k in range(-4, 5) for m in (1, 2, 5)]
    found = [tick for tick in found if low <= tick <= high]
    for step in (m * 10.0**k for k in range(2, -5, -1) for m in (5, 2, 1)):
        if len(found) > 2:
            break
        found = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [float(f"{tick:.6g}") for tick in found]


def scaled(value: float, low: float, high: float, scale: str) -> float:
    """Return where a value lies between its bounds, 0 to 1.

    Examples
    --------
    >>> scaled(0.01, 1e-4, 1.0, "log"), scaled(-80.0, -90.0, -70.0, "linear")
    (0.5, 0.5)
    """
    if scale == "log":
        return math.log(max(value, 1e-300) / low) / math.log(high / low)
    return (value - low) / (high - low)


def position(result: BiophysicalFitResult, name: str, value: float) -> float:
    """Return where a value of a gene lies between its bounds, 0 to 1, clipped."""
    row = result.genes[result.genes["name"] == name].iloc[0]
    return min(max(scaled(value, row["low"], row["high"], row["scale"]), 0.0), 1.0)


def bounds_panel(axes: Axes, result: BiophysicalFitResult) -> None:
    """Draw every parameter within its bounds, with the spread over restarts."""
    rows = result.genes.to_dict("records")
    for at, row in enumerate(rows):
        name, where = row["name"], position(result, row["name"], row["value"])
        stuck = name in result.at_bounds
        colour = COLOURS["vermilion" if stuck else "blue"]
        if name in result.spread:
            low, high = (position(result, name, value) for value in result.spread[name])
            axes.plot([low, high], [at, at], color=COLOURS["sky"], lw=5, solid_capstyle="butt")
        axes.plot(where, at, marker="D" if stuck else "o", ms=5, color=colour, clip_on=False)
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        axes.text(1.03, at, f"{number(row['value'])}{unit}", va="center", fontsize=7.5)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set(xlim=(0.0, 1.0), ylim=(len(rows) - 0.4, -0.6))
    axes.set_xticks([0.0, 0.5, 1.0], ["low", "half-way", "high"])
    axes.grid(axis="y", color=COLOURS["pale"], lw=0.6)
    axes.set_axisbelow(True)
    spread = ", bar: all restarts" if result.spread else ""
    axes.set_title(f"Parameters in their bounds (diamond: at one{spread})")
