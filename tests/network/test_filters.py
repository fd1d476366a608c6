"""Rates of rectified filters, against convolutions written out, pixel by pixel and ms by ms."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.network import gaussians, visual
from allentk.network.filters import Filters
from allentk.network.gaussians import Gaussians
from allentk.network.lgn import LGN
from allentk.network.movies import Movie, VisualStimulus
from allentk.network.shown import Wave
from allentk.network.temporal import V1_CLASSES

CLASSES = tuple(V1_CLASSES.values())
NAMES = list(V1_CLASSES)


def cells(sigma=1.5, *, seed=2):
    """One cell of every class of the V1 models, near the middle."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-3, 3, (2, len(CLASSES)))
    axis = rng.uniform(0, 360, len(CLASSES))
    return LGN(x, y, np.full(len(CLASSES), sigma), np.arange(len(CLASSES)), CLASSES, axis)


def seen_by(lgn, frames, x, y):
    """What the subunits of every cell see: frames weighted by Gaussians, in one sum each."""
    pitch = abs(x[1] - x[0]) * abs(y[1] - y[0])
    out = []
    for cell, of in enumerate(lgn.classes):
        places = [(lgn.x_deg[cell], lgn.y_deg[cell])]
        if of.name in ("sONsOFF_001", "sONtOFF_001"):
            apart = {"sONsOFF_001": 6.0, "sONtOFF_001": 4.0}[of.name]
            axis = math.radians(lgn.axis_deg[cell])
            px, py = places[0]
            places.append((px + apart * math.cos(axis), py + apart * math.sin(axis)))
        sigma = lgn.sigma_deg[cell]
        for px, py in places:
            gauss = (
                np.exp(-((x[None, :] - px) ** 2 + (y[:, None] - py) ** 2) / (2 * sigma**2))
                * pitch
                / (2 * math.pi * sigma**2)
            )
            out.append([float((gauss * frame).sum()) for frame in frames])
    return np.array(out)


def rates_of(lgn, seen):
    """Rates of every cell, from one value per subunit and ms, with gray before."""
    rates, at = [], 0
    for of in lgn.classes:
        n = seen.shape[1]
        if hasattr(of, "kernels"):
            off, on = of.kernels()
            half = of.spontaneous_hz / 2
            first = np.maximum(half + np.convolve(seen[at], off)[:n], 0)
            second = np.maximum(half + np.convolve(seen[at + 1], on)[:n], 0)
            rates.append(first + second)
            at += 2
        else:
            rates.append(np.maximum(of.spontaneous_hz + np.convolve(seen[at], of.kernel())[:n], 0))
            at += 1
    return np.array(rates)


def shown(**columns):
    row = {"start_s": 0.1, "stop_s": 0.6, "stimulus": "drifting_gratings", "contrast": 0.8}
    return StimulusTable(pd.DataFrame([row | columns]))


GRATING = {
    "orientation_deg": 40.0,
    "temporal_frequency_hz": 4.0,
    "spatial_frequency_cpd": 0.05,
    "phase": 0.15,
}


def rendered(table, x, y, n_ms):
    """Frames of a table's one grating, one per ms, gray where it is off."""
    row = table.table.iloc[0]
    angle = math.radians(row["orientation_deg"])
    along = x[None, :] * math.cos(angle) + y[:, None] * math.sin(angle)
    frequency = 0.0 if row["stimulus"] == "static_gratings" else row["temporal_frequency_hz"]
    frames = np.zeros((n_ms, y.size, x.size))
    for ms in range(n_ms):
        since = ms * 1e-3 - row["start_s"]
        if since >= -1e-9 and ms * 1e-3 < row["stop_s"] - 1e-9:
            turns = row["spatial_frequency_cpd"] * along - frequency * since + row["phase"]
            frames[ms] = row["contrast"] * np.sin(2 * math.pi * turns)
    return frames


@pytest.mark.parametrize(
    "change", [{}, {"stimulus": "static_gratings", "temporal_frequency_hz": math.nan}]
)
def test_gratings_in_closed_form_are_the_convolution_of_every_class(change):
    lgn, table = cells(), shown(**(GRATING | change))
    x = y = np.arange(-21, 21.1, 0.75)
    expected = rates_of(lgn, seen_by(lgn, rendered(table, x, y, 800), x, y))
    found = lgn.rates_hz(table, 0.0, 0.8)
    assert found == pytest.approx(expected, abs=1e-9 + 1e-6 * expected.max())
    gray = np.tile(lgn.spontaneous_hz[:, None], 100)
    assert found[:, :100] == pytest.approx(gray, abs=1e-9)


def test_the_closed_form_is_exact():
    """With the projection by hand the same to 1e-9, two-subunit cells too."""
    lgn, table = cells(), shown(**GRATING)
    time = np.arange(800) * 1e-3
    on = (time > 0.1 - 1e-9) & (time < 0.6 - 1e-9)
    places, at = [], 0
    for cell, of in enumerate(lgn.classes):
        places.append((lgn.x_deg[cell], lgn.y_deg[cell]))
        if hasattr(of, "kernels"):
            axis = math.radians(lgn.axis_deg[cell])
            places.append(
                (
                    places[-1][0] + of.separation_deg * math.cos(axis),
                    places[-1][1] + of.separation_deg * math.sin(axis),
                )
            )
    seen = np.zeros((len(places), 800))
    for at, (px, py) in enumerate(places):
        along = px * math.cos(math.radians(40)) + py * math.sin(math.radians(40))
        turns = 0.05 * along - 4.0 * (time - 0.1) + 0.15
        passed = math.exp(-2 * (math.pi * 1.5 * 0.05) ** 2)
        seen[at] = np.where(on, 0.8 * passed * np.sin(2 * math.pi * turns), 0.0)
    assert lgn.rates_hz(table, 0.0, 0.8) == pytest.approx(rates_of(lgn, seen), abs=1e-9)


def test_square_waves_are_their_sign():
    lgn = cells(0.8)
    table = shown(**GRATING, waveform="square")
    # points in the middle of pixels, so fine that the edges of the stripes matter little
    x = y = np.arange(-10, 10.01, 0.2)
    frames = 0.8 * np.sign(rendered(shown(**GRATING), x, y, 700)[::20])
    held = Movie(frames, x, y, 50.0)
    row = {"start_s": 0.0, "stop_s": 0.7, "stimulus": "x", "movie": "m"}
    played = VisualStimulus(pd.DataFrame([row]), {"m": held})
    found = lgn.rates_hz(table, 0.0, 0.7)
    expected = lgn.rates_hz(played, 0.0, 0.7)
    # frames are held for 20 ms, so that compare the means
    assert found.mean(axis=1) == pytest.approx(expected.mean(axis=1), rel=0.02)
    wave = Gaussians([0.7], [0.0], [[0.8]], [[1.0]])
    parts = Wave(0, 1, 0.0, 0.0, 0.05, 1.0, 0.0).harmonics(0.8)
    total = sum(
        wave.of_grating(p.direction_deg, p.cpd, contrast=p.contrast, phase=p.phase)[0].imag
        for p in parts
    )
    # an edge at 0, the next 10 degrees away: the Gaussian's share on either side
    assert total == pytest.approx(math.erf(0.7 / 0.8 / math.sqrt(2)), abs=1e-9)


@pytest.mark.parametrize("color", [1, -1])
def test_flashes(color):
    lgn = cells()
    table = visual.flashes(colors=(color,), n_repeats=1, duration_s=0.3, gap_s=0.2, contrast=0.6)
    seen = np.zeros((16, 600))
    seen[:, 200:500] = 0.6 * color
    assert lgn.rates_hz(table, 0.0, 0.6) == pytest.approx(rates_of(lgn, seen), abs=1e-9)


@pytest.mark.parametrize("rate_hz", [24.0, 60.0, 144.0, 1000.0])
def test_movies_of_any_frame_rate(rate_hz):
    lgn = cells()
    rng = np.random.default_rng(3)
    x, y = np.arange(-14, 14.1, 1.0), np.arange(13, -13.1, -1.0)
    frames = rng.uniform(-1, 1, (round(0.4 * rate_hz), y.size, x.size))
    row = {"start_s": 0.15, "stop_s": 0.55, "stimulus": "noise", "movie": "m"}
    table = VisualStimulus(pd.DataFrame([row]), {"m": Movie(frames, x, y, rate_hz)})
    each = seen_by(lgn, frames, x, y)
    seen = np.zeros((16, 700))
    for ms in range(150, 550):
        frame = min(math.floor((ms - 150) * 1e-3 * rate_hz + 1e-6), len(frames) - 1)
        seen[:, ms] = each[:, frame]
    assert lgn.rates_hz(table, 0.0, 0.7) == pytest.approx(rates_of(lgn, seen), abs=1e-9)


@pytest.mark.parametrize("made", ["bars", "looming", "noise", "scenes", "movie"])
def test_rendered_stimuli_are_convolved_like_any_frames(made):
    lgn = cells()
    screen = visual.Screen(24.0, 16.0, 1.0)
    rng = np.random.default_rng(4)
    pictures = rng.uniform(-1, 1, (5, screen.y_deg.size, screen.x_deg.size))
    x, y = screen.x_deg, screen.y_deg
    stimulus = {
        "bars": lambda: visual.moving_bars(
            directions_deg=(30.0,), speed_deg_s=60, n_repeats=1, screen=screen, gap_s=0.1, color=-1
        ),
        "looming": lambda: visual.looming(
            radii_deg=(5.0, 20.0), n_repeats=1, screen=screen, gap_s=0.1, centre_deg=(1.0, 2.0)
        ),
        "noise": lambda: visual.locally_sparse_noise(
            n_frames=3, pixels=(5, 6), pixel_deg=2.0, seed=1
        ),
        "scenes": lambda: visual.natural_scenes(pictures, x, y, n_repeats=1, seed=5),
        "movie": lambda: visual.natural_movie(pictures, x, y, n_repeats=2, gap_s=0.1),
    }[made]()
    n_ms = 800
    each = {
        name: seen_by(lgn, movie.read(np.arange(movie.n_frames)), movie.x_deg, movie.y_deg)
        for name, movie in stimulus.movies.items()
    }
    seen = np.zeros((16, n_ms))
    for _, row in stimulus.table.iterrows():
        if row["stimulus"] == "blank":
            continue
        rate_hz = stimulus.movies[row["movie"]].frame_rate_hz
        for ms in range(n_ms):
            if row["start_s"] < ms * 1e-3 + 1e-9 and row["stop_s"] > ms * 1e-3 + 1e-9:
                since = (ms * 1e-3 - row["start_s"]) * rate_hz
                frame = row["frame"] if np.isfinite(row["frame"]) else math.floor(since + 1e-6)
                seen[:, ms] = each[row["movie"]][:, int(frame)]
    assert np.abs(seen).max() > 0.1
    # beyond 7 deviations a Gaussian is left out
    assert lgn.rates_hz(stimulus, 0.0, 0.8) == pytest.approx(rates_of(lgn, seen), abs=1e-8)


def test_many_cells_are_grouped_by_place(monkeypatch):
    """However few pixels fit at once, the cells see the same."""
    rng = np.random.default_rng(6)
    screen = visual.Screen(60.0, 40.0, 1.0)
    frames = rng.uniform(-1, 1, (7, screen.y_deg.size, screen.x_deg.size))
    movie = Movie(frames, screen.x_deg, screen.y_deg)
    n = 50
    fields = Gaussians(*rng.uniform(-40, 40, (2, n)), np.full((n, 1), 1.2), np.ones((n, 1)))
    whole = fields.of_frames(movie, np.arange(7))
    monkeypatch.setattr(gaussians, "MAX_PIXELS", 900)
    assert len(list(fields._groups(np.arange(n), movie, (1.0, 1.0)))) > 5
    assert fields.of_frames(movie, np.arange(7)) == pytest.approx(whole, abs=1e-10)
    assert np.ptp(whole) > 0.1


def test_windows_join_without_a_seam():
    lgn = cells()
    bars = visual.moving_bars(
        n_repeats=1, directions_deg=(0.0,), screen=visual.Screen(20, 20, 1.0), gap_s=0.2
    )
    flash = visual.flashes(n_repeats=1, gap_s=0.2)
    stimulus = visual.sequence([shown(**GRATING), flash, bars])
    whole = lgn.rates_hz(stimulus, 0.0, 2.3)
    edges = (0.0, 0.333, 0.9, 0.901, 1.5, 2.3)
    parts = [lgn.rates_hz(stimulus, a, b) for a, b in pairwise(edges)]
    assert np.concatenate(parts, axis=1) == pytest.approx(whole, abs=1e-9)
    assert whole.std(axis=1).min() > 0.1


def test_two_subunits_prefer_an_axis():
    """A grating along the axis meets OFF and ON at different times, one across it both at once."""
    lgn = LGN([0.0], [0.0], [2.0], [0], (V1_CLASSES["sONsOFF_001"],), [0.0])
    along, across = (
        lgn.rates_hz(shown(**(GRATING | {"orientation_deg": d, "stop_s": 3.0})), 1.0, 3.0)[0]
        for d in (0.0, 90.0)
    )
    assert abs(along.max() - across.max()) > 0.5


def test_factors_scale_the_answer():
    lgn = cells()
    table = shown(**GRATING)
    twice = lgn.filters.scaled(np.full(14, 0.5))
    assert twice.rates_hz(table, 0.0, 0.8) == pytest.approx(
        lgn.rates_hz(shown(**(GRATING | {"contrast": 0.4})), 0.0, 0.8), abs=1e-9
    )
    with pytest.raises(DataError, match="14 cells need as many factors"):
        lgn.filters.scaled([1.0])


FIELDS = Gaussians([0.0, 1.0], [0.0, 0.0], np.ones((2, 1)), np.ones((2, 1)))
GOOD = {
    "fields": FIELDS,
    "cell": [0, 1],
    "kernel": [0, 0],
    "kernels": np.ones((1, 5)),
    "gain": [1.0, 1.0],
    "base_hz": [1.0, 1.0],
    "offset_hz": [0.0, 0.0],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": [0, 0]}, "every one of the 2 cells needs a subunit"),
        ({"cell": [1, 0]}, "sorted by cell"),
        ({"kernel": [0, 1]}, "kernel must lie in 0..0"),
        ({"kernels": np.ones(5)}, "kernels need shape"),
        ({"gain": [1.0]}, "gain needs one value"),
        ({"base_hz": [1.0, math.inf]}, "base_hz must be finite"),
    ],
)
def test_filters_refuse(change, message):
    with pytest.raises(DataError, match=message):
        Filters(**(GOOD | change))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (GRATING | {"contrast": 1.5}, "must lie in 0..1"),
        (GRATING | {"waveform": "triangle"}, "has the waveform 'triangle'"),
        ({"stimulus": "flashes", "color": 0.5}, "needs a contrast and the color"),
        ({"stimulus": "flashes", "contrast": -2.0}, "must lie in 0..1"),
        ({"stimulus": "gabors"}, "neither a grating"),
        ({"stimulus": "x", "movie": "m"}, "give a VisualStimulus"),
        (GRATING | {"temporal_frequency_hz": math.nan}, "needs temporal_frequency_hz"),
    ],
)
def test_what_cannot_be_shown_is_refused(columns, message):
    with pytest.raises(DataError, match=message):
        cells().rates_hz(shown(**columns), 0.0, 0.5)


def test_pixels_wider_than_a_gaussian_are_refused():
    stimulus = visual.looming(n_repeats=1, screen=visual.Screen(20, 20, 2.0), gap_s=0.0)
    with pytest.raises(DataError, match="render the movie more finely"):
        cells().rates_hz(stimulus, 0.0, 0.5)


def test_a_cell_of_two_subunits_needs_an_axis():
    with pytest.raises(DataError, match="cell 0 has two subunits"):
        LGN([0.0], [0.0], [1.0], [0], (V1_CLASSES["sONsOFF_001"],))


def test_an_empty_window_and_no_cells():
    assert cells().rates_hz(visual.gray(1.0), 0.5, 0.5).shape == (14, 0)
    nobody = LGN([], [], [], np.empty(0, dtype=int))
    assert nobody.rates_hz(shown(**GRATING), 0.0, 0.5).shape == (0, 500)
