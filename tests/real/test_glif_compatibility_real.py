"""Published GLIF models, all five levels, against the stated equations in plain Python."""

import json

import numpy as np
import pytest

from allentk.io import read_glif
from allentk.simulation import simulate
from tests.glif_equations import run

N_STEPS, DT_S = 10_000, 5e-5


def noise(rheobase_pa, seed):
    """A current around rheobase whose fluctuations last 5 ms, from 0.1 to 0.5 s."""
    rng = np.random.default_rng(seed)
    slow = np.convolve(rng.normal(size=N_STEPS), np.full(100, 0.1), mode="same")
    current = rheobase_pa * (1.4 + 0.6 * slow)
    current[:2000] = 0.0
    return current


@pytest.fixture(scope="module")
def published(shared):
    path = shared / "models" / "glif" / "teeter2018_50cells_config.json"
    cells = json.loads(path.read_text())
    return [
        (f"{specimen} GLIF{level}", models[f"GLIF{level}"]["neuron_config"])
        for specimen, models in cells.items()
        for level in range(1, 6)
        if f"GLIF{level}" in models
    ]


def test_spike_steps_are_identical_and_voltages_agree(published):
    compared = spiked = 0
    worst = 0.0
    for seed, (name, config) in enumerate(published):
        cell = read_glif(config)
        current = noise(abs(cell.rheobase_pa), seed)
        steps, voltage, _, times = run(config, current * 1e-12)
        found = simulate(
            cell, current, dt_s=DT_S, compatibility="allensdk", throw=False, interpolate=True
        )
        assert found.spike_steps.tolist() == steps, name
        v_mv = np.array(voltage) * 1e3
        assert (np.isnan(v_mv) == np.isnan(found.voltage_mv)).all(), name
        apart = np.abs(found.voltage_mv - cell.E_L_mv - v_mv)
        worst = max(worst, np.nanmax(apart) / np.nanmax(np.abs(v_mv)))
        assert found.spike_times_s == pytest.approx(times, rel=0, abs=1e-9), name
        compared += 1
        spiked += len(steps) >= 2
    assert worst <= 1e-12
    assert compared >= 200
    assert spiked >= 200
