"""The levels of one cell, fitted by either method, scored, and told in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allentk.data import SweepSet
from allentk.errors import ConfigError, DataError, FitError, SimulationError
from allentk.fitting import FitResult, GLIFFitter, LevelFits, fit_levels
from allentk.fitting.estimator import METHODS
from allentk.fitting.levels import LEVELS

__all__ = ["COLUMNS", "TEST", "TRAIN", "checked_levels", "choice", "fitted_levels", "rows_of"]

#: Columns of the scores, one row per level.
COLUMNS = {
    "level": "GLIF level",
    "chosen": "whether this is the level to take",
    "training_score": "explained-variance ratio on the training sweeps",
    "cv_score": "explained-variance ratio on what was held out of them, mean over folds",
    "cv_sd": "its standard deviation over folds",
    "log_likelihood": "of the training spikes, events per second",
    "n_parameters": "numbers estimated from the data",
    "aic": "Akaike's information criterion",
    "bic": "Bayesian information criterion",
    "ratio": "explained-variance ratio on the scored sweeps: model / data",
    "reliability": "what one trial explains of another, on the same scale",
    "model": "variance explained by the model",
    "data": "variance explained by the mean of the trials",
    "pairwise": "variance one trial explains of another",
    "n_trials": "scored sweeps",
    "n_spikes_model": "spikes of the model per trial",
    "n_spikes_data": "spikes of the cell per trial",
    "held_out": "whether the scored sweeps were kept from the fit",
    "evaluations": "simulations of the search",
    "stopped": "why the search stopped",
    "method": "allentk, or teeter2018: the published pipeline",
    "seed": "what drew the candidates of the search",
    "notes": "what the recording did not allow",
    "file": "the model",
    "error": "why there is no model or no score, else empty",
}

_OF_FIT = ("cv_score", "cv_sd", "log_likelihood", "aic", "bic")

#: Stimuli to fit and to score on, as the Cell Types Database calls them.
TRAIN, TEST = "Noise 1", "Noise 2"


def checked_levels(levels: Sequence[int], method: str) -> tuple[int, ...]:
    """Return the levels, each once.

    Raises
    ------
    ConfigError
        On a level or method that there is not.
    """
    unique = tuple(dict.fromkeys(levels))
    unknown = [level for level in unique if level not in LEVELS]
    if unknown or not unique:
        raise ConfigError(f"GLIF levels to fit are of {LEVELS}, got {unknown or 'none'}")
    if method not in METHODS:
        raise ConfigError(f"fit: method must be one of {METHODS}, got {method!r}")
    return unique


def fitted_levels(
    sweeps: SweepSet,
    levels: Sequence[int],
    *,
    method: str = "allentk",
    seed: int = 0,
    max_evaluations: int = 400,
    train: str = TRAIN,
    test: str = TEST,
    progress: bool | None = None,
) -> LevelFits:
    """Fit several levels of a cell; one that fails costs that level.

    Parameters
    ----------
    sweeps : SweepSet
        The recording.
    levels : sequence of int
        Of 1 to 5.
    method : {"allentk", "teeter2018"}
        The latter is the published pipeline, level by level.
    seed, max_evaluations, train, test, progress
        As in ``GLIFFitter``.

    Raises
    ------
    ConfigError
        On a level or method that there is not.
    """
    asked = checked_levels(levels, method)
    options: dict[str, Any] = {
        "seed": seed,
        "max_evaluations": max_evaluations,
        "train": train,
        "test": test,
        "progress": progress,
    }
    if method == "teeter2018":
        return _one_by_one(sweeps, asked, method=method, **options)
    try:
        return fit_levels(sweeps, asked, **options)
    except FitError as error:
        return LevelFits({}, dict.fromkeys(asked, error), asked)


def _one_by_one(sweeps: SweepSet, levels: tuple[int, ...], **options: Any) -> LevelFits:
    fits: dict[int, FitResult] = {}
    errors: dict[int, FitError] = {}
    for level in levels:
        try:
            fits[level] = GLIFFitter(level, **options).fit(sweeps).result_
        except FitError as error:
            errors[level] = error
        except (DataError, SimulationError) as error:
            errors[level] = FitError(f"GLIF {level} cannot be put together: {error}")
    return LevelFits(fits, errors, levels)


def choice(found: LevelFits, method: str) -> int | None:
    """Return the level to take; None where none was fitted, and by a method that chooses none."""
    if method == "teeter2018" or not any(level in found.fits for level in found.levels):
        return None
    return found.chosen


def rows_of(
    sweeps: SweepSet,
    found: LevelFits,
    *,
    method: str = "allentk",
    train: str = TRAIN,
    test: str = TEST,
) -> list[dict[str, Any]]:
    """Return a row of `COLUMNS` per level, scored on the hold-out sweeps; ``file`` is missing.

    A level that cannot be scored says so in ``error`` and keeps its fit.
    """
    chosen = choice(found, method)
    rows = []
    for level in found.levels:
        row: dict[str, Any] = {"level": level, "chosen": level == chosen, "method": method}
        if level in found.fits:
            fitter = GLIFFitter.of(found.fits[level], train=train, test=test)
            row |= _scored(sweeps, fitter)
            rows.append({name: row.get(name) for name in COLUMNS if name != "file"})
        else:
            rows.append(row | {"error": str(found.errors[level])})
    return rows


def _scored(sweeps: SweepSet, fitter: GLIFFitter) -> dict[str, Any]:
    """Return what is told of a fit and of its scores."""
    result = fitter.result_
    row: dict[str, Any] = {
        "training_score": result.score,
        "evaluations": result.evaluations,
        "stopped": str(result.reason),
        "seed": result.seed,
        "notes": " ".join(result.notes),
        "error": "",
        **{name: getattr(result, name) for name in _OF_FIT},
        # The published pipeline does not count them.
        "n_parameters": result.n_parameters or None,
    }
    try:
        row |= fitter.evaluate(sweeps)
        row["held_out"] = _is_held_out(fitter, sweeps)
    except FitError as error:
        row["error"] = str(error)
    return row


def _is_held_out(fitter: GLIFFitter, sweeps: SweepSet) -> bool:
    """Whether the recording has separate sweeps to fit and to score."""
    names = set(sweeps.where(clamp="current").table["stimulus"])
    return {fitter.train, fitter.test} <= names
