"""Whether the animal ran in a presentation, and whether cells respond otherwise then."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from allentk.errors import DataError
from allentk.responses.neuropixels.counting import Moments
from allentk.responses.neuropixels.ratios import ratio
from allentk.responses.neuropixels.shown import Shown
from allentk.responses.running import speeds_and_times

__all__ = ["RUNNING", "STATIONARY", "UNKNOWN", "run_modulation", "states"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATIONARY, RUNNING, UNKNOWN = 0, 1, 2
_THRESHOLD_CM_S = 1.0


def states(
    shown: Shown, running: tuple[ArrayLike, ArrayLike] | None, quirks: frozenset[str]
) -> Ints:
    """Return for every presentation `STATIONARY`, `RUNNING` (1 cm/s or more on average) or `UNKNOWN`.

    Raises
    ------
    DataError
        Where speeds and times differ in length, or the times do not rise.
    """
    if running is None:
        return np.full(shown.start_s.size, UNKNOWN, dtype=np.int64)
    speed, time = speeds_and_times(running)
    if not np.all(np.diff(time) >= 0):
        raise DataError("running: the times must rise; sort both arrays by time")
    known = ~np.isnan(speed)
    speed, time = speed[known], time[known]
    edges = np.searchsorted(time, np.column_stack([shown.start_s, shown.stop_s]))
    n = np.diff(edges, axis=1)[:, 0]
    # reduceat gives the first value where there is none to add, which `n` then hides.
    total = np.add.reduceat(np.append(speed, 0.0), edges.ravel())[::2]
    mean = ratio(total, n)
    unknown = STATIONARY if "unknown_speed_stationary" in quirks else UNKNOWN
    out = np.where(mean >= _THRESHOLD_CM_S, RUNNING, STATIONARY)
    return np.where(np.isnan(mean), unknown, out).astype(np.int64)


def run_modulation(run: Moments, still: Moments) -> tuple[Floats, Floats]:
    """Return p of Welch's t test, and ``(run - still) / larger``, of counts running and stationary.

    NaN with fewer than two trials of either, or without a spike.
    """
    enough = (run.n > 1) & (still.n > 1)
    a, b = run.mean(), still.mean()
    larger = np.maximum(a, b)
    some = enough & (larger > 0)
    modulation = ratio(a - b, larger, some)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_run, of_still = run.variance(1) / run.n, still.variance(1) / still.n
        t = (a - b) / np.sqrt(of_run + of_still)
        freedom = (of_run + of_still) ** 2 / (of_run**2 / (run.n - 1) + of_still**2 / (still.n - 1))
    freedom = np.where(np.isnan(freedom), 1.0, freedom)
    p = np.where(some, 2 * stdtr(freedom, -np.abs(t)), np.nan)
    return p, modulation
