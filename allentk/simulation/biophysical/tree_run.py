"""What a run of the compiled tree gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.simulation.biophysical.tree_layout import Seen

__all__ = ["TreeRun"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TreeRun:
    """What a run of a tree gives.

    Parameters
    ----------
    voltage_mv : array, shape (n_recorded, n_samples)
        Membrane voltage of every recorded compartment at the beginning of every step that was to be
        kept; NaN from where a run stopped, but for the step of the spike that it stopped at.
    spike_steps : tuple of array of int
        For every watched compartment the steps at whose beginning it is at or above the threshold and
        was not before.
    n_steps : int
        How many steps were made.
    reason : str
        Why the run stopped early; empty where it did not.
    """

    voltage_mv: Array
    spike_steps: tuple[Ints, ...]
    n_steps: int
    reason: str

    @classmethod
    def of(cls, seen: Seen, n_steps: int, n_asked: int, dt_s: float) -> TreeRun:
        """Return what was seen in a run of so many steps.

        Parameters
        ----------
        seen : Seen
            What the run has filled; a voltage that is none any more is taken out of it.
        n_steps, n_asked : int
            How many steps were made, and how many should have been.
        dt_s : float
            Time step in seconds.
        """
        steps = [row[:n].copy() for row, n in zip(seen.steps, seen.counts, strict=True)]
        if n_steps == n_asked:
            return cls(seen.voltage, tuple(steps), n_steps, "")
        most = seen.steps.shape[1]
        if seen.counts.size and seen.counts[0] == most:
            reason = f"more than {most} spikes after {n_steps * dt_s:.6g} s"
            return cls(seen.voltage, tuple(steps), n_steps, reason)
        seen.voltage[:, -(-n_steps // seen.every) :] = math.nan
        return cls(
            seen.voltage,
            tuple(one[one < n_steps] for one in steps),
            n_steps,
            f"the voltage left all bounds after {n_steps * dt_s:.6g} s",
        )
