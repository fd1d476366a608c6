"""The panel of the quality control: every criterion against its limits."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.report.figures import COLOURS
from allentk.report.sweep_traces import empty
from allentk.report.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["limits_text", "quality_panel", "used", "verdicts_of"]

Array = NDArray[np.float64]

#: Values further out than this many limits are drawn here.
_MOST = 2.0

#: What is drawn of each verdict: symbol and colour.
_VERDICTS = {"passed": ("o", "blue"), "failed": ("X", "vermilion"), "not judged": ("_", "grey")}


def used(value: float, low: float, high: float) -> float:
    """Return how much of its limits a value uses: 1 at a limit, more beyond it; NaN without limits.

    Between two limits 0 is their middle; below an upper limit 0 is zero; above a lower limit it is the
    limit over the value.

    Examples
    --------
    >>> used(5.0, -10.0, 10.0), used(0.14, float("nan"), 0.07), used(2.0, 1.0, float("nan"))
    (0.5, 2.0, 0.5)
    """
    below, above = _sides(low, high)
    if below and above:
        return abs(value - (low + high) / 2) / ((high - low) / 2) if high > low else math.nan
    if above:
        return value / high if high > 0 else math.nan
    if below:
        return low / value if value > 0 else math.inf
    return math.nan


def _sides(low: float, high: float) -> tuple[bool, bool]:
    """Return whether there is a lower and an upper limit; 0 below an upper limit is none."""
    above = math.isfinite(high)
    return math.isfinite(low) and not (above and low == 0), above


def limits_text(low: float, high: float) -> str:
    """Return the limits in words.

    Examples
    --------
    >>> limits_text(1.0, float("nan")), limits_text(-10.0, 10.0)
    ('≥ 1', '−10 to 10')
    """
    below, above = _sides(low, high)
    if below and above:
        return f"{low:g} to {high:g}".replace("-", "−")
    if above:
        return f"≤ {high:g}".replace("-", "−")
    return f"≥ {low:g}".replace("-", "−") if below else ""


def quality_panel(axes: Axes, quality: pd.DataFrame) -> None:
    """Draw the criteria of the quality control: one line each, values in units of their limit.

    Parameters
    ----------
    axes : Axes
        The panel.
    quality : DataFrame
        What ``features.quality`` returns, one row per check. A value that is NaN was not measured: it
        has a verdict, but no point.
    """
    names = list(dict.fromkeys(quality["criterion"]))
    if not names:
        empty(axes, "Quality", "nothing was checked")
        return
    axes.axvspan(0, 1, color=COLOURS["pale"], alpha=0.45, lw=0, zorder=0)
    axes.axvline(1, color=COLOURS["grey"], lw=0.9)
    for row, name in enumerate(names):
        _line(axes, row, quality[quality["criterion"] == name])
    axes.set_yticks(range(len(names)), [_words(quality, name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-0.05, _MOST + 0.1)
    axes.set_xticks([0, 0.5, 1, 1.5, 2], ["0", "½", "limit", "1½", "≥ 2"])
    axes.tick_params(axis="y", length=0)
    verdicts = verdicts_of(quality)
    n_failed = int((verdicts == "failed").sum())
    axes.set_title(f"Quality: {n_failed} of {counted(len(quality), 'check')} failed")
    axes.set_xlabel("value, in units of its limit")
    for verdict, (symbol, colour) in _VERDICTS.items():
        if (verdicts == verdict).any():
            axes.plot([], [], symbol, color=COLOURS[colour], ms=5.5, label=verdict)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, borderpad=0.1)


def verdicts_of(rows: pd.DataFrame) -> NDArray[np.str_]:
    """Return "passed", "failed" or "not judged" for every check."""
    words = ["not judged" if pd.isna(p) else "passed" if p else "failed" for p in rows["passed"]]
    return np.array(words, dtype=str)


def _line(axes: Axes, row: int, rows: pd.DataFrame) -> None:
    numbers = rows[["value", "low", "high"]].astype(float).to_numpy()
    x = np.minimum([used(*line) for line in numbers], _MOST)
    verdicts, known = verdicts_of(rows), np.isfinite(numbers[:, 0]) & np.isfinite(x)
    for verdict, (symbol, colour) in _VERDICTS.items():
        of = known & (verdicts == verdict)
        if of.any():
            y = np.full(int(of.sum()), row)
            style: Any = {"color": COLOURS[colour], "mec": "white", "mew": 0.4, "ms": 5.5}
            axes.plot(x[of], y, symbol, zorder=3, **style)
    failed = (verdicts == "failed").any()
    axes.text(
        1.02,
        row,
        _said(rows, verdicts, bool(known.any())),
        transform=axes.get_yaxis_transform(),
        va="center",
        linespacing=0.95,
        color=COLOURS["vermilion" if failed else "black"],
    )


def _said(rows: pd.DataFrame, verdicts: NDArray[np.str_], known: bool) -> str:
    """Return the limits, how many checks failed, and why there is no point."""
    n_failed, n_judged = int((verdicts == "failed").sum()), int((verdicts != "not judged").sum())
    count = f"✗ {n_failed} of {n_judged}" if n_failed else f"✓ {n_judged}"
    if not n_judged:
        count = "– not judged"
    limits = _limits(rows)
    if known:
        why = ""
    elif limits:
        why = ", not measured"
    else:
        reason = f": {rows['reason'].mode().iloc[0]}"
        why = "\n".join(textwrap.wrap(reason, 30, max_lines=2, placeholder="…"))
    return f"{limits}  {count}{why}".strip()


def _words(quality: pd.DataFrame, criterion: str) -> str:
    """Return a criterion without the unit at its end: that stands with the limits."""
    unit = quality.loc[quality["criterion"] == criterion, "unit"].iloc[0]
    return criterion.removesuffix(f"_{str(unit).lower()}").replace("_", " ")


def _limits(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    unit = first["unit"].replace("Ohm", "Ω") if isinstance(first["unit"], str) else ""
    return f"{limits_text(float(first['low']), float(first['high']))} {unit}".rstrip()
