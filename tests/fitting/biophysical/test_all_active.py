"""The staged fit of all-active models, on a synthetic cell that is small."""

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest

from allentk.data import SweepSet
from allentk.errors import ConfigError, FitError
from allentk.fitting.biophysical import all_active
from allentk.fitting.biophysical.all_active import StagedFit, fit_stages, shares
from allentk.fitting.biophysical.all_active_bounds import (
    STYLES,
    all_active_genes,
    all_active_template,
    choose_all_active_style,
    narrowed,
    stage_genes,
)
from allentk.fitting.biophysical.all_active_objective import StageObjective, begun_in_axon
from allentk.fitting.biophysical.all_active_result import fit_all_active, staged_result
from allentk.fitting.biophysical.all_active_stages import (
    PASSIVE,
    STAGES,
    all_active_targets,
    stage_targets,
)
from allentk.fitting.biophysical.estimator import BiophysicalFitter
from allentk.fitting.biophysical.evaluation import BLOCKED, FIRES_AT_REST, SILENT
from allentk.fitting.biophysical.genes import Gene
from allentk.fitting.biophysical.measured import EFEL_NINE
from allentk.fitting.biophysical.outcome_result import generations
from allentk.fitting.biophysical.passive import default_passive
from allentk.fitting.biophysical.runner import Clock
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets
from allentk.fitting.biophysical.tree_runner import build_tree_runner
from allentk.fitting.result import Reason
from tests.fitting.biophysical import small_active_cell as small

SEARCH = StagedFit(seed=1, evaluations=(24, 24, 40), restarts=1, population=8, progress=False)


class Truth:
    """Builds the runner of the synthetic cell; at module level, so that it pickles."""

    def __call__(self):
        return build_tree_runner(small.parameters(), small.morphology())


def objective(**changes):
    targets, features = stage_targets(small.targets(), STAGES[2])
    given = {
        "genes": stage_genes("mouse-spiny", 2, small.parameters()),
        "targets": targets,
        "features": features,
        "spiking": True,
        "build": Truth(),
        "clock": STAGES[2].clock,
    }
    return StageObjective(**{**given, **changes})


def changed(section, mechanism, gbar, *, of=None):
    parameters = small.parameters() if of is None else of
    one = parameters.sections[section]
    mechanisms = {**one.mechanisms, mechanism: {**one.mechanisms[mechanism], "gbar": gbar}}
    sections = {**parameters.sections, section: replace(one, mechanisms=mechanisms)}
    return replace(parameters, sections=sections)


@pytest.fixture(scope="module")
def fitted():
    return fit_stages(small.targets(), small.morphology(), style="mouse-spiny", search=SEARCH)


# Bounds.


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_a_gene_for_all_it_needs(style):
    genes = all_active_genes(style, 2)
    names = [gene.name for gene in genes]
    assert len(set(names)) == len(names)
    assert {g.name for g in all_active_genes(style, 0)} < {
        g.name for g in all_active_genes(style, 1)
    }
    assert {g.name for g in all_active_genes(style, 1)} < set(names)
    for section in ("soma", "axon"):
        there = {g.mechanism for g in genes if g.section == section}
        assert {"CaDynamics", "SK", "Ca_HVA", "Ca_LVA"} < there
    for gene in genes:
        assert gene.scale == ("linear" if gene.parameter in ("ra_ohm_cm", "e_pas_mv") else "log")


def test_bounds_are_the_published_ones():
    def bounds(style, section, mechanism):
        [gene] = [
            g
            for g in all_active_genes(style, 2)
            if (g.section, g.mechanism, g.parameter) == (section, mechanism, "gbar")
        ]
        return gene.low, gene.high

    assert bounds("mouse-spiny", "soma", "Ih") == (1e-7, 1e-4)
    assert bounds("mouse-spiny", "axon", "NaTa_t")[1] == 10.0
    assert bounds("mouse-spiny", "dend", "NaTs2_t")[1] == 0.01
    assert bounds("mouse-aspiny", "axon", "Kd") == (1e-7, 1e-2)
    assert bounds("human-aspiny", "dend", "Im_v2") == (1e-7, 1e-2)
    assert bounds("human-spiny", "axon", "NaV") == (1e-7, 10.0)
    mechanisms = {g.mechanism for g in all_active_genes("mouse-aspiny", 2)}
    assert not mechanisms & {"NaTs2_t", "NaTa_t", "Nap_Et2", "Im"}
    with pytest.raises(ConfigError, match="style must be one of"):
        all_active_genes("f6", 0)


def test_the_style_goes_by_dendrites_and_spikes():
    assert choose_all_active_style("spiny") == "mouse-spiny"
    assert choose_all_active_style("sparsely spiny", human=True) == "human-aspiny"
    assert choose_all_active_style(None, 0.0004) == "mouse-aspiny"


@pytest.mark.parametrize(
    ("value", "low", "high"), [(2e-5, 1e-5, 3e-5), (9e-5, 4.5e-5, 1e-4), (1e-7, 1e-7, 1.5e-7)]
)
def test_a_fitted_number_stays_near_and_in_bounds(value, low, high):
    gene = narrowed(Gene("soma", "Ih", "gbar", 1e-7, 1e-4), value)
    assert (gene.low, gene.high) == pytest.approx((low, high))


def test_a_fitted_voltage_stays_near_on_both_sides():
    gene = narrowed(Gene("all", "", "e_pas_mv", -110.0, -60.0, "linear", "mV"), -90.0)
    assert (gene.low, gene.high) == (-110.0, -60.0)
    gene = narrowed(Gene("all", "", "e_pas_mv", -110.0, -10.0, "linear", "mV"), -60.0)
    assert (gene.low, gene.high) == (-90.0, -30.0)


# Steps and features.


def test_the_first_stages_see_steps_below_rheobase_only():
    for stage in STAGES[:2]:
        targets, features = stage_targets(small.targets(), stage)
        assert targets.training == (-60.0, -40.0, -20.0, 40.0, 60.0, 80.0)
        assert features[-60.0][:4] == PASSIVE
        assert ("sag_amplitude" in features[-60.0]) is (stage.number == 1)
        assert "sag_amplitude" not in features[80.0]


def test_a_step_that_is_silent_above_rheobase_does_not_tell_the_membrane():
    steps = small.targets().steps
    blocked = replace(steps[0], amplitude_pa=400.0)
    targets, _ = stage_targets(Targets((*steps, blocked)), STAGES[0])
    assert max(targets.training) == 80.0


def test_made_up_sweeps_stay_so():
    assert all_active_targets(small.recording()).source.startswith("SYNTHETIC")


def test_the_last_stage_sees_the_largest_the_first_and_the_last_silent():
    _, features = stage_targets(small.targets(), STAGES[2])
    assert dict(features) == {80.0: ("Spikecount",), 100.0: EFEL_NINE, 120.0: EFEL_NINE}
    counts = {40.0: 0.0, 60.0: 2.0, 80.0: 5.0, 100.0: 9.0, 120.0: 11.0, 140.0: 3.0}
    steps = [
        StepTarget(pa, {"n_spikes": Target(n, 0.5), "mean_frequency": Target(n or 0.1, 1.0)})
        for pa, n in counts.items()
    ]
    _, features = stage_targets(Targets(tuple(steps)), STAGES[2])
    # The step of 140 pA is taken for blocked.
    assert dict(features) == {
        40.0: ("n_spikes",),
        60.0: ("mean_frequency",),
        120.0: ("mean_frequency",),
    }


def test_sweeps_are_cut_where_simulated_ones_end():
    whole = small.recording()
    longer = SweepSet(
        replace(
            sweep,
            voltage_mv=np.append(sweep.voltage_mv, np.full(9000, 50.0)),
            current_pa=np.append(sweep.current_pa, np.zeros(9000)),
        )
        for sweep in whole
    )
    assert all_active_targets(longer).digest() == all_active_targets(whole).digest()


# The objective.


def test_the_truth_costs_next_to_nothing_and_its_spikes_begin_in_the_axon():
    evaluation = objective().judge(small.parameters())
    assert evaluation.rejected == ""
    assert evaluation.cost < 0.5
    frame = evaluation.to_dataframe()
    checks = frame[frame["group"] == "checks"]
    assert checks["value"].tolist() == [1.0] * len(checks)
    assert set(checks["amplitude_pa"]) == {100.0, 120.0, 130.0}
    assert set(frame["feature"]) == {*EFEL_NINE, "Spikecount", "depol_block", "check_AISInitiation"}


def test_what_is_off_costs():
    costs = [
        objective().judge(parameters).cost
        for parameters in (
            small.parameters(),
            changed("soma", "Kv3_1", 0.15),
            changed("axon", "NaTa_t", 1e-5),
        )
    ]
    assert costs[0] < 0.5 < costs[1] < SILENT
    assert costs[2] > costs[0] + 0.5


def test_those_turned_away_cost_more_than_any_other():
    silent = changed("axon", "NaTa_t", 1e-5, of=changed("soma", "NaTs2_t", 1e-5))
    evaluation = objective().judge(silent)
    assert "silent" in evaluation.rejected
    assert SILENT < evaluation.cost < BLOCKED
    sections = {
        name: replace(one, e_pas_mv=0.0) for name, one in small.parameters().sections.items()
    }
    evaluation = objective().judge(replace(small.parameters(), sections=sections))
    assert "rest" in evaluation.rejected
    assert evaluation.cost >= FIRES_AT_REST


def test_a_blocked_model_is_turned_away():
    steps = [*small.targets().steps]
    top = replace(steps[-1], amplitude_pa=2000.0)
    targets, features = stage_targets(Targets((*steps[:-1], top)), STAGES[2])
    weak = small.parameters()
    for section, name in itertools.product(("soma", "axon"), ("Kv3_1", "K_Tst", "K_Pst")):
        weak = changed(section, name, 1e-6, of=weak)
    evaluation = objective(targets=targets, features=features).judge(weak)
    assert "blocked" in evaluation.rejected
    assert evaluation.cost > BLOCKED


def test_a_model_that_cannot_be_run_is_the_worst():
    other = changed("soma", "Kv3_1", 0.1)
    soma = replace(other.sections["soma"], mechanisms={})
    evaluation = objective().judge(replace(other, sections={**other.sections, "soma": soma}))
    assert "cannot be run" in evaluation.rejected
    assert evaluation.cost >= 1000


@pytest.mark.parametrize(
    ("soma", "axon", "part"),
    [([10, 500], [8, 502], 0.5), ([10], [], 0.0), ([100], [10], 0.0), ([100], [100], 1.0)],
)
def test_spikes_begin_in_the_axon(soma, axon, part):
    found = begun_in_axon(np.array(soma, dtype=int), np.array(axon, dtype=int), 5e-5)
    assert found == part


def test_a_silent_soma_has_no_spikes_to_begin():
    none = np.array([], dtype=int)
    assert np.isnan(begun_in_axon(none, np.array([3]), 5e-5))


def test_an_objective_pickles_and_says_what_it_is():
    one = objective()
    again = pickle.loads(pickle.dumps(one))
    assert again.about() == one.about()
    assert again.judge(small.parameters()) == one.judge(small.parameters())
    assert objective(clock=Clock(dt_s=1e-4)).about() != one.about()


# The stages.


def test_every_stage_lowers_its_cost(fitted):
    assert [one.stage.name for one in fitted] == ["passive", "ih", "all"]
    for one in fitted:
        history = generations(one.outcome)
        assert history["best"].is_monotonic_decreasing
        assert history["best"].iloc[-1] < history["cost"].iloc[0]
        assert one.outcome.reason is Reason.BUDGET


def test_what_was_fitted_goes_half_its_value_at_most_and_all_stay_in_bounds(fitted):
    for before, after in itertools.pairwise(fitted):
        box = {gene.name: gene for gene in all_active_genes("mouse-spiny", after.stage.number)}
        values = before.objective.genes.values(before.outcome.best.point)
        found = after.objective.genes.values(after.outcome.best.point)
        assert set(values) < set(found)
        for name, value in found.items():
            tiny = 1e-9 * abs(value)
            assert box[name].low - tiny <= value <= box[name].high + tiny
            if name in values:
                assert abs(value - values[name]) <= 0.5 * abs(values[name]) * (1 + 1e-9)


def test_the_result_tells_all_stages(fitted):
    result = staged_result(fitted, small.morphology(), style="mouse-spiny")
    assert result.style == "mouse-spiny"
    assert result.model.parameters.kind == "all-active"
    assert result.model.parameters.axon == "stub"
    assert result.model.parameters.v_init_mv == pytest.approx(-87.5, abs=0.1)
    assert result.history["stage"].unique().tolist() == [0, 1, 2]
    assert result.evaluations == sum(result.history.groupby("stage")["evaluations"].max())
    assert result.targets.held_out == (20.0,)
    assert result.model.parameters.training_sweeps == (20, 21, 22, 24, 25, 26, 27, 28)
    assert len(result.genes) == 36
    assert result.cost == result.evaluation.cost == result.hall_of_fame[0].cost
    assert set(result.model.parameters.sections["dend"].mechanisms) == set(small.DEND)


def test_a_recording_is_fitted_from_end_to_end():
    search = replace(SEARCH, evaluations=(4, 4, 4))
    result = fit_all_active(small.recording(), small.morphology(), search=search)
    # Nobody said what its dendrites are: its spikes are narrow.
    assert result.style == "mouse-aspiny"
    assert result.evaluations >= 12
    assert "NaV" in result.model.parameters.sections["dend"].mechanisms


def test_the_estimator_fits_it_too(tmp_path):
    options = {"seed": 1, "restarts": 1, "population": 4, "progress": False}
    fitter = BiophysicalFitter(
        "all-active", stage_evaluations=(4, 4, 4), history=tmp_path / "fit.jsonl", **options
    )
    fit = fitter.fit(small.recording(), morphology=small.morphology(), dendrite_type="spiny")
    assert fit.model_.parameters.kind == "all-active"
    assert fit.result_.style == "mouse-spiny"
    assert len(list(tmp_path.iterdir())) == 3
    assert fit.score(small.recording()) <= 0.0
    with pytest.raises(ConfigError, match="leave out passive"):
        fitter.fit(
            small.targets(), morphology=small.morphology(), passive=default_passive(spiny=True)
        )


class _Stop:
    """Ctrl-C after so many candidates of a stage."""

    def __init__(self, monkeypatch, stage, after):
        self.asked, judge = 0, StageObjective.evaluate

        def evaluate(one, candidate):
            if one.spiking == (stage == 2):
                self.asked += 1
                if self.asked > after:
                    raise KeyboardInterrupt
            return judge(one, candidate)

        monkeypatch.setattr(StageObjective, "evaluate", evaluate)


def test_a_fit_that_was_broken_goes_on_to_the_same_end(fitted, tmp_path, monkeypatch):
    search = replace(SEARCH, history=tmp_path / "fit.jsonl")

    def run():
        return fit_stages(small.targets(), small.morphology(), style="mouse-spiny", search=search)

    with monkeypatch.context() as patch:
        _Stop(patch, 0, 10)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert {path.name for path in tmp_path.iterdir()} == {"fit.stage0.jsonl"}
    with monkeypatch.context() as patch:
        _Stop(patch, 2, 15)
        broken = run()
    assert broken[-1].outcome.reason is Reason.INTERRUPTED
    again = run()
    assert again[-1].best == fitted[-1].best
    assert [one.outcome.best.cost for one in again] == [one.outcome.best.cost for one in fitted]
    with pytest.raises(ConfigError, match="another search"):
        fit_stages(
            small.targets(),
            small.morphology(),
            style="mouse-spiny",
            search=replace(search, seed=5),
        )


def test_a_stage_that_ran_out_of_time_is_not_gone_on_with_under_the_next(tmp_path):
    brief = replace(
        SEARCH, evaluations=(40, 24, 16), max_seconds=1e-9, history=tmp_path / "fit.jsonl"
    )

    def run(search):
        return fit_stages(small.targets(), small.morphology(), style="mouse-spiny", search=search)

    first = run(brief)
    assert first[0].outcome.evaluations < 40
    assert first[0].outcome.reason is Reason.TIME
    then = run(replace(brief, max_seconds=None))
    assert then[0].best == first[0].best
    assert then[0].outcome.evaluations == first[0].outcome.evaluations
    assert then[-1].outcome.evaluations > first[-1].outcome.evaluations


def test_two_processes_find_what_one_finds(fitted):
    search = replace(SEARCH, evaluations=(1, 1, 8), population=4)

    def best(n_jobs):
        [last] = fit_stages(
            small.targets(),
            small.morphology(),
            style="mouse-spiny",
            search=replace(search, n_jobs=n_jobs),
            start=fitted[1].best,
        )
        return last.best

    assert best(2) == best(1)


def test_time_is_shared_out_by_what_stages_take():
    search = StagedFit(evaluations=(4000, 2500, 2000), max_seconds=120.0)
    assert search.seconds(STAGES[0], 0.0) == pytest.approx(30.0)
    assert search.seconds(STAGES[1], 15.0) == pytest.approx(35.0)
    assert search.seconds(STAGES[2], 30.0) == 90.0
    assert StagedFit().seconds(STAGES[0], 0.0) is None
    assert sum(shares(800)) == 800


def test_a_membrane_fitted_elsewhere_leaves_the_last_stage_only():
    start = all_active_template(small.morphology(), v_init_mv=-80.0)
    given = stage_genes("mouse-spiny", 1, start).decode([0.6] * 10)
    [last] = fit_stages(
        small.targets(),
        small.morphology(),
        style="mouse-spiny",
        search=replace(SEARCH, evaluations=(1, 1, 8)),
        start=given,
    )
    assert last.stage is STAGES[2]
    box = {gene.name: gene for gene in last.objective.genes}
    g_pas = given.sections["soma"].g_pas
    assert (box["g_pas_all"].low, box["g_pas_all"].high) == pytest.approx((g_pas / 2, 1.5 * g_pas))


# What is refused.


def test_without_steps_below_rheobase_it_says_so():
    few = [s for s in small.targets().steps if s.role == "spiking" or s.amplitude_pa == 20.0]
    bare = replace(few[0], features={"n_spikes": Target(0.0, 0.5)})
    with pytest.raises(FitError, match="below rheobase"):
        fit_stages(
            Targets((bare, *few[1:])), small.morphology(), style="mouse-spiny", search=SEARCH
        )


def test_without_spikes_it_says_so_before_it_searches(monkeypatch):
    monkeypatch.setattr(all_active, "run_search", lambda *_, **__: pytest.fail("searched"))
    quiet = [s for s in small.targets().steps if s.role == "subthreshold"]
    with pytest.raises(FitError, match="no step has a spike"):
        fit_stages(Targets(tuple(quiet)), small.morphology(), style="mouse-spiny", search=SEARCH)


def test_without_sweeps_it_says_so():
    sweep = replace(small.recording()[0], start_s=np.nan, stop_s=np.nan, current_pa=np.zeros(13000))
    with pytest.raises(FitError, match="no long square can be measured"):
        all_active_targets(sweep)


@pytest.mark.parametrize("evaluations", [(1, 1), (0, 1, 1)])
def test_every_stage_needs_evaluations(evaluations):
    with pytest.raises(ConfigError, match="stages"):
        StagedFit(evaluations=evaluations)
