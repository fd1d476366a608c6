"""Compiled: maps of shuffled events counted and blurred, and the misfit of a Gaussian to a map.

A trial of the noise lights some 11 pixels of 448. The shuffles are therefore counted pixel by pixel, and
blurred once per cell; cells with the same number of events share the blurring.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["blurred", "count_below", "gaussian_misfit"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


@njit(cache=True, fastmath={"contract"})
def _blur(counts: Array, down: Array, across: Array, line: Array, out: Array) -> None:
    """Blur maps (2, rows, columns) into `out` by a band matrix down the columns, and one along the rows.

    ``across`` is used from its left side: ``out[r] = sum_c line[c] * across[c]``.
    """
    n_maps, n_rows, n_columns = counts.shape
    for m in range(n_maps):
        for r in range(n_rows):
            line[:] = 0.0
            for k in range(n_rows):
                weight = down[r, k]
                if weight != 0.0:
                    for c in range(n_columns):
                        line[c] += weight * counts[m, k, c]
            out[m, r, :] = 0.0
            for k in range(n_columns):
                value = line[k]
                if value != 0.0:
                    for c in range(n_columns):
                        out[m, r, c] += value * across[k, c]


@njit(cache=True, fastmath={"contract"})
def blurred(counts: Array, down: Array, across: Array) -> Array:
    """Return maps ``(n, rows, columns)`` blurred: ``down @ map @ across``."""
    out = np.empty_like(counts)
    _blur(counts, down, across, np.empty(counts.shape[2]), out)
    return out


@njit(cache=True, fastmath={"contract"})
def count_below(
    orders: NDArray[np.int32],
    sizes: Whole,
    starts: Whole,
    lit: Whole,
    down: Array,
    across: Array,
    group: Whole,
    n_events: Whole,
    observed: Array,
    below: Whole,
) -> None:
    """Add to `below` how many shuffles lie below the observed maps, pixel by pixel.

    Parameters
    ----------
    orders : ndarray of int32, shape (n_shuffles, n_trials)
        Trials in shuffled order; a shuffle's events are the first `sizes`.
    sizes : ndarray of int64, shape (n_shuffles, n_groups)
        Events of every shuffle, rising along a row.
    starts, lit : ndarray of int64
        Pixels lit in trial t: ``lit[starts[t]:starts[t + 1]]``, black ones after all white ones.
    down, across : ndarray
        The blur.
    group : ndarray of int64, shape (n_groups + 1,)
        Cells of group g: ``group[g]:group[g + 1]``.
    n_events : ndarray of int64, shape (n_groups,)
        Events of the cells of a group.
    observed : ndarray, shape (n_cells, 2, rows, columns)
        Blurred counts of the cells.
    below : ndarray of int64, shape (n_cells, 2, rows, columns)
        What is added to.
    """
    n_rows, n_columns = observed.shape[2:]
    counts = np.zeros((2, n_rows, n_columns))
    flat = counts.reshape(-1)
    maps = np.empty((2, n_rows, n_columns))
    values = maps.reshape(-1)
    line = np.empty(n_columns)
    seen = observed.reshape(observed.shape[0], -1)
    less = below.reshape(below.shape[0], -1)
    for s in range(orders.shape[0]):
        counts[:] = 0.0
        done = 0
        for g in range(n_events.size):
            size = sizes[s, g]
            for t in orders[s, done:size]:
                for k in lit[starts[t] : starts[t + 1]]:
                    flat[k] += 1.0
            if size > done or g == 0:
                _blur(counts, down, across, line, maps)
            done = max(size, done)
            scale = size / n_events[g]
            if size > 0:
                for cell in range(group[g], group[g + 1]):
                    for i in range(values.size):
                        less[cell, i] += values[i] < seen[cell, i] * scale


@njit(cache=True, fastmath={"contract"})
def gaussian_misfit(
    data: Array, height: float, row: float, column: float, a: float, b: float, c: float
) -> float:
    """Return the sum of squares of ``height exp(-(a y^2 + 2 b y x + c x^2)/2) - data``.

    y and x are distances from the center in rows and columns. From row to row the Gaussian changes by a
    factor that itself changes by a constant one, so that two products stand for an exponential.
    """
    n_rows, n_columns = data.shape
    middle = min(max(int(np.rint(row)), 0), n_rows - 1)
    start = np.empty(n_columns)
    value = np.empty(n_columns)
    ratio = np.empty(n_columns)
    reach = max(row, n_rows - row) + 1
    steep = abs(a) * reach + abs(b) * (max(column, n_columns - column) + 1)
    total = 0.0
    if steep > 300.0:  # the ratios could overflow
        for r in range(n_rows):
            y = r - row
            for k in range(n_columns):
                x = k - column
                g = height * np.exp(-0.5 * (a * y * y + 2.0 * b * y * x + c * x * x))
                total += (g - data[r, k]) ** 2
        return total
    y = middle - row
    fall = np.exp(-a)
    for k in range(n_columns):
        x = k - column
        start[k] = height * np.exp(-0.5 * (a * y * y + 2.0 * b * y * x + c * x * x))
    for way in (1, -1):
        for k in range(n_columns):
            value[k] = start[k]
            ratio[k] = np.exp(-0.5 * a - way * (a * y + b * (k - column)))
        r = middle
        if way == -1:
            r -= 1
            for k in range(n_columns):
                value[k] *= ratio[k]
                ratio[k] *= fall
        while 0 <= r < n_rows:
            part = 0.0
            for k in range(n_columns):
                rest = value[k] - data[r, k]
                part += rest * rest
                value[k] *= ratio[k]
                ratio[k] *= fall
            total += part
            r += way
    return total
