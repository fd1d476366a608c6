"""Background of the V1 model of 2026: a hundred sources that fire all the time, heard by every cell.

The published weights were fitted to the published cells. Here they are solved for, in closed form,
such that a cell would fire at the median rate recorded of its class while all others do and the screen
is gray (see ``network.mean_field``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.network.building import connect
from allentk.network.degrees import InDegree
from allentk.network.edge_values import PairBlock
from allentk.network.lgn import LGN
from allentk.network.mean_field import Membranes, ShotNoise, background_weights
from allentk.network.population import Population
from allentk.network.projection import Projection, Receptor
from allentk.network.recipes.v1_2026 import feedforward_receptor
from allentk.network.recipes.v1_potentials import potential_of
from allentk.network.recipes.v1_sources import PoissonSources
from allentk.network.recipes.v1_tables import populations

__all__ = ["BACKGROUND_NAME", "background_2026", "background_population"]

BACKGROUND_NAME = "background"

#: Sources of the background, their rate, how many every cell hears, and their latency.
N_SOURCES, RATE_HZ, N_HEARD, DELAY_S = 100, 250.0, 4, 0.001

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _OfModel:
    """A value of every model of the target."""

    values: tuple[float, ...]

    def __call__(self, pairs: PairBlock) -> Array:
        chosen: Array = np.array(self.values)[pairs.of_target("model").astype(np.int64)]
        return chosen


def background_population(n_sources: int = N_SOURCES, rate_hz: float = RATE_HZ) -> Population:
    """Return sources that fire at random."""
    nodes = pd.DataFrame(index=range(n_sources))
    return Population(BACKGROUND_NAME, (), nodes, source=PoissonSources(n_sources, rate_hz))


def background_2026(
    background: Population,
    lgn: Population,
    cells: Sequence[Population],
    projections: Sequence[Projection],
    seed: int,
) -> Iterator[Projection]:
    """Connect the background with weights that make every class fire as recorded.

    Parameters
    ----------
    background, lgn : Population
        Virtual populations.
    cells : sequence of Population
        The populations of the model.
    projections : sequence of Projection
        All other connections, those from the LGN included.
    seed : int
        Draws who hears whom.
    """
    wanted = populations("2026")["rate_hz"]
    assert isinstance(lgn.source, LGN)
    rates = {lgn.name: lgn.source.spontaneous_hz}
    rates |= {p.name: np.full(len(p), float(wanted[p.name])) for p in cells}
    for target in cells:
        incoming = [p for p in projections if p.target == target.name]
        receptor = feedforward_receptor(target.name)
        others = _others(target, incoming, rates)
        unit = _noise(target, receptor, np.ones(len(target.models)), np.ones(len(target.models)))
        weights = background_weights(
            Membranes.of(target.point_models, np.arange(len(target.models))),
            unit * (N_HEARD * RATE_HZ),
            others,
            np.full(len(target.models), float(wanted[target.name])),
        )
        yield connect(
            background,
            target,
            InDegree(N_HEARD),
            synapse=receptor,
            weights_pa=_OfModel(tuple(weights)),
            delays_s=DELAY_S,
            seed=seed,
        )


def _others(
    target: Population, incoming: Sequence[Projection], rates: dict[str, Array]
) -> ShotNoise:
    """Return what all other inputs do to every model of a population, at these rates."""
    model = target.nodes["model"].to_numpy()
    count = np.bincount(model, minlength=len(target.models))
    parts = []
    for projection in incoming:
        weights = projection.weights_pa * projection.n_synapses.astype(np.float32)
        rate = rates[projection.source].astype(np.float32)[projection.sources]
        sums = [
            np.bincount(model, _by_target(projection, rate * weights**power), count.size)
            / np.maximum(count, 1)
            for power in (1, 2)
        ]
        parts.append(_noise(target, projection.receptor, *sums))
    return ShotNoise.total(parts)


def _by_target(projection: Projection, values: NDArray[np.float32]) -> Array:
    """Return the sum of the values of every target's edges."""
    running = np.concatenate([[0.0], np.cumsum(values, dtype=float)])
    sums: Array = np.diff(running[projection.indptr])
    return sums


def _noise(target: Population, receptor: Receptor, sums: Array, squares: Array) -> ShotNoise:
    """Return the noise of trains whose weights, and their squares, have these sums per second."""
    found = [potential_of(model, receptor) for model in target.point_models]
    return ShotNoise(
        sums * np.array([potential.area_mv_s for potential in found]),
        squares * np.array([potential.square_mv2_s for potential in found]),
        squares * np.array([potential.slope_mv2_per_s for potential in found]),
    )
