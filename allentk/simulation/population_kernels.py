"""Many GLIF neurons that do not know each other, compiled. Units are mV, pA and steps.

Neurons are run in tiles of a fixed size, each through the whole duration, so that a tile's state and
constants stay in the nearest cache. A tile is one flat array of rows whose places are known when the
code is compiled: the compiler sees that no row overlaps another and computes several neurons at once.

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

from allentk.simulation.noise_kernels import FAST, normals

__all__ = ["NOT_FINITE", "RUNNING", "TILE", "Clock", "Drive", "Models", "Watch", "run_tiles"]

Float = NDArray[np.floating]
Steps = NDArray[np.int64]

#: Neurons of a tile.
TILE = 128

#: Entries of ``stopped`` that are no step.
RUNNING, NOT_FINITE = -1, -2

#: Intervals whose currents are prepared at once, an even number.
AHEAD = 16

_V, _THS, _THV, _A1, _A2, _SILENT = 0, TILE, 2 * TILE, 3 * TILE, 4 * TILE, 5 * TILE
_CURRENT, _SPAN = 6 * TILE, 7 * TILE
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
_N_ROWS = 26

#: Silence without end, in steps, and what tells it from a refractory time.
_FOREVER, _STOPPED = 1 << 60, 1 << 59


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
    """The currents of one tile in the coming intervals, and what it takes to draw them."""

    streams: NDArray[np.uint64]
    words: NDArray[np.uint64]
    scratch: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    currents: NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _jump(x: Float, flags: NDArray[np.uint8], span: np.floating, slack: np.floating) -> None:
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
def _walk(
    x: Float,
    i: int,
    table: Float,
    model: int,
    n: int,
    crossings: Steps,
    voltage: NDArray[np.float64],
    row: int,
    at: int,
) -> int:
    """Take neuron `i` of a tile through `n` steps; return how many crossings, negative where it stopped."""
    v, s, t, a, b = x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i]
    current, silent = x[_CURRENT + i], int(min(x[_SILENT + i], _FOREVER))
    drive, push = table[model, 1] * current, table[model, 7] * current
    count = 0
    for k in range(n):
        if silent > 0:
            silent -= 1
        else:
            t = (
                table[model, 5] * t
                + table[model, 6] * v
                + table[model, 20] * a
                + table[model, 21] * b
                + push
            )
            v = table[model, 0] * v + table[model, 2] * a + table[model, 3] * b + drive
            a *= table[model, 8]
            b *= table[model, 9]
            s *= table[model, 4]
            if v > table[model, 10] + s + t:
                crossings[count] = k
                count += 1
                if row >= 0:
                    voltage[row, at + k] = v
                v = table[model, 12] * v + table[model, 13]
                s = table[model, 14] * s + table[model, 15]
                a = table[model, 16] * a + table[model, 17]
                b = table[model, 18] * b + table[model, 19]
                silent = int(table[model, 11])
                if v > table[model, 10] + s + t:
                    silent = _FOREVER
                continue
        if row >= 0:
            voltage[row, at + k] = v
    x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i] = v, s, t, a, b
    x[_SILENT + i] = silent
    return -count if count and silent > _STOPPED else count


@njit(cache=True, nogil=True)
def _show(
    x: Float, first: int, n: int, models: Models, watch: Watch, at: int, steps: int, scrap: Steps
) -> None:
    """Fill the voltages of the watched neurons in the coming steps, and leave the neurons as they are."""
    for i in range(n):
        row = watch.row[first + i]
        if row >= 0:
            kept = x[_V + i], x[_THS + i], x[_THV + i], x[_A1 + i], x[_A2 + i], x[_SILENT + i]
            model = models.of[first + i]
            _walk(x, i, models.step, model, steps, scrap, watch.voltage, row, at)
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


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _scale(mean: Float, sd: Float, currents: Float) -> None:
    for k in range(currents.shape[0]):
        for i in range(currents.shape[1]):
            currents[k, i] = mean[i] + sd[i] * currents[k, i]


@njit(cache=True, nogil=True)
def _look_ahead(drive: Drive, first: int, n: int, interval: int, desk: Desk) -> None:
    """Fill the currents of a tile in the coming intervals, neurons side by side."""
    if drive.values.size == 0:
        normals(desk.streams, interval, desk.scratch, desk.words, desk.currents)
        _scale(desk.mean, desk.sd, desk.currents)
        return
    for i in range(n):
        for k in range(AHEAD):
            column = min(interval + k, drive.values.shape[1] - 1)
            desk.currents[k, i] = drive.values[first + i, column]


@njit(cache=True, nogil=True)
def _walk_flagged(
    x: Float,
    flags: NDArray[np.uint8],
    eights: NDArray[np.uint64],
    first: int,
    of: NDArray[np.int32],
    table: Float,
    at: int,
    steps: int,
    crossings: Steps,
    keys: Steps,
    count: int,
    voltage: NDArray[np.float64],
    stopped: Steps,
) -> int:
    """Take the flagged neurons of a tile through a span; return the number of spikes so far."""
    for eight in range(eights.size):
        if eights[eight] == 0:
            continue
        for i in range(8 * eight, 8 * eight + 8):
            if flags[i]:
                neuron = first + i
                new = _walk(x, i, table, of[neuron], steps, crossings, voltage, -1, 0)
                for k in range(abs(new)):
                    keys[count] = (at + crossings[k]) * of.size + neuron
                    count += 1
                if new < 0:
                    stopped[neuron] = at + crossings[-new - 1]
    return count


@njit(cache=True, nogil=True)
def _advance(
    x: Float,
    flags: NDArray[np.uint8],
    eights: NDArray[np.uint64],
    currents: Float,
    first: int,
    n: int,
    models: Models,
    clock: Clock,
    step: int,
    crossings: Steps,
    keys: Steps,
    count: int,
    watch: Watch,
    stopped: Steps,
    span: np.floating,
    slack: np.floating,
) -> tuple[int, int]:
    """Run a tile while `currents` and the room for keys last; return the step reached and the spikes."""
    of, table = models.of, models.step
    start = step - step % (AHEAD * clock.interval)
    stop = min(start + AHEAD * clock.interval, clock.steps)
    while step < stop and count + TILE * clock.span <= keys.size:
        row = (step - start) // clock.interval
        steps = min(clock.span, min(start + (row + 1) * clock.interval, stop) - step)
        for i in range(TILE):
            x[_CURRENT + i] = currents[row, i]
        if watch.voltage.size:
            _show(x, first, n, models, watch, step, steps, crossings)
        if steps == clock.span:
            _jump(x, flags, span, slack)
        else:
            flags[:n] = 1
        count = _walk_flagged(
            x, flags, eights, first, of, table, step, steps, crossings, keys, count,
            watch.voltage, stopped,
        )  # fmt: skip
        step += steps
    return step, count


@njit(cache=True, nogil=True)
def _longer(keys: Steps) -> Steps:
    longer = np.empty(2 * keys.size, dtype=np.int64)
    longer[: keys.size] = keys
    return longer


@njit(cache=True, nogil=True)
def _run_tile(
    x: Float,
    first: int,
    n: int,
    models: Models,
    drive: Drive,
    clock: Clock,
    desk: Desk,
    keys: Steps,
    count: int,
    watch: Watch,
    stopped: Steps,
    span: np.floating,
    slack: np.floating,
) -> tuple[Steps, int]:
    """Run a tile through the whole duration; return the keys of all spikes and their number."""
    crossings = np.empty(clock.span, dtype=np.int64)
    flags = np.zeros(TILE, dtype=np.uint8)
    eights = flags.view(np.uint64)
    _seat(x, models, first, n)
    step = 0
    while step < clock.steps:
        if step % (AHEAD * clock.interval) == 0:
            _look_ahead(drive, first, n, step // clock.interval, desk)
        if count + TILE * clock.span > keys.size:
            keys = _longer(keys)
        step, count = _advance(
            x, flags, eights, desk.currents, first, n, models, clock, step, crossings, keys, count,
            watch, stopped, span, slack,
        )  # fmt: skip
    for i in range(n):
        if not math.isfinite(x[_V + i]):
            stopped[first + i] = NOT_FINITE
    return keys, count


@njit(cache=True, nogil=True)
def _desk(drive: Drive, first: int, n: int) -> Desk:
    """Return the desk of a tile; empty seats get no current."""
    desk = Desk(
        np.zeros(TILE, dtype=np.uint64),
        np.empty(TILE, dtype=np.uint64),
        np.empty((3, TILE)),
        np.zeros(TILE),
        np.zeros(TILE),
        np.zeros((AHEAD, TILE)),
    )
    if drive.values.size == 0:
        desk.streams[:n] = drive.streams[first : first + n]
        desk.mean[:n] = drive.mean[first : first + n]
        desk.sd[:n] = drive.sd[first : first + n]
    return desk


@njit(cache=True, nogil=True)
def run_tiles(
    first: int,
    last: int,
    models: Models,
    drive: Drive,
    clock: Clock,
    watch: Watch,
    stopped: Steps,
    span: np.floating,
    slack: np.floating,
) -> Steps:
    """Run neurons `first` to `last` from rest, one tile after the other.

    Parameters
    ----------
    models, drive, clock, watch
        Who they are, what drives them, for how long, and whose voltage is kept.
    stopped : ndarray of int, shape (n_neurons,)
        Filled with the step of a spike after which a neuron was above its threshold (it is silent from
        there), or ``NOT_FINITE``.
    span, slack : float
        ``clock.span``, and how far below its threshold a neuron must stay to jump, in the floating-point
        type of the tables, which is the one that is computed in.

    Returns
    -------
    ndarray of int
        ``step * n_neurons + neuron`` of every spike, tile by tile.
    """
    x = np.empty(_N_ROWS * TILE, dtype=models.span.dtype)
    keys, count = np.empty(2 * TILE * clock.span, dtype=np.int64), 0
    for begin in range(first, last, TILE):
        n = min(TILE, last - begin)
        desk = _desk(drive, begin, n)
        keys, count = _run_tile(
            x, begin, n, models, drive, clock, desk, keys, count, watch, stopped, span, slack
        )
    return keys[:count].copy()
