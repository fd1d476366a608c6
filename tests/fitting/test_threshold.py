"""The likelihood of a threshold: its derivatives, its one maximum, and cells that are known."""

from dataclasses import replace

import numpy as np
import pytest

from allentk.data import Noise, Sweep, SweepSet
from allentk.fitting.escape import Escape, gradient, hessian, log_likelihood, maximise
from allentk.fitting.recording import BIN_S, Trial
from allentk.fitting.threshold import fit_threshold, likelihood_of
from allentk.fitting.triples import Recovery, fit_recovery
from allentk.models import GLIFParameters

WEIGHTS = np.array([2.0, 0.4, -0.8])


def escape(seed=0, n=4000, penalty=0.0):
    rng = np.random.default_rng(seed)
    columns = np.stack([np.ones(n), rng.normal(0, 3, n), rng.uniform(0, 1, n)])
    fired = rng.uniform(size=n) < 1 - np.exp(-np.exp(WEIGHTS @ columns) * BIN_S)
    return Escape(columns, fired, penalty * np.eye(3))


@pytest.mark.parametrize("penalty", [0.0, 2.0])
def test_gradient_and_hessian_are_the_derivatives(penalty):
    problem, at, h = escape(penalty=penalty), np.array([1.5, 0.5, -0.3]), 1e-5
    steps = h * np.eye(3)
    slopes = [
        (log_likelihood(problem, at + e) - log_likelihood(problem, at - e)) / (2 * h) for e in steps
    ]
    assert gradient(problem, at) == pytest.approx(slopes, rel=1e-6, abs=1e-6)
    curves = [(gradient(problem, at + e) - gradient(problem, at - e)) / (2 * h) for e in steps]
    assert hessian(problem, at) == pytest.approx(np.array(curves), rel=1e-6, abs=1e-6)


def test_there_is_one_maximum():
    problem = escape(n=20_000)
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert np.linalg.eigvalsh(hessian(problem, rng.normal(0, 1, 3))).max() < 0
    starts = [np.zeros(3), np.array([3.0, -0.5, 2.0]), np.array([-2.0, 1.0, -3.0])]
    ends = [maximise(problem, start)[0] for start in starts]
    assert ends[0] == pytest.approx(ends[1], abs=1e-3)
    assert ends[0] == pytest.approx(ends[2], abs=1e-3)
    assert np.abs(gradient(problem, ends[0])).max() < 1e-2
    values = [log_likelihood(problem, ends[0] + d) for d in 0.05 * rng.normal(size=(20, 3))]
    assert max(values) < maximise(problem, starts[0])[1]


BASE = {"C_pf": 100.0, "R_mohm": 200.0, "E_L_mv": -72.0, "th_inf_mv": 20.0, "t_ref_s": 0.004}
FIVE = GLIFParameters(
    level=5,
    **BASE,
    asc_amp_pa=(-5.0, -30.0),
    asc_tau_s=(0.1, 0.01),
    reset_a=0.3,
    reset_b_mv=2.0,
    th_spike_a_mv=6.0,
    th_spike_b_per_s=30.0,
    th_voltage_a_per_s=6.0,
    th_voltage_b_per_s=15.0,
)
WIDTH_MV = 1.5


def escaping(model, number, *, gain=1.8):
    """A model that fires by escape at 1000 Hz over its threshold, the equations written out in bins."""
    rng = np.random.default_rng(number)
    current = Noise(amplitude_pa=gain * model.rheobase_pa, seed=5).current_pa(1 / BIN_S)
    p = np.exp(-BIN_S / model.tau_m_s)
    gain_mv = (1 - p) * model.R_mohm * 1e-3
    amp, tau = np.array(model.asc_amp_pa), np.array(model.asc_tau_s)
    asc, v, spike, follow, silent, reset = np.zeros(amp.size), 0.0, 0.0, 0.0, 0, 0.0
    rest = round(model.t_ref_s / BIN_S)
    times = []
    middle = (np.concatenate([[current[0]], current[:-1]]) + current) / 2
    for k, drive in enumerate(middle.tolist()):
        total = asc.sum()
        asc *= np.exp(-BIN_S / tau)
        spike *= np.exp(-model.th_spike_b_per_s * BIN_S)
        if silent:
            silent -= 1
            if not silent:
                v, asc, spike = reset, asc + amp, spike + model.th_spike_a_mv
            continue
        follow += BIN_S * (model.th_voltage_a_per_s * v - model.th_voltage_b_per_s * follow)
        v = p * v + gain_mv * (drive + total)
        rate = 1000.0 * np.exp((v - model.th_inf_mv - spike - follow) / WIDTH_MV)
        if rng.uniform() < 1 - np.exp(-rate * BIN_S):
            times.append((k + 0.5) * BIN_S)
            reset, silent = model.reset_a * v + model.reset_b_mv, rest
    voltage = np.zeros(current.size)
    return Trial(
        number=number,
        voltage_mv=voltage,
        current_pa=current,
        spike_times_s=np.array(times),
        threshold_mv=np.zeros(len(times)),
        quiet_until_s=0.0,
        sweep=Sweep(voltage, current, 1 / BIN_S),
        kept=np.ones(current.size, dtype=bool),
    )


@pytest.fixture(scope="module")
def five():
    return [escaping(FIVE, number) for number in range(3)]


def test_all_components_are_found_again(five):
    found = fit_threshold(five, FIVE)
    assert found.width_mv == pytest.approx(WIDTH_MV, rel=0.15)
    assert found.th_inf_mv == pytest.approx(FIVE.th_inf_mv, rel=0.1)
    assert found.spike_b_per_s == 30.0
    assert found.spike_a_mv == pytest.approx(6.0, rel=0.2)
    assert found.voltage_b_per_s == 15.0
    assert found.voltage_a_per_s == pytest.approx(6.0, rel=0.3)
    assert found.dropped == ()
    assert found.log_likelihood == pytest.approx(likelihood_of(five, FIVE), abs=6.0)
    assert found.log_likelihood >= likelihood_of(five, FIVE) - 0.5


def test_a_component_that_no_cell_has_is_dropped(five):
    """A cell whose threshold falls after a spike, and falls with the voltage."""
    falling = replace(FIVE, th_spike_a_mv=-4.0, th_voltage_a_per_s=-6.0)
    found = fit_threshold([escaping(falling, number, gain=1.2) for number in range(2)], FIVE)
    assert found.spike_a_mv == 0.0
    assert found.voltage_a_per_s == 0.0
    assert found.dropped == (
        "spike component of the threshold",
        "voltage component of the threshold",
    )
    four = fit_threshold(five, GLIFParameters(**{**FIVE.to_dict(), "level": 3, **PLAIN}))
    assert four.spike_a_mv == 0.0
    assert four.dropped == ()


PLAIN = {
    "reset_a": 0.0,
    "reset_b_mv": 0.0,
    "th_spike_a_mv": 0.0,
    "th_spike_b_per_s": 0.0,
    "th_voltage_a_per_s": 0.0,
    "th_voltage_b_per_s": 0.0,
}


def test_triple_pulses_hold_the_step(five):
    """Many pulses that say 12 mV pull a likelihood that says 6 mV there."""
    alone = fit_threshold(five[:1], FIVE)
    after = np.repeat([0.02, 0.03, 0.05], 2000)
    told = Recovery(after, 12.0 * np.exp(-30.0 * (after - FIVE.t_ref_s)))
    held = fit_threshold(five[:1], FIVE, told)
    assert held.spike_b_per_s == 30.0
    assert held.spike_a_mv == pytest.approx(12.0, rel=0.05)
    assert alone.spike_a_mv < 8.0
    assert held.log_likelihood < alone.log_likelihood


def test_triple_pulses_are_read_from_their_sweeps():
    rate = 50_000.0
    sweeps = []
    for number, gap in enumerate((0.02, 0.04), start=1):
        time = np.arange(round(0.4 * rate)) / rate
        current = np.zeros(time.size)
        voltage = np.full(time.size, -70.0)
        for pulse in range(3):
            on = 0.1 + pulse * gap
            current[(time >= on) & (time < on + 0.003)] = 900.0
            first = round(on * rate)
            rise = 0.5 * pulse
            shape = np.interp(
                np.arange(300), [0, 150, 175, 200, 250, 299], [-70, -50 + rise, 20, 30, -60, -70]
            )
            voltage[first : first + 300] = shape
        sweeps.append(
            Sweep(
                voltage,
                current,
                rate,
                number=number,
                stimulus="Short Square - Triple",
                start_s=0.1,
                stop_s=0.1 + 2 * gap + 0.003,
            )
        )
    found = fit_recovery(SweepSet(sweeps))
    assert found is not None
    assert found.after_s == pytest.approx([0.02, 0.04], abs=5e-4)
    assert (found.raised_mv > 0.2).all()
    assert fit_recovery(SweepSet([])) is None
