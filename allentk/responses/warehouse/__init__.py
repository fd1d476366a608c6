"""Metrics of the two-photon warehouse: the definitions behind the published cell metrics.

The published numbers themselves are those of ``quirks="published"``; without it the defects in ``QUIRKS``
are mended.
"""

from allentk.responses.warehouse.conditions import ConditionResponses, condition_responses
from allentk.responses.warehouse.correlations import (
    Correlations,
    NoiseCorrelations,
    noise_correlation,
    representational_similarity,
    signal_correlation,
)
from allentk.responses.warehouse.gratings import drifting_gratings, static_gratings
from allentk.responses.warehouse.locally_sparse_noise import locally_sparse_noise
from allentk.responses.warehouse.metrics import ALLEN_NAMES, METRICS, QUIRKS
from allentk.responses.warehouse.movies import natural_movie
from allentk.responses.warehouse.receptive_field import (
    ReceptiveField,
    Subfield,
    receptive_fields,
)
from allentk.responses.warehouse.scenes import natural_scenes
from allentk.responses.warehouse.speed_tuning import speed_curves, speed_tuning
from allentk.responses.warehouse.trial_array import TrialArray

__all__ = [
    "ALLEN_NAMES",
    "METRICS",
    "QUIRKS",
    "ConditionResponses",
    "Correlations",
    "NoiseCorrelations",
    "ReceptiveField",
    "Subfield",
    "TrialArray",
    "condition_responses",
    "drifting_gratings",
    "locally_sparse_noise",
    "natural_movie",
    "natural_scenes",
    "noise_correlation",
    "receptive_fields",
    "representational_similarity",
    "signal_correlation",
    "speed_curves",
    "speed_tuning",
    "static_gratings",
]
