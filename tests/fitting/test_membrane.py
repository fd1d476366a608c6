"""Closed forms against cells that are known, without noise."""

import math

import numpy as np
import pytest

from allentk.data import Noise, Sweep
from allentk.fitting.forced import forced, forced_voltage
from allentk.fitting.membrane import fit_membrane
from allentk.fitting.passive import Passive
from allentk.fitting.recording import BIN_S, Trial
from allentk.fitting.refractory import Reset, fit_reset
from allentk.models import GLIFParameters
from allentk.simulation import simulate
from allentk.simulation.current import resampled

FINE_S = 5e-5
BASE = {"C_pf": 100.0, "R_mohm": 200.0, "E_L_mv": -72.0, "th_inf_mv": 22.0, "t_ref_s": 0.004}
CURRENTS = {"asc_amp_pa": (-8.0, -60.0), "asc_tau_s": (0.1, 0.01)}
RESET = {
    "reset_a": 0.4,
    "reset_b_mv": 3.0,
    "th_spike_a_mv": 4.0,
    "th_spike_b_per_s": 60.0,
}
LEVELS = {
    1: GLIFParameters(level=1, **BASE),
    2: GLIFParameters(level=2, **BASE, **RESET),
    3: GLIFParameters(level=3, **BASE, **CURRENTS),
    4: GLIFParameters(level=4, **BASE, **CURRENTS, **RESET),
    5: GLIFParameters(
        level=5,
        **BASE,
        **CURRENTS,
        **RESET,
        th_voltage_a_per_s=6.0,
        th_voltage_b_per_s=30.0,
    ),
}


def trial_of(model, *, seed=1, gain=1.4):
    """The model's own voltage, the mean of every bin, without a spike's shape or noise."""
    current = Noise(amplitude_pa=gain * model.rheobase_pa, seed=seed).current_pa(1 / FINE_S)
    response = simulate(model, current, dt_s=FINE_S)
    voltage = np.array(response.voltage_mv)
    return Trial(
        number=1,
        voltage_mv=resampled(voltage, FINE_S, BIN_S),
        current_pa=resampled(current, FINE_S, BIN_S),
        spike_times_s=np.array(response.spike_times_s),
        threshold_mv=voltage[response.spike_steps],
        quiet_until_s=0.0,
        sweep=Sweep(voltage, current, 1 / FINE_S),
        kept=np.ones(round(current.size * FINE_S / BIN_S), dtype=bool),
    )


PASSIVE = Passive(-70.0, 180.0, 100.0)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_the_membrane_is_found_again(level):
    model = LEVELS[level]
    trial = trial_of(model)
    assert trial.spike_times_s.size > 20
    reset = (
        Reset(model.reset_a, (1 - model.reset_a) * model.E_L_mv + model.reset_b_mv)
        if level in (2, 4)
        else None
    )
    found = fit_membrane([trial], PASSIVE, model.t_ref_s, reset=reset, currents=level > 2)
    assert found.E_L_mv == pytest.approx(model.E_L_mv, abs=0.3)
    assert found.R_mohm == pytest.approx(model.R_mohm, rel=0.03)
    assert found.C_pf == pytest.approx(model.C_pf, rel=0.03)
    assert found.tau_s == pytest.approx(model.asc_tau_s)
    assert found.amp_pa == pytest.approx(model.asc_amp_pa, rel=0.15)
    assert found.residual_mv < 0.5
    if level > 2:
        assert found.residual_mv < 0.5 * found.residual_without_mv


def test_without_spikes_currents_are_nothing():
    trial = trial_of(LEVELS[1], gain=0.5)
    assert trial.spike_times_s.size == 0
    found = fit_membrane([trial], PASSIVE, 0.004)
    assert found.amp_pa == (0.0, 0.0)
    assert found.tau_s == (0.1, 0.01)
    assert found.R_mohm == pytest.approx(200.0, rel=0.01)
    assert found.C_pf == pytest.approx(100.0, rel=0.01)


def live_bins(trial, t_ref_s):
    """Bins that lie wholly outside refractory times."""
    edges = np.arange(trial.voltage_mv.size) * BIN_S
    out = np.ones(edges.size, dtype=bool)
    for time in trial.spike_times_s.tolist():
        out &= (edges + BIN_S <= time - FINE_S) | (edges >= time + t_ref_s + FINE_S)
    return out


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_forced_with_its_own_spikes_a_model_runs_as_it_does(level):
    model = LEVELS[level]
    trial = trial_of(model)
    live = live_bins(trial, model.t_ref_s)
    apart = (forced_voltage(trial, model) - (trial.voltage_mv - model.E_L_mv))[live]
    assert np.abs(apart).max() < 0.2
    assert forced([trial], model).fired.sum() == trial.spike_times_s.size


def test_traces_of_the_threshold_are_the_models_own():
    """The thresholds of the simulation are what the traces add up to."""
    model = LEVELS[5]
    trial = trial_of(model)
    run = forced([trial], model)
    own = simulate(model, trial.sweep.current_pa, dt_s=FINE_S, record=("threshold_mv",))
    binned = resampled(np.array(own.states["threshold_mv"]), FINE_S, BIN_S)
    live = live_bins(trial, model.t_ref_s)
    traced = np.full(trial.voltage_mv.size, np.nan)
    traced[run.live[0]] = model.th_spike_a_mv * run.spike_trace(model.th_spike_b_per_s)
    traced[run.live[0]] += model.th_voltage_a_per_s * run.voltage_trace(model.th_voltage_b_per_s)
    apart = (traced - (binned - model.E_L_mv - model.th_inf_mv))[live]
    assert np.abs(apart).max() < 0.15


def spiking(before, after, *, n_spikes=12):
    """Spikes that begin at `before` and have ended 4 ms later at `after`."""
    rate = 10_000.0
    voltage = np.full(30_000, -70.0)
    times = 0.2 + 0.2 * np.arange(n_spikes)
    for time, low, high in zip(times, before, after, strict=True):
        voltage[round(time * rate)] = low
        voltage[round((time + 0.004) * rate)] = high
    n_bins = round(3.0 / BIN_S)
    return Trial(
        number=1,
        voltage_mv=np.full(n_bins, -70.0),
        current_pa=np.zeros(n_bins),
        spike_times_s=times,
        threshold_mv=np.asarray(before, dtype=float),
        quiet_until_s=0.1,
        sweep=Sweep(voltage, np.zeros(voltage.size), rate),
        kept=np.ones(n_bins, dtype=bool),
    )


def test_the_reset_rule_is_the_line_through_the_spikes():
    before = np.linspace(-52.0, -40.0, 12)
    found = fit_reset([spiking(before, 0.3 * before - 45.0)], 0.004)
    assert found.slope == pytest.approx(0.3)
    assert found.offset_mv == pytest.approx(-45.0)
    assert found.above_rest(-70.0) == pytest.approx((0.3, 0.3 * -70 - 45 + 70))


def test_a_slope_that_is_noise_is_bounded():
    before = np.linspace(-52.0, -40.0, 12)
    steep = fit_reset([spiking(before, 3 * before + 80.0)], 0.004)
    assert steep.slope == 1.0
    assert steep.offset_mv == pytest.approx(float(np.mean(2 * before)) + 80.0)
    assert fit_reset([spiking(before, -before - 110.0)], 0.004).slope == 0.0
    assert fit_reset([spiking(before[:4], before[:4], n_spikes=4)], 0.004) is None
    assert math.isfinite(steep.offset_mv)
