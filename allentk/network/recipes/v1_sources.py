"""Sources of background spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError

__all__ = ["PoissonSources"]


@dataclass(frozen=True, slots=True)
class PoissonSources:
    """Source of a virtual population whose nodes fire at random at one rate, whatever is shown.

    Parameters
    ----------
    n_nodes : int
        Number of nodes.
    rate_hz : float
        Rate of each.

    Raises
    ------
    DataError
        Without a node, or on a rate that is negative or not finite.

    Examples
    --------
    >>> PoissonSources(100, 250.0).n_nodes
    100
    """

    n_nodes: int
    rate_hz: float

    def __post_init__(self) -> None:
        if self.n_nodes < 1 or not 0 <= self.rate_hz < np.inf:
            raise DataError(
                f"PoissonSources: needs a node and a rate of 0 or more, got {self.n_nodes} and "
                f"{self.rate_hz}"
            )

    def spikes(
        self,
        table: StimulusTable,  # noqa: ARG002  what a SpikeSource is asked
        start_s: float,
        stop_s: float,
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw the spikes in ``[start_s, stop_s)``: times in seconds, sorted, and nodes."""
        n = rng.poisson(self.rate_hz * self.n_nodes * (stop_s - start_s))
        times = np.sort(rng.uniform(start_s, stop_s, n))
        return times, rng.integers(0, self.n_nodes, n)
