"""A sweep made ready for many features: what they share is measured once, when it is first asked for."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features._efel.settings import EfelSettings
from allentk.features.spike_table import recorded

__all__ = ["Array", "Indices", "Trace"]

Array = NDArray[np.floating[Any]]
Indices = NDArray[np.int64]

#: Where a spike has no such point.
MISSING = -1
#: Part of a sample that a time may be off by rounding.
ROUNDING = 1e-6
#: How far below the peak the voltage has to be before a minimum counts.
FALLEN_MV = 2.0
#: A minimum is one where nothing lower follows within this time: eFEL's two samples at 50 kHz.
LOOK_MS = 0.03


class Trace:
    """A sweep with its spikes; times in ms from its start, every index a sample of the sweep.

    Arrays of indices have one entry a spike, `MISSING` where the spike has no such point.
    """

    def __init__(
        self,
        sweep: Sweep,
        settings: EfelSettings,
        *,
        threshold_mv: float,
        derivative_threshold: float,
        window_ms: tuple[float, float] | None,
    ) -> None:
        self.sweep = sweep
        self.settings = settings
        self.threshold_mv = threshold_mv
        self.derivative_threshold = derivative_threshold
        self.v: Array = sweep.voltage_mv[: recorded(sweep)]
        self.dt = 1000.0 / sweep.sampling_rate_hz
        self._window_ms = window_ms

    @property
    def window_ms(self) -> tuple[float, float]:
        """Start and end of the stimulus in ms."""
        if self._window_ms is None:
            raise FeatureError(
                "the feature needs the stimulus window, which this sweep does not say; give "
                "stim_start_s and stim_end_s"
            )
        return self._window_ms

    @property
    def start_ms(self) -> float:
        """Start of the stimulus in ms."""
        return self.window_ms[0]

    @property
    def end_ms(self) -> float:
        """End of the stimulus in ms."""
        return self.window_ms[1]

    def at(self, time_ms: float) -> int:
        """Return the first sample at or after a time, from 0 to the number of samples."""
        return min(max(math.ceil(time_ms / self.dt - ROUNDING), 0), self.v.size)

    def after(self, time_ms: float) -> int:
        """Return the first sample after a time, from 0 to the number of samples."""
        return min(max(math.floor(time_ms / self.dt + ROUNDING) + 1, 0), self.v.size)

    @cached_property
    def stimulus(self) -> Array:
        """Voltage from the start of the stimulus to its end, the end left out, in mV."""
        return self.v[self.at(self.start_ms) : self.at(self.end_ms)]

    @cached_property
    def slope(self) -> Array:
        """Central differences of the voltage in mV/ms, one-sided at the ends; shape as the voltage."""
        slope = np.empty_like(self.v)
        if self.v.size < 2:
            slope.fill(0.0)
            return slope
        np.subtract(self.v[2:], self.v[:-2], out=slope[1:-1])
        slope[1:-1] /= 2 * self.dt
        slope[0] = (self.v[1] - self.v[0]) / self.dt
        slope[-1] = (self.v[-1] - self.v[-2]) / self.dt
        return slope

    @cached_property
    def _crossings(self) -> tuple[Indices, Indices]:
        """First sample above the threshold and first one below it again, of every spike."""
        apart = self.v != self.threshold_mv
        sides = self.v > self.threshold_mv
        kept = None if apart.all() else np.flatnonzero(apart)
        if kept is not None:
            sides = sides[kept]
        changes = np.flatnonzero(sides[1:] != sides[:-1]) + 1
        rising = sides[changes] if changes.size else np.empty(0, dtype=bool)
        if rising.size and not rising[0]:
            changes = changes[1:]
        changes = changes[: changes.size // 2 * 2]
        at = changes if kept is None else kept[changes]
        return at[0::2], at[1::2]

    @cached_property
    def _spikes(self) -> tuple[Indices, Indices, Indices]:
        """Crossing up, peak, crossing down of every spike that counts."""
        up, down = self._crossings
        peaks = np.array(
            [a + int(self.v[a:b].argmax()) for a, b in zip(up, down, strict=True)], dtype=np.int64
        )
        if self.settings.strict_stiminterval:
            inside = self.in_stimulus(peaks)
            up, peaks, down = up[inside], peaks[inside], down[inside]
        return up, peaks, down

    def in_stimulus(self, indices: Indices) -> NDArray[np.bool_]:
        """Return which samples lie in the stimulus, its ends included."""
        return (indices >= self.at(self.start_ms)) & (indices < self.after(self.end_ms))

    @property
    def up(self) -> Indices:
        """First sample above the threshold of every spike."""
        return self._spikes[0]

    @property
    def peaks(self) -> Indices:
        """Largest voltage of every spike, the first where several are equal."""
        return self._spikes[1]

    @property
    def down(self) -> Indices:
        """First sample below the threshold again of every spike."""
        return self._spikes[2]

    @cached_property
    def peak_ms(self) -> Array:
        """Times of the peaks in ms."""
        return self.peaks * self.dt

    @cached_property
    def intervals_ms(self) -> Array:
        """Times between peaks in ms."""
        return np.diff(self.peak_ms)

    @cached_property
    def _nexts(self) -> Indices:
        """The peak after every peak, or the last sample."""
        return np.append(self.peaks, self.v.size - 1)[1:].astype(np.int64)

    @cached_property
    def stops(self) -> Indices:
        """Where minima after every spike are no longer sought: the next peak, or the end."""
        stops = self._nexts.copy()
        if self.settings.strict_stiminterval:
            stops[-1:] = self.at(self.end_ms)
        return stops

    @cached_property
    def lowest(self) -> Indices:
        """Smallest voltage between every peak and the next, or the end."""
        found = [
            int(peak) + int(self.v[peak:end].argmin()) if end > peak else MISSING
            for peak, end in zip(self.peaks, self.stops, strict=True)
        ]
        return np.array(found, dtype=np.int64)

    @cached_property
    def _fallen(self) -> Indices:
        """First sample after every peak that is `FALLEN_MV` below it."""
        found = []
        for peak, down in zip(self.peaks, self.down, strict=True):
            low = self.v[peak : down + 1] <= self.v[peak] - FALLEN_MV
            found.append(int(peak) + int(low.argmax()) if low.any() else int(down))
        return np.array(found, dtype=np.int64)

    @cached_property
    def ahp(self) -> Indices:
        """First minimum after every peak, `FALLEN_MV` below it or more.

        Nothing lower follows it within `LOOK_MS`, two samples at least.
        """
        v, look = self.v, max(2, math.ceil(LOOK_MS / self.dt - ROUNDING))
        lowest = np.ones(max(v.size - look, 0), dtype=bool)
        for ahead in range(1, look + 1):
            lowest &= v[: lowest.size] <= v[ahead : ahead + lowest.size]
        turns = np.flatnonzero(lowest)
        found = np.append(turns, v.size)[np.searchsorted(turns, self._fallen)]
        return np.where(found < self.stops, found, MISSING)

    @cached_property
    def fall(self) -> Indices:
        """Steepest fall of every spike before its first minimum, or before the next peak."""
        stops = np.where(self.ahp >= 0, self.ahp, self._nexts)
        return np.array(
            [
                int(peak) + int(self.slope[peak : stop + 1].argmin())
                for peak, stop in zip(self.peaks, stops, strict=True)
            ],
            dtype=np.int64,
        )

    @cached_property
    def _rises(self) -> tuple[Indices, Indices]:
        """First sample and end of every stretch in which the voltage rises faster than the threshold."""
        return _runs(self.slope > self.derivative_threshold)

    @cached_property
    def begin(self) -> Indices:
        """Where every spike begins: the last fast rise before its peak that lasts for enough samples."""
        starts, ends = self._rises
        starts = starts[ends - starts >= self.settings.derivative_window]
        earlier = np.where(self.ahp >= 0, self.ahp, self.lowest)
        before = np.append(self.at(self.start_ms), earlier)[: self.peaks.size]
        last = np.searchsorted(starts, self.peaks) - 1
        found = np.where(last >= 0, starts[last] if starts.size else MISSING, MISSING)
        return np.where(found >= before, found, MISSING)

    @cached_property
    def end(self) -> Indices:
        """Where every spike ends: its fall has become slower than the threshold again."""
        slow = np.flatnonzero(self.slope >= self.settings.down_derivative_threshold)
        found = np.append(slow, self.v.size)[
            np.searchsorted(slow, np.maximum(self.fall, self.peaks + 1))
        ]
        counts = (found < self._nexts) & (self.peaks >= self.at(self.start_ms))
        return np.where(counts, found, MISSING)


def _runs(mask: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Return start and end of every stretch of true values."""
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    bounds = np.concatenate(([0], edges, [mask.size])).astype(np.int64)
    first = 0 if mask.size and mask[0] else 1
    starts, ends = bounds[:-1][first::2], bounds[1:][first::2]
    return starts, ends
