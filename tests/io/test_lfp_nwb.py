"""The LFP of a probe, by windows of time."""

import h5py
import numpy as np
import pytest

from allentk.errors import DataError, FormatError
from allentk.io import read_ecephys_session, read_probe_lfp
from allentk.io.lfp_nwb import probe_lfp
from allentk.io.remote import open_place, place_of
from tests.nwb2_files import CHANNELS, PROBE, lfp_values, write_ecephys, write_lfp

SERIES = f"acquisition/probe_{PROBE}_lfp/probe_{PROBE}_lfp_data"


@pytest.fixture
def path(tmp_path):
    return write_lfp(tmp_path / "lfp.nwb")


def test_what_it_is(path):
    lfp = read_probe_lfp(path)
    assert lfp.probe_id == PROBE
    assert lfp.channel_ids == (CHANNELS[1], CHANNELS[3])
    assert lfp.span_s == pytest.approx((5.0, 24.9))
    assert lfp.metadata["session_id"] == 766_640_955
    assert lfp.channels()["structure_acronym"].tolist() == ["VISp", "CA1"]
    assert repr(lfp) == "<ProbeLFP lfp.nwb: 2 channels, 5.0 to 24.9 s, SYNTHETIC>"


def test_a_window_in_mv(path):
    found = read_probe_lfp(path).read(6.0, 7.0)
    assert found.time_s == pytest.approx(np.arange(60, 70) / 10)
    assert found.values == pytest.approx(1e3 * lfp_values(200, 2)[10:20].T, rel=1e-6)
    assert found.unit == "mV"


def test_its_end_is_left_out_and_a_start_between_samples_goes_up(path):
    lfp = read_probe_lfp(path)
    assert lfp.read(5.05, 5.2).time_s == pytest.approx([5.1])
    assert lfp.read(-100, 5.05).time_s == pytest.approx([5.0])
    assert lfp.read(24.85, 1e9).time_s == pytest.approx([24.9])


def test_channels_in_any_order(path):
    found = read_probe_lfp(path).read(6.0, 6.2, channels=[CHANNELS[3], CHANNELS[1], CHANNELS[3]])
    assert found.ids.tolist() == [CHANNELS[3], CHANNELS[1], CHANNELS[3]]
    assert found.values[:, 0] == pytest.approx([1.01, 0.01, 1.01], abs=1e-5)


def test_conversions_are_applied(path):
    with h5py.File(path, "a") as file:
        file[f"{SERIES}/data"].attrs["conversion"] = 0.5
        file[f"{SERIES}/channel_conversion"] = np.array([1.0, 4.0])
    found = read_probe_lfp(path).read(5.0, 5.1)
    assert found.values[:, 0] == pytest.approx([0.0, 2.0], abs=1e-5)


def test_too_few_conversions(path):
    with h5py.File(path, "a") as file:
        file[f"{SERIES}/channel_conversion"] = np.array([1.0])
    with pytest.raises(FormatError, match=r"factor for each of 2 channels, got shape \(1,\)"):
        read_probe_lfp(path).read(5.0, 5.1)


def test_what_cannot_be_asked(path):
    lfp = read_probe_lfp(path)
    with pytest.raises(DataError, match=r"no channel 5; the 2 channels are in lfp\.channel_ids"):
        lfp.read(6, 7, channels=[5])
    with pytest.raises(DataError, match="no channels asked for"):
        lfp.read(6, 7, channels=[])
    with pytest.raises(DataError, match=r"no samples from 30 to 40 s; .* from 5\.000 to 24\.900 s"):
        lfp.read(30, 40)
    with pytest.raises(DataError, match="no samples from 7 to 6 s"):
        lfp.read(7, 6)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("electrodes", np.array([1, 7]), "2 electrodes of 4"),
        ("electrodes", np.array([1]), "1 electrodes"),
        ("timestamps", np.arange(7.0), "7 time stamps"),
        ("data", np.zeros(200), r"shape \(200,\)"),
    ],
)
def test_a_series_that_does_not_fit_itself(path, name, values, said):
    with h5py.File(path, "a") as file:
        del file[f"{SERIES}/{name}"]
        file[f"{SERIES}/{name}"] = values
    with pytest.raises(FormatError, match=rf"lfp\.nwb: .*{said}"):
        read_probe_lfp(path)


def test_a_clock_that_stands_still(path):
    with h5py.File(path, "a") as file:
        file[f"{SERIES}/timestamps"][12] = file[f"{SERIES}/timestamps"][11]
    with pytest.raises(FormatError, match="time_s must rise"):
        read_probe_lfp(path).read(6, 7)


def test_a_session_is_no_lfp(tmp_path):
    with pytest.raises(FormatError, match="there is no LFP in /acquisition"):
        read_probe_lfp(write_ecephys(tmp_path / "s.nwb"))


def test_several_probes_in_a_session(path):
    with h5py.File(path, "a") as file:
        file.copy(SERIES, "acquisition/probe_5_lfp/probe_5_lfp_data")
        units = file.create_group("units")
        units["id"] = np.array([1])
        units["spike_times"], units["spike_times_index"] = np.array([0.5]), np.array([1])
    with pytest.raises(FormatError, match="expected the LFP of one probe"):
        read_probe_lfp(path)
    session = read_ecephys_session(path)
    assert session.lfp(PROBE, 6, 6.1).values.shape == (2, 1)
    with pytest.raises(DataError, match="no LFP of probe 77"):
        session.lfp(77, 6, 7)


def test_a_probe_whose_number_is_part_of_another(path):
    with open_place(place_of(path), "LFP") as file:
        assert probe_lfp(file, place_of(path), PROBE // 10) is None
        assert probe_lfp(file, place_of(path), PROBE).probe_id == PROBE


def test_a_name_that_is_not_the_probe_of_the_electrodes(path):
    with h5py.File(path, "a") as file:
        file.move(f"acquisition/probe_{PROBE}_lfp", "acquisition/probe_5_lfp")
        del file[f"acquisition/probe_{PROBE}_lfp_data"]
    with (
        open_place(place_of(path), "LFP") as file,
        pytest.raises(FormatError, match=f"LFP of probe 5, but .* on probe {PROBE}"),
    ):
        probe_lfp(file, place_of(path), 5)


def test_a_series_without_a_container(path):
    with h5py.File(path, "a") as file:
        data = file[SERIES]
        file["acquisition/lfp_of_a_probe"] = data
        del file[f"acquisition/probe_{PROBE}_lfp"], file[f"acquisition/probe_{PROBE}_lfp_data"]
    assert read_probe_lfp(path).read(6, 7).values.shape == (2, 10)
