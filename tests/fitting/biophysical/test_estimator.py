"""BiophysicalFitter from end to end, on a stand-in for the simulator."""

import json
from dataclasses import replace

import numpy as np
import pytest

from allentk.data import Morphology
from allentk.errors import ConfigError, FitError, NotFittedError
from allentk.fitting.biophysical import reduced_runner, verdict
from allentk.fitting.biophysical.estimator import BiophysicalFitter
from allentk.fitting.biophysical.genes import GeneSet
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.result import Reason
from tests.fitting.biophysical.standin import Runner, gene_set, targets
from tests.fitting.biophysical.standin_bench import OnStandin
from tests.fitting.biophysical.test_passive import recorded
from tests.fitting.biophysical.test_targets import sweep, train

CELL = Morphology([1, 2, 3], [1, 3, 3], [[0, 0, 0], [0, 10, 0], [0, 60, 0]], [5, 1, 1], [-1, 0, 1])


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    from allentk.fitting.biophysical import bounds

    monkeypatch.setattr(reduced_runner, "build_runner", lambda *_: Runner())
    monkeypatch.setattr(verdict, "bench", OnStandin)
    monkeypatch.setattr(
        bounds, "gene_set", lambda _style, base, *_: GeneSet(gene_set().genes, base)
    )


def fitted(**options):
    given = {"max_evaluations": 150, "restarts": 1, "progress": False, **options}
    return BiophysicalFitter(**given).fit(targets(), morphology=CELL)


def test_a_fit_brings_home_what_it_takes_to_judge_it(tmp_path):
    fit = fitted()
    result = fit.result_
    assert result.model is fit.model_
    assert result.model.parameters.axon == "stub"
    assert result.cost == result.evaluation.cost == result.hall_of_fame[0].cost
    assert result.evaluations >= 150
    assert result.reason is Reason.BUDGET
    assert set(result.z["amplitude_pa"]) == set(targets().training)
    assert result.history["best"].is_monotonic_decreasing
    assert list(result.genes["name"]) == list(gene_set().names)
    assert len(result.restarts) == 2
    assert any("passive: Ra 100" in note for note in result.notes)
    assert json.loads(json.dumps(result.to_dict()))["reason"] == "budget"


def test_the_same_seed_gives_the_same_model():
    first, second = fitted(seed=3), fitted(seed=3)
    assert first.model_.parameters == second.model_.parameters
    assert fitted(seed=4).model_.parameters != first.model_.parameters


def test_a_fit_goes_on_from_its_history(tmp_path):
    path = tmp_path / "history.jsonl"
    first = fitted(history=path)
    size = path.stat().st_size
    again = fitted(history=path)
    assert again.result_.cost == first.result_.cost
    assert path.stat().st_size == size
    with pytest.raises(ConfigError, match="another search"):
        fitted(history=path, seed=9)


def test_it_scores_on_steps_that_it_did_not_see():
    fit = fitted(max_evaluations=400)
    held_out = targets().held_out
    assert held_out == (-50.0, 200.0, 250.0)
    score = fit.score(targets())
    assert -3.0 < score <= 0.0
    # Neither other targets nor currents that were measured again make held out what was not.
    moved = [replace(step, amplitude_pa=step.amplitude_pa + 0.3) for step in targets().steps]
    other = Targets(tuple(moved)).trained_on([200.3])
    judged = verdict.verdict(fit.result_, other)
    seen = [step.amplitude_pa for step in judged.steps if step.use == "training"]
    assert seen == [-99.7, 50.3, 150.3, 300.3]
    assert fit.score(other) == -judged.held_out.count_error


def test_sweeps_may_come_in_anything_that_is_gone_through_once():
    sweeps = [sweep(-50.0, number=1), sweep(90.0, number=2), sweep(150.0, train(6), number=3)]
    options = {"max_evaluations": 4, "restarts": 1, "population": 4, "progress": False}
    whole, once = (
        BiophysicalFitter(**options).fit(given, morphology=CELL)
        for given in ([*sweeps, recorded(number=4)], iter([*sweeps, recorded(number=4)]))
    )
    assert once.model_.parameters == whole.model_.parameters
    assert not any("capacitance-check" in note for note in once.result_.notes)
    alone = BiophysicalFitter(**options).fit(sweeps[-1], morphology=CELL)
    assert any("among 1 sweeps" in note for note in alone.result_.notes)


def test_parameters_are_those_of_the_class_and_can_be_set():
    fitter = BiophysicalFitter(seed=2)
    assert fitter.get_params()["seed"] == 2
    assert BiophysicalFitter(**fitter.get_params()).get_params() == fitter.get_params()
    assert fitter.set_params(optimizer="de").optimizer == "de"


def test_amplitudes_may_be_named():
    fit = fitted(train_amplitudes_pa=[150, 300.2])
    assert fit.result_.targets.training == (150.0, 300.0)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"kind": "glif"}, "kind"),
        ({"seed": -1}, "seed"),
        ({"max_evaluations": 0}, "max_evaluations"),
        ({"n_jobs": 1.5}, "n_jobs"),
        ({"optimizer": "luck"}, "optimizer"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, match):
    with pytest.raises(ConfigError, match=match):
        fitted(**options)


def test_without_a_reconstruction_or_a_fit_it_says_so():
    with pytest.raises(FitError, match="reconstruction"):
        BiophysicalFitter().fit(targets())
    with pytest.raises(NotFittedError):
        BiophysicalFitter().score(targets())
    with pytest.raises(NotFittedError):
        BiophysicalFitter().predict(np.zeros(10))
