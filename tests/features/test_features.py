"""Features of made-up sweeps whose answers are known."""

import math

import numpy as np
import pytest

from allentk import features
from allentk.data import LongSquare, Ramp, ShortSquare, Sweep, SweepSet
from allentk.errors import FeatureError
from allentk.features import Criteria
from allentk.features.spike_table import filtered, spikes_of
from allentk.models import GLIFParameters
from allentk.simulation import simulate

RATE = 50_000.0


def bump(rate=RATE):
    """A spike of 100 mV: up in 0.5 ms, down in 1 ms, 5 mV below the start afterwards."""
    up = np.linspace(0, 100, round(0.0005 * rate), endpoint=False)
    down = np.linspace(100, -5, round(0.001 * rate), endpoint=False)
    back = -5 * np.exp(-np.arange(round(0.02 * rate)) / (0.005 * rate))
    return np.concatenate([up, down, back])


def sweep_with(times, *, number=0, amplitude=100.0, base=-70.0, **kwargs):
    voltage = np.full(round(2.5 * RATE), base)
    for time in times:
        shape = bump()
        first = round(time * RATE)
        voltage[first : first + shape.size] += shape
    current = LongSquare(amplitude_pa=amplitude, tail_s=0.48).current_pa(RATE)
    return Sweep(
        voltage,
        current,
        RATE,
        number=number,
        stimulus=kwargs.pop("stimulus", "Long Square"),
        amplitude_pa=amplitude,
        start_s=1.02,
        stop_s=2.02,
        **kwargs,
    )


def passive(amplitude, *, number, r_mohm=200.0, tau_s=0.02, base=-70.0):
    current = LongSquare(amplitude_pa=amplitude, tail_s=0.48).current_pa(RATE)
    t = np.arange(current.size) / RATE
    rise = 1 - np.exp(-np.clip(t - 1.02, 0, None) / tau_s)
    fall = np.exp(-np.clip(t - 2.02, 0, None) / tau_s)
    voltage = base + amplitude * r_mohm * 1e-3 * np.where(t < 2.02, rise, rise * fall)
    voltage += 0.01 * np.random.default_rng(number).standard_normal(voltage.size)
    return Sweep(
        voltage,
        current,
        RATE,
        number=number,
        stimulus="Long Square",
        amplitude_pa=amplitude,
        start_s=1.02,
        stop_s=2.02,
    )


TIMES = [1.1, 1.2, 1.4, 1.8]


def test_a_train_is_counted_and_timed():
    table = features.spikes(sweep_with(TIMES))
    assert table["threshold_t"].to_numpy() == pytest.approx(TIMES, abs=2e-4)
    assert table["peak_v"].to_numpy() == pytest.approx(30.0, abs=3)
    row = features.sweep(sweep_with(TIMES))
    assert row["n_spikes"] == 4
    assert row["avg_rate"] == pytest.approx(4.0)
    assert row["latency"] == pytest.approx(0.08, abs=2e-4)
    assert row["mean_isi"] == pytest.approx(0.7 / 3, abs=1e-4)
    assert row["median_isi"] == pytest.approx(0.2, abs=1e-4)
    assert row["adapt"] == pytest.approx((1 / 3 + 1 / 3) / 2, abs=1e-3)


def test_windows_limit_the_spikes():
    sweep = sweep_with([0.5, 1.5])
    assert len(features.spikes(sweep)) == 2
    assert features.sweep(sweep)["n_spikes"] == 1


def test_criteria_can_be_made_stricter():
    assert features.sweep(sweep_with(TIMES), criteria=Criteria(min_peak_mv=50.0))["n_spikes"] == 0


@pytest.mark.parametrize("rate", [10_000.0, 20_000.0, 200_000.0])
def test_any_sampling_rate_is_measured(rate):
    voltage = np.full(round(0.5 * rate), -70.0)
    shape = bump(rate)
    voltage[round(0.2 * rate) : round(0.2 * rate) + shape.size] += shape
    sweep = Sweep(voltage, np.zeros(voltage.size), rate)
    table = features.spikes(sweep)
    assert table["threshold_t"].to_numpy() == pytest.approx([0.2], abs=4e-4)
    assert table.attrs["filter_hz"] == (10_000.0 if rate > 20_000 else 0.4 * rate)


def test_passive_numbers_of_a_known_membrane():
    sweep = passive(-50.0, number=1)
    row = features.sweep(sweep)
    assert row["tau"] == pytest.approx(0.02, rel=0.02)
    assert row["peak_deflect"] == pytest.approx(-80.0, abs=0.1)
    assert row["sag"] == pytest.approx(0.0, abs=0.01)
    assert row["v_baseline"] == pytest.approx(-70.0, abs=0.01)


def test_no_time_constant_where_noise_hides_it():
    rng = np.random.default_rng(0)
    clean = passive(-50.0, number=1)
    noisy = Sweep(
        clean.voltage_mv + 3 * rng.standard_normal(clean.n_samples), clean.current_pa, RATE
    )
    assert math.isnan(features.time_constant(noisy, 1.02, 2.02))


def cell():
    sweeps = [passive(a, number=n) for n, a in enumerate((-90.0, -70.0, -50.0, -30.0))]
    sweeps += [passive(-130.0, number=4)]
    spikes = {100.0: [1.5], 120.0: [1.2, 1.6], 150.0: TIMES}
    for n, (amplitude, times) in enumerate(spikes.items(), start=10):
        sweeps.append(sweep_with(times, number=n, amplitude=amplitude))
    return sweeps


def test_a_cell_has_the_published_columns():
    row = features.cell(SweepSet(cell()))
    assert list(row.index) == list(features.CELL_COLUMNS) == sorted(features.CELL_COLUMNS)
    assert len(row) == 56
    assert row["ri"] == pytest.approx(200.0, rel=0.01)
    assert row["tau"] == pytest.approx(20.0, rel=0.02)
    assert row["vrest"] == pytest.approx(-70.0, abs=0.01)
    assert row["vm_for_sag"] == pytest.approx(-96.0, abs=0.1)
    assert row["rheobase_sweep_number"] == 10
    assert row["threshold_i_long_square"] == 100.0
    assert row["threshold_t_long_square"] == pytest.approx(1.5, abs=2e-4)
    assert row["f_i_curve_slope"] == pytest.approx(np.polyfit([100, 120, 150], [1, 2, 4], 1)[0])
    assert row.attrs["hero_sweep_number"] == 12
    assert row["avg_isi"] == pytest.approx(700 / 3, abs=0.1)
    assert math.isnan(row["threshold_v_ramp"])
    assert math.isnan(row["seal_gohm"])


def test_a_bad_sweep_costs_only_itself():
    clamped = Sweep([0.0] * 100, [0.0] * 100, RATE, number=7, clamp="voltage")
    full = np.full(1000, -70.0)
    full[400] = math.nan
    broken = Sweep(full, np.zeros(1000), RATE, number=8, stimulus="Long Square")
    table = features.table(SweepSet([*cell(), clamped, broken]))
    errors = table.set_index("number")["error"]
    assert "voltage" in errors[7]
    assert "NaN" in errors[8] or "finite" in errors[8]
    assert (errors.drop([7, 8]) == "").all()
    row = features.cell(SweepSet([*cell(), broken]))
    assert [failed["number"] for failed in row.attrs["errors"]] == [8]
    assert row["ri"] == pytest.approx(200.0, rel=0.01)


def test_a_recording_without_protocols_says_what_there_is():
    noise = Sweep([-70.0] * 1000, [0.0] * 1000, RATE, stimulus="Noise 1")
    with pytest.raises(FeatureError, match="Noise 1"):
        features.cell(SweepSet([noise], source="cell.nwb"))


GLIF = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)


def painted(stimulus, number):
    """A GLIF response with a spike shape painted where it fired."""
    response = simulate(GLIF, stimulus, dt_s=1 / RATE)
    voltage = np.array(response.to_sweep().voltage_mv)
    for step in response.spike_steps:
        shape = bump()[: voltage.size - step]
        voltage[step : step + shape.size] = -50 + shape * 0.9
    start = stimulus.start_s
    return Sweep(
        voltage,
        stimulus.current_pa(RATE)[: voltage.size],
        RATE,
        number=number,
        stimulus=stimulus.name,
        amplitude_pa=stimulus.amplitude_pa,
        start_s=start,
        stop_s=start + stimulus.duration_s,
    )


def test_ramp_and_short_square():
    ramp = painted(Ramp(amplitude_pa=200.0, duration_s=2.0), 1)
    squares = [painted(ShortSquare(amplitude_pa=a), n) for n, a in ((2, 900.0), (3, 900.0))]
    row = features.cell(SweepSet([ramp, *squares]))
    # Threshold at 100 pA of a ramp of 100 pA/s, later by the time constant of 20 ms.
    assert row["threshold_t_ramp"] == pytest.approx(1.02 + 1.02, abs=0.005)
    assert row["threshold_i_ramp"] == pytest.approx(102.0, abs=1.0)
    assert row["threshold_i_short_square"] == 900.0
    assert row["peak_v_short_square"] == pytest.approx(40.0, abs=4)
    assert 1.02 < row["threshold_t_short_square"] < 1.0245


def test_short_squares_without_spikes_are_silent():
    squares = [painted(ShortSquare(amplitude_pa=100.0), 2)]
    assert math.isnan(features.cell(SweepSet(squares))["threshold_i_short_square"])


def test_amplitude_is_measured_where_the_file_says_none():
    sweep = sweep_with(TIMES)
    known = Sweep(
        sweep.voltage_mv,
        LongSquare(amplitude_pa=-30, tail_s=0.48).current_pa(RATE) + 5.0,
        RATE,
        start_s=1.02,
        stop_s=2.02,
    )
    assert features.sweep(known)["amplitude_pa"] == pytest.approx(-30.0)


def test_resistance_needs_two_amplitudes():
    assert math.isnan(features.input_resistance([-80.0, -81.0], [-50.0, -50.0]))
    assert features.adaptation(np.array([0.1])) != features.adaptation(np.array([0.1]))


def columns(sweep, start_s, end_s, window):
    trace = filtered(sweep, *window)
    return spikes_of(trace, start_s, end_s)


@pytest.mark.parametrize("ramp_mv_per_s", [0.0, 300.0])
@pytest.mark.parametrize("window", [(0.4, 0.7), (0.0999, 0.2), (0.4, None), (0.0, 0.5)])
def test_a_window_filtered_alone_has_the_spikes_of_the_whole(window, ramp_mv_per_s):
    """A voltage that only rises has no sample before the window at which a search surely ends."""
    usual = sweep_with((0.15, 0.402, 0.5, 0.65))
    v = usual.voltage_mv + ramp_mv_per_s * usual.time_s
    recorded = Sweep(v, usual.current_pa, usual.sampling_rate_hz)
    alone, whole = (columns(recorded, *window, seen) for seen in (window, ()))
    assert len(whole["peak_t"]) > 0
    for name, expected in whole.items():
        if name == "isi_type":
            assert alone[name].tolist() == expected.tolist()
        else:
            np.testing.assert_allclose(
                alone[name].astype(float), expected.astype(float), rtol=0, atol=1e-9, err_msg=name
            )


def test_a_train_says_what_it_needs():
    assert features.train({"threshold_t": [1.1]}, 1.0, 2.0)["avg_rate"] == 1.0
    with pytest.raises(FeatureError, match=r"ends after its start, got 1\.0\.\.1\.0 s"):
        features.train({"threshold_t": [1.0]}, 1.0, 1.0)
    with pytest.raises(FeatureError, match="no column 'threshold_t'"):
        features.train({"peak_t": [1.0]}, 0.0, 1.0)


def test_integers_and_single_precision_are_measured_alike():
    usual = sweep_with((0.45, 0.6))
    v, i = np.round(usual.voltage_mv), np.round(usual.current_pa)
    window = {"start_s": 0.4, "stop_s": 0.8}
    rows = [
        features.sweep(Sweep(v.astype(a), i.astype(b), usual.sampling_rate_hz, **window))
        for a, b in ((float, float), (np.int16, np.int32), (np.float32, np.float32))
    ]
    assert rows[0]["n_spikes"] == 2
    for row in rows[1:]:
        np.testing.assert_array_equal(list(row.values()), list(rows[0].values()))


def test_where_the_voltage_only_rises_all_before_the_window_is_filtered():
    """No sample before the window surely ends the search for a threshold."""
    usual = sweep_with((0.5,))
    v = usual.voltage_mv + 300.0 * usual.time_s
    recorded = Sweep(v, usual.current_pa, usual.sampling_rate_hz)
    last = recorded.index(0.7)
    alone, whole = filtered(recorded, 0.4, 0.7).slope[:last], filtered(recorded).slope[:last]
    np.testing.assert_allclose(alone, whole, rtol=0, atol=1e-9)
