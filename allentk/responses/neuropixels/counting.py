"""Spikes counted once per presentation; what the metrics of a block of cells are computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import SpikeTrains
from allentk.responses.neuropixels.psth_kernels import add_counts, add_preferred_bins
from allentk.responses.neuropixels.ratios import ratio
from allentk.responses.neuropixels.shown import Shown

__all__ = [
    "BIN_S",
    "Block",
    "Moments",
    "bin_edges",
    "block_of",
    "blocks",
    "grouped",
    "spike_range",
    "window_sides",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.int32]

BIN_S = 0.001
#: Counts held at once in one array.
_MOST_COUNTS = 8_000_000


def spike_range(
    times: Floats, start: Floats, stop: Floats, *, sides: tuple[str, str]
) -> tuple[Ints, Ints]:
    """Return the first spike of every interval, and the first one after it."""
    first = np.searchsorted(times, start, side=sides[0])  # type: ignore[call-overload]
    last = np.searchsorted(times, stop, side=sides[1])  # type: ignore[call-overload]
    return first.astype(np.int64), last.astype(np.int64)


def bin_edges(duration_s: float, quirks: frozenset[str]) -> Floats:
    """Return the edges of the bins of 1 ms, in seconds from the start of a presentation."""
    if "short_psth" in quirks:
        return np.arange(0, duration_s, BIN_S, dtype=np.float64)
    return np.arange(max(round(duration_s / BIN_S), 1) + 1, dtype=np.float64) * BIN_S


def grouped(counts: NDArray[np.generic], group: Ints, n_groups: int) -> Ints:
    """Return the sums over presentations of every group, shape ``(n_groups, n_cells)``."""
    out = np.zeros((n_groups, counts.shape[1]), dtype=np.int64)
    known = np.flatnonzero(group >= 0)
    if known.size:
        order = known[np.argsort(group[known], kind="stable")]
        there, first = np.unique(group[order], return_index=True)
        out[there] = np.add.reduceat(counts[order], first, axis=0, dtype=np.int64)
    return out


@dataclass(frozen=True, slots=True)
class Moments:
    """Number of trials, sum and sum of squares of whole numbers, one per cell."""

    n: Ints
    total: Ints
    squares: Ints

    def mean(self) -> Floats:
        """Return the means; NaN without a trial."""
        return ratio(self.total, self.n)

    def variance(self, ddof: int) -> Floats:
        """Return the variances: exact until the one division, as the counts are whole."""
        return ratio(self.n * self.squares - self.total**2, self.n * (self.n - ddof))

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Block:
    """Counts of a run of cells in the presentations of one stimulus.

    Parameters
    ----------
    trains : SpikeTrains
        All cells.
    shown : Shown
        The presentations.
    cell, n_cells : int
        The first cell of the block, and how many.
    quirks : frozenset of str
        Names of quirks.
    shown_counts : ndarray of int32, shape (n_presentations, n_cells)
        Spikes in the presentation, from start to stop.
    window_counts : ndarray of int32, shape (n_presentations, n_cells)
        Spikes in the window of ``shown.duration_s`` from the start.
    """

    trains: SpikeTrains
    shown: Shown
    cell: int
    n_cells: int
    quirks: frozenset[str]
    shown_counts: Counts
    window_counts: Counts

    @property
    def trials(self) -> Ints:
        """Number of presentations of every condition."""
        here = self.shown.condition
        return np.bincount(here[here >= 0], minlength=self.shown.n_conditions).astype(np.int64)

    def sums(self) -> Ints:
        """Return the spikes in all presentations of a condition, shape ``(n_cells, n_conditions)``."""
        shown = self.shown
        totals = grouped(self.shown_counts, shown.condition, shown.n_conditions)
        return np.ascontiguousarray(totals.T)

    def moments(self, preferred: Ints, states: Ints, n_states: int) -> list[Moments]:
        """Return moments of the window's counts at the preferred condition, one for every state.

        Parameters
        ----------
        preferred : ndarray of int, shape (n_cells,)
            A condition per cell.
        states : ndarray of int, shape (n_presentations,)
            A state per presentation, such as running.
        n_states : int
            How many states there are.
        """
        here = self.shown.condition
        group = np.where(here >= 0, here * n_states + states, -1)
        size = self.shown.n_conditions * n_states
        n = np.bincount(group[group >= 0], minlength=size)
        total = grouped(self.window_counts, group, size)
        squares = grouped(self.window_counts.astype(np.int64) ** 2, group, size)
        cell = np.arange(self.n_cells)
        at = [preferred * n_states + state for state in range(n_states)]
        return [Moments(n[row], total[row, cell], squares[row, cell]) for row in at]

    def psth(self, preferred: Ints) -> Counts:
        """Return spikes per bin of 1 ms, summed over the trials of every cell's preferred condition."""
        times, ids, shown = self.trains.times_s, self.trains.ids, self.shown
        edges = bin_edges(shown.duration_s, self.quirks)
        first, last = spike_range(
            times, shown.start_s, edges[-1] + shown.start_s, sides=window_sides(self.quirks)
        )
        out = np.zeros((self.n_cells, edges.size - 1), dtype=np.int32)
        both = "both_edges" in self.quirks
        add_preferred_bins(
            times,
            ids,
            first,
            last,
            shown.start_s,
            shown.condition,
            preferred,
            self.cell,
            edges,
            both,
            out,
        )
        return out

    def rates_hz(self) -> Floats:
        """Return the mean rate over the blocks of presentations."""
        spans = self.shown.blocks_s()
        first, last = spike_range(self.trains.times_s, *spans.T, sides=("left", "left"))
        counts = np.zeros((len(spans), self.n_cells), dtype=np.int32)
        add_counts(self.trains.ids, first, last, self.cell, counts)
        rates: Floats = counts.sum(axis=0, dtype=np.int64) / np.diff(spans).sum()
        return rates


def window_sides(quirks: frozenset[str]) -> tuple[str, str]:
    """Return on which sides of equal spike times a window begins and ends."""
    return ("left", "right" if "both_edges" in quirks else "left")


def block_of(
    trains: SpikeTrains, shown: Shown, quirks: frozenset[str], cell: int, n_cells: int
) -> Block:
    """Count the spikes of `n_cells` cells from `cell` on.

    Examples
    --------
    >>> import pandas as pd
    >>> from allentk.data import StimulusTable
    >>> from allentk.responses.neuropixels.shown import shown_of
    >>> rows = {"start_s": [0.0], "stop_s": [0.25], "stimulus": "flashes", "color": 1.0}
    >>> shown = shown_of("flashes", StimulusTable(pd.DataFrame(rows)))
    >>> trains = SpikeTrains([0.1, 0.2], [0, 0], 1)
    >>> block_of(trains, shown, frozenset(), 0, 1).shown_counts.tolist()
    [[2]]
    """
    times = trains.times_s
    both = "both_edges" in quirks
    presented = spike_range(
        times, shown.start_s, shown.stop_s, sides=("right", "right") if both else ("left", "left")
    )
    window = spike_range(
        times, shown.start_s, shown.duration_s + shown.start_s, sides=window_sides(quirks)
    )
    counts = np.zeros((2, shown.start_s.size, n_cells), dtype=np.int32)
    add_counts(trains.ids, *presented, cell, counts[0])
    add_counts(trains.ids, *window, cell, counts[1])
    return Block(trains, shown, cell, n_cells, quirks, counts[0], counts[1])


def blocks(trains: SpikeTrains, shown: Shown, quirks: frozenset[str]) -> Iterator[Block]:
    """Count the spikes of as many cells at a time as memory allows."""
    step = max(_MOST_COUNTS // max(shown.start_s.size, 1), 1)
    for cell in range(0, trains.n_cells, step):
        yield block_of(trains, shown, quirks, cell, min(step, trains.n_cells - cell))
