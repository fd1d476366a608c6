"""Receptive fields: a planted field comes back, and the test against shuffles is one."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains, StimulusTable
from allentk.responses import neuropixels
from allentk.responses.neuropixels.chi_square import shuffled_p
from allentk.responses.neuropixels.fields import Gaussian, fitted, inverted, regions

PLACES = np.arange(-40.0, 41.0, 10.0)


def gabors(repeats=4, places=PLACES):
    x, y = (axis.ravel() for axis in np.meshgrid(places, places))
    rows = pd.DataFrame({"x_deg": np.tile(x, repeats), "y_deg": np.tile(y, repeats)})
    rows = rows.iloc[np.random.default_rng(0).permutation(len(rows))].reset_index(drop=True)
    rows["start_s"] = 0.25 * np.arange(len(rows))
    rows["stop_s"] = rows["start_s"] + 0.25
    return StimulusTable(rows.assign(stimulus="gabors"))


def spikes(table, rates):
    """As many spikes as `rates(x, y)` says, one list per cell, early in each presentation."""
    lists = []
    for rate in rates:
        times = []
        for row in table.table.itertuples():
            n = round(rate(row.x_deg, row.y_deg))
            times += list(row.start_s + 0.01 + 0.2 * np.arange(n) / max(n, 1))
        lists.append(times)
    return SpikeTrains.from_lists(lists)


def bump(x0, y0, sx, sy, peak=60.0):
    return lambda x, y: peak * np.exp(-(((x - x0) / sx) ** 2 + ((y - y0) / sy) ** 2) / 2)


def test_a_planted_field():
    table = gabors()
    train = spikes(table, [bump(10, -20, 12, 18), lambda x, y: 0.0, lambda x, y: 3.0])
    cells = neuropixels.gabors(train, table, n_shuffles=200)
    row = cells.loc[0]
    assert row["azimuth_deg"] == pytest.approx(60.0, abs=0.5)  # x = 10, the screen's middle at 50
    assert row["elevation_deg"] == pytest.approx(-10.0, abs=0.5)  # y = -20, the middle at 10
    assert row["width_deg"] == pytest.approx(12.0, abs=0.3)
    assert row["height_deg"] == pytest.approx(18.0, abs=0.3)
    assert row["p_value"] == pytest.approx(1 / 201)
    assert row["on_screen"]
    assert cells["azimuth_deg"].isna().tolist() == [False, True, True]
    assert pd.isna(cells["on_screen"][1])
    assert cells["notes"][1] == "no spikes in the presentations"
    assert cells["p_value"][2] == 1.0  # every place alike


def test_the_map_has_the_top_of_the_screen_first():
    table = gabors()
    fields = neuropixels.receptive_fields(spikes(table, [bump(-40, 40, 5, 5)]), table)
    assert np.unravel_index(fields.maps[0].argmax(), (9, 9)) == (0, 0)
    assert fields.y_deg[0] == 40
    assert fields.x_deg[0] == -40
    assert fields.maps[0, 0, 0] == 4 * 60


def test_another_grid_is_measured_in_its_own_degrees():
    table = gabors(places=np.arange(-15.0, 16.0, 5.0))
    cells = neuropixels.gabors(spikes(table, [bump(5, 0, 4, 6)]), table, n_shuffles=20)
    row = cells.loc[0]
    assert row["azimuth_deg"] == pytest.approx(55.0, abs=0.3)
    assert row["elevation_deg"] == pytest.approx(10.0, abs=0.3)
    assert (row["width_deg"], row["height_deg"]) == pytest.approx((4.0, 6.0), abs=0.2)
    assert row["area_deg2"] % 25 == 0
    published = neuropixels.gabors(
        spikes(table, [bump(5, 0, 4, 6)]), table, n_shuffles=20, quirks="fixed_grid"
    )
    assert published["width_deg"][0] == pytest.approx(2 * row["width_deg"])


def test_a_hole_is_turned_over():
    table = gabors()
    field = bump(0, 0, 15, 15, 40.0)
    cells = neuropixels.gabors(spikes(table, [lambda x, y: 41 - field(x, y)]), table, n_shuffles=20)
    assert cells["width_deg"][0] == pytest.approx(15.0, abs=1.0)


def test_regions_and_fits_by_hand():
    flat = np.full((1, 5, 5), 4)
    region = regions(flat, frozenset())[0]
    assert region.area == 0
    assert np.isnan(region.row)
    assert not inverted(region)
    two = np.zeros((1, 9, 9), dtype=int)
    two[0, 1, 1], two[0, 7, 7] = 50, 100
    assert not regions(two, frozenset())[0].mask[1, 1]
    assert regions(two, frozenset())[0].mask[7, 7]
    rows, columns = np.indices((9, 9))
    values = np.round(1000 * np.exp(-(((rows - 3) / 1.5) ** 2 + ((columns - 5) / 2.5) ** 2) / 2))
    found = fitted(values.astype(int), frozenset())
    assert (found.row, found.column) == pytest.approx((3, 5), abs=0.01)
    assert (found.height, found.width) == pytest.approx((1.5, 2.5), abs=0.01)
    assert np.isnan(fitted(np.zeros((9, 9), dtype=int), frozenset()).width)
    edge = Gaussian(row=-0.2, column=8.9, height=1, width=1)
    assert not edge.on_grid((9, 9), frozenset())
    assert Gaussian(-0.2, 8.4, 1, 1).on_grid((9, 9), frozenset())
    assert not Gaussian(-0.2, 8.4, 1, 1).on_grid((9, 9), frozenset({"half_step_screen"}))


def test_p_is_even_without_an_effect_and_seeded():
    rng = np.random.default_rng(5)
    counts = rng.poisson(2.0, (200, 300)).astype(np.int32)
    where = np.repeat(np.arange(10), 20)
    p = shuffled_p(counts, where, frozenset(), n_shuffles=199)
    assert 0.02 <= (p <= 0.05).mean() <= 0.09
    assert p.mean() == pytest.approx(0.5, abs=0.06)
    np.testing.assert_array_equal(
        p[:3], shuffled_p(counts[:, :3], where, frozenset(), n_shuffles=199)
    )
    assert not np.array_equal(p, shuffled_p(counts, where, frozenset(), n_shuffles=199, seed=1))


def test_chi_square_equals_a_loop():
    rng = np.random.default_rng(2)
    counts = rng.poisson(1.0, (40, 1)).astype(np.int32)
    where = rng.permutation(np.repeat(np.arange(4), 10))

    def chi(n):
        observed = np.array([n[where == place].sum() for place in range(4)])
        expected = n.sum() / 4
        return ((observed - expected) ** 2 / expected).sum()

    draws = np.random.default_rng(0)
    shuffles = [chi(counts[draws.permutation(40), 0]) for _ in range(99)]
    larger = sum(value >= chi(counts[:, 0]) - 1e-9 for value in shuffles)
    assert shuffled_p(counts, where, frozenset(), n_shuffles=99)[0] == (larger + 1) / 100
