"""Columns of the tables of Visual Behavior, two-photon and Neuropixels, by project and table.

Which of them there are depends on the release; a column that a newer one added is kept as it comes.

References
----------
Allen Institute, "Visual Behavior" and "Visual Behavior - Neuropixels", technical white papers.
"""

from __future__ import annotations

from collections.abc import Mapping

from allentk.api.neuropixels_columns import CCF, UNIT_QUALITY
from allentk.api.tables import Field, documented

__all__ = ["NEUROPIXELS", "OPHYS"]

_MOUSE = {
    **documented(
        "text",
        """
        mouse_id      | | the mouse
        sex           | | of the mouse
        full_genotype | | of the mouse (two-photon)
        genotype      | | of the mouse (Neuropixels)
        cre_line      | | driver line with Cre
        reporter_line | | line that carries the indicator
        indicator     | | of calcium, such as GCaMP6f
        """,
    ),
    **documented("list", "driver_line | | driver lines"),
    **documented("float", "age_in_days | d | age of the mouse"),
}
_TASK = {
    **documented(
        "text",
        """
        project_code        | | group of recordings
        session_type        | | stage of training or recording, such as OPHYS_1_images_A
        image_set           | | images shown: A, B, G, H or gratings
        behavior_type       | | active_behavior or passive_viewing
        experience_level    | | Familiar, Novel 1, Novel >1 or Training
        date_of_acquisition | | when it was recorded
        equipment_name      | | rig
        """,
    ),
    **documented(
        "int",
        """
        session_number                  | | number of the recording with this mouse
        prior_exposures_to_session_type | | earlier sessions of this type
        prior_exposures_to_image_set    | | earlier sessions with these images
        prior_exposures_to_omissions    | | earlier sessions with omitted images
        """,
    ),
    **documented("bool", "passive | | whether the lick spout was away"),
}
_FILE = documented("int", "file_id | | file in the manifest; -999 where there is none of its own")
_STRUCTURES = documented("list", "structure_acronyms | | brain structures that channels are in")

_BEHAVIOR_SESSIONS = {
    **documented("id", "behavior_session_id | | the session"),
    **documented(
        "int",
        """
        ophys_session_id   | | the imaging session; missing without imaging
        ecephys_session_id | | the Neuropixels session; missing without probes
        imaging_plane_group_count | | groups of planes imaged together
        num_depths_per_area       | | depths imaged per area
        num_targeted_structures   | | areas imaged
        """,
    ),
    **documented(
        "list",
        """
        ophys_container_id  | | containers of its imaging planes
        ophys_experiment_id | | its imaging planes
        """,
    ),
    **_MOUSE,
    **_TASK,
    **_FILE,
}

_OPHYS_SESSIONS = {
    **documented(
        "id",
        """
        ophys_session_id    | | the session
        behavior_session_id | | what the mouse did in it
        """,
    ),
    **{
        name: field
        for name, field in _BEHAVIOR_SESSIONS.items()
        if name not in ("behavior_session_id", "ophys_session_id", "ecephys_session_id")
    },
}

_EXPERIMENTS = {
    **documented(
        "id",
        """
        ophys_experiment_id | | the imaging plane of the session
        behavior_session_id | | what the mouse did in it
        ophys_session_id    | | the session
        ophys_container_id  | | the same plane in all sessions
        """,
    ),
    **documented("text", "targeted_structure | | brain area, such as VISp"),
    **documented(
        "int",
        """
        imaging_depth          | um | depth below the surface
        targeted_imaging_depth | um | mean depth of the container
        imaging_plane_group    | | planes imaged together
        isi_experiment_id      | | map of the visual areas
        """,
    ),
    **_MOUSE,
    **_TASK,
    **_FILE,
}

_CELLS = {
    **documented(
        "id",
        """
        cell_roi_id         | | the cell in this experiment
        ophys_experiment_id | | the experiment
        """,
    ),
    **documented("int", "cell_specimen_id | | the cell in all experiments of its container"),
}

#: Tables of ``visual-behavior-ophys``.
OPHYS: Mapping[str, Mapping[str, Field]] = {
    "behavior_session_table": _BEHAVIOR_SESSIONS,
    "ophys_session_table": _OPHYS_SESSIONS,
    "ophys_experiment_table": _EXPERIMENTS,
    "ophys_cells_table": _CELLS,
}

_ECEPHYS_SESSIONS = {
    **documented(
        "id",
        """
        ecephys_session_id  | | the session
        behavior_session_id | | what the mouse did in it
        """,
    ),
    **documented(
        "int",
        """
        unit_count    | | units
        probe_count   | | probes
        channel_count | | channels
        """,
    ),
    **_STRUCTURES,
    **documented(
        "list",
        """
        abnormal_histology | | structures with damage
        abnormal_activity  | s | times of abnormal activity
        """,
    ),
    **_MOUSE,
    **_TASK,
    **_FILE,
}

_PROBES = {
    **documented(
        "id",
        """
        ecephys_probe_id   | | the probe
        ecephys_session_id | | its session
        """,
    ),
    **documented(
        "text",
        """
        name  | | such as probeA
        phase | | generation of the probe
        """,
    ),
    **documented(
        "float",
        """
        sampling_rate     | Hz | of the spike band
        lfp_sampling_rate | Hz | of the LFP
        """,
    ),
    **documented("bool", "has_lfp_data | | whether there is an LFP of it"),
    **documented(
        "int",
        """
        unit_count    | | units
        channel_count | | channels
        """,
    ),
    **_STRUCTURES,
    **_FILE,
}

_PLACE = {
    **documented(
        "float",
        """
        probe_horizontal_position | um | position across the probe
        probe_vertical_position   | um | position along the probe, from its tip
        """,
    ),
    **CCF,
    **documented("text", "structure_acronym | | brain structure, such as VISp"),
    **documented("bool", "valid_data | | whether the channel's data can be used"),
}

_CHANNELS = {
    **documented(
        "id",
        """
        ecephys_channel_id | | the channel
        ecephys_probe_id   | | its probe
        ecephys_session_id | | its session
        """,
    ),
    **documented(
        "int",
        """
        probe_channel_number | | number on the probe
        unit_count           | | units whose largest waveform is here
        """,
    ),
    **_PLACE,
}

_UNITS = {
    **documented(
        "id",
        """
        unit_id            | | the unit
        ecephys_channel_id | | channel with the largest waveform
        ecephys_probe_id   | | its probe
        ecephys_session_id | | its session
        """,
    ),
    **UNIT_QUALITY,
    **documented(
        "float",
        """
        l_ratio              | | contamination, from distances of spikes
        amplitude            | uV | peak to trough, mean over spikes
        waveform_duration    | ms | trough to peak on the peak channel
        waveform_halfwidth   | ms | width at half of the amplitude
        PT_ratio             | | peak over trough
        repolarization_slope | V/s | slope after the trough
        recovery_slope       | V/s | slope after the peak
        spread               | um | extent along the probe with over 12 % of the amplitude
        velocity_above       | s/m | inverse speed of the waveform up the probe
        velocity_below       | s/m | inverse speed of the waveform down the probe
        """,
    ),
    **documented("text", "quality | | good or noise, from the shape of the waveform"),
    **documented(
        "int",
        """
        local_index  | | number on its probe
        cluster_id   | | number given by the sorter
        structure_id | | brain structure
        """,
    ),
    **_PLACE,
}

#: Tables of ``visual-behavior-neuropixels``.
NEUROPIXELS: Mapping[str, Mapping[str, Field]] = {
    "behavior_sessions": _BEHAVIOR_SESSIONS,
    "ecephys_sessions": _ECEPHYS_SESSIONS,
    "probes": _PROBES,
    "channels": _CHANNELS,
    "units": _UNITS,
}
