"""The compiled tree against dense algebra, on synthetic cells."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from allentk.data import LongSquare, Morphology
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters
from allentk.models.biophysical import SECTIONS
from allentk.models.channels import (
    CHANNELS,
    OPEN,
    SCHEMES,
    calcium_drive,
    equilibrium,
    nernst_mv,
    rate_matrix,
)
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.reduced import ReducedCell
from allentk.simulation.biophysical.tree import TreeCell, simulate_tree
from allentk.simulation.biophysical.tree_kernels import solve_tree
from allentk.simulation.biophysical.tree_layout import CHUNK
from allentk.simulation.biophysical.tree_scheme_kernels import step_scheme
from allentk.simulation.biophysical.tree_values import tables_of

CELSIUS = 34.0
SOMA = {
    "NaTs": {"gbar": 0.05},
    "Nap": {"gbar": 2e-4},
    "Kv3_1": {"gbar": 0.2},
    "K_P": {"gbar": 0.01, "vshift_mv": 3.0},
    "Kv2like": {"gbar": 0.01},
    "Ih": {"gbar": 1e-4},
    "SK": {"gbar": 0.01},
    "Ca_HVA": {"gbar": 1e-4},
    "Ca_LVA": {"gbar": 2e-3},
    "CaDynamics": {"gamma": 0.02, "decay_s": 0.2},
}
AXON = {"NaTa_t": {"gbar": 1.0}, "K_Tst": {"gbar": 0.1}, "Ca_LVA": {"gbar": 1e-3}}
DEND = {"NaV": {"gbar": 0.03}, "Kv3_1": {"gbar": 0.2}, "Im_v2": {"gbar": 1e-3}}
APIC = {"NaTs2_t": {"gbar": 0.01}, "NaV2": {"gbar": 0.01}, "K_T": {"gbar": 0.02}}


def section(mechanisms, **passive):
    values = {"ra_ohm_cm": 120, "cm_uf_per_cm2": 1.5, "g_pas": 1e-4, "e_pas_mv": -80} | passive
    return SectionParameters(**values, ena_mv=53, ek_mv=-107, mechanisms=mechanisms)


def active(**changes):
    sections = {
        "soma": section(SOMA),
        "axon": section(AXON, ra_ohm_cm=80),
        "dend": section(DEND, g_pas=5e-5, cm_uf_per_cm2=2),
        "apic": section(APIC, e_pas_mv=-75),
    }
    return BiophysicalParameters(
        kind="all-active", sections=sections, v_init_mv=-80, axon="stub", **changes
    )


def firing():
    """A cell that fires on and on."""
    one = section({"NaTs": {"gbar": 0.1}, "Kv3_1": {"gbar": 0.3}})
    return replace(active(), sections=dict.fromkeys(SECTIONS, one))


def passive():
    sections = {name: section({}, ra_ohm_cm=90 + 20 * k) for k, name in enumerate(SECTIONS)}
    return BiophysicalParameters(kind="perisomatic", sections=sections, v_init_mv=-80, axon="stub")


@pytest.fixture(scope="module")
def shape():
    """A synthetic cell: a soma, a forked dendrite and a long apical one."""
    xyz = [[0, 0, 0], [0, 10, 0], [0, 90, 0], [60, 150, 0], [-40, 220, 0], [9, 0, 0], [260, 0, 0]]
    return Morphology(
        [1, 2, 3, 4, 5, 6, 7],
        [1, 3, 3, 3, 3, 4, 4],
        xyz,
        [8, 1.2, 0.9, 0.5, 0.6, 1.5, 0.4],
        [-1, 0, 1, 2, 2, 0, 5],
    )


@pytest.fixture(scope="module")
def tree(shape):
    return compartments(shape, axon="stub")


class Dense:
    """The same equations with dense matrices, exact gates and nothing shared but the formulas."""

    def __init__(self, tree, parameters, dt_ms, second_order):
        self.tree, self.parameters, self.second = tree, parameters, second_order
        self.dt = dt_ms
        p = parameters.sections
        self.kind = [SECTIONS[k] for k in tree.kind]
        of = lambda name: np.array([getattr(p[k], name) for k in self.kind])  # noqa: E731
        self.area = tree.area_um2 * 1e-2
        self.capacity = of("cm_uf_per_cm2") * tree.area_um2 * 1e-5
        self.g_leak, self.e_leak = of("g_pas") * self.area, of("e_pas_mv")
        self.axial = np.zeros((tree.n, tree.n))
        for i in range(1, tree.n):
            g = 1 / (0.01 * p[self.kind[i]].ra_ohm_cm * tree.axial_per_um[i])
            j = tree.parent[i]
            for a, b in ((i, j), (j, i)):
                self.axial[a, a] += g
                self.axial[a, b] -= g
        self.v = np.full(tree.n, parameters.v_init_mv)
        self.membrane = [i for i in range(tree.n) if tree.area_um2[i] > 0]
        self.cai = np.full(tree.n, 1e-4)
        self.ica = np.zeros(tree.n)
        self.gates, self.schemes = {}, {}
        for i in self.membrane:
            for name in p[self.kind[i]].mechanisms:
                if name in SCHEMES:
                    self.schemes[i, name] = equilibrium(self.v[i], CELSIUS, name)
                elif name in CHANNELS:
                    x = self.argument(i, name)
                    self.gates[i, name] = [g.steady(x, CELSIUS) for g in CHANNELS[name].gates]

    def argument(self, i, name, dv=0.0):
        if CHANNELS[name].calcium:
            return np.array(self.cai[i])
        shift = self.parameters.sections[self.kind[i]].mechanisms[name].get("vshift_mv", 0.0)
        return np.array(self.v[i] + dv - shift)

    def current(self, i, dv=0.0):
        """Current density out of a compartment, and the part that calcium carries."""
        own = self.parameters.sections[self.kind[i]]
        total = calcium = 0.0
        for name in own.mechanisms:
            if name == "CaDynamics":
                continue
            gbar = own.value(name, "gbar")
            if name in SCHEMES:
                total += gbar * self.schemes[i, name][OPEN] * (self.v[i] + dv - own.ena_mv)
                continue
            channel = CHANNELS[name]
            states = [
                gate.steady(self.argument(i, name, dv), CELSIUS) if gate.tau_ms is None else state
                for gate, state in zip(channel.gates, self.gates[i, name], strict=True)
            ]
            e = {"na": own.ena_mv, "k": own.ek_mv, "": channel.reversal_mv}.get(channel.ion)
            if channel.ion == "ca":
                e = float(nernst_mv(np.array(self.cai[i]), CELSIUS))
            flows = gbar * channel.open_fraction(states) * (self.v[i] + dv - e)
            total += flows
            calcium += flows if channel.ion == "ca" else 0.0
        return total, calcium

    def step(self, current_na):
        factor = (2 if self.second else 1) / self.dt
        matrix = self.axial + np.diag(self.capacity * factor + self.g_leak)
        right = -self.axial @ self.v - self.g_leak * (self.v - self.e_leak)
        right[0] += current_na
        slopes = np.zeros(self.tree.n)
        for i in self.membrane:
            here, self.ica[i] = self.current(i)
            there, calcium = self.current(i, 1e-3)
            matrix[i, i] += (there - here) / 1e-3 * self.area[i]
            slopes[i] = (calcium - self.ica[i]) / 1e-3
            right[i] -= here * self.area[i]
        change = np.linalg.solve(matrix, right)
        if self.second:
            self.ica += slopes * change
        self.v = self.v + (2 if self.second else 1) * change
        for i in self.membrane:
            self.advance(i)

    def advance(self, i):
        own = self.parameters.sections[self.kind[i]]
        if "CaDynamics" in own.mechanisms:
            rise = calcium_drive(own.value("CaDynamics", "gamma"), 0.1)
            decay = 1e3 * own.value("CaDynamics", "decay_s")
            steady = 1e-4 - rise * decay * self.ica[i]
            self.cai[i] = steady + np.exp(-self.dt / decay) * (self.cai[i] - steady)
        for name in own.mechanisms:
            if name in SCHEMES:
                share = self.dt / 2 if self.second else self.dt
                old = self.schemes[i, name]
                implicit = np.eye(12) - share * rate_matrix(self.v[i], CELSIUS, name)
                new = np.linalg.solve(implicit, old)
                self.schemes[i, name] = 2 * new - old if self.second else new
            elif name in CHANNELS:
                x = self.argument(i, name)
                for k, gate in enumerate(CHANNELS[name].gates):
                    steady = gate.steady(x, CELSIUS)
                    tau = None if gate.tau_ms is None else gate.tau_ms(x, CELSIUS)
                    kept = 0.0 if tau is None else np.exp(-self.dt / tau)
                    self.gates[i, name][k] = steady + kept * (self.gates[i, name][k] - steady)


def test_the_solution_of_a_tree_is_that_of_the_dense_equations():
    rng = np.random.default_rng(0)
    for n in (1, 2, 60):
        parent = np.array([-1] + [int(rng.integers(0, i)) for i in range(1, n)])
        coupling = rng.uniform(0.1, 5.0, n)
        dense = np.diag(rng.uniform(0.01, 1.0, n))
        for i in range(1, n):
            for a, b in ((i, parent[i]), (parent[i], i)):
                dense[a, a] += coupling[i]
                dense[a, b] -= coupling[i]
        right, v = rng.normal(size=n), np.zeros(n)
        solve_tree(parent, coupling, np.diag(dense).copy(), right.copy(), v)
        np.testing.assert_allclose(v, np.linalg.solve(dense, right), rtol=1e-11)


@pytest.mark.parametrize("name", ["NaV", "NaV2"])
@pytest.mark.parametrize("again", [0.0, 1.0])
def test_the_block_solve_of_a_sodium_scheme_is_the_dense_step(tree, name, again):
    dt, n = 0.025, 37
    rng = np.random.default_rng(1)
    v = rng.uniform(-120, 60, n)
    states = np.zeros((12, CHUNK))
    states[:, :n] = rng.dirichlet(np.ones(12), n).T
    before = states.copy()
    share = dt / 2 if again else dt
    rungs = tables_of(TreeCell.of(tree, passive()).plan, CELSIUS, share).rungs
    g, ge = np.ones(n), np.zeros(n)
    flat = states.ravel()
    step_scheme(
        flat, 0, rungs, list(SCHEMES).index(name), again, np.exp(v / 24), 0, n, 0.03, 53.0, g, ge
    )
    new = np.linalg.solve(
        np.eye(12) - share * rate_matrix(v, CELSIUS, name), before[:, :n].T[..., None]
    )[..., 0].T
    expected = new + again * (new - before[:, :n])
    got = flat.reshape(12, CHUNK)
    np.testing.assert_allclose(got[:, :n], expected, atol=1e-12)
    np.testing.assert_allclose(got[:, :n].sum(axis=0), 1.0, atol=1e-12)
    np.testing.assert_array_equal(got[:, n:], 0.0)
    np.testing.assert_allclose(g, 1 + 0.03 * expected[OPEN], atol=1e-13)
    np.testing.assert_allclose(ge, 53 * 0.03 * expected[OPEN], atol=1e-12)


def test_a_passive_tree_follows_the_matrix_exponential(tree):
    parameters = passive()
    dense = Dense(tree, parameters, 0.01, second_order=True)
    # Ends of sections have no membrane, and follow the others at once.
    inner, ends = tree.area_um2 > 0, tree.area_um2 == 0
    a, b, d = dense.axial[inner][:, inner], dense.axial[inner][:, ends], dense.axial[ends][:, ends]
    matrix = a - b @ np.linalg.solve(d, b.T) + np.diag(dense.g_leak[inner])
    rates = matrix / dense.capacity[inner][:, None]
    pushed = np.zeros(inner.sum())
    pushed[0] = 0.1
    steady = np.linalg.solve(matrix, pushed)
    cell = TreeCell.of(tree, parameters)
    places = list(np.flatnonzero(inner))
    run = cell.run(
        parameters, np.full(4001, 100.0), dt_s=1e-5, method="second-order", record=places
    )
    for k in (100, 1000, 4000):
        exact = -80 + steady - expm(-rates * k * 0.01) @ steady
        np.testing.assert_allclose(run.voltage_mv[:, k], exact, atol=2e-3)


@pytest.mark.parametrize("method", ["fixed", "second-order"])
def test_all_channels_together_are_those_of_the_dense_cell(tree, method):
    dt, parameters = 0.025, active()
    current = np.r_[np.zeros(40), np.full(140, 1200.0)]
    dense = Dense(tree, parameters, dt, method == "second-order")
    expected = []
    for one in current:
        expected.append(dense.v)
        dense.step(1e-3 * one)
    cell = TreeCell.of(tree, parameters)
    run = cell.run(
        parameters, current, dt_s=1e-3 * dt, method=method, record=range(tree.n), watch=[0]
    )
    expected = np.array(expected).T
    assert expected[0].max() > 0, "the synthetic cell is to spike"
    np.testing.assert_allclose(run.voltage_mv[:, :40], expected[:, :40], atol=2e-5)
    above = expected[0] >= -20
    steps = np.flatnonzero(above[1:] & ~above[:-1]) + 1
    assert np.abs(run.spike_steps[0] - steps).max() <= 1
    np.testing.assert_allclose(run.voltage_mv, expected, atol=0.5)


def test_tables_cost_little_accuracy(tree):
    parameters = active()
    dense = Dense(tree, parameters, 0.025, second_order=False)
    for _ in range(30):
        dense.step(0.0)
    run = TreeCell.of(tree, parameters).run(parameters, np.zeros(31), record=range(tree.n))
    assert np.abs(run.voltage_mv[:, 30] - dense.v).max() < 5e-6


@pytest.mark.parametrize("method", ["fixed", "second-order"])
def test_a_perisomatic_cell_is_that_of_the_reduced_backend(tree, method):
    rest = {name: section({}, g_pas=5e-5) for name in ("axon", "dend", "apic")}
    soma = {**SOMA, "NaTs": {"gbar": 0.3}}
    del soma["K_P"]
    parameters = replace(active(), kind="perisomatic", sections={"soma": section(soma), **rest})
    reduced = ReducedCell.of(tree, tuple(soma), celsius=CELSIUS)
    current = np.r_[np.zeros(400), np.full(4000, 700.0)]
    batch = reduced.run(reduced.prepare(parameters), current[None], dt_s=2.5e-5, method=method)
    run = TreeCell.of(tree, parameters).run(parameters, current, method=method)
    spikes_s = 2.5e-5 * run.spike_steps[0]
    assert spikes_s.size
    np.testing.assert_allclose(batch.spike_times_s(0, 0), spikes_s, atol=1.5e-4)
    np.testing.assert_allclose(batch.voltage_mv[0, 0, :400], run.voltage_mv[0, :400], atol=0.02)


def test_a_run_goes_on_from_a_settled_state(tree):
    parameters = active()
    cell = TreeCell.of(tree, parameters)
    step = np.full(2000, 300.0)
    whole = cell.run(parameters, np.r_[np.zeros(800), step])
    state = cell.settle(parameters, 0.02, dt_s=2.5e-5)
    first, second = (cell.run(parameters, step, state=state) for _ in range(2))
    np.testing.assert_array_equal(first.voltage_mv, second.voltage_mv)
    np.testing.assert_allclose(first.voltage_mv[0], whole.voltage_mv[0, 800:], atol=1e-9)
    assert first.spike_steps[0].tolist() == (whole.spike_steps[0] - 800).tolist()


def test_sweeps_share_their_rest(tree):
    parameters = active()
    cell = TreeCell.of(tree, parameters)
    currents = [np.full(800, -50.0), np.full(900, 500.0)]
    runs = cell.sweeps(parameters, currents, rest_s=0.05, method="second-order")
    state = cell.settle(parameters, 0.05, method="second-order")
    for run, current in zip(runs, currents, strict=True):
        alone = cell.run(parameters, current, method="second-order", state=state)
        np.testing.assert_array_equal(run.voltage_mv, alone.voltage_mv)
        assert run.spike_steps[0].tolist() == alone.spike_steps[0].tolist()
    assert [run.spike_steps[0].size > 0 for run in runs] == [False, True]


@pytest.mark.parametrize(
    "rest", [{"duration_s": -1.0}, {"duration_s": np.nan}, {"duration_s": 0.1, "dt_s": 0.0}]
)
def test_a_rest_that_cannot_be_is_refused(tree, rest):
    with pytest.raises(SimulationError, match="a rest lasts 0 s or longer, in steps longer than 0"):
        TreeCell.of(tree, active()).settle(active(), **rest)


def test_there_are_no_sweeps_of_a_cell_that_fires_at_rest(tree):
    parameters = firing()
    assert TreeCell.of(tree, parameters).sweeps(parameters, [np.zeros(9)], rest_pa=900.0) == []


def test_a_run_keeps_every_few_steps_and_watches_the_axon(tree):
    parameters = active()
    cell = TreeCell.of(tree, parameters)
    step = np.full(2000, 300.0)
    run = cell.run(parameters, step, record=[0, cell.axon], every=7, watch=[0, cell.axon])
    full = cell.run(parameters, step, record=[0, cell.axon])
    assert tree.kind[cell.axon] == SECTIONS.index("axon")
    np.testing.assert_array_equal(run.voltage_mv, full.voltage_mv[:, ::7])
    for row, steps in zip(full.voltage_mv, run.spike_steps, strict=True):
        assert steps.size
        assert (row[steps] >= -20).all()
        assert (row[steps - 1] < -20).all()


def test_a_run_stops_after_enough_spikes_and_says_so(tree):
    parameters = firing()
    cell = TreeCell.of(tree, parameters)
    run = cell.run(parameters, np.full(8000, 800.0), most_spikes=2)
    assert run.spike_steps[0].size == 2
    assert run.n_steps < 8000
    assert "more than 2 spikes" in run.reason
    assert np.isnan(run.voltage_mv[0, run.n_steps + 1 :]).all()


def test_channels_of_calcium_without_its_pool_see_calcium_at_rest(tree):
    # The axon of this cell has Ca_LVA and no CaDynamics.
    parameters = active()
    cell = TreeCell.of(tree, parameters)
    state = cell.settle(parameters, 0.01)
    kinds = dict(zip(cell.plan.kinds, cell.plan.layout.kinds, strict=True))
    first, last = kinds[SECTIONS.index("axon")][:2]
    np.testing.assert_array_equal(state.cai[first:last], 1e-4)


def test_parameters_that_the_cell_was_not_made_for_are_refused(tree):
    parameters = active()
    cell = TreeCell.of(tree, parameters)
    other = {**parameters.sections, "dend": section({"NaTs": {"gbar": 0.1}})}
    for wrong in (
        replace(parameters, sections=other),
        replace(parameters, celsius=24.0),
    ):
        with pytest.raises(SimulationError, match="other mechanisms"):
            cell.run(wrong, np.zeros(5))
    there = {name: one for name, one in parameters.sections.items() if name != "apic"}
    with pytest.raises(SimulationError, match="'apic'"):
        TreeCell.of(tree, replace(parameters, sections=there))
    lacking = {**parameters.sections, "soma": replace(parameters.sections["soma"], ena_mv=None)}
    with pytest.raises(SimulationError, match="ena_mv"):
        cell.run(replace(parameters, sections=lacking), np.zeros(5))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "cvode"}, "method"),
        ({"dt_s": 0.0}, "dt_s"),
        ({"dt_s": np.nan}, "dt_s"),
        ({"every": 0}, "every"),
        ({"record": [999]}, "no compartment 999"),
        ({"at": -1}, "no compartment -1"),
        ({"current_pa": [np.inf]}, "finite"),
        ({"current_pa": [[0.0]]}, "one-dimensional"),
    ],
)
def test_a_run_that_cannot_be_is_refused(tree, options, says):
    parameters = active()
    cell = TreeCell.of(tree, parameters)
    with pytest.raises(SimulationError, match=says):
        cell.run(parameters, **{"current_pa": np.zeros(3), **options})


def test_simulate_tree_returns_a_response_with_places(shape):
    model = BiophysicalModel(active(), shape)
    step = LongSquare(amplitude_pa=400, start_s=0.02, duration_s=0.06, tail_s=0.02)
    response = simulate_tree(model, step, record=("spikes", "soma(0.5)", "dend[0](1)"))
    assert list(response.states) == ["voltage_mv soma(0.5)", "voltage_mv dend[0](1)"]
    np.testing.assert_array_equal(response.states["voltage_mv soma(0.5)"], response.voltage_mv)
    assert response.dt_s == 2.5e-5
    assert response.voltage_mv[0] == -80
    assert response.spike_times_s.size
    assert (response.voltage_mv[response.spike_steps] >= -20).all()
    assert response.amplitude_pa == 400
    again = simulate_tree(model, step)
    np.testing.assert_array_equal(again.voltage_mv, response.voltage_mv)


def test_simulate_tree_says_what_it_cannot_do(shape):
    model = BiophysicalModel(active(), shape)
    for record, says in (
        ("NaTs.m", "backend='neuron'"),
        ("dend[0](.)", "cannot record"),
        ("dend[77](0.5)", r"dend\[77\]"),
    ):
        with pytest.raises(SimulationError, match=says):
            simulate_tree(model, np.zeros(10), record=record)


def test_a_voltage_that_is_no_number_ends_the_run(tree):
    parameters = active()
    cell = TreeCell.of(tree, parameters)
    state = cell.settle(parameters, 0.001)
    state.v[:] = np.nan
    state.cai[:] = np.nan
    run = cell.run(parameters, np.zeros(20), state=state)
    assert run.n_steps == 0
    assert "left all bounds" in run.reason
    state = cell.settle(parameters, 0.001)
    state.v[3], state.cai[0] = np.inf, np.nan
    assert cell.run(parameters, np.zeros(20), state=state).n_steps <= 1


def test_a_run_away_is_an_error_or_a_reason(shape):
    model = BiophysicalModel(active(), shape)
    with pytest.raises(SimulationError, match="left all bounds"):
        simulate_tree(model, np.full(2000, 1e7))
    current = np.r_[np.zeros(100), np.full(2000, 1e7)]
    response = simulate_tree(model, current, throw=False, record="dend[0](0.5)")
    assert "left all bounds after 0.002525 s" in response.reason
    for voltage in (response.voltage_mv, response.states["voltage_mv dend[0](0.5)"]):
        assert np.isfinite(voltage[:101]).all()
        assert np.isnan(voltage[101:]).all()
    assert response.spike_times_s.size == 0
    cell = TreeCell.of(compartments(shape, axon="stub"), active())
    for every, n_kept in ((2, 51), (101, 1)):
        run = cell.run(active(), current, every=every)
        assert np.isfinite(run.voltage_mv[0]).sum() == n_kept
