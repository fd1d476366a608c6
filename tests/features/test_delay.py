"""Delays of voltages in closed form."""

import math
from importlib import import_module

import numpy as np
import pytest

from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features.delay import Delay, delay

RATE = 20_000.0
CLOCK = np.arange(round(0.8 * RATE)) / RATE
START = 0.1
X = np.clip(CLOCK - START, 0, None)


def sweep(voltage):
    return Sweep(voltage, np.zeros(voltage.size), RATE)


def rise(*components, late_s=0.0):
    """Of (weight, tau) pairs, after a slow fall of `late_s`."""
    x = np.clip(X - late_s, 0, None)
    up = sum(weight * (1 - np.exp(-x / tau)) for weight, tau in components)
    return sweep(-70 - 20 * np.minimum(X, late_s) + up)


def missing(found):
    return math.isnan(found.ratio) and math.isnan(found.tau_s)


@pytest.mark.parametrize("definition", ["allen", "allentk"])
def test_the_heavier_component_dominates(definition):
    heavy_fast = delay(rise((15.0, 0.01), (3.0, 0.06)), 0.6, START, definition=definition)
    assert heavy_fast.tau_s == pytest.approx(0.01, rel=0.02)
    assert heavy_fast.ratio == pytest.approx(0.6 / heavy_fast.tau_s)
    heavy_slow = delay(rise((3.0, 0.01), (15.0, 0.06)), 0.6, START, definition=definition)
    assert heavy_slow.tau_s == pytest.approx(0.06, rel=0.02)


def test_one_exponential_that_has_settled():
    assert delay(rise((20.0, 0.02)), 0.5, START, definition="allentk").tau_s == pytest.approx(
        0.02, rel=0.01
    )


def test_noise_changes_little():
    noise = np.random.default_rng(1).normal(0, 0.05, CLOCK.size)
    noisy = sweep(rise((15.0, 0.01), (3.0, 0.06)).voltage_mv + noise)
    assert delay(noisy, 0.6, START, definition="allentk").tau_s == pytest.approx(0.01, rel=0.2)


def test_a_rise_that_comes_late():
    """The published guess comes from before the rise, where the voltage falls, and so is negative."""
    late = rise((15.0, 0.01), (15.0, 0.1), late_s=0.03)
    assert 0.01 < delay(late, 0.5, START, definition="allentk").tau_s < 0.1
    early = rise((15.0, 0.01), (15.0, 0.1), late_s=0.4)
    assert delay(early, 0.42, START, definition="allen").tau_s < 0
    assert delay(early, 0.42, START, definition="allentk").tau_s > 0


@pytest.mark.parametrize(
    ("fitted", "tau"),
    [
        ((-5.0, 0.01, -15.0, 0.1), 0.1),
        ((-15.0, 0.01, -5.0, 0.1), 0.01),
        ((-5.0, 0.1, -15.0, 0.01), 0.01),
        ((-10.0, 0.01, -10.0, 0.1), 0.1),
        ((-10.0, 0.105, -10.0, 0.1), 0.105),
        ((5.0, 0.01, -15.0, 0.1), 0.1),
        ((-6.0, 0.1, -10.0, 0.31), 0.1),
        ((-4.9, 0.1, -10.0, 0.31), 0.31),
        ((-6.0, 0.1, -10.0, 0.29), 0.29),
        ((-10.0, 0.31, -10.0, 0.33), 0.33),
        ((-5.0, 0.01, -15.0, -0.1), -0.1),
    ],
)
def test_which_of_two_dominates(monkeypatch, fitted, tau):
    """What the reference chooses of these fits."""
    module = import_module("allentk.features.delay")
    monkeypatch.setattr(module, "_two_exponentials", lambda *_: fitted)
    assert delay(rise((20.0, 0.02)), 0.3, START).tau_s == tau
    ours = delay(rise((20.0, 0.02)), 0.3, START, definition="allentk")
    assert missing(ours) if tau < 0 else ours.tau_s == tau


def test_where_the_fit_fails_the_guess_stands(monkeypatch):
    module = import_module("allentk.features.delay")
    monkeypatch.setattr(module, "_two_exponentials", lambda *_: None)
    area = delay(rise((20.0, 0.02)), 0.4, START, definition="allentk")
    assert area.tau_s == pytest.approx(0.02, rel=2e-3)
    v = rise((20.0, 0.05)).voltage_mv[2000:8000]
    slope = np.polyfit(np.arange(v.size) / RATE, np.log(v.max() + 5e-6 - v), 1)[0]
    assert delay(rise((20.0, 0.05)), 0.3, START).tau_s == pytest.approx(-1 / slope, rel=1e-9)


def test_a_fit_that_does_not_converge_is_none(monkeypatch):
    from scipy import optimize

    def fails(*_, **__):
        raise RuntimeError("maxfev")

    monkeypatch.setattr(optimize, "curve_fit", fails)
    assert delay(rise((20.0, 0.05)), 0.3, START).tau_s > 0


def test_no_spike_has_no_delay():
    assert missing(delay(rise((20.0, 0.02)), math.nan, START))


def test_a_spike_at_once_has_no_delay():
    assert missing(delay(rise((20.0, 0.02)), 16 / RATE, START))
    assert delay(rise((20.0, 0.02)), 17 / RATE, START).ratio > 0


def test_a_spike_before_the_start_has_no_delay():
    assert missing(delay(rise((20.0, 0.02)), -0.01, START))


def test_a_flat_voltage_has_no_delay():
    assert missing(delay(sweep(np.full(CLOCK.size, -70.0)), 0.3, START))


def test_a_voltage_that_is_not_finite_has_no_delay():
    voltage = rise((20.0, 0.02)).voltage_mv.copy()
    voltage[3000] = math.nan
    assert missing(delay(sweep(voltage), 0.3, START))


@pytest.mark.parametrize(("latency", "start"), [(0.8, START), (-0.2, START), (0.1, -0.1)])
def test_a_spike_outside_the_sweep_is_refused(latency, start):
    with pytest.raises(FeatureError, match="does not lie inside the sweep"):
        delay(rise((20.0, 0.02)), latency, start)


def test_an_unknown_definition_is_refused():
    with pytest.raises(FeatureError, match="definition"):
        delay(rise((20.0, 0.02)), 0.3, START, definition="ipfx")


def test_what_delay_returns():
    assert Delay(2.0, 0.1) == Delay(ratio=2.0, tau_s=0.1)
