"""What candidates cost, on a stand-in for the simulator."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from allentk.errors import FitError
from allentk.fitting.biophysical.evaluation import BLOCKED, FIRES_AT_REST, SILENT, compressed
from allentk.fitting.biophysical.objective import WEIGHTS, Objective
from allentk.fitting.biophysical.search import Plan, run_search
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets
from tests.fitting.biophysical.standin import TRUTH, Runner, gene_set, targets


def made(**changes):
    given = {"genes": gene_set(), "targets": targets(), "build": Runner, **changes}
    return Objective(**given)


def point(**changes):
    values = {**TRUTH, **changes}
    return np.array([gene.encode(values[gene.name]) for gene in gene_set()])


def test_the_truth_costs_next_to_nothing():
    evaluation = made().evaluate(point())
    assert evaluation.rejected == ""
    assert evaluation.cost < 0.3
    assert set(evaluation.groups) == set(WEIGHTS)
    frame = evaluation.to_dataframe()
    assert set(frame["amplitude_pa"]) == {-100.0, 50.0, 150.0, 300.0}
    assert frame.loc[frame["feature"] == "n_spikes", "z"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [{"gbar_NaTs": 0.06}, {"gbar_Im": 6e-5}, {"g_pas_soma": 2e-5}, {"e_pas_mv_all": -84.0}],
)
def test_every_number_that_is_off_costs(change):
    objective = made()
    assert objective.evaluate(point(**change)).cost > objective.evaluate(point()).cost + 0.1


def test_those_turned_away_cost_more_than_any_other_and_say_how_far_they_are():
    objective = made()
    silent = objective.evaluate(point(gbar_Im=9e-4))
    nearer = objective.evaluate(point(gbar_Im=9e-4, g_pas_soma=2e-6))
    assert "silent" in silent.rejected
    assert SILENT < nearer.cost <= silent.cost < BLOCKED
    resting = objective.evaluate(point(gbar_Im=1.1e-6))
    assert "rest" in resting.rejected
    assert resting.cost > FIRES_AT_REST
    bad = objective.evaluate(point(gbar_NaTs=0.9, g_pas_soma=9e-4, e_pas_mv_all=-70.0))
    assert bad.rejected == ""
    assert bad.cost < SILENT


def test_a_blocked_model_is_turned_away():
    step = StepTarget(500.0, {"n_spikes": Target(40.0, 2.0), "peak_v": Target(20.0, 2.0)})
    blocking = Targets((*targets().steps, step)).trained_on([-100.0, 150.0, 500.0])
    evaluation = made(targets=blocking).evaluate(point(gbar_NaTs=0.01))
    assert "blocked at the largest" in evaluation.rejected
    assert evaluation.cost > BLOCKED


def test_the_block_check_looks_above_the_largest_step():
    n = (495.0 - 100.0) * 0.1
    step = StepTarget(495.0, {"n_spikes": Target(n, 2.0)})
    near = Targets((*targets().steps, step)).trained_on([-100.0, 150.0, 495.0])
    checked = made(targets=near).evaluate(point())
    free = made(targets=near, block_check=False).evaluate(point())
    assert "above the largest" in checked.rejected
    assert free.rejected == ""
    assert checked.cost >= free.cost + 5


def test_groups_weigh_as_told():
    counts = {"counts": 1.0, "shape": 0.0, "silence": 0.0, "subthreshold": 0.0}
    wrong_voltage = point(g_pas_soma=3e-5)
    assert made(weights=counts).evaluate(wrong_voltage).cost == 0.0
    assert made().evaluate(wrong_voltage).cost > 0.4
    with pytest.raises(FitError, match="unknown groups"):
        made(weights={"spikes": 1.0})


def test_weights_that_no_training_step_has_are_refused():
    with pytest.raises(FitError, match=r"no feature counts: .*'counts': 0\.0.*give one of these"):
        made(weights={"counts": 0.0})


def test_steps_below_zero_alone_can_be_fitted_to():
    below = made(targets=targets().trained_on([-100.0, -50.0]))
    assert below.evaluate(point()).cost < 0.3
    assert below.evaluate(point(g_pas_soma=2e-5)).cost > 0.5


def test_another_cell_is_not_run_on_what_was_built_for_this_one():
    first = made()
    assert isinstance(first.runner, Runner)
    assert replace(first, build=lambda: "another").runner == "another"


def test_a_candidate_outside_the_cube_is_folded_in():
    objective, inside = made(), point()
    outside = inside.copy()
    outside[0] = -outside[0]
    outside[1] = 2.0 - outside[1]
    assert objective.costs([outside]) == objective.costs([inside])


def test_a_candidate_costs_the_same_wherever_it_stands():
    rng = np.random.default_rng(2)
    points = list(rng.random((12, 4)))
    objective = made()
    alone = [objective.costs([p])[0] for p in points]
    assert objective.costs(points[::-1]) == alone[::-1]
    assert pickle.loads(pickle.dumps(objective)).costs(points) == alone


def test_a_model_that_cannot_be_run_is_the_worst():
    hot = gene_set()
    genes = replace(hot, genes=(*hot.genes[:3], replace(hot.genes[3], high=-30.0)))
    evaluation = made(genes=genes).evaluate([0.5, 0.5, 0.5, 0.99])
    assert "beyond its range" in evaluation.rejected
    assert evaluation.cost >= 1000


def test_without_training_steps_there_is_no_cost():
    with pytest.raises(FitError, match="choose training"):
        made(targets=replace(targets(), training=()))


def test_deviations_count_less_the_larger_they_are():
    z = np.array([0.0, 1.0, 4.9, 5.0, 5.1, 50.0, 249.0])
    counted = np.array([compressed(float(x)) for x in z])
    assert np.all(np.diff(counted) > 0)
    assert counted[1] == 1.0
    assert compressed(float("nan")) == compressed(1e9) == compressed(250.0)


def test_other_targets_bounds_or_weights_are_another_objective():
    about = made().about()
    assert made().about() == about
    assert made(targets=targets().trained_on([150.0])).about() != about
    assert made(weights={**WEIGHTS, "shape": 3.0}).about() != about
    assert made(block_check=False).about() != about


def test_a_search_finds_the_stand_in_again():
    plan = Plan(n_dimensions=4, max_evaluations=1000, restarts=2, draws=64, population=10)
    outcome = run_search(made(), plan)
    assert outcome.best.cost < 0.5
    values = gene_set().values(outcome.best.point)
    assert values["g_pas_soma"] == pytest.approx(1e-5, rel=0.1)
    assert values["gbar_NaTs"] == pytest.approx(0.1, rel=0.2)
