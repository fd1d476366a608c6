"""Published cells in the compiled tree: their spikes, and NEURON's at the same step."""

import json
from dataclasses import replace

import numpy as np
import pytest

from allentk.data import LongSquare
from allentk.io.allen_models import read_biophysical
from allentk.io.swc import read_swc
from allentk.models import BiophysicalModel
from allentk.simulation.biophysical.tree import simulate_tree

ALL_ACTIVE = {
    "legacy": ("sdk_468193142/allactive_fit.json", "sdk_468193142/reconstruction.swc", "truncated"),
    "2022": ("allactive_2022/483101699_hof0.json", "allactive_2022/483101699.swc", "stub"),
}


def published(shared, fit, swc, axon):
    folder = shared / "models" / "biophysical"
    return BiophysicalModel(read_biophysical(folder / fit, axon=axon), read_swc(folder / swc))


def test_the_released_all_active_model_fires_its_published_spikes(shared):
    model = published(shared, *ALL_ACTIVE["legacy"])
    step = LongSquare(amplitude_pa=330, start_s=1.0, duration_s=1.0, tail_s=0.0)
    for method in ("second-order", "fixed"):
        assert simulate_tree(model, step, method=method).spike_times_s.size == 18
    # The axon is part of the model: with a stub there are none.
    stub = replace(model, parameters=replace(model.parameters, axon="stub"))
    assert simulate_tree(stub, step).spike_times_s.size == 0


@pytest.mark.parametrize(
    ("cell", "amplitude_pa", "axon"), [("472450023", 50, "stub"), ("483108201", 270, "stub")]
)
def test_a_perisomatic_model_fires_when_it_is_expected_to(shared, cell, amplitude_pa, axon):
    folder = f"osb_{cell}"
    model = published(shared, f"{folder}/fit.json", f"{folder}/reconstruction.swc", axon)
    text = (shared / "models" / "biophysical" / folder / "expected.test.mep").read_text()
    expected_ms = json.loads(text[text.index("[") : text.index("]") + 1])
    step = LongSquare(amplitude_pa=amplitude_pa, start_s=1.02, duration_s=1.0, tail_s=0.0)
    response = simulate_tree(model, step, dt_s=5e-6, method="fixed")
    np.testing.assert_allclose(1e3 * response.spike_times_s, expected_ms, atol=0.1)


@pytest.mark.parametrize("method", ["fixed", "second-order"])
@pytest.mark.parametrize("name", ["legacy", "2022"])
def test_spikes_come_when_neurons_do(shared, name, method):
    pytest.importorskip("neuron")
    from allentk.simulation.biophysical.neuron_engine import simulate_neuron

    model = published(shared, *ALL_ACTIVE[name])
    step = LongSquare(amplitude_pa=350, start_s=0.02, duration_s=0.1, tail_s=0.0)
    tree, neuron = (
        run(model, step, method=method, record=("dend[3](0.5)", "axon[0](0.5)"))
        for run in (simulate_tree, simulate_neuron)
    )
    assert neuron.spike_times_s.size
    np.testing.assert_allclose(tree.spike_times_s, neuron.spike_times_s, atol=1.5e-4)
    quiet = slice(0, 800)
    np.testing.assert_allclose(tree.voltage_mv[quiet], neuron.voltage_mv[quiet], atol=1e-4)
    for place, voltage in neuron.states.items():
        np.testing.assert_allclose(tree.states[place][quiet], voltage[quiet], atol=1e-4)
