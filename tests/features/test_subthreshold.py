"""The passive side of a step, and the current that makes it."""

import math

import numpy as np
import pytest

from allentk import features
from allentk.data import Sweep, SweepSet
from allentk.errors import FeatureError

RATE = 20_000.0
CLOCK = np.arange(round(1.5 * RATE)) / RATE
STEP = (CLOCK >= 0.3) & (CLOCK < 1.3)


def charged(amplitude_pa, *, r_mohm=200.0, tau_s=0.02, rest_mv=-70.0):
    """Voltage of a passive membrane under a step from 0.3 to 1.3 s."""
    on = 1 - np.exp(-np.clip(CLOCK - 0.3, 0, 1.0) / tau_s)
    off = np.exp(-np.clip(CLOCK - 1.3, 0, None) / tau_s)
    return rest_mv + amplitude_pa * r_mohm * 1e-3 * on * off


def step(voltage, current=-50.0, *, holding=0.0, **kwargs):
    if np.ndim(current) == 0:
        current = np.where(STEP, current, 0.0)
    kwargs = {"stimulus": "Long Square", "start_s": 0.3, "stop_s": 1.3} | kwargs
    return Sweep(voltage, current + holding, RATE, **kwargs)


@pytest.mark.parametrize("holding", [-100.0, 0.0, 100.0])
def test_a_holding_current_changes_nothing(holding):
    down = features.sweep(step(charged(-50.0), holding=holding, amplitude_pa=-50.0))
    assert down["peak_deflect"] == pytest.approx(-80.0, abs=0.01)
    assert down["tau"] == pytest.approx(0.02, rel=1e-3)
    assert down["sag"] == pytest.approx(0.0, abs=1e-3)
    up = features.sweep(step(charged(30.0), 30.0, holding=holding))
    assert up["amplitude_pa"] == pytest.approx(30.0)
    assert up["peak_deflect"] == pytest.approx(-64.0, abs=0.01)


def test_a_cell_on_holding_current_has_its_resistance():
    sweeps = [
        step(charged(a), a, holding=100.0, amplitude_pa=a, number=n)
        for n, a in enumerate((-90.0, -70.0, -50.0, -30.0))
    ]
    row = features.cell(SweepSet(sweeps))
    assert row["ri"] == pytest.approx(200.0, rel=1e-3)
    assert row["tau"] == pytest.approx(20.0, rel=1e-3)
    assert row["sag"] == pytest.approx(0.0, abs=1e-3)


def measured(current, **kwargs):
    return features.sweep(step(charged(0.0), current, **kwargs))["amplitude_pa"]


def test_an_artefact_is_no_amplitude():
    current = np.where(STEP, 75.0, 0.0) + np.random.default_rng(0).normal(0, 5, CLOCK.size)
    current[9000:9060] = -640.0
    assert measured(current, holding=-70.0) == pytest.approx(75.0, abs=3.0)


def test_an_artefact_before_the_step_does_not_shift_it():
    current = np.where(STEP, 75.0, 0.0)
    current[5900:5960] = 500.0
    assert measured(current) == 75.0


def test_short_steps_and_ramps_have_an_amplitude():
    short = np.where((CLOCK >= 0.3) & (CLOCK < 0.303), 850.0, 0.0)
    assert measured(short, stop_s=0.303) == 850.0
    assert measured(short, stop_s=0.3 + 1 / RATE) == 850.0
    ramp = np.where(STEP, (CLOCK - 0.3) * 200.0, 0.0)
    assert measured(ramp) == pytest.approx(199.0, abs=0.1)


def test_the_baseline_is_100_ms_long():
    voltage = np.where(CLOCK < 0.25, -60.0, -70.0)
    assert features.baseline(step(voltage), 0.3) == pytest.approx(-65.0)
    assert features.baseline(step(voltage), 0.3, window_s=0.05) == pytest.approx(-70.0)


def test_the_peak_of_a_sag_is_5_ms_wide():
    """A notch of 10 mV like a V, 10 ms to either side: 1.25 mV are lost to the mean."""
    notch = 10 * np.clip(1 - np.abs(CLOCK - 0.5) / 0.01, 0, None)
    voltage = np.where(STEP, -80.0 - notch, -70.0)
    expected = (-88.75 + 80) / (-88.75 + 70)
    assert features.sag(step(voltage), 0.3, 1.3) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("noise_mv", "there"), [(0.45, True), (0.55, False)])
def test_a_deflection_is_20_times_the_noise(noise_mv, there):
    """The noise before the step, where it is exactly this large, against 10 mV."""
    voltage = charged(-50.0)
    voltage[:6000] += noise_mv * np.where(np.arange(6000) % 2, 1.0, -1.0)
    assert math.isnan(features.time_constant(step(voltage), 0.3, 1.3)) != there


@pytest.mark.parametrize(("wave_mv", "there"), [(1.2, True), (2.5, False)])
def test_a_fit_that_misses_by_a_millivolt_is_none(wave_mv, there):
    """A sine has 0.7 of its amplitude as root mean square."""
    voltage = charged(-100.0) + np.where(
        STEP, wave_mv * np.sin(2 * np.pi * 20 * (CLOCK - 0.3)), 0.0
    )
    voltage[-6000] = -95.0
    assert math.isnan(features.time_constant(step(voltage, -100.0), 0.3, 1.3)) != there


@pytest.mark.parametrize("measure", [features.deflection, features.sag, features.time_constant])
@pytest.mark.parametrize("span", [(98.0, 99.0), (1.3, 0.3), (0.5, 0.5)])
def test_what_lies_outside_the_sweep_cannot_be_measured(measure, span):
    with pytest.raises(FeatureError, match=r"no sample lies between .* lasts 1\.5 s"):
        measure(step(charged(-50.0)), *span)


def test_resistance_needs_one_current_per_voltage():
    with pytest.raises(FeatureError, match=r"\(3,\) and \(2,\)"):
        features.input_resistance([-80.0, -75.0, -70.0], [-50.0, -25.0])
