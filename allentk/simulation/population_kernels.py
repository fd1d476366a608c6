"""Many GLIF neurons that do not know each other, compiled. Units are mV, pA and steps.

Neurons are run in tiles of a fixed size, each through the whole duration, so that a tile's state and
constants stay in the nearest cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.noise_kernels import FAST, normals
from allentk.simulation.tile_kernels import N_ROWS, TILE, give, jump, lost, seat, show, walk

__all__ = ["NOT_FINITE", "RUNNING", "TILE", "Clock", "Drive", "Models", "Watch", "run_tiles"]

Float = NDArray[np.floating]
Steps = NDArray[np.int64]

#: Entries of ``stopped`` that are no step.
RUNNING, NOT_FINITE = -1, -2

#: Intervals whose currents are prepared at once, an even number.
AHEAD = 16


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


@njit(cache=True, nogil=True)
def _show_watched(
    x: Float, first: int, n: int, models: Models, watch: Watch, at: int, steps: int, scrap: Steps
) -> None:
    """Fill the voltages of the watched neurons of a tile in the coming steps."""
    for i in range(n):
        row = watch.row[first + i]
        if row >= 0:
            model = models.of[first + i]
            show(x, i, models.step, model, steps, scrap, watch.voltage, row, at)


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
                new = walk(x, i, table, of[neuron], steps, crossings, voltage, -1, 0)
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
        give(x, currents, row)
        if watch.voltage.size:
            _show_watched(x, first, n, models, watch, step, steps, crossings)
        if steps == clock.span:
            jump(x, flags, span, slack)
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
    seat(x, models.span, models.of[first : first + n])
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
        if lost(x, i):
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
    x = np.empty(N_ROWS * TILE, dtype=models.span.dtype)
    keys, count = np.empty(2 * TILE * clock.span, dtype=np.int64), 0
    for begin in range(first, last, TILE):
        n = min(TILE, last - begin)
        desk = _desk(drive, begin, n)
        keys, count = _run_tile(
            x, begin, n, models, drive, clock, desk, keys, count, watch, stopped, span, slack
        )
    return keys[:count].copy()
