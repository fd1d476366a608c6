"""A rule of its own for every pair of classes inside two populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.ends import Ends
from allentk.network.keys import key_of
from allentk.network.population import Population
from allentk.network.rules import Rule
from allentk.network.spatial import Drawn, Sampler

__all__ = ["ByClass"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ByClass:
    """Connects nodes of two populations by a rule for each pair of classes.

    Parameters
    ----------
    rules : mapping
        (class of the source, class of the target) -> rule; other pairs are not connected.
    column : str
        Column of both node tables that holds the class.

    Examples
    --------
    >>> from allentk.network import Chance, Gaussian
    >>> rule = ByClass({("E", "E"): Gaussian(0.2, 114.0), ("E", "I"): Chance(0.1, 150.0)})
    """

    rules: Mapping[tuple[str, str], Rule]
    column: str = "cell_class"

    def __post_init__(self) -> None:
        if not self.rules:
            raise DataError("ByClass: expected a rule for one pair of classes at least, got none")

    @property
    def axes(self) -> str:
        """Axes of the rules, where they agree; else none."""
        named = {str(getattr(rule, "axes", "")) for rule in self.rules.values()} - {""}
        return named.pop() if len(named) == 1 else ""

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        pre, post = self._classes(ends.source), self._classes(ends.target)
        samplers = []
        for (source, target), rule in self.rules.items():
            some = replace(
                ends,
                source_nodes=ends.source_nodes[pre[ends.source_nodes] == source],
                target_nodes=ends.target_nodes[post[ends.target_nodes] == target],
                key=key_of(int(ends.key), str(source), str(target)),
            )
            if some.source_nodes.size == 0 or some.target_nodes.size == 0:
                raise DataError(
                    f"ByClass: there is no source of {source!r} or no target of {target!r}; "
                    f"{ends.source.name} has {_named(pre)}, {ends.target.name} {_named(post)}"
                )
            samplers.append(rule.sampler(some))
        return _Merged(tuple(samplers), len(ends.source))

    def _classes(self, population: Population) -> NDArray[np.object_]:
        if self.column not in population.nodes:
            raise DataError(
                f"ByClass: {population!r} has no column {self.column!r} in its node table; it has "
                f"{list(population.nodes.columns)}"
            )
        classes: NDArray[np.object_] = population.nodes[self.column].to_numpy(object)
        return classes


def _named(classes: NDArray[np.object_]) -> list[str]:
    return sorted({str(name) for name in classes})


@dataclass(frozen=True, slots=True, eq=False)
class _Merged:
    """Puts together what several samplers draw."""

    samplers: tuple[Sampler, ...]
    n_sources: int

    def draw(self, first: int, last: int) -> Drawn:
        keys, synapses, counts = [], [], np.zeros(last - first, dtype=np.int64)
        for sampler in self.samplers:
            drawn = sampler.draw(first, last)
            counts += drawn.counts
            row = np.repeat(np.arange(last - first), drawn.counts)
            keys.append(row * self.n_sources + drawn.sources)
            synapses.append(drawn.n_synapses)
        together = np.concatenate(keys)
        if all(some is None for some in synapses):
            together.sort()
            return Drawn(counts, (together % self.n_sources).astype(np.int32))
        if any(some is None for some in synapses):
            raise DataError(
                "ByClass: some rules say how many synapses there are and others do not; let all or none"
            )
        order = np.argsort(together, kind="stable")
        many = np.concatenate([some for some in synapses if some is not None])[order]
        return Drawn(counts, (together[order] % self.n_sources).astype(np.int32), many)

    def expected(self, nodes: NDArray[np.int64]) -> Array:
        total = np.zeros(nodes.size)
        for sampler in self.samplers:
            total += sampler.expected(nodes)
        return total
