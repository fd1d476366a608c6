"""Rules that are ordinary functions of cells, called one pair or one cell at a time: slow, and general.

References
----------
Dai et al. 2020, PLoS Computational Biology 16:e1008386 (the Brain Modeling ToolKit, whose connection rules
have these signatures).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from allentk.errors import DataError
from allentk.network.degrees import Pairs
from allentk.network.ends import Ends
from allentk.network.population import Population
from allentk.network.spatial import Sampler

__all__ = ["Node", "PerPair"]

_ITERATORS = ("one_to_one", "all_to_one", "one_to_all")


class Node(Mapping[str, Any]):
    """One cell, as a rule sees it: ``cell["x_um"]``, or ``cell["x"]`` for it, and ``cell.node_id``."""

    def __init__(self, node_id: int, values: Mapping[str, Any]) -> None:
        self.node_id = node_id
        self._values = values

    def __getitem__(self, name: str) -> Any:
        """Return a column's value."""
        if name == "node_id":
            return self.node_id
        return self._values[f"{name}_um" if name in ("x", "y", "z") else name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True, eq=False)
class PerPair:
    """Connects by a function that returns numbers of synapses; 0 or None for no connection.

    Parameters
    ----------
    function : callable
        ``function(source, target, **params)``. Of ``one_to_one`` both are a ``Node`` and it returns one
        number; of ``all_to_one`` `source` is the list of all sources, of ``one_to_all`` `target` that of
        all targets, and it returns a number for each.
    iterator : {"one_to_one", "all_to_one", "one_to_all"}
        How the function is called; ``one_to_one`` means every pair.
    params : mapping
        Further keyword arguments.

    Notes
    -----
    What the function draws is the function's own business, and so is its seed. It is called for every
    source in its order, or every target where it takes all sources. A cell is not connected to itself
    unless ``connect`` is told ``loops=True``.

    Examples
    --------
    >>> rule = PerPair(lambda source, target, reach: 3 if abs(source["x"] - target["x"]) < reach else 0,
    ...                params={"reach": 160.0})
    """

    function: Callable[..., Any]
    iterator: Literal["one_to_one", "all_to_one", "one_to_all"] = "one_to_one"
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.iterator not in _ITERATORS:
            raise DataError(
                f"PerPair: iterator must be one of {', '.join(_ITERATORS)}, got {self.iterator!r}"
            )

    def sampler(self, ends: Ends) -> Sampler:
        """Call the function for all pairs; return what lists the connections."""
        sources = _nodes(ends.source, ends.source_nodes)
        targets = _nodes(ends.target, ends.target_nodes)
        by_target = self.iterator == "all_to_one"
        rows = [
            self._counts(cell, sources if by_target else targets)
            for cell in (targets if by_target else sources)
        ]
        numbers = np.array(rows, dtype=np.int64).reshape(-1, len(sources if by_target else targets))
        pre, post = np.nonzero(numbers.T if by_target else numbers)
        many = numbers[post, pre] if by_target else numbers[pre, post]
        pre, post = ends.source_nodes[pre].astype(np.int64), ends.target_nodes[post]
        kept = np.ones(pre.size, dtype=bool) if ends.loops else pre != post
        return Pairs(pre[kept], post[kept], many[kept]).sampler(ends)

    def _counts(self, cell: Node, others: Sequence[Node]) -> list[int]:
        if self.iterator == "one_to_one":
            given = [self.function(cell, other, **self.params) for other in others]
        elif self.iterator == "all_to_one":
            given = list(self.function(others, cell, **self.params))
        else:
            given = list(self.function(cell, others, **self.params))
        if len(given) != len(others):
            raise DataError(
                f"PerPair: the function returned {len(given)} numbers for {len(others)} pairs of node "
                f"{cell.node_id}; expected one for each"
            )
        return [_whole(number, cell.node_id) for number in given]


def _whole(number: Any, node: int) -> int:
    if number is None:
        return 0
    if not (float(number).is_integer() and number >= 0):
        raise DataError(
            f"PerPair: the function returned {number!r} synapses for a pair of node {node}; expected a "
            f"whole number, 0 or None for no connection"
        )
    return int(number)


def _nodes(population: Population, nodes: Sequence[int] | np.ndarray[Any, Any]) -> list[Node]:
    rows = population.nodes.to_dict("records")
    return [Node(int(node), rows[node]) for node in nodes]
