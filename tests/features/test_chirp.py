"""Impedance from chirps, against the transfer function of a passive membrane."""

import math

import numpy as np
import pytest

from allentk.data import Sweep, SweepSet
from allentk.errors import FeatureError
from allentk.features.chirp import impedance

R_GOHM, TAU_S = 0.1, 0.02
START_S, STOP_S = 0.6, 20.6


def rc(frequency_hz):
    return R_GOHM / (1 + 2j * np.pi * frequency_hz * TAU_S)


def chirp(rate=2000.0, *, number=0, stop_s=STOP_S, delay=0, **said):
    """Voltage of a passive membrane for which the 20 s chirp has gone on for ever."""
    t = np.arange(round(22 * rate)) / rate
    on = slice(round(START_S * rate), round(STOP_S * rate))
    since = t[on] - START_S
    current = np.zeros(t.size)
    current[on] = 30 * np.sin(2 * np.pi * (0.2 + (40 - 0.2) / 40 * since) * since)
    spectrum = np.fft.rfft(current[on])
    frequency = np.fft.rfftfreq(current[on].size, 1 / rate)
    v = np.full(t.size, -70.0)
    v[on] += np.roll(np.fft.irfft(spectrum * rc(frequency), current[on].size), delay)
    said = {"stimulus": "Chirp", "start_s": START_S, "stop_s": stop_s} | said
    return Sweep(v, current, rate, number=number, **said)


@pytest.mark.parametrize("rate", [2000.0, 10_000.0, 12_500.0, 50_000.0])
def test_passive_membrane_has_its_transfer_function(rate):
    measured = impedance(SweepSet([chirp(rate)]))

    frequency = np.arange(4, 800) / 20
    np.testing.assert_allclose(measured.frequency_hz, frequency, rtol=1e-12)
    np.testing.assert_allclose(measured.amplitude_mohm, 1e3 * np.abs(rc(frequency)), rtol=1e-5)
    np.testing.assert_allclose(measured.phase_rad, np.angle(rc(frequency)), atol=1e-4)


def test_membrane_that_starts_at_rest_leaks_little():
    from scipy import signal

    rate = 10_000.0
    still = chirp(rate)
    a = 1 - math.exp(-1 / (rate * TAU_S))
    v = -70 + signal.lfilter([R_GOHM * a], [1, a - 1], still.current_pa)
    moved = Sweep(v, still.current_pa, rate, stimulus="Chirp", start_s=START_S, stop_s=STOP_S)
    measured = impedance(SweepSet([moved]))

    np.testing.assert_allclose(
        measured.amplitude_mohm, 1e3 * np.abs(rc(measured.frequency_hz)), rtol=0.02
    )


def test_vector_is_amplitude_in_gohm_then_phase():
    measured = impedance(SweepSet([chirp()]))

    assert measured.vector.shape == (1592,)
    assert measured.vector[0] == pytest.approx(abs(rc(0.2)), rel=1e-9)
    assert measured.vector[796] == pytest.approx(np.angle(rc(0.2)), rel=1e-9)
    assert repr(measured) == "<Impedance: 0.2 to 39.95 Hz, mean of 1 sweeps>"


def test_a_delay_turns_the_phase_only():
    # 10 samples of 2 kHz are 5 ms.
    plain, late = impedance(SweepSet([chirp()])), impedance(SweepSet([chirp(delay=10)]))

    np.testing.assert_allclose(late.amplitude_mohm, plain.amplitude_mohm, rtol=1e-9)
    turned = np.exp(1j * (late.phase_rad - plain.phase_rad))
    np.testing.assert_allclose(turned, np.exp(-2j * np.pi * plain.frequency_hz * 0.005), atol=1e-9)


def test_sweeps_are_averaged_and_a_short_one_is_left_out():
    good = [chirp(number=1), chirp(number=2, delay=10)]
    whole = chirp(number=3)
    v, i = whole.voltage_mv[:30_000], whole.current_pa[:30_000]
    short = Sweep(v, i, 2000.0, number=3, stimulus="Chirp", start_s=START_S, stop_s=15.0)
    measured = impedance(SweepSet([*good, short]))

    f = measured.frequency_hz
    expected = rc(f) * (1 + np.exp(-2j * np.pi * f * 0.005)) / 2
    np.testing.assert_allclose(measured.amplitude_mohm, 1e3 * np.abs(expected), rtol=1e-8)
    assert measured.n_sweeps == 2
    assert list(measured.failed) == [3]
    assert "another length" in measured.failed[3]


def test_sweeps_of_two_rates_are_averaged():
    measured = impedance(SweepSet([chirp(12_500.0, number=1), chirp(10_000.0, number=2)]))

    np.testing.assert_allclose(
        measured.amplitude_mohm, 1e3 * np.abs(rc(measured.frequency_hz)), rtol=1e-5
    )
    assert measured.n_sweeps == 2


def test_the_kind_there_is_most_of_counts():
    held = [chirp(number=n, delay=10, stimulus="Chirp C - Hold -60mV") for n in (1, 2)]
    measured = impedance(SweepSet([chirp(number=0), *held]))

    assert measured.n_sweeps == 2
    assert measured.phase_rad[100] < np.angle(rc(measured.frequency_hz[100])) - 0.1


def test_a_code_says_chirp_where_the_name_does_not():
    assert impedance(SweepSet([chirp(stimulus="Unknown", code="C2CHIRP180503")])).n_sweeps == 1


def test_shorter_chirps_have_fewer_frequencies():
    measured = impedance(SweepSet([chirp(stop_s=10.6)]))

    np.testing.assert_allclose(np.diff(measured.frequency_hz), 0.1, rtol=1e-9)
    assert measured.frequency_hz.size == 398


def test_nan_after_the_chirp_does_not_matter():
    whole = chirp()
    v = whole.voltage_mv.copy()
    v[round(STOP_S * 2000) + 1 :] = np.nan
    ended = Sweep(v, whole.current_pa, 2000.0, stimulus="Chirp", start_s=START_S, stop_s=STOP_S)

    np.testing.assert_array_equal(
        impedance(SweepSet([ended])).vector, impedance(SweepSet([whole])).vector
    )


@pytest.mark.parametrize(
    ("sweep", "says"),
    [
        (chirp(stimulus="Ramp"), "no chirp; there are"),
        (chirp(start_s=math.nan, stop_s=math.nan), "needs its stimulus window"),
        (chirp(stop_s=START_S + 0.02), "has no frequency"),
        (
            Sweep(
                [-70.0] * 44_000, [0.0] * 44_000, 2e3, stimulus="Chirp", start_s=0.6, stop_s=20.6
            ),
            "have no current",
        ),
        (
            Sweep(
                [-70.0] * 41_200,
                [0.0] * 41_200,
                2e3,
                stimulus="Chirp",
                start_s=0.6005,
                stop_s=20.6005,
            ),
            "ends within the chirp",
        ),
    ],
)
def test_what_cannot_be_measured_says_why(sweep, says):
    with pytest.raises(FeatureError, match=says):
        impedance(SweepSet([sweep]))


def test_voltage_clamp_does_not_count():
    with pytest.raises(FeatureError, match="no chirp"):
        impedance(SweepSet([chirp(clamp="voltage")]))
