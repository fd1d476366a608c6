"""Metrics at the preferred condition: which it is, reliability, modulation by running."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.responses.courses import mean_pair_correlation
from allentk.responses.paper2020.trials import Trials
from allentk.responses.paper2020.windows import window_values
from allentk.responses.trials import finite_means
from allentk.responses.welch import welch_p

__all__ = [
    "at_preferred",
    "discrimination",
    "preferred_conditions",
    "reliability",
    "responsive_cells",
    "running_modulation",
]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Faster is running, cm/s.
_RUNNING_CM_S = 1.0
#: Fewest trials with and without running.
_FEWEST = 2


def preferred_conditions(means: Array) -> Indices:
    """Return the condition of the largest mean, the first of equals; -1 for a cell without events."""
    filled = np.where(np.isnan(means), -np.inf, means)
    best = filled.argmax(axis=1)
    peak = filled[np.arange(best.size), best]
    return np.where(np.isfinite(peak) & (peak > 0), best, -1)


def at_preferred(values: Array, preferred: Indices) -> Array:
    """Return the column of every cell's preferred condition; NaN for a cell without one."""
    found = values[np.arange(preferred.size), np.maximum(preferred, 0)]
    return np.where(preferred >= 0, found, np.nan)


def responsive_cells(trials: Trials, preferred: NDArray[np.int64], above: int) -> dict[str, object]:
    """Return ``n_significant_trials`` at the preferred condition, and ``responsive``: more than `above`."""
    count = at_preferred(trials.significant(), preferred)
    count = np.where(preferred < 0, 0.0 if trials.has_null else np.nan, count)
    unknown = np.isnan(count)
    yes = pd.array(np.where(unknown, False, count > above), dtype="boolean")
    yes[unknown] = pd.NA
    return {"n_significant_trials": count, "responsive": yes}


def reliability(trials: Trials, preferred: Indices, n_course: int) -> Array:
    """Return the mean correlation of the courses of all pairs of trials at the preferred condition."""
    out = np.full(preferred.size, np.nan)
    for one in trials.preferring(preferred):
        courses = window_values(trials.values[one.cells], trials.starts[one.trials], n_course)  # noqa: PD011
        out[one.cells] = mean_pair_correlation(courses)
    return out


def running_modulation(
    trials: Trials, preferred: Indices, *, unset_at_equal: bool
) -> Mapping[str, Array]:
    """Compare trials with and without running at the preferred condition, two of each at least.

    Returns
    -------
    mapping
        ``run_modulation``: (run - stationary) / the larger of the two, 0 where equal (NaN where
        `unset_at_equal`); ``p_run_modulation`` by Welch's test; ``run_response``,
        ``stationary_response``.
    """
    nan = np.full(preferred.size, np.nan)
    run, still, p = nan.copy(), nan.copy(), nan.copy()
    for one in trials.preferring(preferred):
        fast = trials.speed_cm_s[one.trials] >= _RUNNING_CM_S
        slow = trials.speed_cm_s[one.trials] < _RUNNING_CM_S
        parts = [trials.means[np.ix_(one.cells, one.trials[which])] for which in (fast, slow)]
        enough = np.min([np.isfinite(part).sum(axis=1) for part in parts], axis=0) >= _FEWEST
        found = (*(finite_means(part) for part in parts), welch_p(*parts))
        run[one.cells], still[one.cells], p[one.cells] = np.where(enough, found, np.nan)
    larger = np.maximum(run, still)
    equal = np.where(np.isnan(larger) | unset_at_equal, np.nan, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        modulation = np.where(run == still, equal, (run - still) / larger)
    return {
        "run_modulation": modulation,
        "p_run_modulation": p,
        "run_response": run,
        "stationary_response": still,
    }


def discrimination(trials: Trials, means: Array, preferred: Indices, axis: int) -> Array:
    """Return how well one parameter is told apart, the others at their preferred values.

    ``ptp / (ptp + 2 sqrt(SSE / (n - levels)))``, with the largest difference between means along the
    parameter, and the squares of its n trials around the mean of all of them.
    """
    shape = trials.shown.shape
    places = np.arange(int(np.prod(shape))).reshape(shape)
    out = np.full(preferred.size, np.nan)
    for one in trials.preferring(preferred):
        where: list[slice | int] = list(map(int, np.unravel_index(one.number, shape)))
        where[axis] = slice(None)
        line = places[tuple(where)]
        responses = trials.means[one.cells][:, np.isin(trials.shown.condition, line)]
        spread = np.ptp(means[one.cells][:, line], axis=1)
        centred = responses - finite_means(responses)[:, None]
        free = np.isfinite(responses).sum(axis=1) - line.size
        sse = np.nansum(centred**2, axis=1)
        noise = np.divide(sse, free, out=np.full(sse.shape, np.nan), where=free > 0)
        total = spread + 2 * np.sqrt(noise)
        out[one.cells] = np.divide(spread, total, out=np.full(total.shape, np.nan), where=total > 0)
    return out
