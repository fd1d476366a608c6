"""Every defect of the published program can be asked for by name, and changes a number."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses import neuropixels
from allentk.responses.neuropixels.chi_square import shuffled_p
from allentk.responses.neuropixels.contrast import c50
from allentk.responses.neuropixels.fields import Gaussian, fitted, regions
from allentk.responses.neuropixels.tuned import first_largest


def table(stimulus, length=0.25, step=2.0, **columns):
    n = len(next(iter(columns.values())))
    start = step * np.arange(n)
    rows = pd.DataFrame({"start_s": start, "stop_s": start + length, **columns})
    return StimulusTable(rows.assign(stimulus=stimulus))


def train(*lists):
    return SpikeTrains.from_lists([np.sort(times) for times in lists])


FLASHES = table("flashes", color=[1.0, -1.0] * 2)


def test_both_edges():
    edges = train([0.0, 0.25, 2.0, 4.1], [0.1, 2.1])
    plain = neuropixels.flashes(edges, FLASHES)
    published = neuropixels.flashes(edges, FLASHES, quirks="both_edges")
    assert plain["on_off_ratio"][0] == 2.0  # 0.0 and 4.1 against 2.0
    assert np.isnan(published["on_off_ratio"][0])  # 0.25 and 4.1; the start is not in it
    # Spikes on the edge of the 8th bin fill the 7th too, which comes first.
    on_edge = train([0.007, 4.007])
    assert neuropixels.flashes(on_edge, FLASHES)["time_to_peak_s"][0] == pytest.approx(0.0075)
    one = neuropixels.flashes(on_edge, FLASHES, quirks="both_edges")["time_to_peak_s"][0]
    assert one == pytest.approx(0.0065)


def test_short_psth():
    last = train([0.2495, 4.2495])
    assert neuropixels.flashes(last, FLASHES)["time_to_peak_s"][0] == pytest.approx(0.2495)
    assert np.isnan(neuropixels.flashes(last, FLASHES, quirks="short_psth")["time_to_peak_s"][0])
    gabors = table("gabors", x_deg=[0.0, 10.0], y_deg=[0.0, 0.0])
    late = train([0.2495])
    assert neuropixels.receptive_fields(late, gabors).maps.sum() == 1
    assert neuropixels.receptive_fields(late, gabors, quirks="short_psth").maps.sum() == 0


def test_sparseness_of_sums():
    uneven = table("flashes", color=[1.0, 1.0, 1.0, -1.0])
    even = train([0.1, 2.1, 4.1, 6.1])
    assert neuropixels.flashes(even, uneven)["lifetime_sparseness"][0] == 0
    published = neuropixels.flashes(even, uneven, quirks="sparseness_of_sums")
    assert published["lifetime_sparseness"][0] == pytest.approx((1 - 16 / (2 * 10)) * 2)


def test_unknown_speed_stationary():
    white = table("flashes", color=[1.0] * 6 + [-1.0])
    cells = train([0.1, 0.2, 2.1, 4.1, 4.15, 4.2, 6.1, 8.1, 10.1])
    running = ([5.0, 5.0, 0.0, 0.0, np.nan, np.nan], [0.1, 2.1, 8.1, 10.1, 4.1, 6.1])
    order = np.argsort(running[1])
    running = tuple(np.asarray(each)[order] for each in running)
    plain = neuropixels.flashes(cells, white, running=running)
    published = neuropixels.flashes(
        cells, white, running=running, quirks="unknown_speed_stationary"
    )
    assert plain["run_modulation"][0] == pytest.approx((1.5 - 1) / 1.5)
    assert published["run_modulation"][0] == pytest.approx(0.0)


def test_silent_units():
    gratings = table(
        "drifting_gratings",
        2.0,
        3.0,
        orientation_deg=[45.0, 90.0],
        temporal_frequency_hz=[1.0, 2.0],
    )
    silent = SpikeTrains([], [], 1)
    assert np.isnan(neuropixels.drifting_gratings(silent, gratings)["preferred_direction_deg"][0])
    row = neuropixels.drifting_gratings(silent, gratings, quirks="silent_units").loc[0]
    assert (row["preferred_direction_deg"], row["preferred_tf_hz"], row["mod_idx"]) == (45, 1, 0)
    assert row["time_to_peak_s"] == pytest.approx(0.0005)
    # Segments of 1024 ms, half of each in the next: two of 2 s, which end at 1.536 s.
    late = train([1.832])
    assert np.isnan(neuropixels.drifting_gratings(late, gratings)["mod_idx"][0])
    assert "in the segments" in neuropixels.drifting_gratings(late, gratings)["notes"][0]
    assert neuropixels.drifting_gratings(late, gratings, quirks="published")["mod_idx"][0] == 0


def test_exact_ties():
    means = np.array([[0.3, 0.1 + 0.2]])
    assert [each.tolist() for each in first_largest(means, frozenset())] == [[0], [True]]
    exact = first_largest(means, frozenset({"exact_ties"}))
    assert [each.tolist() for each in exact] == [[1], [False]]


def test_f1_f0_cycles():
    gratings = table(
        "drifting_gratings", 2.0, 3.0, orientation_deg=[0.0], temporal_frequency_hz=[1.0]
    )
    once_a_cycle = train([0.5005, 1.5005])
    assert neuropixels.drifting_gratings(once_a_cycle, gratings)["f1_f0"][0] == pytest.approx(2.0)
    published = neuropixels.drifting_gratings(once_a_cycle, gratings, quirks="f1_f0_cycles")
    # One cycle of 1.999 s is taken: half a turn between the two spikes.
    assert published["f1_f0"][0] == pytest.approx(0.0, abs=0.01)


def test_next_frequency():
    gratings = table(
        "drifting_gratings", 2.0, 3.0, orientation_deg=[0.0], temporal_frequency_hz=[4.0]
    )
    rng = np.random.default_rng(0)
    locked = train((np.arange(8) + 0.5) / 4 + rng.normal(0, 0.03, 8))
    plain = neuropixels.drifting_gratings(locked, gratings)["mod_idx"][0]  # at 3.91 Hz
    published = neuropixels.drifting_gratings(locked, gratings, quirks="next_frequency")  # at 4.88
    assert plain > published["mod_idx"][0]


def test_c50_grid():
    contrasts = np.array([0.01, 0.02, 0.04, 0.08, 0.13, 0.2, 0.35, 0.6, 1.0])
    responses = 2 + 8 * contrasts**2 / (contrasts**2 + 0.3**2)
    plain, published = c50(contrasts, responses), c50(contrasts, responses, frozenset({"c50_grid"}))
    grid = np.linspace(0.009, 1.1, 256)
    assert published in grid
    assert plain not in grid
    assert published == pytest.approx(plain, abs=grid[1] - grid[0])


def test_image_as_condition():
    flashes = FLASHES.table
    scenes = table("natural_scenes", frame=[50.0, 60.0]).table
    scenes[["start_s", "stop_s"]] += 10
    session = StimulusTable(pd.concat([flashes, scenes], ignore_index=True))
    cells = train([12.1])
    assert neuropixels.natural_scenes(cells, session)["preferred_image"][0] == 60
    published = neuropixels.natural_scenes(cells, session, quirks="image_as_condition")
    assert published["preferred_image"][0] == 3  # after two colors and one image


def test_movie_without_duration():
    movie = table("natural_movie_one", frame=[0.0, 1.0])
    assert neuropixels.natural_movie(train([0.1]), movie)["preferred_frame"][0] == 0
    with pytest.raises(DataError, match="give duration_s"):
        neuropixels.natural_movie(train([0.1]), movie, quirks="movie_without_duration")
    given = neuropixels.natural_movie(train([0.1]), movie, quirks="published", duration_s=0.25)
    assert given["preferred_frame"][0] == 0


def test_integer_smoothing_and_rounded_centre():
    maps = np.random.default_rng(4).poisson(3.0, (30, 9, 9))
    plain, whole = regions(maps, frozenset()), regions(maps, frozenset({"integer_smoothing"}))
    assert [each.area for each in plain] != [each.area for each in whole]
    rounded = regions(maps, frozenset({"rounded_centre"}))
    assert any(a.row != b.row for a, b in zip(plain, rounded, strict=True))
    assert all(b.row == round(b.row, 4) for b in rounded)


def test_swapped_start_and_signed_widths():
    empty_row = np.zeros((9, 9), dtype=int)
    empty_row[2], empty_row[6] = 1, 1  # nothing in the middle row, from which the width is taken
    start = frozenset({"swapped_start"})
    assert np.isfinite(fitted(empty_row, frozenset()).height)
    assert not np.isfinite(fitted(empty_row, start).height)
    found = [fitted(m, start | {"signed_widths"}) for m in _noise()]
    assert any(g.width < 0 or g.height < 0 for g in found)
    assert all(g.width > 0 and g.height > 0 for g in map(_fitted, _noise()))


def _noise():
    return np.random.default_rng(11).poisson(0.3, (30, 9, 9))


def _fitted(values):
    return fitted(values, frozenset())


def test_half_step_screen_and_fixed_grid():
    beyond = Gaussian(row=4.0, column=8.9, height=1.0, width=1.0)
    assert not beyond.on_grid((9, 9), frozenset())
    assert beyond.on_grid((9, 9), frozenset({"half_step_screen"}))
    gabors = table("gabors", x_deg=[0.0, 5.0] * 2, y_deg=[0.0, 0.0, 5.0, 5.0])
    cells = train(np.linspace(0.01, 0.2, 30))
    plain = neuropixels.gabors(cells, gabors, n_shuffles=10)
    assert np.isnan(plain["width_deg"][0])  # four places do not hold five parameters
    published = neuropixels.gabors(cells, gabors, n_shuffles=10, quirks="fixed_grid")
    assert published["area_deg2"][0] == 4 * plain["area_deg2"][0]


def test_bootstrap_null():
    where = np.repeat([0, 1], 30)
    counts = (5 * where[:, None]).astype(np.int32)
    assert shuffled_p(counts, where, frozenset(), n_shuffles=50)[0] == 1 / 51
    assert shuffled_p(counts, where, frozenset({"bootstrap_null"}), n_shuffles=50)[0] == 0


def test_flipped_rows_and_azimuths_are_elevations():
    gabors = table("gabors", x_deg=[0.0, 10.0, 20.0], y_deg=[-10.0, -10.0, 30.0])
    plain = neuropixels.receptive_fields(train([0.1]), gabors)
    assert plain.y_deg.tolist() == [30.0, -10.0]
    assert (plain.number_azimuths, plain.number_elevations) == (3, 2)
    published = neuropixels.receptive_fields(train([0.1]), gabors, quirks="published")
    assert published.y_deg.tolist() == [10.0, 50.0]
    assert published.number_azimuths == 2


def test_every_quirk_is_said_here_and_by_name():
    names = {quirk.name for quirk in neuropixels.QUIRKS}
    tested = {
        name for name in names if any(name in key for key in globals() if key.startswith("test_"))
    }
    assert names == tested
