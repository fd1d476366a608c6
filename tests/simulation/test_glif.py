"""The kernel against closed forms, and against the equations written out step by step."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.data import LongSquare, StimulusTable, Sweep, Zero
from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.simulation import simulate
from allentk.simulation.glif import spike_steps
from tests.simulation.glif_parts import BASE, CELLS, LEVELS, slow_noise


def reference(cell, current, dt):
    """Forward Euler as in Teeter et al. 2018, written for reading."""
    c, g = cell.C_pf * 1e-12, 1e-6 / cell.R_mohm
    amp, tau = np.array(cell.asc_amp_pa) * 1e-12, np.array(cell.asc_tau_s)
    r, cut = np.array(cell.asc_r), round(cell.t_ref_s / dt)
    a_v, b_v = cell.th_voltage_a_per_s, cell.th_voltage_b_per_s
    v, th_s, th_v, asc = 0.0, 0.0, 0.0, np.zeros(len(amp))
    spikes, trace, step = [], np.full(current.size, np.nan), 0
    while step < current.size:
        total = current[step] * 1e-12 + asc.sum()
        if a_v:
            beta = total / g
            phi = a_v / (b_v - g / c)
            moving = phi * (v - beta)
            th_v = (
                moving * math.exp(-g * dt / c)
                + math.exp(-b_v * dt) * (th_v - moving - a_v / b_v * beta)
                + a_v / b_v * beta
            )
        v = v + (total - g * v) * dt / c
        asc = asc * np.exp(-dt / tau) if len(amp) else asc
        th_s *= math.exp(-cell.th_spike_b_per_s * dt)
        trace[step] = v * 1e3
        if v > cell.th_inf_mv * 1e-3 + th_s + th_v:
            spikes.append(step)
            v = cell.reset_a * v + cell.reset_b_mv * 1e-3
            asc = amp + r * asc * np.exp(-dt * cut / tau) if len(amp) else asc
            th_s = th_s * math.exp(-cell.th_spike_b_per_s * dt * cut) + cell.th_spike_a_mv * 1e-3
            step += cut
        step += 1
    return np.array(spikes), trace + cell.E_L_mv


@pytest.fixture(scope="module")
def noisy():
    return slow_noise(40_000)


@pytest.mark.parametrize("level", LEVELS)
def test_equations_step_by_step(level, noisy):
    spikes, trace = reference(CELLS[level], noisy, 5e-5)
    found = simulate(CELLS[level], noisy, dt_s=5e-5, compatibility="allensdk")
    assert len(spikes) > 15
    assert found.spike_steps.tolist() == spikes.tolist()
    shown = np.isfinite(trace)
    shown[spikes] = False  # the crossing itself is not kept
    assert np.abs(found.voltage_mv - trace)[shown].max() < 1e-9


@pytest.mark.parametrize("level", LEVELS)
def test_exact_and_euler_meet_as_the_step_shrinks(level):
    step = LongSquare(amplitude_pa=180, start_s=0.1, duration_s=0.5)
    times = [
        simulate(CELLS[level], step, dt_s=2e-6, compatibility=how).spike_times_s
        for how in (None, "allensdk")
    ]
    assert len(times[0]) == len(times[1]) > 5
    assert np.abs(times[0] - times[1]).max() < 2e-4


def test_relaxation_is_exact():
    response = simulate(CELLS[1], np.full(1000, 50.0), dt_s=1e-4)
    time = response.time_s + 1e-4
    assert response.voltage_mv == pytest.approx(-70 + 10 * (1 - np.exp(-time / 0.02)), abs=1e-12)


def test_f_i_curve_is_the_closed_form():
    cell = CELLS[1]
    for current in (105.0, 150.0, 400.0):
        interval = 0.003 + cell.tau_m_s * math.log(1 / (1 - 100.0 / current))
        times = simulate(cell, np.full(200_000, current), dt_s=1e-5).spike_times_s
        assert np.diff(times) == pytest.approx(interval, abs=2.1e-5)


def test_after_spike_current_is_exact():
    """One spike, then the membrane follows two decaying currents."""
    cell, dt = CELLS[3], 1e-4
    current = np.zeros(4000)
    current[0] = 2.2e5
    response = simulate(cell, current, dt_s=dt, record=("asc_pa",))
    assert response.spike_steps.tolist() == [0]
    after = np.arange(1, 3000) * dt
    amp, tau = np.array(cell.asc_amp_pa), np.array(cell.asc_tau_s)
    decay = np.exp(-after[:, None] / tau)
    pair = (decay - np.exp(-after / 0.02)[:, None]) / (1 - 0.02 / tau)
    silent = round(cell.t_ref_s / dt)
    shown = slice(1 + silent, silent + after.size + 1)
    assert response.states["asc_pa"][shown] == pytest.approx(decay @ amp, abs=1e-9)
    assert response.voltage_mv[shown] == pytest.approx(-70 + 0.2 * pair @ amp, abs=1e-9)


def test_equal_time_constants_are_no_singularity():
    near = [
        GLIFParameters(level=3, **BASE, asc_amp_pa=(-50,), asc_tau_s=(0.02 * (1 + e),))
        for e in (0, 1e-7)
    ]
    traces = [simulate(cell, np.full(8000, 150.0), dt_s=1e-4).voltage_mv for cell in near]
    assert np.isfinite(traces[0]).all()
    assert traces[0] == pytest.approx(traces[1], abs=1e-3)
    b = 1 / 0.02
    cell = GLIFParameters(level=5, **BASE, th_voltage_a_per_s=5.0, th_voltage_b_per_s=b)
    shifted = GLIFParameters(
        level=5, **BASE, th_voltage_a_per_s=5.0, th_voltage_b_per_s=b * (1 + 1e-6)
    )
    th = [
        simulate(c, np.full(500, 90.0), dt_s=1e-4, record=("threshold_mv",)).states["threshold_mv"]
        for c in (cell, shifted)
    ]
    assert th[0] == pytest.approx(th[1], abs=1e-4)


def test_voltage_threshold_without_decay():
    cell = GLIFParameters(level=5, **BASE, th_voltage_a_per_s=5.0)
    response = simulate(cell, np.full(500, 90.0), dt_s=1e-4, record=("threshold_mv",))
    time = response.time_s + 1e-4
    integral = 18.0 * (time - 0.02 * (1 - np.exp(-time / 0.02)))
    assert response.states["threshold_mv"] == pytest.approx(-50 + 5 * integral, abs=1e-9)


def test_array_at_another_rate_keeps_its_charge():
    current = np.random.default_rng(0).normal(60, 10, 25_000)
    at_rate = simulate(CELLS[1], current, sampling_rate_hz=25_000)
    assert at_rate.dt_s == 4e-5
    coarse = simulate(CELLS[1], current, sampling_rate_hz=25_000, dt_s=1e-4)
    assert coarse.current_pa.size == 10_000
    assert coarse.current_pa.mean() == pytest.approx(current.mean(), rel=1e-12)
    same = simulate(CELLS[1], current, sampling_rate_hz=25_000, dt_s=4e-5)
    assert (same.current_pa == current).all()


def test_steps_alone_are_the_same(noisy):
    steps = spike_steps(CELLS[5], noisy, dt_s=5e-5)
    assert steps.tolist() == simulate(CELLS[5], noisy, dt_s=5e-5).spike_steps.tolist()


def test_response_knows_its_stimulus():
    response = simulate(CELLS[1], LongSquare(amplitude_pa=150))
    sweep = response.to_sweep()
    assert (sweep.stimulus, sweep.amplitude_pa, sweep.start_s) == ("Long Square", 150, 1.02)
    assert simulate(CELLS[1], Zero()).spike_times_s.size == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stimulus": [1.0, math.nan]}, "not finite at sample 1 of 2"),
        ({"stimulus": [[1.0]]}, "one-dimensional"),
        ({"stimulus": [1.0], "backend": "abacus"}, "no engine 'abacus'"),
        ({"stimulus": [1.0], "compatibility": "brian"}, "compatibility"),
        ({"stimulus": [1.0], "record": ["mood"]}, "cannot record \\['mood'\\]"),
        ({"stimulus": [1.0], "record": "mood"}, "cannot record \\['mood'\\]"),
        ({"stimulus": [1.0], "sampling_rate_hz": 0}, "sampling_rate_hz must be positive .* got 0"),
        ({"stimulus": [1.0], "sampling_rate_hz": -5.0, "dt_s": 1e-4}, "sampling_rate_hz must"),
        ({"stimulus": [1.0], "dt_s": math.nan}, "dt_s must be positive and finite, got nan"),
        ({"stimulus": [1.0], "dt_s": -1e-4}, "dt_s must be positive"),
        ({"stimulus": [1.0], "dt_s": 0}, "dt_s must be positive"),
        ({"stimulus": Zero(), "dt_s": 0.0}, "dt_s must be positive"),
        ({"stimulus": Zero(), "dt_s": math.inf}, "dt_s must be positive"),
        ({"stimulus": Zero(), "sampling_rate_hz": 1e4}, "has no sampling_rate_hz"),
        ({"stimulus": [1.0], "sampling_rate_hz": 1e4, "dt_s": 1.0}, "longer than the current"),
        ({"stimulus": ["a"]}, "numbers in pA, got list"),
        ({"stimulus": Sweep([0.0], [0.0], 1.0, clamp="voltage")}, "got voltage clamp"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(SimulationError, match=message):
        simulate(CELLS[1], **arguments)


def test_one_state_may_be_named_alone():
    step = LongSquare(amplitude_pa=150)
    assert set(simulate(CELLS[3], step, record="asc_pa").states) == {"asc_pa"}
    assert simulate(CELLS[1], step, record="spikes").states == {}


@pytest.mark.parametrize("option", [{"sampling_rate_hz": 1e4}, {"compatibility": "allensdk"}])
def test_a_network_takes_no_option_of_a_cell(option):
    table = StimulusTable(
        pd.DataFrame({"start_s": [0.0], "stop_s": [1.0], "stimulus": ["drifting_gratings"]})
    )
    with pytest.raises(SimulationError, match="is an option for a cell"):
        simulate(object(), table, **option)


def test_a_cell_above_threshold_after_its_spike_is_named():
    cell = GLIFParameters(level=2, **BASE, reset_a=1.5)
    with pytest.raises(
        SimulationError, match=r"above its threshold after the spike at 0\.0[0-9]+ s"
    ):
        simulate(cell, np.full(5000, 200.0), dt_s=1e-4)
