"""What allentk asks of api.brain-map.org: one function per question.

``rma.query_url(queries.recording(464212183))`` is the URL, letter by letter.
"""

from __future__ import annotations

from allentk.api.rma import Query, equals, is_in

__all__ = [
    "BIOPHYSICAL_TEMPLATES",
    "GLIF_TEMPLATES",
    "cell_metrics",
    "cells",
    "containers",
    "ephys_features",
    "glif_config",
    "glif_models",
    "markers",
    "model_files",
    "models",
    "morphology_features",
    "reconstruction",
    "recording",
    "session_file",
    "sessions",
    "stimulus_mappings",
    "sweep_table",
]

#: GLIF level by the id of its model template.
GLIF_TEMPLATES = {
    395310469: 1,
    395310479: 2,
    395310475: 3,
    471355161: 4,
    395310498: 5,
}
#: Kind of biophysical model by the id of its model template.
BIOPHYSICAL_TEMPLATES = {329230710: "perisomatic", 491455321: "all-active"}
_GLIF_ORDER = (395310498, 395310469, 395310475, 395310479, 471355161)


def cells() -> Query:
    """Every cell of the Cell Types Database."""
    return Query("ApiCellTypesSpecimenDetail")


def ephys_features() -> Query:
    """Electrophysiology features of every cell."""
    return Query("EphysFeature", criteria=f"specimen(ephys_result{equals('failed', False)})")


def morphology_features() -> Query:
    """Measures of every reconstruction."""
    return Query(
        "NeuronReconstruction", criteria=f"specimen(ephys_result{equals('failed', False)})"
    )


def sweep_table(specimen_id: int) -> Query:
    """Every sweep of one cell."""
    return Query("EphysSweep", criteria=equals("specimen_id", specimen_id))


def recording(specimen_id: int) -> Query:
    """Link to one cell's NWB file."""
    files = f"ephys_result(well_known_files(well_known_file_type{equals('name', 'NWBDownload')}))"
    return Query(
        "Specimen",
        criteria=f"{equals('id', specimen_id)},{files}",
        include="ephys_result(well_known_files(well_known_file_type))",
    )


def reconstruction(specimen_id: int) -> Query:
    """Link to one cell's SWC file."""
    return _of_reconstruction(specimen_id, "3DNeuronReconstruction")


def markers(specimen_id: int) -> Query:
    """Link to the markers of one cell's reconstruction."""
    return _of_reconstruction(specimen_id, "3DNeuronMarker")


def _of_reconstruction(specimen_id: int, kind: str) -> Query:
    named = equals("name", kind)
    return Query(
        "Specimen",
        criteria=f"{equals('id', specimen_id)},neuron_reconstructions(well_known_files)",
        include=f"neuron_reconstructions(well_known_files(well_known_file_type{named}))",
    )


def models(specimen_id: int) -> Query:
    """Every published model of one cell, with its template and the names of its files."""
    return Query(
        "NeuronalModel",
        criteria=equals("specimen_id", specimen_id),
        include=(
            "neuronal_model_template(well_known_files(well_known_file_type)),"
            "well_known_files(well_known_file_type)"
        ),
        count=False,
    )


def glif_models(specimen_id: int) -> Query:
    """GLIF models of one cell, of all levels."""
    template = f"neuronal_model_template{is_in('id', _GLIF_ORDER)}"
    return Query(
        "Specimen",
        criteria=is_in("id", [specimen_id]),
        include=(
            f"neuronal_models(well_known_files,{template},neuronal_model_runs(well_known_files))"
        ),
        count=False,
    )


def glif_config(model_id: int) -> Query:
    """Link to the configuration of one GLIF model."""
    return model_files(model_id)


def model_files(model_id: int) -> Query:
    """Links to the files of one model of any kind."""
    return Query(
        "NeuronalModel",
        criteria=is_in("id", [model_id]),
        include="well_known_files(well_known_file_type)",
        count=False,
    )


def containers() -> Query:
    """Every experiment container of the Observatory."""
    return Query(
        "ExperimentContainer",
        include=(
            "ophys_experiments,isi_experiment,specimen(donor(conditions,age,transgenic_lines)),"
            "targeted_structure"
        ),
        count=False,
    )


def sessions() -> Query:
    """Every two-photon session of the Observatory."""
    return Query(
        "OphysExperiment",
        include=(
            "experiment_container,well_known_files(well_known_file_type),targeted_structure,"
            "specimen(donor(age,transgenic_lines))"
        ),
        count=False,
    )


def cell_metrics() -> Query:
    """Metrics of every cell of the Observatory, in pages of 2000."""
    return Query("ApiCamCellMetric", order="cell_specimen_id", page=2000)


def stimulus_mappings() -> Query:
    """Every metric and thumbnail of the Observatory, with the stimulus it was measured with."""
    return Query("ApiCamStimulusMapping", count=False)


def session_file(session_id: int, *, kind: str = "NWBOphys") -> Query:
    """Link to a file of one two-photon session, by default the NWB file."""
    named = equals("name", kind)
    return Query(
        "WellKnownFile",
        criteria=f"{equals('attachable_id', session_id)},well_known_file_type{named}",
        count=False,
    )
