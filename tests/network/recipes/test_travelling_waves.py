"""Background in waves: rates, speed, and that spikes do not depend on how time is divided."""

import numpy as np
import pytest

from allentk.errors import DataError
from allentk.network.recipes.travelling_waves import TravellingWaves


def waves(**changes):
    x, y = np.meshgrid(np.linspace(-900, 900, 20), np.linspace(-900, 900, 20))
    given = {
        "x_um": x.ravel(),
        "y_um": y.ravel(),
        "rate_hz": np.full(400, 10.0),
        "up_s": (0.2, 1.2),
        "between_s": (0.25, 1.75),
        "length_um": 2000.0,
    }
    return TravellingWaves(**given | changes)


def test_mean_rate():
    """A source is up 0.7 s of every 1.7 s in the mean."""
    source = waves()
    times, ids = source.spikes(None, 0.0, 400.0, np.random.default_rng(1))
    assert source.mean_hz == pytest.approx(10 * 0.7 / 1.7)
    assert times.size / 400 / 400 == pytest.approx(source.mean_hz, rel=0.1)
    assert (np.diff(times) >= 0).all()
    assert np.bincount(ids, minlength=400).min() > 0


def test_a_wave_lasts_as_said_and_moves_as_fast():
    """With one duration and no spread the rate is on for 0.5 s, and a far source sees it later."""
    source = waves(up_s=(0.5, 0.5), between_s=(2.0, 2.0), rate_hz=np.full(400, 2000.0))
    begin, up = next(source._passages(0.0))
    times, ids = source.spikes(None, -20.0, float(begin.max()) + 1.0, np.random.default_rng(0))
    for node in (0, 210, 399):
        mine = times[ids == node]
        first = mine[(mine > begin[node] - 0.1) & (mine < begin[node] + up + 0.1)]
        assert first.min() == pytest.approx(begin[node], abs=0.01)
        assert first.max() == pytest.approx(begin[node] + 0.5, abs=0.01)
    spread = np.hypot(np.ptp(source.x_um), np.ptp(source.y_um))
    assert np.ptp(begin) <= spread / (2000 / 0.5) + 1e-9
    assert np.ptp(begin) >= 1800 / (2000 / 0.5) - 1e-9


def test_waves_do_not_depend_on_the_window():
    source = waves(rate_hz=np.full(400, 300.0))
    rng = np.random.default_rng(2)
    whole, _ = source.spikes(None, 0.0, 6.0, rng)
    parts = np.concatenate([source.spikes(None, t, t + 1.0, rng)[0] for t in range(6)])
    bins = np.linspace(0, 6, 61)
    a, b = np.histogram(whole, bins)[0], np.histogram(parts, bins)[0]
    assert np.abs(a - b).max() < 6 * np.sqrt(a.max())
    assert (a == 0).sum() == (b == 0).sum()


def test_seed_draws_the_waves():
    starts = [next(waves(seed=seed)._passages(0.0))[0] for seed in (1, 1, 2)]
    assert np.array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])


def test_all_waves_are_as_fast():
    source = waves()
    diagonal = np.hypot(1800, 1800)
    for begin, _ in source._passages(60.0):
        # a wave crosses at 2000 um per 0.7 s, whatever its own duration
        crossed = np.ptp(begin) * 2000 / 0.7
        assert crossed >= 1800 - 1e-9
        assert crossed <= diagonal + 1e-9


def test_waves_and_places_have_random_numbers_of_their_own():
    """The first wave comes from the first three numbers of a stream that no layout draws from."""
    _, up = next(waves(seed=150)._passages(0.0))
    children = np.random.SeedSequence(150).spawn(8)
    for child in [np.random.SeedSequence(150), *children]:
        first = np.random.default_rng(child).uniform(0.2, 1.2)
        assert abs(first - up) > 1e-12


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"rate_hz": np.full(400, -1.0)}, "0 or more"),
        ({"x_um": np.zeros(3)}, "equally long"),
        ({"up_s": (0.0, 1.0)}, "up_s"),
        ({"between_s": (2.0, 1.0)}, "between_s"),
        ({"length_um": 0.0}, "length_um"),
    ],
)
def test_refuses(wrong, match):
    with pytest.raises(DataError, match=match):
        waves(**wrong)
