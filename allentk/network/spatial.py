"""Drawing connections by distance: sources in a grid, targets one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.ends import Ends, angles_deg, column_of, places_um
from allentk.network.pair_kernels import CANDIDATES, Law, Near, Seen, draw, expected

__all__ = ["Drawn", "Exact", "Sampler", "SpatialSampler", "difference_deg"]

Array = NDArray[np.float64]


class Drawn(NamedTuple):
    """Sources of a run of targets, sorted in each, how many each has, and synapses where a rule says."""

    counts: NDArray[np.int64]
    sources: NDArray[np.int32]
    n_synapses: NDArray[np.int64] | None = None


class Sampler(Protocol):
    """Draws the connections of any run of targets, the same whichever runs it is asked for."""

    def draw(self, first: int, last: int) -> Drawn:
        """Return the connections of target nodes `first` to `last`."""
        ...

    def expected(self, nodes: NDArray[np.int64]) -> Array:
        """Return how many connections these target nodes have in the mean over all seeds."""
        ...


class Exact(NamedTuple):
    """A user's chance of a pair, and the period of the angles it compares."""

    function: Callable[[Array, Array], Array]
    period: float


@dataclass(frozen=True, slots=True, eq=False)
class SpatialSampler:
    """Draws connections by a law of distance and tuning.

    Parameters
    ----------
    ends : Ends
        Between which nodes.
    law : Law
        Chance, or bound of it.
    near : Near
        Sources by their place.
    seen : Seen
        All target nodes of the ends.
    exact : Exact, optional
        Chance of a pair that the law only bounds.
    """

    ends: Ends
    law: Law
    near: Near
    seen: Seen
    exact: Exact | None = None

    @classmethod
    def of(
        cls,
        ends: Ends,
        law: Law,
        grain_um: float,
        axes: str,
        scale_by: str | None,
        shift_um: float | str,
    ) -> SpatialSampler:
        """Lay the sources into bins of about `grain_um` and the kernels around the targets."""
        seen = _targets(ends, axes, scale_by, shift_um)
        return cls(ends, law, _grid(ends, axes, grain_um), seen)

    def draw(self, first: int, last: int) -> Drawn:
        """Return the connections of target nodes `first` to `last`."""
        low, high = np.searchsorted(self.seen.ids, (first, last))
        loops, key = self.ends.loops, self.ends.key
        some, sources, heights, distances = draw(
            self.law, self.near, self.seen, low, high, loops, key
        )
        if self.law.kind == CANDIDATES:
            some, sources = self._kept(int(low), some, sources, heights, distances)
        if high - low == last - first:
            return Drawn(some, sources)
        counts = np.zeros(last - first, dtype=np.int64)
        counts[self.seen.ids[low:high] - first] = some
        return Drawn(counts, sources)

    def _kept(
        self,
        low: int,
        counts: NDArray[np.int64],
        sources: NDArray[np.int32],
        heights: Array,
        distances: Array,
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Keep the candidates whose own chance is above their height."""
        which = np.repeat(np.arange(counts.size), counts)
        chances = self._exactly(low + which, sources, distances)
        kept = heights < chances
        return np.bincount(which[kept], minlength=counts.size), sources[kept]

    def _exactly(self, at: NDArray[np.int64], sources: NDArray[np.int32], away: Array) -> Array:
        assert self.exact is not None
        angles = angles_deg(self.ends.source)[sources]
        apart = difference_deg(angles, self.seen.angles[at], self.exact.period)
        chances = np.broadcast_to(np.asarray(self.exact.function(away, apart), float), away.shape)
        step = self.law.step
        bounds = self.law.envelope[(away / step).astype(np.int64) if np.isfinite(step) else 0]
        wrong = ~((chances >= 0) & (chances <= bounds * (1 + 1e-9)))
        # the bound of a step is that of its near side, so it is exceeded only by more than the step hides
        if wrong.any():
            i = int(wrong.argmax())
            bound = np.broadcast_to(bounds, away.shape)[i]
            raise DataError(
                f"Probability: the function returned {chances[i]:.6g} at {away[i]:.4g} um, where it must "
                f"lie between 0 and its bound, {bound:.6g}; correct the bound"
            )
        scaled: Array = np.minimum(1.0, chances * self.seen.factors[at])
        return scaled

    def expected(self, nodes: NDArray[np.int64]) -> Array:
        """Return the sum of the chances of these target nodes' pairs."""
        out = np.zeros(nodes.size)
        mine = np.isin(nodes, self.seen.ids)
        at = np.searchsorted(self.seen.ids, nodes[mine])
        if self.law.kind != CANDIDATES:
            out[mine] = expected(self.law, self.near, _some(self.seen, at), self.ends.loops)
            return out
        everything = self.law._replace(envelope=np.ones(1), step=np.inf, peak=1.0)
        surely = _some(self.seen, at)._replace(factors=np.ones(at.size))
        for i, row in zip(np.flatnonzero(mine), range(at.size), strict=True):
            _, sources, _, away = draw(
                everything, self.near, surely, row, row + 1, self.ends.loops, self.ends.key
            )
            out[i] = self._exactly(np.full(sources.size, at[row]), sources, away).sum()
        return out


def difference_deg(a: Array, b: Array, period: float) -> Array:
    """Return how far angles differ, up to half the period: 180 for orientations, 360 for directions.

    Examples
    --------
    >>> difference_deg(np.array([10.0, 10.0]), np.array([350.0, 190.0]), 180.0).tolist()
    [20.0, 0.0]
    """
    apart = np.abs(a - b) % period
    folded: Array = np.minimum(apart, period - apart)
    return folded


def _some(seen: Seen, at: NDArray[np.int64]) -> Seen:
    places, axes, angles, factors, ids = seen
    return Seen(places[at], axes[at], angles[at], factors[at], ids[at])


def _targets(ends: Ends, axes: str, scale_by: str | None, shift_um: float | str) -> Seen:
    """Return the targets, each at the centre of its kernel."""
    target, nodes = ends.target, ends.target_nodes
    angles = angles_deg(target)
    tuned = ~np.isnan(angles)
    turn = np.zeros((len(target), 2))
    radians = np.deg2rad(angles[tuned])
    turn[tuned] = np.column_stack([np.cos(radians), np.sin(radians)])
    shift = column_of(target, shift_um) if isinstance(shift_um, str) else shift_um
    places = places_um(target, axes)
    places[:, :2] += turn * np.reshape(shift, (-1, 1))
    lost = ~np.isfinite(places).all(axis=1)
    if lost.any():
        row = int(lost.argmax())
        raise DataError(
            f"connect: the shift of the frame, {shift_um!r}, is not finite for node {row} of {target!r}"
        )
    factors = np.ones(len(target)) if scale_by is None else column_of(target, scale_by)
    wrong = ~((factors >= 0) & (factors < np.inf))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"connect: {scale_by} of node {row} of {target!r} must be 0 or more to multiply a chance, got "
            f"{factors[row]}"
        )
    return Seen(places[nodes], turn[nodes], angles[nodes], factors[nodes], nodes)


def _grid(ends: Ends, axes: str, grain_um: float) -> Near:
    """Sort the sources by bins, not many more of them than sources."""
    nodes = ends.source_nodes
    places = places_um(ends.source, axes)[nodes]
    low = places.min(axis=0, initial=np.inf) if nodes.size else np.zeros(3)
    extent = places.max(axis=0) - low if nodes.size else np.zeros(3)
    width = min(float(grain_um), float(extent.max()) + 1.0)
    bins_along = np.floor(extent / width) + 1
    while bins_along.prod() > nodes.size + 64:
        width *= 1.25
        bins_along = np.floor(extent / width) + 1
    shape = bins_along.astype(np.int64)
    index = np.minimum(((places - low) / width).astype(np.int64), shape - 1)
    bins = (index[:, 0] * shape[1] + index[:, 1]) * shape[2] + index[:, 2]
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], np.arange(shape.prod() + 1))
    angles = angles_deg(ends.source)[nodes]
    return Near(low, width, shape, starts, bins[order], places[order], angles[order], nodes[order])
