"""``compatibility="allensdk"`` against the stated equations, written out in ``tests.glif_equations``."""

import math

import numpy as np
import pytest

from allentk.data import Response
from allentk.errors import SimulationError
from allentk.io import glif_config, read_glif
from allentk.models import GLIFParameters
from allentk.simulation import simulate
from tests.glif_equations import run
from tests.simulation.glif_parts import BASE, CELLS, LEVELS, RESET, VOLTAGE, slow_noise

DT_S = 5e-5
ABOVE = GLIFParameters(level=2, **BASE, reset_a=1.5, th_spike_a_mv=1.0, th_spike_b_per_s=9.0)


def allensdk(cell, current, **options):
    return simulate(cell, current, dt_s=DT_S, compatibility="allensdk", **options)


def relative_mv(response, cell):
    return response.voltage_mv - cell.E_L_mv


@pytest.fixture(scope="module")
def noisy():
    return slow_noise(20_000)


@pytest.mark.parametrize("level", LEVELS)
def test_steps_voltages_and_thresholds_are_those_of_the_equations(level, noisy):
    steps, voltage, threshold, times = run(glif_config(CELLS[level]), noisy * 1e-12)
    found = allensdk(CELLS[level], noisy, record="threshold_mv", interpolate=True)
    assert len(steps) > 8
    assert found.spike_steps.tolist() == steps
    v_mv = np.array(voltage) * 1e3
    assert np.isnan(v_mv).sum() == 60 * len(steps)
    scale = np.nanmax(np.abs(v_mv))
    assert np.allclose(
        relative_mv(found, CELLS[level]), v_mv, rtol=1e-12, atol=1e-12 * scale, equal_nan=True
    )
    th_mv = found.states["threshold_mv"] - CELLS[level].E_L_mv
    assert np.allclose(th_mv, np.array(threshold) * 1e3, rtol=1e-11, atol=0, equal_nan=True)
    assert found.spike_times_s == pytest.approx(times, rel=0, abs=1e-12)


def test_a_spike_at_step_k_is_silent_for_n_steps_and_moves_again_at_k_plus_n_plus_1():
    current = np.zeros(200)
    current[10] = 8e4
    current[[70, 71]] = 100.0
    found = allensdk(CELLS[2], current)
    v = relative_mv(found, CELLS[2])
    assert found.spike_steps.tolist() == [10]
    assert np.flatnonzero(np.isnan(v)).tolist() == list(range(10, 70))
    start = 0.3 * 40.0 - 2.0
    assert v[70] == pytest.approx(start, rel=1e-12)  # the current of step 70 has no effect
    assert v[71] == pytest.approx(start + (20.0 - start) * DT_S / 0.02, rel=1e-12)


@pytest.mark.parametrize("n_ref", [0, 1])
def test_the_shortest_silences(n_ref):
    cell = GLIFParameters(level=2, **(BASE | RESET | {"t_ref_s": n_ref * DT_S}))
    current = np.full(4000, 250.0)
    steps, voltage, _, _ = run(glif_config(cell), current * 1e-12)
    found = allensdk(cell, current)
    assert found.spike_steps.tolist() == steps
    assert np.isnan(found.voltage_mv).sum() == n_ref * len(steps)
    assert np.allclose(
        relative_mv(found, cell), np.array(voltage) * 1e3, rtol=1e-12, equal_nan=True
    )


@pytest.mark.parametrize("beyond", [1, 60, 61])
def test_a_current_that_ends_in_the_silence(noisy, beyond):
    first = run(glif_config(CELLS[5]), noisy * 1e-12)[0][0]
    short = noisy[: first + beyond]
    found = allensdk(CELLS[5], short)
    assert found.spike_steps.tolist() == [first]
    assert np.isfinite(found.voltage_mv[first:]).sum() == (beyond == 61)


def test_a_restart_above_the_threshold_names_its_numbers():
    current = np.full(5000, 200.0)
    steps, voltage, _, _ = run(glif_config(ABOVE), current * 1e-12)
    with pytest.raises(SimulationError) as raised:
        allensdk(ABOVE, current)
    said = str(raised.value)
    restart = np.nanmax(voltage) * 1e3 - 70
    assert f"step {steps[0]}" in said
    assert f"{restart:.3f} mV, the threshold is -49.000 mV" in said
    assert "reset_a 1.5" in said


def test_a_restart_above_the_threshold_is_handed_back_on_demand():
    current = np.full(5000, 200.0)
    steps, voltage, _, _ = run(glif_config(ABOVE), current * 1e-12)
    found = allensdk(ABOVE, current, throw=False)
    assert "starts again above its threshold" in found.reason
    assert "stopped" in repr(found)
    assert found.spike_steps.tolist() == steps == [steps[0]]
    assert np.allclose(
        relative_mv(found, ABOVE), np.array(voltage) * 1e3, rtol=1e-12, equal_nan=True
    )
    assert np.isfinite(found.voltage_mv[steps[0] :]).sum() == 6


def test_a_run_to_the_end_has_no_reason(noisy):
    found = allensdk(CELLS[1], noisy, throw=False)
    assert isinstance(found, Response)
    assert found.reason == ""
    assert "stopped" not in repr(found)


def test_equal_rates_which_the_equations_divide_by_are_the_limit_of_unequal_ones(noisy):
    """AllenSDK divides by zero where b_v is G / C."""
    rate = 1 / CELLS[5].tau_m_s
    equal, near = (
        GLIFParameters(level=5, **(BASE | VOLTAGE | {"th_voltage_b_per_s": rate * (1 + e)}))
        for e in (0.0, 1e-7)
    )
    with pytest.raises(ZeroDivisionError):
        run({**glif_config(equal), "R_input": 2e8, "C": 1 / (2e8 * rate)}, noisy * 1e-12)
    found, other = (allensdk(cell, noisy, record="threshold_mv") for cell in (equal, near))
    assert found.spike_steps.tolist() == other.spike_steps.tolist()
    assert math.isfinite(np.nanmax(found.states["threshold_mv"]))
    assert np.allclose(
        found.states["threshold_mv"], other.states["threshold_mv"], atol=1e-5, equal_nan=True
    )


def test_coefficients_are_applied(noisy):
    config = glif_config(CELLS[5])
    config["coeffs"] = {
        "th_inf": 0.8,
        "C": 1.1,
        "G": 0.9,
        "a": 1.2,
        "b": 0.7,
        "asc_amp_array": [0.5, 2.0],
    }
    found = allensdk(read_glif(config), noisy)
    assert found.spike_steps.tolist() == run(config, noisy * 1e-12)[0]
