"""Voltages with imposed spikes: the model's own run with its own spikes, and closed forms."""

import math

import numpy as np
import pytest

from allentk.data import Sweep
from allentk.errors import FitError
from allentk.fitting.recording import read
from allentk.fitting.scores_voltage import (
    forced_voltage_explained,
    imposed_voltage,
    voltage_explained,
)
from allentk.models import GLIFParameters
from allentk.simulation import simulate

DT = 5e-5
MEMBRANE = {"C_pf": 100.0, "R_mohm": 200.0, "E_L_mv": -70.0, "th_inf_mv": 18.0, "t_ref_s": 0.003}
RESET = {
    "reset_a": 0.4,
    "reset_b_mv": -3.0,
    "th_spike_a_mv": 4.0,
    "th_spike_b_per_s": 60.0,
}
CURRENTS = {"asc_amp_pa": (-40.0, 25.0), "asc_tau_s": (0.1, 0.01)}
LEVELS = {
    1: MEMBRANE,
    2: MEMBRANE | RESET,
    3: MEMBRANE | CURRENTS,
    4: MEMBRANE | RESET | CURRENTS,
    5: MEMBRANE | RESET | CURRENTS | {"th_voltage_a_per_s": 5.0, "th_voltage_b_per_s": 20.0},
}


def noise(seed=0, duration_s=2.0):
    """A synthetic current in pA."""
    rng = np.random.default_rng(seed)
    slow = np.repeat(rng.normal(110, 60, round(duration_s / 0.005)), round(0.005 / DT))
    return slow + rng.normal(0, 20, slow.size)


@pytest.mark.parametrize("level", LEVELS)
def test_its_own_spikes_give_its_own_voltage(level):
    """The compiled run, whose threshold chose the spikes, is what imposing them must give."""
    model, current = GLIFParameters(level=level, **LEVELS[level]), noise()
    run = simulate(model, current, dt_s=DT)
    found = imposed_voltage(model, current, run.spike_times_s, dt_s=DT)
    live = np.isfinite(found)
    silent = 1 + round(model.t_ref_s / DT)
    assert run.spike_times_s.size >= 10
    assert (~live).sum() == pytest.approx(silent * run.spike_times_s.size, abs=silent)
    assert found[live] == pytest.approx(run.voltage_mv[live], rel=1e-12, abs=1e-10)


@pytest.mark.parametrize("level", LEVELS)
def test_a_sweep_of_the_model_is_explained(level):
    model, current = GLIFParameters(level=level, **LEVELS[level]), noise()
    run = simulate(model, current, dt_s=DT)
    sweep = Sweep(run.voltage_mv, current, 1 / DT)
    times = run.spike_times_s
    assert forced_voltage_explained(model, sweep, spike_times_s=times) == pytest.approx(1.0)
    without = forced_voltage_explained(model, sweep, spike_times_s=times[::2])
    assert without < 0.99


def test_a_step_below_threshold_in_closed_form():
    model = GLIFParameters(level=1, **MEMBRANE)
    current = np.full(2000, 50.0)
    clock = np.arange(1, 2001) * DT
    expected = -70 + 10 * (1 - np.exp(-clock / 0.02))
    assert imposed_voltage(model, current, [], dt_s=DT) == pytest.approx(expected, rel=1e-12)


def test_an_imposed_spike_by_hand():
    """After the silence: a V + b, and after-spike currents that start at their amplitudes."""
    model = GLIFParameters(level=4, **LEVELS[4])
    current = np.zeros(4000)
    found = imposed_voltage(model, current, [0.05], dt_s=DT)
    start = round(0.053 / DT)
    assert np.flatnonzero(np.isnan(found))[[0, -1]].tolist() == [round(0.05 / DT) - 1, start - 1]
    since = (np.arange(start, 4000) + 1 - start) * DT
    tau, expected = 0.02, -3.0 * np.exp(-since / 0.02)
    for amp, slow in zip(model.asc_amp_pa, model.asc_tau_s, strict=True):
        both = (np.exp(-since / tau) - np.exp(-since / slow)) / (1 / slow - 1 / tau)
        expected = expected + amp / 100 * 1e3 * both
    assert found[start:] == pytest.approx(expected - 70, rel=1e-10)


def test_a_spike_within_the_silence_starts_it_anew():
    model = GLIFParameters(level=4, **LEVELS[4])
    found = imposed_voltage(model, np.zeros(4000), [0.05, 0.051], dt_s=DT)
    silent = np.flatnonzero(np.isnan(found))
    assert silent[-1] == round(0.054 / DT) - 1
    # The rule once more, from where the cell would have started: 0.4 * -3 - 3.
    assert found[silent[-1] + 1] == pytest.approx(-74.2, abs=0.05)


def test_spikes_at_both_ends():
    model, current = GLIFParameters(level=2, **LEVELS[2]), np.full(1000, 50.0)
    assert np.isnan(imposed_voltage(model, current, [1000 * DT], dt_s=DT)[-1])
    first = imposed_voltage(model, current, [0.0], dt_s=DT)
    assert np.flatnonzero(np.isnan(first)).tolist() == list(range(61))
    # Silent to the very end, and beyond it.
    for late in (940, 970):
        assert np.isnan(imposed_voltage(model, current, [late * DT], dt_s=DT)[late - 1 :]).all()


def test_voltage_explained_by_hand():
    data = np.array([1.0, 2.0, 3.0, 4.0])
    assert voltage_explained(data - 5, data) == pytest.approx(1.0)
    assert voltage_explained(np.full(4, 7.0), data) == pytest.approx(0.0)
    assert voltage_explained(2 * data, data) == pytest.approx(0.0)
    assert voltage_explained(-data, data) == pytest.approx(-3.0)
    odd = np.array([1.0, 2.0, math.nan, 4.0])
    mask = [True, True, False, True]
    assert voltage_explained(odd, data, mask) == pytest.approx(1.0)


def test_voltages_that_do_not_vary_explain_nothing():
    assert math.isnan(voltage_explained([1.0, 2.0], [3.0, 3.0]))
    assert math.isnan(voltage_explained([1.0, 2.0], [3.0, 4.0], [False, False]))


def test_samples_that_were_not_recorded_are_left_out():
    model, current = GLIFParameters(level=1, **MEMBRANE), noise(1) - 100
    voltage = np.array(simulate(model, current, dt_s=DT).voltage_mv)
    voltage[100:200] = math.nan
    sweep = Sweep(voltage, current, 1 / DT)
    assert forced_voltage_explained(model, sweep, spike_times_s=[]) == pytest.approx(1.0)


def test_a_coarser_step_than_the_sweep():
    model, current = GLIFParameters(level=1, **MEMBRANE), np.repeat(noise(1)[::4], 4) - 100
    sweep = Sweep(simulate(model, current, dt_s=DT).voltage_mv, current, 1 / DT)
    found = forced_voltage_explained(model, sweep, spike_times_s=[], dt_s=4 * DT)
    assert found == pytest.approx(1.0, abs=1e-3)


def test_a_trial_brings_its_spikes():
    """The upstroke is a synthetic spike; the trial's own search finds it."""
    model, current = GLIFParameters(level=1, **MEMBRANE), noise(1, 1.0) - 100
    voltage = np.array(simulate(model, current, dt_s=DT).voltage_mv)
    x = np.arange(60)
    voltage[10_000:10_060] = -50 + 80 * np.exp(-(((x - 20) / 7.0) ** 2))
    sweep = Sweep(voltage, current, 1 / DT)
    trial = read(sweep)
    assert trial.spike_times_s.size == 1
    by_trial = forced_voltage_explained(model, trial)
    assert by_trial == forced_voltage_explained(model, sweep)
    assert by_trial == forced_voltage_explained(model, sweep, spike_times_s=trial.spike_times_s)
    assert by_trial != forced_voltage_explained(model, trial, spike_times_s=[])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0, 2.0]), "sample by sample"),
        (([1.0, 2.0], [1.0, 2.0], [True]), "sample by sample"),
        (([1.0, math.nan], [1.0, 2.0]), "1 of 2 voltages to compare are not finite"),
    ],
)
def test_voltages_that_cannot_be_compared(arguments, message):
    with pytest.raises(FitError, match=message):
        voltage_explained(*arguments)


@pytest.mark.parametrize(
    ("current", "times", "dt", "message"),
    [
        ([1.0, math.nan], [], DT, "1 that are not finite"),
        ([[1.0]], [], DT, "row of finite numbers"),
        ([1.0], [], 0.0, "dt_s must be positive"),
        (np.ones(100), [1.0], DT, "in order and within"),
        (np.ones(100), [-0.001], DT, "in order and within"),
        (np.ones(100), [0.002, 0.001], DT, "in order and within"),
        (np.ones(100), [math.nan], DT, "in order and within"),
    ],
)
def test_spikes_that_cannot_be_imposed(current, times, dt, message):
    with pytest.raises(FitError, match=message):
        imposed_voltage(GLIFParameters(level=1, **MEMBRANE), current, times, dt_s=dt)


@pytest.mark.parametrize("dt", [0.0, DT / 2, 2.0])
def test_time_steps_that_a_sweep_does_not_have(dt):
    sweep = Sweep(np.zeros(1000), np.zeros(1000), 1 / DT)
    with pytest.raises(FitError, match="dt_s must be from the sampling interval"):
        forced_voltage_explained(GLIFParameters(level=1, **MEMBRANE), sweep, dt_s=dt)
