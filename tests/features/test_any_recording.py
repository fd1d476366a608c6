"""Any recording: rates from 4 to 200 kHz, NaN, no test pulse, no stimulus. All voltages synthetic."""

import math

import numpy as np
import pytest

from allentk import features
from allentk.data import Sweep, SweepSet
from allentk.data.uniform import from_samples
from allentk.errors import FeatureError
from tests.features.waveforms import (
    LASTS_S,
    START_S,
    STOP_S,
    TIMES_S,
    changed,
    current_pa,
    recording,
    subthreshold,
    voltage_mv,
)

#: Sampling rate, and the low-pass that goes with it.
FILTERS = {
    4e3: 1.6e3,
    1e4: 4e3,
    12.5e3: 5e3,
    2e4: 8e3,
    2.5e4: 1e4,
    5e4: 1e4,
    1e5: 1e4,
    2e5: 1e4,
}
RATES = tuple(FILTERS)
RATE = 1e4


# --- every rate -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "filter_hz"), FILTERS.items())
def test_the_spikes_of_every_rate_are_where_they_were_put(rate, filter_hz):
    recorded = recording(rate)
    found = features.spikes(recorded)
    assert found.attrs["filter_hz"] == filter_hz
    assert list(found.columns) == list(features.SPIKE_COLUMNS)
    assert len(found) == len(TIMES_S)
    assert found["peak_t"].to_numpy() == pytest.approx(TIMES_S, abs=0.51 / rate + 1e-6)
    at = found["peak_index"].to_numpy(int)
    assert found["peak_v"].to_numpy() == pytest.approx(recorded.voltage_mv[at])
    assert ((found["threshold_t"] < found["peak_t"]) & (found["peak_t"] < found["trough_t"])).all()
    assert not found["clipped"].astype(bool).any()


@pytest.mark.parametrize("rate", [2e3, 20_000.5, 20_001.0, 21_999.0, 22_050.0, 24414.0625, 5e5])
def test_rates_that_nobody_promised_work_too(rate):
    found = features.spikes(recording(rate))
    assert found.attrs["filter_hz"] == (1e4 if rate > 2.2e4 else 0.4 * rate)
    assert found["peak_t"].to_numpy() == pytest.approx(TIMES_S, abs=0.51 / rate + 1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_thresholds_and_upstrokes_of_every_rate_follow_the_formula(rate):
    """dV/dt of the formula, on a clock of 0.1 us: its maximum, and where it passes 5 % of it."""
    found = features.spikes(recording(rate))
    # What the low-pass takes from a slope of 0.25 ms; nothing to speak of from 20 kHz on.
    loss = 0.02 if rate >= 5e4 else 0.06 if rate >= 2e4 else 0.5
    for time, spike in zip(TIMES_S, found.to_dict("records"), strict=True):
        clock = time + np.arange(-2e-3, 0, 1e-7)
        slope = np.gradient(voltage_mv(clock), clock) * 1e-3
        assert spike["upstroke"] == pytest.approx(slope.max(), rel=loss)
        passes = clock[np.flatnonzero(slope[: slope.argmax()] <= 0.05 * slope.max())[-1]]
        early = 2 / rate if rate >= 2e4 else 3 / rate
        assert passes - early <= spike["threshold_t"] <= passes + 0.5 / rate


@pytest.mark.parametrize(("rate", "filter_hz"), FILTERS.items())
def test_a_row_says_its_filter(rate, filter_hz):
    row = features.sweep(recording(rate))
    assert row["n_spikes"] == len(TIMES_S)
    assert row["avg_rate"] == pytest.approx(len(TIMES_S) / (STOP_S - START_S))
    assert row["latency"] == pytest.approx(TIMES_S[0] - START_S, abs=1.5e-3)
    assert row["v_baseline"] == pytest.approx(-70.0, abs=1e-6)
    assert row["filter_hz"] == filter_hz


def test_rates_may_be_mixed_in_one_set():
    made = SweepSet([recording(rate, number=n) for n, rate in enumerate(RATES)])
    table = features.table(made)
    assert table["error"].tolist() == [""] * len(RATES)
    assert table["n_spikes"].tolist() == [len(TIMES_S)] * len(RATES)
    assert table["peak_t"].to_numpy() == pytest.approx(TIMES_S[0], abs=1.3e-4)
    assert table["filter_hz"].tolist() == list(FILTERS.values())


@pytest.mark.parametrize("rates", [(4e3, 4e3, 4e3), (4e3, 12.5e3, 5e4), (2e5, 2e4, 1e4)])
def test_a_cell_of_any_rates(rates):
    steps = [
        subthreshold(rate, amplitude, number)
        for number, (rate, amplitude) in enumerate(zip(rates, (-90.0, -50.0, -30.0), strict=True))
    ]
    spiking = [
        recording(rate, TIMES_S[:n], amplitude=amplitude, number=10 + n)
        for n, (rate, amplitude) in enumerate(zip(rates, (50, 100, 150), strict=True), start=1)
    ]
    row = features.cell(SweepSet(steps + spiking))
    assert row["ri"] == pytest.approx(200.0, rel=0.01)
    assert row["vrest"] == pytest.approx(-70.0, abs=0.01)
    assert row["rheobase_sweep_number"] == 11
    assert row["threshold_i_long_square"] == 50.0
    assert row["f_i_curve_slope"] == pytest.approx(1 / (STOP_S - START_S) / 50, rel=1e-6)
    assert row.attrs["errors"] == []


def test_variable_time_steps_are_measured_like_uniform_ones():
    """Steps of 5 to 20 us about the spikes, and up to 1 ms elsewhere, with both edges doubled."""
    fine = [np.arange(t - 0.003, t + 0.02, 10e-6) for t in TIMES_S]
    coarse = np.cumsum(np.random.default_rng(2).uniform(2e-4, 1e-3, 3000))
    edges = np.repeat([START_S, STOP_S], 2)
    time = np.sort(np.concatenate([[0.0], *fine, coarse[coarse < LASTS_S], edges]))
    current = current_pa(time, 100.0)
    doubled = np.flatnonzero(np.diff(time) == 0)
    current[doubled] = [0.0, 100.0]
    voltage = voltage_mv(time)
    made = from_samples(
        time + 5.0, voltage, current, start_s=START_S + 5, stop_s=STOP_S + 5, stimulus="Long Square"
    )
    assert made.metadata["resampled_from"]["n_doubled"] == 2
    uniform = features.spikes(recording(1e5))
    found = features.spikes(made)
    assert made.sampling_rate_hz == 1e5
    for name in ("threshold_t", "peak_t", "fast_trough_t"):
        assert found[name].to_numpy() == pytest.approx(uniform[name].to_numpy(), abs=5e-5)
    assert found["upstroke"].to_numpy() == pytest.approx(uniform["upstroke"].to_numpy(), rel=0.01)
    row, expected = features.sweep(made), features.sweep(recording(1e5))
    for name in ("n_spikes", "avg_rate", "amplitude_pa"):
        assert row[name] == pytest.approx(expected[name])


# --- odd sweeps -----------------------------------------------------------------------------------


def test_a_tail_of_nan_changes_nothing():
    def cut(voltage, current):
        voltage[-2000:] = np.nan
        current[-1500:] = np.nan

    found, usual = features.spikes(changed(cut)), features.spikes(recording(RATE))
    assert found["peak_index"].tolist() == usual["peak_index"].tolist()
    assert found["threshold_index"].tolist() == usual["threshold_index"].tolist()
    assert found["upstroke"].to_numpy() == pytest.approx(usual["upstroke"].to_numpy(), rel=1e-9)
    assert features.sweep(changed(cut))["avg_rate"] == 8.0


def test_a_recording_may_end_with_its_step():
    def cut(voltage, current):
        voltage[8000:] = np.nan
        current[8000:] = np.nan

    row, usual = features.sweep(changed(cut)), features.sweep(recording(RATE))
    for name in ("n_spikes", "avg_rate", "latency", "mean_isi", "peak_deflect", "v_baseline"):
        assert row[name] == pytest.approx(usual[name], rel=1e-9), name


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 100, 10_000])
def test_a_value_that_is_not_finite_before_the_end_is_refused_and_placed(value, at):
    def spoil(voltage, _current):
        voltage[at] = value

    for measure in (features.spikes, features.sweep):
        with pytest.raises(FeatureError, match=rf"not finite at {at / RATE:.6f} s \(1 samples"):
            measure(changed(spoil))


def test_a_current_that_is_nan_before_the_window_costs_no_voltage_feature():
    def spoil(_voltage, current):
        current[2990:2995] = math.nan

    row, usual = features.sweep(changed(spoil)), features.sweep(changed(lambda *_: None))
    assert row["peak_deflect"] == pytest.approx(usual["peak_deflect"])
    assert row["n_spikes"] == usual["n_spikes"]
    assert row["amplitude_pa"] == pytest.approx(100.0)


def test_no_window_means_the_whole_sweep():
    row = features.sweep(recording(RATE, start_s=math.nan, stop_s=math.nan))
    assert row["n_spikes"] == 4
    assert row["avg_rate"] == pytest.approx(4 / LASTS_S, rel=1e-3)
    assert math.isnan(row["v_baseline"])
    assert math.isnan(row["sag"])


def test_no_stimulus_is_measured_too():
    """A spontaneous spike without a current, a name or an amplitude."""
    clock = np.arange(round(LASTS_S * RATE)) / RATE
    silent = Sweep(voltage_mv(clock, TIMES_S[:1], depth_mv=0.0), np.zeros(clock.size), RATE)
    row = features.sweep(silent)
    assert row["n_spikes"] == 1
    assert math.isnan(row["amplitude_pa"])
    assert features.table(SweepSet([silent]))["error"].tolist() == [""]


def test_a_test_pulse_makes_no_difference_to_what_follows():
    def pulse(voltage, current):
        current[200:300] = -50.0
        voltage[200:300] -= 8 * (1 - np.exp(-np.arange(100) / 30))

    row, usual = features.sweep(changed(pulse)), features.sweep(changed(lambda *_: None))
    for name in ("n_spikes", "avg_rate", "latency", "v_baseline", "peak_deflect", "threshold_v"):
        assert row[name] == pytest.approx(usual[name], rel=1e-9)


@pytest.mark.parametrize("amplitude", [-50.0, 0.0, 50.0])
@pytest.mark.parametrize("rate", [4e3, 5e4])
def test_a_constant_voltage_has_a_baseline_and_nothing_else(amplitude, rate):
    flat = recording(rate, amplitude=amplitude, voltage=lambda clock: np.full(clock.size, -65.0))
    row = features.sweep(flat)
    assert (row["n_spikes"], row["avg_rate"]) == (0, 0.0)
    assert row["v_baseline"] == row["peak_deflect"] == pytest.approx(-65.0)
    for name in ("sag", "tau", "latency", "threshold_v"):
        assert math.isnan(row[name]), name


def test_a_sweep_without_a_baseline_before_its_step():
    """The step begins with the sweep."""
    usual = recording(RATE)
    first = usual.index(START_S)
    made = Sweep(
        usual.voltage_mv[first:],
        usual.current_pa[first:],
        RATE,
        stimulus="Long Square",
        start_s=0.0,
        stop_s=STOP_S - START_S,
    )
    row = features.sweep(made)
    assert row["n_spikes"] == 4
    assert row["amplitude_pa"] == pytest.approx(100.0)
    assert math.isnan(row["v_baseline"])


@pytest.mark.parametrize("size", [0, 1, 3, 15])
def test_a_sweep_of_a_few_samples_is_refused(size):
    tiny = Sweep(np.full(size, -70.0), np.zeros(size), RATE)
    for measure in (features.spikes, features.sweep):
        with pytest.raises(FeatureError, match=f"{size} finite samples are too few"):
            measure(tiny)


def test_an_all_nan_sweep_is_refused():
    nothing = Sweep(np.full(5000, np.nan), np.zeros(5000), RATE)
    with pytest.raises(FeatureError, match="0 finite samples are too few"):
        features.sweep(nothing)


def test_a_voltage_clamp_sweep_is_refused():
    clamped = recording(RATE, clamp="voltage")
    with pytest.raises(FeatureError, match="voltage-clamp"):
        features.spikes(clamped)
