"""The exact mode: right at any step below threshold, in proportion to the step at spikes."""

import math

import numpy as np
import pytest
from scipy.linalg import expm

from allentk.data import LongSquare
from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.simulation import simulate
from allentk.simulation.glif import spike_steps
from tests.simulation.glif_parts import ASC, BASE, CELLS, LEVELS, VOLTAGE, slow_noise


@pytest.fixture(scope="module")
def noisy():
    return slow_noise(40_000)


@pytest.mark.parametrize("dt", [2e-5, 1e-3, 7e-3])
def test_below_threshold_every_step_is_exact_however_long(dt):
    """V and Th_v of a level 5 cell after a spike, against the matrix exponential of its equations."""
    cell = GLIFParameters(level=5, **(BASE | ASC | VOLTAGE | {"t_ref_s": 7e-3}), reset_a=0.2)
    n = round(0.28 / dt)
    current = np.zeros(n)
    current[0] = 9e4 * 5e-5 / dt * 0.6 if dt < 1e-3 else 4.5e3 * 1e-3 / dt + 200.0
    current[1 + round(7e-3 / dt) :] = 30.0
    found = simulate(cell, current, dt_s=dt, record=("threshold_mv", "asc_1_pa", "asc_2_pa"))
    assert found.spike_steps.tolist() == [0]
    first = round(7e-3 / dt)
    names = ("asc_1_pa", "asc_2_pa", "threshold_mv")
    states = [found.voltage_mv + 70, *(found.states[name] for name in names)]
    states[3] = states[3] + 50
    rates = np.zeros((5, 5))
    rates[0, :] = np.array([-1 / 0.02, 1e-2 * 1e3, 1e-2 * 1e3, 0, 30.0 * 1e-2 * 1e3])
    rates[1, 1], rates[2, 2] = -1 / 0.1, -1 / 0.003
    rates[3, [0, 3]] = 8.0, -30.0
    start = np.array([state[first] for state in states] + [1.0])
    for later in (1, 3, n - first - 1):
        expected = expm(rates * later * dt) @ start
        got = [state[first + later] for state in states]
        assert got == pytest.approx(expected[:4], rel=1e-11, abs=1e-11)


def test_spikes_converge_in_proportion_to_the_step():
    """The interval of a level 1 cell has a closed form; the grid is all that is wrong with it."""
    cell, currents = CELLS[1], np.linspace(105.0, 400.0, 60)
    intervals = 0.003 + cell.tau_m_s * np.log(1 / (1 - 100.0 / currents))
    dts = 1e-4 / 2.0 ** np.arange(6)
    means = []
    for dt in dts:
        spikes = [spike_steps(cell, np.full(round(0.15 / dt), i), dt_s=dt)[:2] for i in currents]
        late = np.diff(spikes)[:, 0] * dt - intervals
        assert late.min() > -1e-12
        assert late.max() < dt + 1e-12
        means.append(late.mean())
    assert np.polyfit(np.log(dts), np.log(means), 1)[0] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_converges_to_its_limit(level):
    step = LongSquare(amplitude_pa=180, start_s=0.1, duration_s=0.5)
    limit = simulate(CELLS[level], step, dt_s=1e-6).spike_times_s
    worst = []
    for dt in (1e-4, 2.5e-5):
        times = simulate(CELLS[level], step, dt_s=dt).spike_times_s
        assert len(times) == len(limit) > 5
        worst.append(np.abs(times - limit).max())
        assert worst[-1] <= 1.5 * dt * len(limit)
    assert worst[1] < worst[0] / 2


def test_interpolated_times_lie_where_the_closed_form_crosses():
    cell, dt = CELLS[1], 1e-4
    times = simulate(cell, np.full(1000, 137.0), dt_s=dt, interpolate=True).spike_times_s
    assert times[0] == pytest.approx(-cell.tau_m_s * math.log(1 - 100.0 / 137.0), abs=1e-7)


@pytest.mark.parametrize(
    ("t_ref_s", "dt", "steps"), [(0.0029, 5e-5, 58), (0.003, 7e-4, 4), (0.003, 1e-2, 0)]
)
def test_a_silence_is_the_nearest_whole_number_of_steps(t_ref_s, dt, steps):
    cell = GLIFParameters(level=1, **(BASE | {"t_ref_s": t_ref_s}))
    found = simulate(cell, np.full(1000, 1e6), dt_s=dt).spike_steps
    assert np.diff(found).tolist() == [steps + 1] * (len(found) - 1)
    assert abs(steps * dt - t_ref_s) <= dt / 2


def test_after_spike_currents_one_by_one(noisy):
    names = ("asc_pa", "asc_1_pa", "asc_2_pa")
    for how in (None, "allensdk"):
        states = simulate(CELLS[5], noisy, dt_s=5e-5, record=names, compatibility=how).states
        total = states["asc_1_pa"] + states["asc_2_pa"]
        assert np.array_equal(states["asc_pa"], total, equal_nan=True)
        assert np.nanmin(states["asc_2_pa"]) == pytest.approx(-200, rel=0.1)
    with pytest.raises(SimulationError, match=r"cannot record \['asc_1_pa'\]; there are spikes"):
        simulate(CELLS[2], noisy, dt_s=5e-5, record="asc_1_pa")


def test_a_stopped_run_ends_in_nan_and_says_why():
    cell = GLIFParameters(level=2, **BASE, reset_a=1.5)
    found = simulate(cell, np.full(5000, 200.0), dt_s=1e-4, throw=False)
    at = int(found.spike_steps[-1])
    assert np.isfinite(found.voltage_mv[: at + 1]).all()
    assert np.isnan(found.voltage_mv[at + 1 :]).all()
    assert f"step {at}" in found.reason
    assert spike_steps(cell, np.full(5000, 200.0), dt_s=1e-4).tolist() == [at]


def test_a_long_quiet_does_not_end_in_numbers_that_a_processor_is_slow_with():
    current = np.zeros(2_000_000)
    current[0] = 9e4
    found = simulate(CELLS[5], current, dt_s=5e-5, record=("threshold_mv", "asc_pa"))
    assert found.spike_steps.size == 1
    assert (found.voltage_mv[-1], found.states["threshold_mv"][-1]) == (-70, -50)
    assert found.states["asc_pa"][-1] == 0
