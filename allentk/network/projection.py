"""Connections of one kind between two populations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError
from allentk.network.connectivity import IMPLAUSIBLE_S, Connectivity, check_delays, sorted_edges

__all__ = ["Projection", "Receptor"]


@dataclass(frozen=True, slots=True)
class Receptor:
    """An alpha-shaped synaptic current, ``w (t / tau) exp(1 - t / tau)``, of peak w at t = tau.

    Parameters
    ----------
    tau_s : float
        Time to peak in seconds.
    sign : int
        1 for excitation, -1 for inhibition: the sign every weight must have.

    Raises
    ------
    DataError
        On a time that is not positive or looks like milliseconds, or another sign.

    Examples
    --------
    >>> round(Receptor(tau_s=0.002, sign=1).charge_per_peak_s, 5)
    0.00544
    """

    tau_s: float
    sign: int

    def __post_init__(self) -> None:
        if not 0 < self.tau_s < IMPLAUSIBLE_S:
            raise DataError(
                f"Receptor: tau_s must lie in 0..{IMPLAUSIBLE_S:g} seconds, got {self.tau_s!r}; "
                f"milliseconds must be divided by 1000"
            )
        if self.sign not in (1, -1):
            raise DataError(f"Receptor: sign must be 1 or -1, got {self.sign!r}")

    @property
    def charge_per_peak_s(self) -> float:
        """Charge in pC of one spike per pA of peak current, that is e tau in seconds."""
        return math.e * self.tau_s

    def check_weights(self, weights_pa: NDArray[np.float32], where: str) -> None:
        """Refuse weights that are not finite or have the other sign.

        Raises
        ------
        DataError
        """
        wrong = ~np.isfinite(weights_pa) | (weights_pa * self.sign < 0)
        if wrong.any():
            at = int(wrong.argmax())
            expected = "at or above 0" if self.sign > 0 else "at or below 0"
            raise DataError(
                f"{where}: weights_pa must be finite and {expected} for a receptor of sign "
                f"{self.sign:+d}, got {weights_pa[at]} at {at}"
            )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Projection(Connectivity):
    """Edges to point neurons, sorted by target (compressed sparse columns).

    Edges to compartmental cells are a ``ConductanceProjection``.

    Parameters
    ----------
    source, target : str
        Names of the populations.
    indptr : array_like of int64, shape (n_targets + 1,)
        Edges ``indptr[i]`` to ``indptr[i + 1]`` end at target i.
    sources : array_like of int32, shape (n_edges,)
        Source node of every edge; several edges between a pair are several synapses.
    weights_pa : array_like of float32, shape (n_edges,) or scalar
        Peak of the synaptic current in pA, negative for inhibition.
    delays_s : array_like of float32, shape (n_edges,) or scalar
        From the spike to the onset of the current, seconds.
    receptor : Receptor
        Time course and sign of the current.

    Raises
    ------
    DataError
        Where lengths disagree, `indptr` falls, an id or a delay is negative, a weight has the other sign
        than the receptor, or a delay looks like milliseconds.

    Examples
    --------
    >>> excitation = Receptor(tau_s=0.002, sign=1)
    >>> Projection.from_edges("a", "b", [0, 1, 1], [2, 0, 2], 5.0, 0.001, excitation, n_targets=3)
    <Projection a -> b: 3 edges on 3 targets>
    """

    weights_pa: NDArray[np.float32]
    delays_s: NDArray[np.float32]
    receptor: Receptor

    def __post_init__(self) -> None:
        where = self._freeze({"weights_pa": np.float32, "delays_s": np.float32})
        self.receptor.check_weights(self.weights_pa, where)
        check_delays(self.delays_s, where)

    @classmethod
    def from_edges(
        cls,
        source: str,
        target: str,
        sources: ArrayLike,
        targets: ArrayLike,
        weights_pa: ArrayLike,
        delays_s: ArrayLike,
        receptor: Receptor,
        *,
        n_targets: int,
    ) -> Projection:
        """Sort a list of edges by target, then by source.

        Parameters
        ----------
        sources, targets : array_like of int, shape (n_edges,)
            Both ends of every edge.
        weights_pa, delays_s : array_like, shape (n_edges,) or scalar
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
            {"weights_pa": (weights_pa, np.float32), "delays_s": (delays_s, np.float32)},
            n_targets=n_targets,
        )
        return cls(source, target, indptr, pre, receptor=receptor, **columns)
