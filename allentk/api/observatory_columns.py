"""Columns of the Observatory's tables: where each comes from, its unit and its meaning.

References
----------
de Vries et al. 2020, Nature Neuroscience 23:138-151; Allen Brain Observatory, Visual Coding:
Stimulus Set and Response Analysis (technical paper).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allentk.api.links import inside
from allentk.api.rma import Row
from allentk.api.tables import Field, documented

__all__ = ["CONTAINERS", "METRICS", "SESSIONS", "STIMULUS_MAPPINGS"]


def _line(row: Row, kind: str, part: str = "") -> str | None:
    for line in inside(row, "specimen", "donor", "transgenic_lines"):
        if line.get("transgenic_line_type_name") == kind and part in str(line.get("name")):
            return str(line["name"]) if line.get("name") else None
    return None


def _cre_line(row: Row) -> str | None:
    return _line(row, "driver", "Cre")


def _reporter_line(row: Row) -> str | None:
    return _line(row, "reporter")


def _tags(row: Row) -> list[str]:
    """Return what is noted of the donor, without the settings of its imaging."""
    names = (str(one.get("name")) for one in inside(row, "specimen", "donor", "conditions"))
    return [name for name in names if not name.startswith("tissuecyte")]


def _age_days(row: Row) -> Any:
    """Return the donor's age when it was imaged."""
    born = next((d.get("date_of_birth") for d in inside(row, "specimen", "donor")), None)
    imaged = row.get("date_of_acquisition")
    if not (born and imaged):
        return None
    return (datetime.fromisoformat(imaged) - datetime.fromisoformat(born)).days


_WHO = {
    "targeted_structure": Field(
        "targeted_structure.acronym", "text", meaning="visual area that was imaged, such as VISp"
    ),
    "cre_line": Field(
        "specimen", "text", _cre_line, meaning="driver line that chooses the cells by their kind"
    ),
    "reporter_line": Field(
        "specimen", "text", _reporter_line, meaning="line that carries the indicator of calcium"
    ),
}
_MOUSE = {
    "donor_name": Field(
        "specimen.donor.external_donor_name",
        "text",
        meaning="the mouse, by its name in the institute",
    ),
    "specimen_name": Field("specimen.name", "text", meaning="the brain: its lines and its mouse"),
}
_DEPTH = documented(
    "int", "imaging_depth | um | depth of the field of view below the brain's surface"
)

CONTAINERS = {
    **documented("id", "id | | the container: one field of view of one mouse, in three sessions"),
    **_DEPTH,
    **_WHO,
    **_MOUSE,
    "tags": Field(
        "specimen", "list", _tags, meaning="what is noted of the mouse, such as seizures"
    ),
    **documented("bool", "failed | | whether it failed quality control"),
}

SESSIONS = {
    **documented("id", "id | | the session"),
    **_DEPTH,
    **_WHO,
    "acquisition_age_days": Field(
        "date_of_acquisition",
        "int",
        _age_days,
        unit="days",
        meaning="age of the mouse on the day of the session",
    ),
    **documented("int", "experiment_container_id | | the container it belongs to"),
    "session_type": Field(
        "stimulus_name", "text", meaning="which stimuli were shown: three_session_A, B, C or C2"
    ),
    **_MOUSE,
    **documented("bool", "fail_eye_tracking | | whether eye tracking failed"),
    "failed_experiment_container": Field(
        "experiment_container.failed",
        "bool",
        meaning="whether its container failed quality control",
    ),
}

_CELL = {
    **documented(
        "id",
        """
        cell_specimen_id | | the cell; the same in all sessions of its container
        experiment_container_id | | the container
        """,
    ),
    **documented("int", "specimen_id | | the brain"),
    **documented("text", "area | | visual area that was imaged, such as VISp"),
    **_DEPTH,
    **documented(
        "bool",
        """
        all_stim | | whether the cell was found in all three sessions
        failed_experiment_container | | whether its container failed quality control
        """,
    ),
    **documented("text", "donor_full_genotype | | genotype of the mouse"),
    **documented("int", "tld1_id | | first driver line, by id"),
    **documented("text", "tld1_name | | first driver line: the Cre line"),
    **documented("int", "tld2_id | | second driver line, by id"),
    **documented("text", "tld2_name | | second driver line"),
    **documented("int", "tlr1_id | | reporter line, by id"),
    **documented("text", "tlr1_name | | reporter line"),
}

# The warehouse measured all of these from corrected fluorescence relative to the time before the
# presentation, not from dF/F; pref_* are missing where p is 0.05 or more.
_DRIFTING_GRATINGS = documented(
    "float",
    """
    p_dg | | p of an analysis of variance over the 40 conditions and the blank sweep
    pref_dir_dg | deg | direction of the condition with the largest mean response
    pref_tf_dg | Hz | temporal frequency of the condition with the largest mean response
    osi_dg | | (preferred - orthogonal) / (preferred + orthogonal) direction; not bounded
    dsi_dg | | (preferred - opposite) / (preferred + opposite) direction; not bounded
    g_osi_dg | | length of the vector sum over orientations at the preferred frequency, 0 to 1
    g_dsi_dg | | length of the vector sum over directions at the preferred frequency, 0 to 1
    tfdi_dg | | discrimination of temporal frequencies at the preferred direction, 0 to 1
    peak_dff_dg | % | mean response to the preferred condition
    reliability_dg | | mean correlation of pairs of trials of the preferred condition
    run_mod_dg | | (running - still) / larger of both, preferred condition, with sign; not bounded
    p_run_mod_dg | | p of Welch's t test of running against still trials
    """,
)
_STATIC_GRATINGS = documented(
    "float",
    """
    p_sg | | p of an analysis of variance over all conditions and the blank sweep
    pref_ori_sg | deg | orientation of the condition with the largest mean response
    pref_sf_sg | cpd | spatial frequency of the condition with the largest mean response
    pref_phase_sg | cycles | phase of the condition with the largest mean response
    osi_sg | | (preferred - orthogonal) / (preferred + orthogonal) orientation; not bounded
    g_osi_sg | | length of the vector sum over orientations at the preferred frequency and phase
    sfdi_sg | | discrimination of spatial frequencies at the preferred orientation, 0 to 1
    peak_dff_sg | % | mean response to the preferred condition
    reliability_sg | | mean correlation of pairs of trials of the preferred condition
    time_to_peak_sg | s | from the onset to the peak of the mean response to the preferred condition
    run_mod_sg | | as run_mod_dg
    p_run_mod_sg | | as p_run_mod_dg
    """,
)
_NATURAL_SCENES = documented(
    "float",
    """
    p_ns | | p of an analysis of variance over the images and the blank sweep
    pref_image_ns | | number of the image with the largest mean response
    image_sel_ns | | image selectivity: 1 for a response to one image, 0 for the same to all
    peak_dff_ns | % | mean response to the preferred image
    reliability_ns | | mean correlation of pairs of trials of the preferred image
    time_to_peak_ns | s | from the onset to the peak of the mean response to the preferred image
    run_mod_ns | | as run_mod_dg, preferred image
    p_run_mod_ns | | as p_run_mod_dg
    """,
)
_NATURAL_MOVIES = documented(
    "float",
    """
    reliability_nm1_a | | mean correlation of pairs of repeats of natural movie one, session A
    reliability_nm1_b | | the same, session B
    reliability_nm1_c | | the same, session C or C2
    reliability_nm2 | | the same of natural movie two
    reliability_nm3 | | the same of natural movie three
    """,
)
_SPARSE_NOISE = documented(
    "float",
    """
    rf_chi2_lsn | | smallest corrected p of a chi-squared test for a receptive field
    rf_area_on_lsn | deg^2 | area of the largest receptive field for bright spots
    rf_area_off_lsn | deg^2 | area of the largest receptive field for dark spots
    rf_center_on_x_lsn | deg | its centre for bright spots, from the left edge of the stimulus
    rf_center_on_y_lsn | deg | its centre for bright spots, from the first row of the stimulus
    rf_center_off_x_lsn | deg | its centre for dark spots, from the left edge of the stimulus
    rf_center_off_y_lsn | deg | its centre for dark spots, from the first row of the stimulus
    rf_distance_lsn | deg | from the centre for bright to that for dark spots
    rf_overlap_index_lsn | | shared area over the geometric mean of both areas, 0 to 1
    """,
)

#: The columns of ApiCamCellMetric that are no links to thumbnails.
METRICS = {
    **_CELL,
    **_DRIFTING_GRATINGS,
    **_STATIC_GRATINGS,
    **_NATURAL_SCENES,
    **_NATURAL_MOVIES,
    **_SPARSE_NOISE,
}

STIMULUS_MAPPINGS = {
    **documented("id", "id | | the mapping"),
    **documented(
        "text",
        """
        item | | name of a metric or of a thumbnail, such as osi_dg
        item_type | | M: a metric; T: a thumbnail
        level | | R: of a cell; S: of a container
        stimulus_name | | stimulus it was measured with, in the warehouse's words
        """,
    ),
}
