"""Traces or spikes, and what was shown, to metrics per cell: one code path for data and simulation."""

from allentk.responses.gratings import METRIC_COLUMNS, drifting_gratings
from allentk.responses.selectivity import (
    dsi_pair,
    dsi_vector,
    osi_pair,
    osi_vector,
)
from allentk.responses.trials import trial_responses
from allentk.responses.tuning import TUNING_COLUMNS, tuning_curves

__all__ = [
    "METRIC_COLUMNS",
    "TUNING_COLUMNS",
    "drifting_gratings",
    "dsi_pair",
    "dsi_vector",
    "osi_pair",
    "osi_vector",
    "trial_responses",
    "tuning_curves",
]
