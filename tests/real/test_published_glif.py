"""Published GLIF models run on the current that the real cell was given."""

import numpy as np
import pytest

from allentk.data import Sweep
from allentk.features import spikes
from allentk.io import read_glif
from allentk.simulation import simulate


@pytest.fixture(scope="module")
def recorded(shared):
    """The recorded long square of every cell that has published models beside it."""
    sweeps = {}
    for path in sorted((shared / "recordings" / "allen").glob("cell_*.npz")):
        _, specimen, _, number = path.stem.split("_")
        with np.load(path) as data:
            rate, start = 1 / float(data["dt_s"]), float(data["t0_s"])
            window = (float(data[name]) - start for name in ("stim_start_s", "stim_end_s"))
            sweeps[int(specimen)] = Sweep(
                data["v_mV"], data["i_pA"], rate, int(number), "Long Square", "", 0.0, *window
            )
    return sweeps


def test_spike_counts_beside_the_recorded_ones(recorded, shared, capsys):
    compared, best = 0, {}
    for specimen, sweep in recorded.items():
        n_recorded = len(spikes(sweep, start_s=sweep.start_s, end_s=sweep.stop_s))
        counts = {}
        folder = shared / "recordings" / "allen" / f"glif_{specimen}"
        for path in sorted(folder.glob("*neuron_config.json")):
            model = read_glif(path)
            response = simulate(
                model,
                sweep.current_pa,
                sampling_rate_hz=sweep.sampling_rate_hz,
                dt_s=5e-5,
                compatibility="allensdk",
            )
            counts[model.level] = response.spike_times_s.size
            silence = round(model.t_ref_s / 5e-5) * response.spike_times_s.size
            assert np.isnan(response.voltage_mv).sum() == silence
            assert np.nanmin(response.voltage_mv) > -150
            assert (np.diff(response.spike_times_s) >= model.t_ref_s - 1e-9).all()
            compared += 1
        with capsys.disabled():
            print(
                f"\n  {specimen}, {np.abs(sweep.current_pa).max():.0f} pA: {n_recorded} spikes "
                f"recorded; published models "
                + ", ".join(f"GLIF{level} {n}" for level, n in counts.items())
            )
        best[specimen] = counts[max(counts)] / n_recorded
    # Fitted to noise, not to this step: the richest model of most cells is still about right.
    assert sum(0.5 < ratio < 2 for ratio in best.values()) >= 4
    assert len(recorded) == 6
    assert compared >= 20
