"""Movies, and tables that name them."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.network import visual
from allentk.network.movies import Movie, VisualStimulus
from allentk.responses import trial_responses

X, Y = np.arange(4.0), np.arange(3.0)[::-1]


def movie(n=5):
    return Movie(np.zeros((n, 3, 4)), X, Y, 10.0)


def rows(**columns):
    row = {"start_s": [0.0], "stop_s": [0.5], "stimulus": ["clip"], "movie": ["m"]}
    return pd.DataFrame(row | columns)


def test_a_movie_keeps_its_frames():
    frames = np.random.default_rng(0).uniform(-1, 1, (5, 3, 4))
    held = Movie(frames, X, Y, 10.0)
    first = frames[2].copy()
    frames[2] = 0.0
    assert (held.read(np.array([2]))[0] == first).all()
    assert held.duration_s == 0.5


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((5, 4, 3)), r"frames must have shape \(frames, 3, 4\)"),
        (np.zeros((3, 4)), "frames must have shape"),
        (np.full((2, 3, 4), math.nan), "not finite"),
        (np.full((2, 3, 4), math.inf), "not finite"),
        (np.full((2, 3, 4), 1.01), "contrast must lie in -1..1"),
        (np.full((2, 3, 4), 128, dtype=np.uint8), "contrast_of"),
        (np.full((2, 3, 4), "a"), "must be numbers"),
    ],
)
def test_movies_refuse(frames, message):
    with pytest.raises(DataError, match=message):
        Movie(frames, X, Y)


def test_movies_refuse_uneven_pixels_and_rates():
    with pytest.raises(DataError, match="evenly spaced"):
        Movie(np.zeros((1, 3, 4)), X**2, Y)
    with pytest.raises(DataError, match="frame_rate_hz must be positive"):
        Movie(np.zeros((1, 3, 4)), X, Y, 0.0)


def test_frames_on_disk_are_read_when_seen(tmp_path):
    frames = np.zeros((50, 3, 4), dtype=np.float32)
    frames[40, 1, 1] = 2.0
    np.save(tmp_path / "m.npy", frames)
    held = Movie(np.load(tmp_path / "m.npy", mmap_mode="r"), X, Y)
    assert held.read(np.arange(30)).shape == (30, 3, 4)
    with pytest.raises(DataError, match="contrast must lie"):
        held.read(np.arange(30, 50))


def test_frames_of_another_shape_than_announced_are_refused():
    class Liar:
        shape = (5, 3, 4)

        def __getitem__(self, numbers):
            return np.zeros((1, 3, 4))

    with pytest.raises(DataError, match="asked for frames of shape"):
        Movie(Liar(), X, Y).read(np.arange(3))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"movie": ["other"]}, r"shows the movie 'other'; there are \['m'\]"),
        ({"frame": [5]}, "shows frame 5 of 'm', which has frames 0 to 4"),
        ({"frame": [0.5]}, "shows frame 0.5"),
        ({"stop_s": [0.6]}, r"lasts 0.6 s, its movie 'm' 0.5 s"),
    ],
)
def test_rows_that_cannot_be_shown(columns, message):
    with pytest.raises(DataError, match=message):
        VisualStimulus(rows(**columns), {"m": movie()})


def test_a_visual_stimulus_needs_its_column_and_movies():
    with pytest.raises(DataError, match="no column 'movie'"):
        VisualStimulus(rows().drop(columns="movie"), {})
    with pytest.raises(DataError, match="must be a Movie"):
        VisualStimulus(rows(), {"m": np.zeros((5, 3, 4))})


def test_choosing_keeps_the_movies():
    shown = visual.natural_scenes(np.zeros((3, 3, 4)), X, Y, n_repeats=4)
    some = shown.where(frame=[0, 2], keep_blanks=True)
    assert isinstance(some, VisualStimulus)
    assert len(some) == 12
    assert set(some.movies) == {"natural_scenes"}


def test_it_is_a_stimulus_table_for_the_metrics():
    shown = visual.natural_scenes(np.zeros((2, 3, 4)), X, Y, n_repeats=3, seed=1)
    frame = shown.table["frame"].to_numpy()
    start = shown.intervals_s[frame == 1, 0]
    trains = SpikeTrains(start + 0.1, np.zeros(start.size, dtype=int), 1)
    responses = trial_responses(trains, shown)
    assert responses[0].tolist() == pytest.approx((frame == 1) * 4.0)


def test_one_after_the_other():
    scenes = visual.natural_scenes(np.zeros((2, 3, 4)), X, Y, n_repeats=1, blanks=False)
    joined = visual.sequence([visual.gray(1.0), scenes, visual.gray(0.5)], gap_s=0.25)
    assert isinstance(joined, VisualStimulus)
    assert joined.table["start_s"].tolist() == [0.0, 1.25, 1.5, 2.0]
    assert joined.duration_s == 2.5
    plain = visual.sequence([visual.gray(1.0), visual.gray(1.0)])
    assert type(plain) is StimulusTable
    other = visual.natural_scenes(np.ones((2, 3, 4)), X, Y, n_repeats=1)
    with pytest.raises(DataError, match="two different movies"):
        visual.sequence([scenes, other])
    with pytest.raises(DataError, match="needs a stimulus"):
        visual.sequence([])


def test_what_is_shown_can_go_to_another_process():
    shown = VisualStimulus(rows(), {"m": movie()})
    again = pickle.loads(pickle.dumps(shown))
    pd.testing.assert_frame_equal(again.table, shown.table)
    assert again.movies["m"].duration_s == shown.movies["m"].duration_s


def test_one_column_of_pixels_has_no_width():
    with pytest.raises(DataError, match="two columns and two rows"):
        Movie(np.zeros((2, 3, 1)), [0.0], Y, 10.0)
