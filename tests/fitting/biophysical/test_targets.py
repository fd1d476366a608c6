"""Targets of a fit, from sweeps and from tables; all recordings here are synthetic."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allentk.data import Sweep, SweepSet
from allentk.errors import DataError, FeatureError, FitError, FormatError
from allentk.features import efel
from allentk.fitting.biophysical import targets as module
from allentk.fitting.biophysical.measured import EFEL_NINE, EFEL_VOLTAGES, measure
from allentk.fitting.biophysical.measured_targets import targets_from_sweeps, targets_from_table
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets, tolerance

RATE = 20_000.0


def sweep(pa, spikes_s=(), *, rest=-66.0, number=0, steady=None, stimulus="Long Square"):
    """A step from 0.3 to 1.3 s of 1.5 s with triangular spikes at times from its onset."""
    v = np.full(round(1.5 * RATE), rest)
    i = np.zeros(v.size)
    on, off = round(0.3 * RATE), round(1.3 * RATE)
    v[on:off] = rest + 0.05 * pa if steady is None else steady
    i[on:off] = pa
    for at in spikes_s:
        k = on + round(at * RATE)
        v[k : k + 30] = np.concatenate([np.linspace(-55.0, 34.0, 15), np.linspace(34.0, -75.0, 15)])
    return Sweep(
        v, i, RATE, number=number, stimulus=stimulus, amplitude_pa=pa, start_s=0.3, stop_s=1.3
    )


def train(n):
    return tuple((k + 0.5) / n for k in range(n))


def test_repeats_are_averaged_and_their_spread_is_the_tolerance():
    sweeps = SweepSet([sweep(100.0, train(n), number=n) for n in (4, 8)])
    step = targets_from_sweeps(sweeps).step(100.0)
    assert step.features["n_spikes"].mean == 6
    assert step.features["n_spikes"].sd == pytest.approx(math.sqrt(8))
    assert step.n_sweeps == 2
    assert step.sweeps == (4, 8)
    assert step.role == "spiking"


def test_one_sweep_has_the_floor_for_a_tolerance():
    step = targets_from_sweeps(sweep(100.0, train(5))).step(100.0)
    assert step.features["n_spikes"] == Target(5.0, 0.5)
    assert step.features["isi_cv"].sd == 0.1
    assert step.features["latency"].sd == 0.005
    assert step.features["peak_v"].sd == 2.0


def test_voltages_are_the_models_and_currents_decide_the_step():
    step = targets_from_sweeps(sweep(-100.0)).step(-100.0)
    assert step.role == "subthreshold"
    assert step.features["v_baseline"].mean == pytest.approx(-80.0)
    assert step.features["v_steady"].mean == pytest.approx(-85.0)
    assert step.features["n_spikes"].mean == 0
    uncorrected = targets_from_sweeps(sweep(-100.0), junction_potential_mv=0.0)
    assert uncorrected.step(-100.0).features["v_baseline"].mean == pytest.approx(-66.0)
    assert uncorrected.junction_potential_mv == 0.0


def test_a_damaged_sweep_costs_itself_and_a_note():
    broken = sweep(60.0, number=7)
    voltage = np.array(broken.voltage_mv)
    voltage[100] = np.nan
    damaged = Sweep(
        voltage, broken.current_pa, RATE, number=7, stimulus="Long Square", amplitude_pa=60.0,
        start_s=0.3, stop_s=1.3,
    )  # fmt: skip
    targets = targets_from_sweeps([damaged, sweep(80.0, number=8)])
    assert [step.amplitude_pa for step in targets.steps] == [80.0]
    assert len(targets.notes) == 1
    assert "sweep 7" in targets.notes[0]


def test_without_a_step_there_is_nothing_to_fit():
    flat = Sweep(np.full(9000, -70.0), np.zeros(9000), RATE, stimulus="Long Square")
    with pytest.raises(FitError, match="no long square"):
        targets_from_sweeps(flat)


def test_sweeps_without_a_name_are_taken_with_a_note():
    targets = targets_from_sweeps(sweep(80.0, stimulus=""))
    assert len(targets) == 1
    assert "all steps in current clamp" in targets.notes[0]


def test_nearly_equal_currents_are_one_step_of_the_usual_length():
    sweeps = [sweep(100.2, train(5), number=1), sweep(99.8, train(7), number=2)]
    targets = targets_from_sweeps(sweeps)
    assert len(targets) == 1
    assert targets.steps[0].n_spikes == 6


def test_measured_features_are_those_of_the_features_room():
    recorded = sweep(100.0, train(6))
    found = measure(recorded, (*EFEL_NINE, "n_spikes", "v_mean_0.2_0.21", "width"))
    reference = efel(recorded, EFEL_NINE)
    for name in EFEL_NINE:
        assert found[name] == pytest.approx(float(np.mean(reference[name])), nan_ok=True)
    assert found["n_spikes"] == 6
    assert found["v_mean_0.2_0.21"] == pytest.approx(-61.0)
    assert 0.0003 < found["width"] < 0.0012


def test_what_cannot_be_measured_is_nan_and_what_is_unknown_an_error():
    found = measure(sweep(-50.0), ("latency", "ISI_CV", "AP_width", "n_spikes"))
    assert math.isnan(found["latency"])
    assert math.isnan(found["ISI_CV"])
    assert found["n_spikes"] == 0
    with pytest.raises(FeatureError, match="v_stedy"):
        StepTarget(10.0, {"v_stedy": Target(1.0, 1.0)})


def test_a_table_mixes_corrected_and_recorded_voltages():
    targets = targets_from_table(
        [
            {"amplitude_pa": 270.0, "n_spikes": 17, "number": 55, "v_baseline": -74.5},
            {"amplitude_pa": 269.9999, "voltage_base": -88.5, "AP_width": 1.5, "corrected": True},
            {"amplitude_pa": -50.0, "n_spikes": 0, "v_mean_0.73_0.93": -80.0, "v_baseline": None},
        ],
        start_s=0.27,
    )
    largest, smallest = targets.step(270.0), targets.step(-50.0)
    assert largest.features["v_baseline"].mean == -88.5
    assert largest.features["voltage_base"].mean == -88.5
    assert largest.features["voltage_base"].sd == pytest.approx(4.425)
    assert largest.features["AP_width"].sd == pytest.approx(0.075)
    assert largest.sweeps == (55,)
    assert smallest.features["v_mean_0.73_0.93"] == Target(-94.0, 1.0)
    assert "v_baseline" not in smallest.features
    assert largest.start_s == 0.27


@pytest.mark.parametrize(
    ("name", "mean", "expected"),
    [
        ("n_spikes", 0.0, 0.5),
        ("n_spikes", 40.0, 2.0),
        ("ISI_CV", 0.0, 0.05),
        ("ISI_CV", 0.2, 0.01),
        ("v_mean_0.1_0.2", -80.0, 1.0),
        ("peak_v", 30.0, 2.0),
    ],
)
def test_tolerances(name, mean, expected):
    assert tolerance(name, mean) == pytest.approx(expected)


def test_json_round_trip(tmp_path):
    targets = targets_from_sweeps([sweep(100.0, train(4), number=3), sweep(-50.0, number=4)])
    trained = targets.trained_on([100.0])
    again = Targets.load(trained.save(tmp_path / "targets.json"))
    assert again == trained
    assert again.digest() == trained.digest() != targets.digest()
    assert again.held_out == (-50.0,)
    frame = again.to_dataframe()
    assert set(frame.loc[frame["amplitude_pa"] == 100.0, "use"]) == {"training"}


def file_of(**step):
    """Return the text of a file of targets with one step."""
    given = {"amplitude_pa": 100.0, "features": {"n_spikes": [3.0, 0.5]}, **step}
    return json.dumps({"steps": [given]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"steps": [{"amplitude_pa": 1}]}',
        '{"steps": 3}',
        "[" * 100_000,
        file_of(amplitude_pa="many"),
        file_of(features={"n_spikes": ["three", 0.5]}),
        file_of(features={"n_spikes": [float("nan"), 0.5]}),
        file_of(features={"n_spikes": [3.0, float("inf")]}),
        file_of(duration_s=float("inf")),
        file_of(duration_s=1e9),
        file_of(duration_s=1e-5),
        file_of(start_s=float("nan")),
        file_of()[:-1] + ', "junction_potential_mv": NaN}',
        file_of()[:-1] + ', "training": ["all"]}',
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "targets.json"
    path.write_text(file_of())
    assert Targets.load(path).step(100.0).n_spikes == 3.0
    path.write_text(text)
    with pytest.raises((FormatError, DataError)):
        Targets.load(path)


def test_a_file_that_is_not_there_or_far_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no such file"):
        Targets.load(tmp_path / "none.json")
    path = tmp_path / "targets.json"
    path.write_text(file_of())
    monkeypatch.setattr(module, "LARGEST_BYTES", 10)
    with pytest.raises(FormatError, match="more than 10"):
        Targets.load(path)


def test_a_whole_number_and_the_same_from_a_file_are_one(tmp_path):
    step = StepTarget(100, {"n_spikes": Target(1.0, 0.5)}, start_s=1, duration_s=1)
    targets = Targets((step,), training=(100,))
    assert Targets.load(targets.save(tmp_path / "t.json")).digest() == targets.digest()
    assert isinstance(targets.steps[0].amplitude_pa, float)


def test_values_that_cannot_be_targets_are_refused():
    good = StepTarget(10.0, {"n_spikes": Target(1.0, 0.5)})
    with pytest.raises(DataError, match="tolerance"):
        Target(1.0, 0.0)
    with pytest.raises(DataError, match="twice"):
        Targets((good, good))
    with pytest.raises(DataError, match="train on"):
        Targets((good,), training=(20.0,))
    with pytest.raises(DataError, match="needs the response"):
        Targets(())
    with pytest.raises(DataError, match="lasts"):
        StepTarget(10.0, {"n_spikes": Target(1.0, 0.5)}, duration_s=0.0)


def test_the_rest_is_that_of_the_steps_that_a_fit_may_see():
    steps = {
        pa: StepTarget(pa, {"n_spikes": Target(1.0, 0.5), "v_baseline": Target(rest, 2.0)})
        for pa, rest in ((50.0, -80.0), (100.0, -70.0))
    }
    targets = Targets(tuple(steps.values()))
    assert targets.v_rest_mv == -75.0
    assert targets.trained_on([50.0]).v_rest_mv == -80.0
    silent = StepTarget(200.0, {"n_spikes": Target(9.0, 0.5)})
    told_by_others = Targets((*steps.values(), silent), training=(200.0,))
    assert told_by_others.v_rest_mv == -75.0


def test_noise_ramps_and_pulses_without_a_name_are_no_steps():
    noisy = sweep(80.0, train(3), number=1, stimulus="")
    rng = np.random.default_rng(0)
    on, off = round(0.3 * RATE), round(1.3 * RATE)
    currents = {"noise": rng.normal(80.0, 40.0, off - on), "ramp": np.linspace(0, 200, off - on)}
    for current in currents.values():
        given = np.array(noisy.current_pa)
        given[on:off] = current
        unnamed = [replace(noisy, current_pa=given), sweep(100.0, number=2, stimulus="")]
        targets = targets_from_sweeps(unnamed)
        assert [step.amplitude_pa for step in targets.steps] == [100.0]
        assert any("sweep 1: left out, its current is no long step" in n for n in targets.notes)
    pulse = replace(noisy, start_s=0.3, stop_s=0.31)
    targets = targets_from_sweeps([pulse, sweep(100.0, number=2, stimulus="")])
    assert [step.amplitude_pa for step in targets.steps] == [100.0]


def test_steps_of_another_length_at_nearly_the_same_current_are_left_out_with_a_note():
    short = replace(sweep(100.4, train(3), number=1), stop_s=0.8)
    long = [sweep(100.0, train(6), number=2), sweep(150.0, train(9), number=3)]
    for given in ([short, *long], [*long, short]):
        targets = targets_from_sweeps(given)
        assert [step.amplitude_pa for step in targets.steps] == [100.0, 150.0]
        assert targets.steps[0].sweeps == (2,)
        assert any("steps of 0.5 s were left out" in note for note in targets.notes)


def test_rest_and_rheobase():
    targets = targets_from_sweeps([sweep(100.0, train(4)), sweep(50.0, number=1)])
    assert targets.v_rest_mv == pytest.approx(-80.0)
    assert targets.rheobase_pa == 100.0
    assert json.loads(json.dumps(targets.to_dict()))["steps"]


def test_a_step_of_which_nothing_asked_for_can_be_measured_costs_itself_and_a_note():
    few, many = sweep(130.0, train(1), number=1), sweep(150.0, train(6), number=2)
    found = targets_from_sweeps([few, many], spiking=("adapt",))
    assert [step.amplitude_pa for step in found.steps] == [150.0]
    assert "left out: 130 pA: a target needs a feature" in found.notes
    with pytest.raises(FitError, match="no long square can be measured: left out: 130 pA"):
        targets_from_sweeps(few, spiking=("adapt",))


def test_the_number_of_spikes_need_not_be_asked_for():
    sweeps = [sweep(150.0, train(6), number=1), sweep(-50.0, number=2)]
    found = targets_from_sweeps(sweeps, spiking=("avg_rate",), subthreshold=("v_steady",))
    assert [list(step.features) for step in found.steps] == [["v_steady"], ["avg_rate"]]


def test_an_amplitude_is_trained_on_once():
    steps = tuple(StepTarget(pa, {"n_spikes": Target(1.0, 0.5)}) for pa in (50.0, 70.0))
    assert Targets(steps).trained_on([70.0, 70.0, 50.0]).training == (50.0, 70.0)


def test_without_a_baseline_the_direction_of_a_step_is_not_known():
    voltage = np.concatenate([np.linspace(-70.0, -90.0, 150), np.full(150, -90.0)])
    sweep = Sweep(voltage, np.zeros(300), 1000.0, start_s=0.0, stop_s=0.25)
    found = measure(sweep, ["v_deflected", "v_steady"])
    assert np.isnan(found["v_deflected"])
    assert found["v_steady"] == pytest.approx(-90.0)


@pytest.mark.parametrize("empty", [math.nan, None, pd.NA])
def test_a_table_that_is_not_filled_says_nothing_where_it_is_empty(empty):
    rows = [
        {"amplitude_pa": 50.0, "v_steady": -60.0, "corrected": empty, "number": empty},
        {"amplitude_pa": 70.0, "v_steady": -60.0, "corrected": True, "number": 7.0},
        {"amplitude_pa": 70.0, "v_steady": empty},
    ]
    found = targets_from_table(rows)
    assert [step.features["v_steady"].mean for step in found.steps] == [-74.0, -60.0]
    assert [step.sweeps for step in found.steps] == [(), (7,)]
    with pytest.raises(FitError, match=r"a row says no amplitude_pa.*it has v_steady"):
        targets_from_table([{"v_steady": -60.0}])
    with pytest.raises(FitError, match=r"a row says no amplitude_pa.*it has v_steady"):
        targets_from_table([{"amplitude_pa": empty, "v_steady": -60.0}])


def test_every_voltage_of_efel_is_corrected_and_no_difference_is():
    """What moves by 5 mV where a recording with spikes and an afterpotential does."""
    spiking = sweep(150.0, train(9))
    low = replace(
        spiking,
        voltage_mv=spiking.voltage_mv + 0.3 * np.sin(np.arange(spiking.n_samples) / 700),
    )
    high = replace(low, voltage_mv=low.voltage_mv + 5.0)
    found = [efel(one, threshold_mv=mv) for one, mv in ((low, -20.0), (high, -15.0))]
    moved = {
        name
        for name, before in found[0].items()
        if before is not None and before.size and np.allclose(found[1][name] - before, 5.0)
    }
    assert moved == EFEL_VOLTAGES - {"interburst_voltage"}
    row = {"amplitude_pa": 50.0, "voltage_after_stim": -70.0, "AP_amplitude": 90.0}
    features = targets_from_table([row]).steps[0].features
    assert features["voltage_after_stim"].mean == -84.0
    assert features["AP_amplitude"].mean == 90.0
