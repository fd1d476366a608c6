"""What every column of the warehouse's tables is, its name in the published tables, and known defects."""

from __future__ import annotations

from allentk.responses.definition import Metric
from allentk.responses.warehouse import receptive_field_metrics as noise
from allentk.responses.warehouse import speed_metrics as speed
from allentk.responses.warehouse.quirks import QUIRKS

__all__ = ["ALLEN_NAMES", "METRICS", "QUIRKS"]

_DG, _SG, _NS, _NM = "drifting_gratings", "static_gratings", "natural_scenes", "natural_movie"
_SOURCE = "AllenSDK 2.16.2, brain_observatory.{}"
_BRIEF_RESPONSE = (
    "n frames a presentation (7): a trial is the mean of 2 n frames from the onset over the mean of the "
    "4 n frames before, minus 1"
)
_LONG_RESPONSE = (
    "a trial is the mean of 60 frames from the onset over the mean of the 30 frames before, minus 1"
)
_OSI = "(pref - orth) / (pref + orth) at the other preferred parameters, negative means as 0; orth "
_SELECTIVITY = (
    "range / (range + 2 sqrt(SSE / (N - M))) of the mean over the M {} at the other preferred "
    "parameters, SSE of their N trials around the mean of each"
)
_STILL = "the trace does not vary; no finite trial"
_NOTHING_POSITIVE = f"{_STILL}; no positive mean"

#: stimulus: ((name, unit, formula, excluded), ...)
_OWN = {
    _DG: (
        ("preferred_direction_deg", "deg", "direction of the largest mean over 40 conditions", _STILL),
        ("preferred_tf_hz", "Hz", "temporal frequency of the largest mean", _STILL),
        ("osi", "1", _OSI + "the mean at +90 and -90 deg", _NOTHING_POSITIVE),
        ("dsi", "1", "(pref - null) / (pref + null), null at +180 deg, negative means as 0",
         _NOTHING_POSITIVE),
        ("g_osi", "1", "abs(sum R exp(2 i theta)) / sum R at the preferred temporal frequency, "
         "R = max(mean, 0)", _NOTHING_POSITIVE),
        ("g_dsi", "1", "abs(sum R exp(i theta)) / sum R, as g_osi", _NOTHING_POSITIVE),
        ("tf_selectivity", "1", _SELECTIVITY.format("temporal frequencies"), _STILL),
        ("peak_response", "dF/F %", f"mean at the preferred condition; {_LONG_RESPONSE}", _STILL),
    ),
    _SG: (
        ("preferred_orientation_deg", "deg", "orientation of the largest mean over 120 conditions",
         _STILL),
        ("preferred_sf_cpd", "cycles/deg", "spatial frequency of the largest mean", _STILL),
        ("preferred_phase", "cycles", "phase of the largest mean", _STILL),
        ("osi", "1", _OSI + "at +90 deg", _NOTHING_POSITIVE),
        ("g_osi", "1", "abs(sum R exp(2 i theta)) / sum R at the preferred spatial frequency and phase, "
         "R = max(mean, 0)", _NOTHING_POSITIVE),
        ("sf_selectivity", "1", _SELECTIVITY.format("spatial frequencies"), _STILL),
        ("peak_response", "dF/F %", f"mean at the preferred condition; {_BRIEF_RESPONSE}", _STILL),
    ),
    _NS: (
        ("preferred_image", "1", "number of the image of the largest mean", _STILL),
        ("image_selectivity", "1", "1 - 2 a, a the mean over 1000 levels from the smallest to the "
         "largest mean of the share of images above the level", _STILL),
        ("peak_response", "dF/F %", f"mean at the preferred image; {_BRIEF_RESPONSE}", _STILL),
    ),
    _NM: (
        ("peak_frame", "frames", "microscope frame, from the movie's start, of the largest mean dF/F "
         "over repeats", _STILL),
        ("peak_response", "dF/F", "mean dF/F over repeats at peak_frame", _STILL),
        ("reliability", "1", "mean Pearson correlation of dF/F over all pairs of repeats",
         "fewer than two repeats vary"),
    ),
}  # fmt: skip


def _common(stimulus: str) -> tuple[tuple[str, str, str, str], ...]:
    brief, more = stimulus != _DG, 4 if stimulus != _DG else 2
    late = (
        ("time_to_peak_s", "s", "onset to the largest value, in the 2 n frames, of the mean trace",
         _STILL),
    )  # fmt: skip
    few = f"{more} or fewer trials on either side; speed not known"
    return (
        ("p_value", "1", "one-way analysis of variance over the trials of all conditions and the blank",
         _STILL),
        ("reliability", "1", "mean Pearson correlation over all pairs of trials of the preferred "
         "condition, frames of the response", "fewer than two trials"),
        ("run_modulation", "1", "(run - rest) / the larger, means of the preferred condition's trials at "
         "1 cm/s or more and below, negative means as 0", f"{few}; means equal"),
        ("p_run_modulation", "1", "Welch's t test of these trials, two-sided", few),
        *(late if brief else ()),
        ("responsive", "", "p_value < 0.05", ""),
    )  # fmt: skip


_GRATING_SCENE_MOVIE_METRICS = tuple(
    Metric(stimulus, name, "warehouse", unit, formula, excluded, _SOURCE.format(stimulus))
    for stimulus, own in _OWN.items()
    for name, unit, formula, excluded in (*own, *(() if stimulus == _NM else _common(stimulus)))
)

#: Every column, with unit, formula and source.
METRICS: tuple[Metric, ...] = (
    *_GRATING_SCENE_MOVIE_METRICS,
    *noise.METRICS,
    *speed.METRICS,
)

_COMMON_NAMES = {
    "p_value": "p",
    "peak_response": "peak_dff",
    "reliability": "reliability",
    "run_modulation": "run_mod",
    "p_run_modulation": "p_run_mod",
}
_OWN_NAMES = {
    _DG: {
        "preferred_direction_deg": "pref_dir",
        "preferred_tf_hz": "pref_tf",
        "osi": "osi",
        "dsi": "dsi",
        "g_osi": "g_osi",
        "g_dsi": "g_dsi",
        "tf_selectivity": "tfdi",
    },
    _SG: {
        "preferred_orientation_deg": "pref_ori",
        "preferred_sf_cpd": "pref_sf",
        "preferred_phase": "pref_phase",
        "osi": "osi",
        "g_osi": "g_osi",
        "sf_selectivity": "sfdi",
        "time_to_peak_s": "time_to_peak",
    },
    _NS: {
        "preferred_image": "pref_image",
        "image_selectivity": "image_sel",
        "time_to_peak_s": "time_to_peak",
    },
}
_SUFFIX = {_DG: "dg", _SG: "sg", _NS: "ns"}

#: By stimulus: our column -> the column of the published ApiCamCellMetric table, in which ``pref_*`` is
#: empty for cells that are not responsive; movies append ``_nm1_a``, ``_nm2``... to ``reliability``.
ALLEN_NAMES: dict[str, dict[str, str]] = {
    stimulus: {
        "cell": "cell_specimen_id",
        **{ours: f"{theirs}_{_SUFFIX[stimulus]}" for ours, theirs in (own | _COMMON_NAMES).items()},
    }
    for stimulus, own in _OWN_NAMES.items()
} | {
    _NM: {"cell": "cell_specimen_id", "reliability": "reliability"},
    "locally_sparse_noise": noise.ALLEN_NAMES,
    "running speed": speed.ALLEN_NAMES,
}
