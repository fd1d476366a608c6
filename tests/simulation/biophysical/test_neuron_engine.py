"""Biophysical cells in NEURON: against cable theory, and its own integrators. All cells are synthetic."""

import math
from dataclasses import replace

import numpy as np
import pytest

from allentk.data import LongSquare, Morphology, Sweep
from allentk.errors import DataError, SimulationError
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters
from allentk.simulation import simulate
from allentk.simulation.biophysical.neuron_engine import simulate_neuron
from allentk.simulation.biophysical.simulate import engine_of

pytest.importorskip("neuron")

PASSIVE = SectionParameters(ra_ohm_cm=150, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-70)
ACTIVE = replace(
    PASSIVE,
    ena_mv=53,
    ek_mv=-107,
    mechanisms={
        "NaTs": {"gbar": 0.5},
        "Kv3_1": {"gbar": 0.3},
        "K_T": {"gbar": 0.01, "vshift_mv": 0.0},
        "SK": {"gbar": 0.002},
        "Ca_HVA": {"gbar": 2e-4},
        "CaDynamics": {"gamma": 0.02, "decay_s": 0.2},
    },
)
# A soma of 20 x 20 um, a dendrite of 500 x 2 um on its end, and an axon of 100 x 1 um on its middle.
BALL_AND_STICK = Morphology(
    [1, 2, 3, 4, 5, 6, 7],
    [1, 1, 1, 3, 3, 2, 2],
    [[0, 0, 0], [0, 10, 0], [0, 20, 0], [0, 21, 0], [0, 520, 0], [1, 10, 0], [100, 10, 0]],
    [10, 10, 10, 1, 1, 0.5, 0.5],
    [-1, 0, 1, 2, 3, 1, 5],
)
STEP = LongSquare(amplitude_pa=300, start_s=0.05, duration_s=0.2, tail_s=0.03)


def cell(soma=PASSIVE, axon="stub", kind="perisomatic", **options):
    sections = {"soma": soma, "axon": PASSIVE, "dend": PASSIVE}
    parameters = BiophysicalParameters(
        kind=kind, v_init_mv=-70, axon=axon, sections=sections, **options
    )
    return BiophysicalModel(parameters, BALL_AND_STICK)


def cable_ns(length_um, diameter_um, p=PASSIVE):
    """Return the input conductance of a cable with a sealed end (Rall), and its space constant in um."""
    lam = 1e4 * math.sqrt(diameter_um * 1e-4 / (4 * p.g_pas * p.ra_ohm_cm))
    along = math.pi / 2 * (diameter_um * 1e-4) ** 1.5 * math.sqrt(p.g_pas / p.ra_ohm_cm) * 1e9
    return along * math.tanh(length_um / lam), lam


@pytest.mark.parametrize("method", ["fixed", "second-order", "cvode"])
def test_input_resistance_is_that_of_cable_theory(method):
    soma = PASSIVE.g_pas * math.pi * 20 * 20 * 1e-8 * 1e9
    dendrite, lam = cable_ns(500, 2)
    expected_mohm = 1e3 / (soma + dendrite + cable_ns(60, 1)[0])
    step = LongSquare(amplitude_pa=10, start_s=0.0, duration_s=0.3, tail_s=0.0)
    response = simulate_neuron(
        cell(), step, method=method, dt_s=1e-4 if method != "fixed" else None,
        record=("soma(0.5)", "dend[0](1)", "dend[0](0.5)"),
    )  # fmt: skip
    raised = response.voltage_mv[-1] + 70
    assert raised == pytest.approx(10 * expected_mohm * 1e-3, rel=3e-3)
    np.testing.assert_array_equal(response.states["voltage_mv soma(0.5)"], response.voltage_mv)
    # A sealed cable falls off as a hyperbolic cosine.
    end = response.states["voltage_mv dend[0](1)"][-1] + 70
    middle = response.states["voltage_mv dend[0](0.5)"][-1] + 70
    assert end / middle == pytest.approx(1 / math.cosh(250 / lam), rel=3e-3)


def test_current_k_acts_from_k_dt_on():
    """The voltage is noted at the beginning of every step, before its current acts."""
    current = np.zeros(400)
    current[200:] = 100.0
    for method in ("fixed", "second-order", "cvode"):
        v = simulate_neuron(cell(), current, dt_s=2.5e-5, method=method).voltage_mv
        assert v.size == 400
        assert v[0] == -70
        np.testing.assert_allclose(v[:201], -70, atol=1e-6)
        # 100 pA charge a soma of 12.6 pF: 0.2 mV in the first step, less what flows away.
        assert v[201] + 70 == pytest.approx(100 * 0.025 / 12.57, rel=0.25)


def test_the_integrators_agree():
    fine = simulate_neuron(cell(ACTIVE), STEP, method="fixed", dt_s=2.5e-6)
    assert 3 < fine.spike_times_s.size < 100
    limits = {"fixed": 3e-3, "second-order": 2e-4, "cvode": 3e-4}
    for method, limit in limits.items():
        response = simulate_neuron(cell(ACTIVE), STEP, method=method)
        np.testing.assert_allclose(response.spike_times_s, fine.spike_times_s, atol=limit, rtol=0)
    tight = simulate_neuron(cell(ACTIVE), STEP, atol=1e-6)
    np.testing.assert_allclose(tight.spike_times_s, fine.spike_times_s, atol=2e-4, rtol=0)


def test_spikes_are_crossings_from_below():
    response = simulate_neuron(cell(ACTIVE), STEP, method="fixed")
    v, steps = response.voltage_mv, response.spike_steps
    np.testing.assert_array_equal(response.spike_times_s, steps * response.dt_s)
    assert (v[steps] >= -20).all()
    assert (v[steps - 1] < -20).all()
    variable = simulate_neuron(cell(ACTIVE), STEP)
    # The crossing lies within the step before.
    late = variable.spike_steps * variable.dt_s - variable.spike_times_s
    assert ((late >= 0) & (late < variable.dt_s)).all()
    higher = simulate_neuron(cell(ACTIVE), STEP, spike_threshold_mv=200.0)
    assert higher.spike_times_s.size == 0


def test_the_same_run_gives_the_same_numbers():
    """Neither an earlier run, nor its recordings, nor where it is cut leave a trace."""
    first = simulate_neuron(cell(ACTIVE), STEP)
    simulate_neuron(cell(axon="truncated"), STEP, method="fixed", dt_s=1e-5)
    again = simulate_neuron(cell(ACTIVE), STEP, record=("cai", "dend[0](0.3)"), max_seconds=100)
    np.testing.assert_array_equal(first.voltage_mv, again.voltage_mv)
    np.testing.assert_array_equal(first.spike_times_s, again.spike_times_s)


def test_a_sweep_is_replayed():
    response = simulate_neuron(cell(ACTIVE), STEP, method="fixed")
    sweep = replace(response.to_sweep(17), metadata={})
    again = simulate_neuron(cell(ACTIVE), sweep, method="fixed")
    np.testing.assert_array_equal(again.voltage_mv, response.voltage_mv)
    assert (again.stimulus, again.amplitude_pa) == (STEP.name, 300)
    assert (again.start_s, again.stop_s) == (STEP.start_s, STEP.stop_s)
    # A slow recording is divided until the step is short enough, and its current held meanwhile.
    slow = Sweep(np.zeros(100), np.full(100, 5.0), 1e4)
    divided = simulate_neuron(cell(), slow, method="fixed")
    assert divided.dt_s == pytest.approx(2.5e-5)
    assert divided.current_pa.size == 400
    with pytest.raises(SimulationError, match="current of a sweep in current clamp, got voltage"):
        simulate_neuron(cell(), replace(slow, clamp="voltage"))


def test_the_method_follows_the_current():
    noise = np.random.default_rng(0).normal(0, 50, 2000)
    crossed = simulate_neuron(cell(), noise)
    second = simulate_neuron(cell(), noise, method="second-order")
    np.testing.assert_array_equal(crossed.voltage_mv, second.voltage_mv)
    stepped = simulate_neuron(cell(), STEP)
    np.testing.assert_array_equal(
        stepped.voltage_mv, simulate_neuron(cell(), STEP, method="cvode").voltage_mv
    )


def test_states_are_recorded():
    names = (
        "spikes",
        "cai",
        "ina_ma_per_cm2",
        "NaTs.m",
        "SK.ik",
        "cai_mM soma(0.5)",
        "axon[1](0.5)",
    )
    states = simulate_neuron(cell(ACTIVE), STEP, record=names).states
    assert list(states) == [
        "cai_mM", "ina_ma_per_cm2", "NaTs.m", "SK.ik", "cai_mM soma(0.5)", "voltage_mv axon[1](0.5)"
    ]  # fmt: skip
    assert states["cai_mM"][0] == pytest.approx(1e-4)
    assert states["cai_mM"].max() > 2e-4
    np.testing.assert_array_equal(states["cai_mM"], states["cai_mM soma(0.5)"])
    assert 0.9 < states["NaTs.m"].max() <= 1
    assert states["ina_ma_per_cm2"].min() < -0.01


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rate", "cannot record 'rate'; there are spikes, voltage_mv"),
        ("voltage_mv", "a voltage must"),
        (
            "dend[7](0.5)",
            r"no section dend\[7\]; there are soma\[0..0\], dend\[0..0\], axon\[0..1\]",
        ),
        ("dend[0](1.5)", "lies from 0 to 1"),
        ("voltage_mv dend 3", "is no place on a cell"),
        ("cai dend[0](0.5)", "there are voltage_mv"),
        ("NaTs.q", r"there are voltage_mv, cai_mM.*NaTs\.m"),
    ],
)
def test_what_cannot_be_recorded_is_named(name, message):
    with pytest.raises(SimulationError, match=message):
        simulate_neuron(cell(ACTIVE), STEP, record=name)


def test_a_run_that_cannot_go_on_says_why():
    wild = np.zeros(2000)
    wild[1000:] = 1e9
    for method in ("fixed", "cvode"):
        with pytest.raises(
            SimulationError, match=r"voltage of the soma is .* at 0\.0250.* 1000 mV"
        ):
            simulate_neuron(cell(), wild, method=method)
        response = simulate_neuron(cell(), wild, method=method, throw=False, record="dend[0](0.5)")
        assert "beyond 1000 mV" in response.reason
        ended = int(np.isnan(response.voltage_mv).argmax())
        assert 1000 < ended < 1010
        assert np.isnan(response.voltage_mv[ended:]).all()
        assert np.isnan(response.states["voltage_mv dend[0](0.5)"][ended:]).all()


def test_a_run_is_given_up_after_its_time():
    with pytest.raises(SimulationError, match=r"max_seconds=1e-09 were over at 0\.0"):
        simulate_neuron(cell(ACTIVE), STEP, max_seconds=1e-9)
    response = simulate_neuron(cell(ACTIVE), STEP, max_seconds=1e-9, throw=False, method="fixed")
    assert np.isfinite(response.voltage_mv[:300]).all()
    assert np.isnan(response.voltage_mv[-1])


def test_a_long_euler_step_is_warned_of():
    with pytest.warns(UserWarning, match="implicit Euler at dt_s=0.0001 moves spikes"):
        simulate_neuron(cell(), [0.0] * 100, dt_s=1e-4, method="fixed")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "euler"}, "method must be one of cvode, second-order, fixed"),
        ({"method": "fixed", "atol": 1e-3}, "atol is an option of method='cvode'"),
        ({"dt_s": -1.0}, "dt_s must be positive"),
        ({"max_seconds": 0.0}, "max_seconds must be positive"),
        ({"spike_threshold_mv": math.nan}, "spike_threshold_mv must be a finite voltage"),
        ({"sampling_rate_hz": 1e4}, "has no sampling_rate_hz"),
    ],
)
def test_refuses_options(options, message):
    with pytest.raises(SimulationError, match=message):
        simulate_neuron(cell(), STEP, **options)


def test_channels_need_their_reversal_potential():
    lacking = replace(ACTIVE, ena_mv=None)
    with pytest.raises(DataError, match=r"soma\[0\] has channels of na, .* no ena_mv"):
        simulate_neuron(cell(lacking), STEP)


def test_simulate_takes_the_engine_that_fits():
    assert engine_of(cell(ACTIVE)) == "reduced"
    assert engine_of(cell(ACTIVE), method="cvode") == "neuron"
    assert engine_of(cell(ACTIVE), record=("spikes", "dend[0](0.5)")) == "tree"
    assert engine_of(cell(ACTIVE), record="NaTs.ina") == "neuron"
    assert engine_of(cell(ACTIVE, kind="all-active")) == "tree"
    response = simulate(cell(ACTIVE), STEP, backend="neuron", method="cvode")
    direct = simulate_neuron(cell(ACTIVE), STEP)
    np.testing.assert_array_equal(response.voltage_mv, direct.voltage_mv)
    for options in ({}, {"record": "cai_mM"}, {"backend": "tree"}):
        other = simulate(cell(ACTIVE), STEP, **options)
        assert other.voltage_mv.size == direct.voltage_mv.size
        np.testing.assert_allclose(other.spike_times_s, direct.spike_times_s, atol=5e-4, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "glif"}, "a biophysical cell does not run on backend='glif'"),
        ({"dt_s": 0.025}, r"dt_s=0\.025 s is so long .* at most 0\.0002 seconds"),
        ({"compatibility": "allensdk"}, "compatibility is no option of a biophysical cell"),
        (
            {"backend": "reduced", "max_seconds": 1.0},
            "max_seconds is an option of backend='neuron'",
        ),
    ],
)
def test_simulate_refuses(options, message):
    with pytest.raises(SimulationError, match=message):
        simulate(cell(), STEP, **options)


def test_parameters_alone_do_not_run():
    with pytest.raises(SimulationError, match=r"make a BiophysicalModel\(parameters, morphology\)"):
        simulate(cell().parameters, STEP)
