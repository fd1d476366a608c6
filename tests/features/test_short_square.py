"""The detector that sees past the pulse, and what is counted."""

import math

import numpy as np
import pytest

from allentk.data import Sweep
from allentk.features.short_square import adjusted, short_squares
from allentk.features.spike_table import Filtered, filtered

RATE = 50_000.0
START = 2500  # of 0.05 s


def square(
    amplitude=900.0, *, nominal=True, fires=True, number=0, noise_pa=0.0, stop=None, charging=12.0
):
    """Charge by `charging` mV in 1 ms, then a spike; `stop` samples after its peak the sweep ends."""
    v = np.full(6000, -70.0)
    v[START : START + 51] += np.linspace(0, charging, 51)
    v[START + 51 : START + 151] += np.linspace(charging, charging / 2, 100)
    if fires:
        v[START + 75 : START + 100] = np.linspace(v[START + 75], 30, 25)
        v[START + 100 : START + 150] = np.linspace(30, -75, 50)
        v[START + 150 :] = -72
    current = np.zeros(v.size)
    current[START : START + 150] = amplitude
    current += np.random.default_rng(number).normal(0, noise_pa, v.size) if noise_pa else 0.0
    end = None if stop is None else START + 100 + stop
    return Sweep(
        v[:end],
        current[:end],
        RATE,
        number=number,
        stimulus="Short Square",
        amplitude_pa=amplitude if nominal else math.nan,
        start_s=0.05,
        stop_s=0.053 if stop is None else 0.0515,
    )


def traced(steepest, at_end, upstroke=0.0):
    """A sweep whose dV/dt is given: in the first ms of the pulse, at its end, and later in a spike."""
    slope = np.zeros(5999)
    slope[START : START + 50] = steepest
    slope[START + 50] = at_end
    v = np.full(6000, -70.0)
    if upstroke:
        slope[START + 200 : START + 225] = upstroke
        slope[START + 225 : START + 275] = -upstroke / 2
        v = -70 + np.concatenate([[0], np.cumsum(slope)]) * 1e3 / RATE
    current = np.zeros(6000)
    recorded = Sweep(v, current, RATE, start_s=0.05, stop_s=0.053)
    return Filtered(recorded, v, slope, 1e4)


def test_the_cutoff_is_that_of_the_charging_and_a_tenth():
    assert adjusted([traced(60, 3), traced(30, 3), traced(40, 3)]).dv_cutoff == pytest.approx(44.0)


def test_the_cutoff_is_never_lower_than_for_any_spike():
    assert adjusted([traced(10, 3)]).dv_cutoff == 20.0


def test_the_threshold_is_the_slope_at_the_end_of_the_charging():
    traces = [traced(30, at_end, 200.0) for at_end in (20.0, 40.0, 30.0)]
    assert adjusted(traces).thresh_frac == pytest.approx(1.2 * 30 / 200)


@pytest.mark.parametrize("upstroke", [0.0, 200.0])
def test_the_threshold_is_at_least_a_tenth(upstroke):
    assert adjusted([traced(30, 5, upstroke)]).thresh_frac == pytest.approx(0.1)


def count(*sweeps):
    return short_squares([filtered(sweep) for sweep in sweeps])


def test_the_mean_is_over_all_spiking_squares():
    row = count(square(900.0, number=1), square(950.0, number=2, charging=20.0))
    each = [count(square(900.0)), count(square(950.0, charging=20.0))]
    assert each[0]["threshold_v_short_square"] != each[1]["threshold_v_short_square"]
    assert row["peak_v_short_square"] == pytest.approx(30.0, abs=2)
    for name in ("threshold_v_short_square", "fast_trough_t_short_square"):
        assert row[name] == pytest.approx(np.mean([one[name] for one in each]), rel=0.01)


@pytest.mark.parametrize("nominal", [True, False])
def test_the_most_common_amplitude(nominal):
    noise = 0.0 if nominal else 0.3
    squares = [
        square(a, nominal=nominal, number=n, noise_pa=noise)
        for n, a in enumerate((850.0, 900.0, 900.0, 950.0))
    ]
    assert count(*squares)["threshold_i_short_square"] == pytest.approx(900.0, abs=noise)


def test_the_lower_of_two_equally_common_amplitudes():
    squares = [square(a, number=n) for n, a in enumerate((950.5, 900.5))]
    assert count(*squares)["threshold_i_short_square"] == 900.5


def test_squares_without_a_spike_do_not_count():
    squares = [square(500.0, fires=False, number=n) for n in range(3)]
    assert count(*squares, square(900.0, number=9))["threshold_i_short_square"] == 900.0
    assert count(*squares) == {}


def test_a_spike_cut_off_by_the_end_does_not_count():
    cut = square(800.0, number=7, stop=20)
    assert count(cut) == {}
    both = count(cut, square(900.0, number=1))
    assert both == pytest.approx(count(square(900.0, number=1)), rel=0.05, nan_ok=True)
    assert both["threshold_i_short_square"] == 900.0


def test_a_square_without_a_window_does_not_count():
    lost = square()
    timeless = Sweep(lost.voltage_mv, lost.current_pa, RATE, stimulus="Short Square")
    assert count(timeless) == {}
    assert count(timeless, square(number=1))["threshold_i_short_square"] == 900.0
