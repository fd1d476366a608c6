"""Feature vectors of responses that are known: exponentials, straight lines and pasted spikes."""

import numpy as np
import pytest

from allentk.data import Sweep, SweepSet
from allentk.features.vector_ap import waveform
from allentk.features.vector_spiking import rates
from allentk.features.vectors import VECTOR_SHAPES, vectors
from tests.features.vector_sweeps import (
    R_GOHM,
    RATE,
    START_S,
    TAU_S,
    TRAINS,
    cell,
    hyperpolarising,
    short_square,
    step,
    trains,
)

SPIKING_STEPS = ("psth", "inst_freq", *(name for name in VECTOR_SHAPES if "spiking" in name))


@pytest.fixture(scope="module")
def measured():
    return vectors(cell(), chirp=False)


def exponential_bins(amplitude):
    """Means of 10 ms of the exponential from its integral, from 0.2 s before to 0.2 s after."""
    edges = np.arange(101) / 100
    mean = 1 - TAU_S * -np.diff(np.exp(-edges / TAU_S)) / 0.01
    after = TAU_S * -np.diff(np.exp(-edges[:21] / TAU_S)) / 0.01
    return -70 + R_GOHM * amplitude * np.concatenate([np.zeros(20), mean, after])


def test_steps_of_an_exponential(measured):
    parts = measured["step_subthresh"].reshape(5, 140)

    for part, amplitude in zip(parts, (-90, -70, -50, -30, -10), strict=True):
        # A sum of samples is not quite the integral.
        np.testing.assert_allclose(
            part, exponential_bins(amplitude), atol=2e-3 * abs(amplitude) / 10
        )


@pytest.mark.parametrize("missing", [-90, -50, -10])
def test_a_missing_step_is_scaled_from_its_neighbours(measured, missing):
    rest = [a for a in (-110, -90, -70, -50, -30, -10) if a != missing]
    scaled = vectors(SweepSet(hyperpolarising(rest)), chirp=False)["step_subthresh"]

    # A passive membrane is linear, so that scaling finds what was left out.
    np.testing.assert_allclose(
        scaled.reshape(5, 140)[:, :120],
        measured["step_subthresh"].reshape(5, 140)[:, :120],
        atol=1e-9,
    )


def test_one_neighbour_is_scaled_after_the_step_too(measured):
    alone = vectors(SweepSet([step(-30.0, 1)]), chirp=False)["step_subthresh"]

    np.testing.assert_allclose(alone, measured["step_subthresh"], atol=1e-9)


def test_nearest_of_several_steps_counts():
    steps = [step(-66.0, 1), step(-71.0, 2)]
    part = vectors(SweepSet(steps), chirp=False)["step_subthresh"].reshape(5, 140)[1]

    assert part[110] == pytest.approx(-77.1, abs=1e-9)


def test_normalised_responses(measured):
    expected = (exponential_bins(-110) + 70) / 11
    np.testing.assert_allclose(measured["subthresh_norm"], expected, atol=3e-3)
    expected = (exponential_bins(50) + 70) / 5
    np.testing.assert_allclose(measured["subthresh_depol_norm"], expected, atol=3e-3)


def test_psth_counts_spikes_in_50_ms(measured):
    counts = measured["psth"].reshape(6, 20) * 0.05

    assert np.flatnonzero(counts[0]).tolist() == [2, 6, 10, 14, 18]
    assert counts[1].tolist() == [1.0, 0.0] * 10
    np.testing.assert_allclose(counts.sum(axis=1), [len(times) for _, times in TRAINS])


def test_rate_of_a_regular_train_is_one_over_its_interval(measured):
    parts = measured["inst_freq"].reshape(6, 50)

    # Between the first and the last spike; at 100 pA one each 0.2 s, at 200 pA one each 25 ms.
    np.testing.assert_allclose(parts[0, 15:36], 5, rtol=1e-6)
    np.testing.assert_allclose(parts[5, 3:48], 40, rtol=1e-6)


def test_rates_at_spikes_and_ends():
    values, at = rates(np.array([0.2, 0.4, 0.8]), 1.0)
    np.testing.assert_allclose(at, [0, 0.2, 0.4, 0.8, 1.0])
    # The last spike is 0.2 s from the end, sooner than its interval of 0.4 s.
    np.testing.assert_allclose(values, [5, 5, 1 / 0.3, 2.5, 2.5])


@pytest.mark.parametrize(
    ("times", "expected"), [([0.0, 0.5], [2, 2, 2, 2]), ([1.0], [1, 1, 1]), ([0.5, 1.0], [2] * 4)]
)
def test_a_spike_at_the_very_start_or_end_has_one_interval(times, expected):
    np.testing.assert_allclose(rates(np.array(times), 1.0)[0], expected)


def test_spike_features_are_interpolated_between_spikes():
    heights = [40.0, 10.0]
    two = [step(a, n, (0.11, 0.51), heights_mv=heights) for n, a in enumerate((50.0, 70.0))]
    found = vectors(SweepSet(two), chirp=False)
    peaks = found["spiking_peak_v"].reshape(6, 50)

    np.testing.assert_allclose(peaks[0], np.interp(np.arange(50), [5, 25], heights), atol=1e-9)
    np.testing.assert_array_equal(peaks, np.broadcast_to(peaks[0], peaks.shape))
    # Half of the way from -60 mV to the peak, up over 85 mV in 0.5 ms and down over 100 mV in 1 ms.
    first_ms = (0.5 * 35 / 85 * (50 / 35)) + 0.5
    assert found["spiking_width"][5] * 1e3 == pytest.approx(first_ms, abs=0.15)


def test_missing_amplitudes_are_between_their_neighbours(measured):
    found = vectors(SweepSet(trains([100, 140, 160])), chirp=False)

    for name in SPIKING_STEPS:
        some, all_six = found[name].reshape(6, -1), measured[name].reshape(6, -1)
        np.testing.assert_allclose(some[[0, 2, 3]], all_six[[0, 2, 3]], atol=1e-9)
        np.testing.assert_allclose(some[1], (all_six[0] + all_six[2]) / 2, atol=1e-9)
        np.testing.assert_array_equal(some[4:], all_six[[3, 3]])


def test_rheobase_is_shifted_once_where_nothing_else_fits():
    held = dict(TRAINS)
    odd = [step(90.0, 1, held[100]), step(100.4, 2, held[120]), step(119.8, 3, held[140])]
    counts = vectors(SweepSet(odd), chirp=False)["psth"].reshape(6, 20).sum(axis=1) * 0.05

    np.testing.assert_allclose(counts, [10, 20, 20, 20, 20, 20])


def test_voltage_between_spikes_is_above_threshold():
    # A straight line from trough to threshold.
    times = np.arange(0.1, 0.9, 0.1)
    straight = step(100.0, 1, times)
    v = straight.voltage_mv.copy()
    for at in times[:-1]:
        first = round((START_S + at) * RATE)
        v[first + 75 : first + 5000] = np.linspace(-60, -45, 4925)
    sweep = Sweep(
        v, straight.current_pa, RATE, stimulus="Long Square", start_s=START_S, stop_s=START_S + 1
    )
    shape = vectors(SweepSet([sweep]), chirp=False)["isi_shape"]

    assert shape[0] == pytest.approx(-15, abs=0.6)
    # What is left over after 100 bins of whole samples, up to 99 samples, is missing at the end.
    np.testing.assert_allclose(np.diff(shape), 15 / 4924 * 49, rtol=1e-6)


def test_after_a_lone_spike_it_ends_near_the_steady_state():
    one = step(100.0, 1, (0.2,))
    v = one.voltage_mv.copy()
    first, last = round((START_S + 0.2) * RATE) + 75, round((START_S + 1) * RATE)
    v[first:last] = np.minimum(-60 + np.arange(last - first) * 0.005, -50)
    v[last:] = -50
    sweep = Sweep(
        v, one.current_pa, RATE, stimulus="Long Square", start_s=START_S, stop_s=START_S + 1
    )
    shape = vectors(SweepSet([sweep]), chirp=False)["isi_shape"]

    # 1 mV below the steady state of -50 mV after nearly 1800 samples: 100 bins of 17.
    np.testing.assert_allclose(np.diff(shape), 17 * 0.005, rtol=1e-6)


def test_waveforms_start_at_threshold(measured):
    parts = measured["first_ap_v"].reshape(3, 150)

    assert parts[:, 0] == pytest.approx([-65, -45, -55], abs=0.5)
    np.testing.assert_allclose(parts.max(axis=1), [30, 30, 35])
    np.testing.assert_array_equal(
        measured["first_ap_dv"].reshape(3, 149), parts[:, 1:] - parts[:, :-1]
    )


@pytest.mark.parametrize("rate", [20_000.0, 25_000.0, 50_000.0, 100_000.0, 200_000.0, 166_666.0])
def test_waveform_of_a_straight_line_at_any_rate(rate):
    line = np.arange(4000) / rate
    found = waveform(Sweep(line, line, rate), 1000)

    # Averages of n samples lie in the middle of them.
    middle = (rate / 50_000 - 1) / 2 / rate if rate % 50_000 == 0 else 0.0
    np.testing.assert_allclose(found, 1000 / rate + np.arange(150) / 50_000 + middle, rtol=1e-9)


@pytest.mark.parametrize("rate", [25_000.0, 50_000.0, 200_000.0])
def test_no_waveform_past_the_end(rate):
    sweep = Sweep(np.zeros(4000), np.zeros(4000), rate)
    last = 4000 - round(0.003 * rate)

    assert waveform(sweep, last - 1) is not None
    assert waveform(sweep, last + 2) is None


def test_short_squares_of_the_amplitude_that_fires_most():
    squares = [
        short_square(500.0, 1, fires=False),
        short_square(700.0, 2, height_mv=20.0),
        short_square(800.0, 3, height_mv=40.0),
        short_square(800.0, 4, height_mv=50.0),
        short_square(800.0, 5, fires=False),
    ]
    found = vectors(SweepSet(squares), chirp=False)

    assert found["first_ap_v"][:150].max() == pytest.approx(45)
    assert np.isnan(found["first_ap_v"][150:]).all()
    assert "long square" in found.errors["first_ap_v"]
    assert "ramp: there is no ramp" in found.errors["first_ap_v"]
