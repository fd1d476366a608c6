"""One run of a network of GLIF neurons: the arrays of the kernels, and the loops over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import SimulationError
from allentk.progress import bar
from allentk.simulation.network_arrays import Layout, pushes_of, set_currents, tiles_of
from allentk.simulation.network_edges import edges_of, span_and_slots
from allentk.simulation.network_inputs import GivenSpikes, clamps_of, windows
from allentk.simulation.network_kernels import ABOVE_THRESHOLD, Spikes, Watch, advance
from allentk.simulation.network_noise import noise_of
from allentk.simulation.network_request import n_steps_of
from allentk.simulation.network_tile_kernels import TILE
from allentk.simulation.source_spikes import INPUT_WINDOW_S

__all__ = ["NetworkRun"]

#: Spikes held in one buffer, besides those of one span.
BUFFER = 1 << 17

Steps = NDArray[np.int64]
Array = NDArray[np.float64]


def _spikes(n: int = 0) -> Spikes:
    return Spikes(np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64))


def _join(parts: list[Spikes]) -> Spikes:
    return Spikes(
        np.concatenate([s.grid for s in parts]), np.concatenate([s.source for s in parts])
    )


class NetworkRun:
    """One run.

    Parameters
    ----------
    layout : Layout
        The network.
    table : StimulusTable
        What is shown.
    dt_s : float
        Time step in seconds.
    seed : int
        Draws the input.
    seats : ndarray of int
        The cells whose voltage or synaptic current is kept, sorted.
    keep : set of str
        ``"voltage_mv"`` and ``"synaptic_current_pa"``, where wanted.
    n_threads : int
        Threads; every one has tiles of its own, and sends to them the spikes of all.
    """

    def __init__(
        self,
        layout: Layout,
        table: StimulusTable,
        dt_s: float,
        seed: int,
        seats: Steps,
        keep: set[str],
        n_threads: int,
    ) -> None:
        self.layout, self.dt_s = layout, dt_s
        self.n_steps = n_steps_of(table, dt_s)
        self.span, n_slots = span_and_slots(layout, dt_s)
        self.edges = edges_of(layout, dt_s)
        self.tiles = tiles_of(layout, dt_s)
        self.pushes = pushes_of(layout, dt_s)
        self.noise = noise_of(layout, dt_s, seed)
        n_tiles = layout.n_seats // TILE
        self.ring = np.zeros((n_slots, n_tiles, layout.n_inputs, TILE))
        self.clamps = clamps_of(layout, dt_s, self.n_steps)
        self.given = GivenSpikes(layout, table, dt_s, seed)
        self.watched = np.searchsorted(seats, TILE * np.arange(n_tiles + 1)), seats
        self.voltage, self.current = (
            np.empty((seats.size, self.n_steps if name in keep else 0))
            for name in ("voltage_mv", "synaptic_current_pa")
        )
        ends = np.linspace(0, n_tiles, min(n_threads, n_tiles) + 1).round().astype(int)
        self.parts = list(pairwise(ends.tolist()))
        sizes = [BUFFER + (b - a) * TILE * self.span for a, b in self.parts]
        self.buffers = [(_spikes(n), _spikes(n)) for n in sizes]
        self.coming = _spikes()

    def go(self, progress: bool | None) -> tuple[Steps, Steps]:
        """Run to the end; return the step and the seat of every spike, sorted."""
        found = [_spikes()]
        total = self.n_steps * self.dt_s
        with (
            bar("simulating", total=total, unit="s", progress=progress) as shown,
            ThreadPoolExecutor(len(self.parts)) as pool,
        ):
            for number, (first, last) in enumerate(windows(self.n_steps, self.dt_s)):
                found.extend(self._window(number, first, last, pool.map))
                shown.update((last - first) * self.dt_s)
        spikes = _join(found)
        order = np.lexsort((spikes.source, spikes.grid))
        return spikes.grid[order] - 1, spikes.source[order]

    def _window(
        self, number: int, first: int, last: int, run: Callable[..., Iterator[Spikes]]
    ) -> Iterator[Spikes]:
        """Run one window; yield its spikes, piece by piece."""
        stop_s = min((number + 1) * INPUT_WINDOW_S, self.n_steps * self.dt_s)
        given = Spikes(*self.given.draw(number, stop_s))
        for begin, stop in self.clamps.pieces(first, last):
            current = np.zeros(self.layout.n_seats)
            self.clamps.fill(current, begin)
            set_currents(self.tiles, current, self.pushes)
            now = begin
            while now < stop:
                now, given, spikes = self._onward(now, stop, given, run)
                yield spikes
        self.given.waiting = given.grid, given.source

    def _onward(
        self, now: int, stop: int, given: Spikes, run: Callable[..., Iterator[Spikes]]
    ) -> tuple[int, Spikes, Spikes]:
        """Run as far as spikes fit; return the step reached, given spikes left, and new spikes."""
        if len(self.parts) == 1:
            reached, spikes, sent = self._part(0, now, stop, given)
        else:
            stop = min(stop, now + self.span)
            parts = run(lambda k: self._part(k, now, stop, given)[1], range(len(self.parts)))
            spikes, reached, sent = _join(list(parts)), stop, 0
            order = np.argsort(spikes.grid, kind="stable")
            spikes = Spikes(spikes.grid[order], spikes.source[order])
        self.coming = Spikes(spikes.grid[sent:], spikes.source[sent:])
        used = np.searchsorted(given.grid, reached, side="right")
        return reached, Spikes(given.grid[used:], given.source[used:]), spikes

    def _part(self, k: int, now: int, stop: int, given: Spikes) -> tuple[int, Spikes, int]:
        """Run the tiles of one thread; return the step reached, new spikes, and how many are sent."""
        fault = np.zeros(3, dtype=np.int64)
        spikes, spare = self.buffers[k]
        watch = Watch(
            *self.watched,
            *(kept[:, now:stop] if kept.size else kept for kept in (self.voltage, self.current)),
        )
        reached, count, sent = advance(
            self.tiles,
            self.edges,
            self.noise,
            watch,
            self.ring,
            self.parts[k],
            self.span,
            now,
            stop,
            given,
            self.coming,
            spikes,
            spare,
            fault,
        )
        if fault[0]:
            raise SimulationError(self._fault(fault))
        return reached, Spikes(spikes.grid[:count].copy(), spikes.source[:count].copy()), sent

    def _fault(self, fault: Steps) -> str:
        kind, seat, step = (int(value) for value in fault)
        name, node = self.layout.node(seat)
        where = f"cell {node} of {name!r} at about {step * self.dt_s:.4f} s"
        if kind == ABOVE_THRESHOLD:
            return (
                f"{where} is above its threshold right after a spike and would fire without end; mend "
                f"the reset rule or the threshold of its model"
            )
        return (
            f"the state of {where} is not finite; look for a huge weight or current, or a model "
            f"that runs away"
        )
