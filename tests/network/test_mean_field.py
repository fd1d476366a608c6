"""Closed forms of shot noise against sums over its kernel, and the background they give."""

import math

import numpy as np
import pytest

from allentk.models import GLIFParameters
from allentk.network import Receptor
from allentk.network.mean_field import Membranes, ShotNoise, background_rates_hz
from allentk.simulation import simulate

BASE = {"C_pf": 80.0, "R_mohm": 160.0, "E_L_mv": -75.0, "th_inf_mv": 30.0, "t_ref_s": 0.003}
CELL = GLIFParameters(level=1, **BASE)
EXCITATION = Receptor(tau_s=0.002, sign=1)


def membranes(model, n=1):
    return Membranes.of([model], np.zeros(n, dtype=int))


def kernel(model, receptor, weight, dt=1e-6):
    """Voltage after one spike, by forward Euler."""
    time = np.arange(0, 0.15, dt)
    current = weight * time / receptor.tau_s * np.exp(1 - time / receptor.tau_s)
    v = np.zeros(time.size)
    for k in range(time.size - 1):
        v[k + 1] = v[k] + dt * (current[k] / model.C_pf * 1e3 - v[k] / model.tau_m_s)
    return v, dt


def test_shot_noise_is_the_integral_of_its_kernel():
    """Campbell: mean, variance and slope variance of a train are integrals over h, h^2 and h'^2."""
    v, dt = kernel(CELL, EXCITATION, 12.0)
    noise = ShotNoise.of(membranes(CELL), EXCITATION, np.array([12.0]))
    slope = np.diff(v) / dt
    assert noise.mean[0] == pytest.approx(v.sum() * dt, rel=1e-3)
    assert noise.variance[0] == pytest.approx((v**2).sum() * dt, rel=1e-3)
    assert noise.slope[0] == pytest.approx((slope**2).sum() * dt, rel=1e-3)


def test_a_unit_weight_reaches_the_threshold_at_one_hertz():
    for sign in (1, -1):
        receptor = Receptor(tau_s=0.004, sign=sign)
        cells = membranes(CELL)
        noise = ShotNoise.of(cells, receptor, cells.unit_weight_pa(receptor))
        assert noise.mean[0] == pytest.approx(sign * 30.0)


def test_noise_adds_up():
    one = ShotNoise.of(membranes(CELL), EXCITATION, np.array([12.0]))
    total = ShotNoise.total([one * 100.0, one * 50.0])
    assert total.mean[0] == pytest.approx(one.mean[0] * 150)
    assert total.variance[0] == pytest.approx(one.variance[0] * 150)


@pytest.mark.parametrize("rate", [0.5, 2.0, 6.0])
def test_background_solves_rices_formula(rate):
    cells = membranes(CELL)
    one = ShotNoise.of(cells, EXCITATION, 4e-4 * cells.unit_weight_pa(EXCITATION))
    needed = background_rates_hz(cells, one, one * 0.0, np.array([rate]))
    at = one * needed
    deviation = math.sqrt(at.variance[0])
    crossings = (
        math.sqrt(at.slope[0]) / (2 * math.pi * deviation)
        * math.exp(-((30.0 - at.mean[0]) ** 2) / (2 * deviation**2))
    )  # fmt: skip
    ready = 1 - rate * (CELL.t_ref_s + CELL.tau_m_s)
    assert crossings * ready == pytest.approx(rate, rel=1e-6)


def test_inhibition_asks_for_more_background_and_excitation_for_less():
    cells = membranes(CELL)
    one = ShotNoise.of(cells, EXCITATION, 4e-4 * cells.unit_weight_pa(EXCITATION))
    alone, less, more = (
        background_rates_hz(cells, one, one * share, np.array([3.0]))[0] for share in (0, 500, -500)
    )  # fmt: skip
    assert less == pytest.approx(alone - 500, rel=1e-6)
    assert more == pytest.approx(alone + 500, rel=1e-6)


def test_a_cell_driven_beyond_its_rate_gets_no_background():
    cells = membranes(CELL)
    one = ShotNoise.of(cells, EXCITATION, 4e-4 * cells.unit_weight_pa(EXCITATION))
    assert background_rates_hz(cells, one, one * 5000.0, np.array([1.0]))[0] == 0.0


def test_adaptation_asks_for_more():
    rules = {
        3: {"asc_amp_pa": (-10.0, -60.0), "asc_tau_s": (0.3, 0.03)},
        4: {
            "asc_amp_pa": (-10.0, -60.0),
            "asc_tau_s": (0.3, 0.03),
            "th_spike_a_mv": 5.0,
            "th_spike_b_per_s": 20.0,
        },
        5: {
            "asc_amp_pa": (-10.0, -60.0),
            "asc_tau_s": (0.3, 0.03),
            "th_spike_a_mv": 5.0,
            "th_spike_b_per_s": 20.0,
            "th_voltage_a_per_s": 4.0,
            "th_voltage_b_per_s": 20.0,
        },
    }
    needed = []
    for level, more in ({1: {}} | rules).items():
        cells = membranes(GLIFParameters(level=level, **BASE, **more))
        one = ShotNoise.of(cells, EXCITATION, 4e-4 * cells.unit_weight_pa(EXCITATION))
        needed.append(background_rates_hz(cells, one, one * 0.0, np.array([3.0]))[0])
    assert needed == sorted(needed)
    assert np.diff(needed).min() > 10


@pytest.mark.parametrize("rate", [9.0, 20.0])
def test_a_slow_membrane_fires_as_wanted(rate):
    """A membrane of 69 ms is never at rest between its spikes; checked by simulation."""
    slow = GLIFParameters(
        level=1, C_pf=118.0, R_mohm=588.0, E_L_mv=-64.0, th_inf_mv=8.1, t_ref_s=0.0024
    )
    cells, dt, n = membranes(slow), 1e-4, 600_000
    weight = 4.5e-4 * cells.unit_weight_pa(EXCITATION)
    one = ShotNoise.of(cells, EXCITATION, weight)
    needed = background_rates_hz(cells, one, one * 0.0, np.array([rate]))[0]
    time = np.arange(0, 0.03, dt)
    shape = weight[0] * time / EXCITATION.tau_s * np.exp(1 - time / EXCITATION.tau_s)
    arrivals = np.random.default_rng(0).poisson(needed * dt, n)
    current = np.convolve(arrivals, shape)[:n]
    fired = simulate(slow, current, dt_s=dt).spike_times_s.size / (n * dt)
    assert fired == pytest.approx(rate, rel=0.15)
