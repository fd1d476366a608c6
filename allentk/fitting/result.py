"""What a fit brings home."""

from __future__ import annotations

import enum
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import pandas as pd

from allentk.data._html import card, facts, synthetic_end
from allentk.models import GLIFParameters

__all__ = ["FitResult", "Reason", "versions"]


class Reason(enum.Enum):
    """Why a search stopped; the value is advice."""

    CONVERGED = "the search settled; more evaluations are unlikely to help"
    BUDGET = "the evaluations were used up; raise max_evaluations to look further"
    TIME = "the time was used up; raise max_seconds to look further"
    INTERRUPTED = "it was interrupted; the best until then was kept, and its history resumes it"
    DIRECT = "every number came from regressions, a likelihood and a scan; nothing was searched"
    NESTED = "a level nested in this one predicts spikes it was not fitted to as well; it was kept"

    def __str__(self) -> str:
        return f"{self.name.lower()}: {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class FitResult:
    """A fitted model with everything needed to judge and repeat the fit.

    Parameters
    ----------
    model : GLIFParameters
        The fitted model.
    score : float
        Explained-variance ratio on the training sweeps at 10 ms.
    reason : Reason
        Why the search stopped.
    history : DataFrame
        One row per stage or generation: ``stage``, ``evaluations``, ``score`` (the explained-variance
        ratio of the candidate that is leading; the refinement weighs it against the quadratic pull).
    seed : int
        Seed of the search.
    evaluations : int
        Simulations run.
    sweeps : tuple of int
        Numbers of the sweeps used.
    details : mapping
        What the stages found, such as the spread of a regression.
    versions : mapping
        Versions of the programs that took part.
    spread : mapping of str to float
        Standard deviation of every fitted number over the folds of the cross-validation.
    notes : tuple of str
        What could not be fitted as it should be, a sentence each.
    n_parameters : int
        Numbers estimated from the data, the width of the escape included.
    log_likelihood : float
        Of the training spikes (events per second) under the fitted model, fired by escape over its
        threshold with the recorded spikes before; level of the threshold and width of the escape
        at their best.
    aic, bic : float
        Information criteria of it; the latter counts spikes. They do not price that the refinement
        maximises another score.
    cv_score : float
        Explained-variance ratio on what was held out, mean over folds; NaN without folds.
    cv_sd : float
        Its standard deviation over folds.
    """

    model: GLIFParameters
    score: float
    reason: Reason
    history: pd.DataFrame
    seed: int
    evaluations: int
    sweeps: tuple[int, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    n_parameters: int = 0
    log_likelihood: float = math.nan
    aic: float = math.nan
    bic: float = math.nan
    cv_score: float = math.nan
    cv_sd: float = math.nan

    def __repr__(self) -> str:
        return (
            f"<FitResult: GLIF{self.model.level}, training score {self.score:.3f} after "
            f"{self.evaluations} evaluations, {self.reason.name.lower()}"
            f"{synthetic_end(self.model.synthetic)}>"
        )

    def _repr_html_(self) -> str:
        told = {
            "held-out score": f"{self.cv_score:.3f} ± {self.cv_sd:.3f}"
            if self.cv_score == self.cv_score
            else "",
            "stopped": self.reason.value,
            "AIC, BIC": f"{self.aic:.1f}, {self.bic:.1f}" if self.aic == self.aic else "",
            "sweeps": self.sweeps,
            "seed": self.seed,
            **{f"note {k}": note for k, note in enumerate(self.notes[:4], start=1)},
        }
        return card(self, facts(told), self.model._repr_html_(), synthetic=self.model.synthetic)


def versions() -> dict[str, str]:
    """Return the versions of the programs a fit rests on."""
    names = ("allentk", "numpy", "scipy", "numba", "cma")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}
