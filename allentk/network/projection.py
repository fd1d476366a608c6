"""Connections of one kind between two populations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError

__all__ = ["Projection", "Receptor"]

_DTYPES = {
    "indptr": np.int64,
    "sources": np.int32,
    "weights_pa": np.float32,
    "delays_s": np.float32,
}

#: Times from here on are taken for milliseconds given by mistake, in seconds.
IMPLAUSIBLE_S = 1.0


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
class Projection:
    """Edges from one population to another, sorted by target (compressed sparse columns).

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

    source: str
    target: str
    indptr: NDArray[np.int64]
    sources: NDArray[np.int32]
    weights_pa: NDArray[np.float32]
    delays_s: NDArray[np.float32]
    receptor: Receptor

    def __post_init__(self) -> None:
        where = f"projection {self.source!r} -> {self.target!r}"
        for name, dtype in _DTYPES.items():
            array = frozen(getattr(self, name), dtype, what=f"{where}: {name}")
            if array.ndim == 0 and name in ("weights_pa", "delays_s"):
                array = frozen(np.full(self.sources.size, array), dtype)
            if array.ndim != 1:
                raise DataError(f"{where}: {name} must be a flat array, got shape {array.shape}")
            object.__setattr__(self, name, array)
        self._check(where)

    def _check(self, where: str) -> None:
        n, ptr = self.sources.size, self.indptr
        if ptr.size < 2 or ptr[0] != 0 or ptr[-1] != n or (np.diff(ptr) < 0).any():
            raise DataError(
                f"{where}: indptr must rise from 0 to the number of edges, {n}; got {ptr[:3]} ... "
                f"{ptr[-3:]}"
            )
        for name in ("weights_pa", "delays_s"):
            if getattr(self, name).shape != (n,):
                raise DataError(
                    f"{where}: {name} must have one value per edge ({n}), got shape "
                    f"{getattr(self, name).shape}"
                )
        if n and self.sources.min() < 0:
            at = int(self.sources.argmin())
            raise DataError(f"{where}: source {self.sources[at]} of edge {at} is negative")
        self.receptor.check_weights(self.weights_pa, where)
        wrong = ~((self.delays_s >= 0) & (self.delays_s < IMPLAUSIBLE_S))
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(
                f"{where}: delays_s must be finite and lie in 0..{IMPLAUSIBLE_S:g} seconds, got "
                f"{self.delays_s[at]} at edge {at}; milliseconds must be divided by 1000"
            )

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
        where = f"projection {source!r} -> {target!r}"
        pre = frozen(sources, np.int64, what=f"{where}: sources")
        post = frozen(targets, np.int64, what=f"{where}: targets")
        weights = frozen(weights_pa, np.float32, what=f"{where}: weights_pa")
        delays = frozen(delays_s, np.float32, what=f"{where}: delays_s")
        for name, array in (("targets", post), ("weights_pa", weights), ("delays_s", delays)):
            if array.shape != pre.shape and not (array.ndim == 0 and name != "targets"):
                raise DataError(
                    f"{where}: {name} must be as long as sources {pre.shape}, got {array.shape}"
                )
        if post.size and not (post.min() >= 0 and post.max() < n_targets):
            raise DataError(
                f"{where}: targets must lie in 0..{n_targets - 1}, got {post.min()}..{post.max()}"
            )
        order = np.lexsort((pre, post))
        counts = np.bincount(post, minlength=n_targets)
        return cls(
            source,
            target,
            np.concatenate([[0], np.cumsum(counts)]),
            pre[order],
            weights if weights.ndim == 0 else weights[order],
            delays if delays.ndim == 0 else delays[order],
            receptor,
        )

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
            f"<Projection {self.source} -> {self.target}: {self.n_edges} edges on "
            f"{self.n_targets} targets>"
        )
