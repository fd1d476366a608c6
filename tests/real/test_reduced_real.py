"""The reduced backend on published perisomatic models: NEURON's spikes, and the expected ones."""

import re

import numpy as np
import pytest

from allentk.data import LongSquare
from allentk.io import read_biophysical, read_swc
from allentk.models import BiophysicalModel
from allentk.simulation.biophysical.reduced import simulate_reduced

FOLDER = "models/biophysical"
#: A pyramidal cell, one with an apical tree, and a fast-spiking one with NaV.
MODELS = (
    (f"{FOLDER}/osb_472450023/fit.json", f"{FOLDER}/osb_472450023/reconstruction.swc"),
    (f"{FOLDER}/osb_483108201/fit.json", f"{FOLDER}/osb_483108201/reconstruction.swc"),
    ("network/components/472912177_fit.json", "network/components/Pvalb_470522102_m.swc"),
)


def model(shared, fit, swc):
    return BiophysicalModel(read_biophysical(shared / fit), read_swc(shared / swc))


@pytest.mark.parametrize(("fit", "swc"), MODELS)
@pytest.mark.parametrize("method", ["fixed", "second-order"])
def test_spikes_are_those_of_neuron_at_the_same_step(shared, fit, swc, method):
    pytest.importorskip("neuron")
    from allentk.simulation.biophysical.neuron_engine import simulate_neuron

    cell, spikes = model(shared, fit, swc), 0
    for amplitude_pa in (50, 150, 300):
        step = LongSquare(amplitude_pa=amplitude_pa, start_s=0.1, duration_s=0.3, tail_s=0.02)
        whole = simulate_neuron(cell, step, method=method, dt_s=2.5e-5)
        reduced = simulate_reduced(cell, step, method=method, dt_s=2.5e-5)
        np.testing.assert_allclose(reduced.spike_times_s, whole.spike_times_s, atol=1.5e-4)
        quiet = slice(0, 4000)
        np.testing.assert_allclose(reduced.voltage_mv[quiet], whole.voltage_mv[quiet], atol=1e-4)
        spikes += whole.spike_times_s.size
    assert spikes > 5


@pytest.mark.parametrize(
    ("name", "amplitude_pa", "count"), [("472450023", 50, 3), ("483108201", 270, 14)]
)
def test_spikes_are_the_expected_ones(shared, name, amplitude_pa, count):
    folder = shared / FOLDER / f"osb_{name}"
    text = (folder / "expected.test.mep").read_text()
    values = re.search(r"spike times:\s*\[([^\]]*)\]", text)[1]
    expected = np.array([float(one) for one in values.split(",")]) * 1e-3
    cell = BiophysicalModel(
        read_biophysical(folder / "fit.json"), read_swc(folder / "reconstruction.swc")
    )
    step = LongSquare(amplitude_pa=amplitude_pa, start_s=1.02, duration_s=1.0, tail_s=0.05)
    response = simulate_reduced(cell, step, method="fixed", dt_s=5e-6)
    assert expected.size == count
    np.testing.assert_allclose(response.spike_times_s, expected, atol=1.5e-4)
