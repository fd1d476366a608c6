"""Rules that fix who is connected, or how many are, whatever the distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.network.degree_kernels import choose
from allentk.network.ends import Ends, column_of
from allentk.network.spatial import Drawn, Sampler

__all__ = ["AllToAll", "InDegree", "OneToOne", "Pairs", "Total"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Choosing:
    """Draws a given number of sources for every target node of the ends."""

    ends: Ends
    degrees: NDArray[np.int64]
    replacement: bool

    def draw(self, first: int, last: int) -> Drawn:
        nodes, choices = self.ends.target_nodes, self.ends.source_nodes
        some = slice(*np.searchsorted(nodes, (first, last)))
        own = np.full(nodes[some].size, -1, dtype=np.int64)
        if not self.ends.loops:
            at = np.searchsorted(choices, nodes[some])
            there = at < choices.size
            there[there] = choices[at[there]] == nodes[some][there]
            own[there] = at[there]
        degrees = self.degrees[some]
        sources = choose(choices, nodes[some], degrees, own, self.replacement, self.ends.key)
        counts = np.zeros(last - first, dtype=np.int64)
        counts[nodes[some] - first] = degrees
        return Drawn(counts, sources)

    def expected(self, nodes: NDArray[np.int64]) -> Array:
        counts = np.zeros(len(self.ends.target))
        counts[self.ends.target_nodes] = self.degrees
        wanted: Array = counts[nodes]
        return wanted


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    """Hands out connections that are known, sorted by target and source."""

    indptr: NDArray[np.int64]
    sources: NDArray[np.int32]
    n_synapses: NDArray[np.int64] | None = None

    def draw(self, first: int, last: int) -> Drawn:
        counts = np.diff(self.indptr[first : last + 1])
        some = slice(self.indptr[first], self.indptr[last])
        n = None if self.n_synapses is None else self.n_synapses[some]
        return Drawn(counts, self.sources[some], n)

    def expected(self, nodes: NDArray[np.int64]) -> Array:
        return np.diff(self.indptr)[nodes].astype(float)


@dataclass(frozen=True, slots=True, eq=False)
class InDegree:
    """Every target has a given number of connections from sources drawn evenly.

    Parameters
    ----------
    n : int, str, or array_like of int
        Connections of every target: one number, a column of the target's node table, or one per node.
    replacement : bool
        Whether a source may connect to a target several times.

    Examples
    --------
    >>> rule = InDegree(100)
    """

    n: int | str | ArrayLike
    replacement: bool = False

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        given = column_of(ends.target, self.n) if isinstance(self.n, str) else self.n
        degrees = frozen(given, np.int64, what="InDegree: n")
        if degrees.ndim > 1 or (degrees.ndim and degrees.size != len(ends.target)):
            raise DataError(
                f"InDegree: n must be one number, or one per node of {ends.target!r}; got shape "
                f"{degrees.shape}"
            )
        degrees = np.broadcast_to(degrees, len(ends.target))[ends.target_nodes]
        most = ends.n_choices
        if self.replacement:
            most = np.where(most > 0, np.iinfo(np.int64).max, 0)
        wrong = (degrees < 0) | (degrees > most)
        if wrong.any():
            i = int(wrong.argmax())
            raise DataError(
                f"InDegree: node {ends.target_nodes[i]} of {ends.target!r} is to have {degrees[i]} of "
                f"{ends.n_choices[i]} sources; give fewer, or replacement=True"
            )
        return _Choosing(ends, degrees, self.replacement)


@dataclass(frozen=True, slots=True)
class Total:
    """A given number of connections in all, each between two nodes drawn evenly.

    Parameters
    ----------
    n : int
        Connections in all.
    replacement : bool
        Whether two nodes may be connected several times.

    Examples
    --------
    >>> rule = Total(100_000)
    """

    n: int
    replacement: bool = True

    def __post_init__(self) -> None:
        if self.n < 0:
            raise DataError(f"Total: n must be 0 or more, got {self.n}")

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        choices = ends.n_choices
        pairs = int(choices.sum())
        if (pairs == 0 and self.n > 0) or (not self.replacement and self.n > pairs):
            raise DataError(
                f"Total: {self.n} connections between {pairs} pairs of {ends.source.name} and "
                f"{ends.target.name}; give fewer, or replacement=True"
            )
        rng = np.random.default_rng(int(ends.key))
        if self.n == 0:
            degrees = np.zeros(choices.size, dtype=np.int64)
        elif self.replacement:
            degrees = rng.multinomial(self.n, choices / pairs)
        elif pairs < 10**9:
            degrees = rng.multivariate_hypergeometric(choices, self.n, method="marginals")
        else:
            raise DataError(
                f"Total: without replacement there may be up to 10**9 pairs, got {pairs}; take "
                f"replacement=True or InDegree"
            )
        return _Choosing(ends, degrees, self.replacement)


@dataclass(frozen=True, slots=True)
class AllToAll:
    """Every source is connected to every target.

    Examples
    --------
    >>> rule = AllToAll()
    """

    def sampler(self, ends: Ends) -> Sampler:
        """Return what lists the connections between these ends."""
        return _Choosing(ends, ends.n_choices, replacement=False)


@dataclass(frozen=True, slots=True)
class OneToOne:
    """The first source is connected to the first target, the second to the second, and so on.

    Examples
    --------
    >>> rule = OneToOne()
    """

    def sampler(self, ends: Ends) -> Sampler:
        """Return what lists the connections between these ends."""
        if ends.source_nodes.size != ends.target_nodes.size:
            raise DataError(
                f"OneToOne: {ends.source_nodes.size} sources and {ends.target_nodes.size} targets; "
                f"expected as many of one as of the other"
            )
        return Pairs(ends.source_nodes, ends.target_nodes).sampler(ends)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Connections from a list; a pair named several times is connected several times.

    Parameters
    ----------
    sources, targets : array_like of int, shape (n_edges,)
        Nodes of both populations, in any order.
    n_synapses : array_like of int, shape (n_edges,), optional
        Synapses of every connection, in place of what ``connect`` is given.

    Examples
    --------
    >>> rule = Pairs([0, 1, 1], [2, 0, 2])
    """

    sources: ArrayLike
    targets: ArrayLike
    n_synapses: ArrayLike | None = None

    def sampler(self, ends: Ends) -> Sampler:
        """Return what lists the connections between these ends."""
        pre = frozen(self.sources, np.int64, what="Pairs: sources")
        post = frozen(self.targets, np.int64, what="Pairs: targets")
        given = post if self.n_synapses is None else self.n_synapses
        many = frozen(given, np.int64, what="Pairs: n_synapses")
        if not (pre.ndim == 1 and pre.shape == post.shape == many.shape):
            raise DataError(
                f"Pairs: sources and targets must be as long as each other, got {pre.shape} and "
                f"{post.shape}" + ("" if self.n_synapses is None else f", n_synapses {many.shape}")
            )
        for what, nodes, population in (
            ("source", pre, ends.source),
            ("target", post, ends.target),
        ):
            wrong = (nodes < 0) | (nodes >= len(population))
            if wrong.any():
                i = int(wrong.argmax())
                raise DataError(
                    f"Pairs: {what} {nodes[i]} of pair {i} is out of range; {population!r} has nodes 0 "
                    f"to {len(population) - 1}"
                )
        own = pre == post
        if not ends.loops and own.any():
            i = int(own.argmax())
            raise DataError(
                f"Pairs: pair {i} connects node {pre[i]} of {ends.source!r} with itself; leave it out, or "
                f"say loops=True"
            )
        order = np.lexsort((pre, post))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(post, minlength=len(ends.target)))])
        synapses = None if self.n_synapses is None else many[order]
        return _Listed(indptr, pre[order].astype(np.int32), synapses)
