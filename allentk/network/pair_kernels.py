"""Random pairs by distance and tuning, compiled: only pairs that may connect are looked at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.network.counter_kernels import number, stream

__all__ = ["CANDIDATES", "FLAT", "GAUSSIAN", "LINEAR", "Law", "Near", "Seen", "draw", "expected"]

Array = NDArray[np.float64]

#: How a chance falls off: with the law itself at hand, or, of candidates, with what bounds it.
GAUSSIAN, LINEAR, FLAT, CANDIDATES = 0, 1, 2, 3

#: From this bound on every source is asked; below it, sources are skipped in one step.
_DENSE = 0.2


class Near(NamedTuple):
    """Sources, sorted by the bin of space they lie in; `starts` says where each bin begins."""

    low: Array
    width: float
    shape: NDArray[np.int64]
    starts: NDArray[np.int64]
    bins: NDArray[np.int64]
    places: Array
    angles: Array
    ids: NDArray[np.int32]


class Seen(NamedTuple):
    """Targets: centres of their kernels, and the axis (cosine, sine) these are stretched along."""

    places: Array
    axes: Array
    angles: Array
    factors: Array
    ids: NDArray[np.int64]


class Law(NamedTuple):
    """Chance of a pair: fall-off, line of the tuning difference, and what bounds both.

    `envelope[k]` bounds the chance from distance `k step` on, of a target of factor 1; beyond `reach` it is
    `beyond`, and 0 where `cut`. `period` is 0 without tuning, 180 for orientations, 360 for directions.
    """

    kind: int
    peak: float
    scale: float
    reach: float
    cut: bool
    along: float
    across: float
    period: float
    same: float
    slope: float
    untuned: float
    step: float
    envelope: Array
    beyond: float


@njit(cache=True, nogil=True)
def _away(near: Near, seen: Seen, t: int, out: Array) -> None:
    """Fill how far a target's kernel is from the bins along every axis, at the least, squared."""
    for axis in range(3):
        place = seen.places[t, axis] - near.low[axis]
        for i in range(near.shape[axis]):
            low = i * near.width
            # a place on the border may have been rounded into the next bin
            away = max(low - place, place - low - near.width) - 1e-9 * near.width
            out[axis, i] = max(0.0, away) ** 2


@njit(cache=True, nogil=True)
def _candidates(
    law: Law,
    near: Near,
    away: Array,
    factor: float,
    state: np.uint64,
    found: NDArray[np.int64],
    heights: Array,
) -> int:
    """Fill sources that may be connected, and heights that their chance must exceed; return how many."""
    shape, starts, envelope = near.shape, near.starts, law.envelope
    stretch = 1.0 / max(1.0, law.along, law.across)
    reach, step = law.reach, law.step
    farthest = (reach / stretch) ** 2
    n, count = 0, 1
    left = -np.log(number(state, 0))
    for x in range(shape[0]):
        if away[0, x] > farthest:
            continue
        for y in range(shape[1]):
            plane = away[0, x] + away[1, y]
            if plane > farthest:
                continue
            row = (x * shape[1] + y) * shape[2]
            for z in range(shape[2]):
                j, end = starts[row + z], starts[row + z + 1]
                square = plane + away[2, z]
                if j == end or square > farthest:
                    continue
                bound = min(1.0, envelope[int(np.sqrt(square) * stretch / step)] * factor)
                if bound >= _DENSE:
                    for k in range(j, end):
                        height = number(state, count)
                        count += 1
                        found[n], heights[n] = k, height
                        n += height < bound
                elif bound > 0.0:
                    hazard = -np.log1p(-bound)
                    # an exponential lifetime that every source passed takes its share of
                    while left < hazard * (end - j):
                        j = min(j + int(left / hazard), end - 1)
                        found[n], heights[n] = j, number(state, count) * bound
                        left = -np.log(number(state, count + 1))
                        n, count, j = n + 1, count + 2, j + 1
                    left -= hazard * (end - j)
    beyond = min(1.0 - 1e-16, law.beyond * factor)
    if beyond > 0.0:
        hazard, j, end = -np.log1p(-beyond), 0, near.ids.size
        while left < hazard * (end - j):
            j = min(j + int(left / hazard), end - 1)
            cell = near.bins[j]
            # summed as above, or a bin on the rim might be in both sweeps or in none
            square = away[0, cell // (shape[1] * shape[2])] + away[1, cell // shape[2] % shape[1]]
            square += away[2, cell % shape[2]]
            found[n], heights[n] = j, number(state, count) * beyond
            left = -np.log(number(state, count + 1))
            n, count, j = n + (square > farthest), count + 2, j + 1
    return n


@njit(cache=True, nogil=True)
def _distances(
    law: Law, near: Near, seen: Seen, t: int, found: NDArray[np.int64], out: Array
) -> None:
    """Fill how far sources are from a target, in the frame of its kernel."""
    places, (tx, ty, tz) = near.places, (seen.places[t, 0], seen.places[t, 1], seen.places[t, 2])
    c, s = seen.axes[t, 0], seen.axes[t, 1]
    stretched = (law.along != 1.0 or law.across != 1.0) and (c != 0.0 or s != 0.0)
    for i in range(found.size):
        j = found[i]
        x, y, z = places[j, 0] - tx, places[j, 1] - ty, places[j, 2] - tz
        if stretched:
            x, y = (c * x + s * y) / law.along, (c * y - s * x) / law.across
        out[i] = np.sqrt(x * x + y * y + z * z)


@njit(cache=True, nogil=True)
def _chances(
    law: Law, near: Near, seen: Seen, t: int, found: NDArray[np.int64], distances: Array, out: Array
) -> None:
    """Fill the chances of a target's pairs, of known distances."""
    peak, scale, period, angle = law.peak * seen.factors[t], law.scale, law.period, seen.angles[t]
    for i in range(found.size):
        p = peak
        if law.kind == GAUSSIAN:
            p *= np.exp(-((distances[i] / scale) ** 2))
        elif law.kind == LINEAR:
            p *= max(0.0, 1.0 - distances[i] / scale)
        if period > 0.0:
            apart = abs(near.angles[found[i]] - angle) % period
            apart = min(apart, period - apart)
            p *= law.untuned if np.isnan(apart) else law.same + law.slope * apart
        out[i] = 0.0 if law.cut and distances[i] > law.reach else min(1.0, p)


@njit(cache=True, nogil=True)
def draw(
    law: Law, near: Near, seen: Seen, first: int, last: int, loops: bool, key: np.uint64
) -> tuple[NDArray[np.int64], NDArray[np.int32], Array, Array]:
    """Draw the sources of targets `first` to `last`, sorted in each.

    Returns
    -------
    counts : ndarray, shape (last - first,)
        Sources of every target.
    sources : ndarray of int32
        Their ids.
    heights, distances : ndarray
        Of candidates: a pair is connected where its chance is above its height; else empty.

    Notes
    -----
    A bin is passed with the chance that none of its sources would connect were all as likely as the
    likeliest; a source met is then kept with its own chance over that one (thinning: Lewis and Shedler
    1979, Naval Research Logistics 26:403).
    """
    candidates = law.kind == CANDIDATES
    n_sources, ids = near.ids.size, near.ids
    some, height = np.empty(n_sources + 1, np.int64), np.empty(n_sources + 1)
    distance, chances = np.empty(n_sources), np.empty(n_sources)
    away = np.empty((3, near.shape.max()))
    counts = np.zeros(last - first, np.int64)
    room = 4 * n_sources
    found = np.empty(room, np.int32)
    heights, distances = np.empty(room * candidates), np.empty(room * candidates)
    end = 0
    for t in range(first, last):
        begin = end
        if begin + n_sources > room:
            room = 2 * room
            found = _longer(found, room)
            if candidates:
                heights, distances = _longer(heights, room), _longer(distances, room)
        _away(near, seen, t, away)
        n = _candidates(law, near, away, seen.factors[t], stream(key, seen.ids[t]), some, height)
        _distances(law, near, seen, t, some[:n], distance)
        _chances(law, near, seen, t, some[:n], distance, chances)
        own = -1 if loops else seen.ids[t]
        for i in range(n):
            likely = distance[i] <= law.reach if candidates else height[i] < chances[i]
            if likely and ids[some[i]] != own:
                found[end] = ids[some[i]]
                if candidates:
                    heights[end], distances[end] = height[i], distance[i]
                end += 1
        if candidates:
            order = np.argsort(found[begin:end])
            heights[begin:end] = heights[begin:end][order]
            distances[begin:end] = distances[begin:end][order]
        found[begin:end].sort()
        counts[t - first] = end - begin
    return counts, found[:end].copy(), heights[: end * candidates], distances[: end * candidates]


@njit(cache=True, nogil=True)
def _longer(array: NDArray[np.int32] | Array, room: int) -> NDArray[np.int32] | Array:
    more = np.empty(room, array.dtype)
    more[: array.size] = array
    return more


@njit(cache=True, nogil=True)
def expected(law: Law, near: Near, seen: Seen, loops: bool) -> Array:
    """Return the sum of the chances of every target's pairs."""
    everyone = np.arange(near.ids.size)
    distance, chances = np.empty(everyone.size), np.empty(everyone.size)
    out = np.zeros(seen.ids.size)
    for t in range(seen.ids.size):
        _distances(law, near, seen, t, everyone, distance)
        _chances(law, near, seen, t, everyone, distance, chances)
        for j in everyone:
            if loops or near.ids[j] != seen.ids[t]:
                out[t] += chances[j]
    return out
