"""Columns of the tables of Visual Coding, Neuropixels.

References
----------
Siegle et al. 2021, Nature 592:86-92; Allen Institute, "Visual Coding - Neuropixels", technical
white paper.
"""

from __future__ import annotations

from allentk.api.tables import Field, documented

__all__ = [
    "CCF",
    "CHANNELS",
    "METRICS",
    "PROBES",
    "SESSIONS",
    "UNITS",
    "UNIT_PLACES",
    "UNIT_QUALITY",
]

SESSIONS = {
    **documented("id", "id | | the session"),
    **documented(
        "text",
        """
        session_type  | | "brain_observatory_1.1" or "functional_connectivity": which stimuli
        sex           | | of the mouse
        full_genotype | | of the mouse
        published_at  | | date of release
        date_of_acquisition | | when it was recorded
        """,
    ),
    **documented("float", "age_in_days | d | age of the mouse"),
    **documented(
        "int",
        """
        specimen_id   | | the mouse
        unit_count    | | units, before any filter
        channel_count | | channels
        probe_count   | | probes
        """,
    ),
    **documented("list", "ecephys_structure_acronyms | | brain structures that channels are in"),
}

PROBES = {
    **documented(
        "id",
        """
        id                 | | the probe
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
    **documented("bool", "has_lfp_data | | whether there is an LFP file of it"),
    **documented(
        "int",
        """
        unit_count    | | units, before any filter
        channel_count | | channels
        """,
    ),
    **documented("list", "ecephys_structure_acronyms | | brain structures that channels are in"),
}

#: Where something is in the common coordinate framework.
CCF = documented(
    "float",
    """
    anterior_posterior_ccf_coordinate | um | common coordinate framework, towards the back
    dorsal_ventral_ccf_coordinate     | um | common coordinate framework, downwards
    left_right_ccf_coordinate         | um | common coordinate framework, to the right
    """,
)
_PLACES = {
    **documented(
        "float",
        """
        probe_horizontal_position | um | position across the probe
        probe_vertical_position   | um | position along the probe, from its tip
        """,
    ),
    **CCF,
    **documented("int", "ecephys_structure_id | | brain structure"),
    **documented("text", "ecephys_structure_acronym | | brain structure, such as VISp"),
}

CHANNELS = {
    **documented(
        "id",
        """
        id               | | the channel
        ecephys_probe_id | | its probe
        """,
    ),
    **documented("int", "local_index | | number on the probe"),
    **_PLACES,
    **documented("bool", "valid_data | | whether its data can be used"),
    **documented("int", "unit_count | | units whose largest waveform is here"),
}

#: How well a unit was isolated.
UNIT_QUALITY = documented(
    "float",
    """
    amplitude_cutoff   | | share of spikes missed below the threshold, estimated
    presence_ratio     | | share of the session in which it fired
    isi_violations     | | contamination, from intervals below 1.5 ms; 0 is clean
    firing_rate        | Hz | mean over the session
    snr                | | largest amplitude of the waveform over its noise
    d_prime            | | separation from other spikes by linear discriminants
    isolation_distance | | distance from other spikes, in units of variance
    nn_hit_rate        | | share of nearest neighbours of its spikes that are its own
    nn_miss_rate       | | share of nearest neighbours of other spikes that are its own
    silhouette_score   | | separation from the nearest other unit, -1 to 1
    max_drift          | um | largest movement along the probe
    cumulative_drift   | um | movement along the probe, added up
    """,
)

UNITS = {
    **documented(
        "id",
        """
        id                 | | the unit
        ecephys_channel_id | | channel with the largest waveform
        """,
    ),
    **UNIT_QUALITY,
    **documented(
        "float",
        """
        L_ratio                       | | contamination, from distances of spikes
        waveform_amplitude            | uV | peak to trough, mean over spikes
        waveform_duration             | ms | trough to peak on the peak channel
        waveform_halfwidth            | ms | width at half of the amplitude
        waveform_PT_ratio             | | peak over trough
        waveform_repolarization_slope | V/s | slope after the trough
        waveform_recovery_slope       | V/s | slope after the peak
        waveform_spread               | um | extent along the probe with over 12 % of the amplitude
        waveform_velocity_above       | s/m | inverse speed of the waveform up the probe
        waveform_velocity_below       | s/m | inverse speed of the waveform down the probe
        """,
    ),
    **documented("text", "quality | | good or noise, from the shape of the waveform"),
    **documented("int", "local_index | | number on its probe"),
}

#: What `Neuropixels.units` adds to a unit from its channel and its probe.
UNIT_PLACES = {
    **documented(
        "int",
        """
        ecephys_probe_id   | | its probe
        ecephys_session_id | | its session
        """,
    ),
    **documented("text", "probe_name | | such as probeA"),
    **_PLACES,
}

_FAMILIES = {
    "dg": "drifting gratings",
    "sg": "static gratings",
    "ns": "natural scenes",
    "fl": "flashes",
    "rf": "gabors",
    "dm": "moving dots",
}
_OF_ALL = """
    firing_rate_{x}         | Hz | mean rate while {y} were shown
    fano_{x}                | | variance over mean of spike counts at the preferred {y}
    lifetime_sparseness_{x} | | selectivity among {y}, 0 to 1
    run_mod_{x}             | | rate while running against resting, for {y}; -1 to 1
    run_pval_{x}            | | how likely that difference is by chance
"""
#: The published tables have none of drifting gratings.
_NOT_OF_DRIFTING = """
    time_to_peak_{x}        | s | time of the largest rate after {y} come on
"""
_OWN = """
    pref_ori_dg   | deg | preferred direction, drifting gratings
    pref_tf_dg    | Hz  | preferred temporal frequency
    g_osi_dg      |     | orientation selectivity, by vector sum
    g_dsi_dg      |     | direction selectivity, by vector sum
    c50_dg        |     | contrast of half the response
    f1_f0_dg      |     | response at the grating's frequency over the mean one
    mod_idx_dg    |     | modulation at the grating's frequency
    pref_ori_sg   | deg | preferred orientation, static gratings
    pref_sf_sg    | cycles/deg | preferred spatial frequency
    pref_phase_sg |     | preferred phase, 0 to 1
    g_osi_sg      |     | orientation selectivity, by vector sum
    pref_image_ns |     | preferred image, as the id of its condition: not the image's number
    image_selectivity_ns | | share of images that it does not respond to
    on_off_ratio_fl  |  | spikes to white over spikes to black flashes
    sustained_idx_fl |  | mean over largest rate to a flash
    pref_speed_dm    |  | preferred speed of dots
    pref_dir_dm      | deg | preferred direction of dots
    azimuth_rf    | deg | horizontal centre of the receptive field
    elevation_rf  | deg | vertical centre of the receptive field
    width_rf      | deg | width of the receptive field
    height_rf     | deg | height of the receptive field
    area_rf       | deg^2 | area of the receptive field
    p_value_rf    |     | how likely the receptive field is by chance
"""
_SEVERAL = """
    pref_ori_multi_dg    | | whether several directions are equally preferred
    pref_tf_multi_dg     | | whether several temporal frequencies are
    pref_ori_multi_sg    | | whether several orientations are
    pref_sf_multi_sg     | | whether several spatial frequencies are
    pref_phase_multi_sg  | | whether several phases are
    pref_images_multi_ns | | whether several images are
    pref_speed_multi_dm  | | whether several speeds are
    pref_dir_multi_dm    | | whether several directions are
    on_screen_rf         | | whether the receptive field lies on the screen
"""


def _metrics() -> dict[str, Field]:
    columns = documented("id", "ecephys_unit_id | | the unit")
    for x, y in _FAMILIES.items():
        columns |= documented("float", _OF_ALL.format(x=x, y=y))
        if x != "dg":
            columns |= documented("float", _NOT_OF_DRIFTING.format(x=x, y=y))
    return columns | documented("float", _OWN) | documented("bool", _SEVERAL)


#: Responses of units to stimuli; which of them there are depends on the type of session.
METRICS = _metrics()
