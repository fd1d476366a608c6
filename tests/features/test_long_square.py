"""Long squares of a cell by both definitions; all sweeps synthetic."""

import dataclasses
import math

import pytest

from allentk import features
from allentk.data import SweepSet
from allentk.errors import FeatureError
from tests.features.test_cell import step


def measured(*sweeps, definition="allen"):
    return features.long_squares(SweepSet(sweeps), definition=definition)


def spiking(amplitude, number, n_spikes=2):
    return step(amplitude, number, spikes=tuple(1.2 + 0.3 * k for k in range(n_spikes)))


def test_the_resistance_is_of_the_peaks_or_of_the_steady_states():
    """Peaks lie 20 % of the deflection beyond a steady state of 200 MOhm."""
    steps = [step(-50, 1, r_mohm=200.0), step(-90, 2, r_mohm=200.0)]
    sagging = []
    for recorded in steps:
        v = recorded.voltage_mv.copy()
        early = slice(recorded.index(recorded.start_s), recorded.index(recorded.start_s + 0.3))
        v[early] += 0.2 * (v[early] + 70)
        sagging.append(dataclasses.replace(recorded, voltage_mv=v))
    assert measured(*sagging).input_resistance_mohm == pytest.approx(240.0, rel=1e-3)
    ours = measured(*sagging, definition="allentk")
    assert ours.input_resistance_mohm == pytest.approx(200.0, rel=1e-3)


def test_a_short_step_has_no_steady_state_and_costs_the_resistance_nothing():
    short = dataclasses.replace(step(-30, 3), stop_s=1.15)
    steps = step(-50, 1, r_mohm=200.0), step(-90, 2, r_mohm=200.0), short
    ours = measured(*steps, definition="allentk")
    assert ours.input_resistance_mohm == pytest.approx(200.0, rel=1e-3)


def test_without_a_hero_the_nearest_stronger_step_is_one():
    steps = spiking(100, 1), spiking(120, 2), spiking(170, 3), spiking(300, 4)
    assert measured(*steps).hero_sweep is None
    assert math.isnan(measured(*steps).latency_s)
    ours = measured(*steps, definition="allentk")
    assert ours.hero_sweep == 3
    assert ours.mean_isi_s == pytest.approx(0.3, abs=1e-3)


def test_rheobase_is_no_hero_of_its_own():
    alone = measured(spiking(100, 1), spiking(100.5, 2), definition="allentk")
    assert (alone.rheobase_sweep, alone.hero_sweep) == (1, None)


def test_the_f_i_curve_is_sorted_by_amplitude():
    curve = measured(spiking(150, 1, 3), step(-50, 2), spiking(100, 3, 1)).f_i
    assert curve["amplitude_pa"].tolist() == [-50, 100, 150]
    assert curve["avg_rate"].tolist() == [0, 1, 3]


def test_nothing_tells_nothing_and_an_unknown_definition_is_refused():
    nothing = measured()
    assert (nothing.rheobase_sweep, nothing.hero_sweep, len(nothing.f_i)) == (None, None, 0)
    assert math.isnan(nothing.tau_s)
    with pytest.raises(FeatureError, match="definition"):
        measured(definition="ipfx")
