"""Traces or spikes, and what was shown, to metrics per cell: one code path for data and simulation."""

from allentk.responses.definitions import DEFINITIONS, STIMULI, stimuli_of
from allentk.responses.gratings import METRIC_COLUMNS
from allentk.responses.selectivity import (
    dsi_pair,
    dsi_vector,
    osi_pair,
    osi_vector,
)
from allentk.responses.session import SessionMetrics, cell_metrics
from allentk.responses.sparseness import image_selectivity, lifetime_sparseness
from allentk.responses.stimuli import (
    contrast_tuning,
    dot_motion,
    drifting_gratings,
    moving_bars,
    static_gratings,
)
from allentk.responses.stimuli_images import natural_movie, natural_scenes
from allentk.responses.stimuli_screen import flashes, spontaneous
from allentk.responses.stimuli_spots import gabors, locally_sparse_noise
from allentk.responses.trials import trial_responses
from allentk.responses.tuning import TUNING_COLUMNS, tuning_curves

__all__ = [
    "DEFINITIONS",
    "METRIC_COLUMNS",
    "STIMULI",
    "TUNING_COLUMNS",
    "SessionMetrics",
    "cell_metrics",
    "contrast_tuning",
    "dot_motion",
    "drifting_gratings",
    "dsi_pair",
    "dsi_vector",
    "flashes",
    "gabors",
    "image_selectivity",
    "lifetime_sparseness",
    "locally_sparse_noise",
    "moving_bars",
    "natural_movie",
    "natural_scenes",
    "osi_pair",
    "osi_vector",
    "spontaneous",
    "static_gratings",
    "stimuli_of",
    "trial_responses",
    "tuning_curves",
]
