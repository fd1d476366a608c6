"""Which steps are trained on."""

from dataclasses import replace

import numpy as np
import pytest

from allentk.data import SweepSet
from allentk.errors import ConfigError, DataError, FitError
from allentk.fitting.biophysical.single import current_shift_pa, regular, single_step_targets
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets
from allentk.fitting.biophysical.training import choose_training
from tests.fitting.biophysical.test_targets import sweep, train


def targets(counts, **extra):
    """Steps with spike counts; `extra` is amplitude (as a0120) -> further features."""
    steps = []
    for pa, n in counts.items():
        features = {"n_spikes": Target(float(n), 0.5)}
        features.update(extra.get(f"a{pa:g}", {}))
        steps.append(StepTarget(float(pa), features))
    return Targets(tuple(steps))


CURVE = {
    **dict.fromkeys((-110, -90, -70, -50, -30, -10, 10, 30, 50, 70, 90, 110), 0),
    120: 1,
    130: 3,
    150: 5,
    170: 8,
    190: 10,
    210: 11,
    230: 14,
    250: 15,
    270: 17,
}


def test_the_curve_takes_ends_rheobase_and_some_between():
    chosen = choose_training(targets(CURVE))
    assert chosen.training == (-110.0, -50.0, 110.0, 120.0, 150.0, 190.0, 230.0, 270.0)
    spiking = [pa for pa in chosen.held_out if pa >= 120]
    assert len(spiking) >= 3
    assert choose_training(targets(CURVE)) == chosen


@pytest.mark.parametrize("n", range(1, 12))
def test_a_third_of_the_spiking_steps_is_held_out(n):
    counts = {10.0 * k: max(0, k) for k in range(-3, n + 1)}
    chosen = choose_training(targets(counts))
    held = [pa for pa in chosen.held_out if pa > 0]
    assert len(held) >= (n / 3 if n >= 4 else 0)
    assert 10.0 * n in chosen.training
    assert 10.0 in chosen.training


def test_a_blocked_step_is_not_the_largest():
    chosen = choose_training(targets({**CURVE, 290: 9, 310: 2}))
    assert 270.0 in chosen.training
    assert not {290.0, 310.0} & set(chosen.training)


def test_a_longer_step_does_not_make_the_others_look_blocked():
    counted = targets(CURVE)
    twice = StepTarget(200.0, {"n_spikes": Target(22.0, 1.0)}, duration_s=2.0)
    assert 270.0 in choose_training(Targets((*counted.steps, twice))).training


def test_the_largest_is_one_that_tells_the_shape_where_one_does():
    shaped = targets(CURVE, a230={"AP_width": Target(1.5, 0.1)})
    assert 230.0 in choose_training(shaped).training
    assert 270.0 not in choose_training(shaped).training


def test_amplitudes_by_name_find_their_steps():
    assert choose_training(targets(CURVE), amplitudes_pa=[119.6, -50]).training == (-50.0, 120.0)
    with pytest.raises(DataError, match="no step"):
        choose_training(targets(CURVE), amplitudes_pa=[123.0])


def test_the_single_rule_goes_well_above_rheobase():
    assert choose_training(targets(CURVE), "single").training == (170.0,)


def test_the_single_rule_moves_on_while_the_intervals_get_more_even():
    cv = {150: 0.6, 170: 0.5, 190: 0.35, 210: 0.2, 230: 0.2}
    extra = {f"a{pa}": {"isi_cv": Target(value, 0.1)} for pa, value in cv.items()}
    assert choose_training(targets(CURVE, **extra), "single").training == (210.0,)


def test_the_single_rule_without_a_good_step_takes_the_largest():
    assert choose_training(targets({0: 0, 50: 1, 100: 3}), "single").training == (100.0,)


def test_a_silent_cell_and_an_unknown_rule_are_refused():
    with pytest.raises(FitError, match="no step has a spike"):
        choose_training(targets({-50: 0, 50: 0}))
    with pytest.raises(ConfigError, match="curve, single"):
        choose_training(targets(CURVE), "all")


def recording(core_2_spikes):
    """Coarse steps with 0, 5, 10 spikes at 50, 100, 150 pA and repeated steps of 140 pA."""
    coarse = {50.0: 0, 100.0: 5, 150.0: 10}
    sweeps = [
        replace(sweep(pa, train(n), number=k), code="C1LSCOARSE150216")
        for k, (pa, n) in enumerate(coarse.items())
    ]
    sweeps += [
        replace(sweep(140.0, train(n), number=10 + k), code="C2SQRHELNG150216")
        for k, n in enumerate(core_2_spikes)
    ]
    return SweepSet(sweeps)


def test_repeated_steps_are_taken_where_the_cell_fires_as_before():
    chosen = single_step_targets(recording([9, 9, 10]))
    assert chosen.training == (140.0,)
    assert chosen.step(140.0).sweeps == (10, 11, 12)


def test_a_damaged_repeat_costs_itself_and_a_note():
    sweeps = [*recording([9, 9, 10]), sweep(140.0, train(9), number=20)]
    voltage = np.array(sweeps[-1].voltage_mv)
    voltage[:100] = np.nan
    code = "C2SQRHELNG150216"
    # Without a window nobody has looked at its samples.
    sweeps[-1] = replace(
        sweeps[-1], voltage_mv=voltage, code=code, stimulus="", start_s=np.nan, stop_s=np.nan
    )
    chosen = single_step_targets(SweepSet(sweeps))
    assert chosen.step(140.0).sweeps == (10, 11, 12)
    assert any(note.startswith("sweep 20: left out") for note in chosen.notes)


def test_repeated_steps_are_left_where_the_cell_has_changed():
    shift = current_shift_pa([(50, 0), (100, 5), (150, 10)], [(140, 5)])
    assert shift == pytest.approx(40.0)
    assert single_step_targets(recording([5, 5])).training == (150.0,)


@pytest.mark.parametrize("coarse", [[(100, 5), (100, 6)], [(100, 5)], [(100, 0), (150, 0)]])
def test_without_a_line_there_is_no_shift(coarse):
    assert np.isnan(current_shift_pa(coarse, [(140, 5)]))


def test_one_good_repeat_is_not_enough():
    assert single_step_targets(recording([9])).training == (150.0,)


def test_trains_with_pauses_or_few_spikes_are_not_good():
    even = np.arange(0.05, 1.0, 0.1)
    assert regular(even, 0.0, 1.0)
    assert not regular(even[:4], 0.0, 1.0)
    assert not regular(np.delete(even, [4, 5, 6]), 0.0, 1.0)
    assert not regular(even[:6], 0.0, 1.0)
