"""What an objective needs of a simulator: responses of one model to steps of current."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from allentk.models import BiophysicalParameters

__all__ = ["CLOCK", "Clock", "Responses", "Runner"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clock:
    """How a candidate is run.

    Parameters
    ----------
    dt_s : float
        Time step, and interval of the samples.
    rest_s : float
        Rest that all steps share, of which no voltage is kept.
    lead_s : float
        Rest before every step, of which it is.
    tail_s : float
        What follows a step.
    """

    dt_s: float = 5e-5
    rest_s: float = 0.5
    lead_s: float = 0.03
    tail_s: float = 0.1

    def n(self, duration_s: float) -> int:
        """Return how many samples a time has."""
        return round(duration_s / self.dt_s)


CLOCK = Clock()


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """What one model does under several steps.

    Parameters
    ----------
    rest_spikes : int
        Spikes during the rest; where there are any, no step was run.
    voltage_mv : array, shape (n_steps, n_samples)
        Voltage of the soma: lead, step and tail.
    """

    rest_spikes: int
    voltage_mv: Array


class Runner(Protocol):
    """A cell that many parameter sets run on."""

    def run(
        self,
        parameters: BiophysicalParameters,
        amplitudes_pa: Sequence[float],
        duration_s: float,
        clock: Clock,
    ) -> Responses:
        """Run a model under steps of the same duration.

        Raises
        ------
        SimulationError
            Where its numbers leave every range.
        """
