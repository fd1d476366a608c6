"""Quality of synthetic recordings whose noise, drift and resistances are known."""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.data import Sweep, SweepSet
from allentk.errors import FeatureError
from allentk.features.quality import (
    QUALITY_COLUMNS,
    QualityLimits,
    failed_sweeps,
    passed,
    quality,
    sweep_quality,
)
from allentk.features.quality_cell import blowout_mv, electrode_0_pa, resistance
from allentk.features.quality_epochs import Pulse, epochs, pulses

RATE = 20_000.0
PER_SWEEP = ["pre_noise_rms_mv", "post_noise_rms_mv", "slow_noise_rms_mv", "vm_delta_mv"]
N_NOISE = round(0.0015 * RATE)


def at(time_s):
    return round(time_s * RATE)


def current(amplitude=50.0, *, test=-20.0, seconds=2.5):
    trace = np.zeros(at(seconds))
    trace[at(0.1) : at(0.11)] = test
    trace[at(1.0) : at(1.5)] = amplitude
    return trace


def step(number=1, *, i=None, v=None, **more):
    """A cell at -70 mV that follows its current without delay, as a sweep."""
    i = current() if i is None else i
    v = -70.0 + 0.2 * i if v is None else v
    more = {"stimulus": "Long Square", "code": "C1LSCOARSE141203"} | more
    return Sweep(v, i, RATE, number=number, **more)


def clamped(number, code, *, input_mohm=150.0, access_mohm=12.0, **more):
    """A cell in voltage clamp: access at the peak, all of the resistance at the end of a pulse."""
    pulse = more.pop("pulse_mv", 10.0)
    clock = np.arange(at(0.5)) / RATE
    v, i = np.zeros(clock.size), np.zeros(clock.size)
    for onset in more.pop("onsets", (0.02, 0.15, 0.3)):
        since = clock - onset
        on = (since > -1e-9) & (since < 0.05 - 1e-9)
        v[on] = pulse
        small = pulse / input_mohm * 1e3
        i[on] = small + (pulse / access_mohm * 1e3 - small) * np.exp(-since[on] / 0.001)
    return Sweep(v, i, RATE, number=number, code=code, stimulus="Test", clamp="voltage", **more)


def gigaseal_sweeps(**changed):
    codes = {"EXTPINBATH": (500.0, 5.0), "EXTPCllATT": (2000.0, 20.0), "EXTPBREAKN": (150.0, 12.0)}
    made = [
        clamped(90 + n, f"{code}141203", input_mohm=r, access_mohm=a)
        for n, (code, (r, a)) in enumerate(codes.items())
    ]
    blowout = Sweep(
        np.full(at(1.0), changed.get("blowout", 3.0)),
        current(0.0, seconds=1.0),
        RATE,
        number=99,
        code="EXTPBLWOUT141203",
        stimulus="Test",
    )
    return [*made, blowout]


def row(table, criterion, number=None):
    """The one row of a criterion."""
    mine = table.number.isna() if number is None else (table.number == number).fillna(False)
    (found,) = table[mine & (table.criterion == criterion)].to_dict("records")
    return found


def test_a_good_recording_passes_everything():
    table = quality(SweepSet([step(4), *gigaseal_sweeps()]))
    assert tuple(table.columns) == QUALITY_COLUMNS
    assert str(table.number.dtype) == "Int64"
    assert str(table.passed.dtype) == "boolean"
    assert table.number.dropna().unique().tolist() == [4]
    assert table.criterion[:4].tolist() == PER_SWEEP
    assert table.passed.all()
    assert failed_sweeps(table) == []
    assert passed(table)
    assert row(table, "seal_gohm")["value"] == pytest.approx(2.0)
    assert row(table, "seal_gohm")["reason"] == (
        "2 GOhm is not below the limit of 1 GOhm, from sweep 91 (EXTPCllATT)"
    )
    assert row(table, "initial_access_resistance_mohm")["value"] == pytest.approx(12.0)
    assert row(table, "input_access_resistance_ratio")["value"] == pytest.approx(12 / 150)
    assert row(table, "blowout_mv")["value"] == pytest.approx(3.0)
    assert row(table, "electrode_0_pa")["value"] == 0.0


def test_noise_is_measured_where_it_is():
    v = np.full(at(2.5), -70.0)
    wave = np.where(np.arange(N_NOISE) % 2, 0.1, -0.1)
    v[at(0.5) : at(0.5) + N_NOISE] += wave
    v[-1 - N_NOISE : -1] += 2 * wave
    table = sweep_quality(step(v=v))
    early, late = row(table, "pre_noise_rms_mv", 1), row(table, "post_noise_rms_mv", 1)
    assert early["value"] == pytest.approx(0.1)
    assert late["value"] == pytest.approx(0.2)
    assert not early["passed"]
    assert not late["passed"]
    assert early["reason"] == "0.1 mV is above the limit of 0.07 mV"
    slow = row(table, "slow_noise_rms_mv", 1)
    assert slow["value"] == pytest.approx(0.1 * math.sqrt(0.0015 / 0.5), rel=0.05)
    assert slow["passed"]
    assert failed_sweeps(table) == [1]


@pytest.mark.parametrize(
    ("drift", "good"), [(0.9, True), (-0.9, True), (1.1, False), (-1.1, False)]
)
def test_a_voltage_that_does_not_come_back_fails(drift, good):
    v = np.full(at(2.5), -70.0)
    v[at(1.5) :] += drift
    delta = row(sweep_quality(step(v=v)), "vm_delta_mv", 1)
    assert delta["value"] == pytest.approx(abs(drift))
    assert delta["passed"] == good
    loose = sweep_quality(step(v=v), limits=QualityLimits(vm_delta_mv=(0, 2)))
    assert row(loose, "vm_delta_mv", 1)["passed"]


def test_slow_noise_fails():
    v = -70 + 0.8 * np.sin(2 * np.pi * 4 * np.arange(at(2.5)) / RATE)
    slow = row(sweep_quality(step(v=v)), "slow_noise_rms_mv", 1)
    assert slow["value"] == pytest.approx(0.8 / math.sqrt(2), rel=1e-3)
    assert not slow["passed"]


@pytest.mark.parametrize("named", [{"stimulus": "Ramp"}, {"stimulus": "", "code": "C1RP25PR1S"}])
def test_a_ramp_need_not_come_back(named):
    v = np.full(at(1.6), -70.0)
    v[at(1.0) :] = 0.0
    table = sweep_quality(step(i=current(seconds=1.6), v=v, **named))
    for name in ("post_noise_rms_mv", "vm_delta_mv"):
        found = row(table, name, 1)
        assert pd.isna(found["passed"])
        assert math.isnan(found["value"])
        assert found["reason"] == "not judged: a ramp leaves no time to recover"
    assert row(table, "slow_noise_rms_mv", 1)["passed"]
    assert failed_sweeps(table) == []


def cut(seconds):
    v = -70.0 + 0.2 * current()
    v[at(seconds) :] = np.nan
    return {"v": v}


def holed(into, time_s):
    traces = {"i": current(), "v": np.full(at(2.5), -70.0)}
    traces[into][at(time_s) : at(time_s) + 3] = np.nan
    return traces


@pytest.mark.parametrize(
    ("traces", "reason"),
    [
        (cut(1.9), "the recording ends at 1.9 s, before 2 s, 0.5 s after the stimulus"),
        (cut(1.2), "the recording ends at 1.2 s, before 1.7 s, 0.5 s after the stimulus"),
        (cut(0.0), "the voltage was not recorded"),
        (cut(0.8), "there is no stimulus"),
        (holed("i", 0.5), "the current is not finite at 0.5 s (3 samples)"),
        (holed("v", 0.7), "the voltage is not finite at 0.7 s (3 samples)"),
        ({"i": current(0.0)}, "there is no stimulus"),
        ({"i": current(test=0.0)}, "there is no test pulse before the stimulus"),
    ],
)
def test_a_sweep_that_is_not_whole_says_why_and_nothing_else(traces, reason):
    table = sweep_quality(step(3, **traces))
    assert table.criterion.tolist() == ["integrity"]
    assert table.reason.tolist() == [reason]
    assert failed_sweeps(table) == [3]


def test_every_reason_has_a_row():
    table = sweep_quality(step(3, i=np.zeros(at(2.5))))
    assert table.criterion.tolist() == ["integrity", "integrity"]


def test_recordings_without_test_pulses_can_be_judged():
    table = sweep_quality(step(i=current(test=0.0)), limits=QualityLimits(test_pulse=False))
    assert table.criterion.tolist() == PER_SWEEP
    assert table.passed.all()


def test_what_was_never_recorded_fails():
    i = np.zeros(at(1.5))
    i[: at(0.5)] = 50.0
    sweep = step(i=i, start_s=0.0, stop_s=0.5)
    table = sweep_quality(sweep, limits=QualityLimits(test_pulse=False))
    early = row(table, "pre_noise_rms_mv", 1)
    assert not early["passed"]
    assert early["reason"] == "could not be measured: nothing was recorded before the stimulus"


def test_the_test_pulse_is_no_noise():
    i = np.zeros(at(1.5))
    i[at(0.05) : at(0.06)] = -20.0
    i[at(0.4) : at(0.9)] = 50.0
    table = sweep_quality(step(i=i, v=-70 + 0.2 * i))
    assert row(table, "slow_noise_rms_mv", 1)["value"] == pytest.approx(0.0, abs=1e-9)
    assert row(table, "pre_noise_rms_mv", 1)["value"] == pytest.approx(0.0, abs=1e-9)


def test_a_sweep_in_voltage_clamp_is_refused():
    with pytest.raises(FeatureError, match="sweep 5: the quality of a sweep is judged in current"):
        sweep_quality(clamped(5, "EXTPINBATH"))


def test_tests_and_searches_are_not_judged():
    noisy = -70 + np.random.default_rng(0).normal(0, 5, at(2.5))
    held = [
        step(1),
        step(2, v=noisy, stimulus="Search", code="X5SP_Search"),
        step(3, v=noisy, stimulus="", code="EXTPEXPEND141203"),
        step(4, v=noisy),
    ]
    table = quality(SweepSet(held))
    assert table.number.dropna().unique().tolist() == [1, 4]
    assert failed_sweeps(table) == [4]


def test_without_test_sweeps_the_seal_is_missing_and_fails():
    table = quality(SweepSet([step()]))
    seal = row(table, "seal_gohm")
    assert math.isnan(seal["value"])
    assert seal["passed"] is False
    assert seal["reason"] == "no voltage-clamp sweep of EXTPCllATT"
    assert row(table, "electrode_0_pa")["passed"] is False
    assert row(table, "input_access_resistance_ratio")["reason"] == (
        "the access resistance is not known: no voltage-clamp sweep of EXTPBREAKN"
    )
    blowout = row(table, "blowout_mv")
    assert blowout["passed"] is True
    assert blowout["reason"] == "no current-clamp sweep of EXTPBLWOUT; not required"
    assert not passed(table)


def test_what_the_file_says_counts_where_nothing_was_measured():
    said = {
        "seal_gohm": 3.0,
        "electrode_0_pa": np.float32(-250.0),
        "initial_access_resistance_mohm": 10,
        "input_resistance_mohm": 50.0,
    }
    table = quality(SweepSet([step()], metadata=said))
    assert row(table, "seal_gohm")["passed"]
    assert "as the recording's metadata say" in row(table, "seal_gohm")["reason"]
    assert row(table, "electrode_0_pa")["reason"].startswith(
        "-250 pA is below the limit of -200 pA"
    )
    ratio = row(table, "input_access_resistance_ratio")
    assert ratio["value"] == pytest.approx(0.2)
    assert not ratio["passed"]
    measured = quality(SweepSet([step(), *gigaseal_sweeps()], metadata=said))
    assert row(measured, "seal_gohm")["value"] == pytest.approx(2.0)


@pytest.mark.parametrize("said", ["3", None, math.nan, [3.0]])
def test_metadata_that_are_no_number_say_nothing(said):
    table = quality(SweepSet([step()], metadata={"seal_gohm": said}))
    assert row(table, "seal_gohm")["passed"] is False


def test_a_sweep_that_cannot_be_read_is_a_failed_sweep():
    whole = SweepSet([step(1), *gigaseal_sweeps()])

    def read(number):
        if number in (1, 91):
            raise FeatureError("it is gone")
        return whole.sweep(number)

    table = quality(SweepSet(whole.table, read))
    assert row(table, "integrity", 1)["reason"] == "the sweep cannot be read: it is gone"
    assert "cannot be read: it is gone" in row(table, "seal_gohm")["reason"]
    assert failed_sweeps(table) == [1]
    assert not passed(table)


def test_the_last_test_sweep_counts():
    sweeps = [step(), *gigaseal_sweeps(), clamped(120, "EXTPCllATT150216", input_mohm=800.0)]
    seal = row(quality(SweepSet(sweeps)), "seal_gohm")
    assert seal["value"] == pytest.approx(0.8)
    assert seal["reason"] == "0.8 GOhm is below the limit of 1 GOhm, from sweep 120 (EXTPCllATT)"


@pytest.mark.parametrize("onsets", [(0.02, 0.15, 0.3), (0.02, 0.15, 0.48), (0.1,), (0.02, 0.1)])
@pytest.mark.parametrize("pulse", [10.0, -10.0])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_resistances_of_pulses_up_down_cut_off_and_alone(onsets, pulse, noise):
    made = clamped(1, "EXTPBREAKN", onsets=onsets, pulse_mv=pulse)
    v = made.voltage_mv + np.random.default_rng(1).normal(0, noise, made.n_samples)
    found = resistance(Sweep(v, made.current_pa, RATE, clamp="voltage"))
    assert found.steady_mohm == pytest.approx(150.0, rel=1e-9 if noise == 0 else 5e-3)
    assert found.peak_mohm == pytest.approx(12.0, rel=1e-9 if noise == 0 else 5e-3)


def test_the_first_of_several_pulses_does_not_count():
    first = clamped(1, "", onsets=(0.02,), input_mohm=999.0)
    rest = clamped(1, "", onsets=(0.15, 0.3))
    both = Sweep(
        first.voltage_mv + rest.voltage_mv,
        first.current_pa + rest.current_pa,
        RATE,
        clamp="voltage",
    )
    assert resistance(both).steady_mohm == pytest.approx(150.0)


@pytest.mark.parametrize("onsets", [(), (0.48,), (0.0,)])
def test_no_whole_pulse_is_no_resistance(onsets):
    flat = clamped(7, "EXTPCllATT", onsets=onsets)
    assert math.isnan(resistance(flat).steady_mohm)
    seal = row(quality(SweepSet([flat])), "seal_gohm")
    assert seal["reason"] == "sweep 7 (EXTPCllATT) has nothing to measure it from"


def test_a_clamp_without_current_has_no_resistance():
    silent = clamped(7, "EXTPBREAKN")
    silent = Sweep(silent.voltage_mv, np.zeros(silent.n_samples), RATE, clamp="voltage")
    assert math.isnan(resistance(silent).peak_mohm)


def test_the_blowout_is_the_mean_after_the_test_epoch():
    v = np.full(at(1.0), 4.0)
    v[: at(0.2)] = 80.0
    v[-100:] = np.nan
    sweep = Sweep(v, current(0.0, seconds=1.0), RATE)
    assert epochs(sweep).test_end == at(0.1) + at(0.11) - 1
    assert blowout_mv(sweep) == pytest.approx(4.0)
    assert math.isnan(blowout_mv(Sweep(np.full(9, np.nan), np.zeros(9), RATE)))
    table = quality(SweepSet(gigaseal_sweeps(blowout=-11.0)))
    assert row(table, "blowout_mv")["reason"].startswith("-11 mV is below the limit of -10 mV")
    within = row(quality(SweepSet(gigaseal_sweeps())), "blowout_mv")["reason"]
    assert within == "3 mV is within -10 to 10 mV, from sweep 99 (EXTPBLWOUT)"


def test_electrode_0_is_the_current_of_the_first_5_ms():
    i = np.where(np.arange(1000) < at(0.005), 30.0, 900.0)
    assert electrode_0_pa(Sweep(np.zeros(1000), i, RATE, clamp="voltage")) == 30.0


def test_no_current_in_the_input_resistance_is_no_ratio():
    said = {"initial_access_resistance_mohm": 10.0, "input_resistance_mohm": 0.0}
    ratio = row(quality(SweepSet([], metadata=said)), "input_access_resistance_ratio")
    assert ratio["reason"] == "the input resistance is 0"


def test_pulses_of_a_measured_current_are_found():
    noise = np.random.default_rng(2).normal(0, 1.0, at(2.5))
    first, second = pulses(current(50.0) + noise + 30.0, RATE)
    assert (first.first, first.stop) == (at(0.1), at(0.11))
    assert (second.first, second.stop) == (at(1.0), at(1.5))
    assert pulses(noise, RATE) == []


def test_epochs_follow_the_window_where_it_is_known():
    known = step(start_s=0.1, stop_s=0.11)
    assert epochs(known).test is None
    assert epochs(known).stimulus == Pulse(at(0.1), at(0.11))
    unknown = epochs(step())
    assert unknown.test == Pulse(at(0.1), at(0.11))
    assert unknown.stimulus == Pulse(at(1.0), at(1.5))
    long = np.zeros(at(2.5))
    long[at(0.2) : at(1.2)] = 40.0
    assert epochs(step(i=long)).test is None


@pytest.mark.parametrize("pair", [(1.0, 0.0), (math.nan, 1.0), 1.0, (1.0,)])
def test_limits_out_of_order_are_refused(pair):
    with pytest.raises(FeatureError, match="vm_delta_mv must be a tuple"):
        QualityLimits(vm_delta_mv=pair)


def test_a_value_just_beyond_its_limit_is_told_from_it():
    v = np.full(at(2.5), -70.0)
    v[at(1.5) :] += 1.0001
    assert row(sweep_quality(step(v=v)), "vm_delta_mv", 1)["reason"] == (
        "1.0001 mV is above the limit of 1 mV"
    )


def test_an_empty_recording_fails():
    table = quality(SweepSet([]))
    assert len(table) == 5
    assert failed_sweeps(table) == []
    assert not passed(table)
