"""A biophysical fit of a real cell: specimen 479704527, its f-I and I-V curve and published features."""

import csv
import json
from types import SimpleNamespace

import pytest

import allentk as atk
from allentk.fitting.biophysical.bounds import gene_set, template
from allentk.fitting.biophysical.estimator import BiophysicalFitter
from allentk.fitting.biophysical.measured import EFEL_NINE
from allentk.fitting.biophysical.measured_targets import targets_from_table
from allentk.fitting.biophysical.objective import Objective
from allentk.fitting.biophysical.reduced_runner import build_runner
from allentk.fitting.biophysical.training import choose_training

CELL, FOLDER = "479704527", "osb_483108201"
#: The table's steps begin after 270 ms; its steady voltage is the mean from 1.0 to 1.2 s.
START_S, STEADY = 0.27, "v_mean_0.73_0.93"


@pytest.fixture(scope="module")
def models(shared):
    return shared / "models" / "biophysical"


@pytest.fixture(scope="module")
def targets(models):
    sweeps = json.loads((models / f"{CELL}_analysis.json").read_text())["sweeps"]
    rows = []
    for number, sweep in sweeps.items():
        found = {
            name.partition(":")[2]: value
            for name, value in sweep["pyelectro_iclamp_analysis"].items()
        }
        row = {
            "number": int(number),
            "amplitude_pa": sweep["sweep_metadata"]["aibs_stimulus_amplitude_pa"],
            "n_spikes": found["max_peak_no"],
            "v_baseline": found["average_100_200"],
        }
        if not found["max_peak_no"]:
            row[STEADY] = found["average_1000_1200"]
        rows.append(row)
    with (models / "allactive_2022" / "train_ephys_max_amp.csv").open() as file:
        published = next(row for row in csv.DictReader(file) if row["Cell_id"] == CELL)
    features = {name: float(published[name]) for name in EFEL_NINE}
    rows.append({"amplitude_pa": 1e3 * float(published["amp"]), "corrected": True, **features})
    return choose_training(targets_from_table(rows, start_s=START_S, source=CELL))


@pytest.fixture(scope="module")
def passive(models):
    told = json.loads((models / FOLDER / "fit.json").read_text())["passive"][0]
    cm = {one["section"]: float(one["cm"]) for one in told["cm"]}
    return SimpleNamespace(ra_ohm_cm=float(told["ra"]), cm_by_section=cm)


@pytest.fixture(scope="module")
def morphology(models):
    return atk.read_swc(models / FOLDER / "reconstruction.swc")


def test_the_targets_are_those_of_the_recording(targets):
    assert targets.rheobase_pa == 120.0
    assert targets.training == (-110.0, -50.0, 110.0, 120.0, 150.0, 190.0, 230.0, 270.0)
    assert targets.v_rest_mv == pytest.approx(-88.5, abs=0.05)
    assert targets.step(130.0).n_sweeps == 4
    assert targets.step(270.0).n_spikes == 17


def test_the_published_model_is_judged_as_published(models, targets, morphology):
    model = atk.read_biophysical(models / FOLDER)
    base = template(
        morphology,
        v_rest_mv=targets.v_rest_mv,
        passive=SimpleNamespace(
            ra_ohm_cm=100.0, cm_by_section=dict.fromkeys(("soma", "axon", "dend", "apic"), 1.0)
        ),
    )
    objective = Objective(
        genes=gene_set("pyramidal", base),
        targets=targets,
        build=lambda: build_runner(model, morphology),
    )
    z = objective.judge(model).to_dataframe().set_index("feature")["z"]
    # Simulated in NEURON at dt 0.025 ms elsewhere: 6.28.
    assert z[list(EFEL_NINE)].mean() == pytest.approx(6.28, abs=0.15)


def test_a_short_fit_gets_better_than_its_first_points_and_resumes(
    targets, morphology, passive, tmp_path
):
    fitter = BiophysicalFitter(
        seed=0, max_evaluations=500, restarts=1, history=tmp_path / "fit.jsonl", progress=False
    )
    fit = fitter.fit(targets, morphology=morphology, passive=passive, dendrite_type="spiny")
    result = fit.result_
    assert result.style == "pyramidal"
    assert result.evaluations >= 500
    assert not result.evaluation.rejected
    assert result.cost < result.restarts[0].cost
    again = BiophysicalFitter(**fitter.get_params()).fit(
        targets, morphology=morphology, passive=passive, dendrite_type="spiny"
    )
    assert again.model_.parameters == fit.model_.parameters
