"""The edges of a network sorted by source, in as little memory as they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.network import JumpProjection, Projection
from allentk.network.connectivity import distinct
from allentk.simulation.delivery_kernels import ONE, Edges, place_edges
from allentk.simulation.network_arrays import Layout
from allentk.simulation.network_request import short_delay

__all__ = ["MAX_SPAN", "edges_of", "span_and_slots"]

#: Steps run at once where no delay asks for less.
MAX_SPAN = 32

Steps = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Block:
    """A projection; a column of one value for all edges is that value."""

    projection: Projection | JumpProjection
    sources: slice
    weights: Floats
    n_synapses: NDArray[np.uint16]
    delays_s: Floats
    delay: int
    longest: int

    @classmethod
    def of(cls, projection: Projection | JumpProjection, layout: Layout, dt_s: float) -> _Block:
        delays = _least(projection.delays_s)
        shortest, longest = (round(float(x) / dt_s) for x in (delays.min(), delays.max()))
        if shortest < 1:
            at = int(delays.argmin())
            raise short_delay(projection, at, float(delays[at]), dt_s)
        weights = (
            projection.weights_mv
            if isinstance(projection, JumpProjection)
            else projection.weights_pa
        )
        first = layout.first[projection.source]
        n_sources = len(layout.network.population(projection.source))
        return cls(
            projection,
            slice(first, first + n_sources),
            _least(weights),
            _least(projection.n_synapses),
            delays[:1] if shortest == longest else delays,
            shortest,
            longest,
        )

    @property
    def n_edges(self) -> int:
        return self.projection.n_edges

    @property
    def n_weights(self) -> int:
        return 0 if self.weights.size == self.n_synapses.size == 1 else self.n_edges

    @property
    def n_delays(self) -> int:
        return 0 if self.delay == self.longest else self.n_edges

    @property
    def n_pointers(self) -> int:
        return int(self.sources.stop - self.sources.start + 1)


def _least(column: NDArray[Any]) -> NDArray[Any]:
    """Return one value where all are the same."""
    column = distinct(column)
    return column[:1] if (column == column[0]).all() else column


def edges_of(layout: Layout, dt_s: float) -> Edges:
    """Return all edges sorted by source.

    A target takes 4 bytes; a weight takes 4 and a delay 1 or 2 in those projections whose edges differ.

    Raises
    ------
    SimulationError
        On a delay shorter than a step.
    """
    blocks = [_Block.of(p, layout, dt_s) for p in layout.projections if p.n_edges]
    order = list(layout.first)
    blocks.sort(key=lambda block: order.index(block.projection.source))
    longest = max((block.longest for block in blocks if block.n_delays), default=0)
    indptr = np.empty(sum(block.n_pointers for block in blocks), dtype=np.int64)
    target = np.empty(sum(block.n_edges for block in blocks), dtype=np.uint32)
    delays = np.empty(sum(block.n_delays for block in blocks), np.min_scalar_type(longest))
    weights = np.empty(sum(block.n_weights for block in blocks), dtype=np.float32)
    columns = np.empty((6, len(blocks)), dtype=np.int64)
    at_pointer = at_edge = at_delay = at_weight = 0
    for number, block in enumerate(blocks):
        pointer = indptr[at_pointer : at_pointer + block.n_pointers]
        place_edges(
            block.projection.indptr,
            block.projection.sources,
            block.weights,
            block.n_synapses,
            block.delays_s,
            dt_s,
            layout.first[block.projection.target],
            layout.n_inputs,
            pointer,
            target[at_edge : at_edge + block.n_edges],
            weights[at_weight : at_weight + block.n_weights],
            delays[at_delay : at_delay + block.n_delays],
        )
        pointer += at_edge
        columns[:, number] = (
            block.sources.start,
            at_pointer,
            layout.row(block.projection),
            block.delay,
            at_delay - at_edge if block.n_delays else ONE,
            at_weight - at_edge if block.n_weights else ONE,
        )
        at_pointer += block.n_pointers
        at_edge += block.n_edges
        at_delay += block.n_delays
        at_weight += block.n_weights
    one = [float(block.weights[0]) * int(block.n_synapses[0]) for block in blocks]
    source, begin, row, delay, own_delay, own_weight = columns
    return Edges(
        *_groups(layout, blocks),
        source,
        begin,
        row,
        delay,
        np.array(one, dtype=float),
        own_delay,
        own_weight,
        indptr,
        target,
        delays,
        weights,
    )


def _groups(layout: Layout, blocks: list[_Block]) -> tuple[NDArray[np.int32], Steps]:
    """Return the population of every source row, and where the blocks of a population begin."""
    firsts = list(layout.first.values())
    sizes = {p.name: len(p) for p in layout.network.populations}
    ends = [first + sizes[name] for name, first in layout.first.items()]
    group = np.zeros(max(ends), dtype=np.int32)
    for number, (first, end) in enumerate(zip(firsts, ends, strict=True)):
        group[first:end] = number
    counts = [sum(block.sources.start == first for block in blocks) for first in firsts]
    return group, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def span_and_slots(layout: Layout, dt_s: float) -> tuple[int, int]:
    """Return the steps that cells may run on their own, and the slots that their input needs."""
    inner, longest = [MAX_SPAN], 1
    for projection in layout.projections:
        if projection.n_edges:
            delays = distinct(projection.delays_s)
            longest = max(longest, round(float(delays.max()) / dt_s))
            if not layout.network.population(projection.source).virtual:
                inner.append(round(float(delays.min()) / dt_s))
    return min(inner), 1 << (min(inner) + longest).bit_length()
