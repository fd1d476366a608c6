"""What must hold for every sweep: shifts, scales, silence, rates, offsets, noise. All synthetic."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allentk import features
from allentk.data import Sweep, SweepSet
from tests.features.waveforms import (
    BASE_MV,
    START_S,
    STOP_S,
    TIMES_S,
    recording,
    subthreshold,
    voltage_mv,
)

few = settings(max_examples=25, deadline=None, derandomize=True)
fewer = settings(max_examples=12, deadline=None, derandomize=True)

RATE = 2e4
INDICES = [name for name in features.SPIKE_COLUMNS if name.endswith("_index")]
TIMES = [name for name in features.SPIKE_COLUMNS if name.endswith("_t")]
VOLTAGES = [name for name in features.SPIKE_COLUMNS if name.endswith("_v")]
OTHERS = [*(n for n in features.SPIKE_COLUMNS if n.endswith("_i")), "width", "upstroke"]
OTHERS += ["downstroke", "upstroke_downstroke_ratio"]
#: Of a row of ``sweep``: what is a time of the sweep.
ROW_TIMES = [name for name in features.FIRST_SPIKE if name.endswith("_t")]

counts = st.integers(1, 4)
shifts = st.integers(1, 5000)


def longer(recorded, *, before=0, after=0, tail=BASE_MV):
    """Return the sweep with baseline and no current before and `tail` after it."""
    shift = before / recorded.sampling_rate_hz
    return Sweep(
        np.concatenate(
            [np.full(before, recorded.voltage_mv[0]), recorded.voltage_mv, np.full(after, tail)]
        ),
        np.concatenate([np.zeros(before), recorded.current_pa, np.zeros(after)]),
        recorded.sampling_rate_hz,
        stimulus=recorded.stimulus,
        amplitude_pa=recorded.amplitude_pa,
        start_s=recorded.start_s + shift,
        stop_s=recorded.stop_s + shift,
    )


def numbers(table, names):
    return table[list(names)].to_numpy(float)


def assert_same(found, expected, *, shift=0, rate=RATE, offset=0.0):
    assert len(found) == len(expected)
    assert np.array_equal(
        numbers(found, INDICES), numbers(expected, INDICES) + shift, equal_nan=True
    )
    assert numbers(found, TIMES) == pytest.approx(
        numbers(expected, TIMES) + shift / rate, abs=1e-12, nan_ok=True
    )
    assert numbers(found, VOLTAGES) == pytest.approx(
        numbers(expected, VOLTAGES) + offset, abs=1e-9, nan_ok=True
    )
    assert numbers(found, OTHERS) == pytest.approx(
        numbers(expected, OTHERS), rel=1e-9, abs=1e-12, nan_ok=True
    )
    for name in ("clipped", "isi_type"):
        assert found[name].tolist() == expected[name].tolist()


def assert_same_row(row, expected, *, shift_s=0.0):
    assert row.keys() == expected.keys()
    for name, value in expected.items():
        moved = shift_s if name in ROW_TIMES else 0.0
        assert row[name] == pytest.approx(value + moved, rel=1e-9, abs=1e-9, nan_ok=True), name


@few
@given(before=shifts, n_spikes=counts)
def test_shifting_a_sweep_shifts_its_spikes_by_just_that(before, n_spikes):
    usual = recording(RATE, TIMES_S[:n_spikes])
    moved = longer(usual, before=before)
    assert_same(features.spikes(moved), features.spikes(usual), shift=before)
    shift_s = before / RATE
    assert_same_row(features.sweep(moved), features.sweep(usual), shift_s=shift_s)


@few
@given(before=shifts)
def test_shifting_a_passive_sweep_changes_nothing_but_its_clock(before):
    usual = subthreshold(RATE, -60.0, 3)
    assert_same_row(features.sweep(longer(usual, before=before)), features.sweep(usual))


@few
@given(after=shifts, n_spikes=counts)
def test_appending_silence_changes_nothing(after, n_spikes):
    usual = recording(RATE, TIMES_S[:n_spikes])
    extended = longer(usual, after=after)
    assert_same(features.spikes(extended), features.spikes(usual))
    assert_same_row(features.sweep(extended), features.sweep(usual))


@few
@given(after=shifts, where=st.sampled_from(["Long Square", "Short Square", "Ramp", ""]))
def test_appending_nan_changes_nothing_whatever_the_protocol(after, where):
    usual = recording(RATE, stimulus=where)
    if not where:
        usual = recording(RATE, stimulus=where, start_s=math.nan, stop_s=math.nan)
    extended = longer(usual, after=after, tail=math.nan)
    assert_same(features.spikes(extended), features.spikes(usual))
    assert_same_row(features.sweep(extended), features.sweep(usual))


@few
@given(factor=st.floats(0.1, 1.9), nominal=st.booleans())
def test_scaling_the_current_scales_resistance_inversely(factor, nominal):
    steps = [subthreshold(4e3, amplitude, n) for n, amplitude in enumerate((-50, -30, -10))]
    scaled = [
        Sweep(
            step.voltage_mv,
            step.current_pa * factor,
            step.sampling_rate_hz,
            number=step.number,
            stimulus=step.stimulus,
            amplitude_pa=step.amplitude_pa * factor if nominal else math.nan,
            start_s=step.start_s,
            stop_s=step.stop_s,
        )
        for step in steps
    ]
    row, usual = features.cell(SweepSet(scaled)), features.cell(SweepSet(steps))
    assert usual["ri"] == pytest.approx(200.0, rel=0.01)
    assert row["ri"] * factor == pytest.approx(usual["ri"], rel=1e-9)
    for name in ("tau", "sag", "vrest", "vm_for_sag"):
        assert row[name] == pytest.approx(usual[name], rel=1e-9, nan_ok=True)


@few
@given(
    voltage=st.lists(st.floats(-200, 100), min_size=2, max_size=9),
    factor=st.floats(0.01, 100),
)
def test_resistance_of_points_scales_with_voltage_and_inversely_with_current(voltage, factor):
    current = np.arange(len(voltage)) * 10.0 - 90.0
    usual = features.input_resistance(voltage, current)
    assert features.input_resistance(voltage, current * factor) == pytest.approx(
        usual / factor, rel=1e-9, abs=1e-8 / factor
    )
    assert features.input_resistance(np.array(voltage) * factor, current) == pytest.approx(
        usual * factor, rel=1e-9, abs=1e-8 * factor
    )


OLD, NEW = 5e4, 2e5
parts = st.floats(0.0, 1.0)
widths = st.floats(0.12e-3, 0.4e-3)


def at_both_rates(part, width_s, height_mv):
    times = [time + part / OLD for time in TIMES_S]

    def shape(clock):
        return voltage_mv(clock, times, width_s=width_s, height_mv=height_mv)

    return recording(OLD, voltage=shape), recording(NEW, voltage=shape)


@fewer
@given(part=parts, width_s=widths, height_mv=st.floats(60, 110))
def test_a_finer_clock_moves_thresholds_by_less_than_an_old_sample(part, width_s, height_mv):
    """dV/dt between two samples is that of the time between them, half a step after the first.

    The published algorithm names the first one: its thresholds come half a step early, and that
    half step is another at another rate.
    """
    old, new = at_both_rates(part, width_s, height_mv)
    before, after = features.spikes(old), features.spikes(new)
    assert len(before) == len(after) == len(TIMES_S)
    half = 0.5 / OLD - 0.5 / NEW
    for name in ("threshold_t", "upstroke_t"):
        moved = after[name].to_numpy() - before[name].to_numpy() - half
        assert np.abs(moved).max() < 1 / OLD, name
    moved = after["peak_t"].to_numpy() - before["peak_t"].to_numpy()
    assert np.abs(moved).max() < 1 / OLD
    assert numbers(after, ["peak_v"]) == pytest.approx(numbers(before, ["peak_v"]), abs=0.5)


@fewer
@given(part=parts, width_s=widths, height_mv=st.floats(60, 110))
def test_a_finer_clock_moves_mended_thresholds_by_less_than_an_old_sample(part, width_s, height_mv):
    old, new = at_both_rates(part, width_s, height_mv)
    before, after = (features.spikes(made, definition="allentk") for made in (old, new))
    moved = after["threshold_t"].to_numpy() - before["threshold_t"].to_numpy()
    assert np.abs(moved).max() < 1 / OLD
    assert np.abs(after["width"].to_numpy() - before["width"].to_numpy()).max() < 1 / OLD


@few
@given(offset=st.floats(-50, 60))
def test_an_offset_shifts_voltages_and_nothing_else(offset):
    """Peaks of about 30 mV stay above the -30 mV that a peak must reach."""
    usual = recording(RATE)
    moved = recording(RATE, voltage=lambda clock: voltage_mv(clock) + offset)
    assert_same(features.spikes(moved), features.spikes(usual), offset=offset)
    row, expected = features.sweep(moved), features.sweep(usual)
    for name in ("v_baseline", "peak_deflect", "threshold_v", "trough_v"):
        assert row[name] == pytest.approx(expected[name] + offset, abs=1e-9)
    for name in ("n_spikes", "latency", "isi_cv", "adapt", "width", "upstroke"):
        assert row[name] == pytest.approx(expected[name], rel=1e-9)


@few
@given(offset=st.floats(-150, -66))
def test_an_offset_below_the_lowest_peak_leaves_no_spike(offset):
    assert features.spikes(recording(RATE))["peak_v"].max() < 35.0
    moved = recording(RATE, voltage=lambda clock: voltage_mv(clock) + offset)
    assert len(features.spikes(moved)) == 0


@few
@given(offset=st.floats(-30, 30), number=st.integers(0, 5))
def test_an_offset_leaves_sag_and_time_constant(offset, number):
    usual = subthreshold(RATE, -60.0, number)
    moved = Sweep(
        usual.voltage_mv + offset,
        usual.current_pa,
        RATE,
        amplitude_pa=-60.0,
        start_s=START_S,
        stop_s=STOP_S,
    )
    row, expected = features.sweep(moved), features.sweep(usual)
    assert expected["tau"] > 0
    assert row["sag"] == pytest.approx(expected["sag"], abs=1e-9)
    assert row["tau"] == pytest.approx(expected["tau"], rel=1e-5)
    assert row["peak_deflect"] == pytest.approx(expected["peak_deflect"] + offset, abs=1e-9)


def noisy(seed, sigma_mv, rate=RATE):
    noise = np.random.default_rng(seed).standard_normal(round(1.2 * rate)) * sigma_mv
    return recording(rate, voltage=lambda clock: voltage_mv(clock) + noise)


@few
@given(seed=st.integers(0, 10_000), sigma_mv=st.floats(0.0, 0.15))
def test_noise_neither_splits_nor_makes_spikes(seed, sigma_mv):
    """Twice the noise of a good recording: one spike stays one, near where it was."""
    found, usual = features.spikes(noisy(seed, sigma_mv)), features.spikes(recording(RATE))
    assert len(found) == len(usual)
    for name, within in (("peak_t", 2.01), ("threshold_t", 6.01)):
        moved = np.abs(found[name].to_numpy() - usual[name].to_numpy())
        assert moved.max() < within / RATE, name
    assert found["peak_v"].to_numpy() == pytest.approx(usual["peak_v"].to_numpy(), abs=1.0)


@few
@given(seed=st.integers(0, 10_000), at_s=st.floats(0.46, 0.51))
def test_the_two_parts_of_a_sweep_have_the_spikes_of_the_whole(seed, at_s):
    """Cut in the silence between two spikes, with noise; edges of the low-pass may not add spikes."""
    whole = noisy(seed, 0.05)
    first = round(at_s * RATE)
    parts = [
        Sweep(whole.voltage_mv[part], whole.current_pa[part], RATE)
        for part in (slice(None, first), slice(first, None))
    ]
    found = [features.spikes(part)["peak_index"].to_numpy() for part in parts]
    together = np.concatenate([found[0], found[1] + first])
    assert together.tolist() == features.spikes(whole)["peak_index"].tolist()


@few
@given(cut=st.floats(0.3, 1.19))
def test_a_window_keeps_the_spikes_that_peak_in_it(cut):
    whole = features.spikes(recording(RATE))
    # A spike that the window's end cuts is counted or not; none is looked at so closely.
    if min(abs(cut - time) for time in TIMES_S) < 0.002:
        cut += 0.004
    found = features.spikes(recording(RATE), end_s=cut)
    assert found["peak_index"].tolist() == whole["peak_index"][whole["peak_t"] < cut].tolist()
