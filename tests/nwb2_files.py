"""Small SYNTHETIC files in the layouts of the Allen Institute's NWB 2 releases.

`write_*` lay them out dataset by dataset as the released files are; `pynwb_*` let pynwb write them,
so that the readers are also held against files that nothing of ours laid out.
"""

from datetime import UTC, datetime

import h5py
import numpy as np

UNITS = (950_911_932, 950_911_986, 950_912_018)
CHANNELS = (850_126_378, 850_126_380, 850_126_382, 850_126_384)
SPIKES = ([0.5, 1.5, 2.5, 11.0], [], [1.0, 0.25, 30.0])
PROBE = 760_640_083
ROIS = (1_080_000_001, 1_080_000_002, 1_080_000_003)
CELLS = (1_086_492_307, 1_086_492_308, 1_086_492_309)
N_FRAMES = 40
RATE_HZ = 10.0


def texts(values):
    return np.array([value.encode() for value in values], dtype=object)


def add_text(group, name, values):
    group.create_dataset(name, data=texts(values), dtype=h5py.string_dtype())


def add_table(file, path, columns, *, colnames=None, first_id=0):
    """Add a table: lists of text, numbers or truths by name."""
    group = file.create_group(path)
    n_rows = len(next(iter(columns.values())))
    group["id"] = np.arange(first_id, first_id + n_rows)
    for name, values in columns.items():
        if isinstance(values, list) and any(isinstance(value, str) for value in values):
            add_text(group, name, values)
        else:
            group[name] = np.array(values)
    group.attrs["colnames"] = texts(colnames or columns)
    group.attrs["neurodata_type"] = "DynamicTable"
    return group


def add_ragged(group, name, rows, dtype=np.uint8):
    group[name] = np.concatenate([np.asarray(row, dtype=float) for row in rows])
    group[f"{name}_index"] = np.cumsum([len(row) for row in rows]).astype(dtype)


def add_series(file, path, values, times, *, unit="", **attributes):
    group = file.create_group(path)
    data = group.create_dataset("data", data=np.asarray(values))
    data.attrs["unit"] = unit
    data.attrs["conversion"] = attributes.pop("conversion", 1.0)
    group["timestamps"] = np.asarray(times, dtype=float)
    return group


def add_head(file, *, session, stimulus=None):
    file.attrs["nwb_version"] = "2.2.2"
    file["session_description"] = "Synthetic data in the layout of a session"
    file["identifier"] = str(session)
    file["session_start_time"] = "2019-01-02T15:45:39-08:00"
    file["general/session_id"] = str(session)
    file["general/institution"] = "nobody's"
    if stimulus:
        file["general/stimulus"] = stimulus
    subject = file.create_group("general/subject")
    subject["sex"], subject["age"] = "M", "P110D"
    subject["subject_id"] = "744228101"
    subject.attrs["specimen_name"] = "Sst-IRES-Cre;Ai32-386129"


def add_electrodes(file, channels=CHANNELS):
    n = len(channels)
    group = add_table(
        file,
        "general/extracellular_ephys/electrodes",
        {
            "local_index": list(range(n)),
            "probe_vertical_position": [20 * i for i in range(n)],
            "probe_horizontal_position": [43] * n,
            "probe_id": [PROBE] * n,
            "valid_data": [True] * n,
            "x": [8000.0 + i for i in range(n)],
            "y": [3000.0] * n,
            "z": [np.nan] + [9000.0] * (n - 1),
            "location": ["VISp", "VISp", "", "CA1"][:n],
            "group_name": ["probeA"] * n,
            "filtering": ["AP band"] * n,
        },
    )
    group["id"][...] = np.array(channels)
    probe = file.require_group("general/extracellular_ephys/probeA")
    probe.attrs["has_lfp_data"] = True
    probe.attrs["lfp_sampling_rate"] = 1249.99
    device = probe.create_group("device")
    device.attrs["probe_id"] = PROBE
    device.attrs["sampling_rate"] = 29999.97
    reference = file.create_dataset(
        "general/extracellular_ephys/electrodes/group", (n,), dtype=h5py.ref_dtype
    )
    for row in range(n):
        reference[row] = probe.ref


def add_presentations(file):
    """Gratings with a blank sweep, images with one, and spontaneous activity."""
    gratings = add_table(
        file,
        "intervals/drifting_gratings_presentations",
        {
            "start_time": [1.0, 4.0, 7.0],
            "stop_time": [3.0, 6.0, 9.0],
            "stimulus_name": ["drifting_gratings"] * 3,
            "stimulus_block": [2.0] * 3,
            "orientation": [45.0, np.nan, 270.0],
            "temporal_frequency": [2.0, np.nan, 8.0],
            "spatial_frequency": ["0.04", "null", "0.04"],
            "contrast": [0.8, 0.8, 0.8],
            "phase": ["[3644.9, 3644.9]", "null", "[21211.9, 21211.9]"],
            "size": ["[250.0, 250.0]"] * 3,
        },
    )
    add_text(gratings, "tags", ["stimulus_time_interval"] * 3)
    gratings["tags_index"] = np.arange(1, 4, dtype=np.uint8)
    pointers = np.zeros(3, dtype=[("idx_start", "<i4"), ("count", "<i4")])
    gratings["timeseries"], gratings["timeseries_index"] = pointers, np.arange(1, 4)
    add_table(
        file,
        "intervals/natural_scenes_presentations",
        {"start_time": [20.0, 20.25], "stop_time": [20.26, 20.5], "frame": [117.0, -1.0]},
    )
    add_table(
        file,
        "intervals/spontaneous_presentations",
        {
            "start_time": [10.0],
            "stop_time": [20.0],
            "stimulus_name": ["spontaneous"],
        },
    )


def add_units(file):
    group = file.create_group("units")
    group["id"] = np.array(UNITS)
    group["quality"] = texts(["good", "noise", "good"])
    group["peak_channel_id"] = np.array([CHANNELS[1], CHANNELS[2], CHANNELS[3]])
    group["local_index"] = np.array([0, 1, 2])
    group["amplitude_cutoff"] = np.array([0.001, 0.5, 0.1])
    group["presence_ratio"] = np.array([0.99, 0.2, 0.95])
    group["isi_violations"] = np.array([0.1, 3.0, 0.6])
    group["snr"] = np.array([4.0, np.nan, 2.0])
    add_ragged(group, "spike_times", SPIKES)
    add_ragged(group, "spike_amplitudes", [np.full(len(row), 1e-4) for row in SPIKES])
    group["waveform_mean"] = np.zeros((12, 82))
    group["waveform_mean_index"] = np.array([4, 8, 12], dtype=np.uint8)
    names = ["quality", "peak_channel_id", "local_index", "amplitude_cutoff", "spike_times"]
    group.attrs["colnames"] = texts(names)


def add_ellipse_tables(file, n=6):
    for part, size in (("pupil", 40.0), ("eye", 90.0), ("cr", 8.0)):
        add_table(
            file,
            f"processing/eye_tracking/{part}_ellipse_fits",
            {
                "timestamps": np.arange(n) / 30,
                "center_x": np.full(n, 300.0),
                "center_y": np.full(n, 200.0),
                "width": np.full(n, size),
                "height": np.full(n, size - 1),
                "phi": np.zeros(n),
            },
        )
    for folder in ("filtered_gaze_mapping", "raw_gaze_mapping"):
        times = np.arange(n) / 30
        base = f"processing/{folder}"
        add_series(file, f"{base}/pupil_area", np.full(n, 0.02), times, unit="cm^2")
        add_series(file, f"{base}/eye_area", np.full(n, 0.3), times, unit="cm^2")
        both = np.column_stack([np.full(n, -1.5), np.full(n, 2.5)])
        add_series(file, f"{base}/screen_coordinates", both, times)
        add_series(file, f"{base}/screen_coordinates_spherical", 4 * both, times)


def write_ecephys(path, *, session=766_640_955, opto="optogenetic_stimulation"):
    """Write a session of Visual Coding, Neuropixels."""
    with h5py.File(path, "w") as file:
        add_head(file, session=session, stimulus="brain_observatory_1.1")
        add_electrodes(file)
        add_units(file)
        add_presentations(file)
        speed, times = np.array([0.0, 12.5, np.nan]), [0.1, 0.2, 0.3]
        add_series(file, "processing/running/running_speed", speed, times, unit="cm/s")
        add_series(file, "processing/running/running_speed_end_times", times, times)
        add_ellipse_tables(file)
        add_series(file, "processing/optotagging/optotagging", [1.0], [40.0])
        add_table(
            file,
            f"processing/optotagging/{opto}",
            {
                "start_time": [40.0, 42.0],
                "stop_time": [40.01, 43.0],
                "condition": ["a single square pulse", "half-period of a cosine wave"],
                "level": [1.7, 2.5],
                "stimulus_name": ["pulse", "raised_cosine"],
                "duration": [0.01, 1.0],
            },
        )
    return path


def lfp_values(n_samples, n_channels):
    """Return an LFP in V whose every value says where it is."""
    return (1e-6 * np.arange(n_samples)[:, None] + 1e-3 * np.arange(n_channels)).astype("f4")


def write_lfp(path, *, session=766_640_955, n_samples=200, channels=(1, 3)):
    """Write the LFP of a probe at 10 Hz from 5 s on: some of its channels."""
    with h5py.File(path, "w") as file:
        add_head(file, session=session)
        file["identifier"][()] = str(PROBE)
        add_electrodes(file)
        name = f"acquisition/probe_{PROBE}_lfp/probe_{PROBE}_lfp_data"
        times = 5 + np.arange(n_samples) / RATE_HZ
        group = add_series(file, name, lfp_values(n_samples, len(channels)), times, unit="volts")
        group["electrodes"] = np.array(channels)
        file[f"acquisition/probe_{PROBE}_lfp_data"] = h5py.SoftLink(f"/{name}")
    return path


def add_behavior(file):
    """Licks, rewards, trials, a task and running of the change detection task."""
    add_series(file, "processing/licking/licks", np.array([90, 150]), [1.5, 2.5])
    add_series(file, "processing/rewards/volume", [0.007, 0.005], [2.6, 8.0], unit="mL")
    add_series(file, "processing/rewards/autorewarded", [False, True], [2.6, 8.0])
    add_series(file, "processing/running/speed", [3.0, 4.0], [0.0, 0.5], unit="cm/s")
    trials = add_table(
        file,
        "intervals/trials",
        {
            "start_time": [1.0, 5.0],
            "stop_time": [4.0, 9.0],
            "go": [True, False],
            "hit": [True, False],
            "change_image_name": ["im061", ""],
            "response_latency": [0.4, np.inf],
        },
    )
    add_ragged(trials, "lick_times", [[1.5, 2.5], []], np.uint16)
    task = file.create_group("general/task_parameters")
    task.attrs["neurodata_type"] = "BehaviorTaskParameters"
    task.attrs["task"] = "change detection"
    task.attrs["reward_volume"] = 0.007
    task.attrs["omitted_flash_fraction"] = np.nan
    task["response_window_sec"] = np.array([0.15, 0.75])
    meta = file.create_group("general/metadata")
    meta.attrs["ophys_experiment_id"] = 951_980_471
    meta["stimulus_frame_rate"] = 60.0


def add_images(file):
    """Images of the change detection task, one of them omitted, and a movie."""
    add_table(
        file,
        "intervals/Natural_Images_Lum_Matched_set_training_2017_presentations",
        {
            "start_time": [1.0, 1.75, 2.5],
            "stop_time": [1.25, np.nan, 2.75],
            "stimulus_name": ["Natural_Images_Lum_Matched_set_training_2017"] * 3,
            "image_name": ["im061", "omitted", "im062"],
            "omitted": [0.0, 1.0, np.nan],
            "is_change": [False, False, True],
            "active": [True, True, True],
        },
    )


def add_ellipse_series(file, n=5):
    times = np.arange(n) / 30
    for number, part in enumerate(
        ("eye_tracking", "pupil_tracking", "corneal_reflection_tracking")
    ):
        base = f"acquisition/EyeTracking/{part}"
        centre = np.column_stack([np.full(n, 300.0 + number), np.full(n, 200.0)])
        group = add_series(file, base, centre, times, unit="pixels")
        if number:
            del group["timestamps"]
            group["timestamps"] = h5py.SoftLink("/acquisition/EyeTracking/eye_tracking/timestamps")
        for name, value in (("area", np.nan), ("area_raw", 50.0), ("width", 9.0), ("height", 8.0)):
            group[name] = np.full(n, value)
        group["angle"] = np.zeros(n)
    add_series(file, "acquisition/EyeTracking/likely_blink", np.arange(n) == 2, times)


def trace_values(order):
    """Return frames x cells, the columns in `order`; every value says cell and frame."""
    return np.arange(N_FRAMES)[:, None] * 0.001 + np.asarray(order, dtype=float)[None, :]


def write_ophys(path, *, order=(2, 0, 1), eye=True):
    """Write an experiment of Visual Behavior; columns of traces are rows `order` of the cells."""
    times = 100 + np.arange(N_FRAMES) / 31
    with h5py.File(path, "w") as file:
        add_head(file, session=951_980_471)
        add_behavior(file)
        add_images(file)
        if eye:
            add_ellipse_series(file)
        base = "processing/ophys"
        cells = add_table(
            file,
            f"{base}/image_segmentation/cell_specimen_table",
            {
                "cell_specimen_id": list(CELLS),
                "valid_roi": [True] * 3,
                "x": [10, 20, 30],
                "y": [11, 21, 31],
                "width": [4, 5, 6],
                "height": [3, 3, 3],
            },
        )
        cells["id"][...] = np.array(ROIS)
        masks = np.zeros((3, 12, 14), dtype=bool)
        for row in range(3):
            masks[row, row, row : row + 2] = True
        cells["image_mask"] = masks
        values = trace_values(order)
        for name, scale in (
            ("dff/traces", 1),
            ("corrected_fluorescence/traces", 100),
            ("demixed_trace/traces", 110),
            ("neuropil_trace/traces", 10),
        ):
            group = add_series(file, f"{base}/{name}", scale * values, times)
            group["rois"] = np.array(order)
        events = add_series(file, f"{base}/event_detection", values * (values > 1), times)
        del events["timestamps"]
        events["rois"] = np.array(order)
        file[f"{base}/images/max_projection"] = np.full((12, 14), 7, dtype=np.uint8)
        file[f"{base}/images/average_image"] = np.full((12, 14), 3, dtype=np.uint8)
    return path


def _pynwb_file(session):
    from pynwb import NWBFile
    from pynwb.file import Subject

    return NWBFile(
        session_description="Synthetic, written by pynwb",
        identifier=str(session),
        session_id=str(session),
        session_start_time=datetime(2020, 1, 1, tzinfo=UTC),
        subject=Subject(subject_id="5", sex="F", age="P90D", species="Mus musculus"),
    )


def _pynwb_write(path, nwb):
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(path, "w") as out:
        out.write(nwb)
    return path


def pynwb_ecephys(path, *, session=766_640_955):
    """Let pynwb write units, channels, presentations, running and an LFP."""
    from pynwb.base import TimeSeries
    from pynwb.ecephys import LFP, ElectricalSeries
    from pynwb.epoch import TimeIntervals

    nwb = _pynwb_file(session)
    device = nwb.create_device(name="probeA")
    group = nwb.create_electrode_group(
        name="probeA", description="a probe", location="VISp", device=device
    )
    nwb.add_electrode_column("probe_id", "its probe")
    for channel, place in zip(CHANNELS, ("VISp", "VISp", "root", "CA1"), strict=True):
        nwb.add_electrode(
            id=channel, x=1.0, y=2.0, z=3.0, location=place, group=group, probe_id=PROBE
        )
    for name in ("quality", "peak_channel_id", "snr"):
        nwb.add_unit_column(name, name)
    for row, unit in enumerate(UNITS):
        nwb.add_unit(
            id=unit,
            spike_times=np.sort(SPIKES[row]),
            quality="good",
            peak_channel_id=CHANNELS[row],
            snr=1.5 * row,
        )
    shown = TimeIntervals(name="flashes_presentations", description="flashes")
    shown.add_column("stimulus_name", "name")
    shown.add_column("color", "color")
    for start in (1.0, 3.0):
        shown.add_interval(
            start_time=start,
            stop_time=start + 0.25,
            stimulus_name="flashes",
            color="-1.0",
            tags=["a", "b"],
        )
    nwb.add_time_intervals(shown)
    running = nwb.create_processing_module("running", "speed")
    running.add(
        TimeSeries(name="running_speed", data=[1.0, 2.0], rate=10.0, starting_time=4.0, unit="cm/s")
    )
    region = nwb.create_electrode_table_region([1, 3], "channels of the LFP")
    times = 5 + np.arange(50) / RATE_HZ
    series = ElectricalSeries(
        name=f"probe_{PROBE}_lfp_data",
        data=lfp_values(50, 2),
        electrodes=region,
        timestamps=times,
    )
    nwb.add_acquisition(LFP(name=f"probe_{PROBE}_lfp", electrical_series=series))
    return _pynwb_write(path, nwb)


def pynwb_ophys(path):
    """Let pynwb write cells, dF/F and trials with ragged licks."""
    from pynwb.ophys import DfOverF, ImageSegmentation, OpticalChannel, RoiResponseSeries

    nwb = _pynwb_file(7)
    plane = nwb.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(name="channel", description="green", emission_lambda=510.0),
        description="a plane",
        device=nwb.create_device(name="microscope"),
        excitation_lambda=910.0,
        indicator="GCaMP6f",
        location="VISp",
    )
    module = nwb.create_processing_module("ophys", "imaging")
    segmentation = ImageSegmentation(name="image_segmentation")
    module.add(segmentation)
    cells = segmentation.create_plane_segmentation(
        name="cell_specimen_table", description="cells", imaging_plane=plane
    )
    cells.add_column("cell_specimen_id", "its id")
    for roi, cell in zip(ROIS, CELLS, strict=True):
        mask = np.zeros((4, 5))
        mask[1, 2] = 1
        cells.add_roi(id=roi, image_mask=mask, cell_specimen_id=cell)
    rois = cells.create_roi_table_region("rows", region=[2, 0, 1])
    dff = RoiResponseSeries(
        name="traces",
        data=trace_values((2, 0, 1)),
        rois=rois,
        unit="NA",
        timestamps=100 + np.arange(N_FRAMES) / 31,
    )
    module.add(DfOverF(name="dff", roi_response_series=dff))
    nwb.add_trial_column("lick_times", "licks", index=True)
    nwb.add_trial(start_time=0.0, stop_time=2.0, lick_times=[0.5, 1.5])
    nwb.add_trial(start_time=2.0, stop_time=3.0, lick_times=[])
    return _pynwb_write(path, nwb)
