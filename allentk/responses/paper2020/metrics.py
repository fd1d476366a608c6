"""The metrics of the definition "paper2020", the published defects, and Allen's names."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk

__all__ = ["ALLEN_NAMES", "METRICS", "QUIRKS"]

DEFINITION = "paper2020"

_SOURCE = (
    "de Vries et al. 2020, Nature Neuroscience 23:138; AllenInstitute/visual_coding_2p_analysis"
)
_ADDED = "pair index from the paper's tuning curve; not in the paper's own tables"
_EVENTS = "events"  # the unit: sizes in the scale of dF/F
_SILENT = "no events in any trial"
_UNKNOWN = "no spontaneous activity given"
_FEW_RUNS = "fewer than 2 trials with or without running"
_NO_FIT = "cell not responsive; fewer than 4 frequencies an octave apart; fit without success"

#: stimulus -> words for one condition, for all of them, and the window of a trial's response
_STIMULI = {
    "drifting_gratings": ("direction and temporal frequency", "frames 0..59 from the onset"),
    "static_gratings": (
        "orientation, spatial frequency and phase",
        "frames 2..11 from the onset",
    ),
    "natural_scenes": ("image", "frames 2..11 from the onset"),
}
_FILES = {
    "drifting_gratings": "drifting_gratings_events.py",
    "static_gratings": "static_gratings_events.py",
    "natural_scenes": "natural_scenes_events.py",
    "natural_movie": "natural_movies_events_A.py",
    "spontaneous": "spontaneous_rate.py",
}


def _metric(
    stimulus: str, name: str, unit: str, formula: str, excluded: str = "", source: str = ""
) -> Metric:
    place = source or f"{_SOURCE} {_FILES[stimulus]}"
    return Metric(stimulus, name, DEFINITION, unit, formula, excluded, place)


def _common(stimulus: str, course: str, more_than: str) -> list[Metric]:
    """Return what gratings and scenes share."""
    condition, window = _STIMULI[stimulus]
    rows = [
        (
            "peak_response",
            _EVENTS,
            f"mean over trials at the preferred {condition} of the mean of events in {window}",
            _SILENT,
        ),
        (
            "n_significant_trials",
            "1",
            "trials at the preferred condition with p < 0.05; p of a trial = share of 10,000 windows of "
            "spontaneous activity, drawn with replacement, whose mean is as large as the trial's or larger",
            _UNKNOWN,
        ),
        ("responsive", "", f"n_significant_trials > {more_than}", _UNKNOWN),
        (
            "reliability",
            "1",
            f"mean of Pearson's r over all pairs of trials at the preferred condition, {course}; pairs "
            "with a constant trial left out",
            f"{_SILENT}; fewer than 2 trials that vary",
        ),
        (
            "lifetime_sparseness",
            "1",
            "(1 - (sum r)^2 / (n sum r^2)) / (1 - 1/n) over the means r of all n conditions, blank not "
            "one of them",
            _SILENT,
        ),
        (
            "run_modulation",
            "1",
            "(run - stationary) / the larger of the two, 0 where equal: means at the preferred condition "
            "of trials with a mean speed of 1 cm/s or more, and less",
            _FEW_RUNS,
        ),
        ("p_run_modulation", "1", "Welch's t test of the two sets of trials", _FEW_RUNS),
        ("run_response", _EVENTS, "mean of the trials with running", _FEW_RUNS),
        ("stationary_response", _EVENTS, "mean of the trials without running", _FEW_RUNS),
    ]
    return [_metric(stimulus, *row) for row in rows]


def _fits(stimulus: str, name: str, unit: str, lowest: str) -> list[Metric]:
    curve = (
        "of the curve of means over the frequency, the other parameters at their preferred values: a "
        "Gaussian of octaves, an exponential where the largest mean is at an end"
    )
    half = "the frequency {} the maximum at which the fit is at half of it, in steps of 0.1 octave"
    ends = f"{_NO_FIT}; half the maximum is not reached in the range shown"
    rows = [
        (
            f"fit_{name}_index",
            "octaves",
            f"place of the peak above the lowest frequency, {curve}",
            _NO_FIT,
        ),
        (
            f"fit_{name}_{unit.lower()}",
            unit,
            f"{lowest} * 2^index; at an end the frequency shown there",
            _NO_FIT,
        ),
        (f"{name}_low_cutoff_{unit.lower()}", unit, half.format("below"), ends),
        (f"{name}_high_cutoff_{unit.lower()}", unit, half.format("above"), ends),
    ]
    return [_metric(stimulus, *row) for row in rows]


def _discrimination(stimulus: str, name: str, other: str) -> Metric:
    formula = (
        f"ptp / (ptp + 2 sqrt(SSE / (n - k))): range of the k means over the frequency at the preferred "
        f"{other}, squares of these n trials around the mean of all of them"
    )
    return _metric(stimulus, name, "1", formula, f"{_SILENT}; n <= k")


_CURVE = "R = means at the preferred {}, negative ones 0"
_DG = "drifting_gratings"
_SG = "static_gratings"
_NS = "natural_scenes"
_NM = "natural_movie"
_TF = _CURVE.format("temporal frequency")
_SF = _CURVE.format("spatial frequency and phase")

METRICS: tuple[Metric, ...] = (
    _metric(_DG, "preferred_direction_deg", "deg", "direction of the largest mean", _SILENT),
    _metric(_DG, "preferred_tf_hz", "Hz", "temporal frequency of the largest mean", _SILENT),
    *_common(_DG, "frames 0..59 from the onset", "3 (of 15)"),
    _metric(_DG, "g_osi", "1", f"abs(sum R exp(2 i theta)) / sum R; {_TF}", _SILENT),
    _metric(_DG, "g_dsi", "1", f"abs(sum R exp(i theta)) / sum R; {_TF}", _SILENT),
    _metric(
        _DG, "osi", "1", f"(pref - orth) / (pref + orth), orth at +-90; {_TF}", _SILENT, _ADDED
    ),
    _metric(_DG, "dsi", "1", f"(pref - null) / (pref + null); {_TF}", _SILENT, _ADDED),
    _discrimination(_DG, "tfdi", "direction"),
    _metric(
        _DG, "peak_minus_blank", _EVENTS, "peak_response - mean of blank trials", "no blank trials"
    ),
    _metric(
        _DG,
        "mean_minus_blank",
        _EVENTS,
        "mean over conditions - mean of blank trials",
        "no blank trials",
    ),
    *_fits(_DG, "tf", "Hz", "lowest frequency"),
    _metric(_SG, "preferred_orientation_deg", "deg", "orientation of the largest mean", _SILENT),
    _metric(_SG, "preferred_sf_cpd", "cycles/deg", "frequency of the largest mean", _SILENT),
    _metric(_SG, "preferred_phase", "cycles", "phase of the largest mean", _SILENT),
    *_common(_SG, "frames 0..6 from the onset", "11 (of about 50)"),
    _metric(_SG, "g_osi", "1", f"abs(sum R exp(2 i theta)) / sum R; {_SF}", _SILENT),
    _metric(_SG, "osi", "1", f"(pref - orth) / (pref + orth), orth at 90; {_SF}", _SILENT, _ADDED),
    _discrimination(_SG, "sfdi", "orientation and phase"),
    *_fits(_SG, "sf", "cpd", "lowest frequency"),
    _metric(_NS, "preferred_image", "1", "number of the image of the largest mean", _SILENT),
    *_common(_NS, "frames 0..6 from the onset", "11 (of 50)"),
    _metric(
        _NS,
        "image_selectivity",
        "1",
        "1 - 2 * mean over 1000 thresholds from the smallest to the largest mean of the share of images "
        "above",
        "all means equal",
    ),
    _metric(_NM, "peak_frame", "1", "frame of the movie of the largest mean", _SILENT),
    _metric(
        _NM,
        "peak_response",
        _EVENTS,
        "mean over repeats of the events in the one frame of the microscope at which the movie's frame "
        "came on",
        _SILENT,
    ),
    _metric(_NM, "n_event_trials", "1", "repeats with an event at the peak frame"),
    _metric(_NM, "responsive", "", "n_event_trials > 2 (of 10)"),
    _metric(
        _NM,
        "reliability",
        "1",
        "mean of Pearson's r over all pairs of repeats, over the movie's frames",
        "fewer than 2 repeats that vary",
    ),
    _metric(
        _NM,
        "lifetime_sparseness",
        "1",
        "(1 - (sum r)^2 / (n sum r^2)) / (1 - 1/n) over the means r of the n frames",
        _SILENT,
    ),
    _metric(
        "spontaneous",
        "mean_response",
        "events/frame",
        "mean over blocks of the mean of events per frame",
        "no block in the recording",
    ),
)

#: Defects of the published program, off unless asked for.
QUIRKS: tuple[ResponseQuirk, ...] = (
    ResponseQuirk(
        "shifted-spatial-frequency",
        DEFINITION,
        _SG,
        "reliability and modulation by running are of the next lower spatial frequency, and missing where "
        "the lowest is preferred: the list of frequencies begins with the blank",
        "they are of the preferred spatial frequency",
    ),
    ResponseQuirk(
        "unclipped-selectivity",
        DEFINITION,
        _SG,
        "g_osi sums negative responses as they are",
        "negative responses count as 0, as for drifting gratings",
    ),
    ResponseQuirk(
        "blank-in-sparseness",
        DEFINITION,
        _NS,
        "lifetime_sparseness sums the blank too but divides by the number of images",
        "images alone",
    ),
    ResponseQuirk(
        "run-modulation-unset",
        DEFINITION,
        _DG,
        "run_modulation is not set where a cell responds equally with and without running (the program "
        "stops); here it is missing",
        "0, as for static gratings and scenes",
    ),
    ResponseQuirk(
        "windows-beyond-spontaneous",
        DEFINITION,
        "drifting_gratings, static_gratings, natural_scenes",
        "windows of spontaneous activity start up to the last frame of the block, and so run into the "
        "stimulus that follows",
        "windows end within the block",
    ),
    ResponseQuirk(
        "either-cutoff",
        DEFINITION,
        "drifting_gratings, static_gratings",
        "the upper cutoff of a Gaussian fit is given only where the lower is at the end of the range, and "
        "ends of the range count as cutoffs of an exponential",
        "each cutoff is given where the fit falls to one half in the range",
    ),
)

_SHARED = {
    "n_significant_trials": "num_pref_trials",
    "responsive": "responsive",
    "reliability": "reliability",
    "lifetime_sparseness": "lifetime_sparseness",
    "run_modulation": "run_mod",
    "p_run_modulation": "run_pval",
    "run_response": "run_resp",
    "stationary_response": "stat_resp",
}
_TF_NAMES = {
    "preferred_direction_deg": "pref_ori",
    "preferred_tf_hz": "pref_tf",
    "g_osi": "g_osi",
    "g_dsi": "g_dsi",
    "tfdi": "tfdi",
    "fit_tf_hz": "fit_tf",
    "fit_tf_index": "fit_tf_ind",
    "tf_low_cutoff_hz": "tf_low_cutoff",
    "tf_high_cutoff_hz": "tf_high_cutoff",
    "peak_minus_blank": "peak_blank",
    "mean_minus_blank": "all_blank",
}
_SF_NAMES = {
    "preferred_orientation_deg": "pref_ori",
    "preferred_sf_cpd": "pref_sf",
    "preferred_phase": "pref_phase",
    "g_osi": "g_osi",
    "sfdi": "sfdi",
    "fit_sf_cpd": "fit_sf",
    "fit_sf_index": "fit_sf_ind",
    "sf_low_cutoff_cpd": "sf_low_cutoff",
    "sf_high_cutoff_cpd": "sf_high_cutoff",
}
_IMAGE_NAMES = {"preferred_image": "pref_image", "image_selectivity": "image_selectivity"}
_MOVIE_NAMES = {
    name: name for name in ("lifetime_sparseness", "responsive", "reliability", "peak_frame")
}


def _theirs(names: dict[str, str], suffix: str) -> dict[str, str]:
    return {"cell": "cell_specimen_id", **{k: f"{v}_{suffix}" for k, v in names.items()}}


#: stimulus -> our column -> the paper's column. Movies have the suffix of the movie.
ALLEN_NAMES: dict[str, dict[str, str]] = {
    _DG: _theirs(_SHARED | _TF_NAMES, "dg"),
    _SG: _theirs(_SHARED | _SF_NAMES, "sg"),
    _NS: _theirs(_SHARED | _IMAGE_NAMES, "ns"),
    "natural_movie_one": _theirs(_MOVIE_NAMES, "nm1a"),
    "natural_movie_two": _theirs(_MOVIE_NAMES, "nm2"),
    "natural_movie_three": _theirs(_MOVIE_NAMES, "nm3"),
}
