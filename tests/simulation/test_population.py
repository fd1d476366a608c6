"""Populations against the single cell, plain numpy, and their promise to follow the seeds alone."""

import math

import numpy as np
import pytest
from scipy import stats

from allentk.errors import DataError, SimulationError
from allentk.models import GLIFParameters
from allentk.simulation import population, simulate
from allentk.simulation.glif import spike_steps
from allentk.simulation.noise_kernels import mixed, normals
from allentk.simulation.population import GaussianInput, pack, simulate_population
from allentk.simulation.span_kernels import span_constants
from tests.simulation.glif_parts import BASE

ASC = ("asc_amp_pa", "asc_tau_s", "asc_r")
RESET = ("reset_a", "reset_b_mv", "th_spike_a_mv", "th_spike_b_per_s")
VOLTAGE = ("th_voltage_a_per_s", "th_voltage_b_per_s")
OF_LEVEL = {1: (), 2: RESET, 3: ASC, 4: RESET + ASC, 5: RESET + ASC + VOLTAGE}
PLAIN = GLIFParameters(level=1, **BASE)
# It starts again at its old voltage, and the threshold does not rise.
ABOVE = GLIFParameters(level=2, **BASE, reset_a=1.0, reset_b_mv=1.0)


def cell(rng, level):
    """A cell of no species, any two alike in nothing."""
    every = {
        "asc_amp_pa": tuple(rng.uniform(-150, 20, 2)),
        "asc_tau_s": (rng.choice([0.1, 0.3]), rng.choice([0.003, 0.01])),
        "asc_r": (1.0, rng.uniform(0.5, 1)),
        "reset_a": rng.uniform(0.1, 0.5),
        "reset_b_mv": rng.uniform(-3, 2),
        "th_spike_a_mv": rng.uniform(1, 5),
        "th_spike_b_per_s": rng.uniform(10, 300),
        "th_voltage_a_per_s": rng.uniform(-3, 10),
        "th_voltage_b_per_s": rng.uniform(5, 100),
    }
    return GLIFParameters(
        level=level,
        C_pf=rng.uniform(50, 150),
        R_mohm=rng.uniform(100, 300),
        E_L_mv=-70.0,
        th_inf_mv=rng.uniform(15, 25),
        t_ref_s=rng.uniform(0.0005, 0.008),
        **{name: every[name] for name in OF_LEVEL[level]},
    )


def cells(n, seed=0):
    rng = np.random.default_rng(seed)
    return [cell(rng, 1 + number % 5) for number in range(n)]


def held(models, n_intervals, seed=1):
    rng = np.random.default_rng(seed)
    rheobase = np.array([model.rheobase_pa for model in models])[:, None]
    return rheobase * rng.normal(1.3, 1.0, (len(models), n_intervals))


def same(a, b):
    return np.array_equal(a.spikes.ids, b.spikes.ids) and np.array_equal(
        a.spikes.times_s, b.spikes.times_s
    )


def steps_of(response, neuron):
    """Crossing steps of one neuron."""
    return np.rint(response.spikes.of(neuron) / response.dt_s).astype(int) - 1


# 10 and 20 steps are one span, 23 two and a step, 100 five, 1 a step; 390 steps are cut off anywhere.
@pytest.mark.parametrize("interval", [10, 1, 20, 23, 100])
def test_every_spike_is_where_the_single_cell_has_it(interval):
    models = cells(300)
    current = held(models, -(-3990 // interval))
    response = simulate_population(
        models, current, duration_s=0.399, interval_s=interval * 1e-4, dt_s=1e-4
    )
    assert len(response.spikes) > 1000
    for number, model in enumerate(models):
        alone = spike_steps(model, np.repeat(current[number], interval)[:3990], dt_s=1e-4)
        assert steps_of(response, number).tolist() == alone.tolist()
        assert response.counts[number] == alone.size


def test_a_constant_current_is_held_to_the_end():
    models = cells(150)
    current = np.array([1.5 * model.rheobase_pa for model in models])
    response = simulate_population(models, current, duration_s=1.0007, dt_s=1e-4)
    for number, model in enumerate(models):
        alone = spike_steps(model, np.full(10007, current[number]), dt_s=1e-4)
        assert steps_of(response, number).tolist() == alone.tolist()
    one = simulate_population([PLAIN] * 3, 150.0, duration_s=1.0)
    assert (
        one.counts.tolist()
        == [len(simulate(PLAIN, np.full(10000, 150.0), dt_s=1e-4).spike_times_s)] * 3
    )


def test_equal_rates_are_no_singularity():
    equal = {"asc_amp_pa": (-50.0,), "asc_tau_s": (0.02,), "th_voltage_b_per_s": 50.0}
    model = GLIFParameters(level=5, **BASE, th_voltage_a_per_s=5.0, **equal)
    current = held([model] * 5, 500)
    response = simulate_population([model] * 5, current, duration_s=0.5)
    assert len(response.spikes) > 20
    for number in range(5):
        alone = spike_steps(model, np.repeat(current[number], 10), dt_s=1e-4)
        assert steps_of(response, number).tolist() == alone.tolist()


def test_nobody_is_above_the_bound_within_a_span():
    """The steps written out as matrices, for states anywhere."""
    rng = np.random.default_rng(5)
    steps = pack(cells(40)).steps
    table = span_constants(steps, 20)
    for c, of_span in zip(steps, table, strict=True):
        step = np.zeros((6, 6))  # V, Ts, Tv, A1, A2, current
        step[0] = c[0], 0, 0, c[2], c[3], c[1]
        step[1, 1], step[3, 3], step[4, 4], step[5, 5] = c[4], c[8], c[9], 1
        step[2] = c[6], 0, c[5], c[20], c[21], c[7]
        state = rng.normal(size=(6, 200)) * np.array([15, 3, 3, 100, 100, 200])[:, None]
        powers = [np.linalg.matrix_power(step, k) @ state for k in range(21)]
        above = np.array([p[0] - p[1] - p[2] - c[10] for p in powers])
        bound = np.maximum(above[0], above[-1]) + of_span[13:] @ np.abs(state)
        assert (above.max(axis=0) <= bound + 1e-12).all()
        v = of_span[:4] @ state[[0, 3, 4, 5]]
        tv = of_span[4:9] @ state[[2, 0, 3, 4, 5]]
        np.testing.assert_allclose([v, tv], powers[-1][[0, 2]], rtol=1e-9, atol=1e-9)


def test_single_precision_loses_hardly_a_step():
    models = cells(300)
    current = held(models, 1000)
    double, single = (
        simulate_population(models, current, duration_s=1.0, dtype=dtype)
        for dtype in ("float64", "float32")
    )
    assert abs(len(single.spikes) / len(double.spikes) - 1) < 0.001
    near = 0
    for number in range(300):
        a, b = steps_of(double, number), steps_of(single, number)
        near += sum(np.abs(b - step).min(initial=10_000) <= 1 for step in a)
    assert near / len(double.spikes) > 0.999


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_threads_chunks_and_company_change_nothing(dtype, monkeypatch):
    models = cells(300)
    noise = GaussianInput(150.0, 120.0)
    seeds = np.arange(300) * 3

    def run(chosen, **options):
        return simulate_population(
            [models[i] for i in chosen],
            noise,
            duration_s=0.3,
            dtype=dtype,
            seed=seeds[chosen],
            **options,
        )

    whole = run(np.arange(300))
    assert len(whole.spikes) > 500
    monkeypatch.setattr(population, "CHUNK", population.TILE)
    assert same(whole, run(np.arange(300), threads=2))
    order = np.random.default_rng(0).permutation(300)[:170]
    shuffled = run(order)
    for place, number in enumerate(order):
        assert steps_of(shuffled, place).tolist() == steps_of(whole, number).tolist()


def test_noise_follows_the_seed_and_is_the_noise_that_it_says():
    passive = GLIFParameters(level=1, **(BASE | {"th_inf_mv": 1e6}))
    record = ("spikes", "voltage_mv:0,1,2")
    runs = [
        simulate_population(
            [passive] * 3, GaussianInput(50.0, 30.0), duration_s=2.0, seed=seed, record=record
        )
        for seed in (4, 4, 5, [7, 7, 8])
    ]
    first, again, other, chosen = ([run.voltage_mv[n] + 70 for n in range(3)] for run in runs)
    assert np.array_equal(first, again)
    assert np.isclose(first, other).mean() < 0.01
    assert np.array_equal(chosen[0], chosen[1])
    assert np.isclose(chosen[0], chosen[2]).mean() < 0.01
    # The current at every step, from the voltage before and after it.
    leak = math.exp(-1e-4 / passive.tau_m_s)
    current = (first[0][1:] - leak * first[0][:-1]) / (0.2 * (1 - leak))
    by_interval = current[9:].reshape(-1, 10)
    np.testing.assert_allclose(by_interval, by_interval[:, :1].repeat(10, axis=1), rtol=1e-6)
    assert stats.kstest(by_interval[:, 0], "norm", (50.0, 30.0)).pvalue > 0.001


def test_the_seed_is_told():
    noise = GaussianInput(0.0, 1.0)
    for seed, said in ((np.uint8(3), 3), ([3, 4], "one per neuron")):
        found = simulate_population([PLAIN] * 2, noise, duration_s=0.01, seed=seed)
        assert found.provenance["seed"] == said


def test_the_normal_numbers_are_normal_and_independent():
    streams = mixed(np.arange(200, dtype=np.uint64))
    out = np.empty((2000, 200))
    normals(streams, 0, np.empty((3, 200)), np.empty(200, np.uint64), out)
    assert stats.kstest(out.ravel(), "norm").pvalue > 0.001
    assert abs(stats.kurtosis(out.ravel())) < 0.04
    for a, b in ((out[:-1], out[1:]), (out[:-2], out[2:]), (out[:, :-1], out[:, 1:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.008
        assert abs(np.corrcoef(a.ravel() ** 2, b.ravel() ** 2)[0, 1]) < 0.008
    later = np.empty((2, 200))
    normals(streams, 700, np.empty((3, 200)), np.empty(200, np.uint64), later)
    assert np.array_equal(later, out[700:702])


def test_the_radius_is_that_of_box_and_muller():
    """Splitmix64 in whole numbers of any size, and numpy's logarithm."""
    stream, all_ones = 12345, 2**64 - 1
    word = (stream + 3 * 0x9E3779B97F4A7C15) & all_ones
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & all_ones
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & all_ones
    word ^= word >> 31
    out = np.empty((2, 1))
    normals(np.array([stream], np.uint64), 6, np.empty((3, 1)), np.empty(1, np.uint64), out)
    radius = math.sqrt(-2 * math.log(((word >> 32) + 0.5) / 2**32))
    assert np.hypot(*out)[0] == pytest.approx(radius, rel=1e-8)


def test_voltages_are_those_of_the_single_cell_and_change_nothing():
    models = cells(140, seed=2)
    current = held(models, 300)
    plain = simulate_population(models, current, duration_s=0.3)
    seen = simulate_population(models, current, duration_s=0.3, record=["voltage_mv:4,131"])
    assert same(plain, seen)
    assert plain.voltage_mv == {}
    for number in (4, 131):
        alone = simulate(models[number], np.repeat(current[number], 10), dt_s=1e-4)
        np.testing.assert_allclose(seen.voltage_mv[number], alone.voltage_mv, rtol=1e-10)
        assert len(alone.spike_times_s) > 0


def test_a_neuron_above_its_threshold_is_named_or_silenced():
    population_of = [PLAIN, ABOVE]
    with pytest.raises(SimulationError, match=r"neuron 1 .*reset_a 1\.0"):
        simulate_population(population_of, 150.0, duration_s=0.5)
    response = simulate_population(population_of, 150.0, duration_s=0.5, throw=False)
    assert response.counts[1] == 1
    assert response.counts[0] > 5
    assert response.stopped_s == {1: pytest.approx(response.spikes.of(1)[0])}


def test_a_runaway_is_named():
    model = GLIFParameters(level=2, **BASE, reset_a=1e300)
    with pytest.raises(SimulationError, match=r"neuron 1 .*not finite"):
        simulate_population([PLAIN, model], [0.0, 1e12], duration_s=0.5, throw=False)


def test_packed_once_runs_many_times():
    models = cells(5)
    packed = pack(models, np.arange(200) % 5, dt_s=5e-5)
    current = held([models[i % 5] for i in range(200)], 100)
    response = simulate_population(packed, current, duration_s=0.1)
    direct = simulate_population(
        [models[i % 5] for i in range(200)], current, duration_s=0.1, dt_s=5e-5
    )
    assert same(response, direct)
    assert response.dt_s == 5e-5
    assert repr(packed) == "<PackedPopulation: 200 neurons of 5 models>"
    assert "of 200 neurons in 0.1 s" in repr(response)
    with pytest.raises(SimulationError, match="packed for steps of 5e-05"):
        simulate_population(packed, current, duration_s=0.1, dt_s=1e-4)


def test_single_precision_input_is_taken_as_it_is():
    current = held([PLAIN] * 4, 50).astype(np.float32)
    assert same(
        simulate_population([PLAIN] * 4, current, duration_s=0.05),
        simulate_population([PLAIN] * 4, current.astype(float), duration_s=0.05),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": []}, "at least one neuron"),
        ({"parameters": [PLAIN, "GLIF"]}, "neuron 1: expected GLIFParameters, got str"),
        ({"input_pa": [1.0, 2.0, 3.0]}, r"shape \(\) or \(2,\)"),
        ({"input_pa": np.zeros((2, 99))}, r"\(2, 100\) and more intervals, got \(2, 99\)"),
        ({"input_pa": np.zeros((3, 100))}, "check n_neurons"),
        ({"input_pa": [0.0, np.nan]}, r"not finite at \[1\]"),
        ({"input_pa": "loud"}, "expected numbers in pA"),
        ({"input_pa": GaussianInput(0.0, -1.0)}, "sd_pa must not be negative"),
        ({"input_pa": GaussianInput([0.0] * 3, 1.0)}, "mean_pa must have shape"),
        ({"duration_s": 0.0}, "duration_s must be at least a step"),
        ({"duration_s": 0.10005}, "whole steps"),
        ({"interval_s": math.nan, "input_pa": np.zeros((2, 100))}, "interval_s must be at least"),
        ({"dt_s": -1.0}, "dt_s must lie in"),
        ({"dtype": "float16"}, "dtype must be one of"),
        ({"threads": 0}, "threads must be"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": [1, 2, 3]}, "or 2 of them"),
        ({"record": "voltage_mv:2"}, "neurons of 0..1"),
        ({"record": "current"}, "cannot record 'current'"),
    ],
)
def test_requests_that_make_no_sense(change, message):
    asked = {"parameters": [PLAIN] * 2, "input_pa": 0.0, "duration_s": 0.1} | change
    with pytest.raises(SimulationError, match=message):
        simulate_population(asked.pop("parameters"), asked.pop("input_pa"), **asked)


def test_models_that_cannot_be_packed():
    three = GLIFParameters(level=3, **BASE, asc_amp_pa=(1, 1, 1), asc_tau_s=(0.1, 0.2, 0.3))
    with pytest.raises(SimulationError, match="at most 2 after-spike currents"):
        pack([three])
    with pytest.raises(SimulationError, match="neuron 1 is to be model 1"):
        pack([PLAIN], [0, 1])
    with pytest.raises(DataError, match="whole numbers"):
        pack([PLAIN], [0.5])
