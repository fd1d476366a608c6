"""Connections of which every spike moves the voltage of its target at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import packed, unpacked
from allentk.errors import DataError
from allentk.network.connectivity import Connectivity, check_delays, sorted_edges
from allentk.network.projection import check_signs

__all__ = ["JumpProjection"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class JumpProjection(Connectivity):
    """Edges to point neurons, sorted by target, whose spikes are jumps of the voltage.

    Parameters
    ----------
    source, target : str
        Names of the populations.
    indptr : array_like of int64, shape (n_targets + 1,)
        Edges ``indptr[i]`` to ``indptr[i + 1]`` end at target i.
    sources : array_like of int32, shape (n_edges,)
        Source node of every edge; several edges between a pair are several connections.
    weights_mv : array_like of float32, shape (n_edges,) or scalar
        Jump of one synapse in mV, negative for inhibition.
    delays_s : array_like of float32, shape (n_edges,) or scalar
        From the spike to the jump, seconds.
    sign : int
        1 for excitation, -1 for inhibition: the sign every weight must have.
    n_synapses : array_like of uint16, shape (n_edges,) or scalar
        Synapses of every edge, 1 or more; they act together.

    Raises
    ------
    DataError
        Where lengths disagree, `indptr` falls, an id or a delay is negative, a weight has the other sign,
        an edge has no synapse, or a delay looks like milliseconds.

    Notes
    -----
    ``IntFire1`` of NEURON is a level 1 model with a threshold of 1 mV and jumps of that scale; a cell that
    is refractory takes no jump.

    Examples
    --------
    >>> JumpProjection.from_edges("a", "b", [0, 1, 1], [2, 0, 2], 0.2, 0.002, 1, n_targets=3)
    <JumpProjection a -> b: 3 edges on 3 targets>
    """

    weights_mv: NDArray[np.float32]
    delays_s: NDArray[np.float32]
    sign: int
    n_synapses: NDArray[np.uint16] = 1  # type: ignore[assignment]

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        where = self._freeze(
            {"weights_mv": np.float32, "delays_s": np.float32, "n_synapses": np.uint16}
        )
        if self.sign not in (1, -1):
            raise DataError(f"{where}: sign must be 1 or -1, got {self.sign!r}")
        check_signs(self.weights_mv, self.sign, f"{where}: weights_mv", f"sign {self.sign:+d}")
        check_delays(self.delays_s, where)

    @classmethod
    def from_edges(
        cls,
        source: str,
        target: str,
        sources: ArrayLike,
        targets: ArrayLike,
        weights_mv: ArrayLike,
        delays_s: ArrayLike,
        sign: int,
        *,
        n_targets: int,
        n_synapses: ArrayLike = 1,
    ) -> JumpProjection:
        """Sort a list of edges by target, then by source.

        Parameters
        ----------
        sources, targets : array_like of int, shape (n_edges,)
            Both ends of every edge.
        weights_mv, delays_s, n_synapses : array_like, shape (n_edges,) or scalar
            See the class.
        n_targets : int
            Nodes of the target population.

        Raises
        ------
        DataError
            Where lengths disagree, or a target is not one of `n_targets`.
        """
        indptr, pre, columns = sorted_edges(
            f"projection {source!r} -> {target!r}",
            sources,
            targets,
            {
                "weights_mv": (weights_mv, np.float32),
                "delays_s": (delays_s, np.float32),
                "n_synapses": (n_synapses, np.uint16),
            },
            n_targets=n_targets,
        )
        return cls(source, target, indptr, pre, sign=sign, **columns)
