"""Edges between two populations, whatever kind of synapse they end in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from allentk.data._arrays import frozen
from allentk.data._html import card, facts
from allentk.errors import DataError

__all__ = ["IMPLAUSIBLE_S", "Connectivity", "check_delays", "distinct", "sorted_edges"]

#: Times from here on are taken for milliseconds given by mistake, in seconds.
IMPLAUSIBLE_S = 1.0


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Connectivity:
    """Who is connected to whom: edges sorted by target (compressed sparse columns).

    Parameters
    ----------
    source, target : str
        Names of the populations.
    indptr : array_like of int64, shape (n_targets + 1,)
        Edges ``indptr[i]`` to ``indptr[i + 1]`` end at target i.
    sources : array_like of int32, shape (n_edges,)
        Source node of every edge; several edges between a pair are several connections.

    Notes
    -----
    A column given as one value for all edges takes no memory: it is a view of that value, with a stride
    of 0.
    """

    source: str
    target: str
    indptr: NDArray[np.int64]
    sources: NDArray[np.int32]

    def _freeze(self, columns: Mapping[str, DTypeLike]) -> str:
        """Hold all arrays read-only, one value per edge; return how messages call the edges.

        `columns` are the names and types of the arrays that have a value per edge, or one for all.
        """
        where = f"projection {self.source!r} -> {self.target!r}"
        for name, dtype in {"indptr": np.int64, "sources": np.int32, **columns}.items():
            array = frozen(getattr(self, name), dtype, what=f"{where}: {name}")
            if array.ndim == 0 and name in columns:
                array = np.broadcast_to(array, self.sources.shape)
            if array.ndim != 1:
                raise DataError(f"{where}: {name} must be a flat array, got shape {array.shape}")
            object.__setattr__(self, name, array)
        self._check_edges(where, columns)
        return where

    def _check_edges(self, where: str, columns: Mapping[str, DTypeLike]) -> None:
        n, ptr = self.sources.size, self.indptr
        if ptr.size < 2 or ptr[0] != 0 or ptr[-1] != n or (np.diff(ptr) < 0).any():
            raise DataError(
                f"{where}: indptr must rise from 0 to the number of edges, {n}; got {ptr[:3]} ... "
                f"{ptr[-3:]}"
            )
        for name in columns:
            if getattr(self, name).shape != (n,):
                raise DataError(
                    f"{where}: {name} must have one value per edge ({n}), got shape "
                    f"{getattr(self, name).shape}"
                )
        if n and self.sources.min() < 0:
            at = int(self.sources.argmin())
            raise DataError(f"{where}: source {self.sources[at]} of edge {at} is negative")
        for name in {"n_synapses"} & set(columns):
            _check_synapses(getattr(self, name), where)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return self.sources.size

    @property
    def n_targets(self) -> int:
        """Number of target nodes."""
        return self.indptr.size - 1

    @property
    def in_degrees(self) -> NDArray[np.int64]:
        """Number of edges that end at every target, shape ``(n_targets,)``."""
        degrees: NDArray[np.int64] = np.diff(self.indptr)
        return degrees

    @property
    def targets(self) -> NDArray[np.int64]:
        """Target node of every edge, shape ``(n_edges,)``."""
        return np.repeat(np.arange(self.n_targets), self.in_degrees)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.source} -> {self.target}: {self.n_edges} edges on "
            f"{self.n_targets} targets>"
        )

    def _repr_html_(self) -> str:
        told: dict[str, object] = {"in-degree": _spread(self.in_degrees)}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("source", "target", "indptr", "sources"):
                continue
            is_column = isinstance(value, np.ndarray) and value.ndim == 1
            told[field.name] = _spread(distinct(value)) if is_column else value
        return card(self, facts(told))


def _spread(values: NDArray[Any]) -> str:
    """Return least, median and largest of values, or the one that they all have."""
    if not values.size:
        return ""
    low, middle, high = values.min(), np.median(values), values.max()
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}, median {middle:.4g}"


def distinct(column: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a column worth looking at: one where it is one value for all edges."""
    return column[:1] if column.size and column.strides == (0,) else column


def _check_synapses(n_synapses: NDArray[np.uint16], where: str) -> None:
    values = distinct(n_synapses)
    if values.size and values.min() < 1:
        at = int(values.argmin())
        raise DataError(
            f"{where}: n_synapses must be 1 or more, got {values[at]} at edge {at}; leave out edges "
            f"without a synapse"
        )


def check_delays(delays_s: NDArray[np.float32], where: str) -> None:
    """Refuse delays that are negative, not finite, or look like milliseconds.

    Raises
    ------
    DataError
    """
    delays_s = distinct(delays_s)
    wrong = ~((delays_s >= 0) & (delays_s < IMPLAUSIBLE_S))
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(
            f"{where}: delays_s must be finite and lie in 0..{IMPLAUSIBLE_S:g} seconds, got "
            f"{delays_s[at]} at edge {at}; milliseconds must be divided by 1000"
        )


def sorted_edges(
    where: str,
    sources: ArrayLike,
    targets: ArrayLike,
    columns: Mapping[str, tuple[ArrayLike, DTypeLike]],
    *,
    n_targets: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], dict[str, NDArray[Any]]]:
    """Sort a list of edges by target, then by source.

    Parameters
    ----------
    where : str
        What messages call the edges.
    sources, targets : array_like of int, shape (n_edges,)
        Both ends of every edge.
    columns : mapping
        Name -> values of the edges, shape (n_edges,) or one for all, and their type.
    n_targets : int
        Nodes of the target population.

    Returns
    -------
    indptr : ndarray, shape (n_targets + 1,)
    sources : ndarray, shape (n_edges,)
    columns : dict of ndarray
        In the same order; one value for all stays one.

    Raises
    ------
    DataError
        Where lengths disagree, or a target is not one of `n_targets`.
    """
    pre = frozen(sources, np.int32, what=f"{where}: sources")
    post = frozen(targets, np.int64, what=f"{where}: targets")
    held = {
        name: frozen(values, dtype, what=f"{where}: {name}")
        for name, (values, dtype) in columns.items()
    }
    for name, array in {"targets": post, **held}.items():
        if array.shape != pre.shape and not (array.ndim == 0 and name != "targets"):
            raise DataError(
                f"{where}: {name} must be as long as sources {pre.shape}, got {array.shape}"
            )
    if post.size and not (post.min() >= 0 and post.max() < n_targets):
        raise DataError(
            f"{where}: targets must lie in 0..{n_targets - 1}, got {post.min()}..{post.max()}"
        )
    order = np.lexsort((pre, post))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(post, minlength=n_targets))])
    ordered = {name: array if array.ndim == 0 else array[order] for name, array in held.items()}
    return indptr, pre[order], ordered
