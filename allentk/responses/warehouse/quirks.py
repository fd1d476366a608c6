"""Defects of the published two-photon classes that change numbers; each can be asked for."""

from allentk.responses.definition import ResponseQuirk
from allentk.responses.warehouse import receptive_field_metrics as noise
from allentk.responses.warehouse import speed_metrics as speed

__all__ = ["QUIRKS"]

_BRIEF = "static_gratings, natural_scenes"
_GRATINGS = "drifting_gratings, static_gratings"
_ALL = "drifting_gratings, static_gratings, natural_scenes"

#: name, stimulus, what the published program does, what is done without the quirk
_ROWS = (
    (
        "unclipped_means",
        _ALL,
        "osi, dsi and run_modulation are ratios of means that may be negative, so they are unbounded",
        "a negative mean counts as 0, as in g_osi and g_dsi; the indices lie between -1 and 1",
    ),
    (
        "sse_around_all_trials",
        _GRATINGS,
        "tf_selectivity and sf_selectivity take the noise around the mean of all trials of the "
        "preferred direction, signal included, with 5 degrees of freedom less than trials",
        "the noise is that around the mean of each condition, with as many degrees of freedom less as "
        "there are conditions",
    ),
    (
        "length_of_second_row",
        _BRIEF,
        "all windows are multiples of the length of the table's second presentation",
        "the median length",
    ),
    (
        "reliability_frames_28_42",
        _BRIEF,
        "reliability is taken in frames 28 to 42 of a window, whatever its length",
        "in the frames of the response",
    ),
    (
        "peak_in_whole_sweep",
        _BRIEF,
        "time_to_peak_s is that of the largest value anywhere from 4 lengths before the onset to 5 "
        "after, so it may be negative",
        "that of the largest value in the response",
    ),
    (
        "rate_of_first_frames",
        _BRIEF,
        "the frame rate of time_to_peak_s is that of the first two frames",
        "that of the median step",
    ),
    (
        "images_118",
        "natural_scenes",
        "image_selectivity counts the first 118 images",
        "all images",
    ),
    (
        "repeats_10",
        "natural_movie",
        "reliability is that of the first 10 repeats",
        "that of all repeats",
    ),
    (
        "threshold_without_phase",
        "static_gratings",
        "a trial of condition_responses is significant below 0.05 / (orientations x spatial "
        "frequencies)",
        "0.05 / the number of conditions, phases included",
    ),
    (
        "noise_p_one_triangle",
        _GRATINGS,
        "the p values of noise correlations are 0 below the diagonal",
        "the matrix is symmetric",
    ),
)

#: Every function of this definition takes all names, so that one choice does for all stimuli of a session.
QUIRKS: tuple[ResponseQuirk, ...] = (
    *(
        ResponseQuirk(name, "warehouse", stimulus, published, mended)
        for name, stimulus, published, mended in _ROWS
    ),
    *noise.QUIRKS,
    *speed.QUIRKS,
)
