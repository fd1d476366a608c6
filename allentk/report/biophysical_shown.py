"""What a figure or a page of a biophysical model shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allentk.data import Sweep, SweepSet
from allentk.errors import FitError
from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.verdict import Verdict
from allentk.fitting.biophysical.verdict import verdict as judged_by
from allentk.fitting.biophysical.verdict_parts import TRAINING
from allentk.fitting.recording import sweep_set
from allentk.models import BiophysicalModel

__all__ = ["Shown"]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A model, the search that found it if there was one, the cell it is of, and the verdict."""

    model: BiophysicalModel
    result: BiophysicalFitResult | None
    targets: Targets
    sweeps: SweepSet | None
    verdict: Verdict
    backend: str = "auto"

    @classmethod
    def of(
        cls,
        model: BiophysicalModel | BiophysicalFitResult,
        targets: Targets | None,
        sweeps: SweepSet | Sweep | Iterable[Sweep] | None,
        *,
        verdict: Verdict | None,
        backend: str,
    ) -> Shown:
        """Complete what was given: a fit has its own targets, a verdict can be made.

        Raises
        ------
        FitError
            Without targets.
        """
        result = model if isinstance(model, BiophysicalFitResult) else None
        cell = model.model if isinstance(model, BiophysicalFitResult) else model
        if targets is None and result is not None:
            targets = result.targets
        if targets is None:
            raise FitError("what was recorded? Give targets, as for a fit")
        recording = None if sweeps is None else sweep_set(sweeps)
        judged = verdict or judged_by(model, targets, sweeps=recording, backend=backend)
        # The verdict knows what the model was fitted to, where these targets may not.
        targets = targets.trained_on(s.amplitude_pa for s in judged.steps if s.use == TRAINING)
        return cls(cell, result, targets, recording, judged, backend)

    @property
    def synthetic(self) -> bool:
        """Whether recording or targets say that they are made up."""
        said = bool(self.sweeps.metadata.get("synthetic")) if self.sweeps is not None else False
        return said or "synthetic" in self.targets.source.lower()
