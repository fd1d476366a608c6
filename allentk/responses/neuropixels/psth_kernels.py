"""Compiled: spikes of many cells sorted into presentations, bins and phases, one pass over the spikes."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_counts", "add_first_spikes", "add_phases", "add_preferred_bins", "add_shuffled"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.int32]


@njit(cache=True, nogil=True)
def add_counts(ids: Ints, first: Ints, last: Ints, cell: int, out: Counts) -> None:
    """Count the spikes ``first[p] .. last[p]`` of cells from `cell` on into ``out[p, cell]``."""
    n = out.shape[1]
    for p in range(first.size):
        for k in range(first[p], last[p]):
            c = ids[k] - cell
            if 0 <= c < n:
                out[p, c] += 1


@njit(cache=True, nogil=True)
def _bin(t: float, start: float, edges: Floats) -> int:
    """Return the last edge at or before `t`; edges are a fixed step apart, up to rounding."""
    b = min(max(int((t - start) / (edges[1] - edges[0])), 0), edges.size - 1)
    while b > 0 and edges[b] + start > t:
        b -= 1
    while b + 1 < edges.size and edges[b + 1] + start <= t:
        b += 1
    return b


@njit(cache=True, nogil=True)
def add_preferred_bins(
    times: Floats,
    ids: Ints,
    first: Ints,
    last: Ints,
    start: Floats,
    condition: Ints,
    preferred: Ints,
    cell: int,
    edges: Floats,
    both: bool,
    out: Counts,
) -> None:
    """Count every cell's spikes at its preferred condition into ``out[cell, bin]``.

    A bin holds its left edge; with `both` its right edge as well, so that a spike on an edge is in two.
    """
    n, bins = out.shape
    for p in range(first.size):
        for k in range(first[p], last[p]):
            c = ids[k] - cell
            if not 0 <= c < n or preferred[c] != condition[p]:
                continue
            b = _bin(times[k], start[p], edges)
            if b < bins:
                out[c, b] += 1
            if both and b > 0 and edges[b] + start[p] == times[k]:
                out[c, b - 1] += 1


@njit(cache=True, nogil=True)
def add_phases(
    times: Floats,
    ids: Ints,
    first: Ints,
    last: Ints,
    start: Floats,
    condition: Ints,
    preferred: Ints,
    cell: int,
    cycle_s: Floats,
    cycle_bins: Ints,
    edges: Floats,
    limit: Floats,
    total: Floats,
    trials: Ints,
) -> None:
    """Add up F1/F0 over the trials of every cell's preferred condition that have a spike.

    The ratio of a trial is twice the length of the mean of ``exp(i phase)`` over its spikes. A phase is
    the time in cycles of ``cycle_s[condition]``; where ``cycle_bins[condition]`` is above 0, the number of
    the bin in cycles of so many bins. Spikes from ``limit[condition]`` (seconds, or bins) on are left out.
    """
    n = total.size
    real, imaginary, spikes = np.zeros(n), np.zeros(n), np.zeros(n)
    for p in range(first.size):
        here = condition[p]
        if here < 0 or not limit[here] > 0:
            continue
        real[:] = 0.0
        imaginary[:] = 0.0
        spikes[:] = 0.0
        for k in range(first[p], last[p]):
            c = ids[k] - cell
            if not 0 <= c < n or preferred[c] != here:
                continue
            if cycle_bins[here] > 0:
                b = _bin(times[k], start[p], edges)
                twice = b > 0 and edges[b] + start[p] == times[k]
                for bin_ in range(b - 1 if twice else b, b + 1):
                    if bin_ < limit[here]:
                        phase = 2 * math.pi * (bin_ % cycle_bins[here]) / cycle_bins[here]
                        real[c] += math.cos(phase)
                        imaginary[c] += math.sin(phase)
                        spikes[c] += 1
            elif times[k] - start[p] < limit[here]:
                phase = 2 * math.pi * (times[k] - start[p]) / cycle_s[here]
                real[c] += math.cos(phase)
                imaginary[c] += math.sin(phase)
                spikes[c] += 1
        for c in range(n):
            if spikes[c] > 0:
                total[c] += 2 * math.hypot(real[c], imaginary[c]) / spikes[c]
                trials[c] += 1


@njit(cache=True, nogil=True)
def add_first_spikes(
    times: Floats, ids: Ints, first: Ints, last: Ints, start: Floats, cell: int, out: Floats
) -> None:
    """Write the time from the start to the first of the spikes ``first[p] .. last[p]``."""
    n = out.shape[1]
    for p in range(first.size):
        for k in range(first[p], last[p]):
            c = ids[k] - cell
            if 0 <= c < n and math.isnan(out[p, c]):
                out[p, c] = times[k] - start[p]


@njit(cache=True, nogil=True)
def add_shuffled(counts: Counts, category: Ints, order: Ints, out: Floats) -> None:
    """Add the counts of presentation ``order[p]`` of all cells to ``out[category[p]]``."""
    for p in range(category.size):
        row, to = order[p], category[p]
        for c in range(counts.shape[1]):
            out[to, c] += counts[row, c]
