"""From pixels to events: demixing, neuropil, dF/F, noise, events."""

from allentk.responses.traces.correction import correct_neuropil
from allentk.responses.traces.demixing import demix
from allentk.responses.traces.dff import dff, dff_windowed_mode
from allentk.responses.traces.events import events, filtered_events
from allentk.responses.traces.half_lives import HALF_LIVES_S, half_life_s
from allentk.responses.traces.l0 import L0Fit, fit_l0
from allentk.responses.traces.metrics import METRICS
from allentk.responses.traces.neuropil import neuropil_r
from allentk.responses.traces.noise import noise_std
from allentk.responses.traces.quirks import QUIRKS

__all__ = [
    "HALF_LIVES_S",
    "METRICS",
    "QUIRKS",
    "L0Fit",
    "correct_neuropil",
    "demix",
    "dff",
    "dff_windowed_mode",
    "events",
    "filtered_events",
    "fit_l0",
    "half_life_s",
    "neuropil_r",
    "noise_std",
]
