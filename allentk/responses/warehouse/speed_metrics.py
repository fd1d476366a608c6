"""What the warehouse's metrics of running speed are, their published names, and known defects."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk

__all__ = ["ALLEN_NAMES", "METRICS", "QUIRKS"]

_SOURCE = "AllenSDK 2.16.2, brain_observatory/stimulus_analysis.py, get_speed_tuning"
_BINS = "frames sorted by speed: below 1 cm/s, then bins of 800"


def _metrics(of: str) -> tuple[Metric, ...]:
    missing = "cells with missing frames"
    parts = (
        (
            f"speed_max_{of}_cm_s",
            "cm/s",
            f"mean speed of the bin of the greatest mean dF/F; {_BINS}",
            missing,
        ),
        (f"speed_min_{of}_cm_s", "cm/s", "the same, of the least mean dF/F", missing),
        (
            f"p_speed_{of}",
            "1",
            "Kolmogorov-Smirnov test of the bin of the greatest response against all other frames; where "
            "that is slower than the bin of the least response, of the latter",
            f"cells with one bin of speed; {missing}",
        ),
        (
            f"speed_modulated_{of}",
            "",
            "variance of the bin means above the 99.9th percentile of that of 200 shuffles of the frames; "
            "false for cells with missing frames",
            "",
        ),
    )
    return tuple(
        Metric("running speed", name, "warehouse", unit, formula, excluded, _SOURCE)
        for name, unit, formula, excluded in parts
    )


METRICS = (*_metrics("spontaneous"), *_metrics("stimulus"))

QUIRKS = (
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
    "speed_max_spontaneous_cm_s": "speed_max_sp",
    "speed_min_spontaneous_cm_s": "speed_min_sp",
    "p_speed_spontaneous": "ptest_sp",
    "speed_modulated_spontaneous": "mod_sp",
    "speed_max_stimulus_cm_s": "speed_max_vis",
    "speed_min_stimulus_cm_s": "speed_min_vis",
    "p_speed_stimulus": "ptest_vis",
    "speed_modulated_stimulus": "mod_vis",
}
