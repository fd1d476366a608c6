"""Levels that contain each other, and the choice between ways to a model."""

import numpy as np
import pytest

from allentk.fitting.coordinates import Coordinates, embedded, free_names, n_estimated, values_of
from allentk.fitting.routes import NESTED, Route, best_route, lineage
from allentk.models import GLIFParameters
from allentk.simulation.glif import spike_steps

BASE = {"C_pf": 100.0, "R_mohm": 200.0, "E_L_mv": -72.0, "th_inf_mv": 20.0, "t_ref_s": 0.004}
CURRENTS = {"asc_amp_pa": (-8.0, -60.0), "asc_tau_s": (0.1, 0.01)}
RESET = {"reset_a": 0.4, "reset_b_mv": 3.0, "th_spike_a_mv": 4.0, "th_spike_b_per_s": 60.0}
FOLLOWS = {"th_voltage_a_per_s": 6.0, "th_voltage_b_per_s": 30.0}
LEVELS = {
    1: GLIFParameters(level=1, **BASE),
    2: GLIFParameters(level=2, **BASE, **RESET),
    3: GLIFParameters(level=3, **BASE, **CURRENTS),
    4: GLIFParameters(level=4, **BASE, **CURRENTS, **RESET),
    5: GLIFParameters(level=5, **BASE, **CURRENTS, **RESET, **FOLLOWS),
}


@pytest.mark.parametrize(
    ("lower", "higher"), [(low, high) for high, lows in NESTED.items() for low in lows]
)
def test_a_nested_level_fires_the_same_spikes(lower, higher):
    rng = np.random.default_rng(0)
    current = 130.0 + np.repeat(rng.normal(0, 60, 4000), 10)
    model = embedded(LEVELS[lower], LEVELS[higher])
    assert model.level == higher
    there = spike_steps(model, current, dt_s=1e-4)
    assert there.size > 20
    assert np.array_equal(there, spike_steps(LEVELS[lower], current, dt_s=1e-4))
    assert n_estimated(model) == n_estimated(LEVELS[lower])
    assert not np.array_equal(there, spike_steps(LEVELS[higher], current, dt_s=1e-4))


def test_numbers_that_are_estimated():
    """Resting potential, width, threshold, R, C and refractory time; and what each level adds."""
    assert [n_estimated(LEVELS[level]) for level in LEVELS] == [6, 10, 10, 14, 16]


@pytest.mark.parametrize("level", LEVELS)
def test_the_origin_is_the_model(level):
    coordinates = Coordinates(LEVELS[level], 60.0)
    assert coordinates.size == len(free_names(level))
    there = values_of(coordinates.model(np.zeros(coordinates.size)))
    assert there == pytest.approx(values_of(LEVELS[level]))
    for place, name in enumerate(free_names(level)):
        x = np.zeros(coordinates.size)
        x[place] = 0.5
        moved = values_of(coordinates.model(x))
        changed = {key for key in moved if moved[key] != pytest.approx(there[key], rel=1e-12)}
        assert name in changed
        # A rate of the following threshold moves its drive, so that a steady voltage is followed alike.
        assert changed <= {name, "th_voltage_a_per_s"}


def test_what_cannot_be_is_not_reached():
    coordinates = Coordinates(LEVELS[5], 60.0)
    low, high = (coordinates.model(np.full(coordinates.size, end)) for end in (-20.0, 20.0))
    assert low.th_spike_a_mv == 0.0
    assert low.th_voltage_a_per_s == 0.0
    assert high.t_ref_s <= 0.02
    assert max(high.asc_tau_s) <= 1.0
    assert high.th_spike_b_per_s <= 2000.0


def test_levels_come_with_those_nested_in_them():
    assert lineage((1,)) == (1,)
    assert lineage((3,)) == (1, 3)
    assert lineage((5,)) == (1, 2, 3, 4, 5)
    assert lineage((2, 3)) == (1, 2, 3)


OWN, MOVED, KEPT = Route(0, None), Route(0, 0.01), Route(1, None)


def test_a_clear_gain_is_taken():
    table = {
        OWN: np.array([0.5, 0.6, 0.5, 0.6]),
        MOVED: np.array([0.8, 0.8, 0.81, 0.79]),
        KEPT: np.array([0.7, 0.7, 0.71, 0.69]),
    }
    assert best_route(table) == MOVED
    assert str(MOVED) == "its own regressions, pull 0.01"


def test_a_gain_within_its_error_is_not():
    table = {
        OWN: np.array([0.5, 0.6, 0.5, 0.6]),
        MOVED: np.array([0.9, 0.6, 0.72, 0.7]),
        KEPT: np.array([0.7, 0.7, 0.71, 0.69]),
    }
    assert table[MOVED].mean() > table[KEPT].mean()
    assert best_route(table) == KEPT
    assert str(KEPT) == "GLIF1, not refined"
    del table[KEPT]
    assert best_route(table) == MOVED
