"""What a fit of a biophysical model brings home."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from allentk.data._html import card, facts, says_synthetic, synthetic_end, table
from allentk.data.morphology import drawn
from allentk.fitting.biophysical.evaluation import Evaluation
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.result import Reason
from allentk.models import BiophysicalModel, BiophysicalParameters

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BiophysicalFitResult", "Kept", "plain_json"]

#: Columns of ``genes`` that a notebook shows.
_SHOWN = ("name", "value", "unit", "low", "high")


@dataclass(frozen=True, slots=True)
class Kept:
    """A model of the hall of fame: its parameters, what it costs, and which restart found it."""

    parameters: BiophysicalParameters
    cost: float
    restart: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class BiophysicalFitResult:
    """A fitted model with everything needed to judge and repeat the fit.

    Parameters
    ----------
    model : BiophysicalModel
        The best model found.
    cost : float
        What it costs on the training steps; see `allentk.fitting.biophysical.objective`.
    evaluation : Evaluation
        Every feature of the training steps beside its target.
    targets : Targets
        What was aimed at, held-out steps included.
    reason : Reason
        Why the search stopped.
    history : DataFrame
        One row per generation: ``restart``, ``evaluations``, ``seconds``, ``cost`` (best of the
        generation), ``best`` (best so far); of an all-active fit ``stage`` as well, and all of these
        within it.
    seed : int
        Seed of the search.
    evaluations : int
        Models evaluated.
    hall_of_fame : tuple of Kept
        The best distinct models, best first.
    restarts : tuple of Kept
        The best of every restart; 0 is the first points.
    spread : mapping of str to tuple of float
        Gene -> least and largest value over the restarts' best, the first points left out.
    genes : DataFrame
        Bounds, scale and unit of every gene, and its value.
    at_bounds : mapping of str to str
        Genes within 1 % of a bound -> ``"low"`` or ``"high"``.
    style : str
        Which channels and bounds.
    notes : tuple of str
        What could not be done as it should be, a sentence each.
    versions : mapping
        Versions of the programs that took part.
    """

    model: BiophysicalModel
    cost: float
    evaluation: Evaluation
    targets: Targets
    reason: Reason
    history: pd.DataFrame
    seed: int
    evaluations: int
    hall_of_fame: tuple[Kept, ...]
    restarts: tuple[Kept, ...]
    spread: Mapping[str, tuple[float, float]]
    genes: pd.DataFrame
    at_bounds: Mapping[str, str]
    style: str
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def z(self) -> pd.DataFrame:
        """Every training feature: amplitude_pa, group, feature, target, sd, value, z."""
        return self.evaluation.to_dataframe()

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as plain JSON types, the reconstruction left out; None where no number is."""
        told: dict[str, Any] = plain_json(self._told())
        return told

    def _told(self) -> dict[str, Any]:
        return {
            "parameters": self.model.parameters.to_dict(),
            "cost": self.cost,
            "groups": dict(self.evaluation.groups),
            "rejected": self.evaluation.rejected,
            "z": self.z.to_dict("records"),
            "targets": self.targets.to_dict(),
            "reason": self.reason.name.lower(),
            "history": self.history.to_dict("records"),
            "seed": self.seed,
            "evaluations": self.evaluations,
            "hall_of_fame": [_plain(kept) for kept in self.hall_of_fame],
            "restarts": [_plain(kept) for kept in self.restarts],
            "spread": {name: list(pair) for name, pair in self.spread.items()},
            "genes": self.genes.to_dict("records"),
            "at_bounds": dict(self.at_bounds),
            "style": self.style,
            "notes": list(self.notes),
            "versions": dict(self.versions),
        }

    def __repr__(self) -> str:
        return (
            f"<BiophysicalFitResult: {self.model.parameters.kind} ({self.style}), training cost "
            f"{self.cost:.3f} after {self.evaluations} evaluations, {self.reason.name.lower()}"
            f"{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether recording or reconstruction are made up."""
        return says_synthetic(self.model.synthetic, self.targets.source)

    def _repr_html_(self) -> str:
        told = {
            "stopped": self.reason.value,
            "seed": self.seed,
            "at their bounds": self.at_bounds,
            **{f"note {k}": note for k, note in enumerate(self.notes[:4], start=1)},
        }
        genes = self.genes[[name for name in _SHOWN if name in self.genes]]
        shape = drawn(self.model.morphology)
        return card(self, facts(told), shape, table(genes), synthetic=self.synthetic)


def _plain(kept: Kept) -> dict[str, Any]:
    return {
        "parameters": kept.parameters.to_dict(),
        "cost": kept.cost,
        "restart": kept.restart,
    }


def plain_json(value: Any) -> Any:
    """Return a value as plain JSON types, None in the place of a number that is not finite.

    Examples
    --------
    >>> plain_json({"z": (1.5, math.nan)})
    {'z': [1.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain_json(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(of) for of in value]
    if isinstance(value, bool | str) or value is None:
        return value
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and not math.isfinite(number) else number
