"""Sweeps to cell models: GLIF by regression, likelihood and search, scored by explained variance."""

from allentk.fitting.estimator import GLIFFitter
from allentk.fitting.levels import LevelFits, fit_levels
from allentk.fitting.objectives import (
    SIGMA_S,
    explained_variance,
    reliability,
    score_trains,
    train_covariance,
)
from allentk.fitting.result import FitResult, Reason

__all__ = [
    "SIGMA_S",
    "FitResult",
    "GLIFFitter",
    "LevelFits",
    "Reason",
    "explained_variance",
    "fit_levels",
    "reliability",
    "score_trains",
    "train_covariance",
]
