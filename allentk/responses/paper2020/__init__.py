"""Metrics of de Vries et al. 2020, Nature Neuroscience 23:138, from events."""

from allentk.responses.paper2020 import metrics
from allentk.responses.paper2020.drifting_gratings import drifting_gratings
from allentk.responses.paper2020.locally_sparse_noise import NOISE_METRICS, locally_sparse_noise
from allentk.responses.paper2020.metrics import ALLEN_NAMES, QUIRKS
from allentk.responses.paper2020.natural_movie import natural_movie
from allentk.responses.paper2020.natural_scenes import natural_scenes
from allentk.responses.paper2020.spontaneous import spontaneous
from allentk.responses.paper2020.static_gratings import static_gratings

__all__ = [
    "ALLEN_NAMES",
    "METRICS",
    "QUIRKS",
    "drifting_gratings",
    "locally_sparse_noise",
    "natural_movie",
    "natural_scenes",
    "spontaneous",
    "static_gratings",
]

#: Every column, with unit, formula and source.
METRICS = (*metrics.METRICS, *NOISE_METRICS)
