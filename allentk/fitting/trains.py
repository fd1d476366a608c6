"""Explained variance of a model's spike train, fast enough for a search.

The trials do not change, so that their smoothed trains are tabulated once; a model's train is then
scored by looking its spikes up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.objectives import SIGMA_S, reliability
from allentk.fitting.recording import DT_S, Group
from allentk.fitting.spans import Spans, within
from allentk.models import GLIFParameters
from allentk.simulation.glif import spike_steps

__all__ = ["Scorer", "TrainTable"]

Array = NDArray[np.float64]

#: Step of the tables in standard deviations; linear interpolation on it is exact to some 1e-5.
GRID = 0.03
#: Smoothed spikes farther apart than so many standard deviations do not meet.
REACH = 8.0


class TrainTable:
    """Smoothed trials of one stimulus within stretches of time.

    Parameters
    ----------
    trials_s : sequence of ndarray
        Spike times of every trial in seconds, sorted.
    duration_s : float
        Length of the stimulus.
    spans : tuple of (float, float)
        Only spikes in these stretches count, on both sides.
    sigma_s : float
        Standard deviation of the Gaussian.
    """

    def __init__(
        self, trials_s: Sequence[Array], duration_s: float, spans: Spans, *, sigma_s: float
    ) -> None:
        self._spans, self._spread = spans, math.sqrt(2.0) * sigma_s
        self._step_s = GRID * sigma_s
        self._seen_s = sum(stop - start for start, stop in spans)
        trials = [times[within(times, spans)] for times in trials_s]
        self._counts = np.array([times.size for times in trials], dtype=float)
        self.empty = not self._counts.any()
        if self.empty:
            return
        self.data = reliability(trials, self._seen_s, sigma_s=sigma_s)["data"]
        self._variances = np.array([self._variance(times) for times in trials])
        self._table = np.stack([self._smoothed(times, duration_s) for times in trials])

    def _smoothed(self, times: Array, duration_s: float) -> NDArray[np.float32]:
        """Return the sum of the Gaussians of a train on the grid."""
        size = math.ceil(duration_s / self._step_s) + 2
        out = np.zeros(size)
        half = math.ceil(REACH * self._spread / self._step_s)
        offset = np.arange(-half, half + 1)
        for time in times.tolist():
            centre = round(time / self._step_s)
            at = centre + offset
            at = at[(at >= 0) & (at < size)]
            out[at] += np.exp(-0.5 * ((at * self._step_s - time) / self._spread) ** 2)
        return out.astype(np.float32)

    def _variance(self, times: Array) -> float:
        """Return the variance of a smoothed train, by pairs of neighbours."""
        n, together = times.size, float(times.size)
        for apart in range(1, n):
            gaps = times[apart:] - times[:-apart]
            near = gaps < REACH * self._spread
            if not near.any():
                break
            together += 2.0 * float(np.exp(-0.5 * (gaps[near] / self._spread) ** 2).sum())
        return self._moment(together, float(n * n))

    def _moment(self, together: float, product: float) -> float:
        norm = self._spread * math.sqrt(2.0 * math.pi)
        return together / norm / self._seen_s - product / self._seen_s**2

    def explained(self, times_s: Array) -> Array:
        """Return the explained variance of every trial by a model's train; NaN where both are silent."""
        times = times_s[within(times_s, self._spans)]
        place = times / self._step_s
        left = place.astype(np.int64)
        part = place - left
        sums = self._table[:, left] @ (1.0 - part) + self._table[:, left + 1] @ part
        norm = self._spread * math.sqrt(2.0 * math.pi)
        cross = sums / norm / self._seen_s - self._counts * times.size / self._seen_s**2
        total = self._variances + self._variance(times)
        out: Array = np.full(total.size, np.nan)
        np.divide(2 * cross, total, out=out, where=total > 0)
        return out

    def ratio(self, times_s: Array) -> float:
        """Return the explained-variance ratio N / D; NaN where model and data are alike silent."""
        scores = self.explained(times_s)
        there = scores[np.isfinite(scores)]
        return float(there.mean()) / self.data if there.size else math.nan


class Scorer:
    """Explained-variance ratio of models on the stretches of a recording, counting simulations."""

    def __init__(self, groups: Sequence[Group], spans: Sequence[Spans]) -> None:
        self._parts = [(group, span) for group, span in zip(groups, spans, strict=True) if span]
        self._tables: dict[float, list[TrainTable]] = {}
        self.evaluations = 0

    def _tabulated(self, sigma_s: float) -> list[TrainTable]:
        if sigma_s not in self._tables:
            self._tables[sigma_s] = [
                TrainTable(
                    [trial.spike_times_s for trial in group.trials],
                    group.duration_s,
                    span,
                    sigma_s=sigma_s,
                )
                for group, span in self._parts
            ]
        return self._tables[sigma_s]

    def ratio(
        self, model: GLIFParameters, sigma_s: float = SIGMA_S, *, dt_s: float = DT_S
    ) -> float:
        """Return the explained-variance ratio, mean over all trials of stimuli with spikes."""
        self.evaluations += 1
        total, weight = 0.0, 0
        for (group, _), table in zip(self._parts, self._tabulated(sigma_s), strict=True):
            if table.empty:
                continue
            steps = spike_steps(model, group.current_at(dt_s), dt_s=dt_s)
            times: Array = (steps + 1).astype(np.float64) * dt_s
            total += table.ratio(times) * len(group.trials)
            weight += len(group.trials)
        return total / weight if weight else math.nan
