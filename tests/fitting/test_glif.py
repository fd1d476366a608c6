"""Fits of cells whose parameters are known."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from allentk.data import LongSquare, Noise, Sweep, SweepSet
from allentk.errors import ConfigError, DataError, FitError, NotFittedError
from allentk.fitting import FitResult, GLIFFitter, Reason, fit_levels, levels
from allentk.fitting.routes import NESTED
from allentk.models import GLIFParameters
from allentk.simulation import simulate

RATE = 10_000.0
BASE = {"C_pf": 100.0, "R_mohm": 200.0, "E_L_mv": -72.0, "th_inf_mv": 22.0, "t_ref_s": 0.004}
LIF = GLIFParameters(level=1, **BASE)
ASC = GLIFParameters(
    level=3, **BASE, asc_amp_pa=(-8.0, -60.0), asc_tau_s=(0.1, 0.01), asc_r=(1.0, 1.0)
)


def record(model, seed, number, *, noise_mv=0.05, spike=True):
    """A cell's answer to pink noise, a spike shape painted on, with recording noise."""
    stimulus = Noise(amplitude_pa=1.3 * model.rheobase_pa, seed=seed)
    current = stimulus.current_pa(RATE)
    return painted(
        model,
        current,
        number,
        noise_mv=noise_mv,
        spike=spike,
        stimulus=f"Noise {seed}",
        start_s=stimulus.start_s,
        stop_s=stimulus.stop_s,
    )


def painted(model, current, number, *, noise_mv=0.05, spike=True, **kwargs):
    """A cell's answer to a current, a spike shape painted on, with recording noise."""
    response = simulate(model, current, sampling_rate_hz=RATE, dt_s=1e-4)
    voltage = np.array(response.voltage_mv)
    shape = np.concatenate([np.linspace(20, 90, 6), np.linspace(70, -5, 20)])
    for step in response.spike_steps if spike else ():
        span = slice(step, min(step + shape.size, voltage.size))
        voltage[span] = model.E_L_mv + model.th_inf_mv + shape[: span.stop - span.start]
    voltage += noise_mv * np.random.default_rng(number).standard_normal(voltage.size)
    return Sweep(voltage, current, RATE, number=number, **kwargs)


@pytest.fixture(scope="module")
def lif():
    return SweepSet([record(LIF, 1, 1), record(LIF, 1, 2), record(LIF, 2, 3), record(LIF, 2, 4)])


@pytest.fixture(scope="module")
def asc():
    return SweepSet([record(ASC, 1, 1), record(ASC, 1, 2), record(ASC, 2, 3), record(ASC, 2, 4)])


def test_glif1_is_found_again(lif):
    fit = GLIFFitter(1, max_evaluations=0).fit(lif)
    assert fit.model_.R_mohm == pytest.approx(LIF.R_mohm, rel=0.01)
    assert fit.model_.C_pf == pytest.approx(LIF.C_pf, rel=0.02)
    assert fit.model_.E_L_mv == pytest.approx(LIF.E_L_mv, abs=0.1)
    assert fit.model_.th_inf_mv == pytest.approx(LIF.th_inf_mv, rel=0.08)
    assert fit.result_.reason is Reason.DIRECT
    assert fit.result_.sweeps == (1, 2)
    assert fit.score(lif) > 0.85


def test_glif3_beats_glif1_on_a_cell_with_afterspike_currents(asc):
    three = GLIFFitter(3, max_evaluations=0).fit(asc)
    one = GLIFFitter(1, max_evaluations=0).fit(asc)
    assert three.score(asc) > max(one.score(asc), 0.8)
    details = three.result_.details
    assert details["afterspike_rms_mv"] < 0.8 * details["afterspike_rms_without_mv"]
    assert three.result_.details["start"]["R_mohm"] == pytest.approx(ASC.R_mohm, rel=0.02)
    assert three.model_.asc_tau_s == pytest.approx(ASC.asc_tau_s)
    assert three.model_.asc_amp_pa == pytest.approx(ASC.asc_amp_pa, rel=0.2)


def test_refinement_never_loses_on_the_training_sweeps(asc):
    direct = GLIFFitter(1, max_evaluations=0).fit(asc)
    refined = GLIFFitter(1, max_evaluations=60).fit(asc)
    assert refined.result_.score >= direct.result_.score
    assert refined.result_.evaluations > 60
    assert list(refined.result_.history["stage"].unique())[:2] == ["regression", "threshold"]
    assert refined.result_.details["route"].startswith("its own regressions")


def test_the_seed_decides(asc):
    fits = [GLIFFitter(1, seed=s, max_evaluations=300).fit(asc).model_ for s in (0, 0, 1)]
    assert fits[0] == fits[1]
    assert fits[0] != fits[2]


def test_predict_runs_the_model(lif):
    fit = GLIFFitter(1, max_evaluations=0).fit(lif)
    rheobase = fit.model_.rheobase_pa
    assert len(fit.predict(LongSquare(amplitude_pa=1.2 * rheobase)).spike_times_s) > 3
    assert len(fit.predict(LongSquare(amplitude_pa=0.9 * rheobase)).spike_times_s) == 0


def test_scikit_learn_takes_it(lif):
    fit = GLIFFitter(1, seed=3, max_evaluations=0)
    copy = clone(fit)
    assert copy is not fit
    assert copy.get_params() == fit.get_params()
    assert fit.set_params(level=3).level == 3
    scores = cross_val_score(
        GLIFFitter(1, test="Noise 1", max_evaluations=0), list(lif.where(stimulus="Noise 1")), cv=2
    )
    assert scores.shape == (2,)
    assert (scores > 0.8).all()


def test_scores_come_with_the_datas_own_reliability(lif):
    row = GLIFFitter(1, max_evaluations=0).fit(lif).evaluate(lif)
    assert row["n_trials"] == 2
    assert row["reliability"] == pytest.approx(1.0, abs=0.05)
    assert row["ratio"] == pytest.approx(row["model"] / row["data"])
    assert row.pop("stimulus") == "Noise 2"
    assert {type(value) for value in row.values()} == {float}


def test_what_cannot_be_fitted_is_told():
    silent = record(LIF, 1, 1, spike=False)
    quiet = Sweep(silent.voltage_mv * 0 - 70, silent.current_pa, RATE, number=9)
    with pytest.raises(FitError, match="no spike"):
        GLIFFitter(1).fit([quiet])
    with pytest.raises(ConfigError, match="levels"):
        GLIFFitter(6).fit([silent])
    with pytest.raises(ConfigError, match="method must be one of"):
        GLIFFitter(1, method="magic").fit([silent])
    with pytest.raises(NotFittedError, match="fit"):
        GLIFFitter(1).predict(LongSquare(amplitude_pa=1.0))
    with pytest.raises(ConfigError, match="no parameter"):
        GLIFFitter(1).set_params(levle=3)
    with pytest.raises(FitError, match="current-clamp"):
        GLIFFitter(1).fit([Sweep([0.0] * 9, [0.0] * 9, RATE, clamp="voltage")])
    with pytest.raises(FitError, match=r"0\.5 s"):
        GLIFFitter(1).fit([Sweep([0.0] * 9, [0.0] * 9, RATE)])
    broken = np.full(20_000, -70.0)
    broken[12_000] = np.nan
    with pytest.raises(FitError, match=r"not finite at 1\.2"):
        GLIFFitter(1).fit([Sweep(broken, np.zeros(20_000), RATE)])


def test_current_in_the_wrong_unit_is_noticed(lif):
    sweep = lif[0]
    flat = Sweep(sweep.voltage_mv, sweep.current_pa * 0, RATE, number=1)
    with pytest.raises(FitError, match="varies by"):
        GLIFFitter(1).fit([flat])
    turned = Sweep(sweep.voltage_mv, -sweep.current_pa, RATE, number=1)
    with pytest.raises(FitError, match="no passive membrane"):
        GLIFFitter(1).fit([turned])


def test_what_was_fitted_is_not_scored(lif):
    fit = GLIFFitter(1, max_evaluations=0).fit(lif)
    fitted = lif.where(stimulus="Noise 1")
    with pytest.raises(FitError, match=r"2 Noise 1.*no sweep of 'Noise 2'.*GLIFFitter\(test="):
        fit.score(fitted)
    assert fit.set_params(test="Noise 1").evaluate(fitted)["stimulus"] == "Noise 1"
    held_out = lif.where(stimulus="Noise 2")
    with pytest.raises(FitError, match=r"no sweep of 'Noise 1'.*GLIFFitter\(train="):
        GLIFFitter(1).fit(held_out)


def squares(*amplitudes):
    """Steps with a spike painted on where the cell fires, numbers from 10."""
    out = []
    for number, amplitude in enumerate(amplitudes, start=10):
        step = LongSquare(amplitude_pa=amplitude)
        out.append(painted(LIF, step.current_pa(RATE), number, stimulus="Long Square"))
    return out


def test_steps_alone_are_fitted_and_scored(caplog):
    """Silent steps tell of the membrane, and are left out of the score."""
    steps = squares(-50.0, 50.0, 130.0, 160.0, 200.0)
    short = Sweep([-72.0] * 1000, [0.0] * 1000, RATE, number=77, stimulus="Short Square")
    fit = GLIFFitter(1, max_evaluations=0).fit([*steps, short])
    assert fit.result_.sweeps == (10, 11, 12, 13, 14)
    assert fit.model_.R_mohm == pytest.approx(LIF.R_mohm, rel=0.02)
    row = fit.evaluate([*steps, short])
    assert row["stimulus"] == "Long Square"
    assert row["n_trials"] == 3
    assert row["ratio"] == pytest.approx(fit.evaluate(steps[2:])["ratio"])
    assert "left out 1 sweeps shorter than 0.5 s" in caplog.text
    assert "left out 2 of the sweeps [10, 11, 12, 13, 14]" in caplog.text
    with pytest.raises(FitError, match=r"\[10, 11\] hold no spike.*test="):
        fit.score(steps[:2])


def test_a_silent_repeat_costs_only_itself(lif):
    quiet = lif.sweep(3)
    quiet = Sweep(
        np.full(quiet.n_samples, -72.0),
        quiet.current_pa * 0.2,
        RATE,
        number=9,
        stimulus="Noise 2",
    )
    fit = GLIFFitter(1, max_evaluations=0).fit(lif)
    assert fit.evaluate([*lif, quiet]) == fit.evaluate(lif)


def test_one_sweep_is_a_recording(lif):
    one = GLIFFitter(1, max_evaluations=0).fit(lif.sweep(1))
    assert one.model_ == GLIFFitter(1, max_evaluations=0).fit([lif.sweep(1)]).model_
    assert one.score(lif.sweep(3)) > 0.8


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("cell.nwb", r"got 'cell\.nwb'; read it with allentk\.read_nwb"),
        (Path("cell.nwb"), r"got 'cell\.nwb'; read it with"),
        ([3, "a"], "expected sweeps, got int, str"),
    ],
)
def test_what_is_no_recording_is_refused(given, message):
    with pytest.raises(FitError, match=message):
        GLIFFitter(1).fit(given)


@pytest.mark.parametrize(
    "wrong",
    [{"seed": -1}, {"seed": None}, {"seed": 0.5}, {"seed": 2**32}, {"max_evaluations": -5}],
)
def test_options_are_whole_numbers_from_0(lif, wrong):
    ((name, value),) = wrong.items()
    for fit in (lambda: GLIFFitter(1, **wrong).fit(lif), lambda: fit_levels(lif, (1,), **wrong)):
        with pytest.raises(
            ConfigError, match=f"{name} must be a whole number from 0 .* got {value}"
        ):
            fit()


def test_a_seed_may_be_of_any_whole_type(lif):
    fits = [
        GLIFFitter(1, seed=seed, max_evaluations=2).fit(lif).result_ for seed in (7, np.uint8(7))
    ]
    assert fits[0].model == fits[1].model
    assert [type(fit.seed) for fit in fits] == [int, int]


def test_fits_travel_between_processes(lif):
    found = fit_levels(lif, (1,), max_evaluations=0)
    there = pickle.loads(pickle.dumps(replace(found, errors={2: FitError("too few spikes")})))
    assert there.fits[1].model == found.fits[1].model
    assert there.fits[1].reason is found.fits[1].reason
    assert str(there.errors[2]) == "too few spikes"


def test_what_was_taken_instead_of_the_named_sweeps_is_said(lif):
    assert not fit_levels(lif, (1,), max_evaluations=0).fits[1].notes
    fit = fit_levels(lif, (1,), train="pink", test="frozen", max_evaluations=0).fits[1]
    assert fit.notes[0].startswith("No sweep is named 'pink' or 'frozen': the sweeps [1, 2, 3, 4],")


def test_numbers_that_no_model_has_cost_their_level(lif, monkeypatch):
    real = levels.choose_route

    def broken(recording, level, lower, **options):
        if level == 3:
            raise DataError("C_pf is not finite")
        return real(recording, level, lower, **options)

    monkeypatch.setattr(levels, "choose_route", broken)
    found = fit_levels(lif, (1, 3), max_evaluations=0)
    assert list(found.fits) == [1]
    assert str(found.errors[3]) == "GLIF 3 cannot be put together: C_pf is not finite"


def test_a_part_that_leaves_nothing_to_fit_is_not_held_out(lif):
    voltage = LIF.E_L_mv + 0.05 * np.random.default_rng(9).standard_normal(100_000)
    for start in range(8_000, 88_000, 8_000):
        voltage[start : start + 30] += np.linspace(80, 0, 30)
    zero = Sweep(voltage, np.zeros(voltage.size), RATE, number=9, stimulus="no current")
    found = fit_levels([lif[0], lif[2], zero], (1,), train="", test="", max_evaluations=0).fits[1]
    assert np.isfinite(found.cv_score)
    alone = fit_levels([lif[0], zero], (1,), train="", test="", max_evaluations=0).fits[1]
    assert np.isnan(alone.cv_score)
    assert "nothing was held out" in alone.notes[-1]


def test_a_part_all_of_whose_spikes_stand_beside_a_cut_is_not_held_out():
    """One burst of 0.28 s, four times: without its beginning no spike is clear of the cut."""
    wiggle = np.repeat(np.random.default_rng(6).normal(0, 30, 900), 20)
    step = LongSquare(amplitude_pa=420.0, start_s=1.0, duration_s=0.28).current_pa(RATE)
    current = np.where(np.arange(step.size) < 9000, wiggle[: step.size], step)
    sweeps = [painted(LIF, current, n, stimulus="Noise 1") for n in range(4)]
    fit = fit_levels(sweeps, (1,), max_evaluations=0).fits[1]
    assert fit.score > 0.5
    assert len(fit.details["fold_scores"]) == 3


def test_of_equal_levels_the_lowest_is_chosen_in_whatever_order_they_were_asked_for(lif):
    one = fit_levels(lif, (1,), max_evaluations=0).fits[1]
    found = levels.LevelFits({level: replace(one) for level in (3, 5)}, {}, (5, 3))
    assert found.chosen == 3


def test_history_holds_scores(lif):
    """The last row is the score of the model that came out, not what the pull leaves of it."""
    result = GLIFFitter(1, max_evaluations=60).fit(lif).result_
    refined = result.history[result.history["stage"] == "refinement"]
    assert refined["score"].iloc[-1] == pytest.approx(result.score, abs=1e-12)
    moved = result.model.th_inf_mv / result.details["start"]["th_inf_mv"]
    assert moved != pytest.approx(1.0)


def test_repr_tells_the_score(lif):
    fit = GLIFFitter(1, max_evaluations=0).fit(lif)
    assert isinstance(fit.result_, FitResult)
    assert "GLIF1" in repr(fit)
    assert "numpy" in fit.result_.versions
    assert "direct" in str(fit.result_.reason)


FIVE = GLIFParameters(
    level=5,
    **BASE,
    asc_amp_pa=(-6.0, -40.0),
    asc_tau_s=(0.1, 0.01),
    reset_a=0.3,
    reset_b_mv=4.0,
    th_spike_a_mv=5.0,
    th_spike_b_per_s=40.0,
    th_voltage_a_per_s=4.0,
    th_voltage_b_per_s=20.0,
)


@pytest.fixture(scope="module")
def five():
    recorded = SweepSet(
        [record(FIVE, 1, 1), record(FIVE, 1, 2), record(FIVE, 2, 3), record(FIVE, 2, 4)]
    )
    return recorded, fit_levels(recorded, max_evaluations=60)


def test_all_levels_are_fitted_at_once(five):
    _, found = five
    assert list(found.table["level"]) == [1, 2, 3, 4, 5]
    assert (found.table["error"] == "").all()
    assert [found.fits[level].model.level for level in (1, 2, 3, 4, 5)] == [1, 2, 3, 4, 5]
    best = found.fits[found.chosen]
    assert best.cv_score == found.table["cv_score"].max()
    assert found.chosen >= 2
    assert f"GLIF5 {found.fits[5].cv_score:.3f}" in repr(found)


def test_more_freedom_is_taken_only_where_it_pays(five):
    """On what was held out no level is worse than a level nested in it."""
    _, found = five
    for level, lower in NESTED.items():
        for below in lower:
            assert found.fits[level].cv_score >= found.fits[below].cv_score - 1e-12


def test_one_level_is_fitted_as_among_others(five):
    recorded, found = five
    alone = GLIFFitter(3, max_evaluations=60).fit(recorded)
    assert alone.model_ == found.fits[3].model
    assert alone.result_.cv_score == found.fits[3].cv_score
    assert alone.score(recorded) > 0.5


def test_a_fit_tells_what_it_rests_on(five):
    _, found = five
    one, top = found.fits[1], found.fits[5]
    assert one.n_parameters == 6
    assert one.aic == pytest.approx(2 * 6 - 2 * one.log_likelihood)
    assert one.bic > one.aic
    assert set(one.spread) == {"E_L_mv", "th_inf_mv", "R_mohm", "C_pf", "t_ref_s"}
    assert 0 < one.spread["R_mohm"] < 0.5 * one.model.R_mohm
    assert len(one.details["fold_scores"]) == 4
    assert one.cv_score == pytest.approx(np.mean(one.details["fold_scores"]))
    assert one.details["score_at_half_step"] == pytest.approx(one.score, abs=0.05)
    assert one.notes == ()
    assert "triple short squares" in top.notes[0]


def test_few_spikes_are_fitted_without_cross_validation():
    weak = record(LIF, 1, 1)
    first = simulate(LIF, weak.current_pa, sampling_rate_hz=RATE, dt_s=1e-4).spike_times_s
    stop = weak.index(float(first[8]) + 0.05)
    short = Sweep(
        weak.voltage_mv[:stop], weak.current_pa[:stop], RATE, number=1, stimulus="Noise 1"
    )
    found = fit_levels([short], (1, 2, 3), max_evaluations=20)
    assert found.fits[1].spread == {}
    assert np.isnan(found.fits[1].cv_score)
    assert "nothing was held out" in found.fits[1].notes[-1]
    assert found.chosen in (1, 2, 3)
    assert found.fits[3].reason in (Reason.BUDGET, Reason.CONVERGED)


def test_what_cannot_be_regressed_is_told():
    """Two spikes carry neither a reset rule nor after-spike currents; the rest is fitted."""
    weak = record(LIF, 1, 1)
    first = simulate(LIF, weak.current_pa, sampling_rate_hz=RATE, dt_s=1e-4).spike_times_s
    stop = weak.index(float(first[1]) + 0.02)
    short = Sweep(
        weak.voltage_mv[:stop], weak.current_pa[:stop], RATE, number=1, stimulus="Noise 1"
    )
    fit = GLIFFitter(4, max_evaluations=0).fit([short])
    assert any("no after-spike current" in note for note in fit.result_.notes)
    assert any("reset rule was not regressed" in note for note in fit.result_.notes)
    assert fit.model_.asc_amp_pa == (0.0, 0.0)


def test_levels_that_there_are_not_are_refused(lif):
    with pytest.raises(ConfigError, match="GLIF levels to fit"):
        fit_levels(lif, (1, 7))
    with pytest.raises(ConfigError, match="GLIF levels to fit"):
        fit_levels(lif, ())


def test_the_published_method_is_asked_for_by_name(lif, monkeypatch):
    from allentk.fitting import teeter

    asked = []

    def fit_teeter(recording, **options):
        asked.append((recording.numbers, options))
        return GLIFFitter(1, max_evaluations=0).fit(recording).result_

    monkeypatch.setattr(teeter, "fit_teeter", fit_teeter)
    fit = GLIFFitter(1, method="teeter2018", seed=4, progress=False).fit(lif)
    assert asked == [(lif.numbers, {"level": 1, "train": "Noise 1", "seed": 4, "progress": False})]
    assert fit.model_ == fit.result_.model
    assert "teeter2018" in repr(fit)
