"""The compiled mechanisms against the vectorised equations, in cells of one compartment.

Their voltage stands still, as their capacitance is beyond measure; so a gate relaxes by one known
exponential.
"""

import numpy as np
import pytest

from allentk.models.channels import (
    CAI0_MM,
    CHANNELS,
    OPEN,
    SCHEMES,
    STATES,
    calcium_drive,
    equilibrium,
    nernst_mv,
    rate_matrix,
)
from allentk.models.known_mechanisms import MECHANISMS
from allentk.simulation.biophysical.mechanisms import mechanism_name
from allentk.simulation.biophysical.neuron_session import session

pytest.importorskip("neuron")

CELSIUS = (24.0, 34.0, 37.0)
#: Where a formula is 0/0 or has another piece, and beside it.
SPECIAL = np.add.outer(
    [-69.0, -66.0, -64.4, -60.0, -50.0, -48.0, -40.0, -38.0, -32.0, -27.0, -17.0, 43.0],
    [0.0, -1e-3, 1e-6],
)
VOLTAGES = np.unique([*np.arange(-120.0, 60.5, 7.3), 60.0, *SPECIAL.ravel()])
CALCIUM = np.array([1e-8, 5e-5, 1e-4, 4.3e-4, 1e-3, 1e-2])
REVERSAL = {"na": 53.0, "k": -107.0, "ca": 131.0}
VOLTAGE_GATED = [name for name, one in CHANNELS.items() if not one.calcium]
INSTANT = [("Nap", "m")]


@pytest.fixture
def h(own_settings):
    with session() as h:
        h.secondorder = 0
        yield h
        for section in list(h.allsec()):
            h.delete_section(sec=section)


class Cells:
    """Cells of one compartment that stay at a voltage each."""

    def __init__(self, h, voltages_mv, *names):
        self.h, self.names = h, [mechanism_name(name) for name in names]
        self.voltages_mv = np.asarray(voltages_mv)
        self.sections = [h.Section(name=f"cell{k}") for k in range(self.voltages_mv.size)]
        for section in self.sections:
            section.L = section.diam = 10.0
            section.cm = 1e20
            for name in self.names:
                section.insert(name)

    def start(self, celsius):
        self.h.celsius = celsius
        for section, v_mv in zip(self.sections, self.voltages_mv.tolist(), strict=True):
            section.v = v_mv
        self.h.finitialize()

    def step(self, dt_ms):
        self.h.dt = dt_ms
        self.h.fadvance()
        np.testing.assert_allclose(self.get("v"), self.voltages_mv, rtol=0, atol=1e-12)

    def get(self, variable, name=None):
        places = [section(0.5) for section in self.sections]
        if name is not None:
            places = [getattr(place, name) for place in places]
        return np.array([getattr(place, variable) for place in places])

    def set(self, values, variable, name=None):
        values = np.broadcast_to(values, len(self.sections)).tolist()
        for section, value in zip(self.sections, values, strict=True):
            place = section(0.5) if name is None else getattr(section(0.5), name)
            setattr(place, variable, value)


def expect_time_constants(cells, name, voltages_mv, celsius):
    """Let every gate relax from far away in steps between a third and three times as long as it takes."""
    own, gates = mechanism_name(name), [g for g in CHANNELS[name].gates if g.tau_ms is not None]
    steady = [gate.steady(voltages_mv, celsius) for gate in gates]
    wanted = [gate.tau_ms(voltages_mv, celsius) for gate in gates]
    away = [np.where(inf < 0.5, 0.9, 0.1) for inf in steady]
    decades = [np.rint(np.log10(tau_ms)) for tau_ms in wanted]
    for decade in np.unique(decades):
        for gate, start in zip(gates, away, strict=True):
            cells.set(start, gate.name, own)
        cells.step(dt_ms := 10.0 ** float(decade))
        for k, gate in enumerate(gates):
            here = decades[k] == decade
            moved = (cells.get(gate.name, own) - away[k])[here]
            tau_ms = -dt_ms / np.log1p(moved / (away[k] - steady[k])[here])
            np.testing.assert_allclose(tau_ms, wanted[k][here], rtol=1e-9, atol=0)


@pytest.mark.parametrize("celsius", CELSIUS)
@pytest.mark.parametrize("name", VOLTAGE_GATED)
def test_gates_and_current(h, name, celsius):
    channel, own = CHANNELS[name], mechanism_name(name)
    cells = Cells(h, VOLTAGES, name)
    cells.set(0.01, "gbar", own)
    if channel.ion:
        cells.set(REVERSAL[channel.ion], f"e{channel.ion}")
    cells.start(celsius)
    states = [gate.steady(VOLTAGES, celsius) for gate in channel.gates]
    for gate, steady in zip(channel.gates, states, strict=True):
        if (name, gate.name) not in INSTANT:
            np.testing.assert_allclose(cells.get(gate.name, own), steady, rtol=1e-12)
    reversal = channel.reversal_mv if channel.reversal_mv is not None else REVERSAL[channel.ion]
    current = 0.01 * channel.open_fraction(states) * (VOLTAGES - reversal)
    got = cells.get(f"i{channel.ion}") if channel.ion else cells.get("i", own)
    np.testing.assert_allclose(got, current, rtol=1e-9, atol=0)
    expect_time_constants(cells, name, VOLTAGES, celsius)


@pytest.mark.parametrize("name", [name for name, one in CHANNELS.items() if one.shifted])
def test_shift_moves_every_voltage(h, name):
    own, moved = mechanism_name(name), VOLTAGES - 7.5
    cells = Cells(h, VOLTAGES, name)
    cells.set(7.5, "vshift", own)
    cells.start(34.0)
    for gate in CHANNELS[name].gates:
        steady = gate.steady(moved, 34.0)
        np.testing.assert_allclose(cells.get(gate.name, own), steady, rtol=1e-12)
    expect_time_constants(cells, name, moved, 34.0)


def test_persistent_sodium_has_its_slope_in_the_conductance(h):
    (cell,) = (cells := Cells(h, [-52.6], "Nap")).sections
    cells.set(0.01, "gbar", "atk_Nap")
    cell.cm, cell.ena, dt_ms = 1.0, 53.0, 0.025
    cells.start(34.0)
    h.dt = dt_ms
    h.fadvance()
    v = np.array([-52.6, -52.599])
    m, h_gate = CHANNELS["Nap"].gates
    current = 0.01 * m.steady(v, 34.0) * h_gate.steady(v[0], 34.0) * (v - 53.0)
    slope = (current[1] - current[0]) / 0.001
    per_ms = 1e-3 / dt_ms
    # implicit: C dv/dt = -(i + slope dv)
    assert cell.v + 52.6 == pytest.approx(-current[0] / (per_ms + slope), rel=1e-6)


@pytest.mark.parametrize("celsius", CELSIUS)
def test_calcium_opens_sk(h, celsius):
    own = mechanism_name("SK")
    (gate,) = CHANNELS["SK"].gates
    cells = Cells(h, np.full(CALCIUM.size, -60.0), "SK", "CaDynamics")
    cells.set(CALCIUM, "minCai", "atk_CaDynamics")
    cells.set(-107.0, "ek")
    cells.start(celsius)
    steady = gate.steady(CALCIUM, celsius)
    np.testing.assert_array_equal(cells.get("cai"), CALCIUM)
    np.testing.assert_allclose(cells.get("z", own), steady, rtol=1e-12)
    np.testing.assert_allclose(cells.get("ik"), 1e-6 * steady * 47.0, rtol=1e-12)
    cells.set(0.25, "z", own)
    cells.step(0.7)
    wanted = steady + (0.25 - steady) * np.exp(-0.7)
    np.testing.assert_allclose(cells.get("z", own), wanted, rtol=1e-12)


@pytest.mark.parametrize("celsius", CELSIUS)
def test_calcium_pool(h, celsius):
    pool = {"gamma": 0.013, "decay": 310.0, "depth": 0.17, "minCai": 2e-4}
    cells = Cells(h, VOLTAGES, "Ca_HVA", "CaDynamics")
    cells.set(1e-4, "gbar", "atk_Ca_HVA")
    for parameter, value in pool.items():
        cells.set(value, parameter, "atk_CaDynamics")
    cells.start(celsius)
    np.testing.assert_array_equal(cells.get("cai"), 2e-4)
    np.testing.assert_allclose(cells.get("eca"), nernst_mv(2e-4, celsius), rtol=1e-13)
    for dt_ms in (0.025, 50.0):
        before, ica = cells.get("cai"), cells.get("ica")
        cells.step(dt_ms)
        rest = 2e-4 - ica * calcium_drive(0.013, 0.17) * 310.0
        wanted = rest + (before - rest) * np.exp(-dt_ms / 310.0)
        np.testing.assert_allclose(cells.get("cai"), wanted, rtol=1e-12)
        h.fcurrent()
        np.testing.assert_allclose(cells.get("eca"), nernst_mv(wanted, celsius), rtol=1e-12)


@pytest.mark.parametrize("celsius", CELSIUS)
@pytest.mark.parametrize("name", SCHEMES)
def test_sodium_scheme(h, name, celsius):
    own = mechanism_name(name)
    cells = Cells(h, VOLTAGES, name)
    cells.set(0.01, "gbar", own)
    cells.set(53.0, "ena")
    cells.start(celsius)
    at_rest = equilibrium(VOLTAGES, celsius, name)
    got = np.stack([cells.get(state, own) for state in STATES], axis=1)
    np.testing.assert_allclose(got, at_rest, rtol=1e-12)
    np.testing.assert_allclose(
        cells.get("ina"), 0.01 * at_rest[:, OPEN] * (VOLTAGES - 53.0), rtol=1e-9
    )
    p = np.random.default_rng(3).dirichlet(np.ones(12), VOLTAGES.size)
    for place, state in enumerate(STATES):
        cells.set(p[:, place], state, own)
    R = rate_matrix(VOLTAGES, celsius, name)
    for dt_ms in (0.005, 0.025, 0.1):
        cells.step(dt_ms)
        p = np.linalg.solve(np.eye(12) - dt_ms * R, p[..., None])[..., 0]
        got = np.stack([cells.get(state, own) for state in STATES], axis=1)
        np.testing.assert_allclose(got, p, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(got.sum(axis=1), 1.0, rtol=1e-14)


def relaxed(start, end, celsius, duration_ms):
    """Return name -> states after a jump of the voltage from `start` to `end`."""
    from scipy.linalg import expm

    out = {}
    for name in VOLTAGE_GATED:
        for gate in CHANNELS[name].gates:
            if gate.tau_ms is not None:
                x, inf = gate.steady(start, celsius), gate.steady(end, celsius)
                passed = np.exp(-duration_ms / gate.tau_ms(end, celsius))
                out[name, gate.name] = float(inf + (x - inf) * passed)
    for name in SCHEMES:
        p = expm(duration_ms * rate_matrix(end, celsius, name)) @ equilibrium(start, celsius, name)
        out |= {(name, state): float(x) for state, x in zip(STATES, p, strict=True)}
    return out


@pytest.mark.parametrize("method", ["second-order", "cvode"])
def test_other_ways_to_integrate(h, method):
    names = [name for name in MECHANISMS if name not in ("SK", "CaDynamics")]
    (cell,) = (cells := Cells(h, [-75.0], *names)).sections
    cvode = h.CVode()
    cells.start(34.0)
    cell.v = -35.0
    wanted = relaxed(np.array(-75.0), np.array(-35.0), 34.0, 2.0)
    try:
        if method == "cvode":
            cvode.active(True)
            cvode.atol(1e-8)
            cvode.re_init()
            cvode.solve(2.0)
        else:
            h.secondorder, h.dt = 2, 0.001
            while h.t < 2.0 - 1e-9:
                h.fadvance()
        got = {key: getattr(getattr(cell(0.5), mechanism_name(key[0])), key[1]) for key in wanted}
    finally:
        cvode.active(False)
        h.secondorder = 0
    for key, value in wanted.items():
        # NaV takes Euler's steps, which err by about dt / tau
        atol = 2e-3 if method != "cvode" and key[0] in SCHEMES else 1e-6
        assert got[key] == pytest.approx(value, abs=atol), key


def test_parameters_that_models_set_are_there(h):
    cells = Cells(h, [-70.0], *MECHANISMS)
    names = {"decay_s": "decay", "depth_um": "depth", "min_cai_mM": "minCai", "vshift_mv": "vshift"}
    for name, one in MECHANISMS.items():
        for parameter, default in one.defaults.items():
            (value,) = cells.get(names.get(parameter, parameter), mechanism_name(name))
            assert value == pytest.approx(default * (1e3 if parameter == "decay_s" else 1.0))
    cells.start(34.0)
    assert cells.get("cai").tolist() == [CAI0_MM]
