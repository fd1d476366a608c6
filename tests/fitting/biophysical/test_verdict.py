"""The verdict on models whose every number is known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from allentk.data import Sweep, SweepSet
from allentk.errors import FitError
from allentk.fitting.biophysical import verdict as module
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.verdict import judge, verdict
from tests.fitting.biophysical.standin_bench import REST, Ohmic, recorded, step_target


def test_the_cell_itself_is_without_fault():
    found = judge(Ohmic(), recorded())
    held = found.held_out
    assert (held.n_steps, held.n_fired, held.n_subthreshold) == (4, 2, 2)
    assert held.count_error == 0.0
    assert held.subthreshold_mv == pytest.approx(0.0, abs=1e-9)
    assert found.training.count_error == 0.0
    assert found.largest.z == pytest.approx(0.0, abs=0.01)
    assert not found.block.blocked


def test_every_number_of_a_model_that_is_off():
    # Rheobase 50 pA higher, 120 instead of 100 MOhm, the same gain.
    found = judge(Ohmic(rheobase_pa=150.0, r_mohm=120.0), recorded())
    counts = {step.amplitude_pa: step.n_model for step in found.steps}
    assert counts == {
        -100.0: 0,
        -50.0: 0,
        50.0: 0,
        100.0: 0,
        150.0: 0,
        200.0: 5,
        250.0: 10,
        300.0: 15,
    }
    held, training = found.held_out, found.training
    # Held out: -50, 100 (silent in both), 200 (10 recorded), 250 (15).
    assert (held.n_steps, held.n_fired) == (4, 2)
    assert held.count_error == 5.0
    assert held.count_recorded == 12.5
    assert held.count_error_percent == 40.0
    assert held.subthreshold_mv == pytest.approx((1.0 + 2.0) / 2)
    # Training: 150 (5 recorded, none here) and 300 (20, 15 here); -100 and 50 below threshold.
    assert training.count_error == 5.0
    assert training.subthreshold_mv == pytest.approx((2.0 + 1.0) / 2)
    assert found.largest_pa == 300.0
    assert found.largest.use == "training"


def test_deviations_are_in_tolerances_and_the_count_is_apart():
    steps = (
        step_target(100.0, 0, v_steady=(REST + 13.0, 1.0)),
        step_target(200.0, 10, peak_v=(24.0, 2.0), v_baseline=(REST - 3.0, 2.0)),
    )
    found = judge(Ohmic(), Targets(steps))
    silent, firing = found.steps
    assert silent.z == pytest.approx(3.0)
    # The filter that measures spikes takes a little off their peaks.
    assert firing.z == pytest.approx((2.0 + 1.5) / 2, abs=0.2)
    assert found.held_out.z == firing.z
    table = found.features()
    assert table["feature"].tolist() == ["n_spikes", "v_steady", "n_spikes", "peak_v", "v_baseline"]
    assert table["z"].tolist()[:3] == pytest.approx([0.0, 3.0, 0.0])


def test_a_step_counts_where_the_model_alone_fires():
    found = judge(Ohmic(rheobase_pa=30.0), recorded())
    at = {step.amplitude_pa: step for step in found.steps}
    assert at[50.0].n_model == 2
    assert at[50.0].fires
    assert math.isnan(at[50.0].steady_model_mv)
    assert found.training.n_fired == 3
    assert found.training.n_subthreshold == 1


@pytest.mark.parametrize(
    ("rheobase", "first", "on_steps", "error"),
    # The first spike comes 5 pA above the model's rheobase: half a spike rounds up.
    [(112.3, 117.3, 150.0, 0.0), (150.0, 155.0, 200.0, 5.0), (60.0, 65.0, 100.0, 35.0)],
)
def test_the_rheobase_is_found_between_the_steps(rheobase, first, on_steps, error):
    found = judge(Ohmic(rheobase_pa=rheobase), recorded()).rheobase
    assert (found.silent_pa, found.recorded_pa) == (100.0, 150.0)
    assert found.model_on_steps_pa == on_steps
    assert found.model_pa == pytest.approx(first, abs=1.0)
    assert found.error_pa == pytest.approx(error, abs=1.0)


def test_a_rheobase_beyond_the_steps_and_none_at_all():
    above = judge(Ohmic(rheobase_pa=400.0), recorded()).rheobase
    assert above.model_pa == pytest.approx(405.0, abs=1.0)
    assert math.isnan(above.model_on_steps_pa)
    never = judge(Ohmic(rheobase_pa=1e6), recorded()).rheobase
    assert math.isnan(never.model_pa)
    assert math.isnan(never.error_pa)
    assert judge(Ohmic(rheobase_pa=-20.0), recorded()).rheobase.model_pa == 0.0


def test_a_block_10_pa_above_the_largest_step_is_seen():
    found = judge(Ohmic(blocked_pa=305.0), recorded())
    assert found.block.amplitude_pa == 310.0
    assert found.block.blocked
    assert found.block.longest_s == pytest.approx(1.0)
    assert not judge(Ohmic(blocked_pa=311.0), recorded()).block.blocked


def test_held_out_steps_come_first():
    table = judge(Ohmic(), recorded()).to_dataframe()
    assert table["use"].tolist() == ["held out"] * 4 + ["training"] * 4
    assert list(judge(Ohmic(), recorded()).summary())[:2] == ["held_out", "training"]


def test_it_is_plain_json_and_says_what_it_rests_on():
    found = judge(Ohmic(rheobase_pa=1e6), recorded().trained_on([]), at_bounds={"gbar_Im": "low"})
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["training"]["count_error"] is None
    assert plain["rheobase"]["model_pa"] is None
    assert plain["junction_potential_mv"] == -14.0
    assert plain["engine"] == "a stand-in"
    assert plain["at_bounds"] == {"gbar_Im": "low"}
    assert len(plain["steps"]) == 8
    assert "held-out steps" in repr(found)


def noise(number, spikes_s, *, name="Noise 1", n=60_000):
    """A sweep whose current rises through 100 pA, and whose voltage peaks, at some times."""
    voltage, current = np.full(n, -70.0), np.zeros(n)
    for at in spikes_s:
        first = round(at * RATE_HZ)
        voltage[first : first + 10] = 30.0
    for at in (0.5, 1.0, 1.5, 2.0):
        current[round(at * RATE_HZ) : round((at + 0.1) * RATE_HZ)] = 150.0
    return Sweep(voltage, current, RATE_HZ, number=number, stimulus=name)


RATE_HZ = 20_000.0


def test_noise_that_was_repeated_is_scored():
    exact = [0.5, 1.0, 1.5, 2.0]
    sweeps = SweepSet(
        [
            noise(1, exact),
            noise(2, exact),
            noise(3, [0.5, 1.0], name="Noise 2"),
            noise(4, [0.75, 1.25], name="Noise 2"),
            noise(5, exact, name="Noise 3"),
        ]
    )
    found = judge(Ohmic(), recorded(), sweeps=sweeps)
    first, second = found.noise
    assert first.stimulus == "Noise 1"
    assert first.sweeps == (1, 2)
    assert first.ratio == pytest.approx(1.0)
    assert (first.n_recorded, first.n_model) == (4.0, 4)
    assert second.ratio < 0.8
    assert any("Noise 3: 1 sweep" in note for note in found.notes)
    assert found.summary()["explained_variance"] == {
        "Noise 1": first.ratio,
        "Noise 2": second.ratio,
    }


def test_noise_that_is_damaged_or_cut_short_is_said():
    exact = [0.5, 1.0, 1.5, 2.0]
    holed = noise(2, exact)
    voltage = np.array(holed.voltage_mv)
    voltage[-9:] = np.nan
    holed = replace(holed, voltage_mv=voltage)
    damaged = judge(Ohmic(), recorded(), sweeps=SweepSet([noise(1, exact), holed]))
    assert damaged.noise == ()
    assert any("Noise 1: not scored (sweep 2: the voltage" in note for note in damaged.notes)
    three = SweepSet([noise(1, exact), noise(2, exact), noise(3, [0.5], n=50_000)])
    short = judge(Ohmic(), recorded(), sweeps=three)
    assert short.noise[0].sweeps == (1, 2)
    assert "Noise 1: left out, not as long as the first: sweep 3" in short.notes


@pytest.fixture
def model(monkeypatch):
    """A model that runs on the stand-in, with parameters fitted to sweep 7."""
    from tests.fitting.biophysical.small_cell import cell

    monkeypatch.setattr(module, "bench", lambda *_: Ohmic())
    return cell(training_sweeps=(7,))


def test_what_was_trained_on_is_said_by_whoever_knows(model):
    steps = recorded().steps
    numbered = [replace(step, sweeps=(k,)) for k, step in enumerate(steps)]
    bare = Targets(tuple(numbered))
    by_model = verdict(model, bare)
    assert [s.amplitude_pa for s in by_model.steps if s.use == "training"] == [300.0]
    by_targets = verdict(model, recorded())
    assert by_targets.training.n_steps == 4
    named = verdict(model, recorded(), training=[199.7])
    assert [s.amplitude_pa for s in named.steps if s.use == "training"] == [200.0]
    with pytest.raises(FitError, match="123"):
        verdict(model, recorded(), training=[123.0])
    with pytest.raises(FitError, match="Give targets"):
        verdict(model)


def test_an_unknown_backend_is_refused():
    from tests.fitting.biophysical.small_cell import cell

    with pytest.raises(FitError, match="backend"):
        verdict(cell(), recorded(), backend="abacus")


def test_a_real_model_is_judged_on_the_reduced_backend():
    from tests.fitting.biophysical.small_cell import cell, targets

    found = verdict(cell(), targets())
    assert found.engine.startswith("reduced backend")
    assert found.all_steps.count_error == 0.0
    assert found.all_steps.subthreshold_mv < 0.05
    assert found.rheobase.error_pa == 0.0
    worse = verdict(cell(gbar_NaTs=0.5), targets())
    assert worse.all_steps.count_error > found.all_steps.count_error


def test_neuron_judges_as_the_reduced_backend_does():
    pytest.importorskip("neuron")
    from tests.fitting.biophysical.small_cell import cell, targets

    steps = tuple(s for s in targets().steps if s.amplitude_pa in (-90.0, 120.0, 150.0, 270.0))
    few = replace(targets(), steps=steps, training=(270.0,))
    reduced, whole = (verdict(cell(), few, backend=name) for name in ("reduced", "neuron"))
    assert whole.engine.startswith("NEURON")
    assert [s.n_model for s in whole.steps] == [s.n_model for s in reduced.steps]
    assert whole.held_out.subthreshold_mv < 0.05
    assert whole.largest.z < 1.0
    assert whole.rheobase.model_pa == pytest.approx(reduced.rheobase.model_pa, abs=1.0)


def test_a_current_is_played_to_either_backend():
    pytest.importorskip("neuron")
    from allentk.fitting.biophysical.verdict_bench import bench
    from tests.fitting.biophysical.small_cell import cell

    current = np.repeat([0.0, 270.0, 0.0], [2000, 4000, 1000])
    trains = [bench(cell(), name).play(current, 10_000.0) for name in ("reduced", "neuron")]
    assert trains[0].size > 2
    assert trains[0] == pytest.approx(trains[1], abs=2e-3)
