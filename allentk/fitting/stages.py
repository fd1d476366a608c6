"""Everything a level's model takes from regressions and the likelihood, before anything is searched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from allentk.errors import FitError
from allentk.fitting.membrane import Membrane, fit_membrane
from allentk.fitting.objectives import SIGMA_S
from allentk.fitting.passive import Passive, fit_passive
from allentk.fitting.recording import Group, Trial, fitted_to
from allentk.fitting.refractory import Reset, fit_refractory, fit_reset
from allentk.fitting.spans import Spans, seen
from allentk.fitting.threshold import Threshold, fit_threshold
from allentk.fitting.trains import Scorer
from allentk.fitting.triples import Recovery
from allentk.models import GLIFParameters
from allentk.models.glif import ASC_LEVELS, RESET_LEVELS

__all__ = ["Part", "Start", "or_worst", "prepared"]

#: Smoothing of the scan, wide first so that a late model is still led towards the spikes.
WIDE_SIGMA_S = 0.040
#: Factors of the threshold that are tried, wide and then fine.
WIDE, FINE = np.geomspace(0.5, 2.0, 25), np.geomspace(0.92, 1.08, 17)


@dataclass(frozen=True, slots=True)
class Start:
    """A level before the refinement: closed form and likelihood, and the same with a scanned threshold."""

    model: GLIFParameters
    scanned: GLIFParameters
    membrane: Membrane
    threshold: Threshold


@dataclass(slots=True)
class Part:
    """What may be seen of a recording, and what every level takes from it.

    Parameters
    ----------
    groups : sequence of Group
        Trials by stimulus, cut to what may be seen.
    scorer : Scorer
        Scores models on the same stretches.
    recovery : Recovery, optional
        What triple short squares say.
    """

    groups: Sequence[Group]
    scorer: Scorer
    passive: Passive
    t_ref_s: float
    reset: Reset | None
    recovery: Recovery | None = None
    starts: dict[int, Start] = field(default_factory=dict)
    _membranes: dict[tuple[bool, bool], Membrane] = field(default_factory=dict)

    @property
    def trials(self) -> list[Trial]:
        """Trials of which something may be seen."""
        return [trial for group in self.groups for trial in group.trials if trial.kept.any()]

    def start(self, level: int) -> Start:
        """Fit a level by regressions, likelihood and a scan of the threshold."""
        if level not in self.starts:
            self.starts[level] = self._started(level)
        return self.starts[level]

    def _membrane(self, level: int) -> Membrane:
        key = (level in ASC_LEVELS, level in RESET_LEVELS and self.reset is not None)
        if not any(key):
            # Forced to rest after every spike, a cell that is not reset to rest seems to leak more.
            return Membrane.of(self.passive)
        if key not in self._membranes:
            self._membranes[key] = fit_membrane(
                self.trials,
                self.passive,
                self.t_ref_s,
                reset=self.reset if key[1] else None,
                currents=key[0],
            )
        return self._membranes[key]

    def _started(self, level: int) -> Start:
        membrane = self._membrane(level)
        slope, offset = (
            self.reset.above_rest(membrane.E_L_mv)
            if self.reset is not None and level in RESET_LEVELS
            else (0.0, 0.0)
        )
        bare = GLIFParameters(
            level=level,
            C_pf=membrane.C_pf,
            R_mohm=membrane.R_mohm,
            E_L_mv=membrane.E_L_mv,
            th_inf_mv=1.0,
            t_ref_s=self.t_ref_s,
            asc_amp_pa=membrane.amp_pa,
            asc_tau_s=membrane.tau_s,
            reset_a=slope,
            reset_b_mv=offset,
            source=fitted_to(any(trial.sweep.synthetic for trial in self.trials)),
        )
        threshold = fit_threshold(self.trials, bare, self.recovery)
        model = _with_threshold(bare, threshold)
        return Start(model, self._scanned(model), membrane, threshold)

    def _scanned(self, model: GLIFParameters) -> GLIFParameters:
        """Move the threshold alone on the training trials, coarse and wide, then fine."""
        for sigma, factors in ((WIDE_SIGMA_S, WIDE), (SIGMA_S, FINE)):
            tried = [replace(model, th_inf_mv=model.th_inf_mv * float(f)) for f in factors]
            scores = [or_worst(self.scorer.ratio(candidate, sigma)) for candidate in tried]
            model = tried[int(np.argmax(scores))]
        return model


def _with_threshold(bare: GLIFParameters, found: Threshold) -> GLIFParameters:
    model = replace(bare, th_inf_mv=max(found.th_inf_mv, 1.0))
    if bare.level in RESET_LEVELS:
        model = replace(model, th_spike_a_mv=found.spike_a_mv, th_spike_b_per_s=found.spike_b_per_s)
    if bare.level == 5:
        model = replace(
            model,
            th_voltage_a_per_s=found.voltage_a_per_s,
            th_voltage_b_per_s=found.voltage_b_per_s,
        )
    return model


def or_worst(score: float) -> float:
    """Return a score that is no number as the worst there is."""
    return score if math.isfinite(score) else -1.0


def prepared(groups: Sequence[Group], spans: Sequence[Spans], recovery: Recovery | None) -> Part:
    """Cut a recording to what may be seen, and fit what all levels share.

    Raises
    ------
    FitError
        Where no spike is left, clear of what must not be seen, or no passive membrane.
    """
    cut = [seen(group, span) for group, span in zip(groups, spans, strict=True)]
    trials = [trial for group in cut for trial in group.trials if trial.kept.any()]
    if not any(trial.kept[trial.spike_bins].any() for trial in trials):
        raise FitError(
            f"sweeps {[trial.number for trial in trials]} hold no spike: a threshold cannot be found; "
            f"is the voltage in mV, and the current strong enough for the cell to fire?"
        )
    t_ref = fit_refractory(trials)
    return Part(
        groups=cut,
        scorer=Scorer(groups, spans),
        passive=fit_passive(trials),
        t_ref_s=t_ref,
        reset=fit_reset(trials, t_ref),
        recovery=recovery,
    )
