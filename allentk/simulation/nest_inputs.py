"""What drives a network of NEST: spikes of virtual nodes, background trains, injected currents.

All of it is drawn here, from the seed and as for the GLIF engine; NEST draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.simulation.network_inputs import Clamps, GivenSpikes

__all__ = ["Given", "Steps", "counted", "stairs"]

Steps = NDArray[np.int64]


def counted(train: Steps, step: Steps) -> Iterator[tuple[int, Steps, Steps]]:
    """Yield every train that has spikes: its number, the steps of its spikes, and how many in each.

    Examples
    --------
    >>> train, step = np.array([1, 0, 1, 1]), np.array([5, 3, 2, 5])
    >>> [(number, at.tolist(), n.tolist()) for number, at, n in counted(train, step)]
    [(0, [3], [1]), (1, [2, 5], [1, 2])]
    """
    if not train.size:
        return
    order = np.lexsort((step, train))
    train, step = train[order], step[order]
    new = np.concatenate([[True], (np.diff(train) != 0) | (np.diff(step) != 0)])
    first = np.flatnonzero(new)
    count = np.diff(np.concatenate([first, [train.size]]))
    owner, at = train[first], step[first]
    begins = np.flatnonzero(np.concatenate([[True], np.diff(owner) != 0]))
    ends = np.concatenate([begins[1:], [owner.size]])
    for begin, end in zip(begins, ends, strict=True):
        yield int(owner[begin]), at[begin:end], count[begin:end]


@dataclass(slots=True)
class Given:
    """Spikes of the virtual nodes, window after window, each before the step in which it counts."""

    source: GivenSpikes

    def draw(self, number: int, stop_s: float, stop: int) -> tuple[Steps, Steps]:
        """Return rows and steps of the spikes of a window that ends at step `stop`."""
        step, row = self.source.draw(number, stop_s)
        now = step < stop
        self.source.waiting = step[~now], row[~now]
        return row[now], step[now]


def stairs(clamps: Clamps, cell: int, n_steps: int) -> tuple[Steps, NDArray[np.float64]]:
    """Return the steps at which the injected current of a cell changes, and its value from there on.

    Parameters
    ----------
    clamps : Clamps
        All pulses.
    cell : int
        Row of the cell.
    n_steps : int
        Length of the run; later changes are left out.
    """
    mine = clamps.cell == cell
    start, stop, height = clamps.start[mine], clamps.stop[mine], clamps.amplitude_pa[mine]
    moves = np.unique(np.concatenate([start, stop]))
    change = np.zeros(moves.size)
    active = np.zeros(moves.size, dtype=np.int64)
    for steps, sign in ((start, 1), (stop, -1)):
        at = np.searchsorted(moves, steps)
        np.add.at(change, at, sign * height)
        np.add.at(active, at, sign)
    # Where no pulse is on, there is no current: not what rounding left of the sum.
    value = np.where(np.cumsum(active) > 0, np.cumsum(change), 0.0)
    return moves[moves < n_steps], value[moves < n_steps]
