"""Gates against the same formulas, written a second time for one voltage and in 40 digits.

Every row below is read straight from the published tables: strings are exact decimals.
"""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allentk.models.channels import (
    CAI0_MM,
    CAO_MM,
    CHANNELS,
    FARADAY,
    GAS_CONSTANT,
    calcium_drive,
    nernst_mv,
)
from allentk.models.channels.rates import linoid, q10, sigmoid
from allentk.models.known_mechanisms import MECHANISMS

D = Decimal

CELSIUS = (24.0, 34.0, 37.0)
#: Where a formula is 0/0 or has another piece, and beside it.
SPECIAL = (
    -119.0,
    -69.0,
    -66.0,
    -64.4,
    -60.0,
    -50.0,
    -48.0,
    -40.0,
    -38.0,
    -32.0,
    -27.0,
    -17.0,
    43.0,
)
BESIDE = (0.0, -1e-3, 1e-3, -1e-6, 1e-6, -1e-9, 1e-9)
VOLTAGES = np.unique([*np.arange(-120.0, 60.5, 3.7), 60.0, *np.add.outer(SPECIAL, BESIDE).ravel()])
CALCIUM = np.array([0.0, 5e-8, 1e-7, 1e-5, 1e-4, 4.3e-4, 1e-3, 1e-2, 1.0])


def e(x):
    return D(x).exp()


def S(v, h, k):
    return 1 / (1 + e(-(v - D(h)) / D(k)))


def L(x, k):
    return D(k) if x == 0 else x / (e(x / D(k)) - 1)


def Q(T, T0):
    return (D("2.3").ln() * (T - D(T0)) / 10).exp()


def of_rates(a, b, q):
    return a / (a + b), 1 / ((a + b) * q)


def na(v, m, h, q):
    m, h = v + D(m), v + D(h)
    return {
        "m": of_rates(D("0.182") * L(-m, 6), D("0.124") * L(m, 6), q),
        "h": of_rates(D("0.015") * L(h, 6), D("0.015") * L(-h, 6), q),
    }


def nap_h(v, q):
    rate = D("2.88e-6") * L(v + 17, "4.63") + D("6.94e-6") * L(-(v + D("64.4")), "2.63")
    return S(v, "-48.8", -10), 1 / (rate * q)


def bell(v, zero, width):
    return e(-(((v + D(zero)) / D(width)) ** 2))


def kp_taus(u, q):
    grows = D("175.03") * e(D("0.026") * u) if u < -50 else 13 * e(D("-0.026") * u)
    return (D("1.25") + grows) / q, (360 + (1010 + 24 * (u + 55)) * bell(u, 75, 48)) / q


def kt_taus(v, m, h, q):
    return (D("0.34") + D("0.92") * bell(v, m, 59)) / q, (8 + 49 * bell(v, h, 23)) / q


def potassium(name, v, T):
    fixed = Q(D(34), 21)
    if name == "Im":
        a, b = D("0.0033") * e((v + 35) / 10), D("0.0033") * e(-(v + 35) / 10)
        return {"m": of_rates(a, b, Q(T, 21))}
    if name == "Im_v2":
        x = (v + 48) / D("26.12")
        a, b = D("0.007") * e(D("2.4") * x), D("0.007") * e(D("-3.6") * x)
        return {"m": (a / (a + b), (15 + 1 / (a + b)) / Q(T, 30))}
    if name == "K_P":
        m, h = kp_taus(v, Q(T, 21))
        return {"m": (S(v, "-14.3", "14.6"), m), "h": (S(v, -54, -11), h)}
    if name == "K_Pst":
        m, h = kp_taus(v + 10, fixed)
        return {"m": (S(v, -11, 12), m), "h": (S(v, -64, -11), h)}
    if name == "K_T":
        m, h = kt_taus(v, 71, 73, Q(T, 21))
        return {"m": (S(v, -47, 29), m), "h": (S(v, -66, -10), h)}
    if name == "K_Tst":
        m, h = kt_taus(v, 81, 83, fixed)
        return {"m": (S(v, -10, 19), m), "h": (S(v, -76, -10), h)}
    if name in ("Kd", "KdT"):
        q = Q(T, 37) if name == "KdT" else 1
        return {"m": (S(v, -43, 8), D(1) / q), "h": (S(v, -67, "-7.3"), D(1500) / q)}
    if name == "Kv2like":
        q = Q(T, 21)
        a, b = D("0.12") * L(43 - v, 11), D("0.02") * e(-(v + D("1.27")) / 120)
        h1 = (360 + (1010 + D("23.7") * (v + 54)) * bell(v, 75, 48)) / q
        h2 = (2350 + 1380 * e(D("-0.011") * v) - 210 * e(D("-0.03") * v)) / q
        inf = S(v, -58, -11)
        m = a / (a + b), D("2.5") / (q * (a + b))
        return {"m": m, "h1": (inf, h1), "h2": (inf, h2 if h2 >= 0 else D("0.001"))}
    q = Q(T, 23) if name == "Kv3_1T" else 1
    return {"m": (S(v, "18.7", "9.7"), 4 / (1 + e(-(v + D("46.56")) / D("44.14"))) / q)}


def expected(name, v, T):
    """Return gate -> (steady state, time constant in ms or None)."""
    fixed = Q(D(34), 21)
    if CHANNELS[name].ion == "k":
        return potassium(name, v, T)
    if name == "Ih":
        a, b = D("0.00643") * L(v + D("154.9"), "11.9"), D("0.193") * e(v / D("33.1"))
        return {"m": of_rates(a, b, 1)}
    if name == "Ca_HVA":
        return {
            "m": of_rates(D("0.055") * L(-27 - v, "3.8"), D("0.94") * e((-75 - v) / 17), 1),
            "h": of_rates(
                D("0.000457") * e((-13 - v) / 50), D("0.0065") / (e((-v - 15) / 28) + 1), 1
            ),
        }
    if name == "Ca_LVA":
        q = Q(T, 21)
        return {
            "m": (S(v, -40, 6), (5 + 20 / (1 + e((v + 35) / 5))) / q),
            "h": (S(v, -90, "-6.4"), (20 + 50 / (1 + e((v + 50) / 7))) / q),
        }
    if name == "Nap":
        return {"m": (S(v, "-52.6", "4.6"), None), "h": nap_h(v, Q(T, 21))}
    if name == "Nap_Et2":
        rate = D("0.182") * L(-(v + 38), 6) + D("0.124") * L(v + 38, 6)
        return {"m": (S(v, "-52.6", "4.6"), 6 / (rate * fixed)), "h": nap_h(v, fixed)}
    halves = {"NaTs": (40, 66), "NaTa": (48, 69), "NaTa_t": (38, 66), "NaTs2_t": (32, 60)}
    return na(v, *halves[name], fixed if name.endswith("_t") else Q(T, 23))


VOLTAGE_GATED = [name for name, one in CHANNELS.items() if not one.calcium]
EXPONENTS = {
    **dict.fromkeys(("Ih", "Im", "Im_v2", "Kv3_1", "Kv3_1T", "SK"), (1,)),
    **dict.fromkeys(("Kd", "KdT", "Nap"), (1, 1)),
    **dict.fromkeys(("K_P", "K_Pst", "Ca_HVA", "Ca_LVA"), (2, 1)),
    **dict.fromkeys(("NaTs", "NaTa", "NaTa_t", "NaTs2_t", "Nap_Et2"), (3, 1)),
    **dict.fromkeys(("K_T", "K_Tst"), (4, 1)),
}


@pytest.mark.parametrize("name", VOLTAGE_GATED)
@pytest.mark.parametrize("celsius", CELSIUS)
def test_gates_are_those_of_the_table(name, celsius):
    with localcontext() as context:
        context.prec = 40
        rows = [expected(name, D(float(v)), D(celsius)) for v in VOLTAGES]
    gates = CHANNELS[name].gates
    assert [gate.name for gate in gates] == list(rows[0])
    for gate in gates:
        steady = np.array([float(row[gate.name][0]) for row in rows])
        np.testing.assert_allclose(gate.steady(VOLTAGES, celsius), steady, rtol=1e-11, atol=0)
        if gate.tau_ms is None:
            assert rows[0][gate.name][1] is None
            continue
        tau_ms = np.array([float(row[gate.name][1]) for row in rows])
        np.testing.assert_allclose(gate.tau_ms(VOLTAGES, celsius), tau_ms, rtol=1e-9, atol=0)


@pytest.mark.parametrize("celsius", CELSIUS)
def test_calcium_opens_sk(celsius):
    (gate,) = CHANNELS["SK"].gates
    steady = [
        1 / (1 + (4.3e-4 / (cai + 1e-7 if cai < 1e-7 else cai)) ** 4.8) for cai in CALCIUM.tolist()
    ]
    np.testing.assert_allclose(gate.steady(CALCIUM, celsius), steady, rtol=1e-13)
    assert gate.tau_ms is not None
    assert (gate.tau_ms(CALCIUM, celsius) == 1.0).all()
    assert gate.steady(np.array(4.3e-4), celsius) == 0.5


def test_open_fractions_are_powers_of_the_gates():
    rng = np.random.default_rng(1)
    for name, powers in EXPONENTS.items():
        states = rng.uniform(size=(len(powers), 5))
        wanted = np.prod([x**power for x, power in zip(states, powers, strict=True)], axis=0)
        np.testing.assert_allclose(CHANNELS[name].open_fraction(list(states)), wanted, rtol=1e-14)
    m, h1, h2 = rng.uniform(size=(3, 5))
    wanted = m**2 * (h1 + h2) / 2
    np.testing.assert_allclose(CHANNELS["Kv2like"].open_fraction([m, h1, h2]), wanted, rtol=1e-14)
    assert EXPONENTS.keys() | {"Kv2like"} == CHANNELS.keys()


def test_channels_agree_with_the_known_mechanisms():
    assert MECHANISMS.keys() - CHANNELS.keys() == {"NaV", "NaV2", "CaDynamics"}
    for name, channel in CHANNELS.items():
        assert channel.name == name
        assert channel.ion == MECHANISMS[name].ion
        assert channel.shifted == ("vshift_mv" in MECHANISMS[name].defaults)
    assert {name: one.reversal_mv for name, one in CHANNELS.items() if one.reversal_mv} == {
        "Ih": -45.0
    }
    assert [name for name, one in CHANNELS.items() if one.calcium] == ["SK"]


@given(
    v=st.floats(-300.0, 300.0),
    celsius=st.floats(0.0, 45.0),
    name=st.sampled_from(VOLTAGE_GATED),
)
def test_steady_states_are_fractions_and_time_constants_positive(v, celsius, name):
    at = np.array([v])
    for gate in CHANNELS[name].gates:
        assert 0.0 <= gate.steady(at, celsius)[0] <= 1.0
        if gate.tau_ms is not None:
            tau_ms = gate.tau_ms(at, celsius)[0]
            assert 0.0 <= tau_ms < np.inf
            # the one formula that passes through 0 is cut where it is negative
            assert tau_ms > 0.0 or (name == "Kv2like" and abs(v + 119.0) < 1.0)


@pytest.mark.parametrize("name", VOLTAGE_GATED)
def test_gates_take_numbers_and_arrays_of_any_shape(name):
    grid = np.linspace(-100.0, 40.0, 6).reshape(2, 3)
    for gate in CHANNELS[name].gates:
        for law in (gate.steady, gate.tau_ms):
            if law is not None:
                assert law(grid, 34.0).shape == (2, 3)
                assert float(law(np.array(grid[1, 2]), 34.0)) == law(grid, 34.0)[1, 2]


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("Im", 2.3**1.3), ("KdT", 2.3**-0.3), ("Kv3_1T", 2.3**1.1), ("NaTs", 2.3**1.1), ("Kd", 1.0)],
)
def test_temperature_divides_time_constants(name, ratio):
    reference = {"Im": 21.0, "KdT": 37.0, "Kv3_1T": 23.0, "NaTs": 23.0, "Kd": 21.0}[name]
    tau_ms = CHANNELS[name].gates[0].tau_ms
    assert tau_ms is not None
    v = np.array([-50.0])
    assert tau_ms(v, reference)[0] / tau_ms(v, 34.0)[0] == pytest.approx(ratio, rel=1e-12)


@pytest.mark.parametrize("name", ["K_Pst", "K_Tst", "NaTa_t", "NaTs2_t", "Nap_Et2"])
def test_some_are_at_34_degrees_whatever_it_is(name):
    for gate in CHANNELS[name].gates:
        assert gate.tau_ms is not None
        np.testing.assert_array_equal(gate.tau_ms(VOLTAGES, 24.0), gate.tau_ms(VOLTAGES, 34.0))


def test_rates_at_their_limits():
    np.testing.assert_array_equal(linoid(np.array([0.0, -0.0]), 6.0), [6.0, 6.0])
    far = linoid(np.array([-1e4, 1e6]), 6.0)
    assert far[0] == 1e4
    assert 0.0 <= far[1] < 1e-290
    np.testing.assert_allclose(sigmoid(np.array([-1e6, 1e6]), 0.0, 5.0), [0.0, 1.0], atol=1e-290)
    assert q10(37.0, 37.0) == 1.0


def test_reversal_potential_of_calcium():
    for celsius in CELSIUS:
        slope = 1000.0 * 8.31446261815324 * (celsius + 273.15) / (2 * 96485.33212331)
        assert nernst_mv(np.array(1e-4), celsius) == pytest.approx(slope * np.log(2e4), rel=1e-12)
    assert (CAO_MM, CAI0_MM) == (2.0, 1e-4)
    assert pytest.approx(96485.33212, rel=1e-10) == FARADAY
    assert pytest.approx(8.314462618, rel=1e-10) == GAS_CONSTANT


def test_calcium_that_a_current_brings():
    # 1 mA/cm2 = 10 A/m2 over 0.1 um: 10 / (2 F 1e-7 m) mol/(m3 s), of which a part stays
    wanted = 0.02 * 10.0 / (2 * 96485.33212 * 1e-7) / 1000.0
    assert calcium_drive(0.02, 0.1) == pytest.approx(wanted, rel=1e-9)
