"""Point neurons among compartmental cells on NEURON, the synapses, and what is recorded."""

import math

import numpy as np
import pytest

from allentk.data import LongSquare
from allentk.errors import SimulationError
from allentk.network import (
    CurrentClamp,
    Network,
    PoissonInput,
    PoissonSynapses,
    Projection,
    Receptor,
)
from allentk.simulation.biophysical.neuron_engine import simulate_neuron
from allentk.simulation.biophysical.neuron_session import session
from tests.simulation.biophysical.neuron_network_parts import (
    ACTIVE,
    AMPA,
    PASSIVE,
    QUIET,
    SPOT,
    cells,
    edge,
    given,
    jump,
    lif,
    run,
    soma,
)

pytest.importorskip("neuron")

EXCITED, INHIBITED = 6.0, -4.0


def points(*models, name="p", **columns):
    models = models or (lif(),)
    columns = columns or {"model": range(len(models))}
    return cells(name, len(next(iter(columns.values()))), models, **columns)


def spikes(network, seconds=0.1, name="p", node=0, **options):
    return run(network, seconds, watch="", **options).spikes[name].of(node)


def trains(seed=2, n=60, seconds=0.5):
    """Times of excitation and inhibition, no two the same."""
    rng = np.random.default_rng(seed)
    times = rng.choice(np.arange(1, round(seconds * 1e5)), 2 * n, replace=False) * 1e-5
    return np.sort(times[:n]), np.sort(times[n:])


def driven(excitation, inhibition):
    drive = [given(excitation, name="e"), given(inhibition, name="i")]
    wires = [jump("e", "p", EXCITED), jump("i", "p", INHIBITED, 0.001)]
    return Network([points(), *drive], wires)


def closed_form(excitation, inhibition):
    """Spikes of a leaky cell from its solution between events: 10 mV, 20 ms, refractory for 3 ms."""
    events = [(t + 0.002, EXCITED) for t in excitation] + [
        (t + 0.001, INHIBITED) for t in inhibition
    ]
    height, last, ready, found = 0.0, 0.0, -1.0, []
    for time, change in sorted(events):
        if time < ready:
            continue
        height = height * math.exp(-(time - last) / 0.02) + change
        last = time
        if height > 10:
            found.append(time)
            height, last, ready = 0.0, time + 0.003, time + 0.003
    return found


def test_a_point_fires_where_its_solution_does():
    excitation, inhibition = trains()
    expected = closed_form(excitation, inhibition)
    assert len(expected) > 5
    found = spikes(driven(excitation, inhibition), 0.51)
    assert found == pytest.approx(expected, abs=1e-11)


def test_a_point_is_neurons_own_where_no_two_events_meet():
    excitation, inhibition = trains(7)
    with session() as h:
        cell = h.IntFire1()
        cell.tau, cell.refrac = 20, 3
        inputs = []
        for times, weight, delay in ((excitation, EXCITED, 2), (inhibition, INHIBITED, 1)):
            made = h.NetCon(None, cell)
            made.weight[0] = weight / 10
            inputs.append((made, times * 1e3 + delay))
        fired = h.Vector()
        watch = h.NetCon(cell, None)
        watch.record(fired)
        start = h.FInitializeHandler(
            lambda all_of=inputs: [one.event(t) for one, times in all_of for t in times.tolist()]
        )
        h.finitialize()
        h.ParallelContext().set_maxstep(10)
        h.ParallelContext().psolve(510)
        expected = np.array(fired)
        del start, watch, inputs, cell
    found = spikes(driven(excitation, inhibition), 0.51)
    assert found.size > 5
    assert found * 1e3 == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("order", [1, -1])
def test_jumps_of_one_moment_are_one_jump(order):
    """Over the threshold alone, and under it with the inhibition of the same moment."""
    wires = [jump("in", "p", 12.0), jump("in", "p", -3.0)][::order]
    assert spikes(Network([points(), given([0.01])], wires)).size == 0
    alone = Network([points(), given([0.01])], [jump("in", "p", 12.0)])
    assert spikes(alone) == pytest.approx([0.012])
    meeting = [jump("p", "q", 12.0, 0.003), jump("in", "q", -3.0, 0.005)][::order]
    chain = Network([points(), points(name="q"), given([0.01])], [jump("in", "p", 12.0), *meeting])
    response = run(chain, 0.1, watch="")
    assert response.spikes["p"].times_s == pytest.approx([0.012])
    assert response.spikes["q"].times_s.size == 0


def test_synapses_of_an_edge_act_together():
    for n, expected in ((2, []), (3, [0.012])):
        wires = [jump("in", "p", 4.0, n_synapses=n)]
        assert spikes(Network([points(), given([0.01])], wires)) == pytest.approx(expected)


def test_a_refractory_point_takes_no_jump():
    late = [0.010, 0.0125, 0.013]  # refractory from 0.012 to 0.015 s
    network = Network([points(), given(late)], [jump("in", "p", 12.0)])
    assert spikes(network) == pytest.approx([0.012, 0.015])
    weak = Network([points(), given([0.010, 0.0125])], [jump("in", "p", 12.0)])
    assert spikes(weak) == pytest.approx([0.012])


def test_every_point_has_its_own_model():
    models = (lif(), lif(threshold_mv=13.4), lif(tau_s=0.002))
    network = Network(
        [points(*models), given([0.01, 0.012])],
        [jump("in", "p", 7.0, pre=[0] * 3, post=range(3), n=3)],
    )
    found = run(network, 0.1, watch="").spikes["p"]
    assert found.ids.tolist() == [0]  # at 7 exp(-0.1) + 7 = 13.33 mV
    assert found.times_s == pytest.approx([0.014])


def test_points_and_cells_talk():
    """A cell's spikes reach a point, and the point's a cell, as replayed ones do."""
    pulse = CurrentClamp("a", [0], [300.0], [0.01], [0.06])
    quiet = cells("b", models=(QUIET,))
    there, back = jump("a", "p", 12.0, 0.0015), edge("p", "b", 5e-3, 0.001, **SPOT)
    network = Network([cells(), points(), quiet], [there, back], currents=[pulse])
    response = run(network, 0.08, "b:0")
    fired, points_fired = response.spikes["a"].of(0), response.spikes["p"].of(0)
    assert fired.size > 1
    assert points_fired == pytest.approx(fired + 0.0015, abs=1e-9)
    again = run(Network([given(points_fired, name="p"), quiet], [back]), 0.08, "b:0")
    assert soma(response, "b").max() > PASSIVE.e_pas_mv + 5
    assert soma(response, "b") == pytest.approx(soma(again, "b"), abs=1e-9)


def test_a_conductance_is_neurons_own():
    """Two trains on one section, one of which meets the other: ours and Exp2Syn."""
    times = [1.0, 1.5, 1.5, 4.0, 4.0, 9.0]
    traces = []
    with session() as h:
        for name, rise, decay in (
            ("Exp2Syn", "tau1", "tau2"),
            ("atk_Conductance", "tau_rise", "tau_decay"),
        ):
            section = h.Section(name="one")
            section.L = section.diam = 20
            section.insert("pas")
            place = getattr(h, name)(section(0.5))
            setattr(place, rise, 0.7)
            setattr(place, decay, 3.1)
            wire = h.NetCon(None, place)
            wire.weight[0] = 0.01
            start = h.FInitializeHandler(lambda one=wire: [one.event(time) for time in times])
            voltage = h.Vector().record(section(0.5)._ref_v)
            h.dt = 0.025
            h.finitialize(-70)
            h.ParallelContext().set_maxstep(10)
            h.ParallelContext().psolve(20)
            traces.append(np.array(voltage))
            del start, wire, place, section
    assert np.ptp(traces[0]) > 10
    assert np.abs(traces[0] - traces[1]).max() < 1e-11


def test_records_are_those_of_the_single_cell():
    pulse = CurrentClamp("a", [0], [250.0], [0.02], [0.07])
    names = ("cai_mM", "voltage_mv dend[0](0.5)", "NaTs.m")
    response = run(
        Network([cells()], currents=[pulse]), 0.08, "a:0", extra=[f"{one}:a:0" for one in names]
    )
    alone = simulate_neuron(
        ACTIVE,
        LongSquare(amplitude_pa=250, start_s=0.02, duration_s=0.05).current_pa(40_000)[:3200],
        sampling_rate_hz=40_000,
        method="fixed",
        record=names,
    )
    assert set(response.states) == set(names)
    for name in names:
        found, expected = response.states[name]["a"][0].to_numpy(), alone.states[name][1:]
        assert np.ptp(expected) > 0
        assert found[: expected.size - 1] == pytest.approx(expected[:-1], rel=1e-9, abs=1e-12)


def test_what_is_refused_says_what_to_do():
    pulse = CurrentClamp("p", [0], [10.0], [0.0], [1.0])
    receptor = Receptor(tau_s=0.002, sign=1)
    current = Projection.from_edges("in", "p", [0], [0], 10.0, 0.002, receptor, n_targets=1)
    noise = PoissonInput("p", [100.0], [5.0], receptor)
    asc = lif(level=3, asc_amp_pa=(-5.0,), asc_tau_s=(0.1,))
    drive = given([0.01])
    for network, words in (
        (
            Network([points(asc), drive]),
            r"model 0 of 'p' is level 3: run these cells by backend='glif'",
        ),
        (Network([points(lif(-1.0)), drive]), "model 0 of 'p' has a threshold of -1 mV"),
        (
            Network([points(), drive], [current]),
            "in -> p.* brings currents.* make it a JumpProjection",
        ),
        (
            Network([points(), drive], [], [noise]),
            "PoissonInput of p.* give the spikes by a virtual pop",
        ),
        (
            Network([points(), drive], currents=[pulse]),
            "no current into point neurons; run these cells",
        ),
        (Network([points(), drive], [jump("in", "p", 1.0, 1e-5)]), "delay of edge 0, 1e-05 s"),
    ):
        with pytest.raises(SimulationError, match=words):
            run(network, watch="")
    both = Network([cells(), points()])
    for record, words in (
        (
            "voltage_mv:p:0",
            "the cells of 'p' are points, of which the NEURON engine computes spikes alone",
        ),
        ("voltage_mv:x:0", "expected 'spikes' or '<variable>:<population>:<node>,...'"),
        ("cai_mM:a:3", "nodes of 'a' are 0 to 0"),
        ("height:a:0", "cannot record 'height'"),
        ("voltage_mv dend[9](0.5):a:0", r"cell 0 of 'a': .* no section dend\[9\]"),
    ):
        with pytest.raises(SimulationError, match=words):
            run(both, watch="", extra=[record])


def test_background_on_cells_leaves_points_alone():
    entry = PoissonSynapses("a", [2000.0], [2e-3], AMPA, n_synapses=4)
    response = run(Network([points(), cells()], [], [entry]), 0.05)
    assert np.ptp(soma(response)) > 1
    assert response.spikes["p"].times_s.size == 0
