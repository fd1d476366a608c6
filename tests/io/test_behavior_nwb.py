"""What the mouse did: running, licks, rewards, trials, the task, the eye."""

import math

import h5py
import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io import read_behavior_session
from allentk.io.nwb2_columns import EYE_TRACKING, LICKS, REWARDS, TRIALS
from allentk.io.nwb2_series import plain
from tests.nwb2_files import write_ecephys, write_ophys


@pytest.fixture
def path(tmp_path):
    return write_ophys(tmp_path / "experiment.nwb")


@pytest.fixture
def session(path):
    return read_behavior_session(path)


def test_what_a_session_is(session):
    assert session.stimuli == ["Natural_Images_Lum_Matched_set_training_2017"]
    assert session.metadata["ophys_experiment_id"] == 951_980_471
    assert session.metadata["stimulus_frame_rate"] == 60.0
    assert repr(session).startswith("<BehaviorSession experiment.nwb: Natural_Images")


def test_running(session, tmp_path):
    speed, times = session.running_speed()
    assert speed.tolist() == [3.0, 4.0]
    assert times.tolist() == [0.0, 0.5]
    other = read_behavior_session(write_ecephys(tmp_path / "s.nwb"))
    speed, times = other.running_speed()
    assert speed[:2].tolist() == [0.0, 12.5]
    assert math.isnan(speed[2])


def test_licks_and_rewards(session):
    assert session.licks().to_dict("list") == {"time_s": [1.5, 2.5], "frame": [90, 150]}
    rewards = session.rewards()
    assert rewards["volume_ml"].tolist() == [0.007, 0.005]
    assert rewards["auto_rewarded"].tolist() == [False, True]
    assert rewards["time_s"].tolist() == [2.6, 8.0]


def test_trials(session):
    trials = session.trials()
    assert trials["trials_id"].tolist() == [0, 1]
    assert trials["hit"].tolist() == [True, False]
    assert [licks.tolist() for licks in trials["lick_times"]] == [[1.5, 2.5], []]
    assert trials["change_image_name"].tolist()[0] == "im061"
    assert trials["response_latency"].tolist() == [0.4, math.inf]


def test_the_task(session):
    task = session.task_parameters()
    assert task["task"] == "change detection"
    assert task["response_window_sec"] == [0.15, 0.75]
    assert task["reward_volume"] == 0.007
    assert math.isnan(task["omitted_flash_fraction"])
    assert "neurodata_type" not in task


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (np.array([b"one"], dtype=object), "one"),
        (np.array([b"one", b"2"], dtype=object), ["one", 2]),
        (np.array([], dtype=float), []),
        (np.array(5), 5),
        ("-3", "-3"),
        (None, ""),
    ],
)
def test_values_of_settings(value, wanted):
    assert plain(value) == wanted


def test_the_eye_as_series(session):
    table = session.eye_tracking()
    assert len(table) == 5
    assert table.loc[0, ["pupil_center_x", "eye_center_x", "cr_center_x"]].tolist() == [
        301,
        300,
        302,
    ]
    assert table["likely_blink"].tolist() == [False, False, True, False, False]
    assert table["pupil_area"].isna().all()
    assert table["pupil_area_raw"].tolist() == [50.0] * 5
    assert table["time_s"].tolist() == pytest.approx([n / 30 for n in range(5)])


def test_the_eye_as_tables(tmp_path):
    table = read_behavior_session(write_ecephys(tmp_path / "s.nwb")).eye_tracking()
    assert len(table) == 6
    sizes = table.loc[0, ["pupil_width", "eye_width", "cr_width"]]
    assert sizes.tolist() == [40.0, 90.0, 8.0]
    assert "likely_blink" not in table


def test_every_column_is_documented(session, tmp_path):
    other = read_behavior_session(write_ecephys(tmp_path / "s.nwb"))
    for table, columns in (
        (session.licks(), LICKS),
        (session.rewards(), REWARDS),
        (session.trials(), TRIALS),
        (session.eye_tracking(), EYE_TRACKING),
        (other.eye_tracking(), EYE_TRACKING),
    ):
        assert set(table) <= set(columns)
        assert all(columns[name].meaning for name in table)


@pytest.mark.parametrize(
    ("name", "values", "method", "said"),
    [
        ("processing/running/speed/data", np.zeros(3), "running_speed", r"\(3,\) and \(2,\)"),
        ("processing/rewards/autorewarded/data", np.zeros(1), "rewards", "as many values as times"),
        ("acquisition/EyeTracking/pupil_tracking/data", np.zeros(5), "eye_tracking", "x and y per"),
        (
            "acquisition/EyeTracking/pupil_tracking/area",
            np.zeros(4),
            "eye_tracking",
            "different len",
        ),
        (
            "intervals/trials/lick_times_index",
            np.array([1, 9]),
            "trials",
            "from 1 to 9 does not fit",
        ),
    ],
)
def test_what_does_not_fit_itself(path, name, values, method, said):
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = values
    with pytest.raises(FormatError, match=rf"experiment\.nwb: .*{said}"):
        getattr(read_behavior_session(path), method)()


def test_rewards_and_their_kind_of_different_lengths(path):
    with h5py.File(path, "a") as file:
        group = file["processing/rewards/autorewarded"]
        for name in ("data", "timestamps"):
            del group[name]
            group[name] = np.zeros(1)
    with pytest.raises(FormatError, match="2 volumes, but 1 autorewarded"):
        read_behavior_session(path).rewards()


def test_a_series_with_a_rate(path):
    with h5py.File(path, "a") as file:
        group = file["processing/running/speed"]
        del group["timestamps"]
        group.create_dataset("starting_time", data=2.0).attrs["rate"] = 4.0
    _, times = read_behavior_session(path).running_speed()
    assert times.tolist() == [2.0, 2.25]
    with h5py.File(path, "a") as file:
        file["processing/running/speed/starting_time"].attrs["rate"] = 0.0
    with pytest.raises(FormatError, match="expected a rate, got 0"):
        read_behavior_session(path).running_speed()


def test_tables_of_the_eye_without_times(tmp_path):
    path = write_ecephys(tmp_path / "s.nwb")
    with h5py.File(path, "a") as file:
        del file["processing/eye_tracking/eye_ellipse_fits/timestamps"]
    with pytest.raises(FormatError, match="eye_ellipse_fits: expected timestamps"):
        read_behavior_session(path).eye_tracking()
