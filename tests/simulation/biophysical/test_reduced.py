"""The reduced backend on SYNTHETIC cells: against plain equations, against NEURON, and its refusals."""

from dataclasses import replace

import numpy as np
import pytest

from allentk.data import LongSquare, Morphology, Zero
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters
from allentk.models.channels import CHANNELS, equilibrium, rate_matrix
from allentk.models.compartments import compartments
from allentk.simulation import simulate
from allentk.simulation.biophysical.channel_tables import CALCIUM, INSTANT, lanes_of, tables_of
from allentk.simulation.biophysical.reduced import ReducedCell, simulate_reduced
from allentk.simulation.biophysical.reduced_layout import Cells, Taken
from allentk.simulation.biophysical.simulate import engine_of
from allentk.simulation.current import divided_step_s

PYRAMIDAL = {
    "NaTs": {"gbar": 2.0},
    "Nap": {"gbar": 5e-4},
    "K_P": {"gbar": 0.001},
    "K_T": {"gbar": 0.002},
    "Kv3_1": {"gbar": 0.15},
    "Im": {"gbar": 2e-4},
    "Ih": {"gbar": 1e-4},
    "SK": {"gbar": 5e-4},
    "Ca_HVA": {"gbar": 1e-4},
    "Ca_LVA": {"gbar": 1e-3},
    "CaDynamics": {"gamma": 0.01, "decay_s": 0.2},
}
FAST_SPIKING = {
    "NaV": {"gbar": 0.6},
    "Kd": {"gbar": 1e-4},
    "Kv2like": {"gbar": 0.002},
    "K_T": {"gbar": 0.002},
    "Kv3_1": {"gbar": 0.3},
    "Im_v2": {"gbar": 1e-4},
    "Ih": {"gbar": 1e-4},
    "SK": {"gbar": 0.002},
    "Ca_HVA": {"gbar": 2e-4},
    "Ca_LVA": {"gbar": 5e-4},
    "CaDynamics": {"gamma": 0.005, "decay_s": 0.1},
}
STEP = LongSquare(amplitude_pa=300, start_s=0.1, duration_s=0.1, tail_s=0.02)


def cell(mechanisms=PYRAMIDAL, *, g_pas=4e-5, **changes):
    """Return a soma with a dendrite that branches, and a stub."""
    xyz = [[0, 0, 0], [0, 9, 0], [0, 150, 0], [0, 350, 30], [120, 260, 0], [-90, -60, 0]]
    swc = Morphology([1, 2, 3, 4, 5, 6], [1, 3, 3, 3, 3, 3], xyz, [9, 1.2, 1, 0.6, 0.5, 0.8],
                     [-1, 0, 1, 2, 2, 0])  # fmt: skip
    passive = SectionParameters(ra_ohm_cm=110, cm_uf_per_cm2=1.5, g_pas=g_pas, e_pas_mv=-82)
    soma = replace(passive, cm_uf_per_cm2=1.0, ena_mv=53, ek_mv=-107, mechanisms=mechanisms)
    sections = {"soma": soma, "axon": passive, "dend": passive}
    given = {"kind": "perisomatic", "axon": "stub", "v_init_mv": -82.0, **changes}
    return BiophysicalModel(BiophysicalParameters(sections=sections, **given), swc)


def batch_cell(model):
    tree = compartments(model.morphology, axon="stub")
    return ReducedCell.of(tree, tuple(model.parameters.sections["soma"].mechanisms))


@pytest.mark.parametrize(
    ("mechanisms", "method", "until_s"),
    [
        (PYRAMIDAL, "fixed", 1.0),
        (PYRAMIDAL, "second-order", 1.0),
        (FAST_SPIKING, "fixed", 1.0),
        # NaV's fast rates make this method ring in NEURON, and small differences grow with every spike.
        (FAST_SPIKING, "second-order", 0.12),
    ],
)
def test_spikes_are_those_of_neuron(mechanisms, method, until_s):
    pytest.importorskip("neuron")
    from allentk.simulation.biophysical.neuron_engine import simulate_neuron

    model = cell(mechanisms)
    whole = simulate_neuron(model, STEP, method=method, dt_s=2.5e-5, record="cai")
    reduced = simulate_reduced(model, STEP, method=method, dt_s=2.5e-5, record="cai")
    spikes = [one.spike_times_s[one.spike_times_s < until_s] for one in (whole, reduced)]
    assert spikes[0].size >= 3
    np.testing.assert_allclose(spikes[1], spikes[0], atol=1.5e-4)
    before = slice(0, 4000)
    np.testing.assert_allclose(reduced.voltage_mv[before], whole.voltage_mv[before], atol=2e-3)
    np.testing.assert_allclose(
        reduced.states["cai_mM"][before], whole.states["cai_mM"][before], rtol=1e-3
    )


def test_a_passive_cell_follows_its_resistance():
    model = cell({})
    response = simulate_reduced(model, LongSquare(amplitude_pa=-50, start_s=0.1, tail_s=0.1))
    tree = batch_cell(model)
    soma = 4e-5 * tree.compartments.area_um2[0] * 10
    from allentk.simulation.biophysical.batch import tree_of

    values = {
        n: np.array([x]) for n, x in zip(tree.names, tree.vector(model.parameters), strict=True)
    }
    seen = tree_of(tree.compartments, values, 0).admittance_ns(np.array([0j]))[0].real
    assert response.voltage_mv[-4100] == pytest.approx(-82 - 50 / (soma + seen), abs=1e-3)
    assert response.voltage_mv[3000] == pytest.approx(-82, abs=1e-9)
    assert response.spike_times_s.size == 0


def test_tables_are_the_equations():
    names = ("NaTs", "Nap", "K_T", "Kv2like", "Ca_LVA", "SK")
    tables = tables_of(names, 30.0, 0.05, (0.0, 0.0, 4.0, 0.0, 0.0, 0.0))
    lanes = lanes_of(names)
    assert lanes[INSTANT].channel.name == "Nap"
    assert lanes[CALCIUM].channel.name == "SK"
    v = tables.low_mv + np.array([700, 1800, 2600, 4100]) / tables.per_mv
    rows = tables.values[[700, 1800, 2600, 4100]]
    for place, lane in lanes.items():
        at = v - 4.0 * (lane.channel.name == "K_T")
        for part, gate in enumerate((lane.first, lane.second)):
            column = 12 * part + place
            if gate is None or lane.channel.calcium:
                continue
            np.testing.assert_allclose(rows[:, 0, column], gate.steady(at, 30.0), rtol=1e-9)
            if gate.tau_ms is not None:
                done = 1 - np.exp(-0.05 / gate.tau_ms(at, 30.0))
                np.testing.assert_allclose(rows[:, 1, column], done, rtol=1e-9)
    slope = tables.slope[[1800, 2600]]
    nap = CHANNELS["Nap"].gates[0]
    expected = (nap.steady(v[1:3] + 1e-3, 30.0) - nap.steady(v[1:3], 30.0)) / 1e-3
    np.testing.assert_allclose(slope, expected, rtol=1e-9)


@pytest.mark.parametrize("second", [False, True])
def test_a_step_of_nav_is_the_dense_step(second):
    # One step from the beginning: NaV's states are at rest, then at the voltage of the first step.
    model = cell({"NaV": {"gbar": 0.5}})
    one = batch_cell(model)
    prepared = one.prepare(model.parameters)
    from allentk.simulation.biophysical.reduced_kernels import advance

    state = prepared.starts.copy()
    nothing = Taken(1, np.empty((1, 0)), np.empty(0, np.int64), np.empty((1, 0, 0)),
                    np.empty((1, 0), np.int64), np.zeros(1, np.int64))  # fmt: skip
    tables = one.tables(1e-4, second=second)
    advance(state, 0, Cells(*prepared.cells), tables, np.array([[500.0]]), 0.0, nothing)
    v, start = state[0, 0], equilibrium(-82.0, 34.0)
    part = 0.05 if second else 0.1
    after = np.linalg.solve(np.eye(12) - part * rate_matrix(v, 34.0), start)
    expected = 2 * after - start if second else after
    np.testing.assert_allclose(state[0, -12:], expected, atol=1e-6)
    assert state[0, -12:].sum() == pytest.approx(1, abs=1e-13)


def test_a_batch_is_its_parameter_sets_one_by_one():
    model = cell()
    one = batch_cell(model)
    vectors = np.tile(one.vector(model.parameters), (3, 1))
    vectors[:, one.names.index("soma.NaTs.gbar")] *= [0.7, 1.0, 1.4]
    vectors[:, one.names.index("dend.g_pas")] *= [1.0, 2.0, 0.5]
    currents = np.zeros((4, 6000))
    currents[:, 1000:] = np.array([-50.0, 100.0, 300.0, 400.0])[:, None]
    together = one.run(one.prepare(vectors), currents, rest_s=0.2)
    assert together.spike_counts.max() > 3
    for row, vector in enumerate(vectors):
        for sweep, current in enumerate(currents):
            alone = one.run(one.prepare(vector), current, rest_s=0.2)
            np.testing.assert_array_equal(alone.voltage_mv[0, 0], together.voltage_mv[row, sweep])
            np.testing.assert_array_equal(
                alone.spike_times_s(0, 0), together.spike_times_s(row, sweep)
            )


def test_spikes_of_a_batch_are_crossings_of_its_voltage():
    model = cell()
    one = batch_cell(model)
    batch = one.run(one.prepare(model.parameters), np.full(8000, 250.0), every=1)
    v = batch.voltage_mv[0, 0]
    crossings = np.flatnonzero((v[1:] >= -20) & (v[:-1] < -20)) + 1
    np.testing.assert_allclose(batch.spike_times_s(0, 0), crossings * 5e-5)
    thin = one.run(one.prepare(model.parameters), np.full(8000, 250.0), every=8)
    np.testing.assert_array_equal(thin.voltage_mv[0, 0], v[::8])
    assert thin.dt_s == pytest.approx(4e-4)


def test_the_rest_is_the_same_at_a_coarser_step():
    model = cell()
    one = batch_cell(model)
    prepared = one.prepare(model.parameters)
    at = [
        one.run(prepared, np.zeros(1), rest_s=2.0, rest_dt_s=dt_s).voltage_mv[0, 0, 0]
        for dt_s in (5e-5, 5e-4)
    ]
    assert at[0] == pytest.approx(at[1], abs=5e-3)


def test_a_set_that_spikes_at_rest_is_left_out():
    model = cell()
    one = batch_cell(model)
    vectors = np.tile(one.vector(model.parameters), (2, 1))
    vectors[1, one.names.index("dend.e_pas_mv")] = -20.0
    vectors[1, one.names.index("dend.g_pas")] = 5e-4
    batch = one.run(one.prepare(vectors), np.full(2000, 250.0), rest_s=0.5)
    assert batch.rest_counts[0] == 0
    assert batch.rest_counts[1] > 0
    assert np.isfinite(batch.voltage_mv[0]).all()
    assert np.isnan(batch.voltage_mv[1]).all()
    kept = one.run(one.prepare(vectors), np.full(2000, 250.0), rest_s=0.5, stop=False)
    assert np.isfinite(kept.voltage_mv).all()


def test_the_same_run_twice_is_the_same():
    model = cell(FAST_SPIKING)
    first, second = (simulate_reduced(model, STEP) for _ in range(2))
    np.testing.assert_array_equal(first.voltage_mv, second.voltage_mv)


def test_gates_are_recorded_by_name():
    response = simulate_reduced(cell(), STEP, record=("spikes", "NaTs.m", "NaTs.h", "SK.z", "cai"))
    assert set(response.states) == {"NaTs.m", "NaTs.h", "SK.z", "cai_mM"}
    m, h = response.states["NaTs.m"], response.states["NaTs.h"]
    assert m.max() > 0.9
    assert h[0] == pytest.approx(float(CHANNELS["NaTs"].gates[1].steady(np.array(-82.0), 34.0)))
    assert response.states["SK.z"].max() > response.states["SK.z"][0]


def test_a_voltage_out_of_range_is_told():
    model = cell({}, g_pas=1e-7)
    with pytest.raises(SimulationError, match=r"beyond 300 mV.*throw=False"):
        simulate_reduced(model, LongSquare(amplitude_pa=1e6, start_s=0.01, duration_s=0.1))
    response = simulate_reduced(
        model, LongSquare(amplitude_pa=1e6, start_s=0.01, duration_s=0.1), throw=False
    )
    assert "beyond 300 mV" in response.reason
    assert np.isnan(response.voltage_mv[-1])
    assert np.isfinite(response.voltage_mv[:390]).all()


def test_calcium_without_a_pool_stays_where_it_is():
    mechanisms = {name: given for name, given in PYRAMIDAL.items() if name != "CaDynamics"}
    response = simulate_reduced(cell(mechanisms), STEP, record="cai")
    np.testing.assert_allclose(response.states["cai_mM"], 1e-4, rtol=1e-12)


def test_what_it_cannot_run_is_refused():
    active = cell(kind="all-active")
    sections = dict(active.parameters.sections)
    sections["dend"] = replace(sections["dend"], mechanisms={"Ih": {"gbar": 1e-4}})
    model = replace(active, parameters=replace(active.parameters, sections=sections))
    with pytest.raises(SimulationError, match=r"channels in dend; use backend='tree' or 'neuron'"):
        simulate_reduced(model, Zero())
    long = Morphology([1, 2], [1, 1], [[0, 0, 0], [0, 90, 0]], [5, 5], [-1, 0])
    soma = {name: cell().parameters.sections[name] for name in ("soma", "axon")}
    model = BiophysicalModel(replace(cell().parameters, sections=soma), long)
    with pytest.raises(SimulationError, match=r"a soma of one compartment, this one has"):
        simulate_reduced(model, Zero())
    with pytest.raises(SimulationError, match=r"cannot record dend\(0.5\)"):
        simulate_reduced(cell(), Zero(), record="dend(0.5)")
    with pytest.raises(SimulationError, match=r"method must be one of second-order, fixed"):
        simulate_reduced(cell(), Zero(), method="cvode")
    with pytest.raises(SimulationError, match=r"too many channels"):
        lanes_of(tuple(CHANNELS))


@pytest.mark.parametrize("backend", ["reduced", "tree"])
def test_a_threshold_that_nothing_crosses_is_refused(backend):
    with pytest.raises(
        SimulationError, match="spike_threshold_mv must be a finite voltage, got nan"
    ):
        simulate(cell(), STEP, backend=backend, spike_threshold_mv=np.nan)


def test_the_finest_sampling_is_no_division_by_zero():
    assert divided_step_s([1.0, 2.0], None, 1e16, 2.5e-5) == 1e-16
    assert divided_step_s([1.0, 2.0], None, 4e4, 2.5e-5) == 2.5e-5


def test_more_channels_than_the_reduced_cell_has_room_for_run_in_the_tree():
    gbar = {"gbar": 1e-5}
    for names in (tuple(CHANNELS), ("NaV", "NaV2")):
        model = cell(dict.fromkeys(names, gbar))
        assert engine_of(model) == "tree"
        with pytest.raises(SimulationError, match="use backend='tree' or 'neuron'"):
            simulate_reduced(model, Zero())
    assert engine_of(cell()) == "reduced"


def test_wrong_vectors_are_refused():
    model = cell()
    one = batch_cell(model)
    with pytest.raises(SimulationError, match="expected vectors of"):
        one.prepare(np.zeros((2, 3)))
    vector = one.vector(model.parameters)
    vector[one.names.index("soma.Ih.gbar")] = np.nan
    with pytest.raises(SimulationError, match=r"soma.Ih.gbar of set 0 is not finite"):
        one.prepare(vector)
    for wrong, says in (
        ({"rest_s": -1.0}, "rest_s must be 0 or longer"),
        ({"rest_s": np.nan}, "rest_s must be 0 or longer"),
        ({"dt_s": np.inf}, "time steps and every must be positive and finite"),
    ):
        with pytest.raises(SimulationError, match=says):
            one.run(one.prepare(model.parameters), [0.0], **wrong)
    with pytest.raises(SimulationError, match="currents must be finite"):
        one.run(one.prepare(model.parameters), [np.inf, 0.0])


def test_no_compiled_function_calls_one_that_may_reorder_its_sums():
    # The caller would hold a copy, optimised once more: other digits from numba's cache than before.
    from numba.core.dispatcher import Dispatcher

    from allentk.simulation.biophysical import reduced_kernels, reduction_kernels

    for module in (reduced_kernels, reduction_kernels):
        made = {n: one for n, one in vars(module).items() if isinstance(one, Dispatcher)}
        free = {n for n, one in made.items() if "reassoc" in one.targetoptions.get("fastmath", ())}
        for name, one in made.items():
            assert not free & set(one.py_func.__code__.co_names), f"{module.__name__}.{name}"


def test_sets_that_spike_at_rest_are_left_out():
    one = batch_cell(model := cell())
    vectors = np.tile(one.vector(model.parameters), (2, 1))
    prepared = one.prepare(vectors)
    given = {"rest_s": 0.05, "rest_dt_s": 5e-5, "rest_pa": 500.0, "spike_threshold_mv": -20}
    out = one.run(prepared, np.full((2, 100), 300.0), **given)
    assert (out.rest_counts > 0).all()
    assert np.isnan(out.voltage_mv).all()
    assert not out.failed.any()
    kept = one.run(prepared, np.full((2, 100), 300.0), stop=False, **given)
    assert np.isfinite(kept.voltage_mv).all()
