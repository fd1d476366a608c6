"""What the columns of the definition "trial-mean" are."""

from __future__ import annotations

from collections.abc import Iterable

from allentk.responses.definition import Metric, entries

__all__ = ["METRICS"]

_TRACES = "unit of the traces"

#: Columns that most stimuli have: unit, formula, when there is no value.
_COMMON = """
    cell                | 1  | id of the cell |
    peak_rate_hz | Hz | mean over the trials of the preferred condition, that of the largest mean |
        no finite trial
    mean_rate_hz        | Hz | mean over conditions, each counted once | no finite trial
    spontaneous_rate_hz | Hz | mean over blanks, or over the spontaneous window of all trials | no
        blank and no such window
    reliability | 1 | mean Pearson correlation of the time courses (frames of traces; spikes in
        bins) of all pairs of preferred trials; a trial that does not vary is left out | fewer than
        two trials that vary, or bins
    n_trials            | 1  | trials with a finite response |
    run_modulation | 1 | (R_run - R_rest) / max(abs R_run, abs R_rest) over preferred trials, above
        and up to 1 cm/s; with running= only | fewer than two trials of either
    p_run_modulation | 1 | Welch's t test of these trials; with running= only | fewer than two
        trials of either, no variance
    notes               |  | why a cell lacks values |
"""
_DIRECTION = """
    preferred_direction_deg | deg | direction of motion of the preferred condition | silent
    osi_vector | 1 | abs(sum R e^(2i theta)) / sum R, R clipped at 0, over directions at the
        preferred other parameters | no response, uneven directions
    dsi_vector | 1 | abs(sum R e^(i theta)) / sum R, R clipped at 0 | no response, uneven directions
    osi_pair | 1 | (R_pref - R_orth) / (R_pref + R_orth), R_orth the mean at +90 and -90 deg, not
        clipped | a direction not shown, sum not positive
    dsi_pair | 1 | (R_pref - R_null) / (R_pref + R_null), null 180 deg away, not clipped | the null
        not shown, sum not positive
"""
_SPARSENESS = """
    lifetime_sparseness | 1 | (1 - mean(r)^2 / mean(r^2)) / (1 - 1/n) over n conditions, r clipped
        at 0 | no response
"""
_OWN = {
    "drifting_gratings": _DIRECTION
    + """
    preferred_tf_hz | Hz | temporal frequency of the preferred condition | silent
    """,
    "static_gratings": """
    preferred_orientation_deg | deg | orientation of the preferred condition, 0 to 180 | silent
    preferred_sf_cpd | cycles/deg | spatial frequency of the preferred condition | silent
    preferred_phase | cycles | phase of the preferred condition | silent
    osi_vector | 1 | abs(sum R e^(2i theta)) / sum R, R clipped at 0, at the preferred frequency and
        phase | no response, uneven orientations
    osi_pair | 1 | (R_pref - R_orth) / (R_pref + R_orth), orth 90 deg away, not clipped | the
        orthogonal not shown, sum not positive
    """,
    "natural_scenes": _SPARSENESS
    + """
    preferred_image | 1 | number of the image with the largest mean | silent
    image_selectivity | 1 | 1 - 2 mean((r - min) / (max - min)) over images, the limit of many
        thresholds | equal responses
    """,
    "natural_movie": _SPARSENESS
    + """
    preferred_frame | 1 | number of the frame with the largest mean over repeats | silent
    peak_rate_hz | Hz | mean over repeats at the preferred frame | no finite frame
    mean_rate_hz | Hz | mean over frames | no finite frame
    reliability | 1 | mean Pearson correlation of all pairs of repeats, over the frames that both
        have | fewer than two repeats that vary
    n_repeats | 1 | times the movie was shown |
    """,
    "locally_sparse_noise": """
    peak_rate_hz | Hz | larger peak of the two maps | no finite trial
    mean_rate_hz | Hz | mean over trials | no finite trial
    preferred_color | 1 | 1 where the map of white spots has the larger peak, -1 black | silent
    """
    + "".join(
        f"""
    rf_{side}_x_deg | deg | centre to the right of the middle of the screen: centre of mass, above
        the map's median, of the region that holds the peak and is more than half as high; the map
        is the mean response to a {color} spot at every place | flat map, half of it as high as the peak
    rf_{side}_y_deg | deg | centre upwards from the middle | as the other centre
    rf_{side}_area_deg2 | deg^2 | area of that region | as the centre
    rf_{side}_z | 1 | peak of the map above its mean, in its standard deviations | flat map
    """
        for side, color in (("on", "white"), ("off", "black"))
    ),
    "flashes": """
    preferred_color | 1 | 1 white, -1 black | silent
    on_rate_hz | Hz | mean response to white | no white flash
    off_rate_hz | Hz | mean response to black | no black flash
    on_off_ratio | 1 | R_on / R_off | R_off not positive
    on_off_index | 1 | (R_on - R_off) / (R_on + R_off) | sum not positive
    time_to_peak_s | s | middle of the bin (frame) with the largest mean over preferred trials, from
        the begin of the window | silent
    """,
    "gabors": """
    rf_x_deg | deg | horizontal centre of mass, above the map's median, of the region that holds the
        peak and is more than half as high; the map is the mean over orientations | flat map, half of
        it as high as the peak
    rf_y_deg | deg | vertical centre of mass of that region | as the other centre
    rf_area_deg2 | deg^2 | area of that region | as the centre, one row or column of places
    rf_z | 1 | peak of the map above its mean, in its standard deviations | flat map
    preferred_orientation_deg | deg | orientation of the preferred condition | silent
    """,
    "moving_bars": _DIRECTION
    + """
    preferred_color | 1 | color of the preferred condition, 1 white, -1 black | silent, no color in
        the table
    """,
    "contrast_tuning": """
    preferred_direction_deg | deg | direction of the preferred condition | silent
    preferred_contrast | 1 | contrast of the preferred condition | silent
    c50 | 1 | contrast of half of the gain of b + a c^n / (c^n + c50^n), a > 0, least squares at the
        preferred direction; c50 from half the smallest contrast to the largest | fewer than four
        contrasts, no rise
    c50_exponent | 1 | n of that fit, 0.5 to 8 | as c50
    c50_r_squared | 1 | share of the variance that the fit explains | as c50
    """,
    "dot_motion": """
    preferred_direction_deg | deg | direction of the preferred condition | silent
    preferred_speed_deg_per_s | deg/s | speed of the preferred condition | silent
    dsi_vector | 1 | abs(sum R e^(i theta)) / sum R, R clipped at 0, at the preferred speed | no
        response, uneven directions
    dsi_pair | 1 | (R_pref - R_null) / (R_pref + R_null) at the preferred speed | the null not
        shown, sum not positive
    """,
    "spontaneous": """
    spontaneous_rate_hz | Hz | mean over all gray, weighted by time | no gray recorded
    fano | 1 | variance (ddof 1) over mean of the counts (of traces: the means) in bins of bin_s; of
        traces in the unit of the traces | fewer than two bins, mean not positive
    n_bins | 1 | whole bins |
    duration_s | s | gray in all |
    """,
}
_WITHOUT = {
    "natural_movie": {"n_trials", "run_modulation", "p_run_modulation"},
    "locally_sparse_noise": {"reliability", "run_modulation", "p_run_modulation"},
    "spontaneous": {
        "peak_rate_hz",
        "mean_rate_hz",
        "reliability",
        "n_trials",
        "run_modulation",
        "p_run_modulation",
    },
}


def _metrics() -> Iterable[Metric]:
    for stimulus, own in _OWN.items():
        found = {m.name: m for m in entries("trial-mean", stimulus, _COMMON, "allentk")}
        found = {n: m for n, m in found.items() if n not in _WITHOUT.get(stimulus, ())}
        notes = found.pop("notes")
        found |= {m.name: m for m in entries("trial-mean", stimulus, own, "allentk")}
        for metric in (*found.values(), notes):
            yield metric
            if "rate_hz" in metric.name:
                called = metric.name.replace("rate_hz", "response")
                said = f"{metric.formula}; of traces"
                yield Metric(
                    stimulus, called, "trial-mean", _TRACES, said, metric.excluded, "allentk"
                )


#: Every column, once for spikes and, where it is a rate, once more for traces.
METRICS = tuple(_metrics())
