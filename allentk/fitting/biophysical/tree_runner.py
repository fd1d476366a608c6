"""The compiled tree as a fit uses it: one cell with channels everywhere, one model at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.data import Morphology
from allentk.errors import SimulationError
from allentk.fitting.biophysical.measured import SPIKE_MV
from allentk.fitting.biophysical.runner import Clock
from allentk.models import BiophysicalModel, BiophysicalParameters
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.tree import TreeCell

if TYPE_CHECKING:
    from allentk.simulation.biophysical.tree_layout import State

__all__ = ["Rested", "Stepped", "TreeRunner", "build_tree_runner"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Step at rest, where nothing is fast, and how long a cell that has come to rest is watched, in s.
REST_DT_S, WATCHED_S = 1e-4, 0.25
#: A model with more spikes in a step is given up.
MOST_SPIKES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Rested:
    """A model at rest: its state, and how often it fired without current after it was left alone."""

    state: State
    spikes: int


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """What a model does under one step.

    Parameters
    ----------
    voltage_mv : array, shape (n_samples,)
        Voltage of the soma: lead, step and tail.
    soma, axon : array of int
        Samples at which soma and axon spike; the axon's is empty where there is none.
    """

    voltage_mv: Array
    soma: Ints
    axon: Ints


@dataclass(frozen=True, slots=True)
class TreeRunner:
    """A cell on the tree backend: a model is left to rest once, and stepped from there.

    Parameters
    ----------
    cell : TreeCell
        The cell with the mechanisms of the models that are to be run.
    """

    cell: TreeCell

    def rest(self, parameters: BiophysicalParameters, clock: Clock) -> Rested:
        """Leave a model alone for `clock.rest_s`, and watch it for a quarter of a second then."""
        state = self.cell.settle(parameters, clock.rest_s, dt_s=REST_DT_S)
        quiet = np.zeros(round(WATCHED_S / REST_DT_S))
        watched = self.cell.run(
            parameters, quiet, dt_s=REST_DT_S, record=(), threshold_mv=SPIKE_MV, state=state
        )
        return Rested(state, int(watched.spike_steps[0].size))

    def step(
        self,
        parameters: BiophysicalParameters,
        amplitude_pa: float,
        duration_s: float,
        clock: Clock,
        state: State,
    ) -> Stepped:
        """Run a model at rest under one step.

        Raises
        ------
        SimulationError
            Where its voltage leaves every range, or it fires a thousand times.
        """
        parts = [clock.n(one) for one in (clock.lead_s, duration_s, clock.tail_s)]
        axon = self.cell.axon
        ran = self.cell.run(
            parameters,
            np.repeat([0.0, amplitude_pa, 0.0], parts),
            dt_s=clock.dt_s,
            method="second-order",
            watch=(0,) if axon < 0 else (0, axon),
            threshold_mv=SPIKE_MV,
            most_spikes=MOST_SPIKES,
            state=state,
        )
        if ran.reason:
            raise SimulationError(f"{amplitude_pa:g} pA: {ran.reason}; the model is of no use")
        soma = ran.spike_steps[0]
        return Stepped(ran.voltage_mv[0], soma, ran.spike_steps[1] if axon >= 0 else soma[:0])


def build_tree_runner(parameters: BiophysicalParameters, morphology: Morphology) -> TreeRunner:
    """Return the runner for models with the mechanisms of one of them.

    Parameters
    ----------
    parameters : BiophysicalParameters
        Any of the models.
    morphology : Morphology
        The reconstruction.

    Raises
    ------
    DataError
        Where parameters and reconstruction do not belong together.
    SimulationError
        Where the tree backend cannot run such a model.
    """
    model = BiophysicalModel(parameters, morphology)
    cut = compartments(model.morphology, axon=parameters.axon or "stub")  # type: ignore[arg-type]
    return TreeRunner(TreeCell.of(cut, parameters))
