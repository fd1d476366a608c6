"""Networks of compartmental cells on NEURON: synapses, delays, inputs and seeds.

All cells are synthetic.
"""

import numpy as np
import pytest

from allentk.data import LongSquare
from allentk.errors import DataError, SimulationError
from allentk.network import CurrentClamp, Network, PoissonSynapses, Synapse, visual
from allentk.simulation import simulate
from allentk.simulation.biophysical.neuron_engine import simulate_neuron
from allentk.simulation.biophysical.neuron_inputs import background_spikes
from allentk.simulation.biophysical.neuron_session import session
from allentk.simulation.network_engine import simulate_network
from tests.simulation.biophysical.neuron_network_parts import (
    ACTIVE,
    AMPA,
    CUT,
    GABA,
    PASSIVE,
    QUIET,
    SPOT,
    cells,
    edge,
    given,
    model,
    run,
    soma,
)

pytest.importorskip("neuron")


def cable(weight_us, onset_s, at, seconds, dt_s):
    """Voltage of the soma of the passive cell after one conductance, by the cable equation alone.

    Implicit Euler; every step takes the conductance that there is at its beginning, as NEURON does.
    """
    n, dt_ms = CUT.n, dt_s * 1e3
    capacitance = CUT.area_um2 * 1e-5  # nF, of 1 uF/cm2
    leak = CUT.area_um2 * PASSIVE.g_pas * 1e-2  # uS
    matrix = np.diag(leak)
    link = 1 / CUT.axial_mohm(PASSIVE.ra_ohm_cm)
    for child in range(1, n):
        up = CUT.parent[child]
        matrix[[child, up], [child, up]] += link[child]
        matrix[[child, up], [up, child]] -= link[child]
    voltage, found = np.zeros(n), []
    for step in range(round(seconds / dt_s)):
        opened = weight_us * AMPA.conductance(step * dt_s - onset_s)
        left, right = matrix + np.diag(capacitance / dt_ms), capacitance / dt_ms * voltage
        left[at, at] += opened
        right[at] += opened * (AMPA.reversal_mv - PASSIVE.e_pas_mv)
        voltage = np.linalg.solve(left, right)
        found.append(voltage[0])
    return np.array(found)


def test_a_synapse_makes_the_potential_of_the_cable_equation():
    network = Network([cells(models=(QUIET,)), given([0.005])], [edge("in", "a", 2e-3, **SPOT)])
    psp = soma(run(network, 0.03)) - PASSIVE.e_pas_mv
    expected = cable(2e-3, 0.007, CUT.at(1, 0.5), 0.03, 2.5e-5)
    assert 3 < expected.max() < 20
    assert psp == pytest.approx(expected, abs=1e-5)


def test_nothing_comes_before_the_delay():
    for delay in (0.001, 0.004):
        network = Network(
            [cells(models=(QUIET,)), given([0.005])], [edge("in", "a", 1e-3, delay, **SPOT)]
        )
        voltage = run(network, 0.02).voltage_mv["a"][0]
        moved = voltage.index[(voltage - PASSIVE.e_pas_mv).abs() > 1e-9]
        # An event opens the conductance in the step after it, which the voltage sees a step later.
        assert 0 < moved[0] - (0.005 + delay) < 2.1 * 2.5e-5


def test_spikes_of_a_train_and_synapses_at_a_place_add_up():
    """Tiny conductances, so that the driving force stands still."""
    times = [0.003, 0.004, 0.011]
    apart = np.array([0.001, 0.003])
    network = Network(
        [cells(models=(QUIET,)), given(times)],
        [edge("in", "a", [1e-7, 3e-7], apart, pre=(0, 0), post=(0, 0), **SPOT)],
    )
    together = run(network, 0.03)
    assert together.provenance["n_conductances"] == 1
    single = run(
        Network([cells(models=(QUIET,)), given([0.0])], [edge("in", "a", 1e-7, 0.001, **SPOT)]),
        0.03,
    )
    one = soma(single) - PASSIVE.e_pas_mv
    expected = np.zeros(one.size)
    for start in times:
        for later, factor in zip(apart - 0.001, (1, 3), strict=True):
            shift = round((start + later) / 2.5e-5)
            expected[shift:] += factor * one[: one.size - shift]
    assert soma(together) - PASSIVE.e_pas_mv == pytest.approx(expected, abs=1e-4 * expected.max())


def test_a_cell_alone_is_the_single_cell():
    """The current begins and ends on steps; the single cell's first sample is the beginning."""
    pulse = CurrentClamp("a", [0], [250.0], [0.02], [0.12])
    response = run(Network([cells()], currents=[pulse]), 0.15)
    alone = simulate_neuron(
        ACTIVE,
        LongSquare(amplitude_pa=250, start_s=0.02, duration_s=0.1).current_pa(40_000)[:6000],
        sampling_rate_hz=40_000,
        method="fixed",
    )
    assert len(alone.spike_times_s) > 3
    assert response.spikes["a"].of(0) == pytest.approx(alone.spike_times_s, abs=1e-9)
    n = min(alone.voltage_mv.size - 1, soma(response).size)
    assert np.abs(soma(response)[:n] - alone.voltage_mv[1 : n + 1]).max() < 1e-9


def test_cells_talk_as_replayed_spikes_do():
    pulse = CurrentClamp("a", [0], [300.0], [0.01], [0.06])
    wires = [edge("a", "b", 5e-3, 0.0015, **SPOT)]
    pair = Network([cells(), cells("b", models=(QUIET,))], wires, currents=[pulse])
    response = run(pair, 0.08, "b:0")
    spikes = response.spikes["a"].of(0)
    assert spikes.size > 1
    replayed = Network([given(spikes, name="a"), cells("b", models=(QUIET,))], wires)
    again = run(replayed, 0.08, "b:0")
    assert soma(response, "b").max() > PASSIVE.e_pas_mv + 5
    assert soma(response, "b") == pytest.approx(soma(again, "b"), abs=1e-9)


def test_inhibition_is_told_by_the_reversal_potential():
    network = Network(
        [cells(models=(QUIET,)), given([0.005])], [edge("in", "a", 2e-3, synapse=GABA)]
    )
    assert soma(run(network)).min() < PASSIVE.e_pas_mv - 1


def busy(order=1, **changes):
    """Two cells that excite and inhibit each other, with trains and a background."""
    rng = np.random.default_rng(5)
    times = np.sort(rng.random(60)) * 0.2
    everyone = {"pre": [0, 1, 2, 3] * 5, "post": [0, 1] * 10, "n": 2}
    projections = [
        edge("in", "a", 3e-3, **everyone),
        edge("a", "a", 4e-3, 0.001, GABA, pre=[0, 1], post=[1, 0], n=2, **changes),
        edge("a", "a", 2e-3, 0.003, AMPA, pre=[0, 1], post=[1, 0], n=2),
    ]
    background = PoissonSynapses("a", [400.0, 300.0], [1e-3, 1e-3], AMPA, n_synapses=6)
    return Network(
        [cells(n=2), given(times, rng.integers(4, size=60), 4)],
        projections[::order],
        [background],
    )


def test_the_seed_makes_the_run_whatever_the_order():
    first, again = run(busy(), 0.2, seed=3), run(busy(), 0.2, seed=3)
    turned, other = run(busy(-1), 0.2, seed=3), run(busy(), 0.2, seed=4)
    assert first.spikes["a"].times_s.size > 4
    assert first.spikes["a"].times_s.tolist() == again.spikes["a"].times_s.tolist()
    assert soma(first).tolist() == soma(again).tolist()
    assert first.spikes["a"].times_s == pytest.approx(turned.spikes["a"].times_s, abs=1e-9)
    assert np.abs(soma(first) - soma(turned)).max() < 1e-6
    assert first.spikes["a"].times_s.tolist() != other.spikes["a"].times_s.tolist()


def test_a_longer_run_begins_like_a_shorter_one():
    short, long = run(busy(), 0.05), run(busy(), 0.08)
    assert soma(short).tolist() == soma(long)[: soma(short).size].tolist()


def test_the_seed_of_a_projection_moves_synapses():
    here, there = run(busy(seed=1), 0.2), run(busy(seed=2), 0.2)
    assert np.abs(soma(here) - soma(there)).max() > 1e-3


def test_cells_without_input_are_silent():
    response = run(Network([cells(n=3)]), 0.2, "a:0,2")
    assert response.spikes["a"].times_s.size == 0
    assert response.spikes["a"].n_cells == 3
    table = response.voltage_mv["a"]
    assert list(table.columns) == [0, 2]
    assert table.index[0] == pytest.approx(2.5e-5)
    assert table.index[-1] == pytest.approx(0.2)
    assert table.to_numpy().max() < -60


def test_every_cell_begins_at_its_own_voltage():
    models = (QUIET, model({}, v_init_mv=-70))
    response = run(Network([cells(n=2, models=models, model=[0, 1])]), 0.005, "a:0,1")
    assert soma(response, node=0)[0] == pytest.approx(-80, abs=1e-6)
    assert -70.1 < soma(response, node=1)[0] < -70


def test_simulate_finds_the_engine():
    network = Network([cells()], currents=[CurrentClamp("a", [0], [300.0], [0.005], [0.03])])
    table = visual.gray(0.03)
    asked = simulate(network, table, backend="neuron", record="voltage_mv:a:0")
    found = simulate(network, table)
    assert asked.spikes["a"].times_s.size > 0
    assert asked.spikes["a"].times_s.tolist() == found.spikes["a"].times_s.tolist()
    assert asked.provenance["engine"].startswith("NEURON")
    fewer = simulate(network, table, spike_threshold_mv=500.0)
    assert fewer.spikes["a"].times_s.size == 0


def test_background_is_poisson_and_spread():
    entry = PoissonSynapses("a", [200.0, 0.0], [1e-3, 1e-3], AMPA, n_synapses=4)
    trains = background_spikes(entry, 0, 0, 20.5, 1)
    counts = np.array([train.size for train in trains])
    assert (np.abs(counts - 1025) < 4.5 * np.sqrt(1025)).all()
    gaps = np.diff(np.sort(np.concatenate(trains)))
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.05)
    assert max(train[-1] for train in trains) < 20.5
    assert [train.size for train in background_spikes(entry, 0, 1, 20.5, 1)] == [0] * 4
    shorter = background_spikes(entry, 0, 0, 3.3, 1)
    assert all((a == b[: a.size]).all() for a, b in zip(shorter, trains, strict=True))


def test_refusals():
    network = Network([cells(), given([0.01])], [edge("in", "a", 1e-3, 1e-5)])
    with pytest.raises(SimulationError, match="delay of edge 0, 1e-05 s, is shorter than"):
        run(network)
    with pytest.raises(
        SimulationError, match=r"dt_s=0\.005 s is so long that spikes would be missed"
    ):
        run(network, dt_s=0.005)
    with pytest.raises(
        SimulationError, match="spike_threshold_mv must be a finite voltage, got nan"
    ):
        run(network, dt_s=1e-5, spike_threshold_mv=float("nan"))
    warm = cells("w", models=(model({}, celsius=24),))
    with pytest.raises(SimulationError, match="all cells of a network have one temperature"):
        run(Network([cells(), warm]))
    with pytest.raises(SimulationError, match="nodes of 'a' are 0 to 0"):
        run(Network([cells()]), watch="a:1")
    far = Synapse(0.001, 0.003, 0.0, sections=("axon",), distance_um=(500, 600))
    with pytest.raises(DataError, match="target 0: no place for a synapse in axon at 500"):
        run(Network([cells(), given([0.01])], [edge("in", "a", 1e-3, synapse=far)]))
    with pytest.raises(SimulationError, match=r"cells of \['a'\] have compartments"):
        simulate_network(Network([cells()]), visual.gray(0.01))


def test_a_run_that_fails_leaves_nothing_in_neuron():
    clamp = CurrentClamp("a", [0], [1e300], [0.0], [0.02])
    network = Network([cells(models=(QUIET,))], currents=[clamp])
    with pytest.raises(
        SimulationError, match=r"voltage of cell 0 of 'a' is .* beyond 1000 mV"
    ) as held:
        run(network, 0.02)
    with session() as h:  # which warns where there are sections
        assert not list(h.allsec())
    assert held.value is not None
    assert run(Network([cells()]), 0.02).spikes["a"].times_s.size == 0
    with session() as h:
        assert not list(h.allsec())
