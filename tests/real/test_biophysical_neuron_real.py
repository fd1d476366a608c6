"""Published biophysical cells in NEURON: the spikes that others published for them.

Expected spike times of the two Open Source Brain cells were computed with NEURON at 5 us; the counts of
468193142 are those that AllenSDK tests its own models with.
"""

import re

import numpy as np
import pytest

from allentk import LongSquare, read_biophysical_model, simulate

pytest.importorskip("neuron")

PERISOMATIC = {
    "cell_types/cell_313862022/473465456_fit.json": "cell_types/cell_313862022/313862022_m.swc",
    "cell_types/cell_320207387/329321704_fit.json": "cell_types/cell_320207387/320207387_m.swc",
    "models/biophysical/arkhipov_314804042/fit.json": None,
    "models/biophysical/arkhipov_318808427/fit.json": None,
    "models/biophysical/osb_472450023/fit.json": None,
    "models/biophysical/osb_483108201/fit.json": None,
    "models/biophysical/sdk_468193142/peri_fit.json": None,
    "network/components/472363762_fit.json": "network/components/Scnn1a_473845048_m.swc",
    "network/components/472912177_fit.json": "network/components/Pvalb_470522102_m.swc",
    "network/components/473862421_fit.json": "network/components/Pvalb_469628681_m.swc",
    "network/components/473863035_fit.json": "network/components/Nr5a1_471087815_m.swc",
    "network/components/473863510_fit.json": "network/components/Rorb_325404214_m.swc",
}
SDK = "models/biophysical/sdk_468193142"


def second(amplitude_pa, start_s=1.0):
    return LongSquare(amplitude_pa=amplitude_pa, start_s=start_s, duration_s=1.0, tail_s=0.05)


@pytest.mark.parametrize(
    ("name", "amplitude_pa", "n_spikes"), [("osb_472450023", 50, 3), ("osb_483108201", 270, 14)]
)
def test_expected_spike_times(shared, name, amplitude_pa, n_spikes):
    folder = shared / "models" / "biophysical" / name
    said = (folder / "expected.test.mep").read_text()
    expected_ms = [float(one) for one in re.findall(r"\d+\.\d+", said.partition("spike times:")[2])]
    response = simulate(
        read_biophysical_model(folder, axon="stub"), second(amplitude_pa, 1.02),
        backend="neuron", method="fixed", dt_s=5e-6,
    )  # fmt: skip
    assert len(expected_ms) == n_spikes
    np.testing.assert_allclose(response.spike_times_s * 1e3, expected_ms, atol=0.1, rtol=0)


def test_the_default_is_close_to_the_expected_times(shared):
    folder = shared / "models" / "biophysical" / "osb_483108201"
    model = read_biophysical_model(folder)
    tight = simulate(model, second(270, 1.02), backend="neuron", atol=1e-6)
    default = simulate(model, second(270, 1.02), backend="neuron")
    np.testing.assert_allclose(default.spike_times_s, tight.spike_times_s, atol=3e-4, rtol=0)


def test_a_perisomatic_cell_of_allensdk(shared):
    model = read_biophysical_model(shared / SDK / "peri_fit.json")
    assert simulate(model, second(350), backend="neuron").spike_times_s.size == 27


@pytest.mark.parametrize(("axon", "n_spikes"), [("truncated", 18), ("stub", 0)])
def test_an_all_active_cell_depends_on_its_axon(shared, axon, n_spikes):
    model = read_biophysical_model(shared / SDK / "allactive_fit.json", axon=axon)
    response = simulate(model, second(330), method="cvode", atol=1e-3)
    assert response.spike_times_s.size == n_spikes


def test_an_all_active_cell_of_2022(shared):
    model = read_biophysical_model(
        shared / "models" / "biophysical" / "allactive_2022" / "483101699_hof0.json",
        axon="stub",
        morphology=shared / "models" / "biophysical" / "allactive_2022" / "483101699.swc",
    )
    step = LongSquare(amplitude_pa=200, start_s=0.1, duration_s=0.5, tail_s=0.05)
    response = simulate(model, step, backend="neuron", record="axon[1](0.5)")
    assert response.spike_times_s.size > 2
    assert response.states["voltage_mv axon[1](0.5)"].max() > -20


@pytest.mark.parametrize("name", PERISOMATIC)
def test_every_perisomatic_cell_is_silent_at_rest_and_fires(shared, name):
    swc = PERISOMATIC[name]
    model = read_biophysical_model(shared / name, morphology=swc and shared / swc)
    step = LongSquare(amplitude_pa=400, start_s=0.3, duration_s=0.2, tail_s=0.02)
    response = simulate(model, step, backend="neuron")
    spikes = response.spike_times_s
    assert spikes.size >= 2
    assert spikes.min() > 0.3
    # Rest is near where the parameters were fitted from.
    rest = response.voltage_mv[: round(0.29 / response.dt_s)]
    assert abs(rest[-1] - model.parameters.v_init_mv) < 10
