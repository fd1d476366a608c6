"""LGN filters: kernels, the closed form of a grating, movies, and random spikes."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.network import visual
from allentk.network.lgn import LGN
from allentk.network.poisson import poisson_spikes
from allentk.network.temporal import FILTER_CLASSES, KERNEL_MS, FilterClass, cosine_bumps

NAMES = list(FILTER_CLASSES)


def shown(direction=30.0, frequency=4.0, *, start=0.25, stop=1.25, cpd=0.04, phase=0.1):
    row = {
        "start_s": start,
        "stop_s": stop,
        "stimulus": "drifting_gratings",
        "orientation_deg": direction,
        "temporal_frequency_hz": frequency,
        "spatial_frequency_cpd": cpd,
        "contrast": 0.8,
        "phase": phase,
    }
    return StimulusTable(pd.DataFrame([row]))


def some_cells(n=26):
    rng = np.random.default_rng(1)
    place = rng.uniform(-6, 6, (2, n))
    return LGN(*place, rng.uniform(0.8, 3.0, n), np.arange(n) % len(NAMES))


def test_bumps_are_the_published_formula():
    """Pillow's raised cosines with bmtk's constants, sample by sample; each of unit sum of squares."""
    found = cosine_bumps((22.246, 56.1), (0, 15))
    width = 2 * (math.log(200.3) - math.log(100.3))
    for column, (peak, delay) in enumerate([(22.246, 0), (56.1, 15)]):
        expected = np.zeros(KERNEL_MS)
        for t in range(KERNEL_MS - delay):
            angle = (math.log(t + 0.3) - math.log(peak)) * math.pi / width
            expected[t + delay] = (math.cos(angle) + 1) / 2 if abs(angle) < math.pi else 0.0
        expected /= math.sqrt((expected**2).sum())
        assert found[:, column] == pytest.approx(expected, abs=1e-12)
    assert (found**2).sum(axis=0) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("name", NAMES)
def test_on_cells_rise_with_light_and_off_cells_fall(name):
    of = FILTER_CLASSES[name]
    kernel = of.kernel()
    assert kernel[np.abs(kernel).argmax()] * of.sign > 0
    assert (of.sign > 0) == ("ON" in name)


@pytest.mark.parametrize("family", ["sON", "sOFF", "tOFF"])
def test_classes_are_in_order_of_their_frequency(family):
    frequency = np.arange(0.5, 30, 0.25)
    wave = np.exp(-2j * math.pi * frequency[:, None] * np.arange(KERNEL_MS) * 1e-3)
    kernels = [of.kernel() for name, of in FILTER_CLASSES.items() if name.startswith(family)]
    preferred = [frequency[np.abs(wave @ kernel).argmax()] for kernel in kernels]
    assert preferred == sorted(preferred)
    assert preferred[-1] > 1.5 * preferred[0]


def test_classes_refuse():
    with pytest.raises(DataError, match="sign must be"):
        FilterClass("x", 2, (1.0, -1.0), (10.0, 20.0), (0, 5), 1.0)
    with pytest.raises(DataError, match="delays_ms must lie in"):
        FilterClass("x", 1, (1.0, -1.0), (10.0, 20.0), (0, 600), 1.0)


def test_projection_of_a_grating_is_the_integral_over_the_gaussian():
    lgn = LGN([3.0], [-2.0], [2.5], [0])
    x, y = np.linspace(-20, 26, 700), np.linspace(-25, 21, 700)
    gaussian = np.exp(-((x[None, :] - 3) ** 2 + (y[:, None] + 2) ** 2) / (2 * 2.5**2))
    gaussian /= gaussian.sum()
    z = lgn.grating_projection(30.0, 0.06, contrast=0.7, phase=0.2)[0]
    for time in (0.0, 0.11, 0.37):
        along = x[None, :] * math.cos(math.pi / 6) + y[:, None] * math.sin(math.pi / 6)
        picture = 0.7 * np.sin(2 * math.pi * (0.06 * along - 4.0 * time + 0.2))
        expected = (gaussian * picture).sum()
        assert (z * np.exp(-2j * math.pi * 4.0 * time)).imag == pytest.approx(expected, abs=1e-6)


def test_rates_are_the_convolution_written_out():
    lgn = some_cells(13)
    table = shown()
    rates = lgn.rates_hz(table, 0.0, 1.6)
    z = lgn.grating_projection(30.0, 0.04, contrast=0.8, phase=0.1)
    time = np.arange(1600) * 1e-3
    on = (time > 0.25 - 1e-9) & (time < 1.25 - 1e-9)
    for cell in range(lgn.n_nodes):
        seen = np.where(on, (z[cell] * np.exp(-2j * math.pi * 4 * (time - 0.25))).imag, 0.0)
        of = lgn.classes[lgn.kind[cell]]
        drive = np.convolve(seen, of.kernel())[:1600]
        assert rates[cell] == pytest.approx(np.maximum(of.spontaneous_hz + drive, 0), abs=1e-9)


def test_windows_join_without_a_seam():
    lgn, table = some_cells(), shown()
    whole = lgn.rates_hz(table, 0.0, 2.0)
    parts = [lgn.rates_hz(table, a, b) for a, b in ((0.0, 0.7), (0.7, 1.3), (1.3, 2.0))]
    assert np.concatenate(parts, axis=1) == pytest.approx(whole, abs=1e-9)


def test_a_movie_gives_what_the_closed_form_gives():
    lgn = some_cells()
    x, y = np.linspace(-18, 18, 73), np.linspace(-17, 17, 69)
    movie = visual.grating_movie(
        direction_deg=30.0, temporal_frequency_hz=4.0, x_deg=x, y_deg=y, n_frames=800, phase=0.1
    )
    found = lgn.movie_rates_hz(movie, x, y)
    expected = lgn.rates_hz(shown(start=0.0, stop=2.0), 0.0, 0.8)
    assert found.shape == (26, 800)
    assert np.abs(found - expected).max() < 0.01 * expected.max()


def test_gray_is_the_spontaneous_rate():
    lgn = some_cells()
    rates = lgn.rates_hz(visual.gray(1.0), 0.0, 1.0)
    assert (rates == lgn.spontaneous_hz[:, None]).all()


def test_finer_gratings_are_seen_less():
    lgn = LGN([0.0, 0.0], [0.0, 0.0], [1.0, 3.0], [0, 0])
    coarse = np.abs(lgn.grating_projection(0.0, 0.02))
    fine = np.abs(lgn.grating_projection(0.0, 0.2))
    assert (fine < coarse).all()
    assert fine / coarse == pytest.approx(
        np.exp(-2 * np.pi**2 * (0.2**2 - 0.02**2) * np.array([1, 9]))
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_deg": [0.0, 1.0]}, "equally long"),
        ({"x_deg": [math.nan]}, "must be finite"),
        ({"sigma_deg": [0.0]}, "sigma_deg must be positive"),
        ({"kind": [99]}, "kind must lie in"),
    ],
)
def test_lgn_refuses(change, message):
    values = {"x_deg": [0.0], "y_deg": [0.0], "sigma_deg": [1.0], "kind": [0]}
    with pytest.raises(DataError, match=message):
        LGN(**(values | change))


def test_unknown_pictures_are_refused():
    rows = {"start_s": [0.0], "stop_s": [1.0], "stimulus": ["natural_scenes"]}
    with pytest.raises(DataError, match=r"presentation 0 \('natural_scenes'\)"):
        some_cells().rates_hz(StimulusTable(pd.DataFrame(rows)), 0.0, 1.0)
    with pytest.raises(DataError, match="needs temporal_frequency_hz"):
        some_cells().rates_hz(shown(cpd=math.nan), 0.0, 1.0)


def test_movies_are_refused_where_they_do_not_fit():
    lgn, x, y = some_cells(), np.linspace(-5, 5, 21), np.linspace(-5, 5, 11)
    frames = np.zeros((4, 11, 21))
    with pytest.raises(DataError, match="frames must have shape"):
        lgn.movie_projection(frames[:, :, 1:], x, y)
    with pytest.raises(DataError, match="evenly spaced"):
        lgn.movie_projection(frames, x**3, y)
    with pytest.raises(DataError, match="render the movie more finely"):
        lgn.movie_projection(frames, x, y * 10)
    frames[0, 0, 0] = math.nan
    with pytest.raises(DataError, match="not finite"):
        lgn.movie_projection(frames, x, y)


def test_node_table():
    lgn = some_cells(3)
    assert lgn.nodes()["cell_class"].tolist() == NAMES[:3]
    assert repr(lgn) == "<LGN: 3 cells of 3 classes>"


def test_spikes_follow_the_rates():
    """Counts in every ms and cell, pooled in tens, within four deviations of the rates."""
    rates = np.zeros((3, 2000))
    rates[1] = 40.0
    rates[2] = 100 * (np.arange(2000) % 500 < 250)
    times, ids = poisson_spikes(np.tile(rates, (100, 1)), 1e-3, 5.0, np.random.default_rng(2))
    assert (np.diff(times) >= 0).all()
    assert times.min() >= 5.0
    assert times.max() < 7.0
    kind = ids % 3
    assert (kind != 0).all()
    for row in (1, 2):
        counts = np.histogram(times[kind == row] - 5.0, np.linspace(0, 2, 9))[0]
        expected = 100 * rates[row].reshape(8, -1).sum(axis=1) * 1e-3
        assert (np.abs(counts - expected) <= 4 * np.sqrt(expected)).all()


def test_intervals_are_exponential():
    times, _ = poisson_spikes(np.full((1, 100_000), 80.0), 1e-3, 0.0, np.random.default_rng(3))
    gaps = np.sort(np.diff(times))
    distance = np.abs(1 - np.exp(-80 * gaps) - np.arange(1, gaps.size + 1) / gaps.size).max()
    assert distance < 1.95 / math.sqrt(gaps.size)  # Kolmogorov, p = 0.001


def test_no_rate_no_spike():
    for rates in (np.zeros((4, 100)), np.zeros((0, 100)), np.zeros((4, 0))):
        times, ids = poisson_spikes(rates, 1e-3, 0.0, np.random.default_rng(0))
        assert times.size == ids.size == 0


def test_lgn_spikes_are_seeded():
    lgn, table = some_cells(), shown()
    one, same, other = (
        lgn.spikes(table, 0.0, 1.0, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one[0].tolist() == same[0].tolist()
    assert one[0].tolist() != other[0].tolist()
    mean = lgn.rates_hz(table, 0.0, 1.0).mean() * lgn.n_nodes
    assert abs(one[0].size - mean) < 4 * math.sqrt(mean)
