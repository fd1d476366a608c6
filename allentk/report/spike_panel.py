"""A spike with every feature marked on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.report.figures import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MARKS", "Mark", "half_width", "mark_spikes", "spike_panel"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a point of a spike is drawn: the start of its columns, its name, its symbol."""

    column: str
    name: str
    symbol: str
    colour: str
    size: float = 6.0
    filled: bool = True


#: Every point that ``features.spikes`` measures, in the order of time; ADP: afterdepolarisation.
MARKS = (
    Mark("threshold", "threshold", "^", "green"),
    Mark("upstroke", "upstroke", ">", "sky"),
    Mark("peak", "peak", "o", "vermilion"),
    Mark("downstroke", "downstroke", "<", "purple"),
    Mark("fast_trough", "fast trough", "v", "blue"),
    Mark("adp", "ADP", "s", "orange"),
    Mark("slow_trough", "slow trough", "D", "black", 5.0),
    Mark("trough", "trough", "o", "grey", 9.0, filled=False),
)

#: What is drawn before the threshold, in ms, and the furthest point that a panel reaches for.
_BEFORE_MS, _FURTHEST_MS = 1.0, 12.0


def mark_spikes(
    axes: Axes,
    spikes: pd.DataFrame,
    *,
    marks: Iterable[Mark] = MARKS,
    scale: float = 1.0,
    zero_s: float = 0.0,
    per_s: float = 1.0,
) -> None:
    """Mark the points that were measured; those of no spike are left out, of the legend too.

    Times are drawn from `zero_s` on in units of ``1 / per_s`` seconds, symbols `scale` times their size.
    """
    for mark in marks:
        if f"{mark.column}_t" not in spikes:
            continue
        t = spikes[f"{mark.column}_t"].to_numpy(float)
        v = spikes[f"{mark.column}_v"].to_numpy(float)
        known = np.isfinite(t) & np.isfinite(v)
        if not known.any():
            continue
        axes.plot(
            (t[known] - zero_s) * per_s,
            v[known],
            mark.symbol,
            color=COLOURS[mark.colour],
            mfc=COLOURS[mark.colour] if mark.filled else "none",
            mec="white" if mark.filled else COLOURS[mark.colour],
            mew=0.5 if mark.filled else 1.1,
            ms=mark.size * scale,
            label=mark.name,
            zorder=4,
        )


def half_width(sweep: Sweep, spike: Any) -> tuple[Array, float] | None:
    """Return where a spike crosses its half level: times in s, shape ``(2,)``, and the level in mV.

    Half of the height over the fast trough or, where that lies below the threshold, over the threshold;
    None where the spike does not come down to it.
    """
    points = [spike[f"{name}_{what}"] for name in ("peak", "fast_trough") for what in "tv"]
    if not np.isfinite(np.array(points, dtype=float)).all():
        return None
    level = (spike["peak_v"] + spike["fast_trough_v"]) / 2
    if level < spike["threshold_v"]:
        level = (spike["peak_v"] + spike["threshold_v"]) / 2
    v = sweep.voltage_mv
    first, peak, last = (
        sweep.index(spike[f"{name}_t"]) for name in ("threshold", "peak", "fast_trough")
    )
    below = np.flatnonzero(v[first : peak + 1] <= level)
    after = np.flatnonzero(v[peak : last + 1] <= level)
    if not below.size or not after.size or not after[0] or below[-1] == peak - first:
        return None
    up, down = first + int(below[-1]), peak + int(after[0]) - 1
    at = [i + (level - v[i]) / (v[i + 1] - v[i]) for i in (up, down)]
    return np.array(at) / sweep.sampling_rate_hz, float(level)


def spike_panel(
    axes: Axes,
    sweep: Sweep,
    spikes: pd.DataFrame,
    which: int,
    name: str,
    *,
    after_ms: float = 2.0,
) -> None:
    """Draw one spike with its points and its width, up to `after_ms` behind the last near point."""
    spike = spikes.iloc[which]
    zero = float(spike["threshold_t"])
    end = _end_ms(spikes, which, after_ms)
    first, last = sweep.index(zero - _BEFORE_MS / 1e3), sweep.index(zero + end / 1e3) + 1
    v = sweep.voltage_mv[first:last]
    t = (np.arange(first, first + v.size) / sweep.sampling_rate_hz - zero) * 1e3
    axes.plot(t, v, color=COLOURS["black"], lw=1.1)
    _mark_width(axes, sweep, spike, zero)
    mark_spikes(axes, spikes.iloc[which : which + 1], zero_s=zero, per_s=1e3)
    axes.set_xlim(-_BEFORE_MS, end)
    axes.set(title=name, xlabel="time from threshold (ms)", ylabel="voltage (mV)")
    if outside := _outside(spike, zero, end):
        axes.text(1.0, 1.0, outside, ha="right", va="top", transform=axes.transAxes, fontsize=8)


def _mark_width(axes: Axes, sweep: Sweep, spike: Any, zero_s: float) -> None:
    found = half_width(sweep, spike)
    if found is None:
        return
    t, level = found
    measured = 1e3 * float(spike["width"])
    label = "width" if math.isnan(measured) else f"width, {measured:.2f} ms"
    x = (t - zero_s) * 1e3
    axes.plot(x, [level, level], "|-", color=COLOURS["black"], lw=2.2, ms=9, label=label)


def _end_ms(spikes: pd.DataFrame, which: int, after_ms: float) -> float:
    """Return where the panel ends: behind the last of the near points, before the next spike."""
    spike = spikes.iloc[which]
    zero = float(spike["threshold_t"])
    times = [float(spike[f"{name}_t"]) for name in ("peak", "fast_trough", "adp")]
    after = np.array([1e3 * (t - zero) for t in times if math.isfinite(t)])
    end = min(float(after.max()), _FURTHEST_MS) + after_ms
    if which + 1 < len(spikes):
        following = float(spikes.iloc[which + 1]["threshold_t"])
        end = min(end, 1e3 * (following - zero))
    return end


def _outside(spike: Any, zero_s: float, end_ms: float) -> str:
    """Return which points lie further on than the panel shows."""
    lines: Sequence[str] = [
        f"{mark.name} {at:.1f} ms →"
        for mark in MARKS
        if math.isfinite(at := 1e3 * (float(spike[f"{mark.column}_t"]) - zero_s)) and at > end_ms
    ]
    return "\n".join(lines)
