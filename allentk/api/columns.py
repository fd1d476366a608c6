"""Columns of the services' tables, by AllenSDK's simplified names, and where each comes from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allentk.api.links import inside
from allentk.api.rma import Row
from allentk.api.tables import Field, fields

__all__ = ["CELLS", "CONTAINERS", "EPHYS_FEATURES", "METRICS", "SESSIONS", "SWEEPS"]


def _soma(row: Row) -> list[float]:
    return [
        float("nan") if row.get(f"csl__{x}") is None else float(row[f"csl__{x}"]) for x in "xyz"
    ]


CELLS = {
    "id": Field("specimen__id", "id"),
    "name": Field("specimen__name", "text"),
    "species": Field("donor__species", "text"),
    "structure_area_abbrev": Field("structure_parent__acronym", "text"),
    "structure_area_id": Field("structure_parent__id", "int"),
    "structure_layer_name": Field("structure__layer", "text"),
    "structure_hemisphere": Field("specimen__hemisphere", "text"),
    "transgenic_line": Field("line_name", "text"),
    "reporter_status": Field("cell_reporter_status", "text"),
    "dendrite_type": Field("tag__dendrite_type", "text"),
    "apical": Field("tag__apical", "text"),
    "reconstruction_type": Field("nr__reconstruction_type", "text"),
    "disease_state": Field("donor__disease_state", "text"),
    "donor_id": Field("donor__id", "int"),
    "cell_soma_location": Field("csl__x", "list", _soma),
    "normalized_depth": Field("csl__normalized_depth", "float"),
}

_SPIKE = (
    "fast_trough_t fast_trough_v peak_t peak_v slow_trough_t slow_trough_v threshold_i threshold_t "
    "threshold_v trough_t trough_v upstroke_downstroke_ratio"
)
_PROTOCOLS = ("long_square", "ramp", "short_square")

#: The 56 published columns, in their order.
EPHYS_FEATURES = dict(
    sorted(
        {
            **fields("id", "id specimen_id"),
            **fields("int", "rheobase_sweep_id rheobase_sweep_number thumbnail_sweep_id"),
            **fields("bool", "has_burst has_delay has_pause"),
            **fields(
                "float",
                "adaptation avg_isi electrode_0_pa f_i_curve_slope input_resistance_mohm latency ri "
                "sag seal_gohm tau vm_for_sag vrest",
            ),
            **fields("float", " ".join(f"{x}_{p}" for p in _PROTOCOLS for x in _SPIKE.split())),
        }.items()
    )
)

SWEEPS = {
    **fields("id", "sweep_number"),
    **fields("text", "stimulus_name stimulus_description stimulus_units"),
    **fields("int", "num_spikes"),
    **fields(
        "float",
        "stimulus_absolute_amplitude stimulus_relative_amplitude stimulus_start_time "
        "stimulus_duration stimulus_interval bridge_balance_mohm leak_pa peak_deflection "
        "pre_noise_rms_mv post_noise_rms_mv slow_noise_rms_mv pre_vm_mv post_vm_mv slow_vm_mv "
        "vm_delta_mv",
    ),
    **fields("id", "id specimen_id"),
}


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


CONTAINERS = {
    **fields("id", "id"),
    **fields("int", "imaging_depth"),
    "targeted_structure": Field("targeted_structure.acronym", "text"),
    "cre_line": Field("specimen", "text", _cre_line),
    "reporter_line": Field("specimen", "text", _reporter_line),
    "donor_name": Field("specimen.donor.external_donor_name", "text"),
    "specimen_name": Field("specimen.name", "text"),
    "tags": Field("specimen", "list", _tags),
    **fields("bool", "failed"),
}

SESSIONS = {
    **fields("id", "id"),
    **fields("int", "imaging_depth"),
    "targeted_structure": Field("targeted_structure.acronym", "text"),
    "cre_line": Field("specimen", "text", _cre_line),
    "reporter_line": Field("specimen", "text", _reporter_line),
    "acquisition_age_days": Field("date_of_acquisition", "int", _age_days),
    **fields("int", "experiment_container_id"),
    "session_type": Field("stimulus_name", "text"),
    "donor_name": Field("specimen.donor.external_donor_name", "text"),
    "specimen_name": Field("specimen.name", "text"),
    **fields("bool", "fail_eye_tracking"),
    "failed_experiment_container": Field("experiment_container.failed", "bool"),
}

#: The columns of ApiCamCellMetric that are no links to thumbnails.
METRICS = {
    **fields("id", "cell_specimen_id experiment_container_id"),
    **fields("int", "specimen_id"),
    **fields("text", "area"),
    **fields("int", "imaging_depth"),
    **fields("bool", "all_stim failed_experiment_container"),
    **fields("text", "donor_full_genotype"),
    **fields("int", "tld1_id"),
    **fields("text", "tld1_name"),
    **fields("int", "tld2_id"),
    **fields("text", "tld2_name"),
    **fields("int", "tlr1_id"),
    **fields("text", "tlr1_name"),
    **fields(
        "float",
        "p_dg pref_dir_dg pref_tf_dg osi_dg dsi_dg g_osi_dg g_dsi_dg tfdi_dg peak_dff_dg "
        "reliability_dg run_mod_dg p_run_mod_dg",
    ),
    **fields(
        "float",
        "p_sg pref_ori_sg pref_sf_sg pref_phase_sg osi_sg g_osi_sg sfdi_sg peak_dff_sg "
        "reliability_sg time_to_peak_sg run_mod_sg p_run_mod_sg",
    ),
    **fields(
        "float",
        "p_ns pref_image_ns image_sel_ns peak_dff_ns reliability_ns time_to_peak_ns run_mod_ns "
        "p_run_mod_ns",
    ),
    **fields(
        "float",
        "reliability_nm1_a reliability_nm1_b reliability_nm1_c reliability_nm2 reliability_nm3",
    ),
    **fields(
        "float",
        "rf_chi2_lsn rf_area_on_lsn rf_area_off_lsn rf_center_on_x_lsn rf_center_on_y_lsn "
        "rf_center_off_x_lsn rf_center_off_y_lsn rf_distance_lsn rf_overlap_index_lsn",
    ),
}
