"""The search: budget, restarts, workers, history and resuming."""

import json

import numpy as np
import pytest

from allentk.errors import ConfigError, FormatError
from allentk.fitting.biophysical.objective import Objective
from allentk.fitting.biophysical.search import CMA_POPULATION, Plan, run_search
from allentk.fitting.result import Reason
from tests.fitting.biophysical.standin import Bowl, Interrupted, Runner, gene_set, targets

PLAN = Plan(n_dimensions=3, seed=4, max_evaluations=300, restarts=2, draws=40, population=8)


def found(outcome):
    return [(m.cost, m.restart, m.point.tolist()) for m in outcome.hall_of_fame]


@pytest.mark.parametrize("optimizer", ["cma-es", "de", "ga"])
def test_every_optimizer_comes_near(optimizer):
    plan = Plan(n_dimensions=3, optimizer=optimizer, max_evaluations=1500, restarts=1, draws=40)
    outcome = run_search(Bowl(), plan)
    assert outcome.best.cost < 1e-2
    assert np.abs(outcome.best.point - Bowl().best).max() < 0.1


def test_the_budget_is_kept_but_for_the_last_generation():
    plan = Plan(n_dimensions=3, max_evaluations=100, restarts=1, draws=40, tolerance=0.0)
    bowl = Bowl()
    outcome = run_search(bowl, plan)
    assert outcome.reason is Reason.BUDGET
    assert 100 <= outcome.evaluations == bowl.asked < 100 + CMA_POPULATION
    assert outcome.generations[-1].evaluations == outcome.evaluations


def test_first_points_are_a_quarter_at_most():
    outcome = run_search(Bowl(), Plan(n_dimensions=3, max_evaluations=20, draws=40))
    assert [len(g.costs) for g in outcome.generations if g.restart == 0] == [5]
    assert outcome.per_restart[0].restart == 0


def test_it_settles_where_nothing_gets_better():
    plan = Plan(n_dimensions=3, max_evaluations=100_000, restarts=2, draws=20, tolerance=1e-3)
    outcome = run_search(Bowl(), plan)
    assert outcome.reason is Reason.CONVERGED
    assert outcome.evaluations < 5000
    assert [m.restart for m in outcome.per_restart] == [0, 1, 2]


def test_one_and_two_workers_find_the_same():
    # An objective as fits have it, so that it must also reach the processes whole.
    objective = Objective(genes=gene_set(), targets=targets(), build=Runner)
    plan = Plan(n_dimensions=4, seed=4, max_evaluations=80, restarts=1, draws=16, population=8)
    alone = run_search(objective, plan)
    together = run_search(objective, plan, n_jobs=2)
    assert found(alone) == found(together)
    assert [g.costs for g in alone.generations] == [g.costs for g in together.generations]


def test_another_seed_finds_another_way():
    other = Plan(n_dimensions=3, seed=5, max_evaluations=300, restarts=2, draws=40, population=8)
    assert found(run_search(Bowl(), PLAN)) != found(run_search(Bowl(), other))


def test_the_hall_of_fame_is_sorted_and_distinct():
    fame = run_search(Bowl(), PLAN).hall_of_fame
    costs = [m.cost for m in fame]
    assert costs == sorted(costs)
    for k, first in enumerate(fame):
        for second in fame[k + 1 :]:
            assert np.sqrt(np.mean((first.point - second.point) ** 2)) >= 0.02
    assert all(((m.point >= 0) & (m.point <= 1)).all() for m in fame)


@pytest.mark.parametrize("wrong", [{"population": 3}, {"population": 8.5}, {"restarts": 1.5}])
def test_a_plan_that_cannot_be_is_refused_before_anything_is_run(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError, match=f"{name} must be a whole number.*got {value}"):
        Plan(n_dimensions=3, **wrong)


@pytest.mark.parametrize("population", [8.0, np.float64(8), np.int64(8)])
def test_a_whole_number_may_come_from_json_or_numpy(population):
    plan = Plan(n_dimensions=3, population=population)
    assert json.dumps(plan.about()["population"]) == "8"


def test_a_cost_that_is_none_is_very_bad():
    class Holed(Bowl):
        def costs(self, candidates):
            return [
                float("nan") if x[0] > 0.5 else cost
                for x, cost in zip(candidates, super().costs(candidates), strict=True)
            ]

    outcome = run_search(Holed(), PLAN)
    assert outcome.best.cost < 0.05
    assert outcome.best.point[0] <= 0.5


def test_without_time_the_first_generation_is_all():
    outcome = run_search(Bowl(), PLAN, max_seconds=0.0)
    assert outcome.reason is Reason.TIME
    assert outcome.evaluations == 40


@pytest.mark.parametrize("after", [40, 48, 180])
def test_a_killed_search_resumes_and_ends_as_an_unbroken_one(tmp_path, after):
    path = tmp_path / "history.jsonl"
    whole = run_search(Bowl(), PLAN)
    broken = run_search(Interrupted(after), PLAN, history=path)
    assert broken.reason is Reason.INTERRUPTED
    assert after <= broken.evaluations < whole.evaluations
    with path.open("ab") as file:
        file.write(b'{"restart": 1, "evaluations": 9')
    bowl = Bowl()
    resumed = run_search(bowl, PLAN, history=path)
    assert found(resumed) == found(whole)
    assert resumed.reason is whole.reason
    assert resumed.evaluations == whole.evaluations == broken.evaluations + bowl.asked
    again = Bowl()
    assert found(run_search(again, PLAN, history=path)) == found(whole)
    assert again.asked == 0


def test_the_time_of_earlier_runs_counts(tmp_path):
    path = tmp_path / "history.jsonl"
    run_search(Interrupted(100), PLAN, history=path)
    lines = path.read_bytes().splitlines()
    last = {**json.loads(lines[-1]), "seconds": 1000.0}
    path.write_bytes(b"\n".join([*lines[:-1], json.dumps(last).encode()]) + b"\n")
    bowl = Bowl()
    outcome = run_search(bowl, PLAN, history=path, max_seconds=999.0)
    assert outcome.reason is Reason.TIME
    assert bowl.asked == 0


def test_interrupted_before_anything_is_told_it_raises(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_search(Interrupted(0), PLAN)


def test_a_history_of_another_search_is_refused(tmp_path):
    path = tmp_path / "history.jsonl"
    run_search(Bowl(), PLAN, history=path, about={"targets": "abc"})
    with pytest.raises(ConfigError, match="targets: 'abc' there, 'abd' now"):
        run_search(Bowl(), PLAN, history=path, about={"targets": "abd"})
    other = Plan(n_dimensions=3, seed=5, max_evaluations=300, restarts=2, draws=40, population=8)
    with pytest.raises(ConfigError, match="seed: 4 there, 5 now"):
        run_search(Bowl(), other, history=path, about={"targets": "abc"})


def test_a_history_with_other_candidates_is_refused(tmp_path):
    path = tmp_path / "history.jsonl"
    run_search(Bowl(), PLAN, history=path)
    lines = path.read_text().splitlines()
    moved = {**json.loads(lines[3]), "check": "00000000"}
    path.write_text("\n".join([*lines[:3], json.dumps(moved)]) + "\n")
    with pytest.raises(ConfigError, match="draws other candidates"):
        run_search(Bowl(), PLAN, history=path)


@pytest.mark.parametrize("text", ["no json\n", "[1]\n", '{"format": "x"}\n'])
def test_a_file_that_is_no_history_is_left_alone(tmp_path, text):
    path = tmp_path / "history.jsonl"
    path.write_text(text)
    with pytest.raises(FormatError, match="no history"):
        run_search(Bowl(), PLAN, history=path)
    assert path.read_text() == text


def test_a_history_damaged_in_the_middle_is_an_error(tmp_path):
    path = tmp_path / "history.jsonl"
    run_search(Bowl(), PLAN, history=path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:30], *lines[2:]]) + "\n")
    with pytest.raises(FormatError, match="line 2"):
        run_search(Bowl(), PLAN, history=path)


def test_a_file_of_one_line_without_an_end_is_not_written_over(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("the thesis")
    with pytest.raises(FormatError, match="not written over"):
        run_search(Bowl(), PLAN, history=path)
    assert path.read_text() == "the thesis"
    whole = tmp_path / "history.jsonl"
    run_search(Interrupted(100), PLAN, history=whole)
    begun = tmp_path / "begun.jsonl"
    begun.write_bytes(whole.read_bytes()[:20])
    assert found(run_search(Bowl(), PLAN, history=begun)) == found(run_search(Bowl(), PLAN))


@pytest.mark.parametrize(
    "changed",
    [
        {"costs": []},
        {"costs": [1.0]},
        {"costs": "all"},
        {"costs": [float("nan")] * 8},
        {"costs": ["1.0"] * 8},
        {"evaluations": 7},
        {"evaluations": None},
        {"seconds": float("inf")},
    ],
)
def test_numbers_that_no_search_writes_are_an_error(tmp_path, changed):
    path = tmp_path / "history.jsonl"
    run_search(Interrupted(100), PLAN, history=path)
    lines = path.read_text().splitlines()
    lines[2] = json.dumps({**json.loads(lines[2]), **changed})
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(FormatError, match="line 3"):
        run_search(Bowl(), PLAN, history=path)


@pytest.mark.parametrize(
    "wrong", [{"optimizer": "luck"}, {"restarts": 0}, {"seed": -1}, {"sigma": 0.0}, {"draws": 0}]
)
def test_plans_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError):
        Plan(n_dimensions=3, **wrong)
