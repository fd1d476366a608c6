"""The two ends of connections that are to be made: who may connect, where they are, what they prefer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.population import Population

__all__ = ["Ends", "angles_deg", "column_of", "places_um"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Nodes of two populations between which a rule draws.

    Parameters
    ----------
    source, target : Population
        Both populations.
    source_nodes : ndarray of int32
        Nodes of the source population that may connect, sorted.
    target_nodes : ndarray of int64
        Nodes of the target population that may be connected to, sorted.
    key : uint64
        Start of all random numbers: the same key, the same edges.
    loops : bool
        Whether a cell may be connected to itself.
    """

    source: Population
    target: Population
    source_nodes: NDArray[np.int32]
    target_nodes: NDArray[np.int64]
    key: np.uint64
    loops: bool = True

    @classmethod
    def all(cls, source: Population, target: Population, key: np.uint64, loops: bool) -> Ends:
        """Return the ends with all nodes of both populations."""
        return cls(
            source,
            target,
            np.arange(len(source), dtype=np.int32),
            np.arange(len(target), dtype=np.int64),
            key,
            loops or source.name != target.name,
        )

    @property
    def n_choices(self) -> NDArray[np.int64]:
        """Number of sources that every target can choose from."""
        n = np.full(self.target_nodes.size, self.source_nodes.size, dtype=np.int64)
        if not self.loops:
            n -= np.isin(self.target_nodes, self.source_nodes)
        return n


def places_um(population: Population, axes: str) -> Array:
    """Return where the nodes are along some axes, shape (n, 3); axes left out are 0.

    Raises
    ------
    DataError
        Where the node table lacks one of the axes.
    """
    places = np.zeros((len(population), 3))
    for place, axis in zip(places.T, axes, strict=False):
        place[:] = column_of(population, f"{axis}_um")
    return places


def angles_deg(population: Population) -> Array:
    """Return what the nodes are tuned to, degrees; NaN where to nothing."""
    if "tuning_angle_deg" not in population.nodes:
        return np.full(len(population), np.nan)
    angles: Array = population.nodes["tuning_angle_deg"].to_numpy(float)
    return angles


def column_of(population: Population, name: str) -> Array:
    """Return a column of numbers of the node table.

    Raises
    ------
    DataError
        Where there is none.
    """
    if name not in population.nodes:
        raise DataError(
            f"connect: {population!r} has no column {name!r} in its node table, which the rule asks for; "
            f"it has {list(population.nodes.columns)}"
        )
    values: Array = population.nodes[name].to_numpy(float)
    return values
