"""Statistics of many cells together: correlations, variability, spectra, time scales."""

from allentk.responses.populations.amplification import cortical_amplification
from allentk.responses.populations.contrast_class import contrast_class, contrast_classes
from allentk.responses.populations.correlations import (
    noise_correlations,
    pair_correlations,
    pairs_table,
    signal_correlations,
)
from allentk.responses.populations.decay import CorticalDecay, cortical_decay, fit_rate_decay
from allentk.responses.populations.fano import (
    FANO_REFERENCES,
    FANO_WINDOWS_S,
    fano_distance,
    population_fano,
)
from allentk.responses.populations.latency import first_spike_latency, flash_peaks
from allentk.responses.populations.metrics import METRICS, QUIRKS
from allentk.responses.populations.modulation import (
    cycle_average,
    f1_f0,
    f1_f0_of_current,
    sine_fit,
)
from allentk.responses.populations.spectrum import distance_weights, oscillation_spectrum
from allentk.responses.populations.timescales import (
    autocorrelation_timescale,
    fit_decay,
    intrinsic_timescale,
)
from allentk.responses.populations.tuning_width import double_gaussian, tuning_widths

__all__ = [
    "FANO_REFERENCES",
    "FANO_WINDOWS_S",
    "METRICS",
    "QUIRKS",
    "CorticalDecay",
    "autocorrelation_timescale",
    "contrast_class",
    "contrast_classes",
    "cortical_amplification",
    "cortical_decay",
    "cycle_average",
    "distance_weights",
    "double_gaussian",
    "f1_f0",
    "f1_f0_of_current",
    "fano_distance",
    "first_spike_latency",
    "fit_decay",
    "fit_rate_decay",
    "flash_peaks",
    "intrinsic_timescale",
    "noise_correlations",
    "oscillation_spectrum",
    "pair_correlations",
    "pairs_table",
    "population_fano",
    "signal_correlations",
    "sine_fit",
    "tuning_widths",
]
