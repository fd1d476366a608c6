"""Places against the moments of the bodies they fill, and populations made of models."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import Box, Column, Ellipsoid, Population
from allentk.network.positions import place

CELL = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
N = 20_000


def even(values):
    """Kolmogorov's distance from the even spread over 0 to 1, in units of its 0.1 % point."""
    values = np.sort(values)
    ranks = np.arange(values.size + 1) / values.size
    return max(np.abs(values - ranks[1:]).max(), np.abs(values - ranks[:-1]).max()) * (
        math.sqrt(values.size) / 1.95
    )


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_ring_is_filled_evenly(axis):
    ring = Column(500.0, (-300.0, -100.0), inner_radius_um=300.0, axis=axis, center_um=(7.0, -9.0))
    places = ring.place(N, np.random.default_rng(1))
    along = "xyz".index(axis)
    first, second = (places[:, i] for i in range(3) if i != along)
    radius = np.hypot(first - 7.0, second + 9.0)
    assert even((radius**2 - 300.0**2) / (500.0**2 - 300.0**2)) < 1
    assert even(np.arctan2(second + 9.0, first - 7.0) / (2 * math.pi) % 1) < 1
    assert even((places[:, along] + 300.0) / 200.0) < 1
    assert ring.volume_mm3 == pytest.approx(math.pi * (0.5**2 - 0.3**2) * 0.2)


def test_an_ellipsoid_is_filled_evenly():
    body = Ellipsoid((100.0, 200.0, 50.0), center_um=(1.0, 2.0, 3.0))
    scaled = (body.place(N, np.random.default_rng(1)) - (1.0, 2.0, 3.0)) / (100.0, 200.0, 50.0)
    radius = np.linalg.norm(scaled, axis=1)
    assert even(radius**3) < 1
    for axis in scaled.T:
        assert even((axis / radius + 1) / 2) < 1
    assert body.volume_mm3 == pytest.approx(4 / 3 * math.pi * 0.1 * 0.2 * 0.05)


def test_a_box_is_filled_evenly():
    box = Box((0.0, 10.0), (-5.0, 5.0), (100.0, 300.0))
    places = box.place(N, np.random.default_rng(1))
    assert even(places[:, 0] / 10) < 1
    assert even((places[:, 1] + 5) / 10) < 1
    assert even((places[:, 2] - 100) / 200) < 1


def test_cells_keep_their_distance():
    box = Box((0.0, 200.0), (0.0, 200.0), (0.0, 50.0))
    places = place(box, 300, np.random.default_rng(0), min_distance_um=15.0)
    away = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert away[~np.eye(300, dtype=bool)].min() >= 15.0
    with pytest.raises(DataError, match="lower min_distance_um"):
        place(Box((0.0, 10.0), (0.0, 10.0)), 50, np.random.default_rng(0), min_distance_um=9.0)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (lambda: Column(100.0, (0.0, 10.0), inner_radius_um=100.0), "inner_radius_um < radius_um"),
        (lambda: Column(100.0, (10.0, 0.0)), "lower and the upper end"),
        (lambda: Column(100.0, (0.0, 10.0), axis="w"), "x, y or z"),
        (lambda: Box((0.0, math.inf), (0.0, 1.0)), "lower and the upper end"),
        (lambda: Ellipsoid((1.0, 0.0, 1.0)), "all positive"),
    ],
)
def test_what_is_no_region_is_refused(region, message):
    with pytest.raises(DataError, match=message):
        region()


def test_models_share_the_cells():
    others = [CELL, SimpleNamespace(model_=CELL), SimpleNamespace(model=CELL)]
    made = Population.from_models("L4 Exc", others, n=100)
    assert made.models == (CELL, CELL, CELL)
    assert sorted(made.nodes["model"].value_counts()) == [33, 33, 34]
    weighted = Population.from_models("L4 Exc", others, n=100, weights=[1, 0, 3])
    assert weighted.nodes["model"].value_counts().to_dict() == {2: 75, 0: 25}
    assert (made.nodes["cell_class"] == "L4 Exc").all()
    assert weighted.nodes["model"].tolist() != sorted(weighted.nodes["model"])


def test_cells_are_as_many_as_the_density_gives():
    column = Column(100.0, (0.0, 100.0))
    made = Population.from_models("a", CELL, positions=column, density_per_mm3=200_000, seed=3)
    assert len(made) == round(200_000 * math.pi * 0.1**2 * 0.1)
    again = Population.from_models("a", CELL, positions=column, density_per_mm3=200_000, seed=3)
    assert again.nodes.equals(made.nodes)


def test_two_populations_of_one_seed_are_not_in_the_same_places():
    column = Column(100.0, (0.0, 100.0))
    a, b = (
        Population.from_models(name, CELL, n=50, positions=column, tuning="even").nodes
        for name in ("a", "b")
    )
    for name in ("x_um", "y_um", "z_um", "tuning_angle_deg"):
        assert (a[name] != b[name]).mean() > 0.9


def test_tuning_is_even_drawn_or_given():
    even_ = Population.from_models("a", CELL, n=8, tuning="even").nodes["tuning_angle_deg"]
    assert sorted(even_) == [0, 45, 90, 135, 180, 225, 270, 315]
    drawn = Population.from_models("a", CELL, n=N, tuning="random").nodes["tuning_angle_deg"]
    assert even(drawn / 360) < 1
    given = Population.from_models("a", CELL, n=2, tuning=[10.0, 20.0]).nodes["tuning_angle_deg"]
    assert given.tolist() == [10.0, 20.0]


def test_places_may_be_a_list_or_a_table():
    made = Population.from_models("a", CELL, positions=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert made.nodes[["x_um", "y_um", "z_um"]].to_numpy().tolist() == [[1, 2, 3], [4, 5, 6]]
    table = Population.from_models("a", CELL, positions=made.nodes, columns={"size": [1, 2]})
    assert table.nodes["z_um"].tolist() == [3, 6]
    assert table.nodes["size"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "give n"),
        ({"n": 5, "density_per_mm3": 1.0}, "give n"),
        ({"density_per_mm3": 1.0}, "needs a region"),
        ({"n": 0}, "1 at least, got 0"),
        ({"n": 3, "positions": [[0.0, 0.0]]}, "there are 1 positions"),
        ({"positions": pd.DataFrame({"x_um": [0.0]})}, "shape"),
        ({"n": 3, "tuning": "some"}, "even, random or angles"),
        ({"n": 3, "weights": [1, 2]}, "for each of 1 models"),
        ({"n": 3, "models": "fast"}, "fitted first"),
        ({"n": 2.5}, "got 2.5"),
        ({"n": 3, "tuning": [1.0, 2.0]}, "tuning_angle_deg must have one value for each of 3"),
        ({"n": 3, "columns": {"size": [1, 2]}}, "size must have one value for each of 3"),
        ({"density_per_mm3": math.nan, "positions": Box((0, 9), (0, 9))}, "must be positive"),
        ({"n": 3, "positions": Box((0, 9), (0, 9)), "min_distance_um": math.nan}, "0 or more"),
    ],
)
def test_what_is_no_population_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        Population.from_models("a", **({"models": CELL} | change))
