"""What the warehouse's metrics of locally sparse noise are, their published names, and known defects."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk

__all__ = ["ALLEN_NAMES", "METRICS", "QUIRKS"]

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
}
