"""What arrives at the cells of a network: jumps, double alphas, background, in any number of threads."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, poisson

from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.network import (
    CurrentClamp,
    JumpProjection,
    Network,
    PoissonInput,
    PoissonSynapses,
    Population,
    Projection,
    Receptor,
    Replay,
    Synapse,
    visual,
)
from allentk.simulation import simulate
from allentk.simulation.biophysical.neuron_inputs import background_spikes
from allentk.simulation.network_arrays import Layout
from allentk.simulation.network_edges import edges_of, span_and_slots
from allentk.simulation.network_noise import background_counts, noise_of
from allentk.simulation.network_tile_kernels import TILE
from allentk.simulation.poisson_kernels import add_noise
from tests.simulation.glif_parts import BASE, CELLS, PASSIVE, alpha_psp, given, population

LIF, LIF_ASC, ADAPTING = CELLS[1], CELLS[3], CELLS[5]
#: NEURON's IntFire1: from 0 to 1, tau = R C = 20 ms.
INTFIRE = GLIFParameters(level=1, **(BASE | {"E_L_mv": 0.0, "th_inf_mv": 1.0, "t_ref_s": 0.005}))
EXCITATION, INHIBITION = Receptor(0.002, 1), Receptor(0.004, -1)


def jump(source, target, weight, delay, pre=(0,), post=(0,), n=1, sign=1, **more):
    return JumpProjection.from_edges(
        source, target, pre, post, weight, delay, sign, n_targets=n, **more
    )


def test_a_double_alpha_is_two_alphas_and_synapses_count():
    receptor = Receptor(0.002, 1, tau_slow_s=0.009, slow_amplitude=0.25)
    edges = Projection.from_edges(
        "in", "a", [0], [0], 15.0, 0.002, receptor, n_targets=1, n_synapses=3
    )
    network = Network([population("a", models=(PASSIVE,)), given([0.01])], [edges])
    response = simulate(
        network, visual.gray(0.1), record=("voltage_mv:a:0", "synaptic_current_pa:a:0")
    )
    voltage, current = response.voltage_mv["a"][0], response.synaptic_current_pa["a"][0]
    time = voltage.index.to_numpy() - 0.012
    expected = alpha_psp(time, 45.0, 0.02, 0.002, 200.0)
    expected += 0.25 * alpha_psp(time, 45.0, 0.02, 0.009, 200.0)
    assert voltage.to_numpy() + 70 == pytest.approx(expected, abs=1e-9)
    begun = np.maximum(time - 1e-4, 0.0)
    course = sum(
        45.0 * peak * begun / tau * np.exp(1 - begun / tau)
        for tau, peak in ((0.002, 1.0), (0.009, 0.25))
    )
    assert current.to_numpy() == pytest.approx(course, abs=1e-9)


def test_jumps_come_at_their_time_and_decay():
    times, delay = np.array([0.01, 0.013, 0.0471]), 0.0023
    edges = jump("in", "a", 0.75, delay, n_synapses=2)
    network = Network([population("a", models=(PASSIVE,)), given(times)], [edges])
    voltage = simulate(network, visual.gray(0.1), record=("voltage_mv:a:0",)).voltage_mv["a"][0]
    clock = voltage.index.to_numpy()
    since = clock[:, None] - (times + delay)
    expected = np.where(since > -1e-9, 1.5 * np.exp(-since / 0.02), 0.0).sum(axis=1)
    assert voltage.to_numpy() + 70 == pytest.approx(expected, abs=1e-9)


def test_intfire_fires_when_the_jump_comes_and_takes_none_while_refractory():
    """0.6, and 0.6 again 2 ms later: 1.14 > 1; the next one falls into 5 ms of silence."""
    times = [0.01, 0.012, 0.015, 0.0205, 0.0215]
    network = Network(
        [population("a", models=(INTFIRE,)), given(times)], [jump("in", "a", 0.6, 1e-3)]
    )
    spikes = simulate(network, visual.gray(0.1)).spikes["a"].times_s
    # without the silence the jump at 16 ms would let the one at 21.5 ms fire
    assert spikes == pytest.approx([0.013, 0.0225], abs=1e-12)


def test_jumps_of_cells_wander_along_a_chain():
    """Each cell fires the next; between spikes lies the delay and nothing else."""
    n = 70  # more than one tile
    edges = jump("a", "a", 1.5, 0.0007, range(n - 1), range(1, n), n)
    start = jump("in", "a", 1.5, 0.001, [0], [0], n)
    network = Network([population("a", n, (INTFIRE,)), given([0.01])], [edges, start])
    trains = simulate(network, visual.gray(0.1)).spikes["a"]
    assert trains.ids.tolist() == list(range(n))
    assert trains.times_s == pytest.approx(0.011 + 0.0007 * np.arange(n), abs=1e-12)


def test_jumps_too_need_a_delay():
    network = Network([population("a"), given([0.01])], [jump("in", "a", 1.0, 2e-5)])
    with pytest.raises(SimulationError, match="the delay of edge 0, 2e-05 s, is shorter"):
        simulate(network, visual.gray(0.1))


@pytest.fixture(scope="module")
def three_levels():
    """Cells of levels 1, 3 and 5 in two populations, all kinds of input, delays of their own."""
    rng = np.random.default_rng(2)
    sizes = {"exc": 180, "inh": 50, "in": 20}
    projections = []
    for source, target, weight, receptor in (
        ("exc", "exc", 30.0, EXCITATION),
        ("exc", "inh", 40.0, EXCITATION),
        ("inh", "exc", -60.0, INHIBITION),
        ("in", "exc", 35.0, Receptor(0.002, 1, tau_slow_s=0.01, slow_amplitude=0.2)),
    ):
        n = 12 * sizes[target]
        projections.append(
            Projection.from_edges(
                source,
                target,
                rng.integers(0, sizes[source], n),
                rng.integers(0, sizes[target], n),
                weight * rng.uniform(0.5, 1.5, n),
                rng.uniform(0.0006, 0.004, n),
                receptor,
                n_targets=sizes[target],
            )
        )
    posts = np.arange(50)
    projections.append(jump("in", "inh", 0.5, 0.001, posts % 20, posts, 50))
    exc = population("exc", 180, (LIF, LIF_ASC, ADAPTING), model=rng.integers(0, 3, 180))
    source = given(np.sort(rng.uniform(0, 0.4, 400)), rng.integers(0, 20, 400), 20)
    background = [PoissonInput("exc", rng.uniform(500, 4000, 180), np.full(180, 12.0), EXCITATION)]
    clamp = CurrentClamp("inh", np.arange(50), np.full(50, 110.0), np.full(50, 0.05), [np.inf] * 50)
    return Network([exc, population("inh", 50), source], projections, background, [clamp])


def test_any_number_of_threads_gives_the_same(three_levels):
    record = ("voltage_mv:exc:0,179", "voltage_mv:inh:49")
    runs = [
        simulate(three_levels, visual.gray(0.4), seed=3, n_threads=n, record=record)
        for n in (1, 2, 3)
    ]
    assert len(runs[0].spikes["exc"]) > 300
    assert len(runs[0].spikes["inh"]) > 50
    for run in runs[1:]:
        for name in ("exc", "inh"):
            assert run.spikes[name].times_s.tolist() == runs[0].spikes[name].times_s.tolist()
            assert run.spikes[name].ids.tolist() == runs[0].spikes[name].ids.tolist()
            assert (run.voltage_mv[name] == runs[0].voltage_mv[name]).all(axis=None)


def test_a_cell_answers_the_spikes_of_the_others_alone(three_levels):
    """Each population again, its input replayed: what the whole network did to it."""
    whole = simulate(three_levels, visual.gray(0.3), seed=3)
    kept = [p for p in three_levels.projections if p.target == "inh"]
    sources = [
        Population("exc", (), pd.DataFrame(index=range(180)), Replay(whole.spikes["exc"])),
        three_levels.population("in"),
    ]
    alone = Network([three_levels.population("inh"), *sources], kept, (), three_levels.currents)
    found = simulate(alone, visual.gray(0.3)).spikes["inh"]
    assert len(found) > 30
    assert found.times_s == pytest.approx(whole.spikes["inh"].times_s, abs=1e-12)
    assert found.ids.tolist() == whole.spikes["inh"].ids.tolist()


@pytest.mark.parametrize("n_threads", [0, 1.5, True])
def test_threads_must_be_a_number(n_threads):
    with pytest.raises(SimulationError, match="threads must be a whole number, 1 or more, got"):
        simulate(Network([population("a")]), visual.gray(0.1), n_threads=n_threads)


def test_edges_take_no_more_than_they_need():
    rng = np.random.default_rng(0)
    pre, post = rng.integers(0, 100, 5000), rng.integers(0, 100, 5000)

    def edges(weights, delays, dt_s=1e-4):
        projection = Projection.from_edges(
            "a", "a", pre, post, weights, delays, EXCITATION, n_targets=100
        )
        return edges_of(Layout(Network([population("a", 100)], [projection])), dt_s)

    own = rng.uniform(0.001, 0.02, 5000)
    one = edges(2.0, np.full(5000, 0.0015))
    assert (one.target.nbytes, one.weights.nbytes, one.delays.nbytes) == (20000, 0, 0)
    several = edges(rng.uniform(1, 2, 5000), own)
    assert (several.weights.nbytes, several.delays.nbytes) == (20000, 5000)
    fine = edges(2.0, own, 1e-5)
    assert (fine.weights.nbytes, fine.delays.nbytes) == (0, 10000)
    # what comes out is what went in
    for source in (0, 57):
        begin, end = several.indptr[source : source + 2]
        mine = pre == source
        assert sorted(several.target[begin:end] % TILE) == sorted(post[mine] % TILE)
        assert sorted(several.delays[begin:end]) == sorted(np.rint(own[mine].astype("f4") / 1e-4))


def test_a_span_is_the_shortest_delay_between_cells():
    inner = Projection.from_edges("a", "a", [0], [0], 1.0, 0.0021, EXCITATION, n_targets=1)
    outer = Projection.from_edges("in", "a", [0], [0], 1.0, 0.0004, EXCITATION, n_targets=1)
    network = Network([population("a"), given([0.1])], [inner, outer])
    assert span_and_slots(Layout(network), 1e-4)[0] == 21


@pytest.mark.parametrize("rate_hz", [40.0, 11e3, 3.7e5])
def test_background_counts_are_those_of_poisson(rate_hz):
    """Single events, about one per step, and more than one draw can hold."""
    n_steps = 3000
    background = PoissonInput("a", np.full(TILE, rate_hz), np.ones(TILE), EXCITATION)
    layout = Layout(Network([population("a", TILE)], background=[background]))
    noise = noise_of(layout, 1e-4, 7)
    ring = np.zeros(4096 * TILE)
    scratch = np.empty(2 * TILE, dtype=np.int32), np.empty(TILE, dtype=np.int32)
    for step, n in ((0, 7), (7, n_steps - 7)):  # any cut gives the same
        add_noise(noise, 0, ring, (4096, 1, 1), step, n, *scratch)
    counts = ring.reshape(4096, TILE)[:n_steps]
    expected = rate_hz * 1e-4
    cells = np.cov(counts.T)
    assert counts.mean() == pytest.approx(expected, abs=4 * math.sqrt(expected / counts.size))
    values = np.arange(int(expected - 6 * expected**0.5), int(expected + 6 * expected**0.5) + 2)
    likely = values[poisson.pmf(values, expected) * counts.size > 10]
    wanted = poisson.pmf(likely, expected) * counts.size
    found = np.array([(counts == value).sum() for value in likely])
    assert ((found - wanted) ** 2 / wanted).sum() < chi2.ppf(0.9999, likely.size)
    off = cells[np.triu_indices(TILE, 1)] / expected
    assert abs(off.mean()) < 5 / math.sqrt(n_steps * off.size)
    again = np.zeros_like(ring)
    add_noise(noise, 0, again, (4096, 1, 1), 0, n_steps, *scratch)
    assert (again == ring).all()
    assert (background_counts(noise, 0, 5, 1300) == counts[5:1305].T).all()


def test_background_is_independent_in_time_between_cells_and_seeds():
    """Counts of neighbours in time and space, and of two seeds, against chance; two entries, two tiles."""
    n, steps = 2 * TILE, 4000
    entry = PoissonInput("a", np.full(n, 11e3), np.ones(n), EXCITATION)
    layout = Layout(Network([population("a", n)], background=[entry, entry]))
    seeds = [noise_of(layout, 1e-4, seed) for seed in (0, 1)]
    first, second = (
        np.concatenate([background_counts(noise, row, 0, steps) for row in range(4)]) - 1.1
        for noise in seeds
    )

    def chance(one, other):
        """Sum of products, in standard deviations of what chance makes of it."""
        return (one * other).sum() / 1.1 / math.sqrt(one.size)

    for lag in (1, 2, 3, 10, 64, 128, 1024):
        assert abs(chance(first[:, lag:], first[:, :-lag])) < 5
    for apart in (1, 2, TILE, 2 * TILE):
        assert abs(chance(first[apart:], first[:-apart])) < 5
        assert abs(chance(first[apart:, 1:], first[:-apart, :-1])) < 5
    assert abs(chance(first, second)) < 5
    # the sum of all cells varies as a Poisson count: nothing is shared by them
    together = first.sum(axis=0)
    assert together.var() / (1.1 * len(first)) == pytest.approx(1, abs=5 * math.sqrt(2 / steps))


@pytest.mark.parametrize("asked", [(1, 0, 8), (-1, 0, 8), (0, -1, 8), (0, 0, -8)])
def test_background_that_is_not_there_is_refused(asked):
    entry = PoissonInput("a", [100.0], [1.0], EXCITATION)
    noise = noise_of(Layout(Network([population("a")], background=[entry])), 1e-4, 0)
    with pytest.raises(
        SimulationError, match=r"the background has rows 0 to 0|steps are 0 or more"
    ):
        background_counts(noise, *asked)


def test_a_rate_that_would_take_for_ever_is_refused():
    entry = PoissonInput("a", [1e12], [1.0], EXCITATION)
    network = Network([population("a")], background=[entry])
    with pytest.raises(SimulationError, match=r"1e\+12 Hz are 1e\+08 events in a step"):
        simulate(network, visual.gray(0.1))


def test_a_rate_whose_spikes_no_memory_holds_is_refused():
    synapse = Synapse(0.0005, 0.003, 0.0, sections=("dend",))
    entry = PoissonSynapses("a", [10.0, 1e12], [1e-4, 1e-4], synapse, n_synapses=3)
    assert sum(times.size for times in background_spikes(entry, 0, 0, 2.5, 0)) > 5
    with pytest.raises(SimulationError, match=r"cell 1 gets 1e\+12 Hz, more than 1e\+06"):
        background_spikes(entry, 0, 1, 2.5, 0)


def test_rates_of_a_population_are_kept_in_bins(three_levels):
    record = ("rate_hz:exc", "rate_hz:inh:0.15")
    response = simulate(three_levels, visual.gray(0.4), seed=3, record=record)
    fine, coarse = (response.population_rate_hz[name] for name in ("exc", "inh"))
    assert (len(fine), coarse.index.tolist()) == (40, pytest.approx([0.0, 0.15, 0.3]))
    assert fine.sum() * 0.01 * 180 == pytest.approx(len(response.spikes["exc"]))
    times = response.spikes["inh"].times_s
    assert coarse.iloc[2] == pytest.approx((times >= 0.3 - 1e-9).sum() / 50 / 0.1)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("rate_hz:b", "there is no population 'b'"),
        ("rate_hz:a:0", "a bin must be seconds"),
        ("rate_hz:a:1e-12", "a bin must be a time step of 0.0001 s or longer"),
        ("rate_hz:a:soon", "a bin must be seconds, got 'soon'"),
        ("synaptic_current_pa:a:2", "nodes of 'a' are 0 to 0"),
        (("rate_hz:a", "rate_hz:a:0.02"), r"is kept in one bin, and 0\.01 s were asked for"),
    ],
)
def test_refuses_to_record(record, message):
    with pytest.raises(SimulationError, match=message):
        simulate(Network([population("a")]), visual.gray(0.1), record=record)


def test_a_bin_longer_than_the_run_is_the_whole_run():
    clamp = CurrentClamp("a", [0], [400.0], [0.0], [math.inf])
    network = Network([population("a")], currents=[clamp])
    response = simulate(network, visual.gray(0.1), record="rate_hz:a:1e12")
    rate = response.population_rate_hz["a"]
    assert rate.tolist() == [pytest.approx(len(response.spikes["a"]) / 0.1)]
    assert rate[0] > 50
