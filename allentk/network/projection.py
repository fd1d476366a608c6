"""Connections of one kind between two populations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import packed, unpacked
from allentk.errors import DataError
from allentk.network.connectivity import (
    IMPLAUSIBLE_S,
    Connectivity,
    check_delays,
    distinct,
    sorted_edges,
)

__all__ = ["Projection", "Receptor", "check_signs"]


@dataclass(frozen=True, slots=True)
class Receptor:
    """An alpha-shaped synaptic current, ``w (t / tau) exp(1 - t / tau)``, of peak w at t = tau.

    Of a double alpha, a second, slower current of the same shape flows beside it.

    Parameters
    ----------
    tau_s : float
        Time to peak in seconds.
    sign : int
        1 for excitation, -1 for inhibition: the sign every weight must have.
    tau_slow_s : float, optional
        Time to peak of the slower current of a double alpha.
    slow_amplitude : float
        Ratio of the peak of the slower current to that of the first, 0 or more.

    Raises
    ------
    DataError
        On a time that is not positive or looks like milliseconds, another sign, or a slow amplitude
        without its time.

    Notes
    -----
    The slower current is that of NEST's ``glif_psc_double_alpha`` (``tau_syn_slow``, ``amp_slow``).

    Examples
    --------
    >>> round(Receptor(tau_s=0.002, sign=1).charge_per_peak_s, 5)
    0.00544
    >>> round(Receptor(0.002, 1, tau_slow_s=0.008, slow_amplitude=0.5).charge_per_peak_s, 5)
    0.01631
    """

    tau_s: float
    sign: int
    tau_slow_s: float | None = None
    slow_amplitude: float = 0.0

    def __post_init__(self) -> None:
        for name in ("tau_s", "tau_slow_s"):
            value = getattr(self, name)
            if value is not None and not 0 < value < IMPLAUSIBLE_S:
                raise DataError(
                    f"Receptor: {name} must lie in 0..{IMPLAUSIBLE_S:g} seconds, got {value!r}; "
                    f"milliseconds must be divided by 1000"
                )
        if self.sign not in (1, -1):
            raise DataError(f"Receptor: sign must be 1 or -1, got {self.sign!r}")
        if not 0 <= self.slow_amplitude < math.inf:
            raise DataError(
                f"Receptor: slow_amplitude must be 0 or more, got {self.slow_amplitude!r}"
            )
        if self.slow_amplitude > 0 and self.tau_slow_s is None:
            raise DataError(
                "Receptor: slow_amplitude needs tau_slow_s, its time to peak in seconds"
            )

    @property
    def parts(self) -> tuple[tuple[float, float], ...]:
        """Time to peak in seconds and relative peak of every alpha current that flows."""
        first = (self.tau_s, 1.0)
        if self.tau_slow_s is None or self.slow_amplitude == 0:
            return (first,)
        return (first, (self.tau_slow_s, self.slow_amplitude))

    @property
    def charge_per_peak_s(self) -> float:
        """Charge in pC of one spike per pA of peak current: e tau in seconds, of all that flows."""
        return math.e * sum(tau * peak for tau, peak in self.parts)

    def check_weights(self, weights_pa: NDArray[np.float32], where: str) -> None:
        """Refuse weights that are not finite or have the other sign.

        Raises
        ------
        DataError
        """
        check_signs(
            weights_pa, self.sign, f"{where}: weights_pa", f"a receptor of sign {self.sign:+d}"
        )


def check_signs(weights: NDArray[np.float32], sign: int, what: str, of: str) -> None:
    """Refuse weights that are not finite or have the other sign.

    Raises
    ------
    DataError
    """
    weights = distinct(weights)
    wrong = ~np.isfinite(weights) | (weights * sign < 0)
    if wrong.any():
        at = int(wrong.argmax())
        expected = "at or above 0" if sign > 0 else "at or below 0"
        raise DataError(f"{what} must be finite and {expected} for {of}, got {weights[at]} at {at}")


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
        Source node of every edge; several edges between a pair are several connections.
    weights_pa : array_like of float32, shape (n_edges,) or scalar
        Peak of the current of one synapse in pA, negative for inhibition.
    delays_s : array_like of float32, shape (n_edges,) or scalar
        From the spike to the onset of the current, seconds.
    receptor : Receptor
        Time course and sign of the current.
    n_synapses : array_like of uint16, shape (n_edges,) or scalar
        Synapses of every edge, 1 or more; they act together.

    Raises
    ------
    DataError
        Where lengths disagree, `indptr` falls, an id or a delay is negative, a weight has the other sign
        than the receptor, an edge has no synapse, or a delay looks like milliseconds.

    Examples
    --------
    >>> excitation = Receptor(tau_s=0.002, sign=1)
    >>> Projection.from_edges("a", "b", [0, 1, 1], [2, 0, 2], 5.0, 0.001, excitation, n_targets=3)
    <Projection a -> b: 3 edges on 3 targets>
    """

    weights_pa: NDArray[np.float32]
    delays_s: NDArray[np.float32]
    receptor: Receptor
    n_synapses: NDArray[np.uint16] = 1  # type: ignore[assignment]

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        where = self._freeze(
            {"weights_pa": np.float32, "delays_s": np.float32, "n_synapses": np.uint16}
        )
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
        n_synapses: ArrayLike = 1,
    ) -> Projection:
        """Sort a list of edges by target, then by source.

        Parameters
        ----------
        sources, targets : array_like of int, shape (n_edges,)
            Both ends of every edge.
        weights_pa, delays_s, n_synapses : array_like, shape (n_edges,) or scalar
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
                "weights_pa": (weights_pa, np.float32),
                "delays_s": (delays_s, np.float32),
                "n_synapses": (n_synapses, np.uint16),
            },
            n_targets=n_targets,
        )
        return cls(source, target, indptr, pre, receptor=receptor, **columns)
