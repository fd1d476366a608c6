"""The metrics of the definition "neuropixels", the defects of the published program, and Allen's names."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk
from allentk.responses.neuropixels.families import FAMILIES

__all__ = ["ALLEN_NAMES", "METRICS", "QUIRKS"]

_DEFINITION = "neuropixels"
_PROGRAM = "AllenSDK 2.16.2, ecephys.stimulus_analysis; Siegle et al. 2021, Nature 592:86"
_SILENT = "no spikes in the presentations"

#: Column, unit, formula, when it is missing, Allen's name without its end ("" where there is none).
_COMMON = (
    (
        "firing_rate_hz",
        "Hz",
        "spikes / time, in blocks of presentations without a gap",
        "",
        "firing_rate",
    ),
    (
        "fano",
        "1",
        "variance (ddof 0) / mean of counts at the preferred condition, in a window from the start",
        "no spikes in that window",
        "fano",
    ),
    (
        "lifetime_sparseness",
        "1",
        "(1 - (sum r)^2 / (n sum r^2)) / (1 - 1/n), r the mean counts of the n conditions, blank apart",
        f"{_SILENT}, or one condition",
        "lifetime_sparseness",
    ),
    (
        "p_run_modulation",
        "1",
        "p of Welch's t test of counts at the preferred condition, running (>= 1 cm/s) against stationary",
        "fewer than 2 trials of either, no spikes, or no speeds given",
        "run_pval",
    ),
    (
        "run_modulation",
        "1",
        "(run - stationary) / the larger, of mean counts at the preferred condition",
        "fewer than 2 trials of either, no spikes, or no speeds given",
        "run_mod",
    ),
    (
        "time_to_peak_s",
        "s",
        "middle of the first fullest 1 ms bin of the PSTH at the preferred condition",
        "no spikes in that window",
        "time_to_peak",
    ),
)
_OWN = {
    "drifting_gratings": (
        (
            "preferred_direction_deg",
            "deg",
            "largest mean count over temporal frequencies",
            _SILENT,
            "pref_ori",
        ),
        (
            "several_preferred_directions",
            "1",
            "whether several directions have it",
            "",
            "pref_ori_multi",
        ),
        ("preferred_tf_hz", "Hz", "largest mean count over directions", _SILENT, "pref_tf"),
        ("several_preferred_tfs", "1", "whether several frequencies have it", "", "pref_tf_multi"),
        (
            "c50",
            "1",
            "contrast half-way between the ends of a log-logistic curve fitted to the mean counts at the "
            "preferred direction, over 0.9 x the least to 1.1 x the largest contrast",
            "no contrasts shown at that direction, a flat curve, or no fit",
            "c50",
        ),
        (
            "f1_f0",
            "1",
            "2 abs(sum exp(2 pi i f t)) / n over the n spikes in whole cycles of a trial, mean over trials "
            "of the preferred condition with a spike",
            f"{_SILENT}, or no whole cycle",
            "f1_f0",
        ),
        (
            "mod_idx",
            "1",
            "abs(P(f) - mean P) / sd P, P the power spectrum (Welch, segments of 1024 ms) of the PSTH at "
            "the preferred condition, f the nearest to its temporal frequency",
            f"{_SILENT}, or none in the segments",
            "mod_idx",
        ),
        (
            "g_osi",
            "1",
            "abs(sum R exp(2 i theta)) / sum R at the preferred temporal frequency",
            f"{_SILENT}, or a direction not shown at it",
            "g_osi",
        ),
        (
            "g_dsi",
            "1",
            "abs(sum R exp(i theta)) / sum R at the preferred temporal frequency",
            f"{_SILENT}, or a direction not shown at it",
            "g_dsi",
        ),
    ),
    "contrast_tuning": (
        ("preferred_direction_deg", "deg", "largest mean count over contrasts", _SILENT, ""),
        ("several_preferred_directions", "1", "whether several directions have it", "", ""),
        ("preferred_contrast", "1", "largest mean count over directions", _SILENT, ""),
        ("c50", "1", "as for drifting gratings, at the direction preferred here", "no fit", ""),
    ),
    "static_gratings": (
        (
            "preferred_sf_cpd",
            "cycles/deg",
            "largest mean count over the others",
            _SILENT,
            "pref_sf",
        ),
        ("several_preferred_sfs", "1", "whether several frequencies have it", "", "pref_sf_multi"),
        (
            "preferred_orientation_deg",
            "deg",
            "largest mean count over the others",
            _SILENT,
            "pref_ori",
        ),
        ("several_preferred_orientations", "1", "whether several have it", "", "pref_ori_multi"),
        ("preferred_phase", "cycles", "largest mean count over the others", _SILENT, "pref_phase"),
        ("several_preferred_phases", "1", "whether several have it", "", "pref_phase_multi"),
        (
            "g_osi",
            "1",
            "abs(sum R exp(2 i theta)) / sum R at the preferred spatial frequency and phase",
            f"{_SILENT}, or an orientation not shown at them",
            "g_osi",
        ),
    ),
    "natural_scenes": (
        (
            "preferred_image",
            "1",
            "number of the image with the largest mean count",
            _SILENT,
            "pref_image",
        ),
        (
            "several_preferred_images",
            "1",
            "whether several images have it",
            "",
            "pref_images_multi",
        ),
        (
            "image_selectivity",
            "1",
            "1 - 2 x the mean share of images above 1000 thresholds between least and largest mean count",
            _SILENT,
            "image_selectivity",
        ),
    ),
    "natural_movie": (
        ("preferred_frame", "1", "number of the frame with the largest mean count", _SILENT, ""),
    ),
    "flashes": (
        (
            "on_off_ratio",
            "1",
            "mean count of white / of black flashes",
            "no spikes in black",
            "on_off_ratio",
        ),
        (
            "sustained_idx",
            "1",
            "mean / largest bin of the 1 ms PSTH at the preferred color",
            "no spikes in that window",
            "sustained_idx",
        ),
    ),
    "gabors": (
        (
            "azimuth_deg",
            "deg",
            "middle of the region above max - 0.5 sd of the smoothed map (sigma 1 step); x + 50",
            "fewer than 10 spikes",
            "azimuth",
        ),
        ("elevation_deg", "deg", "the same; y + 10", "fewer than 10 spikes", "elevation"),
        ("width_deg", "deg", "horizontal sd of a fitted Gaussian", "fewer than 10 spikes", "width"),
        ("height_deg", "deg", "vertical sd of a fitted Gaussian", "fewer than 10 spikes", "height"),
        ("area_deg2", "deg^2", "area of that region", "fewer than 10 spikes", "area"),
        (
            "p_value",
            "1",
            "chi-square of counts by place against shuffled presentations, (k + 1) / (n + 1)",
            "fewer than 10 spikes",
            "p_value",
        ),
        (
            "on_screen",
            "1",
            "whether the fitted middle lies on the grid, half a step around it included",
            "fewer than 10 spikes",
            "on_screen",
        ),
    ),
    "dot_motion": (
        (
            "preferred_speed_deg_per_s",
            "deg/s",
            "largest mean count over directions",
            _SILENT,
            "pref_speed",
        ),
        ("several_preferred_speeds", "1", "whether several speeds have it", "", "pref_speed_multi"),
        ("preferred_direction_deg", "deg", "largest mean count over speeds", _SILENT, "pref_dir"),
        ("several_preferred_directions", "1", "whether several have it", "", "pref_dir_multi"),
    ),
}


def _source(stimulus: str, allen: str) -> str:
    """Return the program; it has no table of contrasts."""
    return _PROGRAM if allen and stimulus != "contrast_tuning" else "allentk"


#: One entry per stimulus and column, in the order of the columns.
METRICS = tuple(
    Metric(stimulus, name, _DEFINITION, unit, formula, excluded, _source(stimulus, allen))
    for stimulus, own in _OWN.items()
    for name, unit, formula, excluded, allen in (*own, *_COMMON)
)

#: Our column to Allen's, by stimulus.
ALLEN_NAMES = {
    stimulus: {
        name: f"{allen}_{FAMILIES[stimulus].suffix}"
        for name, _, _, _, allen in (*own, *_COMMON)
        if allen
    }
    for stimulus, own in _OWN.items()
    if stimulus != "contrast_tuning"
}
#: Measures of a sorted unit, which rules of inclusion ask for beside the metrics.
ALLEN_NAMES["units"] = {
    "unit": "unit_id",
    "snr": "snr",
    "firing_rate_hz": "firing_rate",
    "presence_ratio": "presence_ratio",
    "amplitude_cutoff": "amplitude_cutoff",
    "isi_violations": "isi_violations",
    "amplitude_uv": "amplitude",
    "waveform_duration_ms": "waveform_duration",
    "d_prime": "d_prime",
    "isolation_distance": "isolation_distance",
    "nn_hit_rate": "nn_hit_rate",
    "structure": "structure_acronym",
}

_ALL = "all"


def _quirk(name: str, stimulus: str, published: str, mended: str) -> ResponseQuirk:
    return ResponseQuirk(name, _DEFINITION, stimulus, published, mended)


#: Every defect of the published program that changes numbers.
QUIRKS = (
    _quirk(
        "both_edges",
        _ALL,
        "a spike on the edge of two bins is in both, a window holds its end, a presentation not its start",
        "every bin, window and presentation holds its start and not its end",
    ),
    _quirk(
        "short_psth",
        _ALL,
        "the PSTH lacks its last ms, the map of a receptive field the last of 250 ms",
        "they cover the window",
    ),
    _quirk(
        "sparseness_of_sums",
        _ALL,
        "lifetime sparseness of summed counts, so that a condition shown more often counts more",
        "of mean counts",
    ),
    _quirk(
        "unknown_speed_stationary",
        _ALL,
        "a presentation without a known running speed is stationary",
        "it is left out",
    ),
    _quirk(
        "silent_units",
        _ALL,
        "a cell without a spike prefers the first value, peaks at 0.5 ms; mod_idx, image selectivity are 0",
        "NaN, and a note",
    ),
    _quirk(
        "exact_ties",
        _ALL,
        "equal means that rounding made unequal are no tie, so the order of adding decides",
        "means within 1e-12 are equal, the first shown or least value is preferred",
    ),
    _quirk(
        "f1_f0_cycles",
        "drifting_gratings",
        "cycles are counted to the middle of the last bin, one too few, and made longer to fill the trial: "
        "a response at 1 Hz is measured at 0.5 Hz, one at 2 Hz at 1.5 Hz",
        "whole cycles of the grating's frequency",
    ),
    _quirk(
        "next_frequency",
        "drifting_gratings",
        "mod_idx takes the power at the next higher frequency of the spectrum",
        "at the nearest",
    ),
    _quirk(
        "c50_grid",
        "drifting_gratings, contrast_tuning",
        "the fit starts where all parameters are 1, and c50 is one of 256 points",
        "it starts at the data, and c50 is solved for",
    ),
    _quirk(
        "image_as_condition",
        "natural_scenes",
        "the preferred image is the number of its condition in the session",
        "the number of the image",
    ),
    _quirk(
        "movie_without_duration",
        "natural_movie",
        "there is no usual window: without duration_s an error",
        "what a frame lasts",
    ),
    _quirk(
        "integer_smoothing",
        "gabors",
        "the map is smoothed in whole numbers, cut off after each axis",
        "in real numbers",
    ),
    _quirk("rounded_centre", "gabors", "the region's middle is rounded to 4 digits", "it is not"),
    _quirk(
        "swapped_start",
        "gabors",
        "the Gaussian's fit starts with the width of rows taken from a row, and of columns from a column",
        "each from its own",
    ),
    _quirk("signed_widths", "gabors", "width and height can be negative", "they are positive"),
    _quirk(
        "half_step_screen",
        "gabors",
        "the screen reaches from the first column's middle to a step beyond the last",
        "half a step around the outer places",
    ),
    _quirk(
        "fixed_grid",
        "gabors",
        "degrees assume nine by nine places, 10 degrees apart",
        "the places of the table",
    ),
    _quirk(
        "bootstrap_null",
        "gabors",
        "the null draws presentations with replacement, and p can be 0",
        "presentations are permuted, and p is (k + 1) / (n + 1)",
    ),
    _quirk(
        "flipped_rows",
        "gabors",
        "asking for the maps turns the table's y into 40 - y",
        "y is as shown",
    ),
    _quirk(
        "azimuths_are_elevations",
        "gabors",
        "the number of azimuths is that of elevations",
        "each its own",
    ),
)
