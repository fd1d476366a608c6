"""Many GLIF neurons that do not know each other, compiled. Units are mV, pA and steps.

Neurons are run in tiles of a fixed size, each through the whole duration, so that a tile's state and
constants stay in the nearest cache. A tile is one flat array of rows whose places are known when the code is
compiled: the compiler sees that no row overlaps another and computes several neurons at once.

Time is cut into spans in which the current is held. A neuron that provably stays below its threshold
throughout a span jumps over it by the exact propagator of the span; one that might cross it, or wakes up
within the span, walks through it step by step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.noise_kernels import FAST, normal_pairs

__all__ = ["NOT_FINITE", "RUNNING", "TILE", "Drive", "Models", "run_tiles"]

Float = NDArray[np.floating]
Steps = NDArray[np.int64]

#: Neurons of a tile.
TILE = 128

#: Entries of ``stopped`` that are no step.
RUNNING, NOT_FINITE = -1, -2

#: Intervals of a given current that are copied to a tile at once.
AHEAD = 16

_V, _THS, _THV, _A1, _A2, _SILENT = 0, TILE, 2 * TILE, 3 * TILE, 4 * TILE, 5 * TILE
_CURRENT, _FLAG, _SPAN = 6 * TILE, 7 * TILE, 8 * TILE
_VV, _VA1, _VA2, _VI = _SPAN, _SPAN + TILE, _SPAN + 2 * TILE, _SPAN + 3 * TILE
_TT, _TV, _TA1, _TA2, _TI = (
    _SPAN + 4 * TILE,
    _SPAN + 5 * TILE,
    _SPAN + 6 * TILE,
    _SPAN + 7 * TILE,
    _SPAN + 8 * TILE,
)
_SS, _K1, _K2 = _SPAN + 9 * TILE, _SPAN + 10 * TILE, _SPAN + 11 * TILE
_TH = _SPAN + 12 * TILE
_BV, _BS, _BT = _SPAN + 13 * TILE, _SPAN + 14 * TILE, _SPAN + 15 * TILE
_B1, _B2, _BI = _SPAN + 16 * TILE, _SPAN + 17 * TILE, _SPAN + 18 * TILE
_N_ROWS = 27


class Models(NamedTuple):
    """Which model a neuron is, and the tables of steps and spans."""

    of: NDArray[np.int32]
    step: Float
    span: Float


class Drive(NamedTuple):
    """Held currents, shape (n_neurons, n_intervals); or none, and mean, deviation and stream of noise."""

    values: Float
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    streams: NDArray[np.uint64]


class Clock(NamedTuple):
    """Steps of the run, of an interval of held current, and of a span."""

    steps: int
    interval: int
    span: int


class Watch(NamedTuple):
    """Row of `voltage` for every neuron, or -1, and voltages at the end of every step."""

    row: NDArray[np.int32]
    voltage: NDArray[np.float64]


class Desk(NamedTuple):
    """What the currents of one tile need."""

    streams: NDArray[np.uint64]
    words: NDArray[np.uint64]
    uniform: NDArray[np.float64]
    exponent: NDArray[np.float64]
    fraction: NDArray[np.float64]
    normal: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    ahead: NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _jump(x: Float, span: np.floating, slack: np.floating) -> None:
    """Take every neuron of a tile over a span; flag, with its state as it was, who has to walk."""
    for i in range(TILE):
        v, s, t, a, b = x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i]
        current, silent, th = x[_CURRENT + i], x[_SILENT + i], x[_TH + i]
        v1 = x[_VV + i] * v + x[_VA1 + i] * a + x[_VA2 + i] * b + x[_VI + i] * current
        t1 = x[_TT + i] * t + x[_TV + i] * v + x[_TA1 + i] * a + x[_TA2 + i] * b
        t1 += x[_TI + i] * current
        s1 = x[_SS + i] * s
        here, there = v - s - t - th, v1 - s1 - t1 - th
        bend = x[_BV + i] * abs(v) + x[_BS + i] * abs(s) + x[_BT + i] * abs(t)
        bend += x[_B1 + i] * abs(a) + x[_B2 + i] * abs(b) + x[_BI + i] * abs(current)
        top = (here if here > there else there) + bend + slack
        awake = silent <= 0
        walks = top > 0 if awake else silent < span
        jumps = awake & ~walks
        x[_FLAG + i] = walks
        x[_V + i] = v1 if jumps else v
        x[_THS + i] = s1 if jumps else s
        x[_THV + i] = t1 if jumps else t
        x[_A1 + i] = x[_K1 + i] * a if jumps else a
        x[_A2 + i] = x[_K2 + i] * b if jumps else b
        x[_SILENT + i] = silent if walks | awake else silent - span


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _walk(
    x: Float,
    i: int,
    c: Float,
    n: int,
    voltage: NDArray[np.float64],
    crossings: Steps,
) -> int:
    """Take neuron `i` of a tile through `n` steps; return how many crossings, negative where it stopped."""
    v, s, t, a, b = x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i]
    current, silent = x[_CURRENT + i], int(min(x[_SILENT + i], _FOREVER))
    drive, push = c[1] * current, c[7] * current
    count = 0
    for k in range(n):
        if silent > 0:
            silent -= 1
        else:
            t = c[5] * t + c[6] * v + c[20] * a + c[21] * b + push
            v = c[0] * v + c[2] * a + c[3] * b + drive
            a *= c[8]
            b *= c[9]
            s *= c[4]
            if v > c[10] + s + t:
                crossings[count] = k
                count += 1
                if voltage.size:
                    voltage[k] = v
                v = c[12] * v + c[13]
                s = c[14] * s + c[15]
                a = c[16] * a + c[17]
                b = c[18] * b + c[19]
                silent = int(c[11])
                if v > c[10] + s + t:
                    silent = _FOREVER
                continue
        if voltage.size:
            voltage[k] = v
    x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i] = v, s, t, a, b
    x[_SILENT + i] = silent
    return -count if count and silent > _STOPPED else count


@njit(cache=True, nogil=True)
def _show(x: Float, i: int, c: Float, n: int, voltage: NDArray[np.float64], scrap: Steps) -> None:
    """Fill the voltages of neuron `i` in the coming steps, and leave it as it is."""
    kept = x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i], x[_SILENT + i]
    _walk(x, i, c, n, voltage, scrap)
    x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i], x[_SILENT + i] = kept


@njit(cache=True, nogil=True)
def _seat(x: Float, models: Models, first: int, n: int) -> None:
    """Put neurons at rest into a tile; seats without one never reach their threshold."""
    x[:] = 0.0
    x[_TH : _TH + TILE] = 1e30
    for row in range(models.span.shape[1]):
        at = _SPAN + row * TILE
        for i in range(n):
            x[at + i] = models.span[models.of[first + i], row]


@njit(cache=True, nogil=True)
def _look_ahead(values: Float, first: int, n: int, interval: int, ahead: Float) -> None:
    """Copy the held currents of the coming intervals, neurons side by side."""
    last = min(interval + AHEAD, values.shape[1])
    for i in range(n):
        for k in range(interval, last):
            ahead[k - interval, i] = values[first + i, k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _scale(x: Float, mean: Float, sd: Float, normal: Float) -> None:
    for i in range(TILE):
        x[_CURRENT + i] = mean[i] + sd[i] * normal[i]


@njit(cache=True, nogil=True)
def _supply(x: Float, drive: Drive, first: int, n: int, interval: int, desk: Desk) -> None:
    """Set the current of a tile for an interval."""
    if drive.values.size:
        if interval % AHEAD == 0:
            _look_ahead(drive.values, first, n, interval, desk.ahead)
        for i in range(n):
            x[_CURRENT + i] = desk.ahead[interval % AHEAD, i]
        return
    if interval % 2 == 0:
        normal_pairs(
            desk.streams,
            interval // 2,
            desk.words,
            desk.uniform,
            desk.exponent,
            desk.fraction,
            desk.normal[0],
            desk.normal[1],
        )
    _scale(x, desk.mean, desk.sd, desk.normal[interval % 2])


@njit(cache=True, nogil=True)
def _room(keys: Steps, count: int, more: int) -> Steps:
    """Return `keys`, or a longer copy, with room for `more` after the first `count`."""
    if count + more <= keys.size:
        return keys
    longer = np.empty(2 * keys.size + more, dtype=np.int64)
    longer[:count] = keys[:count]
    return longer
