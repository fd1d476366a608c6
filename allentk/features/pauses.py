"""Pauses: intervals that do not belong to the firing around them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FeatureError
from allentk.features.definition import Definition, checked

__all__ = ["Pauses", "column", "find_pauses", "intervals", "pauses"]

Array = NDArray[np.float64]
Types = NDArray[np.str_]

#: A direct interval counts as a pause only beyond this many medians of the direct ones.
LONG_MEDIANS = 3.0


@dataclass(frozen=True, slots=True)
class Pauses:
    """What `pauses` found.

    Parameters
    ----------
    n : int
        Number of pauses.
    fraction_of_time : float
        Time spent in them over the length of the window, 0 to 1; NaN where no window is known.
    indices : tuple of int
        The intervals that are pauses, counted from 0, ascending: interval i lies between spike i and
        spike i + 1.
    """

    n: int
    fraction_of_time: float
    indices: tuple[int, ...]


def column(spikes: Mapping[str, Any], name: str) -> NDArray[Any]:
    """Return one column of a spike table; FeatureError where there is none of this name."""
    try:
        return np.asarray(spikes[name])
    except KeyError as error:
        raise FeatureError(
            f"the spikes have no column {name!r}, got {sorted(map(str, spikes.keys()))}; give the "
            f"table that features.spikes makes"
        ) from error


def intervals(spikes: Mapping[str, Any]) -> tuple[Array, Types]:
    """Return the intervals between thresholds in s, and the type of each: ``direct`` or ``detour``."""
    times = column(spikes, "threshold_t").astype(float)
    types = column(spikes, "isi_type").astype(str)
    if times.ndim != 1 or times.shape != types.shape:
        raise FeatureError(
            f"threshold_t and isi_type must be one-dimensional and equally long, got shapes "
            f"{times.shape} and {types.shape}"
        )
    isi = np.diff(times)
    if not (isi > 0).all():
        at = int((~(isi > 0)).argmax())
        raise FeatureError(
            f"threshold_t must rise from spike to spike, got {times[at]} and {times[at + 1]} s for spikes "
            f"{at} and {at + 1}; sort the spikes and leave out those without a threshold"
        )
    return isi, types[:-1]


def pauses(
    spikes: Mapping[str, Any],
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    cost_weight: float = 1.0,
    definition: Definition = "allen",
) -> Pauses:
    """Find the intervals at which a cell paused.

    Parameters
    ----------
    spikes : mapping of array_like
        Columns ``threshold_t`` (s) and ``isi_type``, such as the table that `spikes` makes.
    start_s, end_s : float, optional
        The window that `fraction_of_time` refers to; where not given, the first and the last spike.
    cost_weight : float
        Higher weights find fewer pauses.
    definition : {"allen", "allentk"}
        Whose rules; see Notes.

    Returns
    -------
    Pauses
        Without pauses for fewer than four spikes and where no interval is direct.

    Raises
    ------
    FeatureError
        Where a column is missing, or the window does not end after its start.

    Notes
    -----
    Candidates are the detour intervals in order, then the direct ones beyond three times the median of
    the direct ones. To leave candidates out of the train is worth the fall of its coefficient of
    variation; the price is, for each of them, the standard deviation of the intervals that remain over
    the distance from their mean. At least two intervals must remain.

    ``"allen"`` takes candidates up to the first whose worth is positive but less than the best so far.
    It goes on through negative worth, so one true pause can make pauses of all detour intervals.
    ``"allentk"`` takes the longest first and stops at the highest worth.

    Examples
    --------
    >>> train = {
    ...     "threshold_t": [0.1, 0.15, 0.2, 0.25, 0.6, 0.65, 0.7],
    ...     "isi_type": ["direct"] * 3 + ["detour"] + ["direct"] * 3,
    ... }
    >>> pauses(train, start_s=0.0, end_s=1.0).indices
    (3,)
    """
    isi, types = intervals(spikes)
    found = find_pauses(isi, types, cost_weight=cost_weight, definition=definition)
    window = _window_s(column(spikes, "threshold_t").astype(float), start_s, end_s)
    fraction = float(isi[list(found)].sum()) / window if window > 0 else math.nan
    return Pauses(len(found), fraction, found)


def _window_s(times: Array, start_s: float | None, end_s: float | None) -> float:
    if not times.size and (start_s is None or end_s is None):
        return math.nan
    start = float(times[0]) if start_s is None else start_s
    end = float(times[-1]) if end_s is None else end_s
    if end < start or (start_s is not None and end_s is not None and end == start):
        raise FeatureError(f"the window must end after its start, got {start} to {end} s")
    return end - start


def find_pauses(
    isi: Array, types: Types, *, cost_weight: float = 1.0, definition: Definition = "allen"
) -> tuple[int, ...]:
    """Return which of the intervals are pauses, ascending; see `pauses`."""
    direct = types == "direct"
    if not direct.any():
        return ()
    detours = np.flatnonzero(types == "detour")
    long = np.flatnonzero(direct & (isi > LONG_MEDIANS * np.median(isi[direct])))
    candidates = np.concatenate([detours, long])
    if checked(definition) == "allentk":
        candidates = candidates[np.argsort(-isi[candidates], kind="stable")]
    most = min(candidates.size, isi.size - 2)
    worth = np.array([_worth(isi, candidates[:n], cost_weight) for n in range(1, most + 1)])
    count = _first_fall(worth) if definition == "allen" else _best(worth)
    return tuple(sorted(int(i) for i in candidates[:count]))


def _worth(isi: Array, left_out: NDArray[np.int64], cost_weight: float) -> float:
    """Return the fall of the coefficient of variation less its price."""
    rest = np.delete(isi, left_out)
    mean, spread = float(rest.mean()), float(rest.std())
    fall = float(isi.std() / isi.mean()) - spread / mean
    distance = np.abs(isi[left_out] - mean)
    if spread == 0:
        return fall
    if not distance.all():
        return -math.inf
    return fall - cost_weight * float((spread / distance).sum())


def _first_fall(worth: Array) -> int:
    """Count what comes before the first worth that is positive and below an earlier one."""
    best = np.maximum.accumulate(np.maximum(worth, 0.0))
    fallen = np.flatnonzero((worth > 0) & (worth < best))
    if not worth.size or not best.any():
        return 0
    return int(fallen[0]) if fallen.size else worth.size


def _best(worth: Array) -> int:
    return int(worth.argmax()) + 1 if worth.size and worth.max() > 0 else 0
