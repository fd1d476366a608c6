"""One row per spike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.data._arrays import not_finite
from allentk.errors import FeatureError
from allentk.features.between import between_samples
from allentk.features.definition import Definition, checked
from allentk.features.detect import Criteria, Found, detect
from allentk.features.filters import FEWEST, cutoff_hz, dvdt, heavy_cutoff_hz
from allentk.features.shape import Shape, shapes

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SPIKE_COLUMNS",
    "Columns",
    "Filtered",
    "bounds",
    "filtered",
    "recorded",
    "spikes",
    "spikes_of",
]

Array = NDArray[np.float64]

#: Column name to the values of all spikes.
Columns = dict[str, NDArray[Any]]

_POINTS = ("threshold", "peak", "trough", "fast_trough", "adp", "slow_trough")

#: Columns of ``spikes``: times in s, voltages in mV, currents in pA, slopes in V/s.
SPIKE_COLUMNS = (
    "threshold_index",
    "clipped",
    *(f"threshold_{what}" for what in "tvi"),
    *(f"peak_{what}" for what in ("index", "t", "v", "i")),
    *(f"trough_{what}" for what in ("index", "t", "v", "i")),
    "upstroke_index",
    "upstroke",
    "upstroke_t",
    "upstroke_v",
    "downstroke_index",
    "downstroke",
    "downstroke_t",
    "downstroke_v",
    "isi_type",
    *(f"fast_trough_{what}" for what in ("index", "t", "v", "i")),
    *(f"adp_{what}" for what in ("index", "t", "v", "i")),
    *(f"slow_trough_{what}" for what in ("index", "t", "v", "i")),
    "width",
    "upstroke_downstroke_ratio",
)


#: How much before a window is low-passed with it.
LOOK_BACK_S = 0.02
#: A shorter recording holds no spike that could be measured.
SHORTEST_S = 0.005


@dataclass(frozen=True, slots=True)
class Filtered:
    """A sweep up to its last finite sample, and its dV/dt in V/s."""

    sweep: Sweep
    v: Array
    slope: Array
    cutoff_hz: float

    @property
    def rate(self) -> float:
        """Samples per second."""
        return self.sweep.sampling_rate_hz

    @property
    def end_s(self) -> float:
        """Time of the last finite sample, in seconds."""
        return (self.v.size - 1) / self.rate


def filtered(sweep: Sweep, start_s: float | None = None, end_s: float | None = None) -> Filtered:
    """Prepare a sweep, or a window of it in seconds, for spike detection.

    Outside the window dV/dt is undefined.

    Raises
    ------
    FeatureError
        On a voltage-clamp sweep, one of less than 5 ms, or a NaN before the recording's end.
    """
    if sweep.clamp != "current":
        raise FeatureError(f"{sweep.label}: a voltage-clamp sweep has no spikes to measure")
    size = recorded(sweep)
    if size < max(SHORTEST_S * sweep.sampling_rate_hz, FEWEST):
        raise FeatureError(
            f"{sweep.label}: {size} finite samples are too few to measure spikes; leave this sweep out"
        )
    v, cutoff = sweep.voltage_mv[:size], cutoff_hz(sweep.sampling_rate_hz)
    whole = Filtered(sweep, v, v, cutoff)
    return replace(whole, slope=_slope(whole, *bounds(whole, start_s, end_s)))


def _slope(trace: Filtered, first: int, last: int) -> Array:
    """Return dV/dt of a window, and of as much before it as a threshold may be looked for in.

    Where the voltage does not rise it is below any threshold, so that no search goes on beyond.
    """
    v, rate = trace.v, trace.rate
    low, high = max(first - round(LOOK_BACK_S * rate), 0), min(last + 1, v.size - 1)
    slope = dvdt(v, rate, trace.cutoff_hz, [(low, high)])
    if low and not (slope[low:first] <= 0).any():
        return dvdt(v, rate, trace.cutoff_hz, [(0, high)])
    return slope


def recorded(sweep: Sweep) -> int:
    """Return how many samples there are before a tail of NaN; FeatureError on a NaN before that."""
    v = sweep.voltage_mv
    bad = not_finite(v)
    if bad is None:
        return v.size
    size = int(v.size - (~bad)[::-1].argmax()) if not bad.all() else 0
    inside = bad[:size]
    if inside.any():
        at = int(inside.argmax()) / sweep.sampling_rate_hz
        raise FeatureError(
            f"{sweep.label}: the voltage is not finite at {at:.6f} s ({int(inside.sum())} samples before "
            f"the end of the recording); leave this sweep out"
        )
    return size


def spikes(
    sweep: Sweep,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    criteria: Criteria | None = None,
    definition: Definition = "allen",
) -> pd.DataFrame:
    """Find the spikes of a sweep and measure each of them.

    Parameters
    ----------
    sweep : Sweep
        A current-clamp sweep; a tail of NaN is left out.
    start_s, end_s : float, optional
        Window in seconds; the whole sweep where not given.
    criteria : Criteria, optional
        What counts as a spike.
    definition : {"allen", "allentk"}
        Times of thresholds and widths are those of samples as published, or lie between them
        (``"allentk"``); `QUIRKS` lists every difference.

    Returns
    -------
    DataFrame
        One row per spike, columns `SPIKE_COLUMNS` (none missing where there is no spike). Indices are
        samples of the sweep. ``attrs["filter_hz"]`` is the low-pass used: 10 kHz, or 0.4 of the
        sampling rate below 22 kHz. Afterdepolarisations are found at 1 kHz, or at 0.4 of the sampling
        rate below 2.5 kHz.

    Raises
    ------
    FeatureError
        On a voltage-clamp sweep, a NaN inside the recording, or a window outside the sweep.

    References
    ----------
    Allen Cell Types Database, "Electrophysiology" technical white paper; Gouwens et al. 2019, Nature
    Neuroscience 22:1182.

    Examples
    --------
    >>> flat = Sweep([-70.0] * 5000, [0.0] * 5000, 50_000.0)
    >>> len(spikes(flat))
    0
    """
    import pandas as pd

    trace = filtered(sweep, start_s, end_s)
    columns = spikes_of(trace, start_s, end_s, criteria=criteria, definition=definition)
    table = pd.DataFrame({name: columns[name] for name in SPIKE_COLUMNS})
    table.attrs["filter_hz"] = trace.cutoff_hz
    return table


def bounds(trace: Filtered, start_s: float | None, end_s: float | None) -> tuple[int, int]:
    """Return the first and last sample of a window; FeatureError where it is not inside the sweep."""
    start = 0.0 if start_s is None else start_s
    end = trace.end_s if end_s is None else min(end_s, trace.end_s)
    if not 0 <= start < end:
        raise FeatureError(
            f"{trace.sweep.label}: the window {start:.6g}..{end:.6g} s must begin inside the recording "
            f"of {trace.end_s:.6g} s and end after its start; give start_s and end_s inside it"
        )
    return round(start * trace.rate), round(end * trace.rate)


def spikes_of(
    trace: Filtered,
    start_s: float | None = None,
    end_s: float | None = None,
    *,
    criteria: Criteria | None = None,
    definition: Definition = "allen",
) -> Columns:
    """Return the columns of ``spikes`` of a prepared sweep, each of shape ``(n_spikes,)``.

    The window must not be wider than the one that was prepared.
    """
    first, last = bounds(trace, start_s, end_s)
    v, slope, rate = trace.v, trace.slope, trace.rate
    found = detect(v, slope, rate, (first, last), criteria=criteria, definition=checked(definition))
    if found.peak.size == 0:
        return {name: np.empty(0) for name in SPIKE_COLUMNS}
    heavy = partial(dvdt, v, rate, heavy_cutoff_hz(rate))
    columns = _columns(trace, found, shapes(v, slope, heavy, rate, last, found, definition))
    if definition == "allentk":
        columns.update(between_samples(columns, v, slope, rate, found.target))
    return columns


def _number(values: list[Any]) -> Array:
    return np.array([math.nan if value is None else value for value in values], dtype=float)


def _at(values: Array, index: Array, has: NDArray[np.bool_]) -> Array:
    out = np.full(index.size, math.nan)
    out[has] = values[index[has].astype(np.int64)]
    return out


def _columns(trace: Filtered, found: Found, after: list[Shape]) -> Columns:
    index = {
        "threshold": found.threshold.astype(float),
        "peak": found.peak.astype(float),
        "upstroke": found.upstroke.astype(float),
        **{
            name: _number([getattr(shape, name) for shape in after])
            for name in ("trough", "downstroke", "fast_trough", "adp", "slow_trough")
        },
    }
    columns: Columns = {
        "clipped": found.clipped | np.array([shape.clipped for shape in after]),
        "isi_type": np.array([shape.isi_type for shape in after], dtype=object),
        "width": _number([shape.width for shape in after]) / trace.rate,
    }
    for name, samples in index.items():
        has = np.isfinite(samples)
        columns[f"{name}_index"] = samples
        columns[f"{name}_t"] = samples / trace.rate
        columns[f"{name}_v"] = _at(trace.v, samples, has)
        if name in _POINTS:
            columns[f"{name}_i"] = _at(trace.sweep.current_pa, samples, has)
        else:
            columns[name] = _at(trace.slope, samples, has)
    columns["upstroke_downstroke_ratio"] = columns["upstroke"] / -columns["downstroke"]
    for name in ("threshold_index", "peak_index", "upstroke_index"):
        columns[name] = columns[name].astype(np.int64)
    return columns
