"""Static gratings, flashes, bars, looming discs, images, movies and noise: tables and frames."""

import math

import numpy as np
import pytest

from allentk.data.presentations import PRESENTATION_COLUMNS
from allentk.errors import DataError
from allentk.network import visual

SMALL = visual.Screen(40.0, 30.0, 1.0)


def test_screens():
    screen = visual.Screen(4.0, 3.0, 0.5)
    assert screen.x_deg.tolist() == [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]
    assert screen.y_deg[[0, -1]].tolist() == [1.5, -1.5]
    with pytest.raises(DataError, match="pitch_deg positive"):
        visual.Screen(4.0, 3.0, 0.0)


def test_static_gratings_show_every_combination():
    shown = visual.static_gratings(n_repeats=2, seed=3).table
    gratings = shown[shown["stimulus"] == "static_gratings"]
    assert len(gratings) == 2 * 6 * 5 * 4
    columns = ["orientation_deg", "spatial_frequency_cpd", "phase"]
    assert (gratings.groupby(columns).size() == 2).all()
    assert gratings["temporal_frequency_hz"].isna().all()
    assert (shown["stimulus"] == "blank").sum() == 10
    assert np.diff(shown["start_s"]) == pytest.approx(0.25)


def test_flashes_are_black_and_white():
    shown = visual.flashes(n_repeats=5).table
    assert sorted(shown["color"]) == [-1.0] * 5 + [1.0] * 5
    assert shown["stop_s"].to_numpy() - shown["start_s"].to_numpy() == pytest.approx(0.25)
    assert np.diff(shown["start_s"]) == pytest.approx(2.0)


@pytest.mark.parametrize("direction", [0.0, 90.0, 180.0, 225.0])
def test_bars_move_at_their_speed_in_their_direction(direction):
    shown = visual.moving_bars(
        directions_deg=(direction,), speed_deg_s=20.0, width_deg=4.0, n_repeats=1, screen=SMALL
    )
    (movie,) = shown.movies.values()
    frames = movie.read(np.arange(movie.n_frames))
    assert frames.min() == 0.0
    assert frames.max() == 1.0
    angle = math.radians(direction)
    along = movie.x_deg[None] * math.cos(angle) + movie.y_deg[:, None] * math.sin(angle)
    inside = np.abs(along) < 8
    middle = np.array([(f * along).sum() / f.sum() if f[inside].any() else np.nan for f in frames])
    whole = slice(movie.n_frames // 2 - 15, movie.n_frames // 2 + 15)
    speed = np.polyfit(np.arange(30) / movie.frame_rate_hz, middle[whole], 1)[0]
    assert speed == pytest.approx(20.0, rel=0.02)
    # as much white as a bar of 4 degrees along a line has
    if direction % 90 == 0:
        line = frames[movie.n_frames // 2].max(axis=0 if direction % 180 == 0 else 1)
        assert line.sum() == pytest.approx(4.0, abs=1e-9)
    # at first it is outside, and again at last
    assert frames[0].sum() < 0.1 * frames.sum(axis=(1, 2)).max() + SMALL.y_deg.size
    assert shown.table["orientation_deg"].tolist() == [direction]


def test_black_bars():
    shown = visual.moving_bars(color=-1, contrast=0.5, n_repeats=1, screen=SMALL)
    movie = shown.movies["bar_0_black"]
    assert movie.read(np.array([movie.n_frames // 2])).min() == -0.5
    assert shown.table["color"].tolist() == [-1.0] * 4


def test_a_disc_looms_as_one_that_comes_nearer():
    shown = visual.looming(radii_deg=(2.0, 14.0), n_repeats=2, screen=SMALL, centre_deg=(3.0, -1.0))
    movie = shown.movies["looming"]
    frames = movie.read(np.arange(movie.n_frames))
    area = -frames.sum(axis=(1, 2))
    near, far = 0.04 / math.tan(math.radians(14)), 0.04 / math.tan(math.radians(2))
    assert movie.duration_s == pytest.approx(far - near, abs=0.6 / 60)
    for number in (0, 30, movie.n_frames - 1):
        radius = math.degrees(math.atan(0.04 / (far - number / 60)))
        assert area[number] == pytest.approx(math.pi * radius**2, rel=0.05)
    assert (np.diff(area) >= 0).all()
    x = (frames[20].sum(axis=0) * movie.x_deg).sum() / frames[20].sum()
    y = (frames[20].sum(axis=1) * movie.y_deg).sum() / frames[20].sum()
    assert (x, y) == pytest.approx((3.0, -1.0), abs=1e-9)


def test_natural_scenes_and_their_blank():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 3, 5))
    shown = visual.natural_scenes(images, np.arange(5), np.arange(3), n_repeats=3, seed=2)
    table = shown.table
    assert (table.groupby("frame").size() == 3).all()
    assert set(table.loc[table["stimulus"] == "blank", "frame"]) == {-1}
    assert table.loc[table["stimulus"] == "blank", "movie"].isna().all()
    assert len(shown) == 15


def test_natural_movies_have_a_row_per_frame():
    shown = visual.natural_movie(
        np.zeros((90, 2, 3)), np.arange(3), np.arange(2), n_repeats=3, gap_s=1.0
    )
    assert shown.table["frame"].tolist() == list(range(90)) * 3
    assert shown.intervals_s[90, 0] == pytest.approx(5.0)
    assert shown.duration_s == pytest.approx(12.0)


def test_sparse_noise_is_sparse():
    shown = visual.locally_sparse_noise(n_frames=30, n_repeats=2, seed=4)
    movie = shown.movies["locally_sparse_noise"]
    spots = movie.frames.spots
    assert spots.shape == (30, 16, 28)
    assert set(np.unique(spots)) == {-1, 0, 1}
    for frame in spots:
        at = np.argwhere(frame)
        assert 5 <= len(at) <= 11
        away = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
        assert away[np.triu_indices(len(at), 1)].min() > 5
    fine = movie.read(np.array([7]))[0]
    pitch = movie.x_deg[1] - movie.x_deg[0]
    assert pitch <= 0.6
    times = round(4.65 / pitch)
    assert (fine[times // 2 :: times, times // 2 :: times] == spots[7]).all()
    assert shown.duration_s == 15.0


@pytest.mark.parametrize(
    "made",
    [
        lambda: visual.static_gratings(n_repeats=1),
        lambda: visual.flashes(n_repeats=1),
        lambda: visual.moving_bars(n_repeats=1, screen=SMALL),
        lambda: visual.looming(n_repeats=1, screen=SMALL),
        lambda: visual.natural_movie(np.zeros((2, 2, 2)), [0, 1], [0, 1]),
        lambda: visual.locally_sparse_noise(n_frames=2),
        lambda: visual.drifting_gratings(n_repeats=1, waveform="square"),
    ],
)
def test_columns_are_those_of_the_observatory(made):
    extra = {"movie", "color", "waveform"}
    assert set(made().table) <= set(PRESENTATION_COLUMNS) | extra


def test_order_follows_the_seed():
    one, same, other = (visual.static_gratings(n_repeats=1, seed=s).table for s in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)


def test_contrasts_of_gray_levels():
    levels = np.array([[0, 51], [204, 255]], dtype=np.uint8)
    assert visual.contrast_of(levels) == pytest.approx(np.array([[-1, -0.6], [0.6, 1]]))
    with pytest.raises(DataError, match=r"must lie in 0..1, got 0 to 255"):
        visual.contrast_of(levels, white=1.0)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: visual.flashes(colors=(0,)), "colors must be 1 or -1"),
        (lambda: visual.flashes(contrast=80), "divided by 100"),
        (lambda: visual.flashes(duration_s=0), "duration_s must be positive"),
        (lambda: visual.flashes(n_repeats=0), "n_repeats must be at least 1"),
        (lambda: visual.moving_bars(speed_deg_s=0), "must be positive"),
        (
            lambda: visual.moving_bars(directions_deg=()),
            "directions_deg must be different and finite",
        ),
        (lambda: visual.moving_bars(color=0), "color 1 or -1"),
        (lambda: visual.looming(radii_deg=(5, 2)), "radii rise"),
        (lambda: visual.looming(contrast=2), "contrast must lie in 0..1"),
        (lambda: visual.locally_sparse_noise(n_frames=0), "must be positive"),
        (lambda: visual.static_gratings(phases=()), "phases must be different finite numbers"),
        (lambda: visual.drifting_gratings(waveform="saw"), "waveform must be"),
        (
            lambda: visual.natural_movie(np.zeros((2, 2, 2)), [0, 1], [0, 1], n_repeats=0),
            "n_repeats of at least 1",
        ),
        (lambda: visual.contrast_of([0], black=1, white=0), "white must lie above black"),
        (lambda: visual.moving_bars(directions_deg=(0, 0, 90)), "must be different"),
        (lambda: visual.locally_sparse_noise(duration_s=0.0), "must be positive"),
        (lambda: visual.locally_sparse_noise(n_repeats=0), "must be positive"),
        (
            lambda: visual.static_gratings(spatial_frequencies_cpd=(-1.0,)),
            "spatial_frequencies_cpd must be positive",
        ),
    ],
)
def test_refuses(made, message):
    with pytest.raises(DataError, match=message):
        made()
