"""Neuropixels sessions: units, spikes, channels, light pulses, gaze; files of ours and of pynwb."""

import pickle
import warnings

import h5py
import numpy as np
import pytest

from allentk.errors import DataError, FormatError
from allentk.io import read_ecephys_session, read_nwb, read_ophys_session
from allentk.io.nwb2_columns import ELECTRODES, GAZE, OPTOTAGGING, PROBES
from allentk.io.nwb2_columns import UNITS as UNIT_COLUMNS
from tests.nwb2_files import CHANNELS, PROBE, SPIKES, UNITS, pynwb_ecephys, write_ecephys, write_lfp


@pytest.fixture
def path(tmp_path):
    return write_ecephys(tmp_path / "session.nwb")


@pytest.fixture
def session(path):
    return read_ecephys_session(path)


@pytest.fixture
def by_pynwb(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_ecephys_session(pynwb_ecephys(tmp_path / "pynwb.nwb"))


def test_what_a_session_is(session, path):
    assert session.unit_ids == UNITS
    assert session.stimuli == ["drifting_gratings", "natural_scenes", "spontaneous"]
    assert session.metadata["synthetic"] is True
    assert session.metadata["session_id"] == 766_640_955
    assert session.metadata["session_type"] == "brain_observatory_1.1"
    assert session.metadata["specimen_name"] == "Sst-IRES-Cre;Ai32-386129"
    assert session.metadata["format"] == "NWB 2.2.2"
    assert session.path == str(path)
    assert repr(session).startswith("<EcephysSession session.nwb: 3 units, drifting_gratings")
    assert pickle.loads(pickle.dumps(session)).spike_times_s(UNITS[0]).size == 4


def test_units_with_the_place_of_their_channel(session):
    units = session.units()
    assert units["unit_id"].tolist() == list(UNITS)
    assert units["quality"].tolist() == ["good", "noise", "good"]
    assert units["structure_acronym"].tolist()[::2] == ["VISp", "CA1"]
    assert units["structure_acronym"].isna().tolist() == [False, True, False]
    assert units["probe_vertical_position"].tolist() == [20, 40, 60]
    assert units["anterior_posterior_ccf_um"].tolist() == [8001.0, 8002.0, 8003.0]
    assert units["local_index"].tolist() == [0, 1, 2]
    assert not {"spike_times", "spike_amplitudes", "waveform_mean"} & set(units)


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [
        ({"quality": "good"}, [0, 2]),
        ({"amplitude_cutoff_max": 0.1}, [0, 2]),
        ({"presence_ratio_min": 0.96}, [0]),
        ({"isi_violations_max": 0.5}, [0]),
        ({"quality": "noise", "isi_violations_max": 5.0}, [1]),
        ({"quality": "none"}, []),
    ],
)
def test_units_within_bounds(session, bounds, kept):
    assert session.units(**bounds)["unit_id"].tolist() == [UNITS[row] for row in kept]


def test_a_bound_for_what_is_not_there(path):
    with h5py.File(path, "a") as file:
        del file["units/quality"]
    with pytest.raises(DataError, match=r"session\.nwb: there is no column 'quality'"):
        read_ecephys_session(path).units(quality="good")


def test_spikes_of_a_unit(session):
    for unit, times in zip(UNITS, SPIKES, strict=True):
        assert session.spike_times_s(unit).tolist() == sorted(times)
    with pytest.raises(DataError, match=r"session\.nwb: no unit 7; the 3 units"):
        session.spike_times_s(7)


def test_spikes_of_units_in_any_order(session):
    trains = session.spikes([UNITS[2], UNITS[1], UNITS[0]])
    assert trains.n_cells == 3
    assert trains.of(0).tolist() == [0.25, 1.0, 30.0]
    assert trains.of(1).tolist() == []
    assert trains.of(2).tolist() == SPIKES[0]
    assert len(session.spikes()) == 7
    assert len(session.spikes([])) == 0
    with pytest.raises(DataError, match="no unit 5"):
        session.spikes([UNITS[0], 5])


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ([4, 4, 9], r"spike_times_index: a row from 4 to 9 does not fit the column of 7"),
        ([5, 4, 3], r"a row from 4 to 3"),
        ([4, 4], r"expected a row 2, but there are 2"),
    ],
)
def test_an_index_that_does_not_fit(path, index, said):
    with h5py.File(path, "a") as file:
        del file["units/spike_times_index"]
        file["units/spike_times_index"] = np.array(index)
    with pytest.raises(FormatError, match=said):
        read_ecephys_session(path).spike_times_s(UNITS[2])


def test_times_that_are_none(path):
    with h5py.File(path, "a") as file:
        file["units/spike_times"][1] = np.nan
    with pytest.raises(FormatError, match=f"unit {UNITS[0]} has times that are not finite"):
        read_ecephys_session(path).spike_times_s(UNITS[0])


def test_channels_and_probes(session):
    channels = session.electrodes()
    assert channels["channel_id"].tolist() == list(CHANNELS)
    assert channels["valid_data"].tolist() == [True] * 4
    assert "group" not in channels
    probe = session.probes().iloc[0].to_dict()
    assert probe["name"] == "probeA"
    assert probe["probe_id"] == PROBE
    assert probe["sampling_rate"] == 29999.97
    assert probe["lfp_sampling_rate"] == 1249.99
    assert probe["has_lfp_data"]


def test_a_file_without_probes(path):
    with h5py.File(path, "a") as file:
        del file["general/extracellular_ephys/probeA"]
    with pytest.raises(FormatError, match="expected a group per probe"):
        read_ecephys_session(path).probes()


@pytest.mark.parametrize("name", ["optogenetic_stimulation", "optogenetic_stimuluation"])
def test_light_pulses(tmp_path, name):
    session = read_ecephys_session(write_ecephys(tmp_path / "s.nwb", opto=name))
    table = session.optotagging()
    assert table["start_time"].tolist() == [40.0, 42.0]
    assert table["level"].tolist() == [1.7, 2.5]
    assert table["condition"].tolist()[0] == "a single square pulse"


def test_gaze(session):
    table = session.gaze()
    assert table.loc[0, ["screen_x_cm", "screen_y_cm"]].tolist() == [2.5, -1.5]
    assert table.loc[0, ["screen_x_deg", "screen_y_deg"]].tolist() == [10.0, -6.0]
    assert table["time_s"].tolist() == pytest.approx([n / 30 for n in range(6)])
    assert table.attrs["units"]["pupil_area"] == "cm^2"
    assert len(session.gaze(filtered=False)) == 6


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("screen_coordinates/data", np.zeros((5, 2)), r"expected shape \(6, 2\), got \(5, 2\)"),
        ("eye_area/data", np.zeros(4), "as many values as times"),
    ],
)
def test_gaze_that_does_not_fit(path, name, values, said):
    with h5py.File(path, "a") as file:
        base = file["processing/filtered_gaze_mapping"]
        del base[name]
        base[name] = values
    with pytest.raises(FormatError, match=said):
        read_ecephys_session(path).gaze()


def test_areas_of_eye_and_pupil_of_different_lengths(path):
    with h5py.File(path, "a") as file:
        eye = file["processing/filtered_gaze_mapping/eye_area"]
        for name in ("data", "timestamps"):
            del eye[name]
            eye[name] = np.zeros(4)
    with pytest.raises(FormatError, match="6 pupil areas, but 4 eye areas"):
        read_ecephys_session(path).gaze()


def test_what_a_session_may_be_without(path):
    with h5py.File(path, "a") as file:
        del file["processing"], file["intervals"]
    session = read_ecephys_session(path)
    assert session.stimuli == []
    assert len(session.stimulus_presentations()) == 0
    asked = {
        "running speed": session.running_speed,
        "eye tracking": session.eye_tracking,
        "gaze": session.gaze,
        "optotagging": session.optotagging,
        "licks": session.licks,
        "rewards": session.rewards,
        "trials": session.trials,
        "task parameters": session.task_parameters,
    }
    for what, ask in asked.items():
        with pytest.raises(DataError, match=rf"session\.nwb: no {what} in this session"):
            ask()


def test_every_column_is_documented(session):
    for table, columns in (
        (session.units(), UNIT_COLUMNS),
        (session.electrodes(), ELECTRODES),
        (session.probes(), PROBES),
        (session.optotagging(), OPTOTAGGING),
        (session.gaze(), GAZE),
    ):
        assert set(table) <= set(columns)
        assert all(columns[name].meaning for name in table)


def test_a_file_of_pynwb(by_pynwb):
    assert by_pynwb.unit_ids == UNITS
    assert by_pynwb.units()["structure_acronym"].tolist() == ["VISp", "VISp", "root"]
    assert by_pynwb.units()["snr"].tolist() == [0.0, 1.5, 3.0]
    for unit, times in zip(UNITS, SPIKES, strict=True):
        assert by_pynwb.spike_times_s(unit).tolist() == sorted(times)
    shown = by_pynwb.stimulus_presentations("flashes").table
    assert shown["start_s"].tolist() == [1.0, 3.0]
    assert shown["color"].tolist() == [-1.0, -1.0]
    speed, times = by_pynwb.running_speed()
    assert speed.tolist() == [1.0, 2.0]
    assert times.tolist() == [4.0, 4.1]
    assert by_pynwb.metadata["sex"] == "F"
    assert by_pynwb.metadata["session_id"] == 766_640_955


def test_an_lfp_in_the_file_of_the_session(by_pynwb):
    lfp = by_pynwb.lfp(PROBE, 6.0, 6.5)
    assert lfp.unit == "mV"
    assert lfp.ids.tolist() == [CHANNELS[1], CHANNELS[3]]
    assert lfp.values[1] == pytest.approx(1 + 1e-3 * np.arange(10, 15), abs=1e-6)


def test_an_lfp_that_is_elsewhere(session):
    with pytest.raises(DataError, match=r"no LFP of probe 5 in this file.*probe_lfp\(5\)"):
        session.lfp(5, 0, 1)


def test_other_files(tmp_path, session_file, nwb1):
    path = write_ecephys(tmp_path / "neuropixels.nwb")
    with pytest.raises(FormatError, match=r"there are no /units; the LFP .* read_probe_lfp"):
        read_ecephys_session(write_lfp(tmp_path / "lfp.nwb"))
    with pytest.raises(FormatError, match=r"got NWB 1\.0\.6.*opened by read_session"):
        read_ecephys_session(session_file)
    with pytest.raises(FormatError, match="there is no such file"):
        read_ecephys_session(tmp_path / "none.nwb")
    with pytest.raises(FormatError, match="got NWB 1"):
        read_ecephys_session(nwb1())
    for other in (read_nwb, read_ophys_session):
        with pytest.raises(FormatError):
            other(path)
    with h5py.File(path, "a") as file:
        del file["units/spike_times"]
    with pytest.raises(FormatError, match="expected the dataset 'spike_times'"):
        read_ecephys_session(path)


def test_what_is_no_nwb_at_all(tmp_path):
    path = tmp_path / "x.nwb"
    with h5py.File(path, "w") as file:
        file["a"] = 1
    with pytest.raises(FormatError, match="got no NWB"):
        read_ecephys_session(path)
