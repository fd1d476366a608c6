"""Bursts: runs of fast spikes between slower ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.features.definition import Definition, checked
from allentk.features.pauses import column, find_pauses, intervals

__all__ = ["Bursts", "bursts"]

Array = NDArray[np.float64]
Range = tuple[int, int]

#: A slow trough this little below threshold, in mV, is no detour: the burst goes on.
TOLERANCE_MV = 0.5
#: What a score loses by each interval beyond the first, and by a border without a slow trough.
LENGTH_COST, BORDER_COST = 0.1, 0.01


@dataclass(frozen=True, slots=True)
class Bursts:
    """What `bursts` found.

    Parameters
    ----------
    max_index : float
        The largest of `indices`, a number without unit; 0 where there is no burst.
    n : int
        Number of bursts.
    ranges : tuple of (int, int)
        First interval of each burst and the interval after its last, counted from 0.
    indices : tuple of float
        Of each burst the ratio (fastest rate in it - fastest rate after it, up to the next burst) / (their
        sum); a burst at the end of the train is compared with what comes before it.
    """

    max_index: float
    n: int
    ranges: tuple[Range, ...]
    indices: tuple[float, ...]


NONE = Bursts(0.0, 0, (), ())


def bursts(
    spikes: Mapping[str, Any],
    *,
    tolerance_mv: float = TOLERANCE_MV,
    pause_cost: float = 1.0,
    definition: Definition = "allen",
) -> Bursts:
    """Find the bursts of a spike train.

    Parameters
    ----------
    spikes : mapping of array_like
        Columns ``threshold_t``, ``threshold_v``, ``isi_type``, ``fast_trough_t``, ``slow_trough_t`` and
        ``slow_trough_v`` (s, mV), such as the table that `spikes` makes.
    tolerance_mv : float
        A detour whose slow trough lies less than this below the threshold does not end a burst.
    pause_cost : float
        The `cost_weight` of the pauses, without unit; pauses take no part in bursts.
    definition : {"allen", "allentk"}
        Whose rules; see Notes.

    Returns
    -------
    Bursts
        Without bursts where the train has not both direct and detour intervals.

    Raises
    ------
    FeatureError
        Where a column is missing.

    Notes
    -----
    A burst begins at the first interval if that is direct, or where a direct interval follows a detour;
    it ends at the next detour. Its score is how much its fastest rate exceeds the fastest outside all
    bursts, over their sum, less 0.1 for each interval beyond the first, less, at either border, 0.01
    over the fraction of the interval between the fast and the slow trough. The worst burst goes while
    that raises the mean score; where it stays below 0 there is none.

    An interval without a slow trough, such as a pause that is direct, gives its border no score: under
    ``"allen"`` it undoes every burst of the train, under ``"allentk"`` that border costs nothing. The two
    differ in their pauses, too.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.array([0.0, 0.02, 0.032, 0.13, 0.25, 0.3, 0.39, 0.43, 0.53])
    >>> slow = np.array([False, False, True, True, True, True, True, True, False])
    >>> train = {
    ...     "threshold_t": times,
    ...     "threshold_v": np.full(9, -40.0),
    ...     "isi_type": np.where(slow, "detour", "direct"),
    ...     "fast_trough_t": times + 0.002,
    ...     "slow_trough_t": np.where(slow, times + 0.03, np.nan),
    ...     "slow_trough_v": np.where(slow, -60.0, np.nan),
    ... }
    >>> bursts(train).ranges
    ((0, 2),)
    """
    checked(definition)
    isi, types = intervals(spikes)
    if not {"direct", "detour"} <= set(types):
        return NONE
    paused = list(find_pauses(isi, types, cost_weight=pause_cost, definition=definition))
    kind = types.astype(object)
    kind[paused] = "pause"
    if not {"direct", "detour"} <= set(kind):
        return NONE
    names = ("threshold_v", "fast_trough_t", "slow_trough_t", "slow_trough_v")
    threshold, fast, slow, slow_v = (column(spikes, n).astype(float)[: isi.size] for n in names)
    kind[(kind == "detour") & (slow_v + tolerance_mv > threshold)] = "midburst"
    borders = BORDER_COST * isi / (slow - fast)
    if definition == "allentk":
        borders = np.nan_to_num(borders, nan=0.0)
    ranges = _pruned(_ranges(list(kind)), isi, borders)
    if not ranges:
        return NONE
    indices = tuple(_contrast(isi[a:b], _beside(isi, ranges, n)) for n, (a, b) in enumerate(ranges))
    return Bursts(max(indices), len(ranges), tuple(ranges), indices)


def _ranges(kind: list[str]) -> list[Range]:
    """Find where bursts begin and end by the types of the intervals alone."""
    out: list[Range] = []
    start: int | None = None
    for i, this in enumerate(kind):
        if start is None and this == "direct" and (i == 0 or kind[i - 1] == "detour"):
            start = i
        elif start is not None and this == "detour":
            out.append((start, i))
            start = None
    return out if start is None else [*out, (start, len(kind))]


def _contrast(inside: Array, outside: Array) -> float:
    """Return by how much the fastest rate of the one exceeds that of the other, over their sum."""
    fastest, other = 1 / float(inside.min()), 1 / float(outside.min())
    return (fastest - other) / (fastest + other)


def _scores(ranges: list[Range], isi: Array, borders: Array) -> Array:
    outside = np.ones(isi.size, dtype=bool)
    for a, b in ranges:
        outside[a:b] = False
    scores = []
    for a, b in ranges:
        border = sum(float(borders[i]) for i in (a - 1, b) if 0 <= i < isi.size)
        scores.append(_contrast(isi[a:b], isi[outside]) - LENGTH_COST * (b - a - 1) - border)
    return np.array(scores)


def _pruned(ranges: list[Range], isi: Array, borders: Array) -> list[Range]:
    """Drop the worst burst while that raises the mean score; all of them where it is negative."""
    if sum(b - a for a, b in ranges) == isi.size:
        return []
    scores = _scores(ranges, isi, borders)
    while len(ranges) > 1:
        worst = int(scores.argmin())
        fewer = ranges[:worst] + ranges[worst + 1 :]
        better = _scores(fewer, isi, borders)
        if not better.mean() > scores.mean():
            break
        ranges, scores = fewer, better
    return ranges if ranges and scores.mean() >= 0 else []


def _beside(isi: Array, ranges: list[Range], n: int) -> Array:
    """Return the intervals from a burst to the next, or before it where nothing comes after it."""
    after = isi[ranges[n][1] : ranges[n + 1][0] if n + 1 < len(ranges) else isi.size]
    if after.size:
        return after
    return isi[ranges[n - 1][1] if n else 0 : ranges[n][0]]
