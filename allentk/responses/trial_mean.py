"""The definition "trial-mean": the mean response in the presentation, averaged over trials."""

from allentk.responses.contrast import contrast_tuning
from allentk.responses.definition import ResponseQuirk
from allentk.responses.fields import gabors, locally_sparse_noise
from allentk.responses.flash import flashes
from allentk.responses.gratings import drifting_gratings, static_gratings
from allentk.responses.images import natural_movie, natural_scenes
from allentk.responses.motion import dot_motion, moving_bars
from allentk.responses.quiet import spontaneous
from allentk.responses.trial_mean_metrics import METRICS

__all__ = [
    "METRICS",
    "QUIRKS",
    "contrast_tuning",
    "dot_motion",
    "drifting_gratings",
    "flashes",
    "gabors",
    "locally_sparse_noise",
    "moving_bars",
    "natural_movie",
    "natural_scenes",
    "spontaneous",
    "static_gratings",
]

#: It is our own: there is no published program to differ from.
QUIRKS: tuple[ResponseQuirk, ...] = ()
