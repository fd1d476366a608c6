"""What the objectives of a cell share: points decoded to models, a runner per process, models that fail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import AllenTKError
from allentk.fitting.biophysical.evaluation import BROKEN, FIRES_AT_REST, Evaluation
from allentk.fitting.biophysical.genes import GeneSet
from allentk.fitting.biophysical.runner import CLOCK, Clock
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.optimizers import mirrored
from allentk.models import BiophysicalParameters

__all__ = ["CellObjective", "RestingError"]

Array = NDArray[np.float64]
R = TypeVar("R")


class RestingError(Exception):
    """A model fires without a current, so often."""

    def __init__(self, spikes: int) -> None:
        super().__init__(f"{spikes} spikes at rest")
        self.spikes = spikes


@dataclass(frozen=True, slots=True, kw_only=True)
class CellObjective(ABC, Generic[R]):
    """The cost of candidates: points of the unit cube, folded in at its walls where outside.

    Parameters
    ----------
    genes : GeneSet
        What a point stands for.
    targets : Targets
        Those it is trained on count.
    build : callable
        Returns the runner of type R; called once in every process that evaluates, so it must pickle.
    clock : Clock
        How candidates are run.
    """

    genes: GeneSet
    targets: Targets
    build: Callable[[], R]
    clock: Clock = CLOCK
    _built: dict[str, R] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        # What was built stays: it may not pickle, and another process builds its own.
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        return partial(type(self), **given), ()

    @property
    def runner(self) -> R:
        """The cell that candidates run on."""
        if "runner" not in self._built:
            self._built["runner"] = self.build()
        return self._built["runner"]

    def about(self) -> dict[str, Any]:
        """Return what identifies the objective, as plain JSON types."""
        return {
            "targets": self.targets.digest(),
            "genes": self.genes.digest(),
            "names": list(self.genes.names),
            "clock": asdict(self.clock),
        }

    def costs(self, candidates: Sequence[Array]) -> list[float]:
        """Return the cost of every candidate, lower is better."""
        return [self.evaluate(candidate).cost for candidate in candidates]

    def evaluate(self, candidate: ArrayLike) -> Evaluation:
        """Return what a candidate costs, and why."""
        return self.judge(self.genes.decode(mirrored(np.asarray(candidate, dtype=float))))

    def judge(self, parameters: BiophysicalParameters) -> Evaluation:
        """Return what a model costs, and why; one that cannot be run costs most."""
        runner = self.runner  # a cell that nothing can run is no fault of the candidate
        try:
            return self._judged(runner, parameters)
        except RestingError as error:
            return Evaluation(FIRES_AT_REST + error.spikes, "fires at rest")
        except AllenTKError as error:
            return Evaluation(BROKEN, f"cannot be run: {error}")

    @abstractmethod
    def _judged(self, runner: R, parameters: BiophysicalParameters) -> Evaluation:
        """Run a model and compare.

        Raises
        ------
        RestingError
            Where it fires at rest.
        SimulationError
            Where it cannot be run.
        """
