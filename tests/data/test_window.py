"""Where the stimulus is: test pulses, noise, holding currents, silence."""

import math

import numpy as np
import pytest

from allentk.data import LongSquare, Noise, Ramp, ShortSquare, TripleShortSquare
from allentk.data.window import stimulus_window
from allentk.errors import DataError

RATE = 20_000.0
TEST = (0.02, 0.03, -50.0)


def current(*pulses, duration=2.5, holding=0.0):
    time = np.arange(round(duration * RATE)) / RATE
    made = np.full(time.size, holding)
    for start, stop, height in pulses:
        made[(time > start - 1e-9) & (time < stop - 1e-9)] += height
    return made


def found(made, **more):
    return stimulus_window(made, RATE, **more)


@pytest.mark.parametrize("holding", [0.0, -35.0])
@pytest.mark.parametrize(
    ("pulses", "window"),
    [
        ([TEST, (1.02, 2.02, 150)], (1.02, 2.02)),
        ([(1.02, 2.02, -90)], (1.02, 2.02)),
        ([TEST, (1.02, 1.023, 400)], (1.02, 1.023)),
        ([(0.38, 0.395, 50), (1.4, 2.4, 10)], (1.4, 2.4)),
        ([TEST, (2.02, 2.023, 9), (2.03, 2.033, 9), (2.04, 2.043, 9)], (2.02, 2.043)),
        # a test pulse at the end, and a train of equal pulses from early on
        ([(0.1, 0.6, 200), (1.1, 1.11, 60)], (0.1, 0.6)),
        ([(0.1, 0.105, 80), (0.6, 0.605, 80), (1.1, 1.105, 80)], (0.1, 1.105)),
        # a step that goes on to the end of the sweep
        ([TEST, (1.0, 2.5, 20)], (1.0, 2.5)),
        # a step that begins with the sweep
        ([(0.0, 0.5, 20)], (0.0, 0.5)),
        ([(0.0, 0.5, 20), (1.5, 1.6, 300)], (0.0, 1.6)),
        # of two short pulses the one at the end of the sweep is the test pulse
        ([(0.2, 0.25, 100), (2.45, 2.455, 60)], (0.2, 0.25)),
        ([(0.02, 0.04, -50), (1.02, 1.023, 400)], (1.02, 1.023)),
    ],
)
def test_steps(pulses, window, holding):
    assert found(current(*pulses, holding=holding)) == pytest.approx(window)


@pytest.mark.parametrize("sigma", [0.2, 8.0])
def test_a_measured_current(sigma):
    rng = np.random.default_rng(3)
    made = current(TEST, (1.02, 2.02, 60), holding=-70.0)
    start, stop = found(made + sigma * rng.standard_normal(made.size))
    assert (start, stop) == pytest.approx((1.02, 2.02), abs=3e-4)


@pytest.mark.parametrize(
    ("stimulus", "begin"),
    [
        (LongSquare(amplitude_pa=70), 1.02),
        (ShortSquare(amplitude_pa=400), None),
        (TripleShortSquare(amplitude_pa=400), None),
        (Noise(amplitude_pa=100), None),
        (Ramp(amplitude_pa=25), None),
    ],
)
def test_every_kind_of_stimulus(stimulus, begin):
    made = np.array(stimulus.current_pa(RATE))
    start, stop = found(made)
    active = np.flatnonzero(made)
    assert start == pytest.approx(active[0] / RATE, abs=2 / RATE)
    assert stop == pytest.approx((active[-1] + 1) / RATE, abs=2 / RATE)
    if begin:
        assert start == pytest.approx(begin, abs=1 / RATE)


def test_a_step_from_an_early_start_to_the_end_leaves_no_current():
    assert found(current((0.2, 2.5, 60))) == pytest.approx((0.2, 2.5))


def test_a_measured_step_that_begins_with_the_sweep():
    rng = np.random.default_rng(4)
    made = current((0.0, 0.5, 60), holding=-70.0)
    start, stop = found(made + rng.standard_normal(made.size))
    assert (start, stop) == pytest.approx((0.0, 0.5), abs=3e-4)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("at", [0, 30_000, 45_000])
def test_a_current_that_is_not_finite_before_its_end(value, at):
    made = current(TEST, (1.02, 2.02, 60))
    made[at] = value
    with pytest.raises(DataError, match=rf"the current is not finite at {at / RATE:.6f} s"):
        found(made)


def test_nothing_to_find():
    for made in (current(), current(holding=-20.0), np.full(9, np.nan), np.zeros(3)):
        assert all(math.isnan(x) for x in found(made))


def test_a_lone_pulse_is_the_stimulus_unless_the_file_says_otherwise():
    made = current(TEST)
    assert found(made) == pytest.approx((0.02, 0.03))
    assert math.isnan(found(made, silent=True)[0])
    assert math.isnan(found(made, after_s=0.4)[0])


def test_nan_at_the_end_is_left_out():
    made = current(TEST, (1.02, 2.02, 60))
    made[-3000:] = np.nan
    assert found(made) == pytest.approx((1.02, 2.02))


@pytest.mark.parametrize(
    ("current", "rate"), [(np.zeros((2, 50)), 1e3), (np.zeros(50), 0.0), (np.zeros(50), np.nan)]
)
def test_what_is_no_current_over_time(current, rate):
    with pytest.raises(DataError, match="one current over time and a positive sampling_rate_hz"):
        stimulus_window(current, rate)
