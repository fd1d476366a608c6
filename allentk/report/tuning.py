"""Averages for the figures of responses: curves and traces aligned to what a cell prefers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.report.response_maps import trials_of
from allentk.responses import tuning_curves
from allentk.responses.conditions import conditions

__all__ = ["Aligned", "aligned_curves", "aligned_trace", "examples", "preferred_curve"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Curves of many cells, each turned so that its preferred direction is at 0 degrees.

    ``split`` tells whether the preferred direction comes from other trials than the curve.
    """

    offset_deg: Array
    curves: Array  # cells x directions
    split: bool

    @property
    def mean(self) -> Array:
        """Mean over the cells."""
        mean: Array = self.curves.mean(axis=0)
        return mean

    @property
    def sem(self) -> Array:
        """Standard error over the cells, 0 for one cell."""
        n = len(self.curves)
        spread = self.curves.std(axis=0, ddof=1) if n > 1 else np.zeros(self.curves.shape[1])
        sem: Array = spread / np.sqrt(n)
        return sem


def _halves(table: StimulusTable) -> tuple[StimulusTable, StimulusTable, bool]:
    """Return odd and even trials of every condition; all trials twice where a condition has one."""
    shown = conditions(table)
    trial = pd.Series(shown.index).groupby(shown.index).cumcount().to_numpy()
    counts = np.bincount(shown.index, minlength=shown.n_conditions)
    rows = table.table.iloc[shown.trials]
    if counts.min() < 2:
        return StimulusTable(rows), StimulusTable(rows), False
    return StimulusTable(rows[trial % 2 == 0]), StimulusTable(rows[trial % 2 == 1]), True


def _cube(responses: Traces | SpikeTrains, table: StimulusTable, ids: Array) -> tuple[Array, Array]:
    """Return directions, and means of shape (cells, frequencies, directions)."""
    long = tuning_curves(responses, table, ids=ids)
    directions = np.unique(long["orientation_deg"].to_numpy(float))
    return directions, long["mean"].to_numpy(float).reshape(len(ids), -1, directions.size)


def aligned_curves(
    responses: Traces | SpikeTrains, table: StimulusTable, ids: Array
) -> Aligned | None:
    """Turn every cell's tuning curve so that its preferred direction is at 0 degrees.

    The preferred condition is that of the odd trials, the curve is that of the even ones, so that the
    middle is no higher than the responses make it. None where the directions are not even, or no cell has
    a curve.
    """
    first, second, split = _halves(table)
    directions, choose = _cube(responses, first, ids)
    _, means = _cube(responses, second, ids)
    n = directions.size
    if n < 3 or not np.allclose(np.diff(directions), 360 / n):
        return None
    known = np.isfinite(choose).any(axis=(1, 2)) & np.isfinite(means).all(axis=(1, 2))
    choose, means = choose[known], means[known]
    if not len(means):
        return None
    best = np.where(np.isnan(choose), -np.inf, choose).reshape(len(choose), -1).argmax(axis=1)
    frequency, direction = np.divmod(best, n)
    turn = (direction[:, None] + np.arange(n)[None, :] - n // 2) % n
    curves = np.take_along_axis(means[np.arange(len(means)), frequency], turn, axis=1)
    return Aligned((np.arange(n) - n // 2) * 360.0 / n, curves, split)


def preferred_curve(
    responses: Traces | SpikeTrains, table: StimulusTable, cell: int
) -> tuple[pd.DataFrame, float, float]:
    """Return a cell's tuning curve at its preferred temporal frequency, that frequency and direction."""
    curve = tuning_curves(responses, table, ids=[cell])
    if curve["mean"].notna().any():
        best = curve.loc[curve["mean"].idxmax()]
        frequency, direction = best["temporal_frequency_hz"], best["orientation_deg"]
    else:
        frequency, direction = curve["temporal_frequency_hz"].iloc[0], np.nan
    same = curve["temporal_frequency_hz"].isna() if np.isnan(frequency) else None
    at = curve["temporal_frequency_hz"] == frequency if same is None else same
    return curve[at], float(frequency), float(direction)


def aligned_trace(
    traces: Traces, table: StimulusTable, cell: int, *, before_s: float = 1.0, after_s: float = 1.0
) -> tuple[Array, Array, float]:
    """Return time from the onset, trials of a cell's preferred grating, and the grating's length.

    Returns
    -------
    time_s : ndarray, shape (n_frames,)
    trials : ndarray, shape (n_trials, n_frames)
        Frames before the first and after the last frame of the traces are NaN.
    duration_s : float
    """
    _, frequency, direction = preferred_curve(traces, table, cell)
    rows = table.table
    match = np.isclose(rows["orientation_deg"].to_numpy(float) % 360, direction % 360)
    if not np.isnan(frequency):
        match &= np.isclose(rows["temporal_frequency_hz"].to_numpy(float), frequency)
    intervals = table.intervals_s[match]
    duration = float(np.median(np.diff(intervals, axis=1))) if len(intervals) else 0.0
    trials = trials_of(
        traces, intervals[:, 0], cell, duration_s=duration, before_s=before_s, after_s=after_s
    )
    return trials.time_s, trials.values, duration  # noqa: PD011 (trials are no table)


def examples(metrics: pd.DataFrame, n: int = 3, *, min_peak: float | None = None) -> pd.DataFrame:
    """Choose cells spread over selectivity: at the 90th, 50th and 10th percentile of the vector OSI.

    Parameters
    ----------
    metrics : DataFrame
        One row per cell, as ``responses.drifting_gratings`` returns them.
    n : int
        How many.
    min_peak : float, optional
        Cells with a smaller peak response are left out.
    """
    known = metrics[metrics["osi_vector"].notna()]
    if min_peak is not None:
        known = known[known["peak_rate_hz"] >= min_peak]
    known = known.sort_values("osi_vector", kind="stable")
    at = np.unique(np.round(np.linspace(0.9, 0.1, n) * (len(known) - 1)).astype(int))[::-1]
    return known.iloc[at] if len(known) else known
