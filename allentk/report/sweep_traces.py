"""Traces of sweeps: what the figures of sweeps, spikes and cells have in common."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk import features
from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features.definition import Definition
from allentk.report.figures import COLOURS, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "PANEL_BINS",
    "amount",
    "around",
    "draw",
    "empty",
    "headroom",
    "part",
    "spikes_of",
    "step_of",
    "title",
]

Array = NDArray[np.float64]
Span = tuple[float, float]

#: Pieces of a thinned trace, of the figure of a sweep and of a panel among others: both ends of a
#: bin are drawn, and a panel is no more than twice as many pixels wide.
_BINS, PANEL_BINS = 450, 200


def around(sweep: Sweep) -> Span:
    """Return the part of a sweep worth showing: the step with a little on both sides."""
    if not sweep.has_window:
        return 0.0, sweep.duration_s
    margin = 0.15 * max(sweep.stop_s - sweep.start_s, 0.05)
    return max(sweep.start_s - margin, 0.0), min(sweep.stop_s + margin, sweep.duration_s)


def part(sweep: Sweep, span: Span, values: Array, bins: int = _BINS) -> tuple[Array, Array]:
    """Return times in s and values of a part of a sweep, thinned for one panel."""
    first, last = sweep.index(span[0]), sweep.index(span[1])
    return thinned(np.arange(first, last) / sweep.sampling_rate_hz, values[first:last], bins)


def draw(
    axes: Sequence[Axes], sweep: Sweep, span: Span, colour: str = "black", bins: int = _BINS
) -> None:
    """Draw the voltage on the first axes and the current on the second."""
    for axis, values in zip(axes, (sweep.voltage_mv, sweep.current_pa), strict=True):
        axis.plot(*part(sweep, span, values, bins), color=COLOURS[colour], lw=0.9)


def amount(value: float) -> str:
    """Return a number with at most one decimal.

    Examples
    --------
    >>> amount(-90.0), amount(129.987), amount(12.25)
    ('−90', '130', '12.2')
    """
    return f"{round(value, 1):g}".replace("-", "−")


def headroom(axes: Axes, share: float = 0.2) -> None:
    """Make room for a legend above what is drawn."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + share * (high - low))


def step_of(sweep: Sweep) -> str:
    """Return the amplitude for a title, with the comma before it; empty where it is unknown."""
    return "" if math.isnan(sweep.amplitude_pa) else f", {amount(sweep.amplitude_pa)} pA"


def title(sweep: Sweep) -> str:
    """Return what a sweep is, in one line."""
    return f"Sweep {sweep.number}: {sweep.stimulus or 'unknown stimulus'}{step_of(sweep)}"


def spikes_of(
    sweep: Sweep, span: Span | None = None, *, definition: Definition = "allen"
) -> pd.DataFrame:
    """Return the spikes of a sweep; an empty table where it cannot be measured."""
    if sweep.clamp != "current":
        return pd.DataFrame()
    start, end = span or (None, None)
    try:
        return features.spikes(sweep, start_s=start, end_s=end, definition=definition)
    except FeatureError:
        # A sweep that cannot be measured can still be looked at.
        return pd.DataFrame()


def empty(axes: Axes, name: str, why: str) -> None:
    """Say in a panel why there is nothing in it."""
    axes.set_title(name)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(COLOURS["pale"])
    axes.text(
        0.5,
        0.5,
        textwrap.fill(why, 32),
        ha="center",
        va="center",
        transform=axes.transAxes,
        color="#555555",
    )
