"""Small files in the layouts of the Allen Institute, written by h5py."""

from pathlib import Path

import h5py
import numpy as np
import pytest

RATE = 10_000.0


def long_square(amplitude_pa, *, rate=RATE, stop=2.5, test_pulse=True):
    """Current of a long square at 1.02 to 2.02 s, a test pulse of 10 ms before it."""
    time = np.arange(round(stop * rate)) / rate
    current = np.where((time > 1.02 - 1e-9) & (time < 2.02 - 1e-9), amplitude_pa, 0.0)
    if test_pulse:
        current[(time > 0.03 - 1e-9) & (time < 0.04 - 1e-9)] = -50.0
    return current


def nwb1_series(file, folder, name, values, *, kind, unit, conversion, electrode="Electrode 1"):
    group = file.create_group(f"{folder}/{name}")
    group.attrs["ancestry"] = np.array([b"TimeSeries", b"PatchClampSeries", kind.encode()])
    group.attrs["neurodata_type"] = "TimeSeries"
    data = group.create_dataset("data", data=values)
    data.attrs["conversion"] = conversion
    data.attrs["unit"] = np.bytes_(unit)
    start = group.create_dataset("starting_time", data=123.4)
    start.attrs["rate"] = RATE
    group["num_samples"] = len(values)
    group["electrode_name"] = np.bytes_(electrode)
    return group


@pytest.fixture
def nwb1(tmp_path):
    """Write a tiny file in the layout of the Cell Types Database: int16, a voltage-clamp sweep."""

    def write(
        path=None, *, version="1.1", epochs=True, description="a synthetic cell", sweeps=(5, 12)
    ) -> Path:
        path = path or tmp_path / "cell.nwb"
        with h5py.File(path, "w") as file:
            file["nwb_version"] = "NWB-1.0.5"
            file["session_description"] = np.array([description.encode()], dtype=object)
            file["general/aibs_specimen_id"] = b"314900022"
            file["general/generated_by"] = np.array(
                [b"pipeline", b"IVSCC", b"version", version.encode()]
            )
            for position, number in enumerate(sweeps):
                add_current_clamp(file, number, 50.0 * (position + 1), epochs)
            add_voltage_clamp(file, 0)
        return path

    return write


def add_current_clamp(file, number, amplitude, epochs):
    current = long_square(amplitude)
    voltage = np.full(current.size, -70.0) + 0.1 * current
    name = f"Sweep_{number}"
    response = nwb1_series(
        file,
        "acquisition/timeseries",
        name,
        np.round(voltage / 0.03125).astype(np.int16),
        kind="CurrentClampSeries",
        unit="Volts",
        conversion=0.03125e-3,
    )
    response["bridge_balance"] = 12.5e6
    response["bias_current"] = -8e-12
    stimulus = nwb1_series(
        file,
        "stimulus/presentation",
        name,
        np.round(current / 0.5).astype(np.int16),
        kind="CurrentClampStimulusSeries",
        unit="Amps",
        conversion=0.5e-12,
    )
    stimulus["aibs_stimulus_name"] = b"Long Square"
    stimulus["aibs_stimulus_description"] = b"C1LSCOARSE150216[3]"
    stimulus["aibs_stimulus_amplitude_pa"] = amplitude
    stimulus["aibs_stimulus_interval"] = np.nan
    if epochs:
        add_epoch(file, f"Sweep_{number}", number, 0, current.size)
        first = round(0.5 * RATE)
        add_epoch(file, f"Experiment_{number}", number, first, current.size - first)


def add_epoch(file, epoch, number, first, count):
    for part, folder in (
        ("response", "acquisition/timeseries"),
        ("stimulus", "stimulus/presentation"),
    ):
        group = file.create_group(f"epochs/{epoch}/{part}")
        group["idx_start"], group["count"] = first, count
        group["timeseries"] = h5py.SoftLink(f"/{folder}/Sweep_{number}")


def add_voltage_clamp(file, number):
    command = np.where(np.arange(2000) // 200 % 2, 10.0, 0.0)
    nwb1_series(
        file,
        "acquisition/timeseries",
        f"Sweep_{number}",
        (command * 2).astype(np.float32),
        kind="VoltageClampSeries",
        unit="Amps",
        conversion=1e-12,
    )
    stimulus = nwb1_series(
        file,
        "stimulus/presentation",
        f"Sweep_{number}",
        command.astype(np.float32),
        kind="VoltageClampStimulusSeries",
        unit="Volts",
        conversion=1e-3,
    )
    stimulus["aibs_stimulus_name"] = b"Test"


@pytest.fixture
def floats1(tmp_path):
    """Write a file of one sweep of floats with any numbers, unit, conversion and version."""

    def write(voltage, current, *, conversions=(1e-3, 1e-12), version=None) -> Path:
        path = tmp_path / "floats.nwb"
        with h5py.File(path, "w") as file:
            file["nwb_version"] = b"NWB-1.0.2"
            if version:
                file["general/generated_by"] = np.array([b"version", version.encode()])
            nwb1_series(
                file,
                "acquisition/timeseries",
                "Sweep_7",
                np.asarray(voltage, dtype=np.float32),
                kind="CurrentClampSeries",
                unit="Volts",
                conversion=conversions[0],
            )
            nwb1_series(
                file,
                "stimulus/presentation",
                "Sweep_7",
                np.asarray(current, dtype=np.float32),
                kind="CurrentClampStimulusSeries",
                unit="Amps",
                conversion=conversions[1],
            )
        return path

    return write


N_FRAMES = 900
CELLS = (517_425_074, 517_399_994, 600_000_001)
PIPELINE = "processing/brain_observatory_pipeline"


@pytest.fixture
def session_file(tmp_path):
    """Write a tiny two-photon session in the Observatory's layout."""
    path = tmp_path / "session.nwb"
    times = 10.0 + np.arange(N_FRAMES) * 0.03325
    cells = np.arange(3)[:, None]
    with h5py.File(path, "w") as file:
        file["nwb_version"] = b"NWB-1.0.6"
        file["session_description"] = b"Synthetic session"
        file["general/session_id"] = b"501940850"
        file["general/session_type"] = b"three_session_A"
        file["general/optophysiology/imaging_plane_1/location"] = b"VISp"
        file["general/optophysiology/imaging_plane_1/imaging depth"] = b"175 microns"
        p = file.create_group(PIPELINE)
        p["DfOverF/imaging_plane_1/data"] = (cells + 0.001 * np.arange(N_FRAMES)).astype("f4")
        p["DfOverF/imaging_plane_1/timestamps"] = times
        p["Fluorescence/imaging_plane_1/data"] = np.full((3, N_FRAMES + 1), 100.0)
        p["Fluorescence/imaging_plane_1/timestamps"] = np.append(times, times[-1] + 0.03325)
        p["Fluorescence/imaging_plane_1_demixed_signal/data"] = np.full((3, N_FRAMES), 90.0)
        p["Fluorescence/imaging_plane_1_neuropil_response/data"] = np.full((3, N_FRAMES), 40.0)
        p["Fluorescence/imaging_plane_1_neuropil_response/r"] = np.array([0.0, 0.5, 1.0])
        p["ImageSegmentation/cell_specimen_ids"] = np.array(CELLS)
        p["ImageSegmentation/imaging_plane_1/roi_list"] = np.array([b"roi_0", b"roi_1", b"roi_2"])
        for i in range(3):
            mask = np.zeros((8, 9), dtype=np.uint8)
            mask[i, i : i + 2] = 1
            p[f"ImageSegmentation/imaging_plane_1/roi_{i}/img_mask"] = mask
        p["BehavioralTimeSeries/running_speed/data"] = np.linspace(0, 5, N_FRAMES)
        p["BehavioralTimeSeries/running_speed/timestamps"] = times
        add_stimuli(file)
    return path


def add_stimuli(file):
    gratings = file.create_group("stimulus/presentation/drifting_gratings_stimulus")
    gratings["data"] = np.array([[2.0, 45.0, 0.0], [np.nan, np.nan, 1.0], [8.0, 270.0, 0.0]])
    gratings["features"] = np.array([b"temporal_frequency", b"orientation", b"blank_sweep"])
    gratings["frame_duration"] = np.array([[30, 90], [120, 180], [210, 270]])
    movie = file.create_group("stimulus/presentation/natural_movie_one_stimulus")
    movie["data"] = np.array([0, 1, 2, 0, 1, 2])
    movie["frame_duration"] = np.array([[i, i] for i in range(300, 306)])
    rest = file.create_group("stimulus/presentation/spontaneous_stimulus")
    rest["data"] = np.array([1, -1])
    rest["frame_duration"] = np.array([[400, 400], [N_FRAMES, N_FRAMES]])
