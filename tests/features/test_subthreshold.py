"""The passive side of a step, and the current that makes it."""

import math

import numpy as np
import pytest
from scipy import optimize

from allentk import features
from allentk.data import Sweep, SweepSet
from allentk.errors import DataError, FeatureError
from allentk.features.subthreshold import measured_pa, resting_baseline, steady_state

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


def test_a_minimum_at_the_end_of_the_sweep_has_a_sag():
    """A ramp to the last sample: 2.5 ms of its peak are there, the other 2.5 ms are not."""
    voltage = np.interp(CLOCK, [0, 0.3, CLOCK[-1]], [-70.0, -70.0, -90.0])
    ramp = step(voltage, np.where(CLOCK >= 0.3, -50.0, 0.0), stop_s=1.5)
    peak, steady = voltage[-51:].mean(), voltage[-2000:].mean()
    assert features.sag(ramp, 0.3, 1.5) == pytest.approx((peak - steady) / (peak + 70), rel=1e-9)


def test_a_sag_is_measured_at_the_minimum_even_of_a_depolarising_step():
    voltage = np.where(STEP, -60.0, -70.0)
    voltage[9_900:10_100], voltage[10_000] = -75.0, -75.001
    assert features.sag(step(voltage, 50.0), 0.3, 1.3) == pytest.approx(
        (-75 + 60) / (-75 + 70), rel=1e-4
    )


def test_the_direction_of_a_deflection_can_be_given():
    voltage = np.where(STEP, -80.0, -70.0)
    voltage[10_000], voltage[12_000] = -95.0, -65.0
    assert features.deflection(step(voltage), 0.3, 1.3) == (-95.0, 10_000)
    assert features.deflection(step(voltage), 0.3, 1.3, direction="max") == (-65.0, 12_000)


def test_a_baseline_is_cut_by_the_start_of_the_sweep():
    voltage = np.where(CLOCK < 0.025, -60.0, -70.0)
    assert features.baseline(step(voltage), 0.05) == pytest.approx(-65.0)
    assert math.isnan(features.baseline(step(voltage), 0.0))


def test_a_steady_state_is_the_end_of_the_step():
    voltage = np.where(CLOCK < 1.25, -80.0, -75.0)
    recorded = step(voltage, np.where(STEP, np.where(CLOCK < 1.2, -60.0, -50.0), 0.0), holding=20.0)
    assert steady_state(recorded, 0.3, 1.3) == pytest.approx(-77.5)
    assert steady_state(recorded, 0.3, 1.3, window_s=0.05) == pytest.approx(-75.0)
    assert measured_pa(recorded, 0.3, 1.3) == pytest.approx(-50.0)
    assert measured_pa(recorded, 0.3, 1.3, window_s=0.2) == pytest.approx(-55.0)


def test_a_steady_state_does_not_reach_before_the_step():
    voltage = np.where(CLOCK < 1.28, -80.0, -75.0)
    assert steady_state(step(voltage), 1.28, 1.3) == pytest.approx(-75.0)
    assert math.isnan(steady_state(step(voltage), 1.3, 1.3))
    assert math.isnan(measured_pa(step(voltage), 1.3, 1.3))


def test_the_steady_resistance_of_a_cell_with_sag():
    amplitudes = np.array([-90.0, -70.0, -50.0])
    sweeps = [
        step(charged(a) + 0.2 * np.where(STEP, np.exp(-(CLOCK - 0.3) / 0.1), 0) * a, a)
        for a in amplitudes
    ]
    steady = [steady_state(s, 0.3, 1.3) for s in sweeps]
    measured = [measured_pa(s, 0.3, 1.3) for s in sweeps]
    assert features.input_resistance(steady, measured) == pytest.approx(200.0, rel=1e-3)


def noisy(tau_s, seed, *, deflection_pa=-75.0):
    noise = np.random.default_rng(seed).normal(0, 0.1, CLOCK.size)
    return charged(deflection_pa, tau_s=tau_s) + noise


@pytest.mark.parametrize("tau_s", [0.003, 0.02, 0.08])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_time_constant_is_that_of_curve_fit(tau_s, seed):
    """The same samples to scipy's optimiser, at the precision of its arithmetic."""
    voltage = noisy(tau_s, seed)
    peak = 6000 + int(voltage[6000:26_000].argmin())
    base = voltage[4000:6000].mean()
    first = 6000 + int((voltage[6000:peak] <= base + 0.1 * (voltage[peak] - base)).argmax())
    t, v = np.arange(peak - first) / RATE, voltage[first:peak]
    fitted, _ = optimize.curve_fit(
        lambda x, weight, rate, asymptote: asymptote + weight * np.exp(-x * rate),
        t,
        v,
        p0=(v[0] - v[-1], 50.0, v[-1]),
        ftol=1e-15,
        xtol=1e-15,
    )
    ours = features.time_constant(step(voltage, -75.0), 0.3, 1.3)
    assert ours == pytest.approx(1 / fitted[1], rel=1e-6)


def test_a_fit_may_end_before_the_peak():
    """The voltage bends at 0.4 s; a fit that ends there does not see it."""
    voltage = charged(-50.0) - 3.0 * np.where(STEP, np.clip(CLOCK - 0.4, 0, None), 0)
    capped = features.time_constant(step(voltage), 0.3, 1.3, peak_s=0.4)
    assert capped == pytest.approx(0.02, rel=1e-6)
    assert features.time_constant(step(voltage), 0.3, 1.3) != pytest.approx(0.02, rel=0.1)
    late = features.time_constant(step(voltage), 0.3, 1.3, peak_s=1.4)
    assert late == features.time_constant(step(voltage), 0.3, 1.3)


def test_a_straight_line_has_no_time_constant():
    voltage = -70.0 - 10 * np.where(STEP, CLOCK - 0.3, 0.0)
    assert math.isnan(features.time_constant(step(voltage), 0.3, 1.3))


def test_a_curve_that_steepens_has_no_time_constant():
    voltage = -70.0 - np.where(STEP, np.expm1(3 * np.clip(CLOCK - 0.3, 0, 1)), 0.0)
    assert math.isnan(features.time_constant(step(voltage), 0.3, 1.3))


def test_a_deflection_at_once_has_no_time_constant():
    assert math.isnan(features.time_constant(step(np.where(STEP, -80.0, -70.0)), 0.3, 1.3))


def jumps(*at, by_mv=5.0):
    """A voltage that rises evenly, 50 mV/s, so that its mean tells when it was taken; and jumps."""
    return 50 * CLOCK - 100 + sum(by_mv * (when <= CLOCK) for when in at)


def test_rest_is_before_the_end_of_the_first_quiet_stretch():
    found = resting_baseline(step(jumps(0.3, 0.35, 0.6, 0.9)))
    # The low-pass sees the jump three quarters of a millisecond before it is there.
    assert found == pytest.approx(50 * (0.6 - 0.05 - 0.00075) - 100 + 10, abs=0.01)


def test_falls_end_a_stretch_only_where_the_magnitude_counts():
    voltage = jumps(0.3) + jumps(0.5, by_mv=-5.0) + 100
    assert math.isnan(resting_baseline(step(voltage)))
    ours = resting_baseline(step(voltage), definition="allentk")
    assert ours == pytest.approx(100 * (0.3 - 0.05 - 0.00075) - 100, abs=0.05)


def test_a_quiet_sweep_has_a_rest_where_its_ends_count():
    assert math.isnan(resting_baseline(step(jumps())))
    assert resting_baseline(step(jumps()), definition="allentk") == pytest.approx(
        50 * 1.45 - 100, abs=0.01
    )


def test_what_cannot_rest():
    voltage = jumps(0.3, 0.6)
    voltage[7] = math.nan
    assert math.isnan(resting_baseline(step(voltage)))
    assert math.isnan(resting_baseline(Sweep([-70.0] * 16, [0.0] * 16, RATE)))
    with pytest.raises(FeatureError, match="definition"):
        resting_baseline(step(jumps()), definition="ipfx")


@pytest.mark.parametrize(("amplitude", "peak"), [(-10.0, -72.0), (10.0, -68.0)])
def test_the_direction_is_not_that_of_one_noisy_sample(amplitude, peak):
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 15, CLOCK.size)
        current = np.where(STEP, amplitude, 0.0) + noise
        found = features.sweep(step(charged(amplitude), current))["peak_deflect"]
        assert found == pytest.approx(peak, abs=0.01)


def test_sweeps_without_voltage_or_current_are_no_points_of_the_line():
    nan = math.nan
    found = features.input_resistance([-80, -75, nan, -60], [-50, -25, -10, nan])
    assert found == pytest.approx(200.0)
    assert math.isnan(features.input_resistance([-80, nan], [-50, -25]))


@pytest.mark.parametrize(
    "measure", [features.sag, features.time_constant, features.deflection, features.measured_pa]
)
def test_without_a_window_it_is_said(measure):
    unknown = step(charged(-50.0), start_s=math.nan, stop_s=math.nan)
    with pytest.raises(DataError, match="where the stimulus window is not known give times"):
        measure(unknown, unknown.start_s, unknown.stop_s)
