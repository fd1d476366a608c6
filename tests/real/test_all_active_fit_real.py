"""A published all-active fitting task, specimen 483101699: its bounds, its targets and its best model."""

import csv
import json
from functools import partial

import pytest

import allentk as atk
from allentk.fitting.biophysical.all_active_bounds import (
    all_active_genes,
    all_active_template,
    stage_genes,
)
from allentk.fitting.biophysical.all_active_objective import StageObjective
from allentk.fitting.biophysical.all_active_stages import STAGES, stage_targets
from allentk.fitting.biophysical.genes import Gene, GeneSet
from allentk.fitting.biophysical.measured import COUNT, EFEL_NINE
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets
from allentk.fitting.biophysical.tree_runner import build_tree_runner

CELL = "483101699"
SECTIONS = {"somatic": "soma", "axonal": "axon", "basal": "dend", "apical": "apic", "all": "all"}
PASSIVE = {"cm": "cm_uf_per_cm2", "Ra": "ra_ohm_cm", "g_pas": "g_pas", "e_pas": "e_pas_mv"}
CHECKS = ("check_AISInitiation", "depol_block")


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "models" / "biophysical" / "allactive_2022"


@pytest.fixture(scope="module")
def published(folder):
    """Bounds of the task by section, mechanism and parameter, in our units."""
    rows = json.loads((folder / f"{CELL}_task" / "parameters.json").read_text())
    found = {}
    for row in rows:
        if "bounds" not in row:
            continue
        name, mechanism = row["param_name"], row.get("mech", "")
        parameter = name.removesuffix(f"_{mechanism}") if mechanism else PASSIVE[name]
        unit = 1e-3 if parameter == "decay" else 1.0
        parameter = "decay_s" if parameter == "decay" else parameter
        bounds = [unit * float(bound) for bound in row["bounds"]]
        found[SECTIONS[row["sectionlist"]], mechanism, parameter] = tuple(bounds)
    return found


@pytest.fixture(scope="module")
def targets(folder):
    """Targets of the last stage; ``n_spikes`` only says which steps have spikes."""
    task = folder / f"{CELL}_task"
    protocols = json.loads((task / "protocols.json").read_text())
    steps = []
    for name, found in json.loads((task / "features.json").read_text()).items():
        stimulus = protocols[name]["stimuli"][0]
        features = {k: Target(*pair) for k, pair in found["soma"].items() if k not in CHECKS}
        if not features:
            continue
        rate = features["mean_frequency"].mean if "mean_frequency" in features else 0.0
        steps.append(
            StepTarget(
                round(1e3 * stimulus["amp"], 3),
                {**features, COUNT: Target(round(rate), 1.0)},
                start_s=1e-3 * stimulus["delay"],
                duration_s=1e-3 * stimulus["duration"],
            )
        )
    return Targets(tuple(steps), source=CELL)


def key(gene):
    return gene.section, gene.mechanism, gene.parameter


def test_the_bounds_are_those_of_the_task(published):
    ours = {key(gene): gene for gene in all_active_genes("mouse-spiny", 2)}
    assert set(ours) == set(published)
    fitted = {key(gene) for gene in all_active_genes("mouse-spiny", 1)}
    for place in set(ours) - fitted:
        low, high = published[place]
        assert ours[place].high == pytest.approx(high)
        # A logarithmic scale cannot begin at 0.
        assert ours[place].low == pytest.approx(low or 1e-6 * high)


def test_what_its_first_stages_fitted_is_narrowed_as_in_the_task(published, folder):
    morphology = atk.read_swc(folder / f"{CELL}.swc")
    template = all_active_template(morphology, v_init_mv=-80.0)
    wide = all_active_genes("mouse-spiny", 1)
    # Bounds that nothing clipped are 0.5 and 1.5 times the value.
    values = {}
    for gene in wide:
        low, high = published[key(gene)]
        values[gene.name] = 2 * low if gene.parameter != "e_pas_mv" else -92.0
        if gene.parameter != "e_pas_mv" and high < gene.high:
            assert high == pytest.approx(3 * low)
    genes = GeneSet(wide, template)
    start = genes.decode([gene.encode(values[gene.name]) for gene in wide])
    narrow = {key(gene): gene for gene in stage_genes("mouse-spiny", 2, start, genes.names)}
    for gene in wide:
        found: Gene = narrow[key(gene)]
        assert (found.low, found.high) == pytest.approx(published[key(gene)], rel=1e-6)


def test_the_steps_of_the_last_stage_are_those_of_the_task(targets):
    aimed, features = stage_targets(targets, STAGES[2])
    assert dict(features) == {
        160.0: ("Spikecount",),
        170.0: ("mean_frequency",),
        270.0: EFEL_NINE,
        290.0: EFEL_NINE,
    }
    assert aimed.v_rest_mv == pytest.approx(-92.6, abs=0.1)


def test_the_published_model_is_judged_as_published(folder, targets):
    model = atk.read_biophysical(folder / f"{CELL}_hof0.json", axon="stub")
    morphology = atk.read_swc(folder / f"{CELL}.swc")
    aimed, features = stage_targets(targets, STAGES[2])
    objective = StageObjective(
        genes=stage_genes("mouse-spiny", 2, model),
        targets=aimed,
        features=features,
        spiking=True,
        build=partial(build_tree_runner, model, morphology),
        clock=STAGES[2].clock,
    )
    evaluation = objective.judge(model)
    assert evaluation.rejected == ""
    frame = evaluation.to_dataframe()
    checks = frame[frame["feature"].isin(CHECKS)]
    assert (checks["value"] == 1.0).all()
    found = frame[frame["amplitude_pa"] == 290.0].set_index("feature")["value"]
    with (folder / "best_model_ephys_max_amp.csv").open() as file:
        table = next(row for row in csv.DictReader(file) if row["Cell_id"] == CELL)
    for name in EFEL_NINE:
        # They ran NEURON with a variable step, and measured until 6 s after the step.
        assert found[name] == pytest.approx(float(table[name]), rel=0.06), name
    z = frame.groupby("feature")["z"].mean()
    with (folder / "Feature_performance.csv").open() as file:
        table = next(row for row in csv.DictReader(file) if row["Cell_id"] == CELL)
    published = [float(value) for name, value in table.items() if name != "Cell_id"]
    assert z[list(EFEL_NINE)].mean() == pytest.approx(sum(published) / 9, abs=0.15)
    assert evaluation.cost == pytest.approx(0.90, abs=0.05)
