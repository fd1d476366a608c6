"""Columns of the tables of NWB 2 sessions, by Allen's names: what they are, and in which unit."""

from __future__ import annotations

from allentk.io.columns import documented

__all__ = [
    "CELLS",
    "ELECTRODES",
    "EYE_TRACKING",
    "GAZE",
    "LICKS",
    "OPTOTAGGING",
    "PRESENTATIONS",
    "PROBES",
    "REWARDS",
    "TRIALS",
    "UNITS",
]

_POSITIONS = """
    probe_id                  | id    |    | probe that the channel is on
    probe_vertical_position   | float | um | position along the probe, from its tip
    probe_horizontal_position | float | um | position across the probe
    structure_acronym         | text  |    | brain structure, such as VISp; missing outside the brain
    anterior_posterior_ccf_um | float | um | position in the common coordinate framework, towards the back
    dorsal_ventral_ccf_um     | float | um | position in the common coordinate framework, downwards
    left_right_ccf_um         | float | um | position in the common coordinate framework, to the right
"""

#: ``EcephysSession.units()``; which of them there are depends on the release.
UNITS = documented(
    """
    unit_id              | id    |         | the unit; the same in every table of the project
    quality              | text  |         | "good" or "noise", from the shape of the waveform
    amplitude_cutoff     | float |         | share of spikes missed below the threshold, estimated
    presence_ratio       | float |         | share of the session in which it fired
    isi_violations       | float |         | contamination, from intervals below 1.5 ms; 0 is clean
    firing_rate          | float | Hz      | mean over the session
    snr                  | float |         | largest amplitude of the waveform over its noise
    isolation_distance   | float |         | distance from other spikes, in units of variance
    l_ratio              | float |         | contamination, from distances of spikes
    d_prime              | float |         | separation from other spikes by linear discriminants
    nn_hit_rate          | float |         | share of nearest neighbours of its spikes that are its own
    nn_miss_rate         | float |         | share of nearest neighbours of other spikes that are its own
    silhouette_score     | float |         | separation from the nearest other unit, -1 to 1
    max_drift            | float | um      | largest movement along the probe
    cumulative_drift     | float | um      | movement along the probe, added up
    amplitude            | float | uV      | peak to trough, mean over spikes
    waveform_duration    | float | ms      | trough to peak on the peak channel
    waveform_halfwidth   | float | ms      | width at half of the amplitude
    PT_ratio             | float |         | peak over trough of the waveform
    repolarization_slope | float | V/s     | slope after the trough
    recovery_slope       | float | V/s     | slope after the peak
    spread               | float | um      | extent along the probe with over 12 % of the amplitude
    velocity_above       | float | s/m     | inverse speed of the waveform up the probe
    velocity_below       | float | s/m     | inverse speed of the waveform down the probe
    peak_channel_id      | id    |         | channel with the largest waveform
    cluster_id           | int   |         | number given by the sorter, per probe
    local_index          | int   |         | number on its probe
    isi_label            | text  |         | label from interval statistics
    structure_layer      | text  |         | structure with its layer
"""
    + _POSITIONS
)

#: ``EcephysSession.electrodes()`` and ``ProbeLFP.channels()``.
ELECTRODES = documented(
    """
    channel_id           | id    |     | the channel; the same in every table of the project
    local_index          | int   |     | number of the channel on its probe (older files)
    probe_channel_number | int   |     | number of the channel on its probe (newer files)
    valid_data           | bool  |     | whether its data can be used
    imp                  | float | Ohm | impedance
    filtering            | text  |     | filters of the hardware
    group_name           | text  |     | name of the probe, such as probeA
"""
    + _POSITIONS
)

#: ``EcephysSession.probes()``.
PROBES = documented(
    """
    name              | text  |    | such as probeA
    probe_id          | id    |    | the probe; the same in every table of the project
    sampling_rate     | float | Hz | of the spike band
    lfp_sampling_rate | float | Hz | of the LFP before it was thinned
    has_lfp_data      | bool  |    | whether there is an LFP file of it
    location          | text  |    | structures it passes, or where it was inserted
"""
)

#: ``stimulus_presentations()``: those beside the columns of every StimulusTable; stimuli differ.
PRESENTATIONS = documented(
    """
    stimulus_name        | text  |     | name as the file has it; `stimulus` says "blank" for a blank sweep
    stimulus_block       | float |     | number of the run of presentations of one stimulus
    stimulus_index       | float |     | number of the kind of stimulus
    duration             | float | s   | length as the file has it
    x_position_deg       | float | deg | horizontal position of a gabor on the screen
    y_position_deg       | float | deg | vertical position of a gabor on the screen
    phase_text           | text  |     | phase as text where it is no number
    color                | float |     | -1 black, 1 white
    Dir                  | float | deg | direction of moving dots
    Speed                | float |     | speed of moving dots
    image_name           | text  |     | image of the change detection task, such as im061; "omitted"
    image_index          | int   |     | number of the image
    image_set            | text  |     | set the image is from
    is_change            | bool  |     | whether another image was shown before
    is_image_novel       | bool  |     | whether the mouse had not seen it in earlier sessions
    is_sham_change       | bool  |     | whether it is the catch trial's time of change
    omitted              | bool  |     | whether no image was shown in its turn
    rewarded             | bool  |     | whether a reward was given
    active               | bool  |     | whether the mouse could earn water at that time
    flashes_since_change | int   |     | presentations since the last change
    trials_id            | int   |     | trial it belongs to
    start_frame          | int   |     | first frame of the monitor
    end_frame            | int   |     | last frame of the monitor
    stimulus_block_name  | text  |     | name of the run
"""
)

#: ``trials()`` of the change detection task.
TRIALS = documented(
    """
    trials_id          | id    |    | number of the trial
    start_time         | float | s  | start
    stop_time          | float | s  | end
    trial_length       | float | s  | length
    initial_image_name | text  |    | image before the change
    change_image_name  | text  |    | image after the change
    change_time        | float | s  | time of the change, or of the sham change
    change_frame       | float |    | frame of the monitor at the change
    is_change          | bool  |    | whether the image changed
    go                 | bool  |    | whether the image changed and the trial counts
    catch              | bool  |    | whether it did not change and the trial counts
    hit                | bool  |    | licked after a change, in time
    miss               | bool  |    | did not lick after a change
    false_alarm        | bool  |    | licked after a sham change
    correct_reject     | bool  |    | did not lick after a sham change
    aborted            | bool  |    | licked before the change
    auto_rewarded      | bool  |    | water was given without a lick
    lick_times         | list  | s  | times of licks in the trial
    response_time      | float | s  | first lick after the change
    response_latency   | float | s  | from the change to that lick; infinite without one
    reward_time        | float | s  | time of the reward
    reward_volume      | float | mL | water given
    is_sham_change     | bool  |    | whether it has a sham change
"""
)

LICKS = documented(
    """
    time_s | float | s | time of the lick
    frame  | int   |   | frame of the monitor
"""
)

REWARDS = documented(
    """
    time_s        | float | s  | time of the reward
    volume_ml     | float | mL | water given
    auto_rewarded | bool  |    | whether it was given without a lick
"""
)

_ELLIPSES = "\n".join(
    f"""
    {part}_center_x | float | px   | centre of the ellipse around the {name}, from the left
    {part}_center_y | float | px   | centre of the ellipse, from the top
    {part}_width    | float | px   | half axis of the ellipse
    {part}_height   | float | px   | other half axis
    {part}_phi      | float | rad  | angle of the ellipse
    {part}_area     | float | px^2 | area of the ellipse, missing in blinks (newer files)
    {part}_area_raw | float | px^2 | area of the ellipse as fitted (newer files)
"""
    for part, name in (("pupil", "pupil"), ("eye", "eye"), ("cr", "corneal reflection"))
)

#: ``eye_tracking()``.
EYE_TRACKING = documented(
    """
    time_s       | float | s | time of the camera's frame
    likely_blink | bool  |   | whether the frame is left out as a blink (newer files)
"""
    + _ELLIPSES
)

#: ``EcephysSession.gaze()``; areas are in the unit that ``attrs["units"]`` names.
GAZE = documented(
    """
    time_s       | float | s   | time of the camera's frame
    pupil_area   | float |     | area of the pupil
    eye_area     | float |     | area of the eye
    screen_x_cm  | float | cm  | where the eye looks on the screen
    screen_y_cm  | float | cm  | where the eye looks on the screen, upwards
    screen_x_deg | float | deg | the same as an angle
    screen_y_deg | float | deg | the same as an angle, upwards
"""
)

#: ``EcephysSession.optotagging()``.
OPTOTAGGING = documented(
    """
    start_time    | float | s  | start of the light
    stop_time     | float | s  | end of the light
    duration      | float | s  | length
    condition     | text  |    | shape of the light pulse, in words
    level         | float |    | strength of the light, as the rig counts it
    name          | text  |    | name of the pulse (older files)
    stimulus_name | text  |    | name of the pulse (newer files)
"""
)

#: ``OphysExperiment.cells()``.
CELLS = documented(
    """
    cell_roi_id      | id   |    | the cell in this experiment
    cell_specimen_id | id   |    | the cell in every experiment of its container
    valid_roi        | bool |    | whether it was taken for a cell
    x                | int  | px | left edge of its mask
    y                | int  | px | upper edge of its mask
    width            | int  | px | width of its mask
    height           | int  | px | height of its mask
    mask_image_plane | int  |    | plane of the segmentation
    max_correction_up    | float | px | largest correction of movement upwards
    max_correction_down  | float | px | largest correction of movement downwards
    max_correction_left  | float | px | largest correction of movement to the left
    max_correction_right | float | px | largest correction of movement to the right
"""
)
