"""The stages of a GLIF fit: regressions first, then the threshold, then all numbers a little."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FitError
from allentk.fitting.afterspike import AfterSpike, fit_afterspike
from allentk.fitting.objectives import SIGMA_S, explained_variance, reliability
from allentk.fitting.optimizers import CMAES
from allentk.fitting.passive import Passive, fit_passive
from allentk.fitting.recording import DT_S, Group, Trial, groups
from allentk.fitting.refractory import fit_refractory
from allentk.fitting.result import FitResult, Reason, versions
from allentk.fitting.search import search
from allentk.models import GLIFParameters
from allentk.progress import bar
from allentk.simulation.glif import spike_steps

__all__ = ["LEVELS", "fit_glif"]

Array = NDArray[np.float64]

#: Levels that are fitted.
LEVELS = (1, 3)
#: Smoothing of the scan, wide first so that a late model is still led towards the spikes.
WIDE_SIGMA_S = 0.040
#: A change of a parameter by this factor costs `PULL` of explained variance.
STEP, PULL = math.log(1.5), 0.01


@dataclass(slots=True)
class Scorer:
    """Explained variance of trials by a model, counting the simulations."""

    groups: list[Group]
    evaluations: int = 0
    _data: dict[float, list[float]] = field(default_factory=dict)

    def ceiling(self, sigma_s: float) -> list[float]:
        """Return D of every group."""
        if sigma_s not in self._data:
            self._data[sigma_s] = [
                reliability(
                    [trial.spike_times_s for trial in group.trials],
                    group.duration_s,
                    sigma_s=sigma_s,
                )["data"]
                for group in self.groups
            ]
        return self._data[sigma_s]

    def ratio(self, model: GLIFParameters, sigma_s: float = SIGMA_S) -> float:
        """Return the explained-variance ratio, mean over all trials."""
        self.evaluations += 1
        scores = []
        for group, data in zip(self.groups, self.ceiling(sigma_s), strict=True):
            times = (spike_steps(model, group.current_pa, dt_s=DT_S) + 1) * DT_S
            scores += [
                explained_variance(trial.spike_times_s, times, group.duration_s, sigma_s=sigma_s)
                / data
                for trial in group.trials
            ]
        return float(np.nanmean(scores))


def _assemble(
    level: int, passive: Passive, t_ref_s: float, asc: AfterSpike | None, th_inf_mv: float
) -> GLIFParameters:
    currents: dict[str, Any] = {}
    if level == 3:
        if asc is None:
            raise FitError(
                "fewer than three spikes in the training sweeps: after-spike currents cannot be "
                "found; fit level 1"
            )
        currents = {"asc_amp_pa": asc.amp_pa, "asc_tau_s": asc.tau_s, "asc_r": (1.0, 1.0)}
    return GLIFParameters(
        level=level,
        C_pf=passive.C_pf,
        R_mohm=passive.R_mohm,
        E_L_mv=passive.E_L_mv,
        th_inf_mv=th_inf_mv,
        t_ref_s=t_ref_s,
        source="fitted by allentk",
        **currents,
    )


def _scan(scorer: Scorer, model: GLIFParameters) -> GLIFParameters:
    """Refine the threshold alone on the training trials, coarse and wide, then fine."""
    factors = np.geomspace(0.4, 2.5, 31)
    for sigma, ratio in ((WIDE_SIGMA_S, factors), (SIGMA_S, np.geomspace(0.9, 1.1, 21))):
        tried = [replace(model, th_inf_mv=model.th_inf_mv * float(f)) for f in ratio]
        scores = [_or_worst(scorer.ratio(candidate, sigma)) for candidate in tried]
        model = tried[int(np.argmax(scores))]
    return model


def _or_worst(score: float) -> float:
    return score if math.isfinite(score) else -1.0


def _changed(model: GLIFParameters, x: Array) -> GLIFParameters:
    """Scale threshold, R, C, refractory time and after-spike currents by ``exp(STEP * x)``."""
    th, r, c, ref = np.exp(STEP * x[:4]).tolist()
    # An amplitude may change its sign: it moves by its own size, or by that of the larger one.
    size = max((abs(a) for a in model.asc_amp_pa), default=0.0)
    asc = tuple(
        a + STEP * float(shift) * size for a, shift in zip(model.asc_amp_pa, x[4:], strict=True)
    )
    return replace(
        model,
        th_inf_mv=model.th_inf_mv * th,
        R_mohm=model.R_mohm * r,
        C_pf=model.C_pf * c,
        t_ref_s=min(model.t_ref_s * ref, 0.02),
        asc_amp_pa=asc,
    )


def fit_glif(
    trials: list[Trial],
    *,
    level: int,
    seed: int,
    max_evaluations: int,
    progress: bool | None = None,
) -> FitResult:
    """Fit one GLIF model to training trials; see ``GLIFFitter``."""
    if not any(trial.spike_times_s.size for trial in trials):
        raise FitError(
            f"sweeps {[trial.number for trial in trials]} hold no spike: a threshold cannot be found"
        )
    with bar(f"GLIF{level}", total=4, unit="stage", progress=progress) as shown:
        passive, t_ref = fit_passive(trials), fit_refractory(trials)
        shown.update()
        asc = fit_afterspike(trials, passive, t_ref) if level == 3 else None
        shown.update()
        threshold = float(np.concatenate([t.threshold_mv for t in trials]).mean())
        scorer = Scorer(groups(trials))
        start = _assemble(level, passive, t_ref, asc, max(threshold - passive.E_L_mv, 1.0))
        rows = [("regression", 1, _or_worst(scorer.ratio(start)))]
        scanned = _scan(scorer, start)
        rows.append(("threshold", scorer.evaluations, _or_worst(scorer.ratio(scanned))))
        shown.update()
        model, reason = scanned, Reason.DIRECT
        if max_evaluations:
            model, reason, found = _refine(scorer, scanned, seed, max_evaluations)
            rows += found
        shown.update()
    import pandas as pd

    return FitResult(
        model=model,
        score=scorer.ratio(model),
        reason=reason,
        history=pd.DataFrame(rows, columns=["stage", "evaluations", "score"]),
        seed=seed,
        evaluations=scorer.evaluations,
        sweeps=tuple(trial.number for trial in trials),
        details=_details(start, threshold, asc),
        versions=versions(),
    )


def _refine(
    scorer: Scorer, model: GLIFParameters, seed: int, max_evaluations: int
) -> tuple[GLIFParameters, Reason, list[tuple[str, int, float]]]:
    """Move all numbers a little where the training trials reward it."""
    start, before = np.zeros(4 + len(model.asc_amp_pa)), scorer.evaluations

    def cost(x: Array) -> float:
        return PULL * float(x @ x) - scorer.ratio(_changed(model, x))

    found = search(cost, CMAES(start, 0.3, seed=seed), start=start, max_evaluations=max_evaluations)
    rows = [
        ("refinement", before + count, PULL * float(best @ best) - cost)
        for count, best, cost in found.history
    ]
    return _changed(model, found.best), found.reason, rows


def _details(start: GLIFParameters, threshold_mv: float, asc: AfterSpike | None) -> dict[str, Any]:
    details: dict[str, Any] = {"threshold_mv": threshold_mv, "start": start.to_dict()}
    if asc is not None:
        details["afterspike_rms_mv"] = asc.residual_mv
        details["afterspike_rms_without_mv"] = asc.residual_without_mv
    return details
