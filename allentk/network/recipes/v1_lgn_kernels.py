"""Which cells of the LGN a V1 cell listens to, compiled; every target has random numbers of its own."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.network.counter_kernels import number, stream

__all__ = ["draw_subfields", "draw_weighted"]

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

#: Farthest LGN cell that is a candidate, width of the pool, shift of a subfield, degrees; squared
#: elongation.
_FARTHEST, _WIDTH, _SHIFT, _ASPECT = 40.0, 5.0, 2.5, 1.5

#: A cell of two subunits is heard where its axis is within so many degrees of the preferred orientation.
_ALIKE = 15.0


@njit(cache=True, nogil=True, inline="always")
def _apart(a: float, b: float) -> float:
    """Return the difference of two orientations, 0 to 90 degrees."""
    away = abs(a - b) % 180.0
    return min(away, 180.0 - away)


@njit(cache=True, nogil=True)
def _smallest(keys: Array, n: int) -> NDArray[np.bool_]:
    """Return which keys are the `n` smallest."""
    if n >= keys.size:
        return np.ones(keys.size, np.bool_)
    if n <= 0:
        return np.zeros(keys.size, np.bool_)
    chosen: NDArray[np.bool_] = keys <= np.partition(keys, n - 1)[n - 1]
    return chosen


@njit(cache=True, nogil=True)
def _crown(
    state: np.uint64, count: int, squares: Array, yule: float
) -> tuple[NDArray[np.uint16], int]:
    """Give every chosen source its synapses: Yule numbers, the greatest to those nearest by.

    Who gets a number k is drawn from those left with chances that fall off k times as fast.
    """
    n = squares.size
    wanted = np.empty(n, np.int64)
    for i in range(n):
        waited, slowed = -np.log(number(state, count)), -np.log(number(state, count + 1))
        count += 2
        drawn = np.ceil(-waited / np.log1p(-np.exp(-slowed / yule)))
        wanted[i] = int(min(max(drawn, 1.0), 1000.0))
    wanted.sort()
    out = np.ones(n, np.uint16)
    left = np.arange(n)
    end = n
    while end > 0 and wanted[end - 1] > 1:
        value, begin = wanted[end - 1], end - 1
        while begin > 0 and wanted[begin - 1] == value:
            begin -= 1
        keys = np.empty(left.size)
        for i in range(left.size):
            keys[i] = np.log(-np.log(number(state, count))) + squares[left[i]] * value / (
                2 * _WIDTH**2
            )
            count += 1
        taken = _smallest(keys, end - begin)
        for i in range(left.size):
            if taken[i]:
                out[left[i]] = value
        left = left[~taken]
        end = begin
    return out, count


@njit(cache=True, nogil=True)
def draw_weighted(
    first: int,
    x: Array,
    y: Array,
    kind: Counts,
    axis: Array,
    sides: Array,
    centres: Array,
    angles: Array,
    turned: Array,
    chances: Array,
    wanted: Counts,
    yule: float,
    key: np.uint64,
) -> tuple[Counts, NDArray[np.int32], NDArray[np.uint16]]:
    """Draw a given number of sources for every target, by the chances that distance and class give them.

    Parameters
    ----------
    first : int
        Id of the first of these targets.
    x, y, kind, axis : ndarray, shape (n_lgn,)
        Places and classes of the LGN cells, and the axes of those of two subunits.
    sides : ndarray, shape (n_classes,)
        -1 for sustained cells, 1 for transient ones, 0 for those of two subunits.
    centres : ndarray, shape (n, 2)
        Centres of the targets' receptive fields.
    angles, turned : ndarray, shape (n,)
        Preferred directions, degrees, and 1 or -1: on which side of the centre sustained cells are.
    chances : ndarray, shape (n, n_classes)
        Relative chance of every class; not asked of cells of two subunits.
    wanted : ndarray, shape (n,)
        Sources of every target; fewer where there are not so many.
    yule : float
        Parameter of the numbers of synapses.
    key : uint64
        Start of all random numbers.

    Notes
    -----
    Sources are drawn without replacement: who comes first in a race of exponential waiting times.
    """
    n = wanted.size
    counts = np.zeros(n, np.int64)
    room = wanted.sum()
    sources = np.empty(room, np.int32)
    synapses = np.empty(room, np.uint16)
    keys, squares = np.empty(x.size), np.empty(x.size)
    ids = np.empty(x.size, np.int32)
    done = 0
    for t in range(n):
        state, count, m = stream(key, first + t), 0, 0
        c = np.cos(np.pi / 180 * angles[t]) * turned[t]
        s = np.sin(np.pi / 180 * angles[t]) * turned[t]
        for j in range(x.size):
            dx, dy = x[j] - centres[t, 0], y[j] - centres[t, 1]
            if dx * dx + dy * dy > _FARTHEST**2:
                continue
            side = sides[kind[j]]
            if side == 0.0:
                chance = 1.0 if _apart(axis[j], angles[t]) < _ALIKE else 0.0
            else:
                chance = chances[t, kind[j]]
            if chance <= 0.0:
                continue
            along = dx * c + dy * s + side * _SHIFT
            across = dy * c - dx * s
            square = along * along * _ASPECT + across * across / _ASPECT
            squares[m], ids[m] = square, j
            waited = np.log(-np.log(number(state, count)))
            keys[m] = waited + square / (2 * _WIDTH**2) - np.log(chance)
            count += 1
            m += 1
        taken = _smallest(keys[:m], wanted[t])
        chosen = ids[:m][taken][: wanted[t]]
        found, count = _crown(state, count, squares[:m][taken][: wanted[t]], yule)
        sources[done : done + chosen.size] = chosen
        synapses[done : done + chosen.size] = found
        counts[t] = chosen.size
        done += chosen.size
    return counts, sources[:done].copy(), synapses[:done].copy()


@njit(cache=True, nogil=True)
def draw_subfields(
    first: int,
    x: Array,
    y: Array,
    kind: Counts,
    axis: Array,
    sides: Array,
    centres: Array,
    angles: Array,
    halves: Array,
    shorts: Array,
    longs: Array,
    chances: Array,
    key: np.uint64,
) -> tuple[Counts, NDArray[np.int32]]:
    """Draw the sources within the subfields of every target: ellipses side by side.

    Parameters
    ----------
    first, x, y, kind, axis, sides, centres, angles
        As in ``draw_weighted``; the subfield of transient cells lies ahead in the preferred direction.
    halves, shorts, longs : ndarray, shape (n,)
        Half the distance of the two subfields, and half their axes along and across the direction.
    chances : ndarray, shape (n, n_classes)
        Chance of a cell of a class that lies in its subfield; 0 throughout for a target without input.
    key : uint64
        Start of all random numbers.
    """
    n = angles.size
    counts = np.zeros(n, np.int64)
    room = 64 * n
    sources = np.empty(room, np.int32)
    done = 0
    for t in range(n):
        if not chances[t].any():
            continue
        if done + x.size > room:
            room = 2 * room + x.size
            more = np.empty(room, np.int32)
            more[:done] = sources[:done]
            sources = more
        state, begin = stream(key, first + t), done
        c, s = np.cos(np.pi / 180 * angles[t]), np.sin(np.pi / 180 * angles[t])
        reach = halves[t] + longs[t]
        for j in range(x.size):
            dx, dy = x[j] - centres[t, 0], y[j] - centres[t, 1]
            if abs(dx) > reach or abs(dy) > reach:
                continue
            side = sides[kind[j]]
            if side == 0.0:
                along, across = 2 * (dx * c + dy * s) / halves[t], (dy * c - dx * s) / shorts[t]
                inside = _apart(axis[j], angles[t]) < _ALIKE
            else:
                along = (dx * c + dy * s - side * halves[t]) / shorts[t]
                across = (dy * c - dx * s) / longs[t]
                inside = True
            inside = inside and along * along + across * across <= 1.0
            if inside and number(state, j) < chances[t, kind[j]]:
                sources[done] = j
                done += 1
        counts[t] = done - begin
    return counts, sources[:done].copy()
