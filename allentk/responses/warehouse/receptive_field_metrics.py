"""What the warehouse's metrics of locally sparse noise and of running speed are."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk

__all__ = ["ALLEN_NAMES", "METRICS", "QUIRKS", "SPEED_METRICS", "SPEED_QUIRKS"]

_SOURCE = "AllenSDK 2.16.2, brain_observatory/locally_sparse_noise.py and receptive_field_analysis"
_PARTS = (
    "events found in dF/F (4 sigma of the noise) are counted over white, or black, pixels and blurred by "
    "4.65 degrees; pixels with Holm-Sidak p < 0.05 against 10,000 shuffles form connected parts"
)


def _noise(name: str, unit: str, formula: str, excluded: str = "") -> Metric:
    return Metric("locally_sparse_noise", name, "warehouse", unit, formula, excluded, _SOURCE)


def _side(side: str, color: str) -> tuple[Metric, ...]:
    none = f"cells without a significant part for {color} pixels"
    return (
        _noise(
            f"rf_area_{side}_deg2",
            "deg^2",
            f"pi 1.5^2 sigma_u sigma_v of the Gaussian fitted to the largest part; {_PARTS}",
            none,
        ),
        *(
            _noise(
                f"rf_center_{side}_{axis}_deg",
                "deg",
                f"center of mass of the largest part, from the center of the first {line}",
                none,
            )
            for axis, line in (("x", "column"), ("y", "row"))
        ),
    )


METRICS = (
    _noise(
        "rf_chi2_p",
        "1",
        "smallest p over pixels of a chi-squared test for equal events per trial in the 7 x 7 pixels "
        "around, Sidak-corrected",
    ),
    *_side("on", "white"),
    *_side("off", "black"),
    _noise(
        "rf_distance_deg",
        "deg",
        "distance between the centers of the largest parts, on and off",
        "cells without both",
    ),
    _noise(
        "rf_overlap_index",
        "1",
        "degrees^2 in which both Gaussians exceed 0.001, by the geometric mean of those in which one does",
        "cells without both",
    ),
    _noise("n_events", "1", "presentations followed by a calcium event"),
    _noise("responsive", "", "rf_chi2_p < alpha"),
)

QUIRKS = (
    ResponseQuirk(
        "chi2_template_order",
        "warehouse",
        "locally_sparse_noise",
        "the chi-squared test pairs presentation i with pattern i of the template",
        "with the pattern that was shown",
    ),
    ResponseQuirk(
        "chi2_floor",
        "warehouse",
        "locally_sparse_noise",
        "a p of the chi-squared test too small for 1 - cdf is replaced by 1e-10, above others that are not",
        "p comes from the survival function",
    ),
)

_SPEED_SOURCE = "AllenSDK 2.16.2, brain_observatory/stimulus_analysis.py, get_speed_tuning"
_BINS = "frames sorted by speed: below 1 cm/s, then bins of 800"


def _speed(of: str) -> tuple[Metric, ...]:
    one_bin = "cells with one bin of speed"
    parts = (
        (
            f"speed_max_{of}_cm_s",
            "cm/s",
            f"mean speed of the bin of the greatest mean dF/F; {_BINS}",
            "",
        ),
        (f"speed_min_{of}_cm_s", "cm/s", "the same, of the least mean dF/F", ""),
        (
            f"p_speed_{of}",
            "1",
            "Kolmogorov-Smirnov test of the bin of the greatest response against all other frames; where "
            "that is slower than the bin of the least response, of the latter",
            one_bin,
        ),
        (
            f"speed_modulated_{of}",
            "",
            "variance of the bin means above the 99.9th percentile of that of 200 shuffles of the frames",
            "",
        ),
    )
    return tuple(
        Metric("running speed", name, "warehouse", unit, formula, excluded, _SPEED_SOURCE)
        for name, unit, formula, excluded in parts
    )


SPEED_METRICS = (*_speed("spontaneous"), *_speed("stimulus"))

SPEED_QUIRKS = (
    ResponseQuirk(
        "speed_ks_bin",
        "warehouse",
        "running speed",
        "the test of bin k takes the frames 800 k to 800 (k + 1) in the order of speed, though the "
        "first bin is longer than 800 frames",
        "it takes the frames of the bin",
    ),
    ResponseQuirk(
        "speed_nan_frames",
        "warehouse",
        "running speed",
        "frames of spontaneous activity without a speed count among the others and in the shuffles",
        "they are left out",
    ),
)

#: Our columns and those of the published table of cell metrics.
ALLEN_NAMES = {
    "rf_chi2_p": "rf_chi2_lsn",
    "rf_area_on_deg2": "rf_area_on_lsn",
    "rf_area_off_deg2": "rf_area_off_lsn",
    "rf_center_on_x_deg": "rf_center_on_x_lsn",
    "rf_center_on_y_deg": "rf_center_on_y_lsn",
    "rf_center_off_x_deg": "rf_center_off_x_lsn",
    "rf_center_off_y_deg": "rf_center_off_y_lsn",
    "rf_distance_deg": "rf_distance_lsn",
    "rf_overlap_index": "rf_overlap_index_lsn",
    "speed_max_spontaneous_cm_s": "speed_max_sp",
    "speed_min_spontaneous_cm_s": "speed_min_sp",
    "p_speed_spontaneous": "ptest_sp",
    "speed_modulated_spontaneous": "mod_sp",
    "speed_max_stimulus_cm_s": "speed_max_vis",
    "speed_min_stimulus_cm_s": "speed_min_vis",
    "p_speed_stimulus": "ptest_vis",
    "speed_modulated_stimulus": "mod_vis",
}
