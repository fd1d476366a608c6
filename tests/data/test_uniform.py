"""Samples at any times on a uniform clock; all of them synthetic."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allentk.data.uniform import RATES_HZ, from_samples, uniform
from allentk.errors import DataError

few = settings(max_examples=25, deadline=None, derandomize=True)


def ramp(time, slope=1000.0):
    """A voltage that a line describes: linear interpolation is exact."""
    return -70.0 + slope * np.asarray(time, dtype=float)


def variable(seed=0, *, n=4000, finest=25e-6, coarsest=1e-3, first=0.0):
    """Times as an adaptive integrator writes them: most steps short, some long."""
    steps = np.exp(np.random.default_rng(seed).uniform(math.log(finest), math.log(coarsest), n))
    return first + np.concatenate([[0.0], np.cumsum(steps)])


@pytest.mark.parametrize("rate", [1e3, 4e3, 12.5e3, 24414.0625, 30e3, 1e5 / 3, 5e4, 2e5, 1e6])
@pytest.mark.parametrize("first", [0.0, 0.3, -0.1])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_uniform_clock_keeps_its_samples_and_has_its_exact_rate(rate, first, kind):
    time = (first + np.arange(3000) / rate).astype(kind)
    voltage = np.random.default_rng(1).standard_normal(time.size)
    made = uniform(time, voltage, -voltage)
    assert np.array_equal(made.voltage_mv, voltage)
    assert np.array_equal(made.current_pa, -voltage)
    assert made.sampling_rate_hz == pytest.approx(rate, rel=1e-11)
    assert made.resampled_from == {}
    assert made.first_time_s == time[0]


def test_single_precision_of_many_seconds_is_still_a_uniform_clock():
    """At 20 s neighbours lie 1.9 us apart in single precision, at 50 kHz a tenth of a step."""
    time = (np.arange(1_000_000) / 5e4).astype(np.float32)
    made = uniform(time, np.zeros(time.size), np.zeros(time.size))
    assert (made.sampling_rate_hz, made.resampled_from) == (5e4, {})


def test_milliseconds_rounded_to_microseconds_are_a_uniform_clock():
    time = np.round(np.arange(60_000) / 30.0, 3) * 1e-3
    assert np.ptp(np.diff(time)) > 0.9e-6
    made = uniform(time, np.zeros(time.size), np.zeros(time.size))
    assert (made.sampling_rate_hz, made.resampled_from) == (3e4, {})


def test_a_rate_that_is_not_round_stays_as_it_is():
    rate = 49_997.3123
    time = np.arange(50_000) / rate
    made = uniform(time, np.zeros(time.size), np.zeros(time.size))
    assert made.sampling_rate_hz == pytest.approx(rate, rel=1e-12)


def test_the_own_rate_asked_for_resamples_nothing():
    time = np.arange(100) / 5e4
    assert uniform(time, ramp(time), ramp(time), sampling_rate_hz=5e4).resampled_from == {}
    again = uniform(time, ramp(time), ramp(time), sampling_rate_hz=1e5)
    assert (again.sampling_rate_hz, again.voltage_mv.size) == (1e5, 199)
    assert again.voltage_mv == pytest.approx(ramp(np.arange(199) / 1e5), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("first", [0.0, 2.5, -0.4])
def test_variable_steps_become_uniform(seed, first):
    time = variable(seed, first=first)
    made = uniform(time, ramp(time), np.zeros(time.size))
    clock = first + np.arange(made.voltage_mv.size) / made.sampling_rate_hz
    assert made.voltage_mv == pytest.approx(ramp(clock), abs=1e-8)
    assert 0 <= time[-1] - clock[-1] < 1 / made.sampling_rate_hz
    steps = np.diff(time)
    assert made.sampling_rate_hz in RATES_HZ
    assert (steps >= 0.999 / made.sampling_rate_hz).mean() == pytest.approx(0.95, abs=0.06)
    assert made.resampled_from["n_samples"] == time.size
    assert made.resampled_from["min_step_s"] == pytest.approx(steps.min())
    assert made.resampled_from["max_step_s"] == pytest.approx(steps.max())


@pytest.mark.parametrize(
    ("finest", "coarsest", "rate"),
    [
        (1e-7, 2e-7, 2e5),
        (1.9e-5, 1e-3, 1e5),
        (2e-5, 1e-3, 5e4),
        (2.5e-5, 3e-4, 4e4),
        (1e-2, 5e-2, 4e3),
    ],
)
def test_the_rate_follows_the_fine_steps_from_4_to_200_khz(finest, coarsest, rate):
    time = np.concatenate([[0], np.cumsum(np.tile([finest, coarsest], 500))])
    assert uniform(time, ramp(time), ramp(time)).sampling_rate_hz == rate


def test_a_few_tiny_steps_at_events_do_not_set_the_rate():
    time = np.sort(np.concatenate([variable(finest=1e-4), [0.1, 0.1 + 1e-9, 0.2, 0.2 + 1e-9]]))
    made = uniform(time, ramp(time), ramp(time))
    assert made.sampling_rate_hz == 1e4
    assert made.resampled_from["min_step_s"] == pytest.approx(1e-9, rel=1e-3)


@pytest.mark.parametrize("rate", [500.0, 3_000.0, 400_000.0])
def test_a_rate_asked_for_may_be_any(rate):
    time = variable(n=300)
    made = uniform(time, ramp(time), np.zeros(time.size), sampling_rate_hz=rate)
    assert made.sampling_rate_hz == rate
    assert made.voltage_mv == pytest.approx(ramp(np.arange(made.voltage_mv.size) / rate))


def test_of_doubled_times_the_last_sample_counts():
    """As NEURON writes an IClamp from 10 to 20 ms: both edges twice, before and after."""
    time = np.array([0, 4, 10, 10, 11, 17, 20, 20, 29, 30.5]) * 1e-3
    current = np.array([0, 0, 0, 50, 50, 50, 50, 0, 0, 0.0])
    made = uniform(time, ramp(time), current, sampling_rate_hz=10_000.0)
    clock = np.arange(306) * 1e-4
    on = (clock > 0.01 - 1e-6) & (clock < 0.02 - 1e-6)
    assert np.array_equal(made.current_pa, np.where(on, 50.0, 0.0))
    assert made.voltage_mv == pytest.approx(ramp(clock))
    assert made.resampled_from["n_doubled"] == 2
    assert made.resampled_from["min_step_s"] == pytest.approx(1e-3)


@pytest.mark.parametrize("at", [0, 500, 999])
def test_one_doubled_time_makes_a_clock_not_uniform(at):
    time = np.insert(np.arange(1000) / 5e4, at, at / 5e4).astype(np.float32)
    made = uniform(time, ramp(time), np.zeros(time.size), sampling_rate_hz=5e4)
    assert made.resampled_from["n_doubled"] == 1
    assert made.voltage_mv.size == 1000
    assert made.voltage_mv == pytest.approx(ramp(np.arange(1000) / 5e4), abs=1e-5)


def test_a_current_may_be_linear_between_samples():
    time = variable(n=500)
    held = uniform(time, ramp(time), ramp(time))
    linear = uniform(time, ramp(time), ramp(time), current="linear")
    assert linear.current_pa == pytest.approx(linear.voltage_mv)
    hundredth = ramp(0.01 / held.sampling_rate_hz) + 70.0
    assert (held.current_pa <= held.voltage_mv + hundredth + 1e-9).all()
    assert np.isin(held.current_pa, ramp(time)).all()
    assert linear.resampled_from["current"] == "linear"
    with pytest.raises(DataError, match="'held' or 'linear', got 'cubic'"):
        uniform(time, ramp(time), ramp(time), current="cubic")


@few
@given(seed=st.integers(0, 1000), edges=st.lists(st.floats(0.05, 0.95), min_size=2, max_size=6))
def test_steps_of_current_stay_steps(seed, edges):
    """Every edge comes at the first uniform sample at or after it, to a hundredth of a step."""
    time = np.sort(np.concatenate([variable(seed, n=300), np.repeat(np.array(edges) * 0.06, 2)]))
    level = np.searchsorted(np.sort(edges) * 0.06, time, side="right").astype(float)
    twice = np.flatnonzero(np.diff(time) == 0)
    level[twice] -= 1
    made = uniform(time, ramp(time), level, sampling_rate_hz=2e5)
    clock = np.arange(made.current_pa.size) / 2e5
    late, early = (
        np.searchsorted(np.sort(edges) * 0.06, clock + shift, side="right")
        for shift in (0.0, 0.01 / 2e5 + 1e-12)
    )
    assert ((made.current_pa >= late) & (made.current_pa <= early)).all()


@pytest.mark.parametrize("at", [1, 57, 400])
def test_times_must_not_decrease(at):
    time = variable(n=400)
    time[at] = time[at - 1] - 1e-6
    with pytest.raises(DataError, match=rf"cell: times must not decrease, but time_s\[{at}\] = "):
        uniform(time, ramp(time), ramp(time), where="cell")


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ([0.0], "at least two times"),
        ([], "at least two times"),
        ([1.0, 1.0, 1.0], "all 3 times are 1 s"),
        ([0.0, math.nan, 2.0], r"time_s\[1\] is nan"),
        ([0.0, 1.0, math.inf], r"time_s\[2\] is inf"),
        ([[0.0, 1.0]], "one-dimensional and equally long"),
        ([0.0, 0.1, 5e6], "times in seconds"),
        (["a", "b"], "expected numbers"),
    ],
)
def test_what_is_no_clock(time, message):
    with pytest.raises(DataError, match=message):
        uniform(time, np.zeros(len(time)), np.zeros(len(time)))


@pytest.mark.parametrize("rate", [0.0, -5.0, math.nan, math.inf])
def test_a_rate_must_be_positive(rate):
    with pytest.raises(DataError, match="sampling_rate_hz must be positive"):
        uniform([0, 1, 2], [0, 0, 0], [0, 0, 0], sampling_rate_hz=rate)


def test_lengths_must_agree_and_the_rate_must_leave_a_step():
    with pytest.raises(DataError, match=r"\(3,\), \(2,\) and \(3,\)"):
        uniform([0, 1, 2], [0, 0], [0, 0, 0])
    with pytest.raises(DataError, match="less than one step at 100 Hz"):
        uniform([0, 1e-3, 3e-3], [0, 0, 0], [0, 0, 0], sampling_rate_hz=100)


def test_nan_spreads_to_its_finite_neighbours_and_no_further():
    time = np.array([0.0, 1.0, 2.0, 4.0, 5.0, 6.0])
    voltage = [0.0, 1.0, np.nan, 4.0, np.inf, np.nan]
    made = uniform(time, voltage, np.zeros(6), sampling_rate_hz=2.0)
    finite = np.isfinite(made.voltage_mv)
    assert np.flatnonzero(finite).tolist() == [0, 1, 2, 8]
    assert made.voltage_mv[finite].tolist() == [0.0, 0.5, 1.0, 4.0]


def test_a_sweep_says_what_it_was_made_of():
    time = variable(first=10.0)
    made = from_samples(
        time,
        ramp(time - 10),
        np.zeros(time.size),
        number=7,
        source="model",
        stimulus="Long Square",
        start_s=10.02,
        stop_s=10.05,
        metadata={"synthetic": True},
    )
    assert (made.number, made.stimulus) == (7, "Long Square")
    assert (made.start_s, made.stop_s) == pytest.approx((0.02, 0.05))
    assert made.metadata["synthetic"] is True
    assert made.metadata["first_time_s"] == 10.0
    assert made.metadata["resampled_from"] == {
        "n_samples": time.size,
        "n_doubled": 0,
        "min_step_s": np.diff(time).min(),
        "max_step_s": np.diff(time).max(),
        "current": "held",
    }
    assert made.voltage_mv == pytest.approx(ramp(made.time_s), abs=1e-8)


def test_a_sweep_of_a_uniform_clock_says_nothing():
    time = np.arange(100) / 5e4
    assert from_samples(time, ramp(time), ramp(time)).metadata == {}


def test_a_sweep_that_cannot_be_made_is_named():
    with pytest.raises(DataError, match="model: sweep 7: times must not decrease"):
        from_samples([0, 2, 1], [0, 0, 0], [0, 0, 0], number=7, source="model")
    with pytest.raises(DataError, match="sweep 0: the stimulus window"):
        from_samples([3, 4, 5], [0, 0, 0], [0, 0, 0], start_s=1.0, stop_s=2.0)
