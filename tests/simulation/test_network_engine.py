"""The network engine against the single cell, closed forms, and its promise to follow the seed."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable
from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.network import (
    CurrentClamp,
    Network,
    PoissonInput,
    Population,
    Projection,
    Receptor,
    recipes,
    visual,
)
from allentk.network.lgn import LGN
from allentk.network.mean_field import Membranes, ShotNoise, background_rates_hz
from allentk.simulation import network_run, simulate
from tests.simulation.glif_parts import BASE, CELLS, PASSIVE, alpha_psp, given, population

EXCITATION = Receptor(tau_s=0.002, sign=1)


def edge(source, target, weight, delay, receptor=EXCITATION, pre=(0,), post=(0,), n=1):
    return Projection.from_edges(source, target, pre, post, weight, delay, receptor, n_targets=n)


def traces(network, seconds, cells="a:0", **options):
    name, _, nodes = cells.partition(":")
    response = simulate(
        network, visual.gray(seconds), record=(f"voltage_mv:{name}:{nodes}",), **options
    )
    return response, response.voltage_mv[name]


def test_a_cell_alone_is_the_single_cell():
    """Five levels in one call, each on its own noise; the same steps, the same voltages."""
    rng = np.random.default_rng(3)
    levels = 140 + 80 * rng.normal(size=(5, 600))
    start = np.arange(600) * 1e-3
    clamps = [CurrentClamp("a", [i] * 600, levels[i], start, start + 1e-3) for i in range(5)]
    network = Network(
        [population("a", 5, tuple(CELLS.values()), model=np.arange(5))], currents=clamps
    )
    response, voltage = traces(network, 0.6, "a:0,1,2,3,4")
    for i, cell in enumerate(CELLS.values()):
        alone = simulate(cell, np.repeat(levels[i], 10), dt_s=1e-4)
        assert len(alone.spike_times_s) > 3
        assert response.spikes["a"].of(i) == pytest.approx(alone.spike_times_s, abs=1e-12)
        assert np.abs(voltage[i].to_numpy() - alone.voltage_mv).max() < 1e-9


@pytest.mark.parametrize("dt", [1e-4, 5e-4])
@pytest.mark.parametrize("sign", [1, -1])
def test_synaptic_potential_is_exact_at_any_step(dt, sign):
    receptor = Receptor(tau_s=0.004, sign=sign)
    network = Network(
        [population("a", models=(PASSIVE,)), given([0.01])],
        [edge("in", "a", sign * 50.0, 0.002, receptor)],
    )
    _, voltage = traces(network, 0.1, dt_s=dt)
    expected = alpha_psp(voltage.index.to_numpy() - 0.012, sign * 50.0, 0.02, 0.004, 200.0)
    assert voltage[0].to_numpy() + 70 == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shift", [0.0, 1e-9, 1e-3, 0.04])
def test_equal_time_constants_are_no_singularity(shift):
    """A synapse as slow as the membrane, against fine forward Euler."""
    tau = 0.02 * (1 + shift)
    network = Network(
        [population("a", models=(PASSIVE,)), given([0.01])],
        [edge("in", "a", 50.0, 0.002, Receptor(tau_s=tau, sign=1))],
    )
    _, voltage = traces(network, 0.1)
    fine, v, expected = 1e-6, 0.0, []
    for k in range(88_000):
        if k % 100 == 0:
            expected.append(v)
        current = 50.0 * (k * fine / tau) * math.exp(1 - k * fine / tau)
        v += fine * (current / 100.0 * 1e3 - v / 0.02)
    found = voltage[0].to_numpy()[119:]
    assert found[: len(expected)] + 70 == pytest.approx(np.array(expected), abs=1e-3)


def test_charge_and_peak_of_the_current():
    """On a cell without leak to speak of, the voltage is the integral of the current."""
    sieve = GLIFParameters(level=1, **(BASE | {"R_mohm": 1e9, "th_inf_mv": 1e9}))
    network = Network(
        [population("a", models=(sieve,)), given([0.0099])], [edge("in", "a", 30.0, 1e-4)]
    )
    _, voltage = traces(network, 0.1)
    volts = voltage[0].to_numpy() + 70
    assert volts[-1] * 100.0 * 1e-3 == pytest.approx(30.0 * EXCITATION.charge_per_peak_s, rel=1e-6)
    current = np.diff(volts) / 1e-4 * 100.0 * 1e-3
    assert current.max() == pytest.approx(30.0, rel=1e-3)
    peak_s = voltage.index[int(current.argmax())] + 0.5e-4
    assert peak_s == pytest.approx(0.01 + EXCITATION.tau_s, abs=1e-4)


@pytest.mark.parametrize("delay_steps", [1, 7, 15, 100, 300])
def test_a_spike_arrives_after_its_delay(delay_steps):
    pair = population("a", 2)
    network = Network(
        [pair],
        [edge("a", "a", 80.0, delay_steps * 1e-4, post=[1], n=2)],
        currents=[CurrentClamp("a", [0], [400.0], [0.01], [0.0175])],
    )
    response, voltage = traces(network, 0.1, "a:0,1")
    times = response.spikes["a"].of(0)
    assert times.size == 1
    moved = np.flatnonzero(voltage[1].to_numpy() > -70)
    # the current begins at the spike plus the delay: the voltage has moved one step later
    assert voltage.index[moved[0]] == pytest.approx(times[0] + (delay_steps + 1) * 1e-4)


def test_cells_answer_each_other_with_their_own_delays():
    """A strong synapse makes its target fire; the target's answer comes back after both delays."""
    network = Network(
        [population("a", 1), population("b", 1)],
        [edge("a", "b", 3000.0, 0.004), edge("b", "a", 3000.0, 0.0007)],
        currents=[CurrentClamp("a", [0], [2000.0], [0.01], [0.012])],
    )
    response = simulate(network, visual.gray(0.03))
    a, b = (response.spikes[name].of(0) for name in "ab")
    rise = b[0] - a[0] - 0.004
    assert 0 < rise < 0.002
    assert a[1] - b[0] == pytest.approx(rise + 0.0007, abs=1.01e-4)


def test_signs_weights_and_receptors_stay_apart():
    """Four inputs at one cell are the sum of their potentials."""
    inputs = [(20.0, 0.002, 1), (35.0, 0.002, 1), (-15.0, 0.006, -1), (10.0, 0.011, 1)]
    projections = [
        edge("in", "a", w, 0.001 * (i + 1), Receptor(tau_s=tau, sign=sign), pre=[i])
        for i, (w, tau, sign) in enumerate(inputs)
    ]
    network = Network(
        [population("a", models=(PASSIVE,)), given([0.01] * 4, [0, 1, 2, 3], 4)], projections
    )
    _, voltage = traces(network, 0.1)
    time = voltage.index.to_numpy()
    expected = sum(
        alpha_psp(time - 0.011 - 0.001 * i, w, 0.02, tau, 200.0)
        for i, (w, tau, _) in enumerate(inputs)
    )
    assert voltage[0].to_numpy() + 70 == pytest.approx(expected, abs=1e-9)


def test_given_spikes_off_the_grid_are_kept():
    """Steps that do not divide a window: a spike at its very end waits for the next one."""
    times = np.array([0.0, 0.99999, 1.0, 1.9999, 2.4])
    network = Network(
        [population("a", models=(PASSIVE,)), given(times)], [edge("in", "a", 1.0, 0.001)]
    )
    dt = 3e-4
    _, voltage = traces(network, 2.7, dt_s=dt)
    grid = np.ceil(times / dt - 1e-6) * dt + round(0.001 / dt) * dt
    clock = voltage.index.to_numpy()
    expected = sum(alpha_psp(clock - at, 1.0, 0.02, 0.002, 200.0) for at in grid)
    assert voltage[0].to_numpy() + 70 == pytest.approx(expected, abs=1e-9)


def test_background_has_its_rate_mean_and_variance():
    cell = Membranes.of([PASSIVE], np.zeros(40, dtype=int))
    weights = np.full(40, 20.0)
    background = PoissonInput("a", np.full(40, 700.0), weights, EXCITATION)
    network = Network([population("a", 40, (PASSIVE,))], background=[background])
    _, voltage = traces(network, 3.0, "a:" + ",".join(map(str, range(40))))
    late = voltage.to_numpy()[2000:] + 70
    expected = ShotNoise.of(cell, EXCITATION, weights) * 700.0
    # 2.8 s hold about 70 independent samples of each of 40 cells
    error = math.sqrt(expected.variance[0] / (40 * 70))
    assert abs(late.mean() - expected.mean[0]) < 4 * error
    assert late.var(axis=0).mean() == pytest.approx(expected.variance[0], rel=0.1)
    across = np.corrcoef(late.T[:, ::200])
    assert abs(across[np.triu_indices(40, 1)].mean()) < 0.02


def test_cells_without_background_rest():
    background = PoissonInput("a", [0.0, 900.0], [20.0, 20.0], EXCITATION)
    network = Network([population("a", 2, (PASSIVE,))], background=[background])
    _, voltage = traces(network, 0.2, "a:0,1")
    assert (voltage[0] == -70).all()
    assert voltage[1].max() > -69


def test_cells_fire_at_the_rate_their_background_was_set_for():
    wanted = np.repeat([2.0, 4.0, 8.0], 60)
    model = GLIFParameters(
        level=3,
        **(BASE | {"C_pf": 80.0, "R_mohm": 160.0}),
        asc_amp_pa=(-5.0, -80.0),
        asc_tau_s=(0.3, 0.02),
    )
    cells = Membranes.of([model], np.zeros(180, dtype=int))
    weights = 4e-4 * cells.unit_weight_pa(EXCITATION)
    one = ShotNoise.of(cells, EXCITATION, weights)
    rates = background_rates_hz(cells, one, one * 0.0, wanted)
    network = Network(
        [population("a", 180, (model,))],
        background=[PoissonInput("a", rates, weights, EXCITATION)],
    )
    found = simulate(network, visual.gray(4.0), seed=2).spikes["a"].rates_hz(0.5, 4.0)
    for rate in (2.0, 4.0, 8.0):
        assert found[wanted == rate].mean() == pytest.approx(rate, rel=0.4)


@pytest.fixture(scope="module")
def patch():
    spiny = GLIFParameters(level=3, **BASE, asc_amp_pa=(-10.0, -60.0), asc_tau_s=(0.3, 0.03))
    smooth = GLIFParameters(level=1, C_pf=50, R_mohm=145, E_L_mv=-76, th_inf_mv=27, t_ref_s=0.0017)
    return recipes.patch([spiny], [smooth], n_cells=100, seed=0)


TABLE = visual.drifting_gratings(
    directions_deg=(0, 90), temporal_frequencies_hz=(2,), n_repeats=1, duration_s=0.5, gap_s=0.2
)


def test_a_run_depends_on_the_seed_alone(patch, monkeypatch):
    runs = [simulate(patch, TABLE, seed=seed) for seed in (4, 4, 5)]
    monkeypatch.setattr(network_run, "BUFFER", 10)
    runs.append(simulate(patch, TABLE, seed=4, record=("spikes", "voltage_mv:L4 PV:3")))
    spikes = [run.spikes["L4 Exc"] for run in runs]
    assert len(spikes[0]) > 50
    for other in (spikes[1], spikes[3]):
        assert spikes[0].times_s.tolist() == other.times_s.tolist()
        assert spikes[0].ids.tolist() == other.ids.tolist()
    assert spikes[0].times_s.tolist() != spikes[2].times_s.tolist()


def test_the_past_does_not_depend_on_the_future(patch):
    longer = StimulusTable(
        pd.concat(
            [TABLE.table, pd.DataFrame({"start_s": [2.5], "stop_s": [3.0], "stimulus": "blank"})]
        )
    )
    one, other = simulate(patch, TABLE, seed=4), simulate(patch, longer, seed=4)
    both = [run.spikes["L4 Exc"].times_s for run in (one, other)]
    early = [times[times < 2.0].tolist() for times in both]
    assert early[0] == early[1]
    assert other.duration_s == pytest.approx(3.0)


def test_lgn_cells_drive_their_targets():
    """A cell under 200 ON cells follows a drifting grating, cycle by cycle."""
    lgn = LGN(np.zeros(200), np.zeros(200), np.ones(200), np.full(200, 2))
    network = Network(
        [population("a", models=(PASSIVE,)), Population("lgn", (), lgn.nodes(), lgn)],
        [edge("lgn", "a", 1.0, 0.001, pre=np.arange(200), post=np.zeros(200, dtype=int))],
    )
    table = visual.drifting_gratings(
        directions_deg=(0,), temporal_frequencies_hz=(4,), n_repeats=1, duration_s=2.0, blanks=False
    )
    voltage = simulate(network, table, record=("voltage_mv:a:0",)).voltage_mv["a"][0] + 70
    gray = voltage.loc[0.1:0.5]
    rate = 200 * 8.25
    expected = rate * 200e-3 * EXCITATION.charge_per_peak_s
    # 0.4 s hold 660 spikes
    assert gray.mean() == pytest.approx(expected, rel=4 / math.sqrt(660))
    seen = voltage.loc[1.0:2.5].to_numpy()
    wave = np.exp(2j * np.pi * 4 * np.arange(seen.size) * 1e-4)
    assert abs((seen * wave).mean()) > 4 * gray.std()


def test_response_says_what_was_run(patch):
    response = simulate(patch, TABLE, seed=4, record=("voltage_mv:L4 Exc:5,2", "spikes"))
    assert list(response.spikes) == ["L4 Exc", "L4 PV"]
    assert response.presentations is TABLE
    assert response.duration_s == pytest.approx(TABLE.duration_s)
    voltage = response.voltage_mv["L4 Exc"]
    assert voltage.columns.tolist() == [2, 5]
    assert voltage.index[[0, -1]].tolist() == pytest.approx([1e-4, TABLE.duration_s])
    assert (response.nodes["L4 PV"]["cell_class"] == "L4 PV").all()
    provenance = response.provenance
    assert (provenance["seed"], provenance["dt_s"]) == (4, 1e-4)
    assert provenance["n_edges"] == patch.n_edges
    assert provenance["cpu_s"] > 0


def test_a_presentation_that_ends_between_two_steps_is_shown_whole():
    network = Network([population("a")])
    table = StimulusTable(
        pd.DataFrame({"start_s": [0.0], "stop_s": [0.10003], "stimulus": ["spontaneous"]})
    )
    assert simulate(network, table).duration_s == pytest.approx(0.1001)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt_s": 0.0}, "dt_s must lie in"),
        ({"dt_s": math.nan}, "dt_s must lie in"),
        ({"seed": -1}, "seed must be an integer"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"record": ("mood",)}, "cannot record 'mood'"),
        ({"record": ("voltage_mv:b:0",)}, r"with a population of \['a'\]"),
        ({"record": ("voltage_mv:a:0,7",)}, "nodes of 'a' are 0 to 1"),
        ({"record": ("voltage_mv:a:x",)}, "nodes of 'a' are 0 to 1"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(SimulationError, match=message):
        simulate(Network([population("a", 2)]), visual.gray(0.1), **options)


def test_refuses_nothing_to_simulate():
    with pytest.raises(SimulationError, match="has no cells to simulate"):
        simulate(Network([given([0.1])]), visual.gray(0.1))
    with pytest.raises(SimulationError, match="nothing to simulate"):
        simulate(Network([population("a")]), visual.gray(1e-5))


def test_a_delay_shorter_than_a_step_is_refused():
    network = Network([population("a", 2)], [edge("a", "a", 1.0, 2e-5, post=[1], n=2)])
    with pytest.raises(SimulationError, match="the delay of edge 0, 2e-05 s, is shorter"):
        simulate(network, visual.gray(0.1))
    assert simulate(network, visual.gray(0.1), dt_s=2e-5).duration_s == pytest.approx(0.1)


def test_a_cell_above_threshold_after_its_spike_is_named():
    runaway = GLIFParameters(level=2, **BASE, reset_a=1.5)
    network = Network(
        [population("a", 2), population("b", 3, (runaway,))],
        currents=[CurrentClamp("b", [1], [300.0], [0.0], [math.inf])],
    )
    with pytest.raises(SimulationError, match=r"cell 1 of 'b' at about 0\.0[0-9]+ s is above"):
        simulate(network, visual.gray(0.1))


def test_a_state_that_is_not_finite_is_named():
    huge = GLIFParameters(level=1, **(BASE | {"R_mohm": 1e6, "C_pf": 1e-3}))
    network = Network(
        [population("a", 2, (huge,))],
        currents=[CurrentClamp("a", [1], [1e308], [0.02], [0.04])],
    )
    with pytest.raises(SimulationError, match=r"the state of cell 1 of 'a' .* is not finite"):
        simulate(network, visual.gray(0.1))


@pytest.mark.parametrize(
    ("times", "ids", "message"),
    [
        ([0.01], [3], "nodes 3 to 3; it has 1"),
        ([0.01, 0.02], [0], "2 times for 1 ids"),
        ([-0.5, 0.01], [0, 0], "spikes from -0.5 to 0.01 s, asked for those in 0 to 0.1 s"),
        ([0.01, 7.0], [0, 0], "spikes from 0.01 to 7 s"),
        ([0.01], [0.0], "nodes of type float64, expected integers"),
    ],
)
def test_a_source_that_gives_nonsense_is_named(times, ids, message):
    class Wrong:
        n_nodes = 1

        def spikes(self, table, start_s, stop_s, rng):
            return np.array(times), np.array(ids)

    source = Population("in", (), pd.DataFrame(index=range(1)), Wrong())
    network = Network([population("a"), source], [edge("in", "a", 1.0, 0.001)])
    with pytest.raises(SimulationError, match=message):
        simulate(network, visual.gray(0.1))
