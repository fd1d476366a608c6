"""The rules that make one row of a cell, and what a table has where there is little."""

import math

import numpy as np
import pytest

from allentk import features
from allentk.data import LongSquare, Sweep, SweepSet
from allentk.errors import FeatureError

RATE = 20_000.0


def step(
    amplitude, number, *, r_mohm=200.0, tau_s=0.02, spikes=(), named="Long Square", noise_pa=0.0
):
    """A step onto a passive membrane of -70 mV, spikes painted on."""
    current = LongSquare(amplitude_pa=amplitude, tail_s=0.48).current_pa(RATE)
    clock = np.arange(current.size) / RATE
    on = 1 - np.exp(-np.clip(clock - 1.02, 0, 1.0) / tau_s)
    off = np.exp(-np.clip(clock - 2.02, 0, None) / tau_s)
    voltage = (
        -70.0 + amplitude * r_mohm * 1e-3 * on * off if not spikes else np.full(clock.size, -70.0)
    )
    for time in spikes:
        first = round(time * RATE)
        voltage[first : first + 11] = np.linspace(-70, 30, 11)
        voltage[first + 10 : first + 31] = np.linspace(30, -72, 21)
    if noise_pa:
        current = current + np.random.default_rng(number).normal(0, noise_pa, current.size)
    return Sweep(
        voltage,
        current,
        RATE,
        number=number,
        stimulus=named,
        amplitude_pa=math.nan if noise_pa else amplitude,
        start_s=1.02,
        stop_s=2.02,
    )


def row_of(*sweeps):
    return features.cell(SweepSet(sweeps))


def test_resistance_is_over_steps_above_minus_100():
    """Deflections of -20, -10 and -4 mV at -90, -50 and -20 pA; the step of -100 pA does not count."""
    sweeps = [step(a, n, r_mohm=-v / -a * 1e3) for n, (a, v) in enumerate([(-90, -20), (-50, -10)])]
    sweeps += [step(-20, 5, r_mohm=200.0), step(-100, 6, r_mohm=500.0), step(-140, 7, r_mohm=400.0)]
    expected = np.polyfit([-90, -50, -20], [-20, -10, -4], 1)[0] * 1e3
    assert row_of(*sweeps)["ri"] == pytest.approx(expected, rel=1e-3)


def test_the_time_constant_is_the_mean_of_the_steps():
    sweeps = [step(-90, 1, tau_s=0.02), step(-70, 2, tau_s=0.03), step(-50, 3, tau_s=0.04)]
    assert row_of(*sweeps)["tau"] == pytest.approx(30.0, rel=1e-3)
    assert row_of(*sweeps, step(-110, 4, tau_s=0.1))["tau"] == pytest.approx(30.0, rel=1e-3)


@pytest.mark.parametrize("noise_pa", [0.0, 2.0])
def test_one_amplitude_is_measured_against_the_baseline(noise_pa):
    """Twice the same amplitude, measured or nominal, is one point of the line."""
    sweeps = [
        step(-50, 1, r_mohm=200.0, noise_pa=noise_pa),
        step(-50, 2, r_mohm=220.0, noise_pa=noise_pa),
    ]
    assert row_of(*sweeps)["ri"] == pytest.approx(210.0, rel=0.01)


def test_the_sag_is_that_of_the_step_nearest_to_minus_100_mv():
    row = row_of(step(-110, 1), step(-160, 2), step(-50, 3))
    assert row["vm_for_sag"] == pytest.approx(-102.0, abs=0.01)


def test_two_amplitudes_make_a_slope_and_one_does_not():
    spikes = (1.2, 1.5)
    two = row_of(step(100, 1, spikes=(1.5,)), step(150, 2, spikes=spikes))
    assert two["f_i_curve_slope"] == pytest.approx(1 / 50)
    one = row_of(
        step(100, 1, spikes=(1.5,), noise_pa=2.0), step(100, 2, spikes=spikes, noise_pa=2.0)
    )
    assert math.isnan(one["f_i_curve_slope"])


@pytest.mark.parametrize(
    ("above", "is_hero"), [(30, False), (38, False), (40, True), (60, True), (62, False)]
)
def test_the_hero_lies_39_to_61_above_rheobase(above, is_hero):
    row = row_of(step(100, 1, spikes=(1.5,)), step(100 + above, 2, spikes=(1.2, 1.5)))
    assert (row.attrs["hero_sweep_number"] == 2) == is_hero
    assert row["threshold_i_long_square"] == 100
    if is_hero:
        assert row["avg_isi"] == pytest.approx(300.0, abs=0.1)


def test_the_rest_is_the_mean_of_all_long_squares():
    shifted = step(-50, 2)
    shifted = Sweep(
        shifted.voltage_mv - 4, shifted.current_pa, RATE, number=2, stimulus="Long Square",
        amplitude_pa=-50.0, start_s=1.02, stop_s=2.02,
    )  # fmt: skip
    assert row_of(step(-50, 1), shifted)["vrest"] == pytest.approx(-72.0, abs=1e-3)


def test_short_squares_are_read_once():
    asked = []

    def read(number):
        asked.append(number)
        return step(900, number, spikes=(1.021,), named="Short Square")

    table = SweepSet([read(1), read(2)]).table
    asked.clear()
    row = features.cell(SweepSet(table, read))
    assert sorted(asked) == [1, 2]
    assert row["threshold_i_short_square"] == 900


def test_a_short_square_that_cannot_be_measured_costs_only_itself():
    broken = np.full(4000, -70.0)
    broken[100] = math.nan
    late = Sweep([-70.0] * 4000, [0.0] * 4000, RATE, number=2, stimulus="Short Square",
                 start_s=0.2, stop_s=0.2)  # fmt: skip
    row = row_of(
        step(900, 5, spikes=(1.021,), named="Short Square"),
        Sweep(broken, np.zeros(4000), RATE, number=1, stimulus="Short Square"),
        late,
        Sweep([0.0] * 400, [0.0] * 400, RATE, number=3, stimulus="Long Square", clamp="voltage"),
    )
    assert [failed["number"] for failed in row.attrs["errors"]] == [1, 2, 3]
    assert row["threshold_i_short_square"] == 900
    with pytest.raises(FeatureError, match=r"first: .*window"):
        row_of(late)


def test_a_table_of_nothing_has_its_columns():
    full = features.table(SweepSet([step(-50, 1)]))
    empty = features.table(SweepSet([]))
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert "error" in empty.columns
    assert set(features.sweep(step(-50, 1))) == set(full.columns) - {
        "number",
        "stimulus",
        "code",
        "error",
    }
