"""Two-photon frames to seconds."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable
from allentk.errors import FormatError
from allentk.io.observatory_clock import frame_seconds

TIMES = np.array([10.0, 10.1, 10.3, 10.6])


def test_stops_are_the_times_of_their_frames():
    seconds = frame_seconds(np.array([[0, 2], [2, 4]]), TIMES, "made up")
    assert seconds.tolist() == [[10.0, 10.3], [10.3, pytest.approx(10.8)]]


def test_movie_frames_that_begin_in_one_frame_share_it():
    frames = np.array([[0, 0], [1, 1], [1, 1], [1, 2], [3, 3]])
    seconds = frame_seconds(frames, TIMES, "made up")
    third = 0.2 / 3
    assert seconds[:, 0].tolist() == pytest.approx([10, 10.1, 10.1 + third, 10.1 + 2 * third, 10.6])
    assert seconds[:, 1].tolist() == pytest.approx(
        [10.1, 10.1 + third, 10.1 + 2 * third, 10.3, 10.8]
    )


def test_a_whole_movie_that_runs_faster_than_the_microscope_makes_a_table():
    starts = np.linspace(0, 900, 1000).astype(int)
    seconds = frame_seconds(np.column_stack([starts, starts]), np.arange(901) / 30, "made up")
    assert (np.diff(seconds[:, 0]) > 0).all()
    table = pd.DataFrame({"start_s": seconds[:, 0], "stop_s": seconds[:, 1], "stimulus": "movie"})
    assert len(StimulusTable(table)) == 1000


def test_presentations_that_truly_overlap_stay_so():
    seconds = frame_seconds(np.array([[0, 3], [0, 1]]), TIMES, "made up")
    assert seconds[0, 1] > seconds[1, 0]


@pytest.mark.parametrize("frames", [[[-1, 2]], [[0, 5]], [[4, 4]]])
def test_frames_outside_of_the_recording(frames):
    with pytest.raises(FormatError, match=r"x: frames .* but the recording has 4 frames"):
        frame_seconds(np.array(frames), TIMES, "x")
    assert frame_seconds(np.empty((0, 2), int), TIMES, "x").shape == (0, 2)
