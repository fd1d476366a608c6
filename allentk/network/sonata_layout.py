"""Which of our populations and projections go into which populations of a SONATA file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allentk.errors import DataError
from allentk.io.sonata import stems
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.network import AnyProjection, Network
from allentk.network.population import Population

__all__ = ["Edges", "Nodes", "edge_layout", "node_layout"]


@dataclass(frozen=True, slots=True)
class Nodes:
    """One SONATA node population and the populations it is made of, in the order of its ids."""

    name: str
    parts: tuple[Population, ...]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return sum(len(part) for part in self.parts)

    def first(self, name: str) -> int:
        """Return the id of the first node of one of its populations."""
        before = 0
        for part in self.parts:
            if part.name == name:
                return before
            before += len(part)
        raise DataError(f"{name!r} is not part of the SONATA population {self.name!r}")


@dataclass(frozen=True, slots=True)
class Edges:
    """One SONATA edge population and its projections, with their places in the network."""

    name: str
    source: Nodes
    target: Nodes
    projections: tuple[tuple[int, AnyProjection], ...]
    placed: bool


def node_layout(network: Network, merge: Mapping[str, Sequence[str]] | None) -> tuple[Nodes, ...]:
    """Return the SONATA node populations of a network.

    Parameters
    ----------
    network : Network
        What is to be written.
    merge : mapping, optional
        Name of a SONATA population -> names of the populations that become one in it.

    Raises
    ------
    DataError
        On an unknown population, one that is named twice, or cells and virtual nodes in one.
    """
    merge = {name: list(parts) for name, parts in (merge or {}).items()}
    home: dict[str, str] = {}
    for name, parts in merge.items():
        kinds = {network.population(part).virtual for part in parts}
        if len(kinds) != 1:
            raise DataError(
                f"merge: {name!r} must have populations of cells or of virtual nodes, and at least one; "
                f"got {parts}"
            )
        for part in parts:
            if part in home:
                raise DataError(f"merge: population {part!r} is named twice")
            home[part] = name
    grouped: dict[str, list[Population]] = {}
    for population in network.populations:
        grouped.setdefault(home.get(population.name, population.name), [])
    for name in grouped:
        if name in merge:
            grouped[name] = [network.population(part) for part in merge[name]]
        else:
            grouped[name] = [network.population(name)]
        if name in merge and name in {p.name for p in network.populations} - set(merge[name]):
            raise DataError(f"merge: there is a population {name!r} beside the merged one")
    names = stems(grouped)
    return tuple(Nodes(names[name], tuple(parts)) for name, parts in grouped.items())


def edge_layout(network: Network, nodes: Sequence[Nodes]) -> tuple[Edges, ...]:
    """Return the SONATA edge populations: one for every two node populations.

    Placed synapses and others go into two, as a file of one group has one set of columns.
    """
    home = {part.name: one for one in nodes for part in one.parts}
    grouped: dict[tuple[str, str, bool], list[tuple[int, AnyProjection]]] = {}
    for place, projection in enumerate(network.projections):
        placed = isinstance(projection, ConductanceProjection) and projection.is_placed
        key = (home[projection.source].name, home[projection.target].name, placed)
        grouped.setdefault(key, []).append((place, projection))
    by_name = {one.name: one for one in nodes}
    made = []
    for (source, target, placed), projections in grouped.items():
        both = placed and (source, target, False) in grouped
        name = f"{source}_to_{target}{'_placed' if both else ''}"
        made.append(Edges(name, by_name[source], by_name[target], tuple(projections), placed))
    return tuple(made)
