"""What comes to a network from outside, laid on the grid of time steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.simulation.network_arrays import Layout
from allentk.simulation.source_spikes import INPUT_WINDOW_S, source_spikes

__all__ = ["INPUT_WINDOW_S", "Clamps", "GivenSpikes", "clamps_of", "windows"]

Array = NDArray[np.float64]
Steps = NDArray[np.int64]


def windows(n_steps: int, dt_s: float) -> Iterator[tuple[int, int]]:
    """Yield the first step of every window, and that of the next."""
    count = math.ceil(n_steps * dt_s / INPUT_WINDOW_S - 1e-9)
    edges = [round(i * INPUT_WINDOW_S / dt_s) for i in range(count)]
    return pairwise([*edges, n_steps])


@dataclass(frozen=True, slots=True)
class Clamps:
    """Rectangular currents, from step `start` to before step `stop`."""

    cell: Steps
    amplitude_pa: Array
    start: Steps
    stop: Steps

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches between two steps in which no current changes."""
        moves = np.concatenate([self.start, self.stop])
        inside = moves[(moves > first) & (moves < last)]
        return pairwise([first, *np.unique(inside).tolist(), last])

    def fill(self, current_pa: Array, step: int) -> None:
        """Write the current of every cell from `step` on."""
        current_pa[:] = 0.0
        active = (self.start <= step) & (step < self.stop)
        np.add.at(current_pa, self.cell[active], self.amplitude_pa[active])


def clamps_of(layout: Layout, dt_s: float, n_steps: int) -> Clamps:
    """Return all injected currents of a network."""
    clamps = layout.network.currents
    nothing = np.empty(0, dtype=np.int64)
    return Clamps(
        np.concatenate([nothing, *(layout.first[c.target] + c.nodes for c in clamps)]),
        np.concatenate([np.empty(0), *(c.amplitudes_pa for c in clamps)]),
        np.concatenate([nothing, *(_steps(c.starts_s, dt_s, n_steps) for c in clamps)]),
        np.concatenate([nothing, *(_steps(c.stops_s, dt_s, n_steps) for c in clamps)]),
    )


def _steps(times_s: Array, dt_s: float, n_steps: int) -> Steps:
    return np.rint(np.clip(times_s / dt_s, 0, n_steps)).astype(np.int64)


@dataclass(slots=True)
class GivenSpikes:
    """Spikes of the virtual nodes, window after window.

    A spike is kept as the first step after it, and its node in the layout. A spike so late in its window
    that this step lies in the next one waits there.
    """

    layout: Layout
    table: StimulusTable
    dt_s: float
    seed: int
    waiting: tuple[Steps, Steps] = field(
        default_factory=lambda: (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    )

    def draw(self, number: int, stop_s: float) -> tuple[Steps, Steps]:
        """Return steps and nodes of the spikes of a window that ends at `stop_s`, sorted by step."""
        grids, nodes = [self.waiting[0]], [self.waiting[1]]
        network = self.layout.network
        for name, times, ids in source_spikes(network, self.table, number, stop_s, self.seed):
            # A time on the grid, but for rounding, belongs to the step that ends there.
            grids.append(np.ceil(times / self.dt_s - 1e-6).astype(np.int64))
            nodes.append(self.layout.first[name] + ids)
        grid, node = np.concatenate(grids), np.concatenate(nodes)
        order = np.argsort(grid, kind="stable")
        return grid[order], node[order]
