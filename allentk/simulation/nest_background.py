"""Background trains for NEST: the counts that the GLIF engine draws, given to generators."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allentk.simulation.nest_inputs import Steps
from allentk.simulation.nest_network import NestNetwork
from allentk.simulation.network_noise import background_counts, noise_of
from allentk.simulation.network_tile_kernels import TILE

__all__ = ["AT_ONCE", "Background"]

#: Steps whose background spikes are held at once.
AT_ONCE = 1024


class Background:
    """The generators of a network's background, and how far their spikes have been given.

    Parameters
    ----------
    made : NestNetwork
        Gets a generator for every cell with background.
    seed : int
        Draws the spikes, as in the GLIF engine.
    """

    def __init__(self, made: NestNetwork, seed: int) -> None:
        self.made = made
        self.noise = noise_of(made.layout, made.dt_s, seed)
        self.step = 0
        # The rows of the noise are sorted by tile, then by entry; tiles without an event have none.
        rows: list[tuple[int, int, Steps]] = []
        for number, entry in enumerate(made.layout.background):
            generators = made.add_background(entry)
            tile = made.layout.first[entry.target] // TILE
            rows += [
                (tile + at // TILE, number, generators[at : at + TILE])
                for at in range(0, generators.size, TILE)
                if entry.rates_hz[at : at + TILE].any()
            ]
        self.generators: list[Steps] = [ids for *_, ids in sorted(rows, key=lambda row: row[:2])]

    def give(self, stop: int) -> None:
        """Hand over the spikes of all steps before `stop` that were not given before."""
        if stop > self.step:
            self.made.give(self._drawn(stop), 1)
            self.step = stop

    def _drawn(self, stop: int) -> Iterator[tuple[int, Steps, Steps]]:
        for row, generators in enumerate(self.generators):
            drawn = background_counts(self.noise, row, self.step, stop - self.step)
            for seat, generator in enumerate(generators):
                step = np.flatnonzero(drawn[seat])
                if step.size:
                    yield int(generator), step + self.step, drawn[seat, step]
