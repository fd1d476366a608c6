"""Sweeps to cell models: GLIF by regression, likelihood and search; biophysical ones by search."""

from allentk.fitting.biophysical.estimator import BiophysicalFitter
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
from allentk.fitting.scores import (
    Score,
    explained_variance_score,
    gamma_score,
    md_star_score,
    psth_explained_variance,
    scores,
)
from allentk.fitting.scores_coincidence import gamma_coincidence, md_star
from allentk.fitting.scores_voltage import (
    forced_voltage_explained,
    imposed_voltage,
    voltage_explained,
)

__all__ = [
    "SIGMA_S",
    "BiophysicalFitter",
    "FitResult",
    "GLIFFitter",
    "LevelFits",
    "Reason",
    "Score",
    "explained_variance",
    "explained_variance_score",
    "fit_levels",
    "forced_voltage_explained",
    "gamma_coincidence",
    "gamma_score",
    "imposed_voltage",
    "md_star",
    "md_star_score",
    "psth_explained_variance",
    "reliability",
    "score_trains",
    "scores",
    "train_covariance",
    "voltage_explained",
]
