"""What was shown and when, in NWB 2."""

import h5py
import numpy as np
import pytest

from allentk.data.presentations import PRESENTATION_COLUMNS
from allentk.errors import DataError, FormatError
from allentk.io import read_behavior_session, read_ecephys_session
from allentk.io.nwb2_columns import PRESENTATIONS
from tests.nwb2_files import add_table, write_ecephys, write_ophys


@pytest.fixture
def path(tmp_path):
    return write_ecephys(tmp_path / "session.nwb")


@pytest.fixture
def session(path):
    return read_ecephys_session(path)


def test_gratings(session):
    table = session.stimulus_presentations("drifting_gratings").table
    assert table["start_s"].tolist() == [1.0, 4.0, 7.0]
    assert table["stop_s"].tolist() == [3.0, 6.0, 9.0]
    assert table["stimulus"].tolist() == ["drifting_gratings", "blank", "drifting_gratings"]
    assert table["stimulus_name"].tolist() == ["drifting_gratings"] * 3
    assert table["orientation_deg"].tolist()[::2] == [45.0, 270.0]
    assert table["spatial_frequency_cpd"].tolist()[::2] == [0.04, 0.04]
    assert table["spatial_frequency_cpd"].isna().tolist() == [False, True, False]
    assert table["temporal_frequency_hz"].tolist()[::2] == [2.0, 8.0]


def test_text_that_is_no_number_keeps_its_own_column(session):
    table = session.stimulus_presentations("drifting_gratings").table
    assert table["phase"].isna().all()
    assert table["phase_text"].tolist()[0] == "[3644.9, 3644.9]"
    assert table["phase_text"].isna().tolist() == [False, True, False]
    assert not {"tags", "timeseries", "tags_index", "timeseries_index", "id"} & set(table)


def test_scenes_and_a_step_of_one_frame_over_the_next(session):
    table = session.stimulus_presentations("natural_scenes").table
    assert table["stimulus"].tolist() == ["natural_scenes", "blank"]
    assert table["stop_s"].tolist() == [20.25, 20.5]


def test_all_in_order_of_time(session):
    table = session.stimulus_presentations()
    assert len(table) == 6
    assert (np.diff(table.table["start_s"]) > 0).all()
    assert len(table.where(stimulus="spontaneous")) == 1


def test_a_stimulus_that_was_not_shown(session):
    with pytest.raises(DataError, match=r"no stimulus 'gabors' .*there are drifting_gratings, nat"):
        session.stimulus_presentations("gabors")


def test_an_omitted_image_lasts_as_long_as_an_image(tmp_path):
    session = read_behavior_session(write_ophys(tmp_path / "o.nwb"))
    table = session.stimulus_presentations().table
    assert table["stop_s"].tolist() == [1.25, 2.0, 2.75]
    assert table["image_name"].tolist() == ["im061", "omitted", "im062"]
    assert table["is_change"].tolist() == [False, False, True]


def add(path, name, **columns):
    with h5py.File(path, "a") as file:
        add_table(file, f"intervals/{name}_presentations", columns)


def test_gabors_and_flashes(path):
    add(path, "gabors", start_time=[50.0], stop_time=[50.25], x_position=[-40.0], y_position=[10.0])
    add(path, "flashes", start_time=[60.0], stop_time=[60.25], color=["-1.0"])
    session = read_ecephys_session(path)
    gabor = session.stimulus_presentations("gabors").table
    assert gabor.loc[0, ["x_position_deg", "y_position_deg"]].tolist() == [-40.0, 10.0]
    assert session.stimulus_presentations("flashes").table["color"].tolist() == [-1.0]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"start_time": [1.0, 1.5], "stop_time": [2.0, 3.0]}, "before row 0 ends at 2.0"),
        ({"start_time": [1.0], "stop_time": [np.nan]}, "row 0 ends at nan s"),
        ({"start_time": [1.0]}, "expected columns start_time and stop_time"),
        ({"start_time": [1.0], "stop_time": [0.5]}, "not after its start"),
    ],
)
def test_a_table_that_cannot_be_used(path, columns, said):
    add(path, "x", **columns)
    with pytest.raises(FormatError, match=rf"session\.nwb: /intervals.*{said}"):
        read_ecephys_session(path).stimulus_presentations("x")


def test_a_column_of_another_length(path):
    with h5py.File(path, "a") as file:
        del file["intervals/spontaneous_presentations/stop_time"]
        file["intervals/spontaneous_presentations/stop_time"] = np.array([1.0, 2.0])
    with pytest.raises(FormatError, match=r"stop_time: expected 1 rows, got shape \(2,\)"):
        read_ecephys_session(path).stimulus_presentations("spontaneous")


def test_a_table_that_is_none(path):
    with h5py.File(path, "a") as file:
        file["intervals/y_presentations"] = 5
    with pytest.raises(FormatError, match="expected a table of NWB 2, got no table"):
        read_ecephys_session(path).stimulus_presentations("y")


def test_every_column_is_documented(path, tmp_path):
    add(path, "gabors", start_time=[50.0], stop_time=[50.25], x_position=[-40.0], y_position=[10.0])
    known = {*PRESENTATIONS, *PRESENTATION_COLUMNS, "size"}
    assert set(read_ecephys_session(path).stimulus_presentations().table) <= known
    other = read_behavior_session(write_ophys(tmp_path / "o.nwb"))
    assert set(other.stimulus_presentations().table) <= known
