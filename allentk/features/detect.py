"""Spike detection as the Cell Types Database does it.

A spike is where dV/dt crosses 20 V/s upwards, and the voltage then peaks at -30 mV or more, at least 2 mV
higher; its threshold is where dV/dt was last at 5 % of the mean upstroke of the sweep, at most 5 ms
before the peak.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FeatureError
from allentk.features.definition import Definition

__all__ = ["Criteria", "Found", "detect"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Samples that are looked through first: spikes rise within a few ms, so that these nearly always do.
_LOOK_BACK = 512
#: A last spike has come back where it is no more than this above its threshold, in mV.
_BACK_MV = 1.0
_POSITIVE = ("dv_cutoff", "thresh_frac", "max_interval_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What counts as a spike.

    Parameters
    ----------
    dv_cutoff : float
        dV/dt that a spike crosses, V/s.
    thresh_frac : float
        Fraction of the mean upstroke that is the threshold.
    max_interval_s : float
        Longest time from threshold to peak.
    min_height_mv, min_peak_mv : float
        Smallest height above the crossing, and lowest peak.
    reject_at_start_s : float
        Thresholds that come no later than this after the window's start are dropped; nothing is
        dropped where it is 0, as published. A fast stimulus onset that counts as a spike's threshold
        needs it: Allen's feature vectors take 0.0002 s.

    Raises
    ------
    FeatureError
        On a number that is NaN, or a cutoff, fraction or interval that is not positive.
    """

    dv_cutoff: float = 20.0
    thresh_frac: float = 0.05
    max_interval_s: float = 0.005
    min_height_mv: float = 2.0
    min_peak_mv: float = -30.0
    reject_at_start_s: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            wanted = "positive" if name in _POSITIVE else "a number"
            if math.isnan(value) or (name in _POSITIVE and value <= 0):
                raise FeatureError(f"Criteria: {name} must be {wanted}, got {value!r}")


@dataclass(slots=True)
class Found:
    """Samples of the spikes found, one entry per spike, and the dV/dt that is their threshold."""

    threshold: Indices
    peak: Indices
    upstroke: Indices
    clipped: NDArray[np.bool_]
    target: Array

    def keep(self, mask: NDArray[np.bool_]) -> Found:
        """Return the spikes where `mask` is true."""
        return Found(
            self.threshold[mask],
            self.peak[mask],
            self.upstroke[mask],
            self.clipped[mask],
            self.target[mask],
        )


def _crossings(slope: Array, first: int, last: int, cutoff: float) -> Indices:
    """Return the samples before dV/dt crosses `cutoff`, a fall below zero in between."""
    above = np.flatnonzero(slope[first:last] >= cutoff) + first
    crossing = above[np.diff(above, prepend=first - 1) > 1] - 1
    if crossing.size < 2:
        return crossing
    fell = [
        bool((slope[a:b] < 0).any())
        for a, b in zip(crossing[:-1].tolist(), crossing[1:].tolist(), strict=True)
    ]
    kept: Indices = crossing[np.array([True, *fell])]
    return kept


def _argmax_each(values: Array, starts: Indices, stops: Indices) -> Indices:
    """Position of the first maximum of each slice; an empty slice gives its start."""
    return np.array(
        [
            a + int(values[a:b].argmax()) if b > a else a
            for a, b in zip(starts.tolist(), stops.tolist(), strict=True)
        ],
        dtype=np.int64,
    )


def _merge_and_filter(
    v: Array, slope: Array, crossing: Indices, peak: Indices, criteria: Criteria
) -> tuple[Indices, Indices]:
    """Merge neighbours that never fell between, drop what is too low or too small."""
    fell = np.array(
        [
            bool((slope[p:c] < 0).any())
            for p, c in zip(peak[:-1].tolist(), crossing[1:].tolist(), strict=True)
        ],
        dtype=bool,
    )
    peak = peak[np.append(fell, True)]
    crossing = crossing[np.append(True, fell)]
    high = v[peak] >= criteria.min_peak_mv
    peak, crossing = peak[high], crossing[high]
    tall = v[peak] - v[crossing] >= criteria.min_height_mv
    return crossing[tall], peak[tall]


def _last_at_most(slope: Array, start: int, stop: int, target: float) -> int | None:
    """Walk back from `start` to before `stop`; the first sample with dV/dt <= target."""
    low = max(stop, start - _LOOK_BACK)
    for a, b in ((low, start), (stop, low)):
        hits = np.flatnonzero(slope[a + 1 : b + 1] <= target)
        if hits.size:
            return int(a + 1 + hits[-1])
    return None


def _thresholds(slope: Array, upstroke: Indices, target: float) -> Indices:
    before = np.concatenate([[0], upstroke[:-1]])
    found = []
    for at, stop in zip(upstroke.tolist(), before.tolist(), strict=True):
        last = _last_at_most(slope, at, stop, target)
        found.append(stop if last is None else last)
    return np.array(found, dtype=np.int64)


def _merge_overlaps(spikes: Found) -> Found:
    """Merge spikes: a threshold at or before the last peak belongs to the same spike."""
    overlap = np.flatnonzero(spikes.threshold[1:] <= spikes.peak[:-1] + 1)
    if overlap.size == 0:
        return spikes
    keep_threshold = np.ones(spikes.threshold.size, dtype=bool)
    keep_threshold[overlap + 1] = False
    keep_peak = np.ones(spikes.threshold.size, dtype=bool)
    keep_peak[overlap] = False
    return Found(
        spikes.threshold[keep_threshold],
        spikes.peak[keep_peak],
        spikes.upstroke[keep_peak],
        spikes.clipped[keep_peak],
        spikes.target[keep_threshold],
    )


def _mend_long(
    v: Array, slope: Array, rate: float, spikes: Found, criteria: Criteria, definition: Definition
) -> Found:
    """Where the threshold lies too long before the peak, one of the two is wrong."""
    limit = max(round(criteria.max_interval_s * rate), 1)
    too_long = np.flatnonzero((spikes.peak - spikes.threshold) >= limit)
    if too_long.size == 0:
        return spikes
    # The published algorithm uses 5 % here whatever fraction was asked for.
    fraction = Criteria().thresh_frac if definition == "allen" else criteria.thresh_frac
    target = float(slope[spikes.upstroke].mean()) * fraction
    keep = np.ones(spikes.threshold.size, dtype=bool)
    for i in too_long:
        start, peak = int(spikes.threshold[i]), int(spikes.peak[i])
        later = _last_at_most(slope, int(spikes.upstroke[i]), max(peak - limit, 0), target)
        if later is not None:
            spikes.threshold[i], spikes.target[i] = later, target
            continue
        new_peak = start + int(v[start : start + 2 * limit].argmax())
        is_last = i == spikes.threshold.size - 1
        if 0 < new_peak - start < limit and (is_last or new_peak < spikes.threshold[i + 1]):
            spikes.peak[i] = new_peak
        else:
            keep[i] = False
    return spikes.keep(keep)


def detect(
    v: Array,
    slope: Array,
    rate: float,
    window: tuple[int, int],
    *,
    criteria: Criteria | None = None,
    definition: Definition = "allen",
) -> Found:
    """Find the spikes of ``v[first:last + 1]``.

    Parameters
    ----------
    v, slope : ndarray
        Voltage in mV, and dV/dt in V/s of the whole sweep.
    rate : float
        Samples per second.
    window : (int, int)
        First and last sample.
    criteria : Criteria, optional
        What counts as a spike.
    definition : {"allen", "allentk"}
        Whose rules, where the published ones have a quirk.
    """
    (first, last), criteria = window, criteria or Criteria()
    nothing = np.empty(0, dtype=np.int64)
    none = Found(nothing, nothing, nothing, nothing.astype(bool), nothing.astype(float))
    crossing = _crossings(slope, first, last, criteria.dv_cutoff)
    if crossing.size == 0:
        return none
    peak = _argmax_each(v, crossing, np.append(crossing[1:], last))
    crossing, peak = _merge_and_filter(v, slope, crossing, peak, criteria)
    if crossing.size == 0:
        return none
    upstroke = _argmax_each(slope, crossing, peak)
    target = float(slope[upstroke].mean()) * criteria.thresh_frac
    threshold = _thresholds(slope, upstroke, target)
    clipped = np.zeros(peak.size, dtype=bool)
    spikes = Found(threshold, peak, upstroke, clipped, np.full(peak.size, target))
    if criteria.reject_at_start_s > 0:
        spikes = spikes.keep(spikes.threshold > first + criteria.reject_at_start_s * rate)
    if spikes.peak.size:
        spikes = _mend_long(v, slope, rate, _merge_overlaps(spikes), criteria, definition)
    if spikes.peak.size == 0:
        return none
    # A last spike that never comes back to its threshold was cut off by the end of the window.
    tail = v[spikes.peak[-1] : last + 1]
    spikes.clipped[-1] = not bool((tail <= v[spikes.threshold[-1]] + _BACK_MV).any())
    spikes.upstroke = _argmax_each(slope, spikes.threshold, spikes.peak)
    return spikes
