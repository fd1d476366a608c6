"""Projections as the flat arrays that NEST connects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.network import JumpProjection, Projection
from allentk.network.connectivity import distinct
from allentk.simulation.nest_cells import Receptors
from allentk.simulation.network_request import short_delay

__all__ = ["AT_ONCE", "FlatEdges", "delay_steps", "flat_edges"]

#: Edges of one call of NEST: what stands beside the network while it is built.
AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True)
class FlatEdges:
    """Some edges of a projection; ends are nodes, weights are pA or mV of all synapses together."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]
    delay: NDArray[np.int64]
    port: int | None


def delay_steps(projection: Projection | JumpProjection, dt_s: float) -> NDArray[np.int64]:
    """Return the delay of every edge in steps, one where all are the same.

    Raises
    ------
    SimulationError
        On a delay shorter than a step.
    """
    delays = distinct(projection.delays_s)
    steps = np.rint(delays.astype(float) / dt_s).astype(np.int64)
    if steps.size and steps.min() < 1:
        at = int(steps.argmin())
        raise short_delay(projection, at, float(delays[at]), dt_s)
    return steps


def flat_edges(
    projection: Projection | JumpProjection, receptors: Receptors, dt_s: float
) -> Iterator[FlatEdges]:
    """Yield the edges of a projection, `AT_ONCE` at most.

    Raises
    ------
    SimulationError
        On a delay shorter than a step.
    """
    port, factor = (
        (None, 1.0)
        if isinstance(projection, JumpProjection)
        else receptors.port(projection.receptor)
    )
    weights = _weights(projection)
    steps = delay_steps(projection, dt_s)
    delay = np.broadcast_to(steps, projection.sources.shape) if steps.size == 1 else steps
    for first in range(0, projection.n_edges, AT_ONCE):
        part = slice(first, min(first + AT_ONCE, projection.n_edges))
        edges = np.arange(part.start, part.stop)
        yield FlatEdges(
            projection.sources[part].astype(np.int64),
            np.searchsorted(projection.indptr, edges, side="right") - 1,
            weights[part].astype(np.float64) * factor,
            delay[part],
            port,
        )


def _weights(projection: Projection | JumpProjection) -> NDArray[np.float32] | NDArray[np.float64]:
    """Return the weight of all synapses of every edge, to the digit as the GLIF engine holds it."""
    one = distinct(
        projection.weights_mv if isinstance(projection, JumpProjection) else projection.weights_pa
    )
    several = distinct(projection.n_synapses)
    if (one == one[:1]).all() and (several == several[:1]).all():
        return np.broadcast_to(one[:1].astype(np.float64) * several[:1], projection.sources.shape)
    held: NDArray[np.float32] = one * several.astype(np.float32)
    return np.broadcast_to(held, projection.sources.shape)
