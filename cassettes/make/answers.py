"""The services' answers about the synthetic cells and session, in the services' own shapes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from allentk.models import GLIFParameters
from cassettes.make.observatory import CONTAINER_ID, SESSION_ID
from cassettes.make.observatory import DESCRIPTION as SESSION_DESCRIPTION
from cassettes.make.recording import Recorded
from cassettes.make.truth import Cell

__all__ = [
    "cell_metrics",
    "container",
    "ephys_features",
    "file_record",
    "model_record",
    "ophys_experiment",
    "rma",
    "specimen_detail",
    "stimulus_mappings",
    "sweep_records",
]

Record = dict[str, Any]

#: The service's file types that the demo has.
FILE_TYPES = {
    "NWBDownload": 475137571,
    "3DNeuronReconstruction": 303941301,
    "NeuronalModelParameters": 329230374,
    "NWBOphys": 514173078,
}
#: GLIF levels: the service's template and its name.
TEMPLATES = {
    1: (395310469, "1 Leaky Integrate and Fire (LIF)"),
    3: (395310475, "3 LIF + Afterspike Currents (LIF-ASC)"),
}
#: Columns of EphysSweep about the rig's own quality control.
RIG_ONLY = (
    "leak_pa",
    "peak_deflection",
    "post_noise_rms_mv",
    "post_vm_mv",
    "pre_noise_rms_mv",
    "pre_vm_mv",
    "slow_noise_rms_mv",
    "slow_vm_mv",
    "vm_delta_mv",
)
#: Columns of ApiCamCellMetric about stimuli that the session does not have.
NOT_SHOWN = (
    "tld2_id tld2_name p_dg reliability_dg tfdi_dg run_mod_dg p_run_mod_dg "
    "p_sg pref_ori_sg pref_sf_sg pref_phase_sg osi_sg g_osi_sg sfdi_sg peak_dff_sg reliability_sg "
    "time_to_peak_sg run_mod_sg p_run_mod_sg p_ns pref_image_ns image_sel_ns peak_dff_ns "
    "reliability_ns time_to_peak_ns run_mod_ns p_run_mod_ns reliability_nm1_a reliability_nm1_b "
    "reliability_nm1_c reliability_nm2 reliability_nm3 rf_chi2_lsn rf_area_on_lsn rf_area_off_lsn "
    "rf_center_on_x_lsn rf_center_on_y_lsn rf_center_off_x_lsn rf_center_off_y_lsn rf_distance_lsn "
    "rf_overlap_index_lsn"
)
VISP = {"id": 385, "acronym": "VISp", "name": "Primary visual area"}


def rma(records: Sequence[Record], total: int | None = None, start: int = 0) -> str:
    """Wrap records as the service does; NaN is null."""
    envelope = {
        "success": True,
        "id": 0,
        "start_row": start,
        "num_rows": len(records),
        "total_rows": len(records) if total is None else total,
        "msg": _plain(records),
    }
    return json.dumps(envelope, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Return `value` in JSON's own types, numbers with at most nine digits."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value


def file_record(file_id: int, kind: str, attached_to: int, path: str) -> Record:
    """Return a well_known_file."""
    return {
        "attachable_id": attached_to,
        "download_link": f"/api/v2/well_known_file_download/{file_id}",
        "id": file_id,
        "path": f"/SYNTHETIC/{path}",
        "well_known_file_type_id": FILE_TYPES[kind],
        "well_known_file_type": {"id": FILE_TYPES[kind], "name": kind},
    }


def specimen_detail(cell: Cell, features: pd.Series, file_id: int) -> Record:
    """Return the row of ApiCellTypesSpecimenDetail."""
    return {
        "line_name": cell.line,
        "specimen__id": cell.specimen_id,
        "specimen__name": cell.name,
        "specimen__hemisphere": "left",
        "structure__id": VISP["id"],
        "structure__name": '"Primary visual area, layer 4"',
        "structure__acronym": "VISp4",
        "structure_parent__id": VISP["id"],
        "structure_parent__acronym": VISP["acronym"],
        "structure__layer": cell.layer,
        "nr__reconstruction_type": "full",
        "erwkf__id": file_id,
        "ef__fast_trough_v_long_square": features["fast_trough_v_long_square"],
        "ef__upstroke_downstroke_ratio_long_square": features[
            "upstroke_downstroke_ratio_long_square"
        ],
        "ef__adaptation": features["adaptation"],
        "ef__f_i_curve_slope": features["f_i_curve_slope"],
        "ef__threshold_i_long_square": features["threshold_i_long_square"],
        "ef__tau": features["tau"],
        "ef__avg_isi": features["avg_isi"],
        "ef__avg_firing_rate": 1e3 / features["avg_isi"],
        "ef__ri": features["ri"],
        "ef__peak_t_ramp": features["peak_t_ramp"],
        "ef__vrest": features["vrest"],
        "csl__x": 9000.0,
        "csl__y": 1500.0,
        "csl__z": 2500.0,
        "csl__normalized_depth": 0.5,
        "cell_reporter_status": "positive",
        "m__glif": len(cell.published),
        "m__biophys": 0,
        "m__biophys_perisomatic": 0,
        "m__biophys_all_active": 0,
        "tag__apical": "intact" if cell.has_apical else "NA",
        "tag__dendrite_type": cell.dendrite_type,
        "donor__age": "P60",
        "donor__sex": "",
        "donor__disease_state": "",
        "donor__race": "",
        "donor__years_of_seizure_history": "",
        "donor__species": "Mus musculus",
        "donor__id": cell.specimen_id + 50_000,
        "donor__name": "SYNTHETIC",
    }


def ephys_features(cell: Cell, features: pd.Series) -> Record:
    """Return the row of EphysFeature, as allentk measures the synthetic recording."""
    row: Record = {str(name): value for name, value in features.items()}
    row["specimen_id"], row["id"] = cell.specimen_id, cell.specimen_id + 60_000
    row["rheobase_sweep_id"] = sweep_id(cell, row["rheobase_sweep_number"])
    hero = features.attrs["hero_sweep_number"]
    row["thumbnail_sweep_id"] = sweep_id(cell, hero) if hero is not None else None
    return row


def sweep_id(cell: Cell, number: int) -> int:
    """Return the database key of a sweep."""
    return cell.specimen_id * 100 + int(number)


def sweep_records(cell: Cell, sweeps: Iterable[Recorded]) -> list[Record]:
    """Return the rows of EphysSweep; what only a rig knows is null."""
    return [
        {
            **dict.fromkeys(RIG_ONLY),
            "id": sweep_id(cell, sweep.number),
            "specimen_id": cell.specimen_id,
            "sweep_number": sweep.number,
            "stimulus_name": sweep.name,
            "stimulus_description": f"{sweep.code}261124[0]",
            "stimulus_units": "Amps" if sweep.clamp == "current" else "Volts",
            "stimulus_absolute_amplitude": sweep.amplitude,
            "stimulus_relative_amplitude": sweep.amplitude / cell.rheobase_pa,
            "stimulus_start_time": sweep.start_s,
            "stimulus_duration": sweep.duration_s,
            "stimulus_interval": None,
            "num_spikes": int(sweep.spikes.size),
            "bridge_balance_mohm": 12.0 if sweep.clamp == "current" else 0.0,
        }
        for sweep in sweeps
    ]


def model_record(
    cell: Cell, level: int, model: GLIFParameters, model_id: int, file: Record
) -> Record:
    """Return the NeuronalModel of one published configuration."""
    template, name = TEMPLATES[level]
    return {
        "id": model_id,
        "name": f"{name}_{cell.name}",
        "neuronal_model_template_id": template,
        "specimen_id": cell.specimen_id,
        "neuronal_model_template": {"id": template, "name": name},
        "neuronal_model_runs": [],
        "description": model.source,
        "well_known_files": [file],
    }


def ophys_experiment(files: list[Record]) -> Record:
    """Return the OphysExperiment of the session."""
    return {
        "id": SESSION_ID,
        "name": "SYNTHETIC",
        "stimulus_name": "three_session_A",
        "specimen_id": CONTAINER_ID + 1000,
        "date_of_acquisition": "2026-11-24T00:00:00Z",
        "targeted_structure_id": VISP["id"],
        "targeted_structure": VISP,
        "imaging_depth": 275,
        "storage_directory": "/SYNTHETIC/",
        "experiment_container_id": CONTAINER_ID,
        "experiment_container": {"id": CONTAINER_ID, "failed": False},
        "fail_eye_tracking": True,
        "specimen": _specimen(),
        "well_known_files": files,
    }


def container() -> Record:
    """Return the ExperimentContainer."""
    session = ophys_experiment([])
    kept = (
        "name stimulus_name specimen_id date_of_acquisition targeted_structure_id imaging_depth "
        "storage_directory experiment_container_id fail_eye_tracking"
    )
    return {
        "id": CONTAINER_ID,
        "failed": False,
        "imaging_depth": 275,
        "isi_experiment_id": None,
        "isi_experiment": None,
        "ophys_experiments": [{"id": SESSION_ID, **{key: session[key] for key in kept.split()}}],
        "specimen_id": session["specimen_id"],
        "specimen": _specimen(),
        "targeted_structure_id": VISP["id"],
        "targeted_structure": VISP,
    }


def _specimen() -> Record:
    lines = (
        ("driver", "Scnn1a-Tg3-Cre"),
        ("driver", "Camk2a-tTA"),
        ("reporter", "Ai93(TITL-GCaMP6f)"),
    )
    return {
        "id": CONTAINER_ID + 1000,
        "name": "SYNTHETIC",
        "donor_id": CONTAINER_ID + 2000,
        "donor": {
            "id": CONTAINER_ID + 2000,
            "external_donor_name": "SYNTHETIC",
            "full_genotype": f"SYNTHETIC: {SESSION_DESCRIPTION}",
            "sex": "",
            "date_of_birth": "2026-08-26T00:00:00Z",
            "age": {"name": "P90", "days": 90.0},
            "conditions": [],
            "transgenic_lines": [
                {"id": 900_300_000 + i, "name": name, "transgenic_line_type_name": kind}
                for i, (kind, name) in enumerate(lines)
            ],
        },
    }


def cell_metrics(metrics: pd.DataFrame) -> list[Record]:
    """Return the rows of ApiCamCellMetric that drifting gratings tell, measured by allentk."""
    return [
        {
            **dict.fromkeys(NOT_SHOWN.split()),
            "cell_specimen_id": int(row["cell"]),
            "experiment_container_id": CONTAINER_ID,
            "specimen_id": CONTAINER_ID + 1000,
            "failed_experiment_container": False,
            "all_stim": False,
            "area": "VISp",
            "imaging_depth": 275,
            "donor_full_genotype": "SYNTHETIC",
            "tld1_id": 900_300_000,
            "tld1_name": "Scnn1a-Tg3-Cre",
            "tlr1_id": 900_300_002,
            "tlr1_name": "Ai93(TITL-GCaMP6f)",
            "pref_dir_dg": row["preferred_direction_deg"],
            "pref_tf_dg": row["preferred_tf_hz"],
            "osi_dg": row["osi_pair"],
            "dsi_dg": row["dsi_pair"],
            "g_osi_dg": row["osi_vector"],
            "g_dsi_dg": row["dsi_vector"],
            "peak_dff_dg": 100 * row["peak_response"],
        }
        for row in metrics.to_dict("records")
    ]


def stimulus_mappings() -> list[Record]:
    """Return the rows of ApiCamStimulusMapping for the metrics of drifting gratings."""
    items = ("pref_dir_dg", "pref_tf_dg", "osi_dg", "dsi_dg", "g_osi_dg", "g_dsi_dg", "peak_dff_dg")
    return [
        {
            "id": number,
            "item": item,
            "item_type": "M",
            "level": "R",
            "stimulus_name": "drifting_gratings",
        }
        for number, item in enumerate(items, start=1)
    ]
