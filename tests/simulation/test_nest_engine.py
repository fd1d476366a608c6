"""Networks on NEST: the GLIF engine's spikes and closed forms, and what NEST cannot run."""

import importlib.util
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from allentk.errors import MissingExtraError, SimulationError
from allentk.models import GLIFParameters
from allentk.network import (
    CurrentClamp,
    JumpProjection,
    Network,
    PoissonInput,
    Population,
    Projection,
    Receptor,
    visual,
)
from allentk.simulation import simulate
from allentk.simulation.nest_cells import cell_groups
from allentk.simulation.nest_inputs import stairs
from allentk.simulation.nest_session import session
from allentk.simulation.network_inputs import Clamps
from tests.simulation.glif_parts import ASC, BASE, PASSIVE, given

# A cell that forgets its voltage at a spike is the same by both reset rules.
FORGETS = {"reset_b_mv": -2.0, "th_spike_a_mv": 4.0, "th_spike_b_per_s": 80.0}
LEVELS = {1: {}, 2: FORGETS, 3: ASC, 4: FORGETS | ASC}
CELLS = tuple(GLIFParameters(level=level, **BASE, **more) for level, more in LEVELS.items())
INTFIRE = GLIFParameters(
    level=1, C_pf=100.0, R_mohm=200.0, E_L_mv=0.0, th_inf_mv=1.0, t_ref_s=0.003
)
EXCITATION = Receptor(tau_s=0.002, sign=1)
INHIBITION = Receptor(tau_s=0.006, sign=-1)
DOUBLE = Receptor(0.002, 1, tau_slow_s=0.008, slow_amplitude=0.5)

needs_nest = pytest.mark.skipif(
    importlib.util.find_spec("nest") is None, reason="NEST is not installed: allentk[nest]"
)


def population(name, n=1, models=(PASSIVE,), **columns):
    return Population(name, models, pd.DataFrame(columns, index=range(n)))


def edge(source, target, weight, delay, receptor=EXCITATION, pre=(0,), post=(0,), n=1, **more):
    return Projection.from_edges(
        source, target, pre, post, weight, delay, receptor, n_targets=n, **more
    )


def jump(weight, delay, sign=1, pre=(0,), post=(0,), n=1, source="in", **more):
    return JumpProjection.from_edges(
        source, "a", pre, post, weight, delay, sign, n_targets=n, **more
    )


def drawn(rng, source, target, sizes, weight, receptor, n_edges):
    """Random edges, several between some pairs, each with its own weight, delay and synapses."""
    return edge(
        source,
        target,
        weight * rng.uniform(0.5, 1.5, n_edges),
        rng.uniform(3e-4, 5e-3, n_edges),
        receptor,
        rng.integers(0, sizes[0], n_edges),
        rng.integers(0, sizes[1], n_edges),
        sizes[1],
        n_synapses=rng.integers(1, 4, n_edges),
    )


@pytest.fixture(scope="module")
def mixed():
    """Levels 1 to 4 in one population, excited and inhibited, driven by all there is."""
    rng = np.random.default_rng(1)
    times = np.sort(np.append(rng.uniform(0, 1.29, 2600), [0.0, 1.0]))
    populations = [
        population("a", 20, CELLS, model=np.arange(20) % 4),
        given(times, rng.integers(0, 30, times.size), 30),
        population("b", 10, CELLS[:3:2], model=np.arange(10) % 2),
    ]
    projections = [
        drawn(rng, "in", "a", (30, 20), 60.0, EXCITATION, 300),
        drawn(rng, "a", "b", (20, 10), 70.0, DOUBLE, 80),
        drawn(rng, "b", "a", (10, 20), -40.0, INHIBITION, 100),
        drawn(rng, "in", "b", (30, 10), 30.0, EXCITATION, 80),
    ]
    background = [
        PoissonInput("a", np.linspace(0, 900, 20), np.full(20, 20.0), EXCITATION),
        PoissonInput("a", np.full(20, 100.0), np.full(20, -20.0), INHIBITION),
    ]
    pulses = ([0, 1, 0], [120.0, 150.0, 20.0], [0.0, 0.2, 0.05], [0.5, math.inf, 0.1])
    clamps = [CurrentClamp("a", *pulses)]
    return Network(populations, projections, background=background, currents=clamps)


@needs_nest
def test_the_same_spikes_as_the_glif_engine(mixed):
    record = ("voltage_mv:a:1,2,3,4,5", "voltage_mv:b:2")
    table = visual.gray(1.3)
    ours = simulate(mixed, table, seed=3, record=record)
    theirs = simulate(mixed, table, seed=3, record=record, backend="nest")
    assert theirs.duration_s == ours.duration_s
    for name in "ab":
        assert len(ours.spikes[name]) > 300
        assert theirs.spikes[name].times_s.tolist() == ours.spikes[name].times_s.tolist()
        assert theirs.spikes[name].ids.tolist() == ours.spikes[name].ids.tolist()
        one, other = ours.voltage_mv[name], theirs.voltage_mv[name]
        models = mixed.population(name).point_models
        assert one.index.tolist() == other.index.tolist()
        assert one.columns.tolist() == other.columns.tolist()
        for node in one.columns:
            level = models[mixed.population(name).nodes["model"][node]].level
            off = np.abs(one[node].to_numpy() - other[node].to_numpy())
            # in a crossing step NEST shows the voltage that the cell starts again with
            off[np.rint(ours.spikes[name].of(node) / 1e-4).astype(int) - 1] = 0
            # after-spike currents stand still within a step there
            assert off.max() < (1e-6 if level < 3 else 3e-4)


@needs_nest
def test_threads_change_nothing():
    """Long delays: threads of NEST meet once per shortest delay, and wait by spinning."""
    rng = np.random.default_rng(4)
    ends = rng.integers(0, 8, (2, 30))
    network = Network(
        [population("a", 8, CELLS[:1])],
        [edge("a", "a", 100.0, 0.01, pre=ends[0], post=ends[1], n=8)],
        background=[PoissonInput("a", np.full(8, 2000.0), np.full(8, 40.0), EXCITATION)],
    )
    runs = [simulate(network, visual.gray(0.1), backend="nest", n_threads=n) for n in (1, 2)]
    assert len(runs[0].spikes["a"]) > 20
    assert runs[0].spikes["a"].times_s.tolist() == runs[1].spikes["a"].times_s.tolist()
    assert runs[0].spikes["a"].ids.tolist() == runs[1].spikes["a"].ids.tolist()


def alpha_psp(time, weight, tau):
    """Voltage of PASSIVE after an alpha current of peak `weight`, by variation of constants."""
    time = np.maximum(time, 0.0)
    k = 1 / tau - 1 / 0.02
    ramp = np.exp(-time / 0.02) * (1 - (1 + k * time) * np.exp(-k * time)) / k**2
    return weight * math.e / tau * ramp / 100e-3


@needs_nest
def test_alpha_and_double_alpha_currents_beside_each_other():
    """Both signs, several synapses, a slow current and none at one cell."""
    inputs = [(20.0, DOUBLE, 1), (35.0, EXCITATION, 2), (-15.0, INHIBITION, 3)]
    projections = [
        edge("in", "a", weight, 1e-3 * (i + 1), receptor, pre=[i], n_synapses=n)
        for i, (weight, receptor, n) in enumerate(inputs)
    ]
    network = Network([population("a"), given([0.01] * 3, [0, 1, 2], 3)], projections)
    found = simulate(network, visual.gray(0.1), record="voltage_mv:a:0", backend="nest")
    time = found.voltage_mv["a"].index.to_numpy()
    expected = sum(
        alpha_psp(time - 0.011 - 1e-3 * i, weight * n * peak, tau)
        for i, (weight, receptor, n) in enumerate(inputs)
        for tau, peak in receptor.parts
    )
    assert np.ptp(expected) > 3
    assert found.voltage_mv["a"][0].to_numpy() + 70 == pytest.approx(expected, abs=1e-9)


@needs_nest
def test_given_spikes_off_the_grid_are_kept():
    """Steps that do not divide a window, a spike at 0 and one at the very end of a window."""
    times = np.array([0.0, 0.99999, 1.0, 1.9999, 1.9999, 2.4])
    network = Network([population("a"), given(times)], [edge("in", "a", 1.0, 0.001)])
    dt = 3e-4
    found = simulate(
        network, visual.gray(2.7), dt_s=dt, record="voltage_mv:a:0", backend="nest"
    ).voltage_mv["a"]
    grid = np.ceil(times / dt - 1e-6) * dt + round(0.001 / dt) * dt
    expected = sum(alpha_psp(found.index.to_numpy() - at, 1.0, 0.002) for at in grid)
    assert found[0].to_numpy() + 70 == pytest.approx(expected, abs=1e-9)


@needs_nest
def test_jumps_of_the_voltage():
    """Jumps add up and decay with R C; a cell that is refractory takes none."""
    times = np.array([0.01, 0.012, 0.014, 0.0159, 0.030])
    trains = given(times, [0, 1, 0, 0, 1], 2)
    network = Network(
        [population("a", models=(INTFIRE,)), trains],
        [
            jump(0.375, 0.001, pre=[0], n_synapses=2),
            jump(-0.125, 0.002, -1, pre=[1]),
        ],
    )
    found = simulate(network, visual.gray(0.05), record="voltage_mv:a:0", backend="nest")
    # 0.75 at 11 ms, -0.125 at 14 ms, 0.75 at 15 ms cross; the jump at 16.9 ms comes too early
    assert found.spikes["a"].times_s == pytest.approx([0.015], abs=1e-12)
    time = found.voltage_mv["a"].index.to_numpy()
    after = lambda at: np.where(time > at - 1e-9, np.exp(-(time - at) / 0.02), 0.0)  # noqa: E731
    expected = 0.75 * after(0.011) - 0.125 * after(0.014)
    expected[time > 0.015 - 1e-9] = 0.0
    expected -= 0.125 * after(0.032)
    assert found.voltage_mv["a"][0].to_numpy() == pytest.approx(expected, abs=1e-9)


@needs_nest
def test_cells_that_jump_fire_as_in_the_glif_engine():
    """Jumps between IntFire cells, of both signs, and an alpha current into others from them."""
    rng = np.random.default_rng(2)
    times = np.sort(rng.uniform(0, 0.49, 900))
    pre, post = rng.integers(0, 10, 40), rng.integers(0, 10, 40)
    network = Network(
        [
            population("a", 10, (INTFIRE,)),
            given(times, rng.integers(0, 10, times.size), 10),
            population("b", 2, CELLS[:1]),
        ],
        [
            jump(rng.uniform(0.1, 0.6, 30), 0.002, pre=rng.integers(0, 10, 30),
                 post=rng.integers(0, 10, 30), n=10),
            jump(-rng.uniform(0, 0.2, 40), rng.uniform(1e-3, 4e-3, 40), -1, pre, post, 10, "a"),
            edge("a", "b", 300.0, 0.001, pre=[1, 2, 3], post=[0, 1, 0], n=2),
        ],
        currents=[CurrentClamp("a", [4], [4.0], [0.1], [0.3])],
    )  # fmt: skip
    ours, theirs = (simulate(network, visual.gray(0.5), backend=name) for name in ("glif", "nest"))
    for name in "ab":
        assert len(ours.spikes[name]) > 20
        assert theirs.spikes[name].times_s.tolist() == ours.spikes[name].times_s.tolist()
        assert theirs.spikes[name].ids.tolist() == ours.spikes[name].ids.tolist()


@needs_nest
def test_only_the_first_spike_of_a_cell_with_a_memory_is_the_same():
    """NEST starts again from the voltage before the crossing step: a known difference of level 2."""
    remembers = GLIFParameters(level=2, **BASE, **(FORGETS | {"reset_a": 0.9}))
    clamp = CurrentClamp("a", [0], [400.0], [0.01], [0.2])
    network = Network([population("a", models=(remembers,))], currents=[clamp])
    ours, theirs = (
        simulate(network, visual.gray(0.2), backend=name, record="voltage_mv:a:0")
        for name in ("glif", "nest")
    )
    first = ours.spikes["a"].times_s[0]
    assert theirs.spikes["a"].times_s[0] == first
    # what each starts again with, one step after the spike
    before, at, after = (round(first / 1e-4) + i for i in (-2, -1, 0))
    voltage = ours.voltage_mv["a"][0].to_numpy() + 70
    assert voltage[after] == pytest.approx(0.9 * voltage[at] - 2)
    assert theirs.voltage_mv["a"][0].to_numpy()[after] + 70 == pytest.approx(
        0.9 * voltage[before] - 2
    )


@needs_nest
def test_nest_says_nothing_and_is_left_empty(mixed, capfd):
    response = simulate(mixed, visual.gray(0.02), seed=5, backend="nest")
    assert capfd.readouterr() == ("", "")
    provenance = response.provenance
    assert provenance["engine"].startswith("NEST 3.")
    assert (provenance["seed"], provenance["n_threads"], provenance["n_ranks"]) == (5, 1, 1)
    with session(1e-4, 1) as nest:
        assert nest.network_size == 0
        nest.Create("iaf_psc_delta", 3)
    assert nest.network_size == 0


@needs_nest
def test_a_network_of_somebody_else_is_not_deleted(mixed):
    import nest

    nest.Create("iaf_psc_delta", 3)
    try:
        with pytest.raises(SimulationError, match="NEST holds a network of 3 nodes"):
            simulate(mixed, visual.gray(0.02), backend="nest")
        assert nest.network_size == 3
    finally:
        nest.ResetKernel()


@needs_nest
def test_an_error_of_nest_is_ours_and_leaves_it_empty():
    with (
        pytest.raises(SimulationError, match=r"NEST stopped: .*Refractory"),
        session(1e-4, 1) as nest,
    ):
        nest.Create("glif_psc", params={"t_ref": -1.0})
    assert nest.network_size == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt_s": 1 / 32000}, "a multiple of 1e-6 s, got 3.125e-05"),
        ({"n_threads": 0}, "threads must be a whole number, 1 or more, got 0"),
        ({"seed": -1}, "seed must be an integer"),
        ({"record": ("voltage_mv:a:7",)}, "nodes of 'a' are 0 to 0"),
    ],
)
def test_refuses_options(options, message):
    with pytest.raises(SimulationError, match=message):
        simulate(Network([population("a")]), visual.gray(0.1), backend="nest", **options)


def test_cells_that_nest_would_refuse_are_named():
    runaway = GLIFParameters(level=2, **BASE, **(FORGETS | {"reset_a": 1.1}))
    network = Network([population("a", models=(runaway,))])
    with pytest.raises(SimulationError, match=r"population 'a': GLIF 2: .*voltage_reset_fraction"):
        cell_groups(network, 1e-4)


@pytest.mark.parametrize(
    ("cell", "more", "message"),
    [
        (CELLS[2], (), "at cells of level 1 alone .* has level 3; use backend='glif'"),
        (INTFIRE, (edge("in", "a", 1.0, 0.001),), "takes jumps and alpha currents at one cell"),
    ],
)
def test_jumps_where_nest_has_no_model(cell, more, message):
    network = Network([population("a", models=(cell,)), given([0.1])], [jump(0.1, 0.001), *more])
    with pytest.raises(SimulationError, match=message):
        cell_groups(network, 1e-4)


@needs_nest
@pytest.mark.parametrize("make", [edge, None])
def test_a_delay_shorter_than_a_step_is_refused(make):
    one = edge("in", "a", 1.0, 2e-5) if make else jump(0.1, 2e-5)
    network = Network([population("a"), given([0.01])], [one])
    with pytest.raises(SimulationError, match="the delay of edge 0, 2e-05 s, is shorter"):
        simulate(network, visual.gray(0.1), backend="nest")


def test_receptors_of_a_population_with_one_slow_current():
    """A single alpha beside a double one is two halves."""
    network = Network(
        [population("a"), given([0.1])],
        [edge("in", "a", 1.0, 0.001), edge("in", "a", 1.0, 0.001, DOUBLE)],
    )
    (group,) = cell_groups(network, 1e-4)
    assert group.model == "glif_psc_double_alpha"
    assert group.parameters["tau_syn_fast"] == [2.0, 2.0]
    assert group.parameters["tau_syn_slow"] == [2.0, 8.0]
    assert group.parameters["amp_slow"] == [1.0, 0.5]


def test_refractory_times_are_rounded_as_everywhere():
    cell = GLIFParameters(level=1, **(BASE | {"t_ref_s": 0.00314}))
    (group,) = cell_groups(Network([population("a", models=(cell,))]), 1e-4)
    assert group.parameters["t_ref"] == pytest.approx(3.1)


def test_pulses_that_overlap_are_stairs():
    clamps = Clamps(
        np.array([1, 0, 1, 1]),
        np.array([10.0, 99.0, 0.1, -5.0]),
        np.array([5, 0, 10, 30]),
        np.array([20, 9, 15, 80]),
    )
    moves, values = stairs(clamps, 1, 60)
    assert moves.tolist() == [5, 10, 15, 20, 30]
    assert values.tolist() == pytest.approx([10.0, 10.1, 10.0, 0.0, -5.0])
    assert values[3] == 0.0


def test_without_nest_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "nest", None)
    with pytest.raises(MissingExtraError, match=r'pip install "allentk\[nest\]"'):
        simulate(Network([population("a")]), visual.gray(0.1), backend="nest")


def test_nest_is_loaded_on_use_alone():
    code = "import sys, allentk.simulation.nest_engine; raise SystemExit('nest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
