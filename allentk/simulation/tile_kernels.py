"""A tile of GLIF neurons, compiled. Units are mV, pA and steps.

A tile is one flat array of rows whose places are known when the code is compiled: the compiler sees that
no row overlaps another and computes several neurons at once.

Time is cut into spans in which the current is held. A neuron that provably stays below its threshold
throughout a span jumps over it by the exact propagator of the span; one that might cross it, or wakes up
within the span, walks through it step by step.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.noise_kernels import FAST

__all__ = ["N_ROWS", "TILE", "give", "jump", "lost", "seat", "show", "walk"]

Array = NDArray[np.float64]
Float = NDArray[np.floating]
Steps = NDArray[np.int64]

#: Neurons of a tile, and its rows: state, current, and the columns of ``span_kernels``.
TILE, N_ROWS = 128, 26
_V, _THS, _THV, _A1, _A2, _SILENT, _CURRENT = range(0, 7 * TILE, TILE)
_SPAN = 7 * TILE
_VV, _VA1, _VA2, _VI, _TT, _TV, _TA1, _TA2, _TI = range(7 * TILE, 16 * TILE, TILE)
_SS, _K1, _K2, _TH, _BV, _BS, _BT, _B1, _B2, _BI = range(16 * TILE, N_ROWS * TILE, TILE)

#: Silence without end, in steps, and what tells it from a refractory time.
_FOREVER, _STOPPED = 1 << 60, 1 << 59


@njit(cache=True, nogil=True)
def seat(x: Float, table: Float, of: NDArray[np.int32]) -> None:
    """Put neurons at rest into a tile; seats without one never reach their threshold."""
    x[:] = 0.0
    x[_TH : _TH + TILE] = 1e30
    for column in range(table.shape[1]):
        at = _SPAN + column * TILE
        for i in range(of.size):
            x[at + i] = table[of[i], column]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def give(x: Float, currents: Array, row: int) -> None:
    """Set the currents of a tile."""
    for i in range(TILE):
        x[_CURRENT + i] = currents[row, i]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def jump(x: Float, flags: NDArray[np.uint8], span: np.floating, slack: np.floating) -> None:
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
        flags[i] = walks
        x[_V + i] = v1 if jumps else v
        x[_THS + i] = s1 if jumps else s
        x[_THV + i] = t1 if jumps else t
        x[_A1 + i] = x[_K1 + i] * a if jumps else a
        x[_A2 + i] = x[_K2 + i] * b if jumps else b
        x[_SILENT + i] = silent if walks | awake else silent - span


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def walk(
    x: Float,
    i: int,
    table: Float,
    model: int,
    n: int,
    crossings: Steps,
    voltage: Array,
    row: int,
    at: int,
) -> int:
    """Take neuron `i` of a tile through `n` steps; return how many crossings, negative where it stopped."""
    v, s, t, a, b = x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i]
    current, silent = x[_CURRENT + i], int(min(x[_SILENT + i], _FOREVER))
    drive, push = table[model, 1] * current, table[model, 7] * current
    of_v, of_a, of_b = table[model, 6], table[model, 20], table[model, 21]
    count, k = 0, min(silent, n)
    silent -= k
    if row >= 0:
        voltage[row, at : at + k] = v
    while k < n:
        t = table[model, 5] * t + of_v * v + of_a * a + of_b * b + push
        v = table[model, 0] * v + table[model, 2] * a + table[model, 3] * b + drive
        a *= table[model, 8]
        b *= table[model, 9]
        s *= table[model, 4]
        if row >= 0:
            voltage[row, at + k] = v
        k += 1
        if v > table[model, 10] + s + t:
            crossings[count] = k - 1
            count += 1
            v = table[model, 12] * v + table[model, 13]
            s = table[model, 14] * s + table[model, 15]
            a = table[model, 16] * a + table[model, 17]
            b = table[model, 18] * b + table[model, 19]
            silent = int(table[model, 11])
            if v > table[model, 10] + s + t:
                silent = _FOREVER
            rest = min(silent, n - k)
            silent -= rest
            if row >= 0:
                voltage[row, at + k : at + k + rest] = v
            k += rest
    x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i] = v, s, t, a, b
    x[_SILENT + i] = silent
    return -count if count and silent > _STOPPED else count


@njit(cache=True, nogil=True)
def show(
    x: Float,
    i: int,
    table: Float,
    model: int,
    n: int,
    scrap: Steps,
    voltage: Array,
    row: int,
    at: int,
) -> None:
    """Fill the voltages of neuron `i` in the coming steps, and leave it as it is."""
    kept = x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i], x[_SILENT + i]
    walk(x, i, table, model, n, scrap, voltage, row, at)
    x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i], x[_SILENT + i] = kept


@njit(cache=True, nogil=True)
def lost(x: Float, i: int) -> bool:
    """Whether the state of neuron `i` is no longer finite."""
    return not math.isfinite(x[_V + i] + x[_THS + i] + x[_THV + i] + x[_A1 + i] + x[_A2 + i])
