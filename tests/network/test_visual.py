"""Tables of presentations, and movies."""

import numpy as np
import pytest

from allentk.errors import DataError
from allentk.network import visual


def test_every_repeat_shows_every_grating_once():
    shown = visual.drifting_gratings(n_repeats=3, seed=4).to_dataframe()
    assert len(shown) == 3 * (8 * 2 + 2)
    for first in (0, 18, 36):
        repeat = shown.iloc[first : first + 18]
        gratings = repeat[repeat["stimulus"] == "drifting_gratings"]
        pairs = set(
            zip(gratings["orientation_deg"], gratings["temporal_frequency_hz"], strict=True)
        )
        assert pairs == {(45.0 * i, f) for i in range(8) for f in (2.0, 4.0)}
        assert (repeat["stimulus"] == "blank").sum() == 2


def test_presentations_are_followed_by_gray():
    table = visual.drifting_gratings(duration_s=1.0, gap_s=0.5, n_repeats=2)
    start, stop = table.intervals_s.T
    assert start[0] == 0.5
    assert stop - start == pytest.approx(1.0)
    assert start[1:] - stop[:-1] == pytest.approx(0.5)
    shown = table.table[table.table["stimulus"] != "blank"]
    assert (shown["contrast"] == 0.8).all()
    assert (shown["spatial_frequency_cpd"] == 0.04).all()


def test_the_order_follows_the_seed():
    one, same, other = (visual.drifting_gratings(seed=s).to_dataframe() for s in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)


def test_without_blanks():
    table = visual.drifting_gratings(blanks=False, n_repeats=1)
    assert set(table.table["stimulus"]) == {"drifting_gratings"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"directions_deg": ()}, "directions_deg must be different finite numbers"),
        ({"directions_deg": (0, 0)}, "directions_deg must be different"),
        ({"temporal_frequencies_hz": (0.0,)}, "must be positive"),
        ({"n_repeats": 0}, "n_repeats must be at least 1"),
        ({"duration_s": 0.0}, "duration_s positive"),
        ({"contrast": 80}, "per cent must be divided by 100"),
        ({"spatial_frequency_cpd": 0.0}, "spatial_frequency_cpd must be positive"),
    ],
)
def test_refuses(wrong, message):
    with pytest.raises(DataError, match=message):
        visual.drifting_gratings(**wrong)


def test_gray_is_spontaneous_activity():
    table = visual.gray(3.0)
    assert table.table["stimulus"].tolist() == ["spontaneous"]
    assert table.duration_s == 3.0
    with pytest.raises(DataError, match="must be positive"):
        visual.gray(0.0)


def test_a_grating_moves_in_its_direction():
    """After a quarter of a cycle the picture is the first one, moved on by a quarter of a wave."""
    x, y = np.linspace(-20, 20, 81), np.linspace(-10, 10, 41)
    movie = visual.grating_movie(
        direction_deg=0.0, temporal_frequency_hz=2.0, x_deg=x, y_deg=y, n_frames=126,
        spatial_frequency_cpd=0.05,
    )  # fmt: skip
    assert movie.shape == (126, 41, 81)
    # 0.05 cycles per degree: a quarter of a wave is 5 degrees, 10 pixels
    assert movie[125][:, 10:] == pytest.approx(movie[0][:, :-10], abs=1e-9)
    upward = visual.grating_movie(
        direction_deg=90.0, temporal_frequency_hz=2.0, x_deg=x, y_deg=y, n_frames=126,
        spatial_frequency_cpd=0.05,
    )  # fmt: skip
    assert upward[125][10:] == pytest.approx(upward[0][:-10], abs=1e-9)
