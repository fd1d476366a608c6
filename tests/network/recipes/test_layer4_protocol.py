"""What the layer 4 model was shown: conditions, trials and times."""

import numpy as np
import pytest

from allentk.errors import DataError
from allentk.network import recipes, visual


def test_gratings_of_the_training():
    shown = recipes.layer4_protocol("training")
    table = shown["drifting_gratings"].table
    assert shown["drifting_gratings"].duration_s == pytest.approx(320 * 3.0)
    assert table["start_s"].to_numpy() == pytest.approx(0.5 + 3.0 * np.arange(320))
    assert (table["stop_s"] - table["start_s"]).to_numpy() == pytest.approx(2.5)
    assert set(table["spatial_frequency_cpd"]) == {0.05}
    assert set(table["waveform"]) == {"square"}
    assert (table.groupby("condition").size() == 10).all()
    # Numbers of the published movies: k + 30 j, k 6 to 9 for 1 to 8 Hz, j for every 45 degrees.
    numbers = table.drop_duplicates("condition")
    k = {1.0: 6, 2.0: 7, 4.0: 8, 8.0: 9}
    expected = [
        k[f] + 30 * d / 45
        for f, d in zip(numbers["temporal_frequency_hz"], numbers["orientation_deg"], strict=True)
    ]
    assert numbers["condition"].tolist() == expected
    assert shown["spontaneous"].duration_s == 60.0


def test_one_frequency_and_fewer_trials():
    shown = recipes.layer4_protocol("training", temporal_frequencies_hz=(4.0,), n_trials=2)
    assert len(shown["drifting_gratings"]) == 16
    assert len(shown["spontaneous"]) == 4


def test_flashes_and_bars_of_the_test():
    shown = recipes.layer4_protocol("test")
    short = shown["flash_2"].table
    on = short[short["stimulus"] == "flashes"]
    assert (on["start_s"] % 3).to_numpy() == pytest.approx(0.6)
    assert (on["stop_s"] - on["start_s"]).to_numpy() == pytest.approx(0.05)
    assert shown["flash_1"].duration_s == 30.0
    bars = shown["bars"].table
    assert bars.groupby("movie").size().tolist() == [10] * 4
    sweep = (bars["stop_s"] - bars["start_s"])[bars["orientation_deg"] == 0.0]
    assert sweep.to_numpy() == pytest.approx((240 + 5) / 62.5, abs=0.1)


def test_images_and_movies_of_the_test():
    clip = visual.Movie(np.zeros((75, 4, 8)), np.arange(8.0), np.arange(4.0), 30.0)
    shown = recipes.layer4_protocol("test", images=np.zeros((10, 12, 24)), movies={"clip": clip})
    scenes = shown["natural_scenes"].table
    assert len(scenes) == 1000
    assert scenes["frame"].value_counts().tolist() == [100] * 10
    assert shown["natural_scenes"].duration_s == pytest.approx(300.0)
    assert (scenes["start_s"].to_numpy()[::10] % 3) == pytest.approx(0.5)
    movie = shown["natural_scenes"].movies["natural_scenes"]
    assert (movie.x_deg[0], movie.y_deg[0]) == (-115.0, 55.0)
    assert shown["clip"].table["start_s"].to_numpy() == pytest.approx(0.5 + 3 * np.arange(10))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"stage": "tuning"}, "'training' or 'test'"),
        ({"stage": "training", "images": np.zeros((1, 2, 2))}, "belong to the stage 'test'"),
        ({"stage": "test", "images": np.zeros((2, 2))}, "shape"),
        ({"stage": "test", "n_trials": 0}, "n_trials"),
    ],
)
def test_refuses(given, match):
    with pytest.raises(DataError, match=match):
        recipes.layer4_protocol(**given)
