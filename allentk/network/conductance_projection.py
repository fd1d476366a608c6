"""Connections that end in conductances of compartmental cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from allentk.data._arrays import packed, unpacked
from allentk.errors import DataError
from allentk.network.connectivity import Connectivity, check_delays, sorted_edges
from allentk.network.synapses import Synapse, check_conductances, place_stream

if TYPE_CHECKING:
    from allentk.models.compartments import Compartments

__all__ = ["ConductanceProjection"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ConductanceProjection(Connectivity):
    """Edges to compartmental cells, sorted by target (compressed sparse columns).

    Parameters
    ----------
    source, target : str
        Names of the populations.
    indptr : array_like of int64, shape (n_targets + 1,)
        Edges ``indptr[i]`` to ``indptr[i + 1]`` end at target i.
    sources : array_like of int32, shape (n_edges,)
        Source node of every edge.
    weights_us : array_like of float32, shape (n_edges,) or scalar
        Peak conductance in microsiemens, 0 or more.
    delays_s : array_like of float32, shape (n_edges,) or scalar
        From the spike to the onset of the conductance, seconds.
    synapse : Synapse
        Time course, reversal potential, and where the synapses may sit.
    seed : int
        Draws the places, where they are not given: part of the network, not of a run.
    section_ids : array_like of int32, shape (n_edges,), optional
        Section of the target cell that every synapse sits on, numbered as in
        `allentk.models.compartments`; the place rule of `synapse` is then not asked.
    section_x : array_like of float64, shape (n_edges,), optional
        Position along that section, 0 to 1.
    n_synapses : array_like of uint16, shape (n_edges,) or scalar
        Synapses of every edge, 1 or more, each with a place of its own; 1 where places are given.

    Raises
    ------
    DataError
        Where lengths disagree, `indptr` falls, an id, a weight, a delay or a section is negative, an edge
        has no synapse, a position is outside 0 to 1, sections come without positions, or a place is
        given for several synapses.

    Examples
    --------
    >>> ampa = Synapse(0.0005, 0.003, 0.0, sections=("dend",), distance_um=(0, 150))
    >>> made = ConductanceProjection.from_edges(
    ...     "exc", "pyr", [0, 1, 1], [0, 0, 2], 0.0005, 0.002, ampa, n_targets=3)
    >>> made, made.is_placed
    (<ConductanceProjection exc -> pyr: 3 edges on 3 targets>, False)
    """

    weights_us: NDArray[np.float32]
    delays_s: NDArray[np.float32]
    synapse: Synapse
    seed: int = 0
    section_ids: NDArray[np.int32] | None = None
    section_x: NDArray[np.float64] | None = None
    n_synapses: NDArray[np.uint16] = 1  # type: ignore[assignment]

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        where = f"projection {self.source!r} -> {self.target!r}"
        if (self.section_ids is None) != (self.section_x is None):
            raise DataError(
                f"{where}: section_ids and section_x belong together; give both or neither"
            )
        if (
            isinstance(self.seed, bool)
            or not isinstance(self.seed, int | np.integer)
            or self.seed < 0
        ):
            raise DataError(f"{where}: seed must be an integer, 0 or more, got {self.seed!r}")
        columns: dict[str, DTypeLike] = {
            "weights_us": np.float32,
            "delays_s": np.float32,
            "n_synapses": np.uint16,
        }
        places: dict[str, DTypeLike] = (
            {"section_ids": np.int32, "section_x": np.float64} if self.is_placed else {}
        )
        self._freeze(columns | places)
        check_conductances(self.weights_us, where)
        check_delays(self.delays_s, where)
        if self.section_ids is not None and self.section_x is not None:
            if self.n_synapses.size and self.n_synapses.max() > 1:
                at = int(self.n_synapses.argmax())
                raise DataError(
                    f"{where}: edge {at} has {self.n_synapses[at]} synapses and one place; give every "
                    f"synapse an edge of its own"
                )
            wrong = (self.section_ids < 0) | ~((self.section_x >= 0) & (self.section_x <= 1))
            if wrong.any():
                at = int(wrong.argmax())
                raise DataError(
                    f"{where}: edge {at} sits on section {self.section_ids[at]} at {self.section_x[at]}; "
                    f"expected a section of 0 or more and a position of 0 to 1"
                )

    @classmethod
    def from_edges(
        cls,
        source: str,
        target: str,
        sources: ArrayLike,
        targets: ArrayLike,
        weights_us: ArrayLike,
        delays_s: ArrayLike,
        synapse: Synapse,
        *,
        n_targets: int,
        seed: int = 0,
        section_ids: ArrayLike | None = None,
        section_x: ArrayLike | None = None,
        n_synapses: ArrayLike = 1,
    ) -> ConductanceProjection:
        """Sort a list of edges by target, then by source.

        Parameters
        ----------
        sources, targets : array_like of int, shape (n_edges,)
            Both ends of every edge.
        weights_us, delays_s, n_synapses : array_like, shape (n_edges,) or scalar
            See the class.
        n_targets : int
            Nodes of the target population.
        seed, section_ids, section_x
            See the class; places in the order of the edges as given.

        Raises
        ------
        DataError
            Where lengths disagree, or a target is not one of `n_targets`.
        """
        given: dict[str, tuple[ArrayLike, DTypeLike]] = {
            "weights_us": (weights_us, np.float32),
            "delays_s": (delays_s, np.float32),
            "n_synapses": (n_synapses, np.uint16),
        }
        if section_ids is not None:
            given["section_ids"] = (section_ids, np.int32)
        if section_x is not None:
            given["section_x"] = (section_x, np.float64)
        where = f"projection {source!r} -> {target!r}"
        indptr, pre, columns = sorted_edges(where, sources, targets, given, n_targets=n_targets)
        return cls(source, target, indptr, pre, synapse=synapse, seed=seed, **columns)

    @property
    def is_placed(self) -> bool:
        """Whether every synapse has its section and position."""
        return self.section_ids is not None or self.section_x is not None

    def placed(self, cells: Sequence[Compartments]) -> ConductanceProjection:
        """Return the same projection with an edge, a section and a position for every synapse.

        Parameters
        ----------
        cells : sequence of Compartments
            Of every target node.

        Raises
        ------
        DataError
            Where there is no place, or a synapse is given a section that its cell does not have.
        """
        if self.is_placed:
            self._check_places(cells)
            return self
        one_each = self._one_synapse_each()
        section_ids, section_x = np.empty(one_each.n_edges, np.int32), np.empty(one_each.n_edges)
        for node, cell in enumerate(cells):
            mine = slice(one_each.indptr[node], one_each.indptr[node + 1])
            n = mine.stop - mine.start
            if n:
                rng = place_stream(self.seed, f"{self.source}\0{self.target}", node)
                where = self._draw(cell, n, rng, node)
                section_ids[mine], section_x[mine] = cell.section[where], cell.x[where]
        return replace(one_each, section_ids=section_ids, section_x=section_x)

    def _one_synapse_each(self) -> ConductanceProjection:
        """Return the same synapses with an edge each."""
        if not self.n_edges or self.n_synapses.max() == 1:
            return self
        before = np.concatenate([[0], np.cumsum(self.n_synapses, dtype=np.int64)])
        return replace(
            self,
            indptr=before[self.indptr],
            sources=np.repeat(self.sources, self.n_synapses),
            weights_us=np.repeat(self.weights_us, self.n_synapses),
            delays_s=np.repeat(self.delays_s, self.n_synapses),
            n_synapses=np.array(1, np.uint16),
        )

    def _draw(
        self, cell: Compartments, n: int, rng: np.random.Generator, node: int
    ) -> NDArray[np.int64]:
        try:
            return self.synapse.draw(cell, n, rng)
        except DataError as error:
            raise DataError(f"{self!r}, target {node}: {error}") from error

    def _check_places(self, cells: Sequence[Compartments]) -> None:
        if self.section_ids is None:
            return
        limit = np.array([len(cell.sections) for cell in cells])[self.targets]
        wrong = self.section_ids >= limit
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(
                f"{self!r}: edge {at} sits on section {self.section_ids[at]}; its cell has sections 0 to "
                f"{limit[at] - 1}"
            )
