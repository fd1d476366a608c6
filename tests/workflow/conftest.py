"""Short recordings of made-up cells that can be fitted in a moment."""

import numpy as np
import pytest

from allentk.data import Noise, Sweep, SweepSet
from allentk.io import write_nwb
from allentk.models import GLIFParameters
from allentk.simulation import simulate

RATE = 10_000.0
SPIKE = np.concatenate([np.linspace(20, 90, 6), np.linspace(70, -5, 20)])


def answer(number, seed, resistance_mohm):
    """Return 3.2 s of noise and what a made-up cell makes of it."""
    cell = GLIFParameters(
        level=1, C_pf=100, R_mohm=resistance_mohm, E_L_mv=-72, th_inf_mv=22, t_ref_s=0.004
    )
    noise = Noise(
        amplitude_pa=1.3 * cell.rheobase_pa,
        seed=seed,
        start_s=0.5,
        tail_s=0.2,
        epoch_s=2.5,
        gap_s=0.3,
        fractions=(1.0,),
    )
    current = noise.current_pa(RATE)
    response = simulate(cell, current, sampling_rate_hz=RATE, dt_s=1e-4)
    voltage = np.array(response.voltage_mv)
    for step in response.spike_steps:
        span = slice(step, min(step + SPIKE.size, voltage.size))
        voltage[span] = cell.threshold_mv + SPIKE[: span.stop - span.start]
    return Sweep(
        voltage,
        current,
        RATE,
        number=number,
        stimulus=f"Noise {seed}",
        start_s=0.5,
        stop_s=3.0,
    )


def noise_cell(resistance_mohm=200.0):
    """Return two sweeps each of Noise 1 and Noise 2."""
    sweeps = [answer(n, seed, resistance_mohm) for n, seed in ((5, 1), (6, 1), (7, 2), (8, 2))]
    return SweepSet(sweeps, source="made up", metadata={"synthetic": True})


def write_noise_cell(path, resistance_mohm=200.0, **metadata):
    """Write such a cell as NWB."""
    cell = noise_cell(resistance_mohm)
    about = {"session_description": "synthetic noise", "synthetic": True, **metadata}
    write_nwb(SweepSet(list(cell), source="made up", metadata=about), path)
    return path


@pytest.fixture(scope="session")
def noise_cells(tmp_path_factory):
    """Write three cells of 150, 200 and 250 MOhm."""
    folder = tmp_path_factory.mktemp("noise")
    for name, resistance in (("a", 150.0), ("b", 200.0), ("c", 250.0)):
        write_noise_cell(folder / f"{name}.nwb", resistance)
    return folder
