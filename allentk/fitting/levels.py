"""Several levels of one cell at once, each from the best that is nested in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from allentk.data import Sweep, SweepSet
from allentk.errors import ConfigError, DataError, FitError
from allentk.fitting.coordinates import n_estimated, values_of
from allentk.fitting.recording import Trial, choose, groups, sweep_set
from allentk.fitting.result import FitResult, versions
from allentk.fitting.routes import Chosen, Recording, choose_route, lineage
from allentk.fitting.spans import folds
from allentk.fitting.threshold import likelihood_of
from allentk.fitting.triples import fit_recovery
from allentk.models.glif import ASC_LEVELS, RESET_LEVELS
from allentk.progress import bar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEVELS", "LevelFits", "fit_levels", "whole_number"]

#: Levels that are fitted.
LEVELS = (1, 2, 3, 4, 5)
#: Parts of the recording that are held out in turn.
FOLDS = 4
#: Above it no generator takes a seed.
LARGEST = 2**32 - 1
#: Time step at which the final score is checked.
FINE_DT_S = 5e-5

#: Columns of ``LevelFits.table``.
COLUMNS = (
    "level",
    "cv_score",
    "cv_sd",
    "training_score",
    "log_likelihood",
    "n_parameters",
    "aic",
    "bic",
    "reason",
    "error",
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LevelFits:
    """The levels of one cell.

    Parameters
    ----------
    fits : mapping of int to FitResult
        Fits by level.
    errors : mapping of int to FitError
        Why a level has none.
    levels : tuple of int
        The levels asked for; those they rest on are fitted too, and stay out of `table` and `chosen`.
    """

    fits: Mapping[int, FitResult]
    errors: Mapping[int, FitError]
    levels: tuple[int, ...]

    @property
    def chosen(self) -> int:
        """The level that predicts held-out spikes best, the lowest of equals.

        Where nothing could be held out it is the one of the smallest BIC.

        Raises
        ------
        FitError
            Where no level was fitted.
        """
        there = [level for level in sorted(self.levels) if level in self.fits]
        if not there:
            raise FitError("no level was fitted: " + "; ".join(map(str, self.errors.values())))
        scored = [level for level in there if math.isfinite(self.fits[level].cv_score)]
        if scored:
            return max(scored, key=lambda level: self.fits[level].cv_score)
        return min(there, key=lambda level: self.fits[level].bic)

    @property
    def table(self) -> pd.DataFrame:
        """One row per level, columns `COLUMNS`."""
        import pandas as pd

        return pd.DataFrame([self._row(level) for level in self.levels], columns=list(COLUMNS))

    def _row(self, level: int) -> dict[str, Any]:
        if level not in self.fits:
            return {"level": level, "error": str(self.errors[level])}
        fit = self.fits[level]
        row = {name: getattr(fit, name) for name in COLUMNS if hasattr(fit, name)}
        return row | {
            "level": level,
            "training_score": fit.score,
            "reason": str(fit.reason),
            "error": "",
        }

    def __repr__(self) -> str:
        scores = ", ".join(
            f"GLIF{level} {self.fits[level].cv_score:.3f}"
            for level in self.levels
            if level in self.fits
        )
        return f"<LevelFits: cross-validated {scores}>"


def fit_levels(
    sweeps: SweepSet | Sweep | Iterable[Sweep],
    levels: Sequence[int] = LEVELS,
    *,
    seed: int = 0,
    train: str = "Noise 1",
    test: str = "Noise 2",
    max_evaluations: int = 400,
    progress: bool | None = None,
) -> LevelFits:
    """Fit several levels to the training sweeps of a cell, and tell which predicts best.

    Regressions are shared. A higher level starts from its own regressions or from a fitted level
    nested in it, and stays what the latter is where its freedom does not pay on what was held out.

    Parameters
    ----------
    sweeps : SweepSet, Sweep or iterable of Sweep
        The recording; triple short squares are used where there are any.
    levels : sequence of int
        Levels, of 1 to 5; those nested in them are fitted as well.
    seed : int
        Draws the candidates of the refinement; 0 or more.
    train, test : str
        As in ``GLIFFitter``.
    max_evaluations : int
        As in ``GLIFFitter``.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Raises
    ------
    ConfigError
        On a level that there is not, or a seed or number of evaluations that is no whole number of 0
        or more.
    FitError
        Where the sweeps do not hold what any fit needs. What one level alone lacks costs that
        level.

    Examples
    --------
    >>> fits = fit_levels(sweeps)  # doctest: +SKIP
    >>> fits.chosen  # doctest: +SKIP
    4
    """
    unknown = [level for level in levels if level not in LEVELS]
    if unknown or not levels:
        raise ConfigError(f"GLIF levels to fit are of {LEVELS}, got {tuple(levels)!r}")
    seed = whole_number("seed", seed)
    max_evaluations = whole_number("max_evaluations", max_evaluations)
    given = sweep_set(sweeps)
    trials = choose(given, train, other=test, option="train")
    stimuli = groups(trials)
    parts = folds(stimuli, FOLDS)
    recovery = fit_recovery(given) if _wants_reset(levels) else None
    said = _unnamed(trials, train, test)
    fits: dict[int, FitResult] = {}
    errors: dict[int, FitError] = {}
    chosen: dict[int, Chosen] = {}
    needed = lineage(levels)
    with bar("GLIF", total=len(needed) + 1, unit="level", progress=progress) as shown:
        recording = Recording.of(stimuli, parts, recovery)
        shown.update()
        for level in needed:
            before = recording.evaluations
            try:
                chosen[level] = choose_route(
                    recording, level, chosen, seed=seed, max_evaluations=max_evaluations
                )
                found = _result(recording, level, chosen[level], trials, seed, before)
                fits[level] = replace(found, notes=(*said, *found.notes))
            except FitError as error:
                errors[level] = error
            except DataError as error:
                errors[level] = FitError(f"GLIF {level} cannot be put together: {error}")
            shown.update()
    return LevelFits(fits, errors, tuple(levels))


def whole_number(name: str, value: Any) -> int:
    """Return an option that counts.

    Raises
    ------
    ConfigError
        Where it is no whole number of 0 or more.

    Examples
    --------
    >>> whole_number("seed", np.uint8(3))
    3
    """
    if not isinstance(value, int | np.integer) or not 0 <= value < LARGEST:
        raise ConfigError(
            f"GLIF fit: {name} must be a whole number from 0 to {LARGEST - 1}, got {value!r}"
        )
    return int(value)


def _unnamed(trials: Sequence[Trial], train: str, test: str) -> tuple[str, ...]:
    """Say where the sweeps are not those of `train`."""
    if any(trial.sweep.stimulus == train for trial in trials):
        return ()
    return (
        f"No sweep is named {train!r} or {test!r}: the sweeps {[trial.number for trial in trials]}, all "
        f"that are long enough, were fitted.",
    )


def _wants_reset(levels: Sequence[int]) -> bool:
    return any(level in RESET_LEVELS for level in lineage(levels))


def _result(
    recording: Recording, level: int, chosen: Chosen, trials: list[Trial], seed: int, before: int
) -> FitResult:
    import pandas as pd

    part, model = recording.whole, chosen.model
    n_spikes = sum(trial.spike_times_s.size for trial in trials)
    likelihood, k = likelihood_of(part.trials, model), n_estimated(model)
    scores = chosen.scores
    score = part.scorer.ratio(model)
    return FitResult(
        model=model,
        score=score,
        reason=chosen.reason,
        history=pd.DataFrame(list(chosen.rows), columns=["stage", "evaluations", "score"]),
        seed=seed,
        evaluations=recording.evaluations - before,
        sweeps=tuple(trial.number for trial in trials),
        details=_details(recording, level, chosen, trials),
        versions=versions(),
        spread=_spread(chosen),
        notes=_notes(recording, level, chosen, trials),
        n_parameters=k,
        log_likelihood=likelihood,
        aic=2 * k - 2 * likelihood,
        bic=k * math.log(n_spikes) - 2 * likelihood,
        cv_score=float(scores.mean()) if scores.size else math.nan,
        cv_sd=float(scores.std(ddof=1)) if scores.size else math.nan,
    )


def _spread(chosen: Chosen) -> dict[str, float]:
    rows = [values_of(model) for model in chosen.folds]
    if not rows:
        return {}
    return {name: float(np.std([row[name] for row in rows], ddof=1)) for name in rows[0]}


def _details(
    recording: Recording, level: int, chosen: Chosen, trials: list[Trial]
) -> dict[str, Any]:
    part = recording.whole
    start = part.start(level)
    details: dict[str, Any] = {
        "threshold_mv": float(np.concatenate([t.threshold_mv for t in trials]).mean()),
        "start": start.scanned.to_dict(),
        "route": str(chosen.route),
        "width_mv": start.threshold.width_mv,
        "start_log_likelihood": start.threshold.log_likelihood,
        "fold_scores": chosen.scores.tolist(),
        "score_at_half_step": part.scorer.ratio(chosen.model, dt_s=FINE_DT_S),
    }
    if level in ASC_LEVELS:
        details["afterspike_rms_mv"] = start.membrane.residual_mv
        details["afterspike_rms_without_mv"] = start.membrane.residual_without_mv
    return details


def _notes(
    recording: Recording, level: int, chosen: Chosen, trials: list[Trial]
) -> tuple[str, ...]:
    """Say what the recording did not allow."""
    part = recording.whole
    n_spikes = sum(trial.spike_times_s.size for trial in trials)
    notes = []
    if level in ASC_LEVELS and not any(part.start(level).membrane.amp_pa):
        notes.append(f"With {n_spikes} spikes no after-spike current was found by regression.")
    if level in RESET_LEVELS:
        if part.reset is None:
            notes.append(
                f"With {n_spikes} spikes the reset rule was not regressed; it starts at 0."
            )
        if part.recovery is None:
            notes.append(
                "There are no triple short squares with two spikes: the threshold after a spike rests "
                "on the noise alone."
            )
    notes += [f"The likelihood has no {name}." for name in part.start(level).threshold.dropped]
    if not chosen.folds:
        notes.append(
            f"With {n_spikes} spikes nothing was held out: pull and level were not cross-validated."
        )
    return tuple(notes)
