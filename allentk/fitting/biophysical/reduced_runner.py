"""The reduced backend as a fit uses it: one cell, one model at a time, all steps together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Morphology
from allentk.errors import SimulationError
from allentk.fitting.biophysical.runner import Clock, Responses
from allentk.models import BiophysicalModel, BiophysicalParameters
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.reduced import ReducedCell
from allentk.simulation.biophysical.reduced_cell import Prepared

__all__ = ["ReducedRunner", "build_runner"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReducedRunner:
    """A cell on the reduced backend.

    Parameters
    ----------
    cell : ReducedCell
        The cell with the channels of the models that are to be run.
    """

    cell: ReducedCell
    _last: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def run(
        self,
        parameters: BiophysicalParameters,
        amplitudes_pa: Sequence[float],
        duration_s: float,
        clock: Clock,
    ) -> Responses:
        """Run a model under steps of the same duration; see `Runner`."""
        first, n = clock.n(clock.lead_s), clock.n(duration_s)
        current = np.zeros((len(amplitudes_pa), first + n + clock.n(clock.tail_s)))
        current[:, first : first + n] = np.asarray(amplitudes_pa, dtype=float)[:, None]
        batch = self.cell.run(
            self._prepared(parameters), current, dt_s=clock.dt_s, rest_s=clock.rest_s
        )
        resting = int(batch.rest_counts[0])
        if not resting and batch.failed.any():
            raise SimulationError("the voltage left every range; the model is not stable")
        return Responses(resting, batch.voltage_mv[0])

    def _prepared(self, parameters: BiophysicalParameters) -> Prepared:
        """Return a model ready to run; the last one is kept, since it is run at several time steps."""
        if self._last.get("parameters") is not parameters:
            self._last.update(parameters=parameters, prepared=self.cell.prepare(parameters))
        prepared: Prepared = self._last["prepared"]
        return prepared


def build_runner(parameters: BiophysicalParameters, morphology: Morphology) -> ReducedRunner:
    """Return the runner for models with the channels of one of them.

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
        Where the reduced backend cannot run such a model.
    """
    model = BiophysicalModel(parameters, morphology)
    cut = compartments(model.morphology, axon=parameters.axon or "stub")  # type: ignore[arg-type]
    channels = tuple(parameters.sections["soma"].mechanisms)
    return ReducedRunner(ReducedCell.of(cut, channels, celsius=parameters.celsius))
