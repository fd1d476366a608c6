"""Definition "neuropixels": the metrics of Allen's Neuropixels sessions, of spikes."""

from allentk.responses.neuropixels.dots import dot_motion
from allentk.responses.neuropixels.drifting import contrast_tuning, drifting_gratings
from allentk.responses.neuropixels.flashes import flashes
from allentk.responses.neuropixels.gabors import ReceptiveFields, gabors, receptive_fields
from allentk.responses.neuropixels.images import natural_movie, natural_scenes
from allentk.responses.neuropixels.inclusion import RULES, Rule, included, units_table
from allentk.responses.neuropixels.latency import first_spike_times
from allentk.responses.neuropixels.metrics import ALLEN_NAMES, METRICS, QUIRKS
from allentk.responses.neuropixels.static import static_gratings

__all__ = [
    "ALLEN_NAMES",
    "METRICS",
    "QUIRKS",
    "RULES",
    "ReceptiveFields",
    "Rule",
    "contrast_tuning",
    "dot_motion",
    "drifting_gratings",
    "first_spike_times",
    "flashes",
    "gabors",
    "included",
    "natural_movie",
    "natural_scenes",
    "receptive_fields",
    "static_gratings",
    "units_table",
]
